//! Waits between tries: doubling, with jitter from a seed, so that what lost one switch or one broker
//! does not come back in the same instant. No clock and no global generator.

use std::time::Duration;
use viahe_core::random::SplitMix64;

/// After what only people can mend, waits are so many times as long.
const SLOWLY: u32 = 30;

/// A seed that is a box's own: boxes must not come back in step after what all of them use was away.
pub(crate) fn seed(of: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    of.bytes().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// How waits grow: `first`, then twice as long with each failure, up to `most`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    pub(crate) first: Duration,
    pub(crate) most: Duration,
    /// What jitter leaves of a wait at least, 0 to 1.
    pub(crate) kept: f64,
    /// No wait is shorter.
    pub(crate) least: Duration,
}

impl Growth {
    /// Between half of each wait and all of it, never less than the first.
    pub(crate) fn between([first, most]: [Duration; 2]) -> Self {
        Self { first, most, kept: 0.5, least: first }
    }
}

/// The next wait, and the state to draw it from.
#[derive(Debug)]
pub(crate) struct Backoff {
    growth: Growth,
    failures: u32,
    random: SplitMix64,
}

impl Backoff {
    pub(crate) fn new(growth: Growth, seed: u64) -> Self {
        Self { growth, failures: 0, random: SplitMix64::new(seed) }
    }

    /// It worked; the next failure is a first one.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        let Growth { first, most, kept, least } = self.growth;
        let whole = first.saturating_mul(1 << self.failures.min(16)).min(most);
        self.failures = self.failures.saturating_add(1);
        whole.mul_f64(kept + (1.0 - kept) * self.random.unit()).max(least)
    }

    /// The same after what only people can mend.
    pub(crate) fn next_slow(&mut self) -> Duration {
        self.next() * SLOWLY
    }

    /// The shortest wait; no failure is counted.
    pub(crate) fn least(&self) -> Duration {
        self.growth.least
    }

    /// Failures in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_stay_in_bounds_and_differ_between_boxes() {
        let bounds = [Duration::from_millis(200), Duration::from_secs(10)];
        let waits = |seed| {
            let mut backoff = Backoff::new(Growth::between(bounds), seed);
            (0..12).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        let (one, other) = (waits(1), waits(2));
        assert_eq!(one, waits(1));
        assert_ne!(one, other);
        assert!(one.iter().all(|w| (bounds[0]..=bounds[1]).contains(w)), "{one:?}");
        assert!(one[11] >= Duration::from_secs(5), "{one:?}");
        let mut backoff = Backoff::new(Growth::between(bounds), 1);
        for _ in 0..9 {
            let _ = backoff.next();
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(200));
    }

    #[test]
    fn years_of_failures_are_survived() {
        let bounds = [Duration::from_millis(1), Duration::from_secs(1)];
        let mut backoff = Backoff::new(Growth::between(bounds), 3);
        backoff.failures = u32::MAX - 1;
        assert!((0..4).all(|_| backoff.next() <= bounds[1]));
    }
}
