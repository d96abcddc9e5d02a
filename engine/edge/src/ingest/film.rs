//! The coded pictures of a stream's last seconds, of which any one can be decoded, whatever else of the
//! stream is.
//!
//! It answers which picture shows a moment of *another* stream of the same camera, and what has to be
//! decoded for it: from the key frame before it on, without what it does not refer to. Pure: units are
//! handles of any type, times are given.

use super::coded::unit::{Kind, Unit};
use std::collections::VecDeque;
use std::time::Duration;
use viahe_core::time::{ClockSource, Timestamp};

/// A picture is asked for within a second of its look; for what waits on a box that is short of time, more.
const KEPT_FOR: Duration = Duration::from_secs(3);
/// More is not kept: at 4 Mb/s 24 s.
const BYTES_MAX: usize = 12 << 20;
/// Streams of one camera whose clocks differ by more, as seen when their pictures arrive, are not by one
/// clock: no encoder holds one of them back for so long.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(2);
/// With pictures that are not sent in the order in which they are shown, so many more are waited for.
const REORDERED: usize = 3;

/// When a picture was taken, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// When it reached the box, in event time.
    pub reached: Timestamp,
    /// By the camera's own clock; none while it tells none.
    pub reported: Option<Timestamp>,
}

/// A part of a picture, or a whole one.
#[derive(Debug)]
struct Shot<U> {
    unit: U,
    what: Unit,
    pts: Duration,
    taken: Taken,
    bytes: usize,
    /// Goes on with the picture before.
    continues: bool,
}

/// What was kept of one connection; the first is a key frame.
#[derive(Debug)]
pub(super) struct Film<U> {
    shots: VecDeque<Shot<U>>,
    bytes: usize,
    /// The newest group was more than is kept.
    overran: bool,
    /// That, or the last group that was whole.
    cut: bool,
}

/// What has to be decoded for one picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt<U> {
    /// In this order, from a key frame on.
    pub(super) units: Vec<U>,
    /// Of the picture that is meant; others come out as well.
    pub(super) pts: Duration,
    /// By how much it was taken later than what was asked for, in ns.
    pub(super) later_ns: i64,
    /// By which clock that is known.
    pub(super) by: ClockSource,
}

/// What there is of a moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<U> {
    Here(Excerpt<U>),
    /// It may still come.
    NotYet,
    /// It is gone, or never came.
    Gone,
    /// The key frame before it is gone, or there is none.
    NoKey,
}

impl<U> Default for Film<U> {
    fn default() -> Self {
        Self { shots: VecDeque::new(), bytes: 0, overran: false, cut: false }
    }
}

impl<U: Clone> Film<U> {
    /// Keeps an access unit; one without a time, or with that of the one before, goes on with that.
    pub(super) fn push(
        &mut self,
        unit: U,
        what: Unit,
        pts: Option<Duration>,
        taken: Taken,
        bytes: usize,
    ) {
        let last = self.shots.back();
        let continues = last.is_some_and(|last| pts.is_none_or(|pts| pts == last.pts));
        let shot = match last.filter(|_| continues) {
            Some(&Shot { what, pts, taken, .. }) => {
                Shot { unit, what, pts, taken, bytes, continues }
            }
            None if what.kind == Kind::Key || (last.is_some() && what.kind != Kind::Empty) => {
                let Some(pts) = pts else { return };
                Shot { unit, what, pts, taken, bytes, continues }
            }
            // Nothing can be decoded with it.
            None => return,
        };
        if shot.what.kind == Kind::Key && !continues {
            self.cut = std::mem::take(&mut self.overran);
        }
        self.bytes += bytes;
        self.shots.push_back(shot);
        self.forget(taken.reached);
    }

    /// Whole groups go: those of which nothing is asked for any more, and the oldest when it is too much.
    fn forget(&mut self, now: Timestamp) {
        loop {
            let second = self.keys().nth(1);
            let old = |n: usize| now.since(self.shots[n].taken.reached) >= KEPT_FOR;
            if !(self.bytes > BYTES_MAX || second.is_some_and(old)) {
                return;
            }
            if second.is_none() {
                (self.overran, self.cut) = (true, true);
            }
            let gone = self.shots.drain(..second.unwrap_or(self.shots.len()));
            self.bytes -= gone.map(|shot| shot.bytes).sum::<usize>();
        }
    }

    /// Is a group more than is kept? Of its later pictures there is none then. It is said until one has fitted.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    fn keys(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.pictures().filter(|n| self.shots[*n].what.kind == Kind::Key)
    }

    fn pictures(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.shots.len()).filter(|n| !self.shots[*n].continues)
    }

    /// What shows the moment of `look`: the picture nearest to it, one interval between pictures away at
    /// most. `last_call`: nobody will wait for a better one.
    pub(super) fn find(&self, look: Taken, last_call: bool) -> Found<U> {
        let late = |n: usize, by| Some((later(&look, &self.shots[n].taken, by)?, n));
        // A clock that both streams tell is better than when they came. It is told some seconds after a
        // stream has begun, so of pictures before that only the latter is known.
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for n in self.pictures() {
            told.extend(late(n, ClockSource::Rtcp));
            let is_told = told.last().is_some_and(|(_, last)| *last == n);
            untold.extend(late(n, ClockSource::Arrival).filter(|_| !is_told));
        }
        if !told.is_empty() {
            match self.nearest(&told, ClockSource::Rtcp, last_call) {
                Found::Gone => return self.nearest(&untold, ClockSource::Arrival, true),
                found => return found,
            }
        }
        self.nearest(&untold, ClockSource::Arrival, last_call)
    }

    /// The nearest of what was found: by how much each is later, and where it is.
    fn nearest(&self, found: &[(i64, usize)], by: ClockSource, last_call: bool) -> Found<U> {
        let after = found.iter().position(|(later, _)| *later >= 0).map_or(0, |n| found.len() - n);
        let lacking = if last_call { Found::Gone } else { Found::NotYet };
        if after <= self.waits_for() && !last_call {
            return Found::NotYet;
        }
        let Some(&(later_ns, n)) = found.iter().min_by_key(|(later, _)| later.unsigned_abs())
        else {
            return lacking;
        };
        if u128::from(later_ns.unsigned_abs()) > self.interval().as_nanos() {
            return if after == 0 { lacking } else { Found::Gone };
        }
        match self.excerpt(n) {
            Some(units) => Found::Here(Excerpt { units, pts: self.shots[n].pts, later_ns, by }),
            None => Found::NoKey,
        }
    }

    /// So many pictures after the one that is not earlier may be nearer, or tell that it is whole.
    fn waits_for(&self) -> usize {
        let parts = self.shots.iter().any(|shot| shot.continues);
        let mut newest = Duration::ZERO;
        let reordered = self.pictures().any(|n| {
            let back = self.shots[n].pts < newest;
            newest = newest.max(self.shots[n].pts);
            back
        });
        usize::from(parts).max(if reordered { REORDERED } else { 0 })
    }

    /// Between two pictures, on average.
    fn interval(&self) -> Duration {
        let times = || self.pictures().map(|n| self.shots[n].pts);
        let (Some(first), Some(last)) = (times().min(), times().max()) else {
            return Duration::ZERO;
        };
        let gaps = u32::try_from(times().count().saturating_sub(1)).unwrap_or(u32::MAX);
        last.saturating_sub(first).checked_div(gaps).unwrap_or_default()
    }

    /// All that picture `n` refers to, and itself.
    fn excerpt(&self, n: usize) -> Option<Vec<U>> {
        let before = |skip| self.keys().rev().filter(|key| *key <= n).nth(skip);
        // A leading picture refers to what came before its key frame as well.
        let start = before(usize::from(self.shots[n].what.kind == Kind::Leading))?;
        let mut keys = 0;
        let mut units = Vec::new();
        for (at, shot) in self.shots.iter().enumerate().skip(start) {
            if at > n && !shot.continues {
                break;
            }
            keys += usize::from(shot.what.kind == Kind::Key && !shot.continues);
            let meant = shot.pts == self.shots[n].pts;
            let leads = shot.what.kind == Kind::Leading && keys < 2;
            if meant || !(leads || shot.what.disposable) {
                units.push(shot.unit.clone());
            }
        }
        Some(units)
    }
}

/// By how much `shot` was taken later than `look`, in ns; none when that clock does not tell.
fn later(look: &Taken, shot: &Taken, by: ClockSource) -> Option<i64> {
    let apart = |a: Timestamp, b: Timestamp| {
        i64::try_from(i128::from(b.0) - i128::from(a.0)).unwrap_or(i64::MAX)
    };
    let arrived = apart(look.reached, shot.reached);
    match by {
        ClockSource::Rtcp => {
            let told = apart(look.reported?, shot.reported?);
            let differ = u128::from(arrived.abs_diff(told));
            (differ <= CLOCKS_APART_MAX.as_nanos()).then_some(told)
        }
        _ => Some(arrived),
    }
}

#[cfg(test)]
mod tests;
