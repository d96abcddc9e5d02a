//! Commands of operators, what was answered, and the orders that stand because of them.

use crate::artefact::Artefact;
use crate::id::{CommandId, Name};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use viahe_contract::message::Order;

/// An order that silences or relaxes rules ends after so long, unless it is given again.
pub const STANDING_MAX: Duration = Duration::from_hours(24);
/// The clock may be set back while an order stands; one that was ordered under a clock that was further
/// off does not hold.
const CLOCK_ERROR_MAX: Duration = Duration::from_hours(24);
/// From this level on, what a disaster relaxes is silent.
pub(super) const SILENT_FROM: u8 = 2;

/// Who gave an order, and for which time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Standing {
    /// Since then, by the box's clock.
    pub since: Timestamp,
    /// It ends by itself.
    pub until: Timestamp,
    /// Id of the command.
    pub command: CommandId,
    /// Who gave it, in the command's own words.
    pub by: Option<String>,
}

impl Standing {
    pub(super) fn new(command: &Command, until: Timestamp) -> Self {
        let Command { id, at, by, .. } = command;
        Self { since: *at, until, command: id.clone(), by: by.clone() }
    }

    /// Does it hold at this time?
    pub fn holds(&self, at: Timestamp) -> bool {
        at < self.until && self.until.since(at) <= STANDING_MAX + CLOCK_ERROR_MAX
    }
}

/// A disaster that was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// 1 to 3.
    pub level: u8,
    /// By whom, until when.
    pub standing: Standing,
}

/// A command, with when it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Told with the answer.
    pub id: CommandId,
    /// When it came, by the box's clock.
    pub at: Timestamp,
    /// What is to be done.
    pub order: Order,
    /// Who gave it, for people; not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A picture that an operator asked for and that is not there yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) command: CommandId,
    pub(super) camera: Name,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Of the command.
    pub id: CommandId,
    /// For people: what was done, or why not and what to do.
    pub result: Result<String, String>,
    /// The picture that was asked for.
    pub evidence: Option<Artefact>,
}
