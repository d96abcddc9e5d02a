//! How long to wait before a camera is tried again.

use crate::backoff::{Backoff, Growth};
use std::time::Duration;

/// How soon a fault may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// The network or the camera's power: it may be back any second. Capped at 5 s, so that
    /// pictures are there within 8 s of its return.
    Quick,
    /// Wrong password, wrong path, wrong codec: a person must act, and cameras lock an account
    /// after five to ten wrong passwords, so hammering makes it worse. A connection says a refused
    /// login once, so a try is a login.
    Slow,
}

impl Pace {
    /// Waits are even between a tenth (quick) or half (slow) of the ceiling and the ceiling.
    fn growth(self) -> Growth {
        let (first_ms, most_ms, kept) = match self {
            Self::Quick => (500, 5_000, 0.1),
            Self::Slow => (30_000, 300_000, 0.5),
        };
        let [first, most] = [first_ms, most_ms].map(Duration::from_millis);
        Growth { first, most, kept, least: Duration::ZERO }
    }
}

/// The waits of one camera; each pace counts its own tries.
#[derive(Debug)]
pub(super) struct Waits {
    quick: Backoff,
    slow: Backoff,
}

impl Waits {
    pub(super) fn new(seed: u64) -> Self {
        let of = |pace: Pace| Backoff::new(pace.growth(), seed);
        Self { quick: of(Pace::Quick), slow: of(Pace::Slow) }
    }

    /// The wait before the next try.
    pub(super) fn next(&mut self, pace: Pace) -> Duration {
        match pace {
            Pace::Quick => self.quick.next(),
            Pace::Slow => self.slow.next(),
        }
    }

    /// After a time of health the next fault starts from the shortest wait.
    pub(super) fn reset(&mut self) {
        self.quick.reset();
        self.slow.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_are_spread() {
        for seed in 0..100 {
            let mut backoff = Waits::new(seed);
            let waits: Vec<Duration> = (0..40).map(|_| backoff.next(Pace::Quick)).collect();
            assert!(waits[0] <= Duration::from_millis(500), "seed {seed}");
            let range = Duration::from_millis(50)..=Duration::from_secs(5);
            assert!(waits.iter().all(|w| range.contains(w)), "seed {seed}: {waits:?}");
            let late = &waits[10..];
            assert!(late.iter().max() > late.iter().min(), "seed {seed}: no jitter");
            backoff.reset();
            assert!(backoff.next(Pace::Quick) <= Duration::from_millis(500), "seed {seed}");
        }
    }

    #[test]
    fn a_wrong_password_is_tried_at_most_four_times_in_the_first_minutes() {
        let mut backoff = Waits::new(7);
        let first_three: Duration = (0..3).map(|_| backoff.next(Pace::Slow)).sum();
        assert!(first_three >= Duration::from_secs(15 + 30 + 60), "{first_three:?}");
        assert!((0..20).all(|_| backoff.next(Pace::Slow) <= Duration::from_mins(5)));
    }
}
