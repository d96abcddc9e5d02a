//! A total that only grows → what was added since the reading before.
//!
//! Rain gauges and meters count, and begin again at zero when their battery is changed, at
//! midnight, or when their counter is full. A beginning is no rain.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How a total is read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterParams {
    /// The total at which it goes on at 0, if that is known.
    pub rolls_at: Option<f64>,
    /// More than this between two readings cannot be true.
    pub step_max: f64,
    /// After a longer pause nobody knows when what was added came.
    pub gap_max: Duration,
}

/// The totals that the next one is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    last: Option<(Timestamp, f64)>,
    /// A total that does not follow from `last`: a slip of one reading, or a new beginning.
    odd: Option<(Timestamp, f64)>,
}

impl Counter {
    /// What was added by `at`, since the last total; none for a total that is not newer: what it
    /// tells is told already. What cannot be true is returned as it is, for the sensor's range to
    /// refuse.
    pub fn step(&mut self, params: &CounterParams, at: Timestamp, total: f64) -> Option<f64> {
        let Some((then, before)) = self.last else {
            self.last = Some((at, total));
            return Some(0.0);
        };
        if at <= then {
            return None;
        }
        let added = added(params, before, total);
        if added <= params.step_max || at.since(then) > params.gap_max {
            self.restart(at, total);
            return Some(if at.since(then) > params.gap_max { 0.0 } else { added });
        }
        // Far from what was: believed when the next one follows from it.
        let follows = |(_, odd): (Timestamp, f64)| total >= odd && total - odd <= params.step_max;
        if self.odd.is_some_and(follows) {
            let added = self.odd.map_or(0.0, |(_, odd)| total - odd);
            self.restart(at, total);
            return Some(added);
        }
        self.odd = Some((at, total));
        Some(added)
    }

    fn restart(&mut self, at: Timestamp, total: f64) {
        self.last = Some((at, total));
        self.odd = None;
    }
}

fn added(params: &CounterParams, before: f64, total: f64) -> f64 {
    if total >= before {
        return total - before;
    }
    match params.rolls_at.map(|full| total + (full - before)) {
        Some(rolled) if (0.0..=params.step_max).contains(&rolled) => rolled,
        // Begun anew: what fell since then is not known.
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAMS: CounterParams =
        CounterParams { rolls_at: Some(100.0), step_max: 60.0, gap_max: Duration::from_hours(1) };

    fn steps(params: &CounterParams, totals: &[(u64, f64)]) -> Vec<Option<f64>> {
        let mut counter = Counter::default();
        let at = |secs: u64| Timestamp::from_secs(1_000_000 + secs);
        totals.iter().map(|(secs, total)| counter.step(params, at(*secs), *total)).collect()
    }

    #[test]
    fn totals_become_what_was_added() {
        let got = steps(&PARAMS, &[(0, 12.0), (60, 12.5), (60, 12.5), (30, 12.2), (120, 12.5)]);
        assert_eq!(got, [Some(0.0), Some(0.5), None, None, Some(0.0)]);
    }

    #[test]
    fn a_restart_is_no_rain_and_a_full_counter_goes_on() {
        let got = steps(&PARAMS, &[(0, 12.0), (60, 0.0), (120, 0.5), (180, 0.25)]);
        assert_eq!(got, [Some(0.0), Some(0.0), Some(0.5), Some(0.0)]);
        let got = steps(&PARAMS, &[(0, 99.0), (60, 1.5), (120, 2.0)]);
        assert_eq!(got, [Some(0.0), Some(2.5), Some(0.5)]);
        let unknown = CounterParams { rolls_at: None, ..PARAMS };
        assert_eq!(steps(&unknown, &[(0, 99.0), (60, 1.5)]), [Some(0.0), Some(0.0)]);
    }

    #[test]
    fn one_slip_changes_nothing_and_a_new_total_is_believed_at_the_second() {
        let got = steps(&PARAMS, &[(0, 10.0), (60, 490.0), (120, 10.25)]);
        assert_eq!(got, [Some(0.0), Some(480.0), Some(0.25)], "480 is out of range");
        let got = steps(&PARAMS, &[(0, 10.0), (60, 490.0), (120, 490.5), (180, 491.0)]);
        assert_eq!(got, [Some(0.0), Some(480.0), Some(0.5), Some(0.5)]);
        let got = steps(&PARAMS, &[(0, 10.0), (7_200, 40.0), (7_260, 41.0)]);
        assert_eq!(got, [Some(0.0), Some(0.0), Some(1.0)], "two hours later nobody knows when");
    }

    proptest! {
        /// In whatever way a day of rain is cut into readings, and wherever the counter restarts
        /// while it is dry, the sum is what fell.
        #[test]
        fn the_sum_is_what_fell(
            tips in prop::collection::vec((1u64..600, 0u32..40, 0u8..8), 1..80),
        ) {
            let (mut counter, mut total, mut at) = (Counter::default(), 0.0, 1_000_000);
            let (mut sum, mut fell) = (0.0, 0.0);
            let mut told = |at: u64, total: f64| {
                counter.step(&PARAMS, Timestamp::from_secs(at), total).unwrap()
            };
            told(at, total);
            for (gap, count, what) in tips {
                at += gap;
                if what == 0 {
                    total = 0.0;
                } else {
                    let rain = f64::from(count) * 0.25;
                    fell += rain;
                    total = (total + rain) % 100.0;
                }
                sum += told(at, total);
            }
            // A restart near the full counter cannot be told from a full one.
            prop_assume!(sum <= fell);
            prop_assert!((sum - fell).abs() < 1e-6, "{} of {}", sum, fell);
        }
    }
}
