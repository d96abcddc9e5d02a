//! "Once one thing has held, another has not held for `duration`": the owner of a bag.

use super::{Level, Pace};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct AbsentParams {
    /// Missing for so long.
    pub(in crate::rule) duration: Duration,
    /// Sightings up to this are ignored.
    pub(in crate::rule) grace: Duration,
    pub(in crate::rule) pace: Pace,
}

/// For how long it has been missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Absent {
    /// What begins it has held; the first look without the other one since.
    armed: bool,
    since: Option<Timestamp>,
    missing: Duration,
    /// Length of the sighting that goes on; none when there is none.
    sighted: Option<Duration>,
    looked: Option<Timestamp>,
}

impl Absent {
    /// `after`: does what begins it hold? `of`: is the other one there?
    pub(in crate::rule) fn step(
        &mut self,
        params: &AbsentParams,
        at: Timestamp,
        after: bool,
        of: bool,
    ) -> Level {
        let before = self.looked.unwrap_or(at);
        if at.since(before) > params.pace.away_max {
            *self = Self::default();
        }
        let gap = params.pace.watched(before, at);
        self.looked = Some(at);
        self.armed |= after;
        if !self.armed {
            return Level::No;
        }
        // A sighting begins with the look that sees it, and its length counts from there.
        self.sighted = of.then(|| self.sighted.map_or(Duration::ZERO, |s| s + gap));
        if self.since.is_some() {
            self.missing += gap;
        }
        let returned = self.sighted.is_some_and(|s| s > params.grace);
        if returned || (of && self.since.is_none()) {
            self.since = None;
            self.missing = Duration::ZERO;
            return Level::No;
        }
        let since = *self.since.get_or_insert(at);
        if self.missing >= params.duration {
            Level::Yes { since, last: at }
        } else {
            Level::Pending { since }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{GRID, looks, watched};
    use super::*;
    use proptest::prelude::*;

    /// At look `k`: armed; the last sighting longer than `grace` (or any before the first look
    /// without) lies `duration` back.
    fn oracle(p: &AbsentParams, all: &[(Timestamp, [bool; 2])]) -> Vec<Level> {
        let mut out = Vec::new();
        for k in 0..all.len() {
            let born = (1..=k).rev().find(|&i| all[i].0.since(all[i - 1].0) > p.pace.away_max);
            let born = born.unwrap_or(0);
            let Some(armed) = (born..=k).find(|&i| all[i].1[0]) else {
                out.push(Level::No);
                continue;
            };
            // Walks the runs of sightings since it was armed.
            let mut since: Option<usize> = None;
            for i in armed..=k {
                let run = (armed..=i).rev().take_while(|&j| all[j].1[1]).last();
                match run {
                    None => since = since.or(Some(i)),
                    Some(first) if watched(p.pace, &all[first..=i]) > p.grace => since = None,
                    Some(_) => {}
                }
            }
            out.push(match since {
                None => Level::No,
                Some(s) if watched(p.pace, &all[s..=k]) >= p.duration => {
                    Level::Yes { since: all[s].0, last: all[k].0 }
                }
                Some(s) => Level::Pending { since: all[s].0 },
            });
        }
        out
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            first in looks(50),
            of in prop::collection::vec(prop::bool::weighted(0.3), 50),
            duration in 0u32..40,
            grace in 0u32..8,
        ) {
            let all: Vec<(Timestamp, [bool; 2])> =
                first.iter().zip(&of).map(|((at, a), b)| (*at, [*a, *b])).collect();
            let p = AbsentParams {
                duration: GRID * duration, grace: GRID * grace, pace: Pace::CAMERA,
            };
            let mut absent = Absent::default();
            let got: Vec<Level> =
                all.iter().map(|(at, [a, b])| absent.step(&p, *at, *a, *b)).collect();
            prop_assert_eq!(got, oracle(&p, &all));
        }
    }
}
