//! The temporal operator under all rules: "it held for `dwell`, with gaps".

use super::Pace;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest that a thing may be hidden behind another one.
const HIDDEN_MAX: Duration = Duration::from_mins(10);

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rule) enum Phase {
    /// Just begun.
    New,
    /// Held for `settle`.
    Settled,
    /// Held for `dwell`.
    Fired,
}

/// What a run is measured against.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct HoldParams {
    /// Held so long, it is worth a first picture.
    pub(in crate::rule) settle: Duration,
    /// Held so long, it is an incident.
    pub(in crate::rule) dwell: Duration,
    /// Absent for longer than this, it is over.
    pub(in crate::rule) absence: Duration,
    /// Share of looks, 0 to 1, in which it must have held when it fires.
    pub(in crate::rule) support_min: f32,
    /// How time between looks counts.
    pub(in crate::rule) pace: Pace,
}

/// What a look changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) enum Step {
    /// Nothing.
    Quiet,
    /// First time past `settle`.
    Settled,
    /// First time past `dwell`.
    Fired,
    /// Absent for too long.
    Over,
}

/// One run, from the first look in which the condition held.
///
/// Time is *watched* time: the sum of the steps between looks, each at most [`Pace::gap_max`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Hold {
    /// When it first held.
    pub(in crate::rule) first: Timestamp,
    /// When it last held; `first <= last`.
    pub(in crate::rule) last: Timestamp,
    pub(in crate::rule) phase: Phase,
    looked: Timestamp,
    watched: Duration,
    absent: Duration,
    hidden: Duration,
    looks: u32,
    hits: u32,
}

impl Hold {
    /// A run that begins with a look in which it holds.
    pub(in crate::rule) fn begin(at: Timestamp) -> Self {
        Self {
            first: at,
            last: at,
            phase: Phase::New,
            looked: at,
            watched: Duration::ZERO,
            absent: Duration::ZERO,
            hidden: Duration::ZERO,
            looks: 1,
            hits: 1,
        }
    }

    /// A run that is as far after its first look as `params` allow.
    pub(in crate::rule) fn begin_under(params: &HoldParams, at: Timestamp) -> Self {
        let mut hold = Self::begin(at);
        if params.settle.is_zero() {
            hold.phase = Phase::Settled;
        }
        hold.advance(params);
        hold
    }

    /// Looks again, at a time not before the last look.
    pub(in crate::rule) fn step(
        &mut self,
        params: &HoldParams,
        at: Timestamp,
        holds: bool,
    ) -> Step {
        if at.since(self.looked) > params.pace.away_max {
            return Step::Over;
        }
        let gap = params.pace.watched(self.looked, at);
        self.looked = at;
        self.watched += gap;
        self.looks = self.looks.saturating_add(1);
        if !holds {
            self.absent += gap;
            return if self.absent > params.absence { Step::Over } else { Step::Quiet };
        }
        self.absent = Duration::ZERO;
        self.hidden = Duration::ZERO;
        self.hits = self.hits.saturating_add(1);
        self.last = at;
        self.advance(params)
    }

    /// A look in which something stands before it: it is neither seen nor missed. False when that
    /// has gone on for too long to believe that it is still there.
    pub(in crate::rule) fn pass_hidden(&mut self, pace: &Pace, at: Timestamp) -> bool {
        if at.since(self.looked) > pace.away_max || self.hidden > HIDDEN_MAX {
            return false;
        }
        self.hidden += pace.watched(self.looked, at);
        self.looked = at;
        true
    }

    /// A look that does not count, however long it goes on.
    pub(in crate::rule) fn pause(&mut self, at: Timestamp) {
        self.looked = at;
    }

    fn advance(&mut self, params: &HoldParams) -> Step {
        let supported = self.hits as f32 >= params.support_min * self.looks as f32;
        if self.phase < Phase::Fired && self.watched >= params.dwell && supported {
            self.phase = Phase::Fired;
            Step::Fired
        } else if self.phase == Phase::New && self.watched >= params.settle {
            self.phase = Phase::Settled;
            Step::Settled
        } else {
            Step::Quiet
        }
    }

    /// How long it has been absent at the last look.
    pub(in crate::rule) fn absent(&self) -> Duration {
        self.absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Times on a coarse grid, so that `==` at the boundaries is common, not a fluke.
    const GRID: Duration = Duration::from_millis(250);

    /// The definition over the whole history: slow and obviously right. Returns the step after
    /// which each thing happened.
    fn oracle(p: &HoldParams, looks: &[(Timestamp, bool)]) -> Vec<(usize, Step)> {
        let watched = |from: usize, to: usize| -> Duration {
            (from..to).map(|i| looks[i + 1].0.since(looks[i].0).min(p.pace.gap_max)).sum()
        };
        let (mut out, mut settled, mut fired) = (Vec::new(), false, false);
        for k in 1..looks.len() {
            let last_true = (0..=k).rev().find(|&i| looks[i].1).unwrap_or(0);
            if looks[k].0.since(looks[k - 1].0) > p.pace.away_max {
                out.push((k, Step::Over));
                return out;
            }
            if watched(last_true, k) > p.absence {
                out.push((k, Step::Over));
                return out;
            }
            if !looks[k].1 {
                continue;
            }
            let hits = looks[..=k].iter().filter(|l| l.1).count() as f32;
            let supported = hits >= p.support_min * (k + 1) as f32;
            if !fired && watched(0, k) >= p.dwell && supported {
                fired = true;
                out.push((k, Step::Fired));
            } else if !fired && !settled && watched(0, k) >= p.settle {
                settled = true;
                out.push((k, Step::Settled));
            }
        }
        out
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            gaps in prop::collection::vec((prop_oneof![40 => 0u32..26, 1 => 3599u32..3602], any::<bool>()), 0..80),
            settle in 0u32..6,
            dwell in 1u32..30,
            absence in 0u32..30,
            support in 0u32..5,
        ) {
            let p = HoldParams {
                settle: GRID * settle,
                dwell: GRID * dwell,
                absence: GRID * absence,
                support_min: support as f32 / 5.0,
                pace: Pace::CAMERA,
            };
            let mut at = Timestamp::from_secs(1_000);
            let mut looks = vec![(at, true)];
            for (gap, holds) in gaps {
                at = at.plus(GRID * gap);
                looks.push((at, holds));
            }
            let mut hold = Hold::begin(looks[0].0);
            let mut got = Vec::new();
            for (k, (at, holds)) in looks.iter().enumerate().skip(1) {
                let step = hold.step(&p, *at, *holds);
                if step != Step::Quiet {
                    got.push((k, step));
                }
                if step == Step::Over {
                    break;
                }
            }
            prop_assert_eq!(got, oracle(&p, &looks));
        }
    }
}
