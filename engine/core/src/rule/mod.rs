//! Rules over event time: looks of one camera and values of sensors in, signals about incidents
//! out.
//!
//! A rule is a [`Program`]: things, and conditions over time. One [`RuleState`] per rule sees
//! every look, also the empty ones: a gap in *seeing* (the detector blinked, a bus stood in front)
//! is told from a gap in *looking* (the camera was away), and only the first makes a subject
//! absent.
//!
//! Each look goes one way: [`Scene`] (how things move) → members of things → subjects (places or
//! movers) → conditions → signals. Not here: incident ids, evidence, publishing (see
//! [`crate::engine`]).

pub mod beat;
mod evaluate;
pub mod explain;
mod lineage;
mod lines;
mod movers;
mod places;
mod report;
mod riders;
mod scene;
mod select;
mod temporal;

pub use beat::Beat;
pub use scene::Scene;

use crate::geometry::{Homography, Polygon, UnitPoint};
use crate::incident::Subject;
use crate::observe::{Class, Object, Observation};
use crate::plan::program::{CameraTrouble, Identity, Scope, Test, ValueFrom};
use crate::plan::{Program, Rule};
use crate::time::Timestamp;
use evaluate::{Memory, evaluate, fresh};
use explain::Tracer;
use movers::Movers;
use places::Places;
use report::{Reported, take};
use riders::Rides;
use select::Members;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::time::Duration;
use temporal::{Level, Pace};

/// Most subjects that one rule follows at once; the least interesting one goes first.
pub const SUBJECTS_MAX: usize = 256;
/// At rest for so long, a thing stands; half the time to hold when that is shorter. Longer than
/// the stop of a car that lets someone pass, short enough for a truthful first picture.
const SETTLE: Duration = Duration::from_secs(3);

/// Number of a subject within one rule; never used twice.
pub type SubjectKey = u64;

/// What a rule says about one subject or zone, in the order in which it can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// The trigger has begun to hold; it may yet come to nothing.
    Began(SubjectKey),
    /// It came to nothing.
    Lapsed(SubjectKey),
    /// It holds: there is an incident.
    Fired {
        /// Whom it is about.
        key: SubjectKey,
        /// When it began.
        first_seen: Timestamp,
        /// Who is concerned, best first.
        subjects: Vec<Subject>,
    },
    /// The incident goes on, and this is how it looks now.
    Continues {
        /// Whom it is about.
        key: SubjectKey,
        /// Who is concerned, best first.
        subjects: Vec<Subject>,
    },
    /// The incident is over.
    Ended {
        /// Whom it was about.
        key: SubjectKey,
        /// When the trigger last held.
        last_seen: Timestamp,
    },
}

/// Values that a rule may ask for at a look; none when unknown or not to be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Values {
    /// Of its sensor.
    pub sensor: Option<f64>,
    /// Of its window.
    pub window: Option<f64>,
}

impl Values {
    fn get(&self, from: ValueFrom) -> Option<f64> {
        match from {
            ValueFrom::Sensor => self.sensor,
            ValueFrom::Window => self.window,
        }
    }
}

/// How a disaster changes a rule; 1 and 1 in quiet times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjust {
    /// Factor on how long something must hold.
    pub durations: f32,
    /// Factor on thresholds of values.
    pub thresholds: f64,
}

impl Adjust {
    /// No disaster.
    pub const NONE: Self = Self { durations: 1.0, thresholds: 1.0 };
}

/// What follows from a rule and is not worth working out at each look.
#[derive(Debug)]
pub struct Prepared {
    personal: Vec<bool>,
    settle: Duration,
    /// Points spread evenly over the zone; empty when the rule does not ask for a share.
    samples: Vec<UnitPoint>,
    /// Without subjects and without members there is nothing to do.
    skippable: bool,
}

/// Points a side of the zone's bounding box.
const SAMPLES_SIDE: usize = 20;

impl Prepared {
    /// Prepares a rule over its zone.
    pub fn new(program: &Program, zone: Option<&Polygon>) -> Self {
        let personal = program.personal();
        let settle = program.conditions.iter().filter_map(|c| match c.test {
            Test::Held { duration, .. } => Some(duration / 2),
            _ => None,
        });
        let each = matches!(program.scope, Scope::Each { .. });
        let asks_share = program.conditions.iter().any(|c| matches!(c.test, Test::Share { .. }));
        let remembers = |i: usize| {
            let test = &program.conditions[i].test;
            !personal[i] && (test.is_temporal() || matches!(test, Test::Value { .. }))
        };
        let skippable = each && !(0..program.conditions.len()).any(remembers);
        Self {
            settle: if each { settle.min().unwrap_or(SETTLE).min(SETTLE) } else { Duration::ZERO },
            samples: zone.filter(|_| asks_share).map(samples).unwrap_or_default(),
            skippable,
            personal,
        }
    }
}

fn samples(zone: &Polygon) -> Vec<UnitPoint> {
    let corners = zone.corners();
    let bound = |pick: fn(&UnitPoint) -> f32| {
        let low = corners.iter().map(pick).fold(1.0, f32::min);
        (low, corners.iter().map(pick).fold(0.0, f32::max))
    };
    let ((x0, x1), (y0, y1)) = (bound(|p| p.x), bound(|p| p.y));
    let at = |a: f32, b: f32, i: usize| a + (b - a) * (i as f32 + 0.5) / SAMPLES_SIDE as f32;
    (0..SAMPLES_SIDE * SAMPLES_SIDE)
        .map(|i| UnitPoint { x: at(x0, x1, i % SAMPLES_SIDE), y: at(y0, y1, i / SAMPLES_SIDE) })
        .filter(|p| zone.contains(*p))
        .collect()
}

/// What a camera shows to a rule.
pub struct View<'a> {
    /// What was seen.
    pub observation: &'a Observation,
    /// How it moves.
    pub scene: &'a Scene,
    /// The rule's zone.
    pub zone: &'a Polygon,
    /// The rule's line, an index into the camera's.
    pub line: Option<usize>,
    /// From the picture to metres on the ground, where calibrated.
    pub ground: Option<&'a Homography>,
    /// Things in these are permitted: painted bays.
    pub bays: &'a [&'a Polygon],
    /// For each object, the things of the rule whose classes mean it; bit `t` is thing `t`.
    pub class_bits: &'a [u32],
    /// For each object, whether its ground point is in the zone.
    pub inside: &'a [bool],
    /// See [`Prepared`].
    samples: &'a [UnitPoint],
}

impl<'a> View<'a> {
    /// A view without line, calibration and permitted bays.
    pub fn new(
        prepared: &'a Prepared,
        observation: &'a Observation,
        scene: &'a Scene,
        zone: &'a Polygon,
        class_bits: &'a [u32],
        inside: &'a [bool],
    ) -> Self {
        Self {
            observation,
            scene,
            zone,
            line: None,
            ground: None,
            bays: &[],
            class_bits,
            inside,
            samples: &prepared.samples,
        }
    }

    fn is_permitted(&self, object: &Object) -> bool {
        self.bays.iter().any(|bay| bay.contains(object.bbox.ground()))
    }
}

/// Everything that a rule may look at, at one time.
pub struct Look<'a> {
    /// Event time.
    pub at: Timestamp,
    /// The rule.
    pub rule: &'a Rule,
    /// What the camera shows; none for a rule that needs sensors only.
    pub view: Option<View<'a>>,
    /// Values of its sensor and window.
    pub values: Values,
    /// What is wrong with the camera.
    pub trouble: Option<CameraTrouble>,
    /// Is it day? None when the position is not known.
    pub day: Option<bool>,
    /// What a disaster changes.
    pub adjust: Adjust,
    /// Who wants to know why.
    pub tracer: Option<&'a RefCell<Tracer>>,
    personal: &'a [bool],
    settle: Duration,
    pace: Pace,
}

impl<'a> Look<'a> {
    /// A look at `at`, with what a camera shows if the rule has one.
    pub fn new(
        rule: &'a Rule,
        prepared: &'a Prepared,
        at: Timestamp,
        view: Option<View<'a>>,
    ) -> Self {
        let pace = if view.is_some() { Pace::CAMERA } else { Pace::SENSOR };
        Self {
            at,
            rule,
            view,
            values: Values::default(),
            trouble: None,
            day: None,
            adjust: Adjust::NONE,
            tracer: None,
            personal: &prepared.personal,
            settle: prepared.settle,
            pace,
        }
    }

    /// Tells the tracer how the conditions of a subject stand, or those of nobody.
    fn note(&self, subject: Option<(SubjectKey, &Subject)>, levels: &[Level]) {
        let Some(tracer) = self.tracer else { return };
        let mut tracer = tracer.borrow_mut();
        let personal = subject.is_some();
        if let Some((key, subject)) = subject {
            tracer.see(self.at, key, subject);
        }
        for (i, level) in levels.iter().enumerate() {
            if self.personal[i] == personal {
                tracer.note(self.at, subject.map(|(key, _)| key), i, *level);
            }
        }
    }
}

/// Room to work in, kept from look to look so that nothing is allocated for each.
#[derive(Debug, Default)]
pub struct Scratch {
    members: Members,
    levels: Vec<Level>,
}

/// Memory of one rule. The default one is no rule's, and only stands in for one that is at work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleState {
    next_key: SubjectKey,
    /// Of the conditions that do not depend on the subject.
    shared: Vec<Memory>,
    subjects: Subjects,
    /// Who rides what, as far as the program asks.
    #[serde(default)]
    rides: Rides,
    /// Subjects that found no room.
    dropped: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Subjects {
    Places(Places),
    Movers(Movers),
    Zone(Reported),
}

impl Default for Subjects {
    fn default() -> Self {
        Self::Places(Places::default())
    }
}

impl RuleState {
    /// A rule that has seen nothing yet.
    pub fn new(program: &Program) -> Self {
        let mut next_key = 0;
        let subjects = match program.scope {
            Scope::Each { identity: Identity::Place, .. } => Subjects::Places(Places::default()),
            Scope::Each { identity: Identity::Track, .. } => Subjects::Movers(Movers::default()),
            Scope::Zone { .. } => Subjects::Zone(Reported::new(take(&mut next_key))),
        };
        let rides = Rides::default();
        Self { next_key, shared: fresh(program), subjects, rides, dropped: 0 }
    }

    /// Is there nothing to do for a rule that finds nobody it means in a look?
    pub fn may_skip(&self, prepared: &Prepared) -> bool {
        prepared.skippable && self.has_no_subjects()
    }

    /// Looks once. Looks come in time order.
    pub fn step(&mut self, look: &Look<'_>, scratch: &mut Scratch) -> Vec<Signal> {
        let mut signals = Vec::new();
        let program = &look.rule.program;
        let Scratch { members, levels } = scratch;
        match &look.view {
            Some(view) => members.find(look, view, &mut self.rides),
            None => members.clear(),
        }
        levels.clear();
        levels.resize(program.conditions.len(), Level::No);
        evaluate(look, members, None, &mut self.shared, levels);
        look.note(None, levels);
        let Self { next_key, subjects, .. } = self;
        self.dropped += match (subjects, program.scope, &look.view) {
            (Subjects::Places(places), Scope::Each { thing, .. }, Some(view)) => {
                places.step(look, view, thing, members, levels, next_key, &mut signals)
            }
            (Subjects::Movers(movers), Scope::Each { thing, .. }, Some(view)) => {
                movers.step(look, view, thing, members, levels, next_key, &mut signals)
            }
            (Subjects::Zone(reported), Scope::Zone { about }, _) => {
                let level = levels[program.trigger];
                let told = || concerned(look, members, about);
                reported.tell(level, look.at, told, next_key, &mut signals);
                0
            }
            // A state is made for its program's scope, so there is no other pair.
            _ => 0,
        };
        signals
    }

    /// The number that the next new subject gets.
    pub fn next_key(&self) -> SubjectKey {
        self.next_key
    }

    /// Subjects that found no room since the rule began.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn has_no_subjects(&self) -> bool {
        match &self.subjects {
            Subjects::Places(places) => places.is_empty(),
            Subjects::Movers(movers) => movers.is_empty(),
            Subjects::Zone(reported) => reported.is_idle(),
        }
    }

    /// Forgets everything, because the rule does not apply now: what is open ends.
    pub fn suspend(&mut self, program: &Program) -> Vec<Signal> {
        let signals = match &mut self.subjects {
            Subjects::Places(places) => places.suspend(),
            Subjects::Movers(movers) => movers.suspend(),
            Subjects::Zone(reported) => {
                let ended = reported.end().into_iter().collect();
                *reported = Reported::new(take(&mut self.next_key));
                ended
            }
        };
        self.rides = Rides::default();
        if !self.has_no_memory(program) {
            self.shared = fresh(program);
        }
        signals
    }

    fn has_no_memory(&self, program: &Program) -> bool {
        self.shared.len() == program.conditions.len()
            && self.shared.iter().all(|m| *m == Memory::None)
    }
}

/// The members that an incident of a zone is about, surest first.
fn concerned(look: &Look<'_>, members: &Members, about: Option<usize>) -> Vec<Subject> {
    let (Some(view), Some(thing)) = (&look.view, about) else { return Vec::new() };
    let mut subjects: Vec<Subject> =
        members.iter(thing).map(|o| subject(&view.observation.objects[o])).collect();
    subjects.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
    subjects
}

fn subject(object: &Object) -> Subject {
    Subject {
        track: object.track,
        class: object.class.clone(),
        confidence: object.confidence,
        bbox: object.bbox,
    }
}

/// A detector that calls a car a truck is still looking at one vehicle.
fn same_kind(a: &Class, b: &Class) -> bool {
    fn root(class: &Class) -> impl Iterator<Item = u8> {
        class.as_str().bytes().take_while(|byte| *byte != b'.')
    }
    root(a).eq(root(b))
}
