//! How often a line may be logged that anybody can cause.

use std::time::{Duration, Instant};

/// Lines in a row before it is slowed down.
const FREELY: u32 = 10;
/// After them, one line in so long.
const THEN_EVERY: Duration = Duration::from_secs(10);

/// Lets some lines pass and counts the others.
#[derive(Debug, Default)]
pub(super) struct Pace {
    passed: u32,
    last: Option<Instant>,
    passed_over: u64,
}

impl Pace {
    /// If a line may be logged: what it says of those that were passed over since the last one.
    pub(super) fn line(&mut self, now: Instant) -> Option<PassedOver> {
        let quiet = self.last.is_none_or(|last| now.duration_since(last) >= THEN_EVERY);
        if quiet {
            self.passed = 0;
        }
        if self.passed >= FREELY {
            self.passed_over += 1;
            return None;
        }
        // After a burst, one line opens only itself.
        self.passed = if quiet && self.passed_over > 0 { FREELY } else { self.passed + 1 };
        self.last = Some(now);
        Some(PassedOver(std::mem::take(&mut self.passed_over)))
    }
}

/// Lines that were not logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PassedOver(u64);

impl PassedOver {
    /// As a field of the line; none when there were none.
    pub(super) fn told(self) -> Option<u64> {
        (self.0 > 0).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_flood_is_a_line_in_ten_seconds_that_counts_the_others() {
        let (mut pace, start) = (Pace::default(), clock::monotonic());
        let lines = |pace: &mut Pace, secs: u64, count: usize| {
            let now = start + Duration::from_secs(secs);
            (0..count).filter_map(|_| pace.line(now)).map(|n| n.0).collect::<Vec<u64>>()
        };
        assert_eq!(lines(&mut pace, 0, 1_000), [0; 10]);
        assert_eq!(lines(&mut pace, 9, 10), Vec::<u64>::new());
        assert_eq!(lines(&mut pace, 10, 1_000), [1_000]);
        assert_eq!(lines(&mut pace, 20, 1), [999]);
        assert_eq!(lines(&mut pace, 40, 12), [0; 10], "after a quiet time");
    }
}
