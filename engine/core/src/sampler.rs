//! Which frames are looked at: rules say how often, the others are decoded and not analysed.

use crate::time::Timestamp;
use std::time::Duration;

/// Picks frames of one camera at a steady rate of event time.
#[derive(Clone, Copy, Debug)]
pub struct Sampler {
    period: Duration,
    next: Timestamp,
}

impl Sampler {
    /// Picks `hz` frames a second, or every frame when the camera gives fewer.
    pub fn new(hz: f32) -> Self {
        Self { period: Duration::from_secs_f32(1.0 / hz.clamp(0.01, 120.0)), next: Timestamp(0) }
    }

    /// Between two looks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Is a frame of this time to be looked at?
    pub fn is_due(&self, at: Timestamp) -> bool {
        // A clock that stepped back would otherwise blind the camera until it catches up.
        at >= self.next || self.next.since(at) > self.period * 2
    }

    /// A frame of this time is looked at.
    pub fn take(&mut self, at: Timestamp) {
        let on_grid = self.next.plus(self.period);
        let in_step = at >= self.next && at.since(self.next) < self.period;
        // On the grid, so that a rate which does not divide the camera's is kept on average.
        self.next = if in_step { on_grid } else { at.plus(self.period) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(hz: f32, times_ms: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut sampler = Sampler::new(hz);
        times_ms
            .filter(|ms| {
                let at = Timestamp(1_000_000_000_000 + ms * 1_000_000);
                let due = sampler.is_due(at);
                if due {
                    sampler.take(at);
                }
                due
            })
            .collect()
    }

    #[test]
    fn keeps_the_rate() {
        assert_eq!(picked(2.0, (0..20).map(|i| i * 100)), [0, 500, 1000, 1500]);
        assert_eq!(picked(3.0, (0..250).map(|i| i * 40)).len(), 30);
        assert_eq!(picked(25.0, (0..10).map(|i| i * 100)).len(), 10);
    }

    #[test]
    fn goes_on_after_a_gap_and_after_a_step_back() {
        assert_eq!(
            picked(2.0, [0, 500, 60_000, 60_100, 60_500].into_iter()),
            [0, 500, 60_000, 60_500]
        );
        assert_eq!(picked(2.0, [60_000, 100, 200, 600].into_iter()), [60_000, 100, 600]);
    }
}
