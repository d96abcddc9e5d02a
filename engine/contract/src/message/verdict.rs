//! What people say of an incident.

use crate::id::{IncidentId, Name};
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// An operator's word, on `…/verdict`. It is said by the centre; a box does not act on it. Of several on one
/// incident the newest by its time holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Of which incident.
    pub incident: IncidentId,
    /// The revision that was looked at.
    pub revision: u32,
    /// Is it one?
    pub judgement: Judgement,
    /// Why it was dismissed, by the centre's own list; none with any other judgement.
    pub reason: Option<Name>,
    /// What the person is there, such as `ward-officer`; never who.
    pub role: Name,
    /// When it was said.
    pub time: LocalTime,
}

/// Is it an incident?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It is.
    Confirmed,
    /// It is not, or nobody need do anything.
    Dismissed,
    /// Nobody says either any more: the one before was undone.
    Withdrawn,
}

impl Judgement {
    /// As it stands in messages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
            Self::Withdrawn => "withdrawn",
        }
    }
}
