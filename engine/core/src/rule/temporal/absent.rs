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

/// A sighting goes on over pauses of up to this share of the longest that is ignored: a detector
/// misses somebody for a look or two.
const PAUSE_SHARE: u32 = 4;

impl AbsentParams {
    /// The longest gap between looks that tells a passer-by from who stays: two looks in a row may miss
    /// somebody without ending a sighting.
    pub(in crate::rule) fn bears(&self) -> Duration {
        self.grace / (2 * PAUSE_SHARE)
    }
}

/// For how long it has been missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Absent {
    /// What begins it has held.
    armed: bool,
    /// The first look without the other one since it was last really there.
    since: Option<Timestamp>,
    missing: Duration,
    /// The sighting that goes on; none when there is none.
    sighted: Option<Sighted>,
    looked: Option<Timestamp>,
    /// The last look without it.
    last: Timestamp,
    /// It has been missing for long enough; passers-by do not change that.
    holds: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sighted {
    /// From its first to its newest look that saw it.
    length: Duration,
    /// Since then.
    pause: Duration,
    /// It was there, and did not only pass.
    real: bool,
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
        if self.since.is_some() {
            self.missing += gap;
        }
        if of {
            if self.see(params, gap) {
                self.since = None;
                self.missing = Duration::ZERO;
                self.holds = false;
                return Level::No;
            }
        } else {
            self.sighted = self
                .sighted
                .map(|s| Sighted { pause: s.pause + gap, ..s })
                .filter(|s| s.pause <= params.grace / PAUSE_SHARE);
            self.last = at;
        }
        self.since.get_or_insert(at);
        // Not while somebody is with it: whether they only pass is not known yet.
        self.holds |= self.missing >= params.duration && self.sighted.is_none();
        self.level()
    }

    /// When it will have been missing for long enough; none while it is not missing, or has been.
    pub(in crate::rule) fn due(&self, duration: Duration) -> Option<Timestamp> {
        let looked = self.looked.filter(|_| self.since.is_some() && !self.holds)?;
        Some(looked.plus(duration.saturating_sub(self.missing)))
    }

    /// Is the other one missing, as far as is known?
    pub(in crate::rule) fn goes_on(&self) -> bool {
        self.since.is_some()
    }

    /// What the last look made of it.
    pub(in crate::rule) fn level(&self) -> Level {
        match self.since {
            Some(since) if self.holds => Level::Yes { since, last: self.last },
            Some(since) => Level::Pending { since },
            None => Level::No,
        }
    }

    /// Takes note of a look that sees it; was it really there? So it is for the whole of a sighting
    /// that began before it was missed, or was missed for a pause only.
    fn see(&mut self, params: &AbsentParams, gap: Duration) -> bool {
        let missed_briefly = self.since.is_none() || self.missing <= params.grace / PAUSE_SHARE;
        let began = Sighted { real: missed_briefly, ..Sighted::default() };
        let mut sighted = self.sighted.map_or(began, |s| Sighted {
            length: s.length + s.pause + gap,
            pause: Duration::ZERO,
            ..s
        });
        sighted.real |= sighted.length > params.grace;
        self.sighted = Some(sighted);
        sighted.real
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{GRID, looks, watched};
    use super::*;
    use proptest::prelude::*;

    /// At look `k`: armed; the last sighting longer than `grace` (or any that began no more than
    /// a pause after the first look without) lies `duration` back.
    fn oracle(p: &AbsentParams, all: &[(Timestamp, [bool; 2])]) -> Vec<Level> {
        let mut out = Vec::new();
        for k in 0..all.len() {
            let born = (1..=k).rev().find(|&i| all[i].0.since(all[i - 1].0) > p.pace.away_max);
            let born = born.unwrap_or(0);
            let Some(armed) = (born..=k).find(|&i| all[i].1[0]) else {
                out.push(Level::No);
                continue;
            };
            // Walks the sightings since it was armed: first look, newest look, really there.
            let mut since: Option<usize> = None;
            let mut sighted: Option<(usize, usize, bool)> = None;
            let mut holds = false;
            for i in armed..=k {
                let pause_max = p.grace / PAUSE_SHARE;
                sighted =
                    sighted.filter(|s| all[i].1[1] || watched(p.pace, &all[s.1..=i]) <= pause_max);
                if !all[i].1[1] {
                    since = since.or(Some(i));
                    let enough = since.is_some_and(|s| watched(p.pace, &all[s..=i]) >= p.duration);
                    holds |= enough && sighted.is_none();
                    continue;
                }
                let briefly = since.is_none_or(|s| watched(p.pace, &all[s..=i]) <= pause_max);
                let (first, _, real) = sighted.unwrap_or((i, i, briefly));
                let real = real || watched(p.pace, &all[first..=i]) > p.grace;
                if real {
                    (since, holds) = (None, false);
                }
                sighted = Some((first, i, real));
            }
            let last = (armed..=k).rev().find(|&i| !all[i].1[1]).unwrap_or(k);
            out.push(match since {
                None => Level::No,
                Some(s) if holds => Level::Yes { since: all[s].0, last: all[last].0 },
                Some(s) => Level::Pending { since: all[s].0 },
            });
        }
        out
    }

    #[test]
    fn it_holds_when_it_is_due() {
        let secs = Duration::from_secs;
        let p = AbsentParams { duration: secs(30), grace: secs(8), pace: Pace::CAMERA };
        assert_eq!(p.bears(), secs(1));
        let at = |s: u64| Timestamp::from_secs(1_000 + s);
        let mut absent = Absent::default();
        absent.step(&p, at(0), true, true);
        assert_eq!((absent.due(p.duration), absent.goes_on()), (None, false), "it is there");
        absent.step(&p, at(2), false, false);
        assert_eq!((absent.due(p.duration), absent.goes_on()), (Some(at(32)), true));
        let held: Vec<u64> =
            (3..40).filter(|s| absent.step(&p, at(*s), false, false).holds()).collect();
        assert_eq!((held[0], absent.due(p.duration)), (32, None));
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            first in looks(50),
            of in prop::collection::vec(prop::bool::weighted(0.3), 50),
            duration in 0u32..40,
            grace in 0u32..60,
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
