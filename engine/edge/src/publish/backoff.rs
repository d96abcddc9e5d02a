//! Waits between connections: doubling, with jitter from a seed.

use super::dice::Dice;
use std::time::Duration;

/// After what only people can mend, waits are so many times as long.
const SLOWLY: u32 = 30;

/// The next wait, and the state to draw it from.
#[derive(Debug)]
pub(super) struct Backoff {
    between: [Duration; 2],
    failures: u32,
    dice: Dice,
}

impl Backoff {
    pub(super) fn new(between: [Duration; 2], seed: u64) -> Self {
        Self { between, failures: 0, dice: Dice::new(seed) }
    }

    /// The connection was of use; the next failure is a first one.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Between half of the doubled wait and all of it, never less than the shortest.
    pub(super) fn next(&mut self) -> Duration {
        let [least, most] = self.between;
        let whole = least.saturating_mul(1 << self.failures.min(16)).min(most);
        self.failures += 1;
        whole.mul_f64(0.5 + 0.5 * self.dice.uniform()).max(least)
    }

    /// The same after what only people can mend.
    pub(super) fn next_slow(&mut self) -> Duration {
        self.next() * SLOWLY
    }

    /// The shortest wait; no failure is counted.
    pub(super) fn least(&self) -> Duration {
        self.between[0]
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
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
            let mut backoff = Backoff::new(bounds, seed);
            (0..12).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        let (one, other) = (waits(1), waits(2));
        assert_eq!(one, waits(1));
        assert_ne!(one, other);
        assert!(one.iter().all(|w| (bounds[0]..=bounds[1]).contains(w)), "{one:?}");
        assert!(one[11] >= Duration::from_secs(5), "{one:?}");
        let mut backoff = Backoff::new(bounds, 1);
        for _ in 0..9 {
            let _ = backoff.next();
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(200));
    }
}
