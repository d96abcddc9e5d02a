//! Tumbling and sliding windows: readings are added up in panes as long as a slide, and a window
//! is a row of panes. A reading costs one addition, however long the window is.

use super::acc::Acc;
use super::spec::{Function, Pushed, WindowResult, WindowSpec};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use viahe_contract::message::Certainty;

/// Readings of a slide. Pane `p` ends where a window ends that is called `p`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pane {
    index: u64,
    acc: Acc,
}

/// A window that was told and then got a late reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Change {
    window: u64,
    /// What was told of it last, 0 when it was empty then.
    revision: u32,
    untold: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Key {
    /// By ascending index; none is empty.
    panes: VecDeque<Pane>,
    /// By ascending window. Told windows without an entry have revision 1.
    changes: Vec<Change>,
}

/// Window `w` covers the panes `w + 1 - per_window ..= w`. Windows before `open` are final, those
/// before `told` were told; `open <= told`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Panes {
    slide_nanos: u64,
    /// Added to times before they are divided into panes.
    shift_nanos: u64,
    per_window: u64,
    open: u64,
    told: u64,
    keys: Vec<Key>,
    /// Keys that hold panes: the others cost nothing.
    live: BTreeSet<u32>,
}

impl Panes {
    pub(super) fn new(spec: &WindowSpec, slide_nanos: u64, per_window: u64, keys: u32) -> Self {
        let shift_nanos = slide_nanos - spec.origin.0 % slide_nanos;
        let keys = (0..keys).map(|_| Key::default()).collect();
        let (open, told, live) = (0, 0, BTreeSet::new());
        Self { slide_nanos, shift_nanos, per_window, open, told, keys, live }
    }

    /// The pane of a time; also how many windows have ended by then.
    fn index(&self, at: Timestamp) -> u64 {
        at.0.saturating_add(self.shift_nanos) / self.slide_nanos
    }

    /// When pane `index` begins.
    fn start(&self, index: u64) -> Timestamp {
        Timestamp(index.saturating_mul(self.slide_nanos).saturating_sub(self.shift_nanos))
    }

    pub(super) fn push(&mut self, f: Function, key: u32, at: Timestamp, value: f64) -> Pushed {
        let index = self.index(at);
        if index.saturating_add(self.per_window) <= self.open {
            return Pushed::Late;
        }
        let Some(own) = self.keys.get_mut(key as usize) else { return Pushed::Refused };
        if own.panes.is_empty() {
            self.live.insert(key);
        }
        if index < self.told {
            let last = (index + self.per_window).min(self.told);
            own.change(index.max(self.open)..last, self.per_window);
        }
        own.add(f, index, &Acc::of(f, at.0, value));
        Pushed::Taken
    }

    pub(super) fn advance(
        &mut self,
        function: Function,
        watermark: Timestamp,
        high: Timestamp,
    ) -> Vec<WindowResult> {
        let open = self.index(watermark).max(self.open);
        let told = self.index(high).max(self.told).max(open);
        let mut out = Vec::new();
        let mut idle = Vec::new();
        for key in &self.live {
            let Some(own) = self.keys.get(*key as usize) else { continue };
            self.tell(function, *key, own, (open, told), &mut out);
        }
        for key in &self.live {
            let Some(own) = self.keys.get_mut(*key as usize) else { continue };
            own.changes.retain(|change| change.window >= open);
            for change in own.changes.iter_mut().filter(|change| change.untold) {
                change.untold = false;
                change.revision += 1;
            }
            while own.panes.front().is_some_and(|pane| pane.index + self.per_window <= open) {
                own.panes.pop_front();
            }
            if own.panes.is_empty() {
                idle.push(*key);
            }
        }
        for key in idle {
            self.live.remove(&key);
        }
        (self.open, self.told) = (open, told);
        out
    }

    /// What there is to tell of a key when windows before `open` become final and those before
    /// `told` preliminary.
    fn tell(
        &self,
        function: Function,
        key: u32,
        own: &Key,
        (open, told): (u64, u64),
        out: &mut Vec<WindowResult>,
    ) {
        let mut result = |window: u64, state: Certainty, revision: u32| {
            if let Some(acc) = own.sum(function, window, self.per_window) {
                let start = self.start((window + 1).saturating_sub(self.per_window));
                let end = self.start(window + 1);
                let value = acc.value(function, self.per_window * self.slide_nanos);
                let count = acc.count();
                out.push(WindowResult { key, start, end, value, count, state, revision });
            }
        };
        let changes = own.changes.iter().filter(|change| change.untold && change.window >= open);
        for change in changes {
            let state =
                if change.revision == 0 { Certainty::Preliminary } else { Certainty::Corrected };
            result(change.window, state, change.revision + 1);
        }
        // Only windows that hold a pane: after a long gap there may be millions that do not.
        let (mut from, mut ix) = (self.open, 0);
        while let Some(pane) = own.panes.get(ix) {
            let next = own.panes.get(ix + 1).map_or(u64::MAX, |next| next.index);
            let until = (pane.index + self.per_window).min(next).min(told);
            for window in from.max(pane.index)..until {
                if window < open {
                    result(window, Certainty::Final, own.revision(window, self.told) + 1);
                } else if window >= self.told {
                    result(window, Certainty::Preliminary, 1);
                }
            }
            from = from.max(until);
            ix += 1;
        }
    }

    pub(super) fn held(&self) -> usize {
        self.live.iter().filter_map(|k| self.keys.get(*k as usize)).map(|k| k.panes.len()).sum()
    }
}

impl Key {
    fn add(&mut self, function: Function, index: u64, one: &Acc) {
        // Most readings belong to the newest pane.
        let place = match self.panes.back() {
            Some(last) if last.index == index => self.panes.len() - 1,
            Some(last) if last.index > index => self.panes.partition_point(|p| p.index < index),
            _ => self.panes.len(),
        };
        match self.panes.get_mut(place) {
            Some(pane) if pane.index == index => pane.acc.add(function, one),
            _ => self.panes.insert(place, Pane { index, acc: one.clone() }),
        }
    }

    /// Notes that told windows get a reading that they did not have.
    fn change(&mut self, windows: std::ops::Range<u64>, per_window: u64) {
        for window in windows {
            match self.changes.binary_search_by_key(&window, |change| change.window) {
                Ok(found) => self.changes[found].untold = true,
                Err(place) => {
                    let revision = u32::from(self.covered(window, per_window).next().is_some());
                    self.changes.insert(place, Change { window, revision, untold: true });
                }
            }
        }
    }

    /// Panes of a window.
    fn covered(&self, window: u64, per_window: u64) -> impl Iterator<Item = &Pane> {
        let first = (window + 1).saturating_sub(per_window);
        let from = self.panes.partition_point(|pane| pane.index < first);
        self.panes.range(from..).take_while(move |pane| pane.index <= window)
    }

    fn sum(&self, function: Function, window: u64, per_window: u64) -> Option<Acc> {
        let mut panes = self.covered(window, per_window);
        let mut acc = panes.next()?.acc.clone();
        for pane in panes {
            acc.add(function, &pane.acc);
        }
        Some(acc)
    }

    /// What was told of a window last.
    fn revision(&self, window: u64, told: u64) -> u32 {
        match self.changes.iter().find(|change| change.window == window) {
            Some(change) => change.revision,
            None => u32::from(window < told),
        }
    }
}
