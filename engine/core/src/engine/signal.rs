//! From signals to incidents: what is said of each, with which pictures, and when.

use super::case::{About, Case, Incident};
use super::drawn;
use super::event::{Capture, Effect};
use super::machine::Engine;
use super::memory::{Awaited, CaseKey, FrameRef};
use super::rule_at::RuleAt;
use super::wording::wording;
use crate::id::CaptureId;
use crate::incident::incident_id;
use crate::observe::Class;
use crate::plan::{Disaster, Escalation, Rule};
use crate::rule::explain::Outcome;
use crate::rule::{Concerned, Signal};
use crate::time::{ClockSource, Timestamp};
use std::time::Duration;
use viahe_contract::message::{self, Citation, ClockRef, EndReason, Measured, Severity, Stage};

/// A standing incident is said again this often, so that a centre that lost everything knows.
pub const UPDATE_EVERY: Duration = Duration::from_mins(10);
/// Most offences that a rule remembers; three are the last stage.
const OFFENCES_MAX: usize = 64;

/// The look at which signals came.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) at: Timestamp,
    pub(super) of: RuleAt<'a>,
    /// The frame that was looked at, if a picture can be taken of it.
    pub(super) frame: Option<FrameRef>,
    pub(super) measured: &'a [Measured],
    /// Why what ends now ends.
    pub(super) ending: EndReason,
}

impl Engine {
    pub(super) fn signal(&mut self, moment: Moment<'_>, signal: Signal, effects: &mut Vec<Effect>) {
        let camera = self.camera_id(moment.of).cloned();
        let rule = moment.of.rule.id.clone();
        let key = |subject| CaseKey { camera: camera.clone(), rule: rule.clone(), subject };
        match signal {
            Signal::Began { key: subject, who } => {
                let key = key(subject);
                if let Some(case) = self.memory.case(&key) {
                    case.begun = true;
                    case.first_boxes = drawn::boxes(&who.subjects);
                }
                self.capture(&key, moment, message::Moment::FirstSeen, effects);
            }
            Signal::Lapsed(subject) => self.drop_case(&key(subject), effects),
            Signal::Fired { key: subject, first_seen, who } => {
                self.fired(&key(subject), moment, first_seen, who, effects);
            }
            Signal::Continues { key: subject, who } => {
                self.continues(&key(subject), moment, who, effects);
            }
            Signal::Ended { key: subject, last_seen } => {
                self.ended(&key(subject), moment, last_seen, effects);
            }
        }
    }

    /// Tells whoever wants this rule explained.
    pub(super) fn explain(&self, key: &CaseKey, at: Timestamp, outcome: impl FnOnce() -> Outcome) {
        let listens = self.traced.as_ref().filter(|t| t.is(key.camera.as_ref(), &key.rule));
        if let Some(traced) = listens {
            traced.tracer.borrow_mut().say(at, key.subject, outcome());
        }
    }

    fn fired(
        &mut self,
        key: &CaseKey,
        moment: Moment<'_>,
        first_seen: Timestamp,
        who: Concerned,
        effects: &mut Vec<Effect>,
    ) {
        let Some(memory) = self.memory.rule(key) else { return };
        if moment.at < memory.quiet_until {
            memory.cases.entry(key.subject).or_default().held_back = Some(first_seen);
            self.explain(key, moment.at, || Outcome::HeldBack);
            return;
        }
        // One that was asked for and got lost is not replaced: two pictures of one moment would
        // pass for proof that something stood there.
        if let Some(case) = self.memory.case(key).filter(|case| !case.begun) {
            case.first_boxes = drawn::boxes(&who.subjects);
            self.capture(key, moment, message::Moment::FirstSeen, effects);
        }
        let incident = self.incident(key, moment, first_seen, who);
        self.explain(key, moment.at, || Outcome::Opened(incident.id.clone()));
        if let Some(case) = self.memory.case(key) {
            case.held_back = None;
            case.incident = Some(incident);
        }
        self.capture(key, moment, message::Moment::Opened, effects);
        self.say(key, effects);
    }

    fn incident(
        &mut self,
        key: &CaseKey,
        moment: Moment<'_>,
        first_seen: Timestamp,
        who: Concerned,
    ) -> Incident {
        let Moment { at, of, .. } = moment;
        let rule = of.rule;
        let track = who.subjects.first().map(|s| s.track);
        let opened = self.memory.site.clock.day_time(at);
        let id = incident_id(&self.plan.site.id, key.camera.as_ref(), &rule.id, track, opened);
        let held_to = rule.escalation.as_ref().filter(|escalation| {
            let anybodys = |class: &Class| who.subjects.iter().any(|s| class.covers(&s.class));
            !escalation.except.iter().any(anybodys)
        });
        let offence = held_to.map_or(1, |escalation| self.count_offence(key, escalation, at));
        let clock =
            of.camera.map_or(ClockRef { source: ClockSource::Arrival, offset_ms: 0 }, |c| {
                self.memory.cameras[c].clock_at(at)
            });
        let first_boxes = self.memory.case(key).map(|case| std::mem::take(&mut case.first_boxes));
        let hours = self.prepared.rule_mut(of).hours(opened, &self.plan, of);
        let bays = hours.bays(&self.plan).collect();
        let camera = of.camera_of(&self.plan);
        let geometry = drawn::geometry(camera, rule, bays, &who, first_boxes.unwrap_or_default());
        Incident {
            id,
            about: self.about(moment),
            revision: 0,
            first_seen,
            opened: at,
            updated: at,
            said: at,
            closed: None,
            ended_by: None,
            subjects: who.subjects,
            geometry,
            measured: moment.measured.to_vec(),
            stage: held_to.map(|_| Stage::of(offence - 1)),
            offence,
            clock,
        }
    }

    fn about(&self, moment: Moment<'_>) -> About {
        let Moment { at, of, .. } = moment;
        let rule = of.rule;
        let camera = of.camera_of(&self.plan);
        let today = self.memory.site.clock.day_time(at).in_zone(&self.plan.site.timezone).date();
        let in_force = |c: &&crate::plan::Citation| {
            c.from <= today && c.until.is_none_or(|until| today < until)
        };
        let cite = |c: &crate::plan::Citation| Citation {
            law: c.law.clone(),
            article: c.article.clone(),
            verified: c.verified,
        };
        let zone = camera.zip(rule.zone).map(|(c, z)| &c.zones[z]);
        About {
            wording: wording(&self.plan, camera, rule),
            violation: rule.violation.clone(),
            version: rule.version,
            severity: self.severity(rule, at),
            zone: zone.map(|z| z.id.clone()),
            position: camera.and_then(|c| c.position),
            citations: rule.citations.iter().filter(in_force).map(cite).collect(),
            escalate_every: rule.escalation.as_ref().map(|e| e.every),
        }
    }

    /// The how many-th offence in its zone this is, from 1. What begins while another stands, or
    /// within one round of the last, belongs to that: nobody was there in between to remind of it.
    fn count_offence(&mut self, key: &CaseKey, escalation: &Escalation, at: Timestamp) -> u32 {
        let Some(memory) = self.memory.rule(key) else { return 1 };
        let last = memory.offended.or(memory.offences.back().copied());
        let offences = &mut memory.offences;
        while offences.front().is_some_and(|t| at.since(*t) > escalation.reoffence) {
            offences.pop_front();
        }
        let stands = |case: &Case| {
            // What seems over and waits for a word about the view has ended, whatever that says.
            if case.seen_over.is_some() {
                return false;
            }
            let incident = case.incident.as_ref().filter(|incident| incident.closed.is_none());
            incident.is_some_and(|incident| incident.stage.is_some())
        };
        let belongs = last.is_some_and(|last| at.since(last) < escalation.every)
            || memory.cases.values().any(stands);
        if !belongs || offences.is_empty() {
            if offences.len() >= OFFENCES_MAX {
                offences.pop_front();
            }
            offences.push_back(at);
        }
        memory.offended = Some(at);
        offences.len() as u32
    }

    fn ended(
        &mut self,
        key: &CaseKey,
        moment: Moment<'_>,
        last_seen: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let case = self.memory.case(key);
        let Some((seen_over, incident)) =
            case.and_then(|c| Some((&mut c.seen_over, c.incident.as_mut()?)))
        else {
            self.drop_case(key, effects);
            return;
        };
        *seen_over = Some(last_seen);
        incident.updated = moment.at;
        if let Some(memory) = self.memory.rule(key) {
            memory.quiet_until = moment.at.plus(moment.of.rule.cooldown);
        }
        self.capture(key, moment, message::Moment::Closed, effects);
        if !self.is_doubtful(moment) {
            self.close(key, moment.at, moment.ending, effects);
        }
    }

    fn continues(
        &mut self,
        key: &CaseKey,
        moment: Moment<'_>,
        who: Concerned,
        effects: &mut Vec<Effect>,
    ) {
        let at = moment.at;
        let Some(case) = self.memory.case(key) else { return };
        if let Some(first_seen) = case.held_back {
            self.fired(key, moment, first_seen, who, effects);
            return;
        }
        let Some(incident) = &mut case.incident else { return };
        // A path that begins anew, since nobody saw it for a while, tells less than the one before.
        let path = drawn::path(&who);
        if !path.is_empty() {
            incident.geometry.path = path;
        }
        incident.subjects = who.subjects;
        incident.updated = at;
        incident.measured = moment.measured.to_vec();
        let before = incident.stage;
        if let (Some(stage), Some(every)) = (incident.stage, incident.about.escalate_every) {
            let lasted = at.since(incident.opened).as_nanos() / every.as_nanos().max(1);
            let lasted = u32::try_from(lasted).unwrap_or(u32::MAX);
            incident.stage =
                Some(stage.max(Stage::of((incident.offence - 1).saturating_add(lasted))));
        }
        let escalated = incident.stage != before;
        if escalated || at.since(incident.said) >= UPDATE_EVERY {
            self.say(key, effects);
        }
    }

    fn capture(
        &mut self,
        key: &CaseKey,
        moment: Moment<'_>,
        shows: message::Moment,
        effects: &mut Vec<Effect>,
    ) {
        let (Some(camera), Some(frame)) = (&key.camera, moment.frame) else { return };
        if !moment.of.rule.evidence.contains(&shows) {
            return;
        }
        let id = self.next_capture();
        if let Some(memory) = self.memory.camera_mut(camera) {
            let awaited = Awaited { rule: key.rule.clone(), subject: key.subject, late: false };
            memory.awaited.insert(id, awaited);
        }
        if let Some(case) = self.memory.case(key) {
            case.pictures.push((id, None));
        }
        let (camera, seq) = (camera.clone(), frame.seq);
        effects.push(Effect::Capture(Capture { id, camera, seq, moment: shows }));
    }

    pub(super) fn next_capture(&mut self) -> CaptureId {
        let id = self.memory.site.next_capture;
        self.memory.site.next_capture.0 += 1;
        id
    }

    pub(super) fn drop_case(&mut self, key: &CaseKey, effects: &mut Vec<Effect>) {
        let case = self.memory.rule(key).and_then(|m| m.cases.remove(&key.subject));
        for (id, _) in case.into_iter().flat_map(|case| case.pictures) {
            self.memory.take_awaited(id);
            effects.push(Effect::Discard(id));
        }
    }

    /// Of the rule, raised by a disaster that it watches for.
    fn severity(&self, rule: &Rule, at: Timestamp) -> Severity {
        let raised = self.disaster_level(self.memory.site.clock.day_time(at)) > 0
            && rule.disaster == Disaster::Raise;
        match rule.severity {
            severity if !raised => severity,
            Severity::Info => Severity::Low,
            Severity::Low => Severity::Medium,
            Severity::Medium | Severity::High => Severity::High,
        }
    }
}
