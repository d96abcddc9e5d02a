//! Sensors: from readings to values that rules may rest on.
//!
//! What comes between two ticks of the box's clock is put in order first: a logger sends ten
//! minutes at once, newest first or oldest first. Then the newest reading acts at once, and an
//! older one corrects, as far back as the sensor's lateness: see
//! [`Timeline`](crate::sensor::Timeline) and
//! [`super::correct`]. Good readings also go into windows.

use super::event::{Effect, TooLate};
use super::machine::Engine;
use crate::id::Name;
use crate::plan::program::Test;
use crate::plan::{Plan, Rule, Sensor};
use crate::sensor::{Quality, Taken};
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::SensorHealth;

/// Most readings of one sensor that wait for the next tick.
const WAITING_MAX: usize = 4_096;
/// A reading that is so far ahead of the last tick: no ticks come, as in a recording without them.
const UNTICKED_MIN: Duration = Duration::from_mins(10);
/// A tick comes each second; with so long between two of them the box was off, and heard nobody.
const OFF_MIN: Duration = Duration::from_secs(10);

impl Engine {
    /// When the newest reading of a sensor that is known was measured, by the box's clock as it is
    /// now.
    pub fn measured_up_to(&self, id: &Name) -> Option<Timestamp> {
        let s = self.plan.sensors.iter().position(|sensor| sensor.id == *id)?;
        let memory = &self.memory.site.sensors[s];
        let taken = memory.timeline.newest().map(|(at, _)| at);
        let newest = memory.waiting.iter().map(|(at, _)| *at).max().max(taken)?;
        Some(self.memory.site.clock.day_time(newest))
    }

    /// A sensor says something.
    pub(super) fn reading(
        &mut self,
        id: &Name,
        at: Timestamp,
        value: f64,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(s) = plan.sensors.iter().position(|sensor| sensor.id == *id) else { return };
        let ticked = self.memory.site.ticked;
        let memory = &mut self.memory.site.sensors[s];
        let follows = memory.waiting.iter().all(|(waiting, _)| *waiting < at);
        let unticked = follows && at.since(ticked) > UNTICKED_MIN;
        if unticked || memory.waiting.len() >= WAITING_MAX {
            self.take_readings(s, ticked, effects);
        }
        self.memory.site.sensors[s].waiting.push((at, value));
    }

    /// What came since the last tick is put in order and acts.
    pub(super) fn take_readings(&mut self, s: usize, now: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let sensor = &plan.sensors[s];
        let memory = &mut self.memory.site.sensors[s];
        let mut readings = std::mem::take(&mut memory.waiting);
        if readings.is_empty() {
            return;
        }
        readings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let newest = memory.timeline.newest().map_or(Timestamp::default(), |(at, _)| at);
        memory.presence.hear(now, readings.iter().map(|r| r.0).find(|at| *at > newest));
        // What rules did not know of is looked at when all of it is there.
        let mut from: Option<Timestamp> = None;
        for (at, value) in readings {
            if at > newest
                && !self.is_overtaken(s, at)
                && let Some(from) = from.take()
            {
                self.correct(s, from, effects);
            }
            let changed = self.take_reading(s, sensor, (at, value), now, effects);
            from = from.or(changed);
        }
        if let Some(from) = from {
            self.correct(s, from, effects);
        }
        self.memory.site.sensors[s].timeline.forget(&sensor.health, sensor.lateness);
    }

    /// Takes a reading; its time when rules went on to after it without it.
    fn take_reading(
        &mut self,
        s: usize,
        sensor: &Sensor,
        (at, sent): (Timestamp, f64),
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Option<Timestamp> {
        let memory = &mut self.memory.site.sensors[s];
        if !memory.timeline.is_new(at, sent) {
            self.memory.site.readings_repeated += 1;
            return None;
        }
        let value = match &sensor.counter {
            None => sent,
            // A total that is not newer: the one that came before it holds what it says.
            Some(params) => memory.counter.step(params, at, sent)?,
        };
        let follows = memory.timeline.newest().is_some_and(|(newest, _)| at > newest);
        let overtaken = self.is_overtaken(s, at);
        if follows && !overtaken {
            self.hold_until(s, at, effects);
        }
        let memory = &mut self.memory.site.sensors[s];
        match memory.timeline.take(&sensor.health, sensor.lateness, at, value) {
            Taken::Newest(quality) => {
                self.tell_sensor(s, sensor, now.max(at), at, effects);
                if quality == Quality::Good {
                    self.fill_windows(s, at, value, effects);
                }
                if overtaken {
                    return Some(at);
                }
                self.weigh(at, |rule| rule.sensor == Some(s), effects);
                None
            }
            Taken::Corrected { good } => {
                self.memory.site.readings_corrected += 1;
                self.tell_sensor(s, sensor, now.max(at), at, effects);
                for (at, value) in good {
                    self.fill_windows(s, at, value, effects);
                }
                Some(at)
            }
            Taken::Late { by } => {
                self.memory.site.readings_late += 1;
                self.straggler(s, sensor, (at, value), by, effects);
                None
            }
        }
    }

    /// A reading that came too late for the sensor's value may still be in time for its windows.
    fn straggler(
        &mut self,
        s: usize,
        sensor: &Sensor,
        (at, value): (Timestamp, f64),
        by: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let [least, most] = sensor.health.range;
        if !(least..=most).contains(&value) {
            return;
        }
        self.fill_windows(s, at, value, effects);
        let held = self.memory.site.sensors[s].timeline.good_at(at).map(|(_, held)| held);
        let plan = Arc::clone(&self.plan);
        let rule = all_rules(&plan).find(|rule| {
            let reaches = |value| reaches(rule, self.adjust(rule, at).thresholds, value);
            rule.sensor == Some(s) && reaches(value) && !held.is_some_and(reaches)
        });
        if let Some(rule) = rule {
            let (sensor, rule) = (sensor.id.clone(), rule.id.clone());
            effects.push(Effect::TooLate(TooLate { sensor, at, value, by, rule }));
        }
    }

    /// Who is silent is told; who is heard again, too. `measured` dates what is told by a reading.
    pub(super) fn tell_sensor(
        &mut self,
        s: usize,
        sensor: &Sensor,
        now: Timestamp,
        measured: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let memory = &mut self.memory.site.sensors[s];
        let Some(state) = memory.state(sensor, now) else { return };
        if memory.told.is_some_and(|(told, _)| told == state) {
            return;
        }
        // A reading may be older than the silence that it ends: what is told later is dated later.
        let at = if state == SensorHealth::Silent { now } else { measured };
        let at = memory.told.map_or(at, |(_, told)| at.max(told));
        memory.told = Some((state, at));
        let ever = memory.presence.ever();
        effects.push(Effect::Sensor { sensor: sensor.id.clone(), state, at, ever });
    }

    /// The box's clock has gone on: what came meanwhile acts, and who is silent is told.
    pub(super) fn tick_readings(&mut self, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for (s, sensor) in plan.sensors.iter().enumerate() {
            let memory = &mut self.memory.site.sensors[s];
            memory.presence.expect(at);
            let came = !memory.waiting.is_empty();
            let silent = memory.presence.silent(sensor.health.silent_after, at);
            self.take_readings(s, at, effects);
            // What is old is judged when it comes: until then it is not known what else does.
            if came || silent {
                self.tell_sensor(s, sensor, at, at, effects);
            }
        }
    }

    /// The box's clock has gone on to `at`. Who said nothing while the box was off has as long as ever from now on.
    pub(super) fn listen_anew(&mut self, at: Timestamp) {
        if at.since(self.memory.site.ticked) <= OFF_MIN {
            return;
        }
        for sensor in &mut self.memory.site.sensors {
            sensor.presence.expect_anew(at);
        }
    }
}

/// The rules of all cameras and of the site.
fn all_rules(plan: &Plan) -> impl Iterator<Item = &Rule> {
    plan.cameras.iter().flat_map(|camera| &camera.rules).chain(&plan.rules)
}

/// Would this value of its sensor make a threshold of the rule hold?
fn reaches(rule: &Rule, factor: f64, value: f64) -> bool {
    rule.program.conditions.iter().any(|condition| match condition.test {
        Test::Value { from: crate::plan::program::ValueFrom::Sensor, above, on, .. } => {
            if above {
                value >= on * factor
            } else {
                value <= on * factor
            }
        }
        _ => false,
    })
}
