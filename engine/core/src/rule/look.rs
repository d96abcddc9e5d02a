//! What a rule looks at, at one time.

use super::explain::Tracer;
use super::path::{Path, Who};
use super::scene::Scene;
use super::signal::{Concerned, SubjectKey};
use super::temporal::{Level, Pace};
use crate::geometry::{Homography, Polygon, UnitPoint};
use crate::incident::Subject;
use crate::observe::{Object, Observation};
use crate::plan::program::{CameraTrouble, Scope, Test, ValueFrom};
use crate::plan::{Program, Rule};
use crate::time::Timestamp;
use std::cell::RefCell;
use std::time::Duration;

/// At rest for so long, a thing stands; half the time to hold when that is shorter. Longer than
/// the stop of a car that lets someone pass, short enough for a truthful first picture.
const SETTLE: Duration = Duration::from_secs(3);

/// Values that a rule may ask for at a look; none when unknown or not to be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Values {
    /// Of its sensor.
    pub sensor: Option<f64>,
    /// Of its window.
    pub window: Option<f64>,
}

impl Values {
    pub(super) fn get(&self, from: ValueFrom) -> Option<f64> {
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
    pub(super) skippable: bool,
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
    pub(super) samples: &'a [UnitPoint],
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

    pub(super) fn is_permitted(&self, object: &Object) -> bool {
        self.bays.iter().any(|bay| bay.contains(object.bbox.ground()))
    }
}

/// One subject, as last seen, and where it went as far as the view knows who it is.
pub(super) fn concerned(view: Option<&View<'_>>, subject: &Subject, who: Option<Who>) -> Concerned {
    let path = view.zip(who).and_then(|(view, who)| view.scene.path_of(who));
    Concerned { subjects: vec![subject.clone()], path: path.map_or_else(Vec::new, Path::course) }
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
    pub(super) personal: &'a [bool],
    pub(super) settle: Duration,
    pub(super) pace: Pace,
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
    pub(super) fn note(&self, subject: Option<(SubjectKey, &Subject)>, levels: &[Level]) {
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
