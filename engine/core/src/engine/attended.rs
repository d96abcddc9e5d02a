//! What is on its way to zones, and what the vision plane was told of how cameras need to be looked at.

use crate::attention::{Approach, Attention, CALM};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What the vision plane was told.
#[derive(Debug, Default)]
pub(super) struct Attended {
    /// By camera; none when it was told nothing of it, or is to be told again.
    told: Vec<Option<Told>>,
    /// All there is to see is wanted.
    pub(super) fully: bool,
    /// By camera and rule, of those that look more closely at what comes.
    coming: BTreeMap<(usize, usize), Approach>,
}

#[derive(Debug)]
struct Told {
    attention: Attention,
    /// The newest event time at which no longer gap would have done.
    needed: Timestamp,
}

impl Attended {
    /// Everything is to be told again.
    pub(super) fn forget(&mut self) {
        self.told.clear();
        self.coming.clear();
    }

    /// What is on its way to the zone of a camera's rule.
    pub(super) fn coming(&mut self, c: usize, rule: usize) -> &mut Approach {
        self.coming.entry((c, rule)).or_default()
    }

    /// Is something on its way to the zone of a camera's rule?
    pub(super) fn comes(&self, c: usize, rule: usize) -> bool {
        self.coming.get(&(c, rule)).is_some_and(Approach::is_on)
    }

    /// What was told of a camera; none when it is to be told again.
    pub(super) fn of(&self, c: usize) -> Option<&Attention> {
        self.told.get(c)?.as_ref().map(|told| &told.attention)
    }

    /// What was told of a camera is needed at an event time.
    pub(super) fn is_needed(&mut self, c: usize, at: Timestamp) {
        if let Some(Some(told)) = self.told.get_mut(c) {
            told.needed = told.needed.max(at);
        }
    }

    /// What a camera needs at an event time. True when that is to be told: more at once, a longer gap alone
    /// only after a while.
    pub(super) fn is_news(&mut self, c: usize, attention: &Attention, at: Timestamp) -> bool {
        if self.told.len() <= c {
            self.told.resize_with(c + 1, || None);
        }
        let slot = &mut self.told[c];
        if let Some(told) = slot {
            let (before, after) = (told.attention.need, attention.need);
            let same = told.attention.resting == attention.resting;
            let widens =
                same && before.gap_max_ms < after.gap_max_ms && before.differs_by_gap_alone(after);
            if widens && at.since(told.needed) < CALM {
                return false;
            }
            if told.attention == *attention {
                self.is_needed(c, at);
                return false;
            }
        }
        *slot = Some(Told { attention: attention.clone(), needed: at });
        true
    }
}
