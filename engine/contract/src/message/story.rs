//! Why an incident was told: steps of codes and numbers, from which readers make words.

use super::incident::EndReason;
use super::verdict::Verdict;
use crate::id::{IncidentId, Name};
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// What answers `explain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// Which.
    pub incident: IncidentId,
    /// What it is called, in the language of the site.
    pub title: String,
    /// Its rule.
    pub rule: Name,
    /// The catalogue entry.
    pub violation: Name,
    /// None for a rule of the site.
    pub camera: Option<Name>,
    /// None where it has none.
    pub zone: Option<Name>,
    /// What was seen is known from here; what was before is not told.
    pub known_from: LocalTime,
    /// Oldest first; bounded.
    pub steps: Vec<StoryStep>,
    /// So many steps are left out.
    pub left_out: u32,
    /// What operators said of it, oldest first; the last holds.
    pub verdicts: Vec<Verdict>,
}

/// Something that began or ceased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryStep {
    /// When.
    pub at: LocalTime,
    /// What.
    #[serde(flatten)]
    pub what: StoryCode,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum StoryCode {
    /// The rule applies from here on.
    Applies {
        /// But not in the places of these permits.
        but_for: Vec<Name>,
    },
    /// It does not apply from here on.
    Rests {
        /// Why, for people.
        why: String,
    },
    /// A condition has begun, and does not hold yet.
    Began {
        /// Its name in the entry.
        condition: Name,
        /// It must last so long, in s; none where it is about something else.
        for_secs: Option<f64>,
    },
    /// A condition holds.
    Holds {
        /// Its name in the entry.
        condition: Name,
        /// It began so long ago, in s.
        lasted_secs: f64,
        /// So often it was not seen in between.
        missed: u32,
        /// For so long at most, in s.
        missed_secs_max: f64,
    },
    /// A condition holds no more.
    Ceased {
        /// Its name in the entry.
        condition: Name,
    },
    /// What had begun came to nothing.
    CameToNothing {
        /// Its name in the entry.
        condition: Name,
    },
    /// The incident opens.
    Opened,
    /// It would have opened, but the last one was too recent.
    HeldBack,
    /// What it is about was last seen here.
    LastSeen,
    /// It ends.
    Ended {
        /// Why.
        reason: EndReason,
    },
}
