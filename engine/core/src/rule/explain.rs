//! Why a rule fired, or did not: when each of its conditions began and ceased to hold.

use super::SubjectKey;
use super::temporal::Level;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Most changes that are kept; the oldest go first.
const CHANGES_MAX: usize = 100_000;

/// How a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does not hold.
    No,
    /// It has begun to, and may yet come to nothing.
    Pending,
    /// It holds.
    Yes,
}

/// A condition of a rule changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// At which look.
    pub at: Timestamp,
    /// Of which subject; none when it does not depend on one.
    pub subject: Option<SubjectKey>,
    /// Index into the program's conditions.
    pub condition: usize,
    /// What it is now.
    pub now: Standing,
    /// When that began, by the condition's own account.
    pub since: Option<Timestamp>,
}

/// Listens to one rule.
#[derive(Clone, Debug, Default)]
pub struct Tracer {
    latest: BTreeMap<(Option<SubjectKey>, usize), Standing>,
    changes: Vec<Change>,
    /// When the rule began and ceased to apply; the text says why it did not.
    applied: Vec<(Timestamp, Option<String>)>,
}

impl Tracer {
    /// What changed so far, oldest first.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// When the rule began and ceased to apply, oldest first, with why it did not.
    pub fn applied(&self) -> &[(Timestamp, Option<String>)] {
        &self.applied
    }

    /// The rule applies at a look, or does not for a reason.
    pub(crate) fn applies(&mut self, at: Timestamp, reason: Option<String>) {
        if self.applied.last().is_none_or(|(_, last)| *last != reason)
            && self.applied.len() < CHANGES_MAX
        {
            self.applied.push((at, reason));
        }
    }

    pub(super) fn note(
        &mut self,
        at: Timestamp,
        subject: Option<SubjectKey>,
        condition: usize,
        level: Level,
    ) {
        let now = match level {
            Level::No => Standing::No,
            Level::Pending { .. } => Standing::Pending,
            Level::Yes { .. } => Standing::Yes,
        };
        let before = self.latest.insert((subject, condition), now).unwrap_or(Standing::No);
        if before != now {
            if self.changes.len() >= CHANGES_MAX {
                self.changes.remove(0);
            }
            self.changes.push(Change { at, subject, condition, now, since: level.since() });
        }
    }
}
