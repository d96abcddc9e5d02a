//! Which frames are looked at: rules say how often, the others are decoded and not analysed.

use crate::time::Timestamp;
use std::time::Duration;

/// Picks frames of one camera at a steady rate of event time.
#[derive(Clone, Copy, Debug)]
pub struct Sampler {
    /// None while no frame is picked.
    period: Option<Duration>,
    /// A look from which the others follow in whole periods; none before the first.
    grid: Option<Timestamp>,
    next: Timestamp,
    slack: Duration,
}

impl Sampler {
    /// Picks `hz` frames a second, or every frame when the camera gives fewer; none for 0.
    pub fn new(hz: f32) -> Self {
        Self { period: period(hz), grid: None, next: Timestamp(0), slack: Duration::ZERO }
    }

    /// Between two looks; none while there are to be none.
    pub fn period(&self) -> Option<Duration> {
        self.period
    }

    /// From `at` on picks at another rate. It keeps to the grid of before: no look comes early or twice, and
    /// a rate that comes back finds the frames that it would have picked.
    pub fn set_hz(&mut self, hz: f32, at: Timestamp) {
        let before = std::mem::replace(&mut self.period, period(hz));
        let Some(period) = self.period.filter(|period| before != Some(*period)) else { return };
        let Some(grid) = self.grid else { return };
        let period_ns = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let passed = (at.since(grid).as_nanos() as u64).div_ceil(period_ns);
        self.next = Timestamp(grid.0.saturating_add(passed.saturating_mul(period_ns)));
    }

    /// From here on frames come so far apart that the nearest one to a look's time is taken, which may be
    /// so much before it. Of frames that come often the first after it is as good.
    pub fn set_slack(&mut self, slack: Duration) {
        self.slack = slack;
    }

    /// Is a frame of this time to be looked at?
    pub fn is_due(&self, at: Timestamp) -> bool {
        // A clock that stepped back would otherwise blind the camera until it catches up.
        self.period.is_some_and(|period| {
            let early = self.next.since(at);
            early <= self.slack.min(period / 2) || early > period * 2
        })
    }

    /// A frame of this time is looked at.
    pub fn take(&mut self, at: Timestamp) {
        let Some(period) = self.period else { return };
        let early = self.next.since(at) <= self.slack.min(period / 2);
        let in_step = early && at.since(self.next) < period;
        if !in_step || self.grid.is_none() {
            self.grid = Some(at);
            self.next = at;
        }
        // On the grid, so that a rate which does not divide the camera's is kept on average.
        self.next = self.next.plus(period);
    }
}

fn period(hz: f32) -> Option<Duration> {
    (hz > 0.0).then(|| Duration::from_secs_f32(1.0 / hz.clamp(0.01, 120.0)))
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

    fn at(ms: u64) -> Timestamp {
        Timestamp(1_000_000_000_000 + ms * 1_000_000)
    }

    /// The frames that are picked of one each 100 ms; the rate changes at these times.
    fn picked_at_rates(rates: &[(u64, f32)], until_ms: u64) -> Vec<u64> {
        let mut sampler = Sampler::new(rates[0].1);
        let mut picked = Vec::new();
        for ms in (0..until_ms).step_by(100) {
            for (_, hz) in rates.iter().filter(|(from, _)| (ms..ms + 100).contains(from)) {
                sampler.set_hz(*hz, at(ms));
            }
            if sampler.is_due(at(ms)) {
                sampler.take(at(ms));
                picked.push(ms);
            }
        }
        picked
    }

    #[test]
    fn another_rate_keeps_to_the_grid_without_a_burst() {
        assert_eq!(
            picked_at_rates(&[(0, 2.0), (1_200, 1.0), (3_700, 4.0)], 4_500),
            [0, 500, 1_000, 2_000, 3_000, 3_800, 4_000, 4_300]
        );
        // Said again, nothing changes.
        assert_eq!(
            picked_at_rates(&[(0, 1.0), (100, 1.0), (1_900, 1.0)], 3_000),
            [0, 1_000, 2_000]
        );
    }

    #[test]
    fn none_is_picked_at_no_rate_and_then_those_that_would_have_been() {
        assert_eq!(picked_at_rates(&[(0, 0.0)], 10_000), [0u64; 0]);
        assert_eq!(picked_at_rates(&[(0, 0.0), (5_300, 1.0)], 8_000), [5_300, 6_300, 7_300]);
        let picked = picked_at_rates(&[(0, 1.0), (3_400, 0.0), (3_600_200, 1.0)], 3_603_000);
        assert_eq!(picked, [0, 1_000, 2_000, 3_000, 3_601_000, 3_602_000]);
    }

    #[test]
    fn of_rare_frames_the_nearest_is_taken() {
        let picked = |slack_ms, times: &[u64]| {
            let mut sampler = Sampler::new(1.0);
            sampler.set_slack(Duration::from_millis(slack_ms));
            let due = |ms: &&u64| {
                let due = sampler.is_due(at(**ms));
                if due {
                    sampler.take(at(**ms));
                }
                due
            };
            times.iter().filter(due).copied().collect::<Vec<_>>()
        };
        // A second apart, but never to the millisecond.
        let jitter = [0, 990, 2_010, 2_980, 4_000, 4_990, 6_000];
        assert_eq!(picked(0, &jitter), [0, 2_010, 4_000, 4_990, 6_000]);
        assert_eq!(picked(500, &jitter), jitter);
        // More often than they are needed, and more rarely.
        assert_eq!(picked(300, &[0, 600, 1_200, 1_800, 2_400]), [0, 1_200, 1_800]);
        assert_eq!(picked(500, &[0, 2_000, 4_000]), [0, 2_000, 4_000]);
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
