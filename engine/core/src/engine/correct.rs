//! A reading that comes late and is older than others corrects what rules made of values.
//!
//! A rule that needs no picture keeps its state of some moments, and goes over what happened since
//! one of them again, with the value that held at each time as it is known now. What was said stays
//! said: a reading that is older than the last word of a rule changes nothing of it.

use super::case::Case;
use super::event::Effect;
use super::machine::Engine;
use super::memory::CaseKey;
use super::rule_at::{RuleAt, by_value};
use super::signal::Moment;
use super::visit::{Found, Shown};
use crate::rule::{RuleState, Signal, SubjectKey, Values};
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::Measured;

/// Looks between readings when a time is gone over again: as fine as the box's ticks, as long as
/// that is not too many.
const LOOKS_MAX: u32 = 600;
const LOOK_EVERY_MIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Readings of a sensor from `at` on are other than its rules knew: they look again.
    pub(super) fn correct(&mut self, s: usize, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let newest = self.newest_reading(s).unwrap_or(at);
        for of in by_value(&plan).filter(|of| of.rule.sensor == Some(s)) {
            // Results of windows are final when a rule sees them: what held then is not kept.
            let corrects = of.rule.window.is_none();
            if !corrects || !self.correct_rule((s, at), of, effects) {
                self.weigh_by(newest, of, effects);
            }
        }
    }

    /// Have rules gone on to after this time without the reading that was measured then?
    pub(super) fn is_overtaken(&self, s: usize, at: Timestamp) -> bool {
        by_value(&self.plan)
            .filter(|of| of.rule.sensor == Some(s))
            .any(|of| self.memory.rule_at(of).weighed > at)
    }

    /// Goes over a rule again from before `at`; false when that is not possible any more.
    fn correct_rule(
        &mut self,
        (s, at): (usize, Timestamp),
        of: RuleAt<'_>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let known_since = self.memory.site.sensors[s].timeline.known_since();
        let newest = self.newest_reading(s).unwrap_or(at);
        let memory = self.memory.rule_at_mut(of);
        let until = memory.weighed.max(newest);
        let Some(anchor) =
            memory.trail.back_before(at, known_since, || RuleState::new(&of.rule.program))
        else {
            return false;
        };
        let first_new = anchor.state.next_key();
        let mut state = anchor.state;
        let mut said = Vec::new();
        for at in self.times(s, anchor.at, until) {
            let sensor = self.memory.site.sensors[s].value_at(&self.plan.sensors[s], at);
            let values = Values { sensor, window: None };
            let Found { signals, ending } = self.visit(of, &mut state, &Shown::values(at, values));
            self.note_trail(at, (&state, &signals), of);
            said.extend(signals.into_iter().map(|signal| (at, sensor, signal, ending)));
        }
        let memory = self.memory.rule_at_mut(of);
        (memory.state, memory.weighed) = (state, until);
        let told = said.iter().map(|(_, _, signal, _)| key(signal)).collect();
        self.forget_begun(of, first_new, &told, effects);
        let frame = of.camera.and_then(|c| self.memory.cameras[c].picture());
        for (at, sensor, signal, ending) in said {
            let begun = |case: &Case| case.begun;
            let known = self.memory.rule_at(of).cases.get(&key(&signal)).is_some_and(begun);
            if known && matches!(signal, Signal::Began { .. }) {
                continue;
            }
            let measured: Vec<Measured> =
                sensor.map(|value| self.measured_by(s, value)).into_iter().collect();
            let moment = Moment { at, of, frame, measured: &measured, ending };
            self.signal(moment, signal, effects);
        }
        true
    }

    /// What had begun after the anchor, and has not by what is known now.
    fn forget_begun(
        &mut self,
        of: RuleAt<'_>,
        first_new: SubjectKey,
        told: &BTreeSet<SubjectKey>,
        effects: &mut Vec<Effect>,
    ) {
        let cases = &self.memory.rule_at(of).cases;
        let gone: Vec<SubjectKey> = cases
            .iter()
            .filter(|(key, case)| **key >= first_new && !told.contains(key) && case.is_only_begun())
            .map(|(key, _)| *key)
            .collect();
        let camera = self.camera_id(of).cloned();
        for subject in gone {
            let key = CaseKey { camera: camera.clone(), rule: of.rule.id.clone(), subject };
            self.drop_case(&key, effects);
        }
    }

    /// When a rule of this sensor looks again.
    fn times(&self, s: usize, after: Timestamp, until: Timestamp) -> BTreeSet<Timestamp> {
        let readings = self.memory.site.sensors[s].timeline.times(after, until);
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
        for of in by_value(&plan).filter(|of| of.rule.sensor == Some(s)) {
            let weighed = self.memory.rule_at(of).weighed;
            if weighed == Timestamp::default() {
                continue;
            }
            let last = Timestamp(until.0.saturating_sub(1));
            for at in between(weighed, until).chain((last > weighed).then_some(last)) {
                self.weigh_by(at, of, effects);
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
        Signal::Lapsed(key)
        | Signal::Began { key, .. }
        | Signal::Fired { key, .. }
        | Signal::Continues { key, .. }
        | Signal::Ended { key, .. } => *key,
    }
}
