//! What is known of a condition at a look, and how the time between looks counts.

use crate::time::Timestamp;
use std::time::Duration;

/// How time between two looks counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Pace {
    /// Longest step between two looks that counts in full.
    pub(in crate::rule) gap_max: Duration,
    /// After a longer gap than this nothing is known of what was before.
    pub(in crate::rule) away_max: Duration,
}

impl Pace {
    /// Looks of a camera. One that was away for ten minutes has neither seen a car stand nor seen
    /// it leave in that time; the car of last night is not the car of this morning.
    pub(in crate::rule) const CAMERA: Self =
        Self { gap_max: Duration::from_secs(5), away_max: Duration::from_mins(15) };
    /// Readings of sensors: a value holds until the next one. A sensor that falls silent is told
    /// by its health, so long gaps need no rule here.
    pub(in crate::rule) const SENSOR: Self =
        Self { gap_max: Duration::from_hours(24), away_max: Duration::from_hours(48) };

    /// So many looks must fit into what may be missed: one that sees nothing may be a detector's
    /// miss, and two as well.
    pub(in crate::rule) const LOOKS_MIN: u32 = 3;

    /// How much of the time from one look to the next counts.
    pub(in crate::rule) fn watched(&self, from: Timestamp, to: Timestamp) -> Duration {
        to.since(from).min(self.gap_max)
    }
}

/// What is known of a condition at a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::rule) enum Level {
    /// It does not hold.
    #[default]
    No,
    /// It has begun to, and may yet come to nothing.
    Pending {
        /// When it began.
        since: Timestamp,
    },
    /// It holds.
    Yes {
        /// When it began.
        since: Timestamp,
        /// When what it rests on last held; not after the look.
        last: Timestamp,
    },
}

impl Level {
    pub(in crate::rule) fn holds(self) -> bool {
        matches!(self, Self::Yes { .. })
    }

    /// Holds in this very look, not by grace.
    pub(in crate::rule) fn holds_at(self, at: Timestamp) -> bool {
        matches!(self, Self::Yes { last, .. } if last == at)
    }

    pub(in crate::rule) fn since(self) -> Option<Timestamp> {
        match self {
            Self::No => None,
            Self::Pending { since } | Self::Yes { since, .. } => Some(since),
        }
    }

    /// Both: begun when the later of them began.
    pub(in crate::rule) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes { since: a, last: x }, Self::Yes { since: b, last: y }) => {
                Self::Yes { since: a.max(b), last: x.min(y) }
            }
            (a, b) => match (a.since(), b.since()) {
                (Some(a), Some(b)) => Self::Pending { since: a.max(b) },
                _ => Self::No,
            },
        }
    }

    /// Either: begun when the first of those that hold began.
    pub(in crate::rule) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes { since: a, last: x }, Self::Yes { since: b, last: y }) => {
                Self::Yes { since: a.min(b), last: x.max(y) }
            }
            (yes @ Self::Yes { .. }, _) | (_, yes @ Self::Yes { .. }) => yes,
            (Self::Pending { since: a }, Self::Pending { since: b }) => {
                Self::Pending { since: a.min(b) }
            }
            (pending @ Self::Pending { .. }, Self::No) => pending,
            (Self::No, other) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: u64) -> Timestamp {
        Timestamp::from_secs(n)
    }

    /// Every kind, with times in either order.
    fn levels() -> Vec<Level> {
        let yes = |since, last| Level::Yes { since: at(since), last: at(last) };
        let pending = |since| Level::Pending { since: at(since) };
        vec![Level::No, pending(1), pending(5), yes(2, 9), yes(4, 7), yes(3, 8)]
    }

    fn last(level: Level) -> Option<Timestamp> {
        match level {
            Level::Yes { last, .. } => Some(last),
            _ => None,
        }
    }

    #[test]
    fn what_is_known_of_a_condition() {
        let [no, pending, yes] = [Level::No, Level::Pending { since: at(1) }, levels()[3]];
        assert_eq!([no, pending, yes].map(Level::holds), [false, false, true]);
        assert_eq!([no, pending, yes].map(Level::since), [None, Some(at(1)), Some(at(2))]);
        assert!(yes.holds_at(at(9)) && !yes.holds_at(at(8)) && !pending.holds_at(at(1)));
    }

    /// Against their definitions: how far one has come (no, pending, yes), since when, until when.
    #[test]
    fn both_and_either() {
        let far = |level: Level| match level {
            Level::No => 0,
            Level::Pending { .. } => 1,
            Level::Yes { .. } => 2,
        };
        for a in levels() {
            for b in levels() {
                let (both, either) = (a.and(b), a.or(b));
                assert_eq!(far(both), far(a).min(far(b)), "{a:?} and {b:?}");
                assert_eq!(far(either), far(a).max(far(b)), "{a:?} or {b:?}");
                if far(both) > 0 {
                    assert_eq!(both.since(), a.since().max(b.since()), "{a:?} and {b:?}");
                }
                if far(both) == 2 {
                    assert_eq!(last(both), last(a).min(last(b)), "{a:?} and {b:?}");
                }
                // Of those that have come so far, the first to begin and the last to hold.
                let furthest = [a, b].into_iter().filter(|l| far(*l) == far(either));
                assert_eq!(either.since(), furthest.clone().filter_map(Level::since).min());
                assert_eq!(last(either), furthest.filter_map(last).max(), "{a:?} or {b:?}");
            }
        }
    }
}
