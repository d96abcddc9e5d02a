//! "It held in at least `min` of the last `looks` looks."

use super::{Level, Pace};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct HitsParams {
    /// So often.
    pub(in crate::rule) min: usize,
    /// Of so many looks; at least `min`.
    pub(in crate::rule) looks: usize,
    /// Once it holds, it may fall short for so long.
    pub(in crate::rule) grace: Duration,
    pub(in crate::rule) pace: Pace,
}

impl HitsParams {
    /// It counts looks and no seconds, so it bears no gap and needs all of them.
    pub(in crate::rule) const BEARS: Duration = Duration::ZERO;

    /// The shortest time from its first hit until it holds, at so many looks a second.
    pub(in crate::rule) fn takes(&self, look_hz: f32) -> Duration {
        let steps = self.min.saturating_sub(1) as f32;
        Duration::from_secs_f32(steps / look_hz.max(f32::EPSILON))
    }
}

/// The last looks, and whether it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Hits {
    /// Oldest first; at most as many as `looks`.
    recent: VecDeque<(Timestamp, bool)>,
    /// Since it holds: when its first hit was, and when it was last enough.
    enough: Option<(Timestamp, Timestamp)>,
    /// Watched time since it was last enough.
    short: Duration,
}

impl Hits {
    pub(in crate::rule) fn step(
        &mut self,
        params: &HitsParams,
        at: Timestamp,
        holds: bool,
    ) -> Level {
        let before = self.recent.back().map_or(at, |(t, _)| *t);
        if at.since(before) > params.pace.away_max {
            *self = Self::default();
        }
        self.recent.push_back((at, holds));
        while self.recent.len() > params.looks {
            self.recent.pop_front();
        }
        let hits = self.recent.iter().filter(|(_, hit)| *hit).count();
        let first = self.recent.iter().find(|(_, hit)| *hit).map_or(at, |(t, _)| *t);
        if hits >= params.min {
            self.short = Duration::ZERO;
            let since = self.enough.map_or(first, |(since, _)| since);
            self.enough = Some((since, at));
        } else if self.enough.is_some() {
            self.short += params.pace.watched(before, at);
            if self.short > params.grace {
                self.enough = None;
            }
        }
        match self.enough {
            Some((since, last)) => Level::Yes { since, last },
            None if hits > 0 => Level::Pending { since: first },
            None => Level::No,
        }
    }
}

impl Hits {
    /// Was it hit lately?
    pub(in crate::rule) fn goes_on(&self) -> bool {
        self.enough.is_some() || self.recent.iter().any(|(_, hit)| *hit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{GRID, Looks, looks, watched};
    use super::*;
    use proptest::prelude::*;

    /// At each look, over the whole history: enough hits now, or enough at an earlier look with
    /// no more than `grace` watched since, and no gap that forgets.
    fn oracle(p: &HitsParams, all: &Looks) -> Vec<Level> {
        let mut out = Vec::new();
        for k in 0..all.len() {
            let born = (1..=k).rev().find(|&i| all[i].0.since(all[i - 1].0) > p.pace.away_max);
            let born = born.unwrap_or(0);
            let window = |i: usize| (i + 1).saturating_sub(p.looks).max(born)..=i;
            let hits = |i: usize| window(i).filter(|&j| all[j].1).collect::<Vec<_>>();
            let enough = |i: usize| hits(i).len() >= p.min;
            // From an enough look to the last one that fell short before `to`.
            let covers = |i: usize, to: usize| {
                let short = if enough(to) { to.saturating_sub(1).max(i) } else { to };
                watched(p.pace, &all[i..=short]) <= p.grace
            };
            // Goes back from `k` over runs of looks that are enough or bridged.
            let mut begin = None;
            let mut anchor = k;
            for i in (born..=k).rev() {
                if enough(i) {
                    if !covers(i, anchor) {
                        break;
                    }
                    anchor = i;
                    begin = Some(i);
                }
            }
            let last = (born..=k).rev().find(|&i| enough(i));
            out.push(match (begin, last) {
                (Some(begin), Some(last)) => {
                    Level::Yes { since: all[hits(begin)[0]].0, last: all[last].0 }
                }
                _ => match hits(k).first() {
                    Some(&first) => Level::Pending { since: all[first].0 },
                    None => Level::No,
                },
            });
        }
        out
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            all in looks(60), min in 1usize..6, more in 0usize..6, grace in 0u32..12,
        ) {
            let p = HitsParams { min, looks: min + more, grace: GRID * grace, pace: Pace::CAMERA };
            let mut hits = Hits::default();
            let got: Vec<Level> = all.iter().map(|(at, h)| hits.step(&p, *at, *h)).collect();
            prop_assert_eq!(got, oracle(&p, &all));
        }
    }
}
