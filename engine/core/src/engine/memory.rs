//! All that must outlive a restart, and how it fits a plan that may have changed.

use super::cases::Case;
use super::clock::DayClock;
use super::command::Snapshot;
use super::correct::Trail;
use super::done::Ledger;
use super::order::Held;
use super::readings::SensorMemory;
use super::standing::{Declared, Standing};
use super::values::{self, WindowMemory};
use super::{Effect, Engine};
use crate::config::Plan;
use crate::config::plan::{Camera, Rule};
use crate::geometry::Polygon;
use crate::id::Name;
use crate::rule::program::CameraTrouble;
use crate::rule::{Beat, RuleState, SubjectKey, beat};
use crate::time::{ClockSource, Timestamp};
use crate::view::{self, ViewState, ViewWatch};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use viahe_contract::id::CaptureId;
use viahe_contract::message::{CameraStatus, EndReason, ModelRef};

/// Everything that the engine remembers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) next_capture: CaptureId,
    /// How the box's clock stands to event time.
    #[serde(default)]
    pub(super) clock: DayClock,
    /// In the plan's order.
    pub(super) cameras: Vec<CameraMemory>,
    /// Of the site, in the plan's order.
    pub(super) site_rules: Vec<RuleMemory>,
    /// In the plan's order.
    pub(super) sensors: Vec<SensorMemory>,
    /// In the plan's order.
    pub(super) windows: Vec<WindowMemory>,
    pub(super) models: BTreeMap<Name, ModelRef>,
    /// Pictures asked for by cases and not yet there.
    pub(super) awaited: BTreeMap<CaptureId, CaseKey>,
    /// Pictures asked for by commands and not yet there.
    #[serde(default)]
    pub(super) snapshots: BTreeMap<CaptureId, Snapshot>,
    /// Commands that were carried out.
    #[serde(default)]
    pub(super) done: Ledger,
    pub(super) held: Held,
    pub(super) observations_late: u64,
    pub(super) readings_late: u64,
    pub(super) readings_repeated: u64,
    pub(super) readings_corrected: u64,
    /// Event time of the newest tick.
    pub(super) ticked: Timestamp,
    /// The disaster that was declared; it may be over.
    #[serde(default)]
    pub(super) disaster: Option<Declared>,
}

/// What is remembered of a camera.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CameraMemory {
    pub(super) id: Name,
    /// Event time of the newest look.
    pub(super) last: Timestamp,
    /// Its frame.
    pub(super) frame: Option<FrameRef>,
    pub(super) status: CameraStatus,
    /// When an operator last asked for a picture, by the box's clock.
    #[serde(default)]
    pub(super) snapshot_at: Timestamp,
    pub(super) view: ViewWatch,
    /// Of its rules, by how often they look; shortest interval first.
    #[serde(default)]
    pub(super) beats: Vec<Beat>,
    /// In the plan's order.
    pub(super) rules: Vec<RuleMemory>,
}

/// A frame of which pictures can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FrameRef {
    pub(super) seq: u64,
    pub(super) clock: ClockSource,
    /// Arrival minus capture.
    pub(super) offset_ms: i64,
}

/// What is remembered of a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RuleMemory {
    pub(super) id: Name,
    /// Of the rule and its zone; see [`shape`].
    shape: String,
    pub(super) state: RuleState,
    /// By subject.
    pub(super) cases: BTreeMap<SubjectKey, Case>,
    /// Over, but not all is said: their pictures are on the way.
    pub(super) closing: Vec<(SubjectKey, Case)>,
    /// When its last offences were opened, oldest first.
    pub(super) offences: VecDeque<Timestamp>,
    /// When the last incident that belongs to an offence was opened.
    #[serde(default)]
    pub(super) offended: Option<Timestamp>,
    /// Nothing is said before.
    pub(super) quiet_until: Timestamp,
    /// An operator suspended it; that may be over.
    #[serde(default)]
    pub(super) suspended: Option<Standing>,
    /// When it last looked at values, if it needs no picture.
    pub(super) weighed: Timestamp,
    /// Where it can go back to.
    pub(super) trail: Trail,
}

/// Which case a picture belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CaseKey {
    /// None for rules of the site.
    pub(super) camera: Option<Name>,
    pub(super) rule: Name,
    pub(super) subject: SubjectKey,
}

impl RuleMemory {
    fn new(rule: &Rule, shape: String) -> Self {
        Self {
            id: rule.id.clone(),
            shape,
            state: RuleState::new(&rule.program),
            cases: BTreeMap::new(),
            closing: Vec::new(),
            offences: VecDeque::new(),
            offended: None,
            quiet_until: Timestamp::default(),
            suspended: None,
            weighed: Timestamp::default(),
            trail: Trail::default(),
        }
    }
}

impl RuleMemory {
    /// All that anything is still to be said of.
    pub(super) fn all_cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values().chain(self.closing.iter().map(|(_, case)| case))
    }

    /// Takes out the case that asked for a picture.
    pub(super) fn take_owner(&mut self, subject: SubjectKey, capture: CaptureId) -> Option<Case> {
        let owns = |case: &Case| case.pictures.iter().any(|(id, _)| *id == capture);
        if self.cases.get(&subject).is_some_and(owns) {
            return self.cases.remove(&subject);
        }
        let at = self.closing.iter().position(|(_, case)| owns(case))?;
        Some(self.closing.remove(at).1)
    }
}

impl CameraMemory {
    fn new(id: Name, drawn: u64) -> Self {
        Self {
            id,
            last: Timestamp::default(),
            frame: None,
            status: CameraStatus::default(),
            snapshot_at: Timestamp::default(),
            view: ViewWatch::new(drawn),
            beats: Vec::new(),
            rules: Vec::new(),
        }
    }
}

impl CameraMemory {
    /// What was seen at a rate that is still asked for is kept.
    fn align_beats(&mut self, camera: &Camera) {
        let mut old = std::mem::take(&mut self.beats);
        for every in beat::intervals(camera) {
            let same = old.iter().position(|beat| beat.every() == every);
            self.beats.push(same.map_or_else(|| Beat::new(every), |i| old.remove(i)));
        }
    }

    /// Why its view is not to be trusted.
    pub(super) fn trouble(&self) -> Option<CameraTrouble> {
        match self.view.state().state {
            ViewState::Moved => Some(CameraTrouble::Moved),
            ViewState::Blinded => Some(CameraTrouble::Blinded),
            ViewState::Good | ViewState::Unknown => None,
        }
    }
}

impl Memory {
    pub(super) fn rules(&self) -> impl Iterator<Item = &RuleMemory> {
        self.cameras.iter().flat_map(|c| &c.rules).chain(&self.site_rules)
    }

    pub(super) fn rule(&mut self, key: &CaseKey) -> Option<&mut RuleMemory> {
        let rules = match &key.camera {
            Some(camera) => &mut self.cameras.iter_mut().find(|c| c.id == *camera)?.rules,
            None => &mut self.site_rules,
        };
        rules.iter_mut().find(|r| r.id == key.rule)
    }

    /// The case of `key`, made when it is not there; none when the plan has no such rule any more.
    pub(super) fn case(&mut self, key: &CaseKey) -> Option<&mut Case> {
        self.rule(key).map(|memory| memory.cases.entry(key.subject).or_default())
    }

    /// Brings cameras and rules into the plan's order, with new ones made. Returns the rules that
    /// have no place in it any more, each with its camera.
    pub(super) fn align(&mut self, plan: &Plan) -> Vec<(Option<Name>, RuleMemory)> {
        let mut old = std::mem::take(&mut self.cameras);
        let mut orphans = Vec::new();
        for camera in &plan.cameras {
            // Zones that are drawn anew are drawn on what the camera sees now.
            let drawn = view::fingerprint(camera.zones.iter().map(|z| &z.polygon));
            let at = old.iter().position(|c| c.id == camera.id);
            let mut memory =
                at.map_or_else(|| CameraMemory::new(camera.id.clone(), drawn), |i| old.remove(i));
            memory.view = memory.view.resume(drawn);
            memory.align_beats(camera);
            let left =
                align_rules(&mut memory.rules, &camera.rules, |r| shape(plan, r, Some(camera)));
            orphans.extend(left.into_iter().map(|r| (Some(camera.id.clone()), r)));
            self.cameras.push(memory);
        }
        for camera in old {
            orphans.extend(camera.rules.into_iter().map(|r| (Some(camera.id.clone()), r)));
        }
        values::align(&mut self.sensors, &mut self.windows, plan);
        let left = align_rules(&mut self.site_rules, &plan.rules, |r| shape(plan, r, None));
        orphans.extend(left.into_iter().map(|r| (None, r)));
        orphans
    }
}

fn align_rules(
    memories: &mut Vec<RuleMemory>,
    rules: &[Rule],
    shape: impl Fn(&Rule) -> String,
) -> Vec<RuleMemory> {
    let mut old = std::mem::take(memories);
    for rule in rules {
        let shape = shape(rule);
        let same = old.iter().position(|m| m.id == rule.id && m.shape == shape);
        memories.push(match same {
            Some(i) => old.remove(i),
            // An order is about the rule, however it is written.
            None => RuleMemory {
                suspended: old.iter().find(|m| m.id == rule.id).and_then(|m| m.suspended.clone()),
                ..RuleMemory::new(rule, shape)
            },
        });
    }
    old
}

/// Of what must be the same for a rule's memory to go on: the structure of its program and what it
/// looks at. Numbers may change: dwells that run go on under the new ones.
fn shape(plan: &Plan, rule: &Rule, camera: Option<&Camera>) -> String {
    let sensor = rule.sensor.map(|s| &plan.sensors[s].id);
    let window = rule.window.map(|w| &plan.windows[w].name);
    let zone = camera.zip(rule.zone).map(|(c, z)| corners(&c.zones[z].polygon));
    let line = camera.zip(rule.line).map(|(c, l)| c.lines[l].points);
    let places = format!("{zone:?} {line:?} {sensor:?} {window:?}");
    let text = format!("{} {} {places}", rule.violation, rule.program.shape());
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn corners(polygon: &Polygon) -> Vec<[f32; 2]> {
    polygon.corners().iter().map(|p| [p.x, p.y]).collect()
}

impl Engine {
    /// Fits the memory to the plan; what has no place in it any more ends.
    pub(super) fn align(&mut self) -> Vec<Effect> {
        let plan = Arc::clone(&self.plan);
        let mut effects = Vec::new();
        for (camera, mut memory) in self.memory.align(&plan) {
            let at = self.memory.cameras.iter().map(|c| c.last).max().unwrap_or_default();
            let closing = std::mem::take(&mut memory.closing);
            for (subject, mut case) in closing.into_iter().chain(std::mem::take(&mut memory.cases))
            {
                let key = CaseKey { camera: camera.clone(), rule: memory.id.clone(), subject };
                self.memory.awaited.retain(|_, k| *k != key);
                case.end(at, EndReason::RuleChanged);
                self.close_out(case, &key, &mut effects);
            }
        }
        // A camera that is gone has nobody to answer for its pictures.
        self.memory.clock.tell(&mut effects);
        effects
    }
}
