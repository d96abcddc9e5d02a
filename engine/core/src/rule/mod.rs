//! Rules over event time: observations of one camera in, signals about its incidents out.
//!
//! One [`RuleState`] per camera and rule. It sees every observation of its camera, also the empty
//! ones: a gap in *seeing* (the detector blinked, a bus stood in front) is told from a gap in
//! *looking* (the camera was away), and only the first makes a subject absent.
//!
//! Not here: incident ids, evidence, publishing (see [`crate::engine`]).

mod crowding;
mod hold;
mod standing;
mod wrong_way;

use crate::config::plan::{Rule, Trigger};
use crate::geometry::Polygon;
use crate::incident::Subject;
use crate::observe::{Class, Object, Observation};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most subjects that one rule follows at once; the least interesting one goes first.
pub const SUBJECTS_MAX: usize = 256;

/// Number of a subject within one rule; never used twice.
pub type SubjectKey = u64;

/// What a rule says about one subject or condition, in the order in which it can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// The condition holds for the first time; it may yet come to nothing.
    Began(SubjectKey),
    /// It came to nothing.
    Lapsed(SubjectKey),
    /// It held long enough: there is an incident.
    Fired {
        /// Whom it is about.
        key: SubjectKey,
        /// When the condition first held.
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
        /// When the condition last held.
        last_seen: Timestamp,
    },
}

/// Memory of one rule on one camera.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleState {
    /// See [`Trigger::Standing`].
    Standing(standing::Standing),
    /// See [`Trigger::Crowding`].
    Crowding(crowding::Crowding),
    /// See [`Trigger::WrongWay`].
    WrongWay(wrong_way::WrongWay),
}

/// What a rule may look at: its own definition, its zone, and one observation.
#[derive(Clone, Copy)]
struct Look<'a> {
    rule: &'a Rule,
    zone: &'a Polygon,
    observation: &'a Observation,
}

impl Look<'_> {
    fn at(&self) -> Timestamp {
        self.observation.frame.captured
    }

    /// Objects of the rule's classes, sure enough.
    fn objects(&self) -> impl Iterator<Item = &Object> {
        self.observation.objects.iter().filter(|o| {
            o.confidence.get() >= self.rule.confidence_min
                && self.rule.classes.iter().any(|c| c.covers(&o.class))
        })
    }
}

impl RuleState {
    /// A rule that has seen nothing yet.
    pub fn new(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Standing { .. } => Self::Standing(standing::Standing::default()),
            Trigger::Crowding { .. } => Self::Crowding(crowding::Crowding::default()),
            Trigger::WrongWay { .. } => Self::WrongWay(wrong_way::WrongWay::default()),
        }
    }

    /// Can this memory go on under `trigger`? (A pipeline may have changed since it was saved.)
    pub fn suits(&self, trigger: &Trigger) -> bool {
        matches!(
            (self, trigger),
            (Self::Standing(_), Trigger::Standing { .. })
                | (Self::Crowding(_), Trigger::Crowding { .. })
                | (Self::WrongWay(_), Trigger::WrongWay { .. })
        )
    }

    /// Looks at one observation. Observations of a camera come in time order.
    pub fn step(&mut self, rule: &Rule, zone: &Polygon, observation: &Observation) -> Vec<Signal> {
        let look = Look { rule, zone, observation };
        match (self, &rule.trigger) {
            (Self::Standing(state), Trigger::Standing { dwell }) => state.step(look, *dwell),
            (Self::Crowding(state), Trigger::Crowding { count_min, dwell }) => {
                state.step(look, *count_min, *dwell)
            }
            (
                Self::WrongWay(state),
                Trigger::WrongWay { allowed_deg, tolerance_deg, travel_min },
            ) => state.step(look, *allowed_deg, *tolerance_deg, *travel_min),
            // `suits` is asked before a saved state is used, so this is a state of another rule.
            (state, trigger) => {
                *state = Self::new(trigger);
                Vec::new()
            }
        }
    }

    /// The tracker counts anew: what is known of places stays, who was in them is open.
    pub fn forget_tracks(&mut self) {
        match self {
            Self::Standing(state) => state.forget_tracks(),
            Self::Crowding(_) => {}
            Self::WrongWay(state) => state.forget_tracks(),
        }
    }

    /// Forgets everything, because the rule does not apply now: what is open ends.
    pub fn suspend(&mut self) -> Vec<Signal> {
        match self {
            Self::Standing(state) => state.suspend(),
            Self::Crowding(state) => state.suspend(),
            Self::WrongWay(state) => state.suspend(),
        }
    }
}

/// How a subject ends that may or may not have become an incident.
fn ending(key: SubjectKey, phase: hold::Phase, last_seen: Timestamp) -> Option<Signal> {
    match phase {
        hold::Phase::New => None,
        hold::Phase::Settled => Some(Signal::Lapsed(key)),
        hold::Phase::Fired => Some(Signal::Ended { key, last_seen }),
    }
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
    let root = |c: &Class| c.as_str().split('.').next().map(str::to_owned);
    root(a) == root(b)
}
