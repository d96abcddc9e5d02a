//! What a rule asks, as values: whom it is about, and which conditions it is made of.

use super::camera::WhySilent;
use crate::class::Class;
use serde::{Deserialize, Serialize};

/// What a rule asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// There is one incident for each thing; else one for the place as a whole.
    pub each: bool,
    /// What an incident is about; none when that is no thing that is seen.
    pub thing: Option<AskedThing>,
    /// The first must hold while an incident is told; the others are what it is made of.
    pub conditions: Vec<AskedCondition>,
}

/// A set of things in a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskedThing {
    /// As the catalogue entry calls it.
    pub name: String,
    /// Any of these, or a kind of them.
    pub classes: Vec<Class>,
    /// Where it is.
    pub place: AskedPlace,
    /// How it moves; none when that does not matter.
    pub motion: Option<AskedMotion>,
    /// At least so fast, in m/s.
    pub speed_min_mps: Option<f64>,
    /// Where it goes.
    pub heading: Option<AskedHeading>,
    /// How it crosses the line.
    pub crossing: Option<AskedCrossing>,
    /// What is, or is not, near it.
    pub relations: Vec<AskedRelation>,
}

/// Where a thing is, seen from the rule's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedPlace {
    /// It stands in it.
    In,
    /// It does not.
    Out,
    /// It is over it, in part.
    Over,
    /// Anywhere in the picture.
    Anywhere,
}

/// How a thing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedMotion {
    /// At rest for some seconds.
    Standing,
    /// On its way.
    Moving,
}

/// Where a thing goes, seen from the lane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskedHeading {
    /// True: against the lane; false: along it.
    pub against: bool,
    /// The lane's direction: 0 is right, 90 is down, clockwise.
    pub allowed_deg: f64,
    /// Still along the lane to either side.
    pub tolerance_deg: f64,
}

/// Over a line, seen from its first to its second point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedCrossing {
    /// From the left side to the right.
    LeftToRight,
    /// From the right side to the left.
    RightToLeft,
    /// Either way.
    Either,
}

/// So many of another thing stand in a relation to this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedRelation {
    /// Which.
    pub kind: AskedRelationKind,
    /// The other thing, as the entry calls it.
    pub thing: String,
    /// At least so many.
    pub min: u64,
    /// There is to be none of them.
    pub none: bool,
}

/// How two things lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedRelationKind {
    /// They stand beside each other.
    Beside,
    /// It rides on the other.
    On,
    /// It carries the other.
    Under,
}

/// Something that is true or false at each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskedCondition {
    /// As the catalogue entry calls it; unique in it.
    pub name: String,
    /// When it holds.
    #[serde(flatten)]
    pub test: AskedTest,
}

/// When a condition holds. Others are told by their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum AskedTest {
    /// It is this thing.
    Is {
        /// Which.
        thing: AskedThing,
    },
    /// So many are in view.
    Count {
        /// Of what.
        thing: AskedThing,
        /// At least.
        min: u64,
        /// At most; none when that does not matter.
        max: Option<u64>,
    },
    /// They cover so much of the zone.
    Share {
        /// Of what.
        thing: AskedThing,
        /// At least, in hundredths.
        min_percent: f64,
    },
    /// What is measured is beyond a bound.
    Value {
        /// From where.
        from: AskedOf,
        /// What is measured.
        quantity: String,
        /// Of both bounds.
        unit: String,
        /// True: high values hold; false: low ones.
        above: bool,
        /// Holds from here on.
        on: f64,
        /// Holds no more from here on.
        off: f64,
    },
    /// The camera is in one of these states.
    Camera {
        /// `moved`, `blinded`, `too_dark`, `offline`.
        states: Vec<WhySilent>,
    },
    /// The sun is up, or down.
    Light {
        /// Up.
        day: bool,
    },
    /// Others around it stand too.
    Queue {
        /// Who.
        among: AskedThing,
    },
    /// All of these hold.
    All {
        /// Which.
        of: Vec<String>,
    },
    /// One of these holds.
    Any {
        /// Which.
        of: Vec<String>,
    },
    /// This does not hold.
    Not {
        /// Which.
        of: String,
    },
    /// It held for so long.
    Held {
        /// What.
        of: String,
        /// So long.
        secs: f64,
        /// Gaps up to this count as held.
        gap_secs: f64,
        /// Gaps up to this, until it has held for so long; none when those are as long as others.
        first_gap_secs: Option<f64>,
        /// While this holds, the time does not count.
        paused_by: Option<String>,
    },
    /// It held in so many of the last looks.
    Hits {
        /// What.
        of: String,
        /// In so many.
        min: u64,
        /// Of so many.
        looks: u64,
    },
    /// One after the other.
    Sequence {
        /// What, in order.
        of: Vec<String>,
        /// All within so long.
        within_secs: f64,
    },
    /// It did not hold for so long.
    Absent {
        /// After this did.
        after: String,
        /// What.
        of: String,
        /// So long.
        secs: f64,
    },
    /// It began so often.
    Rate {
        /// What.
        of: String,
        /// So often.
        min: u64,
        /// In so long.
        within_secs: f64,
    },
}

impl AskedTest {
    /// The conditions that it is made of, by their names.
    pub fn parts(&self) -> Vec<&str> {
        match self {
            Self::All { of } | Self::Any { of } | Self::Sequence { of, .. } => {
                of.iter().map(String::as_str).collect()
            }
            Self::Held { of, paused_by, .. } => {
                std::iter::once(of).chain(paused_by).map(String::as_str).collect()
            }
            Self::Not { of } | Self::Hits { of, .. } | Self::Rate { of, .. } => vec![of],
            Self::Absent { after, of, .. } => vec![after, of],
            Self::Is { .. }
            | Self::Count { .. }
            | Self::Share { .. }
            | Self::Value { .. }
            | Self::Camera { .. }
            | Self::Light { .. }
            | Self::Queue { .. } => Vec::new(),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedOf {
    /// A sensor.
    Sensor,
    /// A window over readings.
    Window,
}
