//! Up to when all that workers said has been heard.
//!
//! With a full inbox it is we who are slow, and what is waited for may be in it: nobody is late for that. One
//! worker can keep it full for ever, though, and the others have their deadlines.

use std::time::Instant;

/// After so many messages all has been heard that was said before the first of them: four times what the inbox
/// takes, for what waits in the pipes before it.
const BEFORE_IT_MAX: usize = 4_096;

/// How far behind we are. Counted by messages, not by the clock: a disk that holds us up for a minute makes
/// nobody late.
#[derive(Debug)]
pub(super) struct Backlog {
    /// All is heard up to then.
    up_to: Instant,
    /// When the counting began, and how many were heard since.
    mark: Instant,
    heard: usize,
}

impl Backlog {
    pub(super) fn new(now: Instant) -> Self {
        Self { up_to: now, mark: now, heard: 0 }
    }

    /// One more message is heard.
    pub(super) fn hear(&mut self) {
        self.heard += 1;
    }

    /// Up to when all has been heard, with so many messages that still wait.
    pub(super) fn heard_up_to(&mut self, waiting: usize, now: Instant) -> Instant {
        if waiting == 0 {
            *self = Self::new(now);
        } else if self.heard >= BEFORE_IT_MAX {
            *self = Self { up_to: self.mark, mark: now, heard: 0 };
        }
        self.up_to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_flood_defers_by_what_it_takes_to_hear_what_was_before_it() {
        let zero = crate::clock::monotonic();
        let at = |secs: u64| zero + Duration::from_secs(secs);
        let mut backlog = Backlog::new(at(0));
        assert_eq!(backlog.heard_up_to(0, at(5)), at(5));
        // The disk holds us up.
        assert_eq!(backlog.heard_up_to(1024, at(65)), at(5), "an answer may wait");
        let mut hear = |secs| {
            (0..BEFORE_IT_MAX).for_each(|_| backlog.hear());
            backlog.heard_up_to(1024, at(secs))
        };
        assert_eq!([hear(67), hear(69), hear(71)], [at(5), at(67), at(69)]);
        assert_eq!(backlog.heard_up_to(0, at(72)), at(72));
    }
}
