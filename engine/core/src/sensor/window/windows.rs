//! Windows of one kind over the readings of many keys.

use super::panes::Panes;
use super::session::Sessions;
use super::spec::{Pushed, Shape, VALUE_MAX, WindowResult, WindowSpec, nanos};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Store {
    Panes(Panes),
    Sessions(Sessions),
}

/// Windows of one kind over the readings of many keys. Empty windows are not told.
///
/// Memory is bounded by keys times the panes between the oldest open window and the newest
/// reading, so whoever feeds it refuses readings from the far future; see
/// [`Decoder`](crate::sensor::Decoder).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    spec: WindowSpec,
    store: Store,
    newest: Option<Timestamp>,
    late_count: u64,
    refused_count: u64,
}

impl Windows {
    /// For keys `0..keys`.
    ///
    /// # Errors
    /// What [`WindowSpec::check`] finds.
    pub fn new(spec: WindowSpec, keys: u32) -> Result<Self, String> {
        spec.check()?;
        let store = match spec.shape {
            Shape::Tumbling { size } => Store::Panes(Panes::new(&spec, nanos(size), 1, keys)),
            Shape::Sliding { size, slide } => {
                let count = nanos(size) / nanos(slide);
                Store::Panes(Panes::new(&spec, nanos(slide), count, keys))
            }
            Shape::Session { gap, max } => {
                Store::Sessions(Sessions::new(&spec, nanos(gap), nanos(max), keys))
            }
        };
        Ok(Self { spec, store, newest: None, late_count: 0, refused_count: 0 })
    }

    /// Takes a reading.
    pub fn push(&mut self, key: u32, at: Timestamp, value: f64) -> Pushed {
        // NaN is in no range.
        let pushed = if (-VALUE_MAX..=VALUE_MAX).contains(&value) {
            match &mut self.store {
                Store::Panes(panes) => panes.push(self.spec.function, key, at, value),
                Store::Sessions(sessions) => sessions.push(self.spec.function, key, at, value),
            }
        } else {
            Pushed::Refused
        };
        match pushed {
            Pushed::Taken => self.newest = self.newest.max(Some(at)),
            Pushed::Late => self.late_count += 1,
            Pushed::Refused => self.refused_count += 1,
        }
        pushed
    }

    /// The newest reading's time less the lateness: what to advance to when nobody else says how
    /// far all sources are.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.newest.map(|at| Timestamp(at.0.saturating_sub(nanos(self.spec.lateness))))
    }

    /// Tells what changed, given that no reading before `watermark` is still to come. Ordered by
    /// end, key and start.
    pub fn advance(&mut self, watermark: Timestamp) -> Vec<WindowResult> {
        let high = self.newest.unwrap_or_default().max(watermark);
        let function = self.spec.function;
        let mut out = match &mut self.store {
            Store::Panes(panes) => panes.advance(function, watermark, high),
            Store::Sessions(sessions) => sessions.advance(function, watermark, high),
        };
        out.sort_by_key(|r| (r.end, r.key, r.start, r.revision));
        out
    }

    /// How many readings came after all their windows were final.
    pub fn late(&self) -> u64 {
        self.late_count
    }

    /// How many readings had a bad key or value.
    pub fn refused(&self) -> u64 {
        self.refused_count
    }

    /// How many panes or sessions are kept: what memory grows with.
    pub fn held(&self) -> usize {
        match &self.store {
            Store::Panes(panes) => panes.held(),
            Store::Sessions(sessions) => sessions.held(),
        }
    }
}
