//! "The value has reached `on`, and has not gone back beyond `off` since."

use super::Level;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct Thresholds {
    /// True: high values hold; false: low ones.
    pub(in crate::rule) above: bool,
    /// Holds from here on.
    pub(in crate::rule) on: f64,
    /// Holds no more beyond this.
    pub(in crate::rule) off: f64,
}

/// Since when it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Hysteresis {
    since: Option<Timestamp>,
}

impl Hysteresis {
    /// `value`: none when it is not known; then nothing holds.
    pub(in crate::rule) fn step(
        &mut self,
        thresholds: &Thresholds,
        at: Timestamp,
        value: Option<f64>,
    ) -> Level {
        let Some(value) = value else {
            self.since = None;
            return Level::No;
        };
        let Thresholds { above, on, off } = *thresholds;
        let (reached, kept) =
            if above { (value >= on, value >= off) } else { (value <= on, value <= off) };
        if reached {
            self.since.get_or_insert(at);
        } else if !kept {
            self.since = None;
        }
        match self.since {
            Some(since) => Level::Yes { since, last: at },
            None => Level::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Holds at `k` when some look up to `k` reached `on`, and no look since went beyond `off`.
    fn oracle(t: &Thresholds, all: &[Option<f64>], k: usize) -> Option<usize> {
        let reached = |v: f64| if t.above { v >= t.on } else { v <= t.on };
        let kept = |v: f64| if t.above { v >= t.off } else { v <= t.off };
        let broken = (0..=k).rev().find(|&i| !all[i].is_some_and(|v| kept(v) || reached(v)));
        let from = broken.map_or(0, |i| i + 1);
        (from..=k).find(|&i| all[i].is_some_and(reached))
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            values in prop::collection::vec(prop::option::weighted(0.95, 0u8..8), 1..60),
            above: bool,
            on in 0u8..8,
            band in 0u8..4,
        ) {
            let on = f64::from(on);
            let off = if above { on - f64::from(band) } else { on + f64::from(band) };
            let t = Thresholds { above, on, off };
            let all: Vec<Option<f64>> = values.iter().map(|v| v.map(f64::from)).collect();
            let at = |i: usize| Timestamp::from_secs(100 + i as u64);
            let mut state = Hysteresis::default();
            for (k, value) in all.iter().enumerate() {
                let want = match oracle(&t, &all, k) {
                    Some(i) => Level::Yes { since: at(i), last: at(k) },
                    None => Level::No,
                };
                prop_assert_eq!(state.step(&t, at(k), *value), want, "look {}", k);
            }
        }
    }
}
