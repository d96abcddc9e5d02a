//! Why a rule fired, or did not: when each of its conditions began and ceased to hold.

use super::signal::SubjectKey;
use super::temporal::Level;
use crate::id::{IncidentId, Name};
use crate::incident::Subject;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use viahe_contract::message::{EndReason, WhyRests};

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
    /// When the rule began and ceased to apply, with why it did not.
    applied: Vec<(Timestamp, Applies)>,
    seen: BTreeMap<SubjectKey, Seen>,
    /// What became of its subjects.
    said: Vec<(Timestamp, SubjectKey, Outcome)>,
}

/// Whether the rule applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applies {
    /// It does, but for the places of these permits.
    Yes {
        /// Ids of permits.
        but_for: Vec<Name>,
    },
    /// It does not; why.
    No(WhyRests),
}

/// A subject that the rule knew for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// First look at it.
    pub first: Timestamp,
    /// Last look at it.
    pub last: Timestamp,
    /// As last seen.
    pub subject: Subject,
}

/// What was said of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An incident opened.
    Opened(IncidentId),
    /// It would have, but the last one is too recent.
    HeldBack,
    /// It ended.
    Ended(EndReason),
}

impl Tracer {
    /// What changed so far, oldest first.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// When the rule began and ceased to apply, oldest first, with why it did not.
    pub fn applied(&self) -> &[(Timestamp, Applies)] {
        &self.applied
    }

    /// A subject.
    pub fn seen(&self, subject: SubjectKey) -> Option<&Seen> {
        self.seen.get(&subject)
    }

    pub(super) fn see(&mut self, at: Timestamp, key: SubjectKey, subject: &Subject) {
        let known = self.seen.entry(key);
        let first = known.or_insert_with(|| Seen { first: at, last: at, subject: subject.clone() });
        first.last = at;
        first.subject = subject.clone();
    }

    /// What became of its subjects, oldest first.
    pub fn said(&self) -> &[(Timestamp, SubjectKey, Outcome)] {
        &self.said
    }

    pub(crate) fn say(&mut self, at: Timestamp, subject: SubjectKey, outcome: Outcome) {
        if self.said.len() < CHANGES_MAX {
            self.said.push((at, subject, outcome));
        }
    }

    /// The rule applies at a time, or does not for a reason. A look may come after a clock that went on
    /// while its picture was on the way.
    pub(crate) fn applies(&mut self, at: Timestamp, applies: Applies) {
        let next = self.applied.partition_point(|(t, _)| *t <= at);
        let same = |i: usize| self.applied.get(i).is_some_and(|(_, known)| *known == applies);
        if next.checked_sub(1).is_some_and(same) {
            return;
        }
        if same(next) {
            self.applied[next].0 = at;
        } else if self.applied.len() < CHANGES_MAX {
            self.applied.insert(next, (at, applies));
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
