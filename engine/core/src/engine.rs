//! The event plane as one state machine: [`Event`] in, [`Effect`]s out. No I/O, no clock.
//!
//! One owner, no locks. The same events give the same effects, also when the state is saved and
//! restored in between ([`Engine::save`], [`Engine::restore`]).
//!
//! An incident is first said when its pictures are on disk or known to be lost: the operator gets
//! one alert with its evidence, not two halves. Pictures are asked for with [`Effect::Capture`]
//! and answered with [`Event::Captured`].

use crate::config::Plan;
use crate::config::plan::{Camera, Rule, Site};
use crate::id::Name;
use crate::incident::{
    ClockRef, Evidence, EvidenceKind, IncidentId, ModelRef, Revision, State, Subject,
};
use crate::observe::Observation;
use crate::rule::{RuleState, Signal, SubjectKey};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A standing incident is said again this often, so that a centre that lost everything knows.
pub const UPDATE_EVERY: Duration = Duration::from_mins(10);

/// A camera's time that goes back by more was set; what follows is the new time.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(5);

/// Number of a picture that was asked for; never used twice.
pub type CaptureId = u64;

/// Everything that can happen to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A frame was analysed.
    Observed(Observation),
    /// A picture is on disk, or will never be.
    Captured {
        /// Which.
        capture: CaptureId,
        /// The file; none when the frame was gone or could not be written.
        evidence: Option<Evidence>,
    },
    /// A vision worker has started: tracks are counted anew, and these models look.
    WorkerStarted {
        /// By camera.
        models: BTreeMap<Name, ModelRef>,
    },
}

/// What the edge must do, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Take a picture of a frame and answer with [`Event::Captured`].
    Capture(Capture),
    /// A picture is not needed any more, also if it is not there yet.
    Discard(CaptureId),
    /// Make this known, durably and at least once.
    Publish(Box<Revision>),
}

/// A picture to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// To answer with.
    pub id: CaptureId,
    /// Whose frame.
    pub camera: Name,
    /// Which frame.
    pub seq: u64,
    /// What for.
    pub kind: EvidenceKind,
}

/// Owns all state of the event plane.
#[derive(Clone, Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    memory: Memory,
}

/// All that must outlive a restart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Memory {
    next_capture: CaptureId,
    /// By camera, then by rule.
    cameras: BTreeMap<Name, CameraMemory>,
    models: BTreeMap<Name, ModelRef>,
    /// Pictures asked for and not yet there.
    awaited: BTreeMap<CaptureId, CaseKey>,
    observations_late: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct CameraMemory {
    last: Timestamp,
    rules: BTreeMap<Name, RuleMemory>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct RuleMemory {
    state: RuleState,
    /// By subject.
    cases: BTreeMap<SubjectKey, Case>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CaseKey {
    camera: Name,
    rule: Name,
    subject: SubjectKey,
}

/// What may become, is, or was an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Case {
    /// A first picture was asked for.
    begun: bool,
    /// Taken, by kind; the id is needed to throw a picture away.
    pictures: Vec<(CaptureId, Option<Evidence>)>,
    incident: Option<Incident>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Incident {
    id: IncidentId,
    /// Said so far.
    revision: u32,
    first_seen: Timestamp,
    opened: Timestamp,
    /// Event time of the look that changed it last.
    updated: Timestamp,
    /// When it was last said.
    said: Timestamp,
    closed: Option<Timestamp>,
    subjects: Vec<Subject>,
    clock: ClockRef,
}

/// Why a saved state cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("saved state is not readable by this version ({0}); it will be set aside")]
pub struct RestoreError(#[from] serde_json::Error);

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { plan, memory: Memory::default() }
    }

    /// Goes on from [`Engine::save`]. Cameras and rules that `plan` no longer has are forgotten.
    ///
    /// # Errors
    /// [`RestoreError`] when `saved` was not written by this version.
    pub fn restore(plan: Arc<Plan>, saved: &[u8]) -> Result<Self, RestoreError> {
        let mut memory: Memory = serde_json::from_slice(saved)?;
        memory.cameras.retain(|id, camera_memory| {
            let Some(camera) = plan.cameras.iter().find(|c| c.id == *id) else { return false };
            camera_memory.rules.retain(|id, memory| {
                camera.rules.iter().any(|r| r.id == *id && memory.state.suits(&r.trigger))
            });
            true
        });
        let Memory { cameras, awaited, .. } = &mut memory;
        awaited.retain(|_, key| {
            cameras.get(&key.camera).is_some_and(|c| c.rules.contains_key(&key.rule))
        });
        Ok(Self { plan, memory })
    }

    /// The whole state.
    pub fn save(&self) -> Vec<u8> {
        // Maps with string or integer keys and finite numbers only: cannot fail.
        serde_json::to_vec(&self.memory).unwrap_or_default()
    }

    /// Pictures asked for and not yet answered; after a restart or the loss of a worker they must
    /// be answered with none.
    pub fn awaited(&self) -> impl Iterator<Item = CaptureId> + '_ {
        self.memory.awaited.keys().copied()
    }

    /// All pictures that are not yet said for good, there or awaited.
    pub fn pictures(&self) -> impl Iterator<Item = CaptureId> + '_ {
        let cases = self.memory.cameras.values().flat_map(|c| c.rules.values());
        cases.flat_map(|r| r.cases.values()).flat_map(|c| c.pictures.iter().map(|(id, _)| *id))
    }

    /// Incidents that are open.
    pub fn open_incidents(&self) -> usize {
        let open = |case: &&Case| case.incident.as_ref().is_some_and(|i| i.closed.is_none());
        self.memory
            .cameras
            .values()
            .flat_map(|c| c.rules.values())
            .map(|r| r.cases.values().filter(open).count())
            .sum()
    }

    /// Observations that came after a newer one of the same camera, and were not used.
    pub fn observations_late(&self) -> u64 {
        self.memory.observations_late
    }

    /// Applies one event.
    pub fn apply(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Observed(observation) => self.observe(&observation, &mut effects),
            Event::Captured { capture, evidence } => {
                self.captured(capture, evidence, &mut effects);
            }
            Event::WorkerStarted { models } => {
                self.memory.models = models;
                for camera in self.memory.cameras.values_mut() {
                    // The clock may have been set meanwhile; a new worker begins a new time.
                    camera.last = Timestamp::default();
                    camera.rules.values_mut().for_each(|rule| rule.state.forget_tracks());
                }
            }
        }
        effects
    }

    fn observe(&mut self, observation: &Observation, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(camera) = plan.cameras.iter().find(|c| c.id == observation.camera) else { return };
        let at = observation.frame.captured;
        let last = &mut self.memory.cameras.entry(camera.id.clone()).or_default().last;
        // Within one worker a camera's time only grows, but for a clock that was set.
        if at < *last && last.since(at) <= CLOCK_STEP_MIN {
            self.memory.observations_late += 1;
            return;
        }
        *last = at;
        for rule in &camera.rules {
            let Some(camera_memory) = self.memory.cameras.get_mut(&camera.id) else { return };
            let memory = camera_memory.rules.entry(rule.id.clone()).or_insert_with(|| RuleMemory {
                state: RuleState::new(&rule.trigger),
                cases: BTreeMap::new(),
            });
            let Site { timezone, calendar, .. } = &plan.site;
            let signals = if rule.schedule.active(at, timezone, calendar.as_ref()) {
                memory.state.step(rule, &camera.zones[rule.zone].polygon, observation)
            } else {
                memory.state.suspend()
            };
            for signal in signals {
                self.signal(camera, rule, observation, signal, effects);
            }
        }
    }

    fn signal(
        &mut self,
        camera: &Camera,
        rule: &Rule,
        observation: &Observation,
        signal: Signal,
        effects: &mut Vec<Effect>,
    ) {
        let key = |subject| CaseKey { camera: camera.id.clone(), rule: rule.id.clone(), subject };
        let at = observation.frame.captured;
        match signal {
            Signal::Began(subject) => {
                let key = key(subject);
                if let Some(case) = self.case(&key) {
                    case.begun = true;
                }
                self.capture(&key, observation, EvidenceKind::FirstSeen, effects);
            }
            Signal::Lapsed(subject) => self.drop_case(&key(subject), effects),
            Signal::Fired { key: subject, first_seen, subjects } => {
                let key = key(subject);
                // One that was asked for and got lost is not replaced: two pictures of one moment
                // would pass for proof that something stood there.
                if self.case(&key).is_some_and(|c| !c.begun) {
                    self.capture(&key, observation, EvidenceKind::FirstSeen, effects);
                }
                let track = subjects.first().map(|s| s.track);
                let id = IncidentId::new(&self.plan.site.id, &camera.id, &rule.id, track, at);
                let clock = ClockRef {
                    source: observation.frame.clock,
                    offset_ms: observation.frame.arrived.offset_ms(at),
                };
                if let Some(case) = self.case(&key) {
                    case.incident = Some(Incident {
                        id,
                        revision: 0,
                        first_seen,
                        opened: at,
                        updated: at,
                        said: at,
                        closed: None,
                        subjects,
                        clock,
                    });
                }
                self.capture(&key, observation, EvidenceKind::Opened, effects);
            }
            Signal::Continues { key: subject, subjects } => {
                let key = key(subject);
                if let Some(incident) = self.incident(&key) {
                    incident.subjects = subjects;
                    incident.updated = at;
                    if incident.revision > 0 && at.since(incident.said) >= UPDATE_EVERY {
                        self.say(&key, effects);
                    }
                }
            }
            Signal::Ended { key: subject, last_seen } => {
                let key = key(subject);
                if let Some(incident) = self.incident(&key) {
                    incident.closed = Some(last_seen.max(incident.first_seen));
                    incident.updated = at;
                }
                self.capture(&key, observation, EvidenceKind::Closed, effects);
            }
        }
    }

    fn capture(
        &mut self,
        key: &CaseKey,
        observation: &Observation,
        kind: EvidenceKind,
        effects: &mut Vec<Effect>,
    ) {
        let id = self.memory.next_capture;
        self.memory.next_capture += 1;
        self.memory.awaited.insert(id, key.clone());
        if let Some(case) = self.case(key) {
            case.pictures.push((id, None));
        }
        effects.push(Effect::Capture(Capture {
            id,
            camera: key.camera.clone(),
            seq: observation.frame.seq,
            kind,
        }));
    }

    fn captured(
        &mut self,
        capture: CaptureId,
        evidence: Option<Evidence>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(key) = self.memory.awaited.remove(&capture) else {
            // Asked for by a case that is gone, or answered too late.
            effects.push(Effect::Discard(capture));
            return;
        };
        let Some(case) = self.case(&key) else { return };
        match evidence {
            Some(evidence) => {
                if let Some(slot) = case.pictures.iter_mut().find(|(id, _)| *id == capture) {
                    slot.1 = Some(evidence);
                }
            }
            None => case.pictures.retain(|(id, _)| *id != capture),
        }
        let fired = case.incident.is_some();
        if fired && !self.memory.awaited.values().any(|k| *k == key) {
            self.say(&key, effects);
        }
    }

    /// Says how the incident stands; forgets it when it is over.
    fn say(&mut self, key: &CaseKey, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let found = plan.cameras.iter().find(|c| c.id == key.camera).and_then(|camera| {
            camera.rules.iter().find(|r| r.id == key.rule).map(|rule| (camera, rule))
        });
        let Some((camera, rule)) = found else { return };
        let model = self.memory.models.get(&key.camera).cloned();
        let Some(case) = self.case(key) else { return };
        let evidence = case.pictures.iter().filter_map(|(_, e)| e.clone()).collect();
        let Some(incident) = &mut case.incident else { return };
        incident.revision += 1;
        incident.said = incident.updated;
        let state = if incident.closed.is_some() { State::Closed } else { State::Open };
        effects.push(Effect::Publish(Box::new(Revision {
            incident: incident.id.clone(),
            revision: incident.revision,
            state,
            rule: rule.id.clone(),
            violation: rule.violation.clone(),
            rule_version: rule.version,
            severity: rule.severity,
            camera: camera.id.clone(),
            zone: camera.zones[rule.zone].id.clone(),
            position: camera.position,
            first_seen: incident.first_seen,
            opened: incident.opened,
            updated: incident.updated,
            closed: incident.closed,
            subjects: incident.subjects.clone(),
            evidence,
            model,
            clock: incident.clock,
        })));
        if state == State::Closed
            && let Some(memory) = self.rule_memory(key)
        {
            memory.cases.remove(&key.subject);
        }
    }

    fn drop_case(&mut self, key: &CaseKey, effects: &mut Vec<Effect>) {
        let Some(case) = self.rule_memory(key).and_then(|m| m.cases.remove(&key.subject)) else {
            return;
        };
        for (id, _) in case.pictures {
            self.memory.awaited.remove(&id);
            effects.push(Effect::Discard(id));
        }
    }

    fn rule_memory(&mut self, key: &CaseKey) -> Option<&mut RuleMemory> {
        self.memory.cameras.get_mut(&key.camera)?.rules.get_mut(&key.rule)
    }

    fn incident(&mut self, key: &CaseKey) -> Option<&mut Incident> {
        self.case(key)?.incident.as_mut()
    }

    /// The case of `key`, made when it is not there; none when the plan has no such rule any more.
    fn case(&mut self, key: &CaseKey) -> Option<&mut Case> {
        self.rule_memory(key).map(|memory| memory.cases.entry(key.subject).or_default())
    }
}
