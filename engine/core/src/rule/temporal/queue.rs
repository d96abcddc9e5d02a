//! "The traffic around it stands too": a red light or a jam, not parking.

use super::Pace;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who has passed within so long shows that there is a way on. Judgement: traffic that flows leaves
/// gaps of some seconds, in thin traffic of some more.
pub(in crate::rule) const PASSED_KEEP: Duration = Duration::from_secs(20);
/// No light is red for longer: what stands on has parked, or tells of a street that is closed.
pub(in crate::rule) const STANDS_MAX: Duration = Duration::from_mins(3);
/// So many that may have passed are remembered; the oldest goes first.
const PASSERS_MAX: usize = 16;

/// How the traffic around a subject is in one look.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::rule) struct Around {
    /// Some of it stands for the reason for which the subject does.
    pub(in crate::rule) stands: bool,
    /// Who moves beside the subject.
    pub(in crate::rule) passing: Vec<u64>,
    /// Who is at rest near it: did not pass, but came to stand.
    pub(in crate::rule) resting: Vec<u64>,
}

/// Who moved by lately, and for how long the subject has waited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Queue {
    /// Each with the last look at which it moved beside the subject; oldest first.
    passers: Vec<(u64, Timestamp)>,
    /// Watched time for which it has held, in all.
    stood: Duration,
    /// It held in the last look.
    held: bool,
    /// Some of the traffic stands for the reason for which the subject does, as far as has been seen since a
    /// start: while it does, each that passes counts.
    #[serde(skip)]
    stands: bool,
    looked: Option<Timestamp>,
}

impl Queue {
    /// Is it a queue at this look?
    pub(in crate::rule) fn step(&mut self, pace: Pace, at: Timestamp, around: &Around) -> bool {
        let before = self.looked.replace(at).unwrap_or(at);
        if at.since(before) > pace.away_max {
            *self = Self { looked: Some(at), ..Self::default() };
        }
        if self.held {
            self.stood += pace.watched(before, at);
        }
        self.passers.retain(|(who, seen)| {
            at.since(*seen) <= PASSED_KEEP
                && !around.resting.contains(who)
                && !around.passing.contains(who)
        });
        self.passers.extend(around.passing.iter().map(|who| (*who, at)));
        let surplus = self.passers.len().saturating_sub(PASSERS_MAX);
        self.passers.drain(..surplus);
        self.stands = around.stands;
        self.held = around.stands && self.passers.is_empty() && self.stood < STANDS_MAX;
        self.held
    }
}

impl Queue {
    /// Does it hang on whether somebody passes? It does where traffic stands and none has been seen to pass
    /// for half the time for which that is remembered.
    pub(in crate::rule) fn asks_for_passers(&self) -> bool {
        let newest = self.passers.last().map(|(_, seen)| *seen);
        let lately =
            newest.zip(self.looked).is_some_and(|(seen, at)| at.since(seen) < PASSED_KEEP / 2);
        self.stands && !lately && self.stood < STANDS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{GRID, watched};
    use super::*;
    use proptest::prelude::*;

    type All = Vec<(Timestamp, Around)>;

    /// At look `k`: it stands; of those who moved beside it within the last 20 s all have come to
    /// rest near it since; and it has held for less than the longest so far.
    fn oracle(pace: Pace, all: &All) -> Vec<bool> {
        let mut out: Vec<bool> = Vec::new();
        for k in 0..all.len() {
            let born = (1..=k).rev().find(|&i| all[i].0.since(all[i - 1].0) > pace.away_max);
            let born = born.unwrap_or(0);
            let passed = (born..=k).any(|i| {
                let recent = all[k].0.since(all[i].0) <= PASSED_KEEP;
                let stayed = |who: &u64| (i + 1..=k).any(|j| all[j].1.resting.contains(who));
                recent && all[i].1.passing.iter().any(|who| !stayed(who))
            });
            let stood: Duration =
                (born..k).filter(|&i| out[i]).map(|i| watched(pace, &all[i..=i + 1])).sum();
            out.push(all[k].1.stands && !passed && stood < STANDS_MAX);
        }
        out
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            looks in prop::collection::vec(
                (prop_oneof![40 => 0u32..26, 1 => 3599u32..3603],
                 prop::bool::weighted(0.9), 0u8..8, 0u8..8, prop::bool::weighted(0.2)),
                0..200,
            ),
        ) {
            let mut at = Timestamp::from_secs(1_000);
            let all: All = looks.into_iter().map(|(gap, stands, passing, resting, some)| {
                at = at.plus(GRID * gap);
                // Nobody moves and rests in one look.
                let bits = |bits: u8| (0..3u64).filter(move |i| bits >> i & 1 == 1);
                let passing: Vec<u64> = bits(passing).filter(|_| some).collect();
                let resting = bits(resting).filter(|who| !passing.contains(who)).collect();
                (at, Around { stands, passing, resting })
            }).collect();
            let mut queue = Queue::default();
            let got: Vec<bool> =
                all.iter().map(|(at, around)| queue.step(Pace::CAMERA, *at, around)).collect();
            prop_assert_eq!(got, oracle(Pace::CAMERA, &all));
        }
    }

    #[test]
    fn a_light_is_red_for_three_minutes_at_most() {
        let at = |secs: u64| Timestamp::from_secs(1_000 + secs);
        let stands = Around { stands: true, ..Around::default() };
        let mut queue = Queue::default();
        let held = (0..400).filter(|s| queue.step(Pace::CAMERA, at(*s), &stands)).count();
        assert_eq!(held, 180);
    }

    #[test]
    fn it_asks_for_passers_where_traffic_stands_and_none_was_seen_lately() {
        let at = |secs: u64| Timestamp::from_secs(1_000 + secs);
        let around = |stands, passing| Around { stands, passing, resting: Vec::new() };
        let mut queue = Queue::default();
        let mut asks = |secs, around| {
            queue.step(Pace::CAMERA, at(secs), &around);
            queue.asks_for_passers()
        };
        assert!(!asks(0, around(false, vec![])), "nothing stands with it");
        assert!(asks(2, around(true, vec![])));
        assert!(!asks(4, around(true, vec![7])) && !asks(13, around(true, vec![])));
        assert!(asks(14, around(true, vec![])), "ten seconds later it may be forgotten soon");
    }

    #[test]
    fn many_passers_are_bounded() {
        let mut queue = Queue::default();
        for secs in 0..100 {
            let passing = (0..40).map(|i| secs * 40 + i).collect();
            let around = Around { stands: true, passing, resting: Vec::new() };
            assert!(!queue.step(Pace::CAMERA, Timestamp::from_secs(1_000 + secs), &around));
        }
        assert_eq!(queue.passers.len(), PASSERS_MAX);
    }
}
