//! Looks: which rules apply now, and what each makes of what is seen.

use super::cases::Moment;
use super::memory::FrameRef;
use super::prepared::PreparedRule;
use super::standing::SILENT_FROM;
use super::values::ending;
use super::{Effect, Engine, Traced};
use crate::config::Plan;
use crate::config::plan::{Camera, Disaster, Rule};
use crate::geometry::Polygon;
use crate::id::Name;
use crate::observe::{Observation, ViewReport};
use crate::rule::explain::{Applies, Tracer};
use crate::rule::program::CameraTrouble;
use crate::rule::{Adjust, Look, Scratch, View};
use crate::sun;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{CameraStatus, EndReason};

const MINUTE_NS: u64 = 60_000_000_000;
/// A camera's time that goes back by more was set; what follows is the new time.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(5);
/// At the first level of a disaster, what is relaxed must hold so many times longer.
const RELAXED: f32 = 3.0;
/// With each level of a disaster, what is watched for is raised at so much lower values.
const RAISED_BY_LEVEL: f64 = 0.2;

/// Why a rule does not apply.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Inactive {
    /// Not at these hours.
    Schedule,
    /// What it forbids is permitted for now.
    Permit(Name),
    /// An operator said so.
    Suspended(Timestamp),
    /// It is relaxed because of a disaster.
    Disaster(u8),
    /// The camera does not see what its zones were drawn on.
    View(CameraTrouble),
}

impl Inactive {
    pub(super) fn reason(&self) -> EndReason {
        match self {
            Self::View(_) => EndReason::ViewLost,
            _ => EndReason::RuleInactive,
        }
    }
}

impl Inactive {
    /// For people, with the offset of this zone.
    fn told(&self, zone: &TimeZone) -> String {
        match self {
            Self::Schedule => "its schedule does not apply".to_owned(),
            Self::Permit(id) => format!("the permit {id} applies"),
            Self::Suspended(until) => {
                format!("an operator suspended it until {}", until.rfc3339(zone))
            }
            Self::Disaster(level) => format!("it is relaxed at disaster level {level}"),
            Self::View(trouble) => format!("the camera is {trouble}"),
        }
    }
}

/// What all rules of a camera share at one look; kept, so that a look allocates nothing for it.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// For each object, where its class is found by [`PreparedCamera::bits`].
    classes: Vec<usize>,
    /// For each zone and object: is its ground point inside?
    inside: Vec<Vec<bool>>,
    /// Of the rule whose turn it is, see [`PreparedCamera::bits`].
    bits: Vec<u32>,
    day: Option<bool>,
    /// For each beat of the camera: is this look a turn of it?
    turns: Vec<bool>,
    pub(super) scratch: Scratch,
}

impl Sight {
    fn stand(&mut self, camera: &Camera, observation: &Observation) {
        self.inside.resize_with(camera.zones.len(), Vec::new);
        for (inside, zone) in self.inside.iter_mut().zip(&camera.zones) {
            inside.clear();
            let objects = observation.objects.iter();
            inside.extend(objects.map(|o| zone.polygon.contains(o.bbox.ground())));
        }
    }
}

impl Engine {
    pub(super) fn observed(&mut self, observation: &Observation, effects: &mut Vec<Effect>) {
        let Some(c) = self.camera_index(&observation.camera) else { return };
        let at = observation.frame.captured;
        let last = &mut self.memory.cameras[c].last;
        // Within one worker a camera's time only grows, but for a clock that was set.
        if at < *last && last.since(at) <= CLOCK_STEP_MIN {
            self.memory.observations_late += 1;
            return;
        }
        *last = at;
        self.look(c, observation, effects);
    }

    fn camera_index(&self, id: &Name) -> Option<usize> {
        self.plan.cameras.iter().position(|camera| camera.id == *id)
    }

    /// All rules of a camera look at what it shows.
    fn look(&mut self, c: usize, observation: &Observation, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let camera = &plan.cameras[c];
        let at = observation.frame.captured;
        let memory = &mut self.memory.cameras[c];
        memory.status = CameraStatus::Online;
        memory.frame = Some(FrameRef {
            seq: observation.frame.seq,
            clock: observation.frame.clock,
            offset_ms: observation.frame.offset_ms,
        });
        let mut sight = std::mem::take(&mut self.sight);
        sight.turns.clear();
        for (beat, needs_scene) in
            memory.beats.iter_mut().zip(&self.prepared.cameras[c].needs_scene)
        {
            let turn = beat.takes(at);
            if turn && *needs_scene {
                beat.see(observation, camera);
            }
            sight.turns.push(turn);
        }
        sight.day = self.is_day(c, camera, at);
        self.prepared.cameras[c].classify(camera, &observation.objects, &mut sight.classes);
        sight.stand(camera, observation);
        for (r, rule) in camera.rules.iter().enumerate() {
            let turn = sight.turns.get(self.prepared.cameras[c].rules[r].beat);
            if rule.program.looks() && turn == Some(&true) {
                self.look_by(c, r, rule, camera, observation, &mut sight, effects);
            }
        }
        self.sight = sight;
    }

    #[expect(clippy::too_many_arguments, reason = "one look, prepared once for all rules")]
    fn look_by(
        &mut self,
        c: usize,
        r: usize,
        rule: &Rule,
        camera: &Camera,
        observation: &Observation,
        sight: &mut Sight,
        effects: &mut Vec<Effect>,
    ) {
        let at = observation.frame.captured;
        let Sight { classes, inside, bits, day, scratch, .. } = sight;
        self.prepared.cameras[c].bits(classes, r, bits);
        let may_skip =
            self.memory.cameras[c].rules[r].state.may_skip(&self.prepared.cameras[c].rules[r].rule);
        if may_skip && self.traced.is_none() && bits.iter().all(|bits| *bits == 0) {
            return;
        }
        let inactive = self.inactive(Some(c), r, rule, at);
        let plan = Arc::clone(&self.plan);
        let prepared = &self.prepared.cameras[c];
        let adjust = self.adjust(rule, at);
        let (values, measured) = self.values(rule, at);
        let tracer = tracer(self.traced.as_ref(), Some(&camera.id), rule);
        if let Some(tracer) = tracer {
            tracer.borrow_mut().applies(at, applies(&plan, &prepared.rules[r], inactive.as_ref()));
        }
        let memory = &mut self.memory.cameras[c];
        let (signals, ending) = if let Some(inactive) = &inactive {
            (memory.rules[r].state.suspend(&rule.program), inactive.reason())
        } else {
            let Some(zone) = rule.zone else { return };
            let mut view = View::new(
                &prepared.rules[r].rule,
                observation,
                &memory.beats[prepared.rules[r].beat].scene,
                &camera.zones[zone].polygon,
                bits,
                &inside[zone],
            );
            view.line = rule.line;
            view.ground = camera.ground.as_ref();
            let bays: Vec<&Polygon> = prepared.rules[r]
                .bays
                .iter()
                .filter_map(|permit| plan.permits[*permit].polygon.as_ref())
                .collect();
            view.bays = &bays;
            let mut look = Look::new(rule, &prepared.rules[r].rule, at, Some(view));
            look.day = *day;
            look.values = values;
            look.adjust = adjust;
            look.tracer = tracer;
            (memory.rules[r].state.step(&look, scratch), ending(rule, &values))
        };
        let frame = memory.frame;
        for signal in signals {
            let camera = Some(c);
            let moment = Moment { at, camera, rule, frame, measured: &measured, ending };
            self.signal(moment, signal, effects);
        }
    }

    /// Why a rule does not apply at a time; none when it does.
    pub(super) fn inactive(
        &mut self,
        c: Option<usize>,
        r: usize,
        rule: &Rule,
        at: Timestamp,
    ) -> Option<Inactive> {
        let (memory, prepared, trouble) = match c {
            Some(c) => {
                let camera = &self.memory.cameras[c];
                (&camera.rules[r], &mut self.prepared.cameras[c].rules[r], camera.trouble())
            }
            None => (&self.memory.site_rules[r], &mut self.prepared.site_rules[r], None),
        };
        // Operators, hours and permits mean the clock on the wall.
        let day_time = self.memory.clock.day_time(at);
        if let Some(standing) = memory.suspended.as_ref().filter(|s| s.holds(day_time)) {
            return Some(Inactive::Suspended(standing.until));
        }
        let declared = self.memory.disaster.as_ref().filter(|d| d.standing.holds(day_time));
        if let Some(declared) = declared
            && rule.disaster == Disaster::Relax
            && declared.level >= SILENT_FROM
        {
            return Some(Inactive::Disaster(declared.level));
        }
        if let Some(trouble) = trouble
            && rule.program.looks()
        {
            return Some(Inactive::View(trouble));
        }
        // Known for a whole minute, as of its beginning: so a restart within it changes nothing.
        let minute = day_time.0 / MINUTE_NS;
        if prepared.minute != Some(minute) {
            let zone = c.zip(rule.zone).map(|(c, z)| &self.plan.cameras[c].zones[z].id);
            let camera = c.map(|c| &self.plan.cameras[c].id);
            prepared.begin(
                minute,
                Timestamp(minute * MINUTE_NS),
                &self.plan,
                rule,
                camera.zip(zone),
            );
        }
        prepared.barred.clone()
    }

    pub(super) fn adjust(&self, rule: &Rule, at: Timestamp) -> Adjust {
        let level = self.disaster_level(self.memory.clock.day_time(at));
        match rule.disaster {
            Disaster::Relax if level > 0 => Adjust { durations: RELAXED, ..Adjust::NONE },
            Disaster::Raise if level > 0 => {
                let thresholds = 1.0 - RAISED_BY_LEVEL * f64::from(level);
                Adjust { thresholds, ..Adjust::NONE }
            }
            _ => Adjust::NONE,
        }
    }

    /// Is it day where the camera stands?
    pub(super) fn is_day(&mut self, c: usize, camera: &Camera, at: Timestamp) -> Option<bool> {
        let position = camera.position?;
        let minute = self.memory.clock.day_time(at).0 / MINUTE_NS;
        let day = &mut self.prepared.cameras[c].day;
        match *day {
            Some((known, is_day)) if known == minute => Some(is_day),
            _ => {
                let start = Timestamp(minute * MINUTE_NS);
                let is_day = sun::is_day(start, position.lat, position.lon);
                *day = Some((minute, is_day));
                Some(is_day)
            }
        }
    }

    /// A camera went on or off line.
    pub(super) fn camera_status(
        &mut self,
        camera: &Name,
        at: Timestamp,
        status: CameraStatus,
        effects: &mut Vec<Effect>,
    ) {
        let Some(c) = self.camera_index(camera) else { return };
        self.memory.cameras[c].status = status;
        self.watch_camera(c, at, effects);
    }

    /// The view of a camera is still what its zones were drawn on, or not.
    pub(super) fn viewed(&mut self, report: &ViewReport, effects: &mut Vec<Effect>) {
        let Some(c) = self.camera_index(&report.camera) else { return };
        let memory = &mut self.memory.cameras[c];
        let before = memory.trouble();
        memory.view.step(report.at, &report.signature);
        let trouble = memory.trouble();
        if trouble != before {
            let since = memory.view.state().since;
            effects.push(Effect::View { camera: report.camera.clone(), trouble, since });
        }
        self.watch_camera(c, report.at, effects);
    }

    /// The box's clock has gone on.
    pub(super) fn tick(&mut self, at: Timestamp, effects: &mut Vec<Effect>) {
        self.memory.ticked = self.memory.ticked.max(at);
        for c in 0..self.memory.cameras.len() {
            self.watch_camera(c, at, effects);
        }
        self.tick_readings(at, effects);
        self.tick_values(at, effects);
    }

    /// The rules that watch the camera itself look at how it is.
    fn watch_camera(&mut self, c: usize, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for (r, rule) in plan.cameras[c].rules.iter().enumerate() {
            if !rule.program.watches_camera() {
                continue;
            }
            let inactive = self.inactive(Some(c), r, rule, at);
            let tracer = tracer(self.traced.as_ref(), Some(&plan.cameras[c].id), rule);
            let memory = &self.memory.cameras[c];
            let trouble = match memory.status {
                CameraStatus::Online => memory.trouble(),
                CameraStatus::Stalled | CameraStatus::Offline => Some(CameraTrouble::Offline),
            };
            let mut look = Look::new(rule, &self.prepared.cameras[c].rules[r].rule, at, None);
            look.trouble = trouble;
            look.tracer = tracer;
            let memory = &mut self.memory.cameras[c];
            let (signals, ending) = match &inactive {
                Some(inactive) => (memory.rules[r].state.suspend(&rule.program), inactive.reason()),
                None => {
                    (memory.rules[r].state.step(&look, &mut self.sight.scratch), EndReason::Over)
                }
            };
            let frame = memory.frame.filter(|_| trouble != Some(CameraTrouble::Offline));
            for signal in signals {
                let moment = Moment { at, camera: Some(c), rule, frame, measured: &[], ending };
                self.signal(moment, signal, effects);
            }
        }
    }
}

/// Whether a rule applies, for who wants to know.
pub(super) fn applies(plan: &Plan, rule: &PreparedRule, inactive: Option<&Inactive>) -> Applies {
    if let Some(inactive) = inactive {
        return Applies::No(inactive.told(&plan.site.timezone));
    }
    Applies::Yes { but_for: rule.bays.iter().map(|p| plan.permits[*p].id.clone()).collect() }
}

/// Who listens to this rule.
pub(super) fn tracer<'a>(
    traced: Option<&'a Traced>,
    camera: Option<&Name>,
    rule: &Rule,
) -> Option<&'a RefCell<Tracer>> {
    let traced = traced?;
    (traced.camera.as_ref() == camera && traced.rule == rule.id).then_some(&traced.tracer)
}
