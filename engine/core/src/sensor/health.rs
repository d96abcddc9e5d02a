//! Is a sensor well? Readings out of range, jumps, a stuck value. Silence is told by
//! [`Presence`](super::Presence).

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So many readings in a row that agree make a new level believed.
const AGREEING_MIN: u32 = 3;
/// So many equal readings at least make a sensor stuck: a slow one that said the same twice is
/// not.
const STUCK_READINGS_MIN: u32 = 5;
/// Shortest time over which a change is measured, s. The noise between two readings of the same
/// moment is no speed.
const STEP_SECS_MIN: f64 = 1.0;

/// What a sensor is measured against. Values are in the quantity's own unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthParams {
    /// Least and largest value that can be true.
    pub range: [f64; 2],
    /// Fastest change that can be true, per second.
    pub jump_max_per_sec: Option<f64>,
    /// Exactly the same value for so long is a fault.
    pub stuck_after: Option<Duration>,
    /// The value that may stay for ever, such as no rain.
    pub stuck_ignore: Option<f64>,
    /// Without a reading for so long, it is silent.
    pub silent_after: Duration,
}

/// What a reading is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// It can be true.
    Good,
    /// It lies outside of what can be measured.
    OutOfRange,
    /// It is too far from the last good reading. A level that stays is believed at the third
    /// reading in a row: a flood comes in a front.
    Jump,
    /// The value has been exactly the same for too long.
    Stuck,
}

/// A row of readings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    /// Of the first reading.
    since: Timestamp,
    /// Of the last one.
    at: Timestamp,
    value: f64,
    count: u32,
}

/// State of one sensor. Readings come in by ascending time; see [`Timeline`](super::Timeline).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    good: Option<(Timestamp, f64)>,
    /// Equal readings.
    same: Option<Row>,
    /// Readings far from `good` and near each other.
    level: Option<Row>,
}

impl Health {
    /// Takes a finite reading.
    pub fn step(&mut self, params: &HealthParams, at: Timestamp, value: f64) -> Quality {
        let stuck = self.is_stuck(params, at, value);
        // Not a number is in no range.
        if !(params.range[0]..=params.range[1]).contains(&value) {
            self.level = None;
            return Quality::OutOfRange;
        }
        if self.is_jump(params, at, value) {
            return Quality::Jump;
        }
        self.level = None;
        if stuck {
            // Not remembered as good: when it comes loose, the change may be large.
            return Quality::Stuck;
        }
        self.good = Some((at, value));
        Quality::Good
    }

    /// The clock by which readings are timed was set: none of what is remembered is later than
    /// `now`.
    pub fn not_after(&mut self, now: Timestamp) {
        if let Some((at, _)) = &mut self.good {
            *at = now.min(*at);
        }
        for row in [&mut self.same, &mut self.level].into_iter().flatten() {
            (row.since, row.at) = (row.since.min(now), row.at.min(now));
        }
    }

    /// The last good reading.
    pub fn good(&self) -> Option<(Timestamp, f64)> {
        self.good
    }

    fn is_stuck(&mut self, params: &HealthParams, at: Timestamp, value: f64) -> bool {
        let row = match self.same {
            Some(row) if equal(row.value, value) => {
                Row { at, count: row.count.saturating_add(1), ..row }
            }
            _ => Row { since: at, at, value, count: 1 },
        };
        self.same = value.is_finite().then_some(row);
        let Some(after) = params.stuck_after else { return false };
        !params.stuck_ignore.is_some_and(|ignored| equal(ignored, value))
            && row.count >= STUCK_READINGS_MIN
            && at.since(row.since) >= after
    }

    fn is_jump(&mut self, params: &HealthParams, at: Timestamp, value: f64) -> bool {
        let (Some(most), Some(good)) = (params.jump_max_per_sec, self.good) else { return false };
        if near(most, good, (at, value)) {
            return false;
        }
        let row = match self.level {
            Some(row) if near(most, (row.at, row.value), (at, value)) => {
                Row { at, value, count: row.count + 1, ..row }
            }
            _ => Row { since: at, at, value, count: 1 },
        };
        self.level = Some(row);
        row.count < AGREEING_MIN
    }
}

fn near(most_per_sec: f64, from: (Timestamp, f64), to: (Timestamp, f64)) -> bool {
    let secs = to.0.since(from.0).as_secs_f64().max(STEP_SECS_MIN);
    (to.1 - from.1).abs() <= most_per_sec * secs
}

/// The same reading? 0 and -0 are.
fn equal(a: f64, b: f64) -> bool {
    (a + 0.0).total_cmp(&(b + 0.0)).is_eq()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAMS: HealthParams = HealthParams {
        range: [0.0, 500.0],
        jump_max_per_sec: Some(1.0),
        stuck_after: Some(Duration::from_mins(1)),
        stuck_ignore: Some(0.0),
        silent_after: Duration::from_secs(100),
    };

    fn secs(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_000 + secs)
    }

    /// Qualities of readings 10 s apart.
    fn qualities(params: &HealthParams, values: &[f64]) -> Vec<Quality> {
        let mut health = Health::default();
        (0..).zip(values).map(|(k, value)| health.step(params, secs(10 * k), *value)).collect()
    }

    use Quality::{Good, Jump, OutOfRange, Stuck};

    #[test]
    fn a_value_out_of_range_changes_nothing_after_it() {
        let got = qualities(&PARAMS, &[10.0, -0.1, 500.1, f64::NAN, f64::INFINITY, 12.0, 500.0]);
        assert_eq!(got, [Good, OutOfRange, OutOfRange, OutOfRange, OutOfRange, Good, Jump]);
    }

    #[test]
    fn a_spike_is_a_jump_and_a_front_is_believed() {
        assert_eq!(qualities(&PARAMS, &[10.0, 300.0, 11.0, 12.0]), [Good, Jump, Good, Good]);
        assert_eq!(
            qualities(&PARAMS, &[10.0, 300.0, 305.0, 308.0, 311.0]),
            [Good, Jump, Jump, Good, Good]
        );
        // Wild readings agree with nothing.
        assert_eq!(
            qualities(&PARAMS, &[10.0, 300.0, 150.0, 400.0, 200.0, 60.0]),
            [Good, Jump, Jump, Jump, Jump, Good],
        );
        // A good reading in between begins the count anew.
        assert_eq!(
            qualities(&PARAMS, &[10.0, 300.0, 301.0, 11.0, 300.0, 301.0, 302.0]),
            [Good, Jump, Jump, Good, Jump, Jump, Good]
        );
        // So does one out of range.
        assert_eq!(
            qualities(&PARAMS, &[10.0, 300.0, 301.0, 900.0, 302.0]),
            [Good, Jump, Jump, OutOfRange, Jump]
        );
        // Two readings of one moment may differ by the noise of a second.
        let mut health = Health::default();
        health.step(&PARAMS, secs(0), 10.0);
        assert_eq!(health.step(&PARAMS, secs(0), 11.0), Good);
        assert_eq!(health.step(&PARAMS, secs(0), 13.0), Jump);
        let calm = HealthParams { jump_max_per_sec: None, ..PARAMS };
        assert_eq!(qualities(&calm, &[10.0, 300.0]), [Good, Good]);
    }

    #[test]
    fn a_value_that_never_moves_is_stuck_until_it_does() {
        let got = qualities(&PARAMS, &[7.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 50.0]);
        // Stuck at 60 s; then good again, and no jump: it had 20 s since it was last good.
        assert_eq!(got[..7], [Good; 7]);
        assert_eq!(got[7..], [Stuck, Stuck, Jump]);
        let mut back = qualities(&PARAMS, &[8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.1]);
        assert_eq!(back.split_off(6), [Stuck, Good]);
        assert_eq!(qualities(&PARAMS, &[0.0; 50]), [Good; 50], "no rain is no fault");
        let mut slow = Health::default();
        for k in 0..4 {
            assert_eq!(slow.step(&PARAMS, secs(50 * k), 8.0), Good, "five readings at least");
        }
        assert_eq!(slow.step(&PARAMS, secs(200), 8.0), Stuck);
        let never = HealthParams { stuck_after: None, ..PARAMS };
        assert_eq!(qualities(&never, &[8.0; 50]), [Good; 50]);
    }

    /// The definition over the whole history.
    fn oracle(params: &HealthParams, readings: &[(Timestamp, f64)]) -> Vec<Quality> {
        let (mut told, mut good, mut apart): (Vec<Quality>, Option<usize>, Vec<usize>) =
            (Vec::new(), None, Vec::new());
        for (k, (at, value)) in readings.iter().enumerate() {
            let run = readings[..=k].iter().rev().take_while(|r| equal(r.1, *value)).count();
            let since = readings[k + 1 - run].0;
            let stuck = params.stuck_after.is_some_and(|after| at.since(since) >= after)
                && run >= 5
                && params.stuck_ignore != Some(*value);
            let near = |i: usize| {
                let secs = at.since(readings[i].0).as_secs_f64().max(1.0);
                (value - readings[i].1).abs() <= params.jump_max_per_sec.unwrap() * secs
            };
            let quality = if *value < params.range[0] || *value > params.range[1] {
                apart.clear();
                OutOfRange
            } else if good.is_some_and(|g| !near(g)) {
                if apart.last().is_some_and(|last| !near(*last)) {
                    apart.clear();
                }
                apart.push(k);
                if apart.len() >= 3 {
                    apart.clear();
                    if stuck { Stuck } else { Good }
                } else {
                    Jump
                }
            } else {
                apart.clear();
                if stuck { Stuck } else { Good }
            };
            if quality == Good {
                good = Some(k);
            }
            told.push(quality);
        }
        told
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle_and_survives_saving(
            steps in prop::collection::vec((0u64..3, 0u32..7), 0..80),
            stop in 0usize..80,
        ) {
            let mut at = 0;
            let readings: Vec<(Timestamp, f64)> = steps
                .iter()
                .map(|(gap, level)| {
                    at += gap * 10;
                    (secs(at), f64::from(*level) * 10.0 - 10.0)
                })
                .collect();
            let params = HealthParams { range: [0.0, 40.0], ..PARAMS };
            let mut health = Health::default();
            let mut got = Vec::new();
            for (k, (at, value)) in readings.iter().enumerate() {
                if k == stop {
                    let saved = serde_json::to_string(&health).unwrap();
                    health = serde_json::from_str(&saved).unwrap();
                }
                got.push(health.step(&params, *at, *value));
            }
            prop_assert_eq!(got, oracle(&params, &readings));
        }
    }
}
