//! From a trigger's level, look by look, to what is said of one subject.

use super::signal::{Concerned, Signal, SubjectKey};
use super::temporal::{Level, Phase};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What was said of a subject or of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reported {
    pub(super) key: SubjectKey,
    phase: Phase,
    /// When the trigger last held.
    last: Timestamp,
}

impl Reported {
    pub(super) fn new(key: SubjectKey) -> Self {
        Self { key, phase: Phase::New, last: Timestamp::default() }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Fired
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::New
    }

    /// Says what changed. What ends takes its key with it: the next incident of the same subject
    /// is another one.
    pub(super) fn tell(
        &mut self,
        level: Level,
        at: Timestamp,
        who: impl FnOnce() -> Concerned,
        next_key: &mut SubjectKey,
        signals: &mut Vec<Signal>,
    ) {
        match (self.phase, level) {
            (Phase::Fired, Level::Yes { last, .. }) => {
                self.last = last;
                if last == at {
                    signals.push(Signal::Continues { key: self.key, who: who() });
                }
            }
            // It opens at a look in which it holds, not by the grace of an earlier one.
            (_, Level::Yes { since, last }) if last == at => {
                self.phase = Phase::Fired;
                self.last = last;
                let (key, first_seen) = (self.key, since.min(at));
                signals.push(Signal::Fired { key, first_seen, who: who() });
            }
            (Phase::New, Level::Pending { .. } | Level::Yes { .. }) => {
                self.phase = Phase::Settled;
                signals.push(Signal::Began { key: self.key, who: who() });
            }
            (Phase::Settled, Level::Pending { .. } | Level::Yes { .. })
            | (Phase::New, Level::No) => {}
            (Phase::Settled, Level::No) | (Phase::Fired, _) => {
                signals.extend(self.end());
                *self = Self::new(take(next_key));
            }
        }
    }

    /// It is not looked at any more.
    pub(super) fn end(&self) -> Option<Signal> {
        match self.phase {
            Phase::New => None,
            Phase::Settled => Some(Signal::Lapsed(self.key)),
            Phase::Fired => Some(Signal::Ended { key: self.key, last_seen: self.last }),
        }
    }
}

/// The next number.
pub(super) fn take(next_key: &mut SubjectKey) -> SubjectKey {
    let key = *next_key;
    *next_key += 1;
    key
}
