//! Readings of many sensors → one order, whatever the order in which they arrive.
//!
//! [`Watermarks`] says up to which time everything has been heard; [`Order`] holds items until
//! then. Items of one time are ordered by their source, then by what they say, so that the order
//! is that of the items and never that of their arrival.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// What orders items of one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tie {
    /// Index of the source.
    pub source: u32,
    /// Follows from what the item says: items of equal content may be exchanged.
    pub content: u64,
}

/// An item came after its time was told; it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the item is older than what was already released")]
pub struct Late;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<T> {
    at: Timestamp,
    content: u64,
    item: T,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiting<T> {
    /// By time and content.
    items: VecDeque<Entry<T>>,
    /// Nothing older of this source is taken.
    floor: Timestamp,
}

/// Holds items back until everything before them has come.
///
/// Invariant: `heads` has the time of the first item of each source that holds any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order<T> {
    sources: Vec<Waiting<T>>,
    heads: BTreeSet<(Timestamp, u32)>,
    /// Items that had to go before their time, with their sources.
    early: VecDeque<(u32, Entry<T>)>,
    watermark: Timestamp,
    held_max: usize,
    late_count: u64,
    early_count: u64,
}

impl<T> Order<T> {
    /// For sources `0..sources`, of which each may have `held_max` items waiting, at least 1.
    pub fn new(sources: u32, held_max: usize) -> Self {
        let source = || Waiting { items: VecDeque::new(), floor: Timestamp::default() };
        Self {
            sources: (0..sources).map(|_| source()).collect(),
            heads: BTreeSet::new(),
            early: VecDeque::new(),
            watermark: Timestamp::default(),
            held_max: held_max.max(1),
            late_count: 0,
            early_count: 0,
        }
    }

    /// Takes an item. A source that has too many of them waiting loses its place: its oldest item
    /// is let go with the next [`pop_ready`](Self::pop_ready), before its time, and counted;
    /// other sources are not touched by that. So call that after each push, or memory grows.
    ///
    /// # Errors
    /// [`Late`] when items of its time have already been released, or no such source exists.
    pub fn push(&mut self, at: Timestamp, tie: Tie, item: T) -> Result<(), Late> {
        let watermark = self.watermark;
        let Some(source) = self.sources.get_mut(tie.source as usize) else {
            self.late_count += 1;
            return Err(Late);
        };
        if at < watermark.max(source.floor) {
            self.late_count += 1;
            return Err(Late);
        }
        let head = source.items.front().map(|first| first.at);
        let place = source.items.partition_point(|i| (i.at, i.content) <= (at, tie.content));
        source.items.insert(place, Entry { at, content: tie.content, item });
        if source.items.len() > self.held_max
            && let Some(oldest) = source.items.pop_front()
        {
            source.floor = oldest.at;
            self.early.push_back((tie.source, oldest));
            self.early_count += 1;
        }
        let new_head = source.items.front().map(|first| first.at);
        if head != new_head {
            if let Some(at) = head {
                self.heads.remove(&(at, tie.source));
            }
            if let Some(at) = new_head {
                self.heads.insert((at, tie.source));
            }
        }
        Ok(())
    }

    /// All items before `watermark`, ordered by time, source and content; those that had to go
    /// early come first.
    pub fn pop_ready(&mut self, watermark: Timestamp) -> Vec<(Timestamp, T)> {
        self.watermark = self.watermark.max(watermark);
        let early = self.early.drain(..).map(|(_, i)| (i.at, i.item));
        let mut out: Vec<(Timestamp, T)> = early.collect();
        let mut ready = Vec::new();
        while let Some((at, ix)) = self.heads.first().copied().filter(|h| h.0 < self.watermark) {
            self.heads.remove(&(at, ix));
            let Some(source) = self.sources.get_mut(ix as usize) else { continue };
            let count = source.items.partition_point(|i| i.at < self.watermark);
            ready.extend(source.items.drain(..count).map(|item| (ix, item)));
            if let Some(first) = source.items.front() {
                self.heads.insert((first.at, ix));
            }
        }
        // Stable: items that are equal in all of this may be exchanged, but not by the sort.
        ready.sort_by_key(|(source, i)| (i.at, *source, i.content));
        out.extend(ready.into_iter().map(|(_, i)| (i.at, i.item)));
        out
    }

    /// How many items are waiting.
    pub fn held(&self) -> usize {
        self.early.len() + self.sources.iter().map(|source| source.items.len()).sum::<usize>()
    }

    /// How many items were refused as late so far.
    pub fn late(&self) -> u64 {
        self.late_count
    }

    /// How many items were released before their time so far, because too many were waiting.
    pub fn early(&self) -> u64 {
        self.early_count
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    lateness: Duration,
    /// Newest event time, and arrival of the last event.
    last: Option<(Timestamp, Timestamp)>,
}

/// Up to which event time everything has been heard.
///
/// Two clocks meet here: events have the sources' times, and who is idle follows from the times
/// of arrival. Both are passed in, so a replay decides as the first run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watermarks {
    sources: Vec<Progress>,
    idle_after: Duration,
    told: Option<Timestamp>,
}

impl Watermarks {
    /// For sources of these latenesses: how far events of each may come behind its newest one. A
    /// source without events for longer than `idle_after` is not waited for.
    pub fn new(lateness: &[Duration], idle_after: Duration) -> Self {
        let sources = lateness.iter().map(|&lateness| Progress { lateness, last: None }).collect();
        Self { sources, idle_after, told: None }
    }

    /// An event of time `at` arrived at `arrived`. An unknown source is ignored.
    pub fn heard(&mut self, source: u32, at: Timestamp, arrived: Timestamp) {
        if let Some(source) = self.sources.get_mut(source as usize) {
            let (newest, before) = source.last.unwrap_or((at, arrived));
            source.last = Some((newest.max(at), before.max(arrived)));
        }
    }

    /// The time before which nothing more is expected, seen at `now`; never steps back. `None`
    /// before anything was heard.
    ///
    /// It is the least of the active sources. When all are idle, nothing is worth waiting for,
    /// and it lies behind everything that was heard.
    pub fn watermark(&mut self, now: Timestamp) -> Option<Timestamp> {
        let heard = self.sources.iter().filter_map(|s| Some((s.lateness, s.last?)));
        let active =
            heard.clone().filter(|(_, (_, arrived))| now.since(*arrived) <= self.idle_after);
        let least = active.map(|(lateness, (newest, _))| before(newest, lateness)).min();
        let all = || heard.map(|(_, (newest, _))| newest.plus(Duration::from_nanos(1))).max();
        self.told = self.told.max(least.or_else(all));
        self.told
    }
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_sub(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn tie(source: u32, content: u64) -> Tie {
        Tie { source, content }
    }

    #[test]
    fn a_babbling_source_loses_its_own_order_only() {
        let mut order = Order::new(2, 3);
        order.push(secs(1), tie(1, 0), "quiet").unwrap();
        for k in 2..7 {
            order.push(secs(k), tie(0, 0), "loud").unwrap();
        }
        assert_eq!((order.early(), order.held()), (2, 6));
        assert_eq!(order.push(secs(2), tie(0, 0), "behind what went early"), Err(Late));
        order.push(secs(2), tie(1, 0), "quiet").unwrap();
        let times: Vec<(Timestamp, &str)> = order.pop_ready(secs(5));
        let want = [(2, "loud"), (3, "loud"), (1, "quiet"), (2, "quiet"), (4, "loud")];
        assert_eq!(times, want.map(|(at, who)| (secs(at), who)));
        assert_eq!(order.push(secs(4), tie(1, 0), "late"), Err(Late));
        assert_eq!(order.push(secs(9), tie(7, 0), "nobody"), Err(Late));
        assert_eq!((order.late(), order.held()), (3, 2));
    }

    #[test]
    fn an_idle_source_holds_nobody_back() {
        let mut marks =
            Watermarks::new(&[Duration::from_secs(5), Duration::ZERO], Duration::from_mins(1));
        assert_eq!(marks.watermark(secs(0)), None);
        marks.heard(0, secs(100), secs(103));
        marks.heard(1, secs(80), secs(103));
        marks.heard(9, secs(1), secs(103));
        assert_eq!(marks.watermark(secs(104)), Some(secs(80)));
        marks.heard(0, secs(160), secs(164));
        assert_eq!(marks.watermark(secs(163)), Some(secs(80)));
        assert_eq!(marks.watermark(secs(164)), Some(secs(155)), "source 1 is idle");
        marks.heard(1, secs(150), secs(165));
        assert_eq!(marks.watermark(secs(165)), Some(secs(155)), "it never steps back");
        let idle = marks.watermark(secs(300)).unwrap();
        assert_eq!(idle, secs(160).plus(Duration::from_nanos(1)), "all are idle");
        let back: Watermarks =
            serde_json::from_str(&serde_json::to_string(&marks).unwrap()).unwrap();
        assert_eq!(back, marks);
    }

    proptest! {
        /// Whatever the delivery, items come out sorted, each once.
        #[test]
        fn any_delivery_gives_the_sorted_order(
            items in prop::collection::vec((0u64..40, 0u32..3, 0u64..3, 0u64..8), 0..60),
            pops in 1usize..6,
            stop in 0usize..60,
        ) {
            // Delivered by time plus delay: 8 s late at most.
            let mut delivered = items.clone();
            delivered.sort_by_key(|(at, _, _, delay)| at + delay);
            let mut order = Order::new(3, 1000);
            let mut marks = Watermarks::new(&[Duration::from_secs(8); 3], Duration::from_hours(1));
            let (mut got, mut newest) = (Vec::new(), 0);
            for (k, (at, source, content, _)) in delivered.iter().enumerate() {
                if k == stop {
                    let saved = serde_json::to_string(&(&order, &marks)).unwrap();
                    (order, marks) = serde_json::from_str(&saved).unwrap();
                }
                prop_assert_eq!(order.push(secs(*at), tie(*source, *content), (*source, *content)), Ok(()));
                newest = newest.max(*at);
                // One watermark for all: their delays are bounded together.
                for source in 0..3 {
                    marks.heard(source, secs(newest), secs(newest));
                }
                if k % pops == 0 {
                    got.extend(order.pop_ready(marks.watermark(secs(newest)).unwrap()));
                }
            }
            got.extend(order.pop_ready(secs(1000)));
            let mut want: Vec<_> = items.iter().map(|(at, s, c, _)| (secs(*at), (*s, *c))).collect();
            want.sort_unstable();
            prop_assert_eq!(got, want);
            prop_assert_eq!((order.held(), order.late(), order.early()), (0, 0, 0));
        }

        /// Never more than the most are held, whatever comes.
        #[test]
        fn memory_is_bounded(items in prop::collection::vec((0u64..40, 0u32..3), 0..200)) {
            let mut order = Order::new(3, 4);
            let mut out = 0;
            for (at, source) in &items {
                let _ = order.push(secs(*at), tie(*source, 0), ());
                prop_assert!(order.held() as u64 <= 3 * 4 + order.early());
                prop_assert!(order.sources.iter().all(|s| s.items.len() <= 4));
            }
            out += order.pop_ready(secs(100)).len() as u64;
            prop_assert_eq!(out + order.late(), items.len() as u64);
        }
    }
}
