//! Who rides what: a rider stays one while the machine is missed.
//!
//! Detectors miss a bike below its rider, or the rider above it, in every third look, and in
//! bursts. So who was surely seen on a machine rides on for some seconds while the other of the two
//! is not seen at all; once it is seen elsewhere, or stands there alone, they have parted.

use super::path::Who;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// For so long one of the two may be missed. Judgement: longer than a burst of misses, shorter than
/// it takes to park, dismount and walk away with the bike out of view.
const MISSED_MAX: Duration = Duration::from_secs(5);
/// Who is said to ride because of it must have been seen to for so long: walkers are over a bike that is
/// pushed for a moment. Nobody needs to have ridden for long not to be a walker.
const KNOWN_MIN: Duration = Duration::from_secs(2);
/// Most pairs remembered; the one not seen for longest makes room.
const PAIRS_MAX: usize = 256;

/// Pairs of a thing's member and what it rides on, or is ridden by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rides {
    /// By relation, member and other: a look asks for each of its members.
    pairs: Vec<Pair>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    relation: (usize, usize),
    of: Who,
    with: Who,
    /// When they were first seen together.
    since: Timestamp,
    seen: Timestamp,
}

impl Rides {
    /// Forgets pairs that were not seen together for too long.
    pub(super) fn forget(&mut self, at: Timestamp) {
        self.pairs.retain(|pair| at.since(pair.seen) <= MISSED_MAX && pair.seen <= at);
    }

    /// A member was surely seen together with another: `relation` is thing and place in its list.
    pub(super) fn note(&mut self, relation: (usize, usize), of: Who, with: Who, at: Timestamp) {
        match self.pairs.binary_search_by_key(&(relation, of, with), Pair::key) {
            Ok(i) => self.pairs[i].seen = at,
            Err(i) => self.pairs.insert(i, Pair { relation, of, with, since: at, seen: at }),
        }
        if self.pairs.len() > PAIRS_MAX {
            let oldest = (0..self.pairs.len()).min_by_key(|i| self.pairs[*i].seen);
            oldest.map(|i| self.pairs.remove(i));
        }
    }

    /// With how many was it together lately that are not in view now? `denied`: the relation says
    /// with whom a member is not.
    pub(super) fn missed(
        &self,
        relation: (usize, usize),
        of: Who,
        denied: bool,
        in_view: impl Fn(Who) -> bool,
    ) -> usize {
        let first = self.pairs.partition_point(|p| (p.relation, p.of) < (relation, of));
        let its = self.pairs[first..].iter().take_while(|p| (p.relation, p.of) == (relation, of));
        let known = |p: &&Pair| denied || p.seen.since(p.since) >= KNOWN_MIN;
        its.filter(known).filter(|p| !in_view(p.with)).count()
    }
}

impl Pair {
    fn key(&self) -> ((usize, usize), Who, Who) {
        (self.relation, self.of, self.with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: (usize, usize) = (1, 0);

    #[test]
    fn a_rider_rides_on_while_the_machine_is_missed_and_no_longer() {
        let at = |ms: u64| Timestamp(1_000_000_000_000 + ms * 1_000_000);
        let mut rides = Rides::default();
        rides.note(ON, 1, 2, at(0));
        for ms in [500, 2_000, 5_000] {
            rides.forget(at(ms));
            assert_eq!(rides.missed(ON, 1, true, |_| false), 1, "{ms}");
            assert_eq!(rides.missed(ON, 1, true, |who| who == 2), 0, "it is in view, without them");
            assert_eq!(rides.missed(ON, 3, true, |_| false), 0, "of somebody else");
            assert_eq!(rides.missed((0, 0), 1, true, |_| false), 0, "another relation");
        }
        rides.note(ON, 1, 2, at(5_000));
        rides.forget(at(10_000));
        assert_eq!(rides.missed(ON, 1, true, |_| false), 1);
        rides.forget(at(10_001));
        assert_eq!(rides.missed(ON, 1, true, |_| false), 0);
    }

    #[test]
    fn who_was_over_a_machine_for_a_moment_does_not_ride_it() {
        let at = |ms: u64| Timestamp(1_000_000_000_000 + ms * 1_000_000);
        let mut rides = Rides::default();
        for ms in [0, 500, 1_000, 1_500] {
            rides.note(ON, 1, 2, at(ms));
        }
        assert_eq!(rides.missed(ON, 1, false, |_| false), 0);
        rides.note(ON, 1, 2, at(2_000));
        assert_eq!(rides.missed(ON, 1, false, |_| false), 1);
    }

    #[test]
    fn pairs_are_bounded_and_the_oldest_goes_first() {
        let mut rides = Rides::default();
        for who in 0..300 {
            rides.note(ON, who, who, Timestamp::from_secs(1));
        }
        assert_eq!(rides.pairs.len(), PAIRS_MAX);
        assert_eq!(
            (rides.missed(ON, 43, true, |_| false), rides.missed(ON, 44, true, |_| false)),
            (0, 1)
        );
    }
}
