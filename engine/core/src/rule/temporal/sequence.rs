//! "One after the other, the last at most `within` after the first."

use super::{Level, Pace};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct SequenceParams {
    /// First to last.
    pub(in crate::rule) within: Duration,
    /// Once complete, its last step may be away for so long.
    pub(in crate::rule) grace: Duration,
    pub(in crate::rule) pace: Pace,
}

impl SequenceParams {
    /// The longest gap between looks in which so many steps can be seen one after the other, and under which
    /// it ends as it would with more looks.
    pub(in crate::rule) fn bears(&self, steps: usize) -> Duration {
        let between = u32::try_from(steps.saturating_sub(1).max(1)).unwrap_or(u32::MAX);
        let paced = self.within / between.saturating_mul(2);
        if self.grace.is_zero() { paced } else { paced.min(self.grace / Pace::LOOKS_MIN) }
    }
}

/// How far it has come. Of all ways to explain the looks by the steps, the one that began last is
/// kept for each step: it has the most time left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Sequence {
    /// For each step: the latest beginning of a chain that ends with it.
    begun: Vec<Option<Timestamp>>,
    /// Once complete: when it began, and when the last step last held.
    complete: Option<(Timestamp, Timestamp)>,
    /// Watched time without the last step.
    away: Duration,
    looked: Option<Timestamp>,
}

impl Sequence {
    /// `holds[i]`: does step `i` hold in this look? Steps follow each other in later looks.
    pub(in crate::rule) fn step(
        &mut self,
        params: &SequenceParams,
        at: Timestamp,
        holds: &[bool],
    ) -> Level {
        let before = self.looked.unwrap_or(at);
        if at.since(before) > params.pace.away_max {
            *self = Self::default();
        }
        self.looked = Some(at);
        self.begun.resize(holds.len(), None);
        for begun in &mut self.begun {
            *begun = begun.filter(|t| at.since(*t) <= params.within);
        }
        let last = holds.len() - 1;
        let completed = if holds[last] { self.begun[last - 1] } else { None };
        // From the last to the first, so that one look serves one step.
        for i in (1..last).rev() {
            if holds[i]
                && let Some(begin) = self.begun[i - 1]
            {
                self.begun[i] = Some(begin);
            }
        }
        if holds[0] {
            self.begun[0] = Some(at);
        }
        if holds[last] {
            self.away = Duration::ZERO;
            let since = self.complete.map(|(since, _)| since).or(completed);
            self.complete = since.map(|since| (since, at));
        } else if self.complete.is_some() {
            self.away += params.pace.watched(before, at);
            if self.away > params.grace {
                self.complete = None;
            }
        }
        match (self.complete, self.begun.iter().flatten().min()) {
            (Some((since, last)), _) => Level::Yes { since, last },
            (None, Some(since)) => Level::Pending { since: *since },
            (None, None) => Level::No,
        }
    }
}

impl Sequence {
    /// Has a step been seen that another may follow, or is it complete?
    pub(in crate::rule) fn goes_on(&self) -> bool {
        self.complete.is_some() || self.begun.iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{GRID, looks, watched};
    use super::*;
    use proptest::prelude::*;

    type All = Vec<(Timestamp, [bool; 3])>;

    /// The latest beginning of a chain of steps `0..=step` that ends at look `k`, tried in full.
    fn chain(
        p: &SequenceParams,
        all: &All,
        born: usize,
        step: usize,
        k: usize,
        end: Timestamp,
    ) -> Option<Timestamp> {
        if !all[k].1[step] {
            return None;
        }
        if step == 0 {
            return (end.since(all[k].0) <= p.within).then_some(all[k].0);
        }
        (born..k).filter_map(|i| chain(p, all, born, step - 1, i, end)).max()
    }

    fn oracle(p: &SequenceParams, all: &All) -> Vec<Option<(Timestamp, Timestamp)>> {
        let mut out: Vec<Option<(Timestamp, Timestamp)>> = Vec::new();
        for k in 0..all.len() {
            let born = (1..=k).rev().find(|&i| all[i].0.since(all[i - 1].0) > p.pace.away_max);
            let born = born.unwrap_or(0);
            let before = if k > born { out[k - 1] } else { None };
            let kept = before.filter(|_| {
                let last = (born..=k).rev().find(|&i| all[i].1[2]).unwrap_or(born);
                last == k || watched(p.pace, &all[last..=k]) <= p.grace
            });
            out.push(if all[k].1[2] {
                let since = kept.map(|(since, _)| since);
                let since = since.or_else(|| chain(p, all, born, 2, k, all[k].0));
                since.map(|since| (since, all[k].0))
            } else {
                kept
            });
        }
        out
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            first in looks(40),
            more in prop::collection::vec((any::<bool>(), any::<bool>()), 40),
            within in 1u32..60,
            grace in 0u32..12,
        ) {
            let all: All =
                first.iter().zip(&more).map(|((at, a), (b, c))| (*at, [*a, *b, *c])).collect();
            let p = SequenceParams {
                within: GRID * within, grace: GRID * grace, pace: Pace::CAMERA,
            };
            let mut sequence = Sequence::default();
            let got: Vec<_> = all
                .iter()
                .map(|(at, holds)| match sequence.step(&p, *at, holds) {
                    Level::Yes { since, last } => Some((since, last)),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(got, oracle(&p, &all));
        }
    }

    #[test]
    fn one_look_serves_one_step_and_the_first_makes_it_pending() {
        let p = SequenceParams { within: GRID * 8, grace: Duration::ZERO, pace: Pace::CAMERA };
        let at = |n: u32| Timestamp::from_secs(100).plus(GRID * n);
        let mut s = Sequence::default();
        assert_eq!(s.step(&p, at(0), &[false, true]), Level::No);
        assert_eq!(s.step(&p, at(1), &[true, true]), Level::Pending { since: at(1) });
        let complete = Level::Yes { since: at(1), last: at(9) };
        assert_eq!(s.step(&p, at(9), &[false, true]), complete);
        assert_eq!(s.step(&p, at(10), &[true, false]), Level::Pending { since: at(10) });
        assert_eq!(s.step(&p, at(19), &[false, true]), Level::No, "one step of the grid too late");
    }
}
