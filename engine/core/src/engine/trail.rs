//! Where a rule of values can go back to, when a reading comes late.

use crate::rule::{RuleState, Signal};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Most moments of a rule to go back to.
const ANCHORS_MAX: usize = 8;

/// Moments that a rule can go back to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Trail {
    /// Oldest first, as far back as the sensor's lateness.
    anchors: VecDeque<Anchor>,
    /// At the newest reading, however long ago that is: until the next one it only held.
    newest: Option<Anchor>,
    /// When it first looked.
    began: Option<Timestamp>,
    /// When it last said that something begins or ends.
    said: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Anchor {
    pub(super) at: Timestamp,
    /// After all looks by then.
    pub(super) state: RuleState,
}

impl Trail {
    /// A rule has looked; `newest` is the time of its sensor's newest reading.
    pub(super) fn note(
        &mut self,
        at: Timestamp,
        (state, signals): (&RuleState, &[Signal]),
        newest: Option<Timestamp>,
        lateness: Duration,
    ) {
        self.began.get_or_insert(at);
        let said = |s: &Signal| matches!(s, Signal::Fired { .. } | Signal::Ended { .. });
        let has_said = signals.iter().any(said);
        if has_said {
            self.said = at;
        }
        let anchor = || Anchor { at, state: state.clone() };
        if newest == Some(at) {
            self.newest = Some(anchor());
        }
        if lateness.is_zero() {
            self.anchors.clear();
            return;
        }
        match self.anchors.back_mut() {
            Some(last) if last.at == at => last.state = state.clone(),
            Some(last) if !has_said && at.since(last.at) < lateness / 2 => return,
            _ => self.anchors.push_back(anchor()),
        }
        // The oldest is the last one before all that may still come.
        let spare = |second: &Anchor| at.since(second.at) >= lateness;
        while self.anchors.len() > ANCHORS_MAX || self.anchors.get(1).is_some_and(spare) {
            self.anchors.pop_front();
        }
    }

    /// Goes back to before `at`; none when something was said since, or nobody knows any more.
    pub(super) fn back_before(
        &mut self,
        at: Timestamp,
        known_since: Timestamp,
        fresh: impl FnOnce() -> RuleState,
    ) -> Option<Anchor> {
        let before = self.anchors.iter().chain(&self.newest).filter(|anchor| anchor.at < at);
        let anchor = before.max_by_key(|anchor| anchor.at).cloned().or_else(|| {
            let is_first = self.began.is_some_and(|began| at < began);
            is_first.then(|| Anchor { at: Timestamp(at.0.saturating_sub(1)), state: fresh() })
        })?;
        if self.said > anchor.at || anchor.at < known_since {
            return None;
        }
        self.anchors.retain(|other| other.at <= anchor.at);
        Some(anchor)
    }
}
