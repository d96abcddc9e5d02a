//! A reading that comes late and is older than others corrects what rules made of values.
//!
//! A rule that needs no picture keeps its state of some moments, and goes over what happened since
//! one of them again, with the value that held at each time as it is known now. What was said stays
//! said: a reading that is older than the last word of a rule changes nothing of it.

use super::cases::Moment;
use super::values::by_value;
use super::{Effect, Engine};
use crate::config::plan::Rule;
use crate::rule::{RuleState, Signal, SubjectKey, Values};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::Measured;

/// Most moments of a rule to go back to.
const ANCHORS_MAX: usize = 8;
/// Looks between readings when a time is gone over again: as fine as the box's ticks, as long as
/// that is not too many.
const LOOKS_MAX: u32 = 600;
const LOOK_EVERY_MIN: Duration = Duration::from_secs(1);

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
struct Anchor {
    at: Timestamp,
    /// After all looks by then.
    state: RuleState,
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
    fn back_before(
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

impl Engine {
    /// Readings of a sensor from `at` on are other than its rules knew: they look again.
    pub(super) fn correct(&mut self, s: usize, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let newest = self.newest_reading(s).unwrap_or(at);
        for (c, r, rule) in by_value(&plan).filter(|(_, _, rule)| rule.sensor == Some(s)) {
            // Results of windows are final when a rule sees them: what held then is not kept.
            let corrects = rule.window.is_none();
            if !corrects || !self.correct_rule((s, at), c, r, rule, effects) {
                self.weigh_by(newest, c, r, rule, effects);
            }
        }
    }

    /// Have rules gone on to after this time without the reading that was measured then?
    pub(super) fn is_overtaken(&mut self, s: usize, at: Timestamp) -> bool {
        let plan = Arc::clone(&self.plan);
        by_value(&plan)
            .filter(|(_, _, rule)| rule.sensor == Some(s))
            .any(|(c, r, _)| self.rule_memory(c, r).weighed > at)
    }

    /// Keeps where a rule of values is, to go back to.
    pub(super) fn note_trail(
        &mut self,
        at: Timestamp,
        (state, signals): (&RuleState, &[Signal]),
        (c, r, rule): (Option<usize>, usize, &Rule),
    ) {
        let sensor = rule.sensor.filter(|_| rule.window.is_none());
        let newest = sensor.and_then(|s| self.newest_reading(s));
        let lateness = sensor.map_or(Duration::ZERO, |s| self.plan.sensors[s].lateness);
        self.rule_memory(c, r).trail.note(at, (state, signals), newest, lateness);
    }

    fn newest_reading(&self, s: usize) -> Option<Timestamp> {
        self.memory.sensors[s].timeline.newest().map(|(at, _)| at)
    }

    /// Goes over a rule again from before `at`; false when that is not possible any more.
    fn correct_rule(
        &mut self,
        (s, at): (usize, Timestamp),
        c: Option<usize>,
        r: usize,
        rule: &Rule,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let known_since = self.memory.sensors[s].timeline.known_since();
        let newest = self.newest_reading(s).unwrap_or(at);
        let memory = self.rule_memory(c, r);
        let until = memory.weighed.max(newest);
        let Some(anchor) =
            memory.trail.back_before(at, known_since, || RuleState::new(&rule.program))
        else {
            return false;
        };
        let first_new = anchor.state.next_key();
        let mut state = anchor.state;
        let mut said = Vec::new();
        for at in self.times(s, anchor.at, until) {
            let sensor = self.memory.sensors[s].value_at(&self.plan.sensors[s], at);
            let values = Values { sensor, window: None };
            let (signals, ending) = self.look_by_value(&mut state, (at, values), c, r, rule);
            self.note_trail(at, (&state, &signals), (c, r, rule));
            said.extend(signals.into_iter().map(|signal| (at, sensor, signal, ending)));
        }
        let memory = self.rule_memory(c, r);
        (memory.state, memory.weighed) = (state, until);
        let told = said.iter().map(|(_, _, signal, _)| key(signal)).collect();
        self.forget_begun(c, r, rule, first_new, &told, effects);
        let frame = c.and_then(|c| self.memory.cameras[c].frame);
        for (at, sensor, signal, ending) in said {
            let begun = |case: &super::cases::Case| case.has_begun();
            let known = self.rule_memory(c, r).cases.get(&key(&signal)).is_some_and(begun);
            if known && matches!(signal, Signal::Began(_)) {
                continue;
            }
            let measured: Vec<Measured> =
                sensor.map(|value| self.measured_by(s, value)).into_iter().collect();
            let moment = Moment { at, camera: c, rule, frame, measured: &measured, ending };
            self.signal(moment, signal, effects);
        }
        true
    }

    /// What had begun after the anchor, and has not by what is known now.
    fn forget_begun(
        &mut self,
        c: Option<usize>,
        r: usize,
        rule: &Rule,
        first_new: SubjectKey,
        told: &BTreeSet<SubjectKey>,
        effects: &mut Vec<Effect>,
    ) {
        let cases = &self.rule_memory(c, r).cases;
        let gone: Vec<SubjectKey> = cases
            .iter()
            .filter(|(key, case)| **key >= first_new && !told.contains(key) && case.is_only_begun())
            .map(|(key, _)| *key)
            .collect();
        let camera = c.map(|c| self.plan.cameras[c].id.clone());
        for subject in gone {
            let key =
                super::memory::CaseKey { camera: camera.clone(), rule: rule.id.clone(), subject };
            self.drop_case(&key, effects);
        }
    }

    /// When a rule of this sensor looks again.
    fn times(&self, s: usize, after: Timestamp, until: Timestamp) -> BTreeSet<Timestamp> {
        let readings = self.memory.sensors[s].timeline.times(after, until);
        let last_before = |at: Timestamp| Timestamp(at.0.saturating_sub(1));
        let mut times: BTreeSet<Timestamp> =
            readings.flat_map(|at| [last_before(at), at]).filter(|at| *at > after).collect();
        times.extend(between(after, until));
        times.insert(until);
        times
    }

    /// Up to a new reading, the value before it held: rules look at that now, as they would have if
    /// nobody had had to wait for the new one.
    pub(super) fn hold_until(&mut self, s: usize, until: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for (c, r, rule) in by_value(&plan).filter(|(_, _, rule)| rule.sensor == Some(s)) {
            let weighed = self.rule_memory(c, r).weighed;
            if weighed == Timestamp::default() {
                continue;
            }
            let last = Timestamp(until.0.saturating_sub(1));
            for at in between(weighed, until).chain((last > weighed).then_some(last)) {
                self.weigh_by(at, c, r, rule, effects);
            }
        }
    }
}

/// Looks between two times, both excepted.
fn between(after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
    let every = (until.since(after) / LOOKS_MAX).max(LOOK_EVERY_MIN);
    std::iter::successors(Some(after.plus(every)), move |at| Some(at.plus(every)))
        .take_while(move |at| *at < until)
}

fn key(signal: &Signal) -> SubjectKey {
    match signal {
        Signal::Began(key)
        | Signal::Lapsed(key)
        | Signal::Fired { key, .. }
        | Signal::Continues { key, .. }
        | Signal::Ended { key, .. } => *key,
    }
}
