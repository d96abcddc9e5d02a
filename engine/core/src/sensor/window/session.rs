//! Session windows: readings that follow each other closely.

use super::acc::Acc;
use super::spec::{Function, Pushed, WindowResult, WindowSpec};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use viahe_contract::message::Certainty;

/// A result that stands at its readers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    start: u64,
    end: u64,
    revision: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    /// Time of the first reading, ns.
    start: u64,
    /// Time of the last reading, ns.
    last: u64,
    acc: Acc,
    /// Several after sessions that were told have become one.
    told: Vec<Told>,
    changed: bool,
}

/// Sessions of each key by ascending start: no two of a key are within `gap_nanos` of each other
/// unless a multiple of `max_nanos` lies between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sessions {
    gap_nanos: u64,
    max_nanos: u64,
    shift_nanos: u64,
    /// Sessions that end by this time are final, ns.
    watermark: u64,
    keys: Vec<Vec<Session>>,
    live: BTreeSet<u32>,
}

impl Sessions {
    pub(super) fn new(spec: &WindowSpec, gap_nanos: u64, max_nanos: u64, keys: u32) -> Self {
        let shift_nanos = max_nanos - spec.origin.0 % max_nanos;
        let keys = (0..keys).map(|_| Vec::new()).collect();
        let (watermark, live) = (0, BTreeSet::new());
        Self { gap_nanos, max_nanos, shift_nanos, watermark, keys, live }
    }

    /// Where sessions that hold this time are cut.
    fn cut(&self, at: u64) -> u64 {
        let index = at.saturating_add(self.shift_nanos) / self.max_nanos;
        (index + 1).saturating_mul(self.max_nanos).saturating_sub(self.shift_nanos)
    }

    fn end(&self, last: u64) -> u64 {
        last.saturating_add(self.gap_nanos).min(self.cut(last))
    }

    pub(super) fn push(&mut self, f: Function, key: u32, at: Timestamp, value: f64) -> Pushed {
        let (at, gap, cut) = (at.0, self.gap_nanos, self.cut(at.0));
        if self.end(at) <= self.watermark {
            return Pushed::Late;
        }
        let ends: (u64, u64) = (cut.saturating_sub(self.max_nanos), cut);
        let Some(sessions) = self.keys.get_mut(key as usize) else { return Pushed::Refused };
        self.live.insert(key);
        let acc = Acc::of(f, at, value);
        let mut own = Session { start: at, last: at, acc, told: Vec::new(), changed: true };
        // What it touches lies side by side: the rest is apart from it.
        let near = |s: &Session| {
            let same_span = s.start >= ends.0 && s.last < ends.1;
            same_span && at < s.last.saturating_add(gap) && s.start < at.saturating_add(gap)
        };
        let from = sessions.partition_point(|s| s.start < at && !near(s));
        let count = sessions.iter().skip(from).take_while(|s| near(s)).count();
        for s in sessions.drain(from..from + count) {
            own.start = own.start.min(s.start);
            own.last = own.last.max(s.last);
            own.acc.add(f, &s.acc);
            own.told.extend(s.told);
        }
        sessions.insert(from, own);
        Pushed::Taken
    }

    pub(super) fn advance(
        &mut self,
        function: Function,
        watermark: Timestamp,
        high: Timestamp,
    ) -> Vec<WindowResult> {
        self.watermark = self.watermark.max(watermark.0);
        let (mut out, mut idle) = (Vec::new(), Vec::new());
        for key in self.live.clone() {
            let Some(mut sessions) = self.keys.get_mut(key as usize).map(std::mem::take) else {
                continue;
            };
            sessions.retain_mut(|session| {
                let end = self.end(session.last);
                let is_final = end <= self.watermark;
                session.tell(function, (key, end), is_final, end <= high.0, &mut out);
                !is_final
            });
            if sessions.is_empty() {
                idle.push(key);
            }
            self.keys[key as usize] = sessions;
        }
        for key in idle {
            self.live.remove(&key);
        }
        out
    }

    pub(super) fn held(&self) -> usize {
        self.live.iter().filter_map(|k| self.keys.get(*k as usize)).map(Vec::len).sum()
    }
}

impl Session {
    /// Tells the session, after withdrawing what was told of it under another start or end.
    fn tell(
        &mut self,
        function: Function,
        (key, end): (u32, u64),
        is_final: bool,
        over: bool,
        out: &mut Vec<WindowResult>,
    ) {
        let (start, mut before) = (self.start, 0);
        for told in std::mem::take(&mut self.told) {
            if (told.start, told.end) == (start, end) {
                before = told.revision;
                self.told.push(told);
                continue;
            }
            out.push(WindowResult {
                key,
                start: Timestamp(told.start),
                end: Timestamp(told.end),
                value: 0.0,
                count: 0,
                state: Certainty::Withdrawn,
                revision: told.revision + 1,
            });
        }
        let state = match before {
            _ if is_final => Certainty::Final,
            0 if over => Certainty::Preliminary,
            1.. if self.changed => Certainty::Corrected,
            _ => return,
        };
        self.changed = false;
        let revision = before + 1;
        self.told = vec![Told { start, end, revision }];
        let (value, count) = (self.acc.value(function, end - start), self.acc.count());
        let (start, end) = (Timestamp(start), Timestamp(end));
        out.push(WindowResult { key, start, end, value, count, state, revision });
    }
}
