//! "It began at least `min` times within the last `within`."

use super::{Level, Pace};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct RateParams {
    /// So often; at least 1.
    pub(in crate::rule) min: usize,
    /// The window, in real time: it empties also while nobody looks.
    pub(in crate::rule) within: Duration,
    /// A pause up to this is no new beginning.
    pub(in crate::rule) grace: Duration,
    pub(in crate::rule) pace: Pace,
}

impl RateParams {
    /// The longest gap between looks that tells one beginning from the next: two of them fit into a pause
    /// that is bridged.
    pub(in crate::rule) fn bears(&self) -> Duration {
        self.grace / 2
    }
}

/// The newest beginnings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Rate {
    /// Oldest first; more than `min` are never needed.
    begun: VecDeque<Timestamp>,
    /// Watched time since it last held; none before it first did.
    since_held: Option<Duration>,
    /// It held in the last look.
    holds: bool,
    looked: Option<Timestamp>,
}

impl Rate {
    pub(in crate::rule) fn step(
        &mut self,
        params: &RateParams,
        at: Timestamp,
        holds: bool,
    ) -> Level {
        let before = self.looked.unwrap_or(at);
        if at.since(before) > params.pace.away_max {
            *self = Self::default();
        }
        let gap = params.pace.watched(before, at);
        self.looked = Some(at);
        // A pause ends with the look that sees it hold again; looks that all see it are no pause.
        let since_held = self.since_held.map(|t| t + gap);
        if holds {
            if since_held.is_none_or(|t| !self.holds && t > params.grace) {
                self.begun.push_back(at);
            }
            self.since_held = Some(Duration::ZERO);
        } else {
            self.since_held = since_held;
        }
        self.holds = holds;
        while self.begun.len() > params.min
            || self.begun.front().is_some_and(|t| at.since(*t) > params.within)
        {
            self.begun.pop_front();
        }
        match self.begun.front() {
            Some(since) if self.begun.len() >= params.min => Level::Yes { since: *since, last: at },
            Some(since) => Level::Pending { since: *since },
            None => Level::No,
        }
    }
}

impl Rate {
    /// Has it begun lately?
    pub(in crate::rule) fn goes_on(&self) -> bool {
        self.holds || !self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{GRID, Looks, looks, watched};
    use super::*;
    use proptest::prelude::*;

    fn oracle(p: &RateParams, all: &Looks) -> Vec<Level> {
        let born = |k: usize| {
            (1..=k).rev().find(|&i| all[i].0.since(all[i - 1].0) > p.pace.away_max).unwrap_or(0)
        };
        let begins = |i: usize, born: usize| {
            let before = (born..i).rev().find(|&j| all[j].1);
            all[i].1 && before.is_none_or(|j| j + 1 < i && watched(p.pace, &all[j..=i]) > p.grace)
        };
        (0..all.len())
            .map(|k| {
                let born = born(k);
                let recent: Vec<Timestamp> = (born..=k)
                    .filter(|&i| begins(i, born) && all[k].0.since(all[i].0) <= p.within)
                    .map(|i| all[i].0)
                    .collect();
                match recent.len().checked_sub(p.min) {
                    Some(first) => Level::Yes { since: recent[first], last: all[k].0 },
                    None => match recent.first() {
                        Some(since) => Level::Pending { since: *since },
                        None => Level::No,
                    },
                }
            })
            .collect()
    }

    #[test]
    fn what_goes_on_has_begun_once() {
        let p =
            RateParams { min: 2, within: GRID * 100, grace: Duration::ZERO, pace: Pace::CAMERA };
        let at = |n: u32| Timestamp::from_secs(100).plus(GRID * n);
        let mut rate = Rate::default();
        for n in 0..20 {
            assert_eq!(rate.step(&p, at(n), true), Level::Pending { since: at(0) });
        }
        rate.step(&p, at(20), false);
        assert_eq!(rate.step(&p, at(21), true), Level::Yes { since: at(0), last: at(21) });
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            all in looks(80), min in 1usize..5, within in 1u32..80, grace in 0u32..12,
        ) {
            let p = RateParams {
                min, within: GRID * within, grace: GRID * grace, pace: Pace::CAMERA,
            };
            let mut rate = Rate::default();
            let got: Vec<Level> = all.iter().map(|(at, h)| rate.step(&p, *at, *h)).collect();
            prop_assert_eq!(got, oracle(&p, &all));
        }
    }
}
