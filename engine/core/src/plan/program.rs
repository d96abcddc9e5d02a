//! The rule language: what a catalogue entry says once its parameters are filled in.
//!
//! A program has two layers. [`Thing`]s are sets of objects in *one* look: a class group, where it
//! is, how it moves, what is beside it. [`Condition`]s are true or false over *time*: predicates
//! over things and sensor values at the bottom, temporal operators above. Both are listed so that
//! each names only earlier ones, so a program has no loops and one pass evaluates it.
//!
//! Read from TOML by [`crate::config`]; evaluated by [`crate::rule`].

use crate::observe::Class;
use crate::sensor::Quantity;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most things of one program: a look's members are the bits of a `u32`.
pub const THINGS_MAX: usize = 32;
/// Most conditions of one program.
pub const CONDITIONS_MAX: usize = 64;

/// Index into [`Program::things`].
pub type ThingIx = usize;
/// Index into [`Program::conditions`].
pub type ConditionIx = usize;

/// What must hold for an incident to open, and to stay open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Each refers to earlier ones only.
    pub things: Vec<Thing>,
    /// Each refers to earlier ones only.
    pub conditions: Vec<Condition>,
    /// Its incident is open while this holds.
    pub trigger: ConditionIx,
    /// One incident for each thing, or one for the zone.
    pub scope: Scope,
}

/// Whom an incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Each member of `thing` by itself.
    Each {
        /// Whose members.
        thing: ThingIx,
        /// What makes one the same as before.
        identity: Identity,
    },
    /// The zone, sensor or camera as a whole.
    Zone {
        /// Its members are told as the incident's subjects.
        about: Option<ThingIx>,
    },
}

/// What makes a subject the same as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// It is where it was: for what stands. Outlives the tracker's ids.
    Place,
    /// It has the same track, or continues one that broke: for what moves.
    Track,
}

/// A set of objects in one look: all filters must pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thing {
    /// As the catalogue entry calls it.
    pub name: String,
    /// Any of these, or a kind of them.
    pub classes: Vec<Class>,
    /// Weaker observations are ignored, 0 to 1.
    pub confidence_min: f32,
    /// Where it is.
    pub area: Area,
    /// How it moves; none when that does not matter.
    pub motion: Option<Motion>,
    /// At least so fast, m/s on the ground; only with a calibrated camera.
    pub speed_min_mps: Option<f32>,
    /// Its direction.
    pub heading: Option<Heading>,
    /// It has just crossed the rule's line in this direction.
    pub crossing: Option<Crossing>,
    /// What is, or is not, near it.
    pub relations: Vec<Relation>,
}

impl Thing {
    /// Is it asked for in the zone?
    pub fn is_of_zone(&self) -> bool {
        matches!(self.area, Area::In | Area::Over(_))
    }
}

/// Where an object is, seen from the rule's zone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Its ground point is in the zone.
    In,
    /// Its ground point is not in the zone.
    Out,
    /// At least this share of its box, 0 to 1, lies over the zone.
    Over(f32),
    /// Anywhere in the picture.
    Anywhere,
}

/// How an object moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// At rest for some seconds.
    Standing,
    /// On its way.
    Moving,
}

/// A direction in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heading {
    /// True: wants those that go against the lane; false: those that go along it.
    pub against: bool,
    /// The lane's direction: 0 is right, 90 is down, clockwise.
    pub allowed_deg: f32,
    /// Still along the lane to either side, 0 to 179.
    pub tolerance_deg: f32,
    /// Fraction of the frame's height that must be travelled so.
    pub travel_min: f32,
}

/// Over the rule's line, seen from its first to its second point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// From the left side to the right.
    LeftToRight,
    /// From the right side to the left.
    RightToLeft,
    /// Either way.
    Either,
}

/// So many members of another thing stand in a relation to an object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// Which.
    pub kind: RelationKind,
    /// The other thing.
    pub other: ThingIx,
    /// At least so many.
    pub min: usize,
    /// At most so many; 0 means "none of them".
    pub max: usize,
}

/// How two boxes lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// The gap between them is at most this, in heights of the taller one.
    Beside(f32),
    /// It is carried by the other: a rider on a motorbike.
    On,
    /// It carries the other: a motorbike under its rider.
    Under,
}

/// Something that is true or false at each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// As the catalogue entry calls it.
    pub name: String,
    /// When it holds.
    pub test: Test,
}

/// When a condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// The subject is a member of the thing.
    Is(ThingIx),
    /// So many members are in view.
    Count {
        /// Of which thing.
        thing: ThingIx,
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// Members cover so much of the zone, 0 to 1.
    Share {
        /// Of which thing.
        thing: ThingIx,
        /// At least.
        min: f32,
    },
    /// A sensor's value, or a window's result: on from `on`, off again beyond `off`.
    Value {
        /// From where.
        from: ValueFrom,
        /// What is measured.
        quantity: Quantity,
        /// True: high values hold; false: low ones.
        above: bool,
        /// Holds from here on.
        on: f64,
        /// Holds no more from here on; `off <= on` when `above`.
        off: f64,
    },
    /// The camera is in one of these states.
    Camera(Vec<CameraTrouble>),
    /// The sun is up (true) or down (false) at the camera's position.
    Light(bool),
    /// Traffic around the standing subject stands as well: a queue or a jam, not parking.
    Queue {
        /// The traffic.
        among: ThingIx,
    },
    /// All of these hold.
    All(Vec<ConditionIx>),
    /// At least one of these holds.
    Some(Vec<ConditionIx>),
    /// This does not hold.
    Not(ConditionIx),
    /// Held for `duration` of watched time, gaps up to `grace` bridged.
    Held {
        /// What.
        of: ConditionIx,
        /// So long.
        duration: Duration,
        /// Longest gap.
        grace: Duration,
        /// Longest gap until it has held for `duration`, if that is shorter than `grace`.
        lapse: Duration,
        /// In at least this share of looks, 0 to 1.
        share_min: f32,
        /// While this holds, the clock stands still.
        pause: Option<ConditionIx>,
    },
    /// Held in at least `min` of the last `looks` looks.
    Hits {
        /// What.
        of: ConditionIx,
        /// So often.
        min: usize,
        /// Of so many looks.
        looks: usize,
        /// Once it holds, gaps up to this are bridged.
        grace: Duration,
    },
    /// One after the other, the last at most `within` after the first; holds on while the last
    /// does, gaps up to `grace` bridged.
    Sequence {
        /// At least two.
        steps: Vec<ConditionIx>,
        /// First to last.
        within: Duration,
        /// Longest gap at the end.
        grace: Duration,
    },
    /// Once `after` has held, `of` has not held for `duration` of watched time; sightings of it
    /// up to `grace` are ignored, and pauses up to a quarter of that do not end one.
    Absent {
        /// What began it.
        after: ConditionIx,
        /// What is missing.
        of: ConditionIx,
        /// For so long.
        duration: Duration,
        /// Longest sighting that is ignored.
        grace: Duration,
    },
    /// Began to hold at least `min` times within the last `within`; a pause up to `grace` is no
    /// new beginning.
    Rate {
        /// What.
        of: ConditionIx,
        /// So often.
        min: usize,
        /// The window.
        within: Duration,
        /// Longest pause that is bridged.
        grace: Duration,
    },
}

/// What may be wrong with a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraTrouble {
    /// It looks elsewhere than where its zones were drawn.
    Moved,
    /// It sees nothing: covered, sprayed, fogged.
    Blinded,
    /// It is too dark to see anything.
    TooDark,
    /// No pictures come.
    Offline,
}

impl std::fmt::Display for CameraTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Moved => "moved",
            Self::Blinded => "blinded",
            Self::TooDark => "too_dark",
            Self::Offline => "offline",
        })
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueFrom {
    /// The rule's sensor, its newest good reading.
    Sensor,
    /// The rule's window, its newest final result; of several sensors the highest.
    Window,
}

impl Test {
    /// The conditions that it is made of.
    pub fn inner(&self) -> Vec<ConditionIx> {
        match self {
            Self::All(list) | Self::Some(list) => list.clone(),
            Self::Sequence { steps, .. } => steps.clone(),
            Self::Held { of, pause, .. } => std::iter::once(*of).chain(*pause).collect(),
            Self::Not(of) | Self::Hits { of, .. } | Self::Rate { of, .. } => vec![*of],
            Self::Absent { after, of, .. } => vec![*after, *of],
            _ => Vec::new(),
        }
    }

    /// Does it remember what was?
    pub fn is_temporal(&self) -> bool {
        matches!(
            self,
            Self::Held { .. }
                | Self::Hits { .. }
                | Self::Sequence { .. }
                | Self::Absent { .. }
                | Self::Rate { .. }
        )
    }
}

impl Program {
    /// For each condition: does it depend on which subject is asked?
    pub fn personal(&self) -> Vec<bool> {
        let mut personal: Vec<bool> = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            let own = match condition.test {
                Test::Is(_) => matches!(self.scope, Scope::Each { .. }),
                Test::Queue { .. } => true,
                _ => false,
            };
            let inherited = condition.test.inner().iter().any(|i| personal.get(*i) == Some(&true));
            personal.push(own || inherited);
        }
        personal
    }

    /// Could it ever open an incident, with the classes that its things have? What only takes away (who
    /// is led, what is held in a hand) may be unknown; what an incident is made of may not.
    pub fn can_open(&self) -> bool {
        let mut seen: Vec<bool> = Vec::with_capacity(self.things.len());
        for thing in &self.things {
            let related = thing.relations.iter().all(|r| r.min == 0 || seen[r.other]);
            seen.push(!thing.classes.is_empty() && related);
        }
        let mut can: Vec<bool> = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            can.push(match &condition.test {
                Test::Is(thing) | Test::Share { thing, .. } => seen[*thing],
                Test::Count { thing, min, .. } => *min == 0 || seen[*thing],
                Test::All(list) | Test::Sequence { steps: list, .. } => {
                    list.iter().all(|i| can[*i])
                }
                Test::Some(list) => list.iter().any(|i| can[*i]),
                Test::Held { of, .. } | Test::Hits { of, .. } | Test::Rate { of, .. } => can[*of],
                Test::Absent { after, .. } => can[*after],
                Test::Not(_)
                | Test::Queue { .. }
                | Test::Value { .. }
                | Test::Camera(_)
                | Test::Light(_) => true,
            });
        }
        let subjects = match self.scope {
            Scope::Each { thing, .. } => seen[thing],
            Scope::Zone { .. } => true,
        };
        subjects && can[self.trigger]
    }

    /// Does it need to see, or only sensors?
    pub fn looks(&self) -> bool {
        !self.things.is_empty()
    }

    /// What it is about, if that is a thing.
    pub fn subject(&self) -> Option<ThingIx> {
        match self.scope {
            Scope::Each { thing, .. } => Some(thing),
            Scope::Zone { about } => about,
        }
    }

    /// Does it need a sensor or a window?
    pub fn values(&self) -> impl Iterator<Item = (ValueFrom, Quantity)> + '_ {
        self.conditions.iter().filter_map(|c| match c.test {
            Test::Value { from, quantity, .. } => Some((from, quantity)),
            _ => None,
        })
    }

    /// Does it ask how objects move?
    pub fn needs_paths(&self) -> bool {
        let moves = |t: &Thing| {
            t.motion.is_some()
                || t.speed_min_mps.is_some()
                || t.heading.is_some()
                || t.crossing.is_some()
                || t.relations.iter().any(|r| !matches!(r.kind, RelationKind::Beside(_)))
        };
        matches!(self.scope, Scope::Each { .. })
            || self.things.iter().any(moves)
            || self.conditions.iter().any(|c| matches!(c.test, Test::Queue { .. }))
    }

    /// Does it ask for a way (a heading, a line, a speed), and count no looks?
    pub fn follows_ways(&self) -> bool {
        let way =
            |t: &Thing| t.heading.is_some() || t.crossing.is_some() || t.speed_min_mps.is_some();
        self.things.iter().any(way)
            && !self.conditions.iter().any(|c| matches!(c.test, Test::Hits { .. }))
    }

    /// Does it watch the camera itself?
    pub fn watches_camera(&self) -> bool {
        self.conditions.iter().any(|c| matches!(c.test, Test::Camera(_)))
    }

    /// Everything but the numbers: programs of one shape can go on with each other's memory.
    pub fn shape(&self) -> String {
        let things: Vec<&str> = self.things.iter().map(|t| t.name.as_str()).collect();
        let condition = |c: &Condition| {
            let kind = std::mem::discriminant(&c.test);
            format!("{} {kind:?} {:?}", c.name, c.test.inner())
        };
        let conditions: Vec<String> = self.conditions.iter().map(condition).collect();
        format!("{:?} {things:?} {conditions:?} {}", self.scope, self.trigger)
    }
}
