//! How a stream is built, as measured: how far its key frames are apart, and how many pictures no
//! other one needs.

use super::super::coded::unit::{Kind, Unit};
use std::collections::VecDeque;
use std::time::Duration;

/// So many intervals between key frames are remembered.
const INTERVALS: usize = 8;
/// Pictures are coded in another order than they are shown in, but never by so much.
const BACK_MAX: Duration = Duration::from_secs(10);
/// Key frames further apart than this are not waited for: a camera that is to be looked at again would stay
/// dark for longer than attention's lead.
pub(super) const KEYS_MAX: Duration = Duration::from_secs(40);
/// So many must be known before anything is said: the first may be a part of one.
const INTERVALS_MIN: usize = 2;

/// What was measured on this connection.
#[derive(Debug, Default)]
pub(super) struct Gop {
    /// Timestamp of the newest key frame.
    key: Option<Duration>,
    intervals: VecDeque<Duration>,
    /// Timestamp of the newest picture.
    newest: Duration,
    /// Since the newest key frame, and from the one before to it.
    now: Count,
    before: Count,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    pictures: u32,
    disposable: u32,
    recoveries: u32,
}

impl Gop {
    /// A picture with its timestamp.
    pub(super) fn picture(&mut self, unit: Unit, pts: Duration) {
        if pts + BACK_MAX < self.newest {
            // The camera's timestamps were set back: what was measured means nothing.
            *self = Self::default();
        }
        self.newest = self.newest.max(pts);
        if unit.kind == Kind::Key {
            if let Some(before) = self.key {
                if self.intervals.len() == INTERVALS {
                    self.intervals.pop_front();
                }
                self.intervals.push_back(pts.saturating_sub(before));
            }
            self.key = Some(pts);
            self.before = std::mem::take(&mut self.now);
        }
        self.now.pictures += 1;
        self.now.disposable += u32::from(unit.disposable);
        self.now.recoveries += u32::from(unit.kind == Kind::Recovery);
    }

    /// Longest time between two key frames of the last eight, that since the newest one included; none
    /// until it is known.
    pub(super) fn key_interval(&self) -> Option<Duration> {
        let longest = self.intervals.iter().max()?;
        let open = self.newest.saturating_sub(self.key?);
        (self.intervals.len() >= INTERVALS_MIN || open > *longest).then(|| open.max(*longest))
    }

    /// Time since the newest key frame.
    pub(super) fn since_key(&self, pts: Duration) -> Duration {
        self.key.map_or(Duration::ZERO, |key| pts.saturating_sub(key))
    }

    /// Decoding could begin only at pictures from which it merely recovers: key frames do not come again, or too
    /// rarely to be waited for.
    pub(super) fn recovers_only(&self) -> bool {
        let open = self.key.map_or(Duration::ZERO, |key| self.newest.saturating_sub(key));
        let longest = self.intervals.iter().max().map(|interval| open.max(*interval));
        self.now.recoveries.max(self.before.recoveries) > 1
            && longest.is_none_or(|longest| longest > KEYS_MAX)
    }

    /// Time between pictures that others need, on average; none when all are needed, or nothing is
    /// known.
    pub(super) fn reference_interval(&self) -> Option<Duration> {
        let needed = self.before.pictures.checked_sub(self.before.disposable)?;
        let last = *self.intervals.back()?;
        (self.before.disposable > 0 && needed > 0).then(|| last / needed)
    }
}
