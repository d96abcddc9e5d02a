//! What a rule remembers that goes on, and when something is about to come of it.

use super::bears::Scrutiny;
use super::evaluate::Memory;
use crate::plan::program::{Condition, Test};
use crate::time::Timestamp;
use std::time::Duration;

/// For so long after it was last seen a thing may come back any moment, and one that stood may have made room
/// for the next.
pub(super) const MISSED: Duration = Duration::from_secs(10);

/// What somebody wants to know of a rule's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) conditions: &'a [Condition],
    /// Factor on how long something must hold.
    pub(super) durations: f32,
    pub(super) at: Timestamp,
    /// Looks are to be close for so long before something comes about.
    pub(super) ahead: Duration,
}

impl Asked<'_> {
    /// Of a subject that is there, or whose incident is `open`.
    pub(super) fn subject(&self, memories: &[Memory], open: bool) -> Scrutiny {
        if self.is_close(memories, open) { Scrutiny::Close } else { Scrutiny::Busy }
    }

    /// Of conditions that are nobody's own.
    pub(super) fn shared(&self, memories: &[Memory], open: bool) -> Scrutiny {
        if !open && !memories.iter().any(goes_on) {
            return Scrutiny::Idle;
        }
        self.subject(memories, open)
    }

    fn is_close(&self, memories: &[Memory], open: bool) -> bool {
        let until = self.at.plus(self.ahead);
        self.conditions.iter().zip(memories).any(|(condition, memory)| {
            let due = self.due(&condition.test, memory);
            let hangs = matches!(memory, Memory::Queue(queue) if !open && queue.asks_for_passers());
            hangs || due.is_some_and(|due| due <= until)
        })
    }

    /// When something comes of it that a look must see.
    fn due(&self, test: &Test, memory: &Memory) -> Option<Timestamp> {
        match (test, memory) {
            (Test::Held { duration, .. }, Memory::Held(Some(hold))) => {
                hold.due(duration.mul_f32(self.durations))
            }
            (Test::Absent { duration, .. }, Memory::Absent(absent)) => absent.due(*duration),
            _ => None,
        }
    }
}

fn goes_on(memory: &Memory) -> bool {
    match memory {
        Memory::None | Memory::Hysteresis(_) | Memory::Queue(_) => false,
        Memory::Held(hold) => hold.is_some(),
        Memory::Hits(hits) => hits.goes_on(),
        Memory::Sequence(sequence) => sequence.goes_on(),
        Memory::Absent(absent) => absent.goes_on(),
        Memory::Rate(rate) => rate.goes_on(),
    }
}
