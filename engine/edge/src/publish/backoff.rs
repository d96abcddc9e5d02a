//! Waits between connections: doubling, with jitter from a seed.

use std::time::Duration;

/// The next wait, and the state to draw it from.
#[derive(Debug)]
pub(super) struct Backoff {
    between: [Duration; 2],
    failures: u32,
    state: u64,
}

impl Backoff {
    pub(super) fn new(between: [Duration; 2], seed: u64) -> Self {
        Self { between, failures: 0, state: seed }
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
        whole.mul_f64(0.5 + 0.5 * self.draw()).max(least)
    }

    /// Uniform in 0 to 1, by `SplitMix64` (Steele, Lea, Flood 2014).
    fn draw(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
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
