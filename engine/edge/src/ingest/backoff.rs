//! How long to wait before the next try. Exponential with jitter, so that the cameras behind one
//! switch do not all come back in the same instant. Seeded: no clock, no global generator.

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

/// The waits of one camera.
#[derive(Debug)]
pub(super) struct Backoff {
    state: u64,
    /// Tries so far, quick and slow ones.
    tries: [u32; 2],
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed, tries: [0; 2] }
    }

    /// The wait before the next try: uniform between a tenth (quick) or half (slow) of the
    /// ceiling and the ceiling, which doubles with each try.
    pub(super) fn next(&mut self, pace: Pace) -> Duration {
        let (base_ms, cap_ms, floor) = match pace {
            Pace::Quick => (500, 5_000, 0.1),
            Pace::Slow => (30_000, 300_000, 0.5),
        };
        let tries = &mut self.tries[usize::from(pace == Pace::Slow)];
        let ceiling_ms = cap_ms.min(base_ms << (*tries).min(16)) as f64;
        *tries = tries.saturating_add(1);
        let share = floor + (1.0 - floor) * self.uniform();
        Duration::from_secs_f64(ceiling_ms * share / 1000.0)
    }

    /// After a time of health the next fault starts from the shortest wait.
    pub(super) fn reset(&mut self) {
        self.tries = [0; 2];
    }

    /// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014),
    /// 53 bits as a fraction in `0..1`.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_are_spread() {
        for seed in 0..100 {
            let mut backoff = Backoff::new(seed);
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
        let mut backoff = Backoff::new(7);
        let first_three: Duration = (0..3).map(|_| backoff.next(Pace::Slow)).sum();
        assert!(first_three >= Duration::from_secs(15 + 30 + 60), "{first_three:?}");
        assert!((0..20).all(|_| backoff.next(Pace::Slow) <= Duration::from_mins(5)));
    }
}
