//! Why an incident was told: steps with codes and numbers, of which each reader makes words in its own
//! language.

use super::asked::Asked;
use super::incident::EndReason;
use super::verdict::Verdict;
use crate::class::Class;
use crate::id::{IncidentId, Name};
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// The result of the command `explain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// Of which incident.
    pub incident: IncidentId,
    /// What it is called, in the site's language.
    pub title: String,
    /// The rule's name in the pipeline file.
    pub rule: Name,
    /// The catalogue entry.
    pub violation: Name,
    /// None for a rule of the site.
    pub camera: Option<Name>,
    /// Where the rule looks.
    pub zone: Option<Name>,
    /// The line that it watches.
    pub line: Option<Name>,
    /// The sensor that it asks.
    pub sensor: Option<Name>,
    /// The window that it asks.
    pub window: Option<Name>,
    /// What the rule asks.
    pub asked: Asked,
    /// How much of it the box's history has.
    pub known: StoryKnown,
    /// What was seen is known from then on; none where nothing is.
    pub known_from: Option<LocalTime>,
    /// What happened, in order.
    pub steps: Vec<StoryStep>,
    /// What operators said of it; the last holds.
    pub verdicts: Vec<Verdict>,
}

/// How much of an incident the box's history has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoryKnown {
    /// All of it.
    Whole,
    /// Not its beginning, but how it opened.
    Part,
    /// Neither: it is of an earlier time, or no history was kept then.
    None,
    /// Under the pipeline as it is now nothing comes of what was seen then: the rule was changed since.
    Changed,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryStep {
    /// When.
    pub at: LocalTime,
    /// With whom; none when it is about the rule as a whole.
    pub subject: Option<StorySubject>,
    /// What.
    #[serde(flatten)]
    pub what: StoryCode,
}

/// Somebody or something that a rule follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorySubject {
    /// The rule's own number for it.
    pub number: u64,
    /// What it is, as last seen; none where nothing was seen of it.
    pub class: Option<Class>,
}

/// What happened. Conditions are told by their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum StoryCode {
    /// The rule applies from now on.
    Applies {
        /// But not to what stands in the places of these permits.
        but_for: Vec<Name>,
    },
    /// The rule does not apply from now on.
    Rests {
        /// Why.
        why: WhyRests,
    },
    /// A condition has begun to hold, and may yet come to nothing.
    Began {
        /// Which.
        condition: String,
    },
    /// A condition holds.
    Holds {
        /// Which.
        condition: String,
        /// It had begun then; none when it began now.
        since: Option<LocalTime>,
        /// So often it was not seen in between.
        missed: u64,
        /// For so long at most.
        missed_secs_max: f64,
    },
    /// A condition holds no more.
    Ceased {
        /// Which.
        condition: String,
    },
    /// A condition had begun, and came to nothing.
    CameToNothing {
        /// Which.
        condition: String,
    },
    /// An incident opens.
    Opened {
        /// Which.
        incident: IncidentId,
    },
    /// An incident is held back: the last one is too recent.
    HeldBack,
    /// The incident ends.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// It was followed until here.
    LastSeen {
        /// Where it stood, in fractions of the picture's width.
        x: f64,
        /// In fractions of its height.
        y: f64,
    },
    /// Steps are left out here: there are too many for an answer.
    LeftOut {
        /// So many.
        count: u64,
    },
}

/// Why a rule does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum WhyRests {
    /// Not at these hours.
    Schedule,
    /// What it forbids is permitted for now.
    Permit {
        /// By this one.
        permit: Name,
    },
    /// A command says so.
    Suspended {
        /// Until then.
        until: LocalTime,
    },
    /// It is relaxed because of a disaster.
    Disaster {
        /// Of this level.
        level: u8,
    },
    /// The camera looks elsewhere than where its zones were drawn.
    Moved,
    /// The camera sees nothing.
    Blinded,
    /// It is too dark there to see anything.
    TooDark,
    /// No pictures come.
    Offline,
    /// What is measured rules it out, so nobody looks.
    Value,
}
