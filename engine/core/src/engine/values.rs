//! What rules make of values: of sensors, see [`super::reading`], and of windows. Rules see final
//! results of windows only, so they conclude the same in whatever order readings come.

use super::event::{Effect, WindowTold};
use super::machine::Engine;
use super::rule_at::{RuleAt, by_value};
use super::signal::Moment;
use super::visit::{Found, Shown};
use super::window::WindowMemory;
use crate::plan::{Rule, Window};
use crate::rule::{RuleState, Signal, Values};
use crate::sensor::{Pushed, Shape, WindowResult};
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{Certainty, Measured};

/// Readings may be on their way for so long before the box's clock ends a window without them.
const ON_THE_WAY_MAX: Duration = Duration::from_mins(1);

impl Engine {
    /// A good reading goes into the windows of its sensor.
    pub(super) fn fill_windows(
        &mut self,
        s: usize,
        at: Timestamp,
        value: f64,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        for (w, window) in plan.windows.iter().enumerate() {
            let Some(key) = window.sensors.iter().position(|i| *i == s) else { continue };
            let day_time = self.memory.site.clock.day_time(at);
            let memory = &mut self.memory.site.windows[w];
            if memory.windows.push(key as u32, day_time, value) == Pushed::Taken {
                let mark = memory.windows.watermark().unwrap_or_default();
                self.advance_window(w, mark, effects);
            }
        }
    }

    /// Windows that hold what is later than now would wait for it; they begin anew.
    pub(super) fn restart_windows(&mut self) {
        let now = self.memory.site.clock.day_now();
        let site = &mut *self.memory.site;
        for (memory, window) in site.windows.iter_mut().zip(&self.plan.windows) {
            let Some(anew) = WindowMemory::new(window, memory.shape.clone()) else { continue };
            let finals = std::mem::replace(memory, anew).finals;
            let not_after_now = |r: WindowResult| WindowResult { end: r.end.min(now), ..r };
            memory.finals = finals.into_iter().map(|r| r.map(not_after_now)).collect();
        }
    }

    /// Tells what a window has to say, given that nothing before `mark` is still to come, by the
    /// clock on the wall.
    fn advance_window(&mut self, w: usize, mark: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let window = &plan.windows[w];
        for result in self.memory.site.windows[w].windows.advance(mark) {
            let sensor = &plan.sensors[window.sensors[result.key as usize]];
            effects.push(Effect::Window(WindowTold {
                window: window.name.clone(),
                sensor: sensor.id.clone(),
                unit: sensor.decoder.quantity.unit().as_str().to_owned(),
                result,
            }));
            if result.state == Certainty::Final {
                self.memory.site.windows[w].finals[result.key as usize] = Some(result);
                let end = self.memory.site.clock.event_time(result.end);
                self.weigh(end, |rule| rule.window == Some(w), effects);
            }
        }
    }

    /// The box's clock has gone on: what waited long enough is due.
    pub(super) fn tick_values(&mut self, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for (w, window) in plan.windows.iter().enumerate() {
            let day_time = self.memory.site.clock.day_time(at);
            let mark = Timestamp(day_time.0.saturating_sub(nanos(self.window_wait(window))));
            self.advance_window(w, mark, effects);
        }
        // Values that nothing changes go on to hold, as far as nothing else can be on its way.
        for of in by_value(&plan) {
            let rule = of.rule;
            let sensor = rule.sensor.map(|s| self.memory.site.sensors[s].patience());
            let window = rule.window.map(|w| self.window_wait(&plan.windows[w]));
            let wait = sensor.max(window).unwrap_or_default();
            let known = Timestamp(at.0.saturating_sub(nanos(wait)));
            // One that has no value yet must not be ahead of the first: that may be on its way.
            let heard = |s: usize| self.memory.site.sensors[s].timeline.good().is_some();
            if rule.window.is_none() && !rule.sensor.is_some_and(heard) {
                continue;
            }
            if known > self.memory.rule_at(of).weighed {
                self.weigh_by(known, of, effects);
            }
        }
    }

    /// For so long after its end, readings of a window may be on their way. What is final is not
    /// corrected, so this is long also for a sensor that was quick so far.
    fn window_wait(&self, window: &Window) -> Duration {
        let patience = window.sensors.iter().map(|s| self.memory.site.sensors[*s].patience()).max();
        window.spec.lateness + patience.unwrap_or_default().max(ON_THE_WAY_MAX)
    }

    /// What a rule may rest on at a time, and how it is told.
    pub(super) fn values(&self, rule: &Rule, at: Timestamp) -> (Values, Vec<Measured>) {
        let sensor = rule.sensor.and_then(|s| self.sensor_value(s, at));
        let window = rule.window.and_then(|w| self.window_value(w, at));
        let mut measured = Vec::new();
        if let (Some(s), Some(value)) = (rule.sensor, sensor) {
            measured.push(self.measured_by(s, value));
        }
        if let (Some(w), Some(value)) = (rule.window, window) {
            let window = &self.plan.windows[w];
            let quantity = window.sensors.first().map(|s| self.plan.sensors[*s].decoder.quantity);
            let unit = quantity.map_or("", |q| q.unit().as_str()).to_owned();
            measured.push(Measured { name: window.name.clone(), value, unit });
        }
        (Values { sensor, window }, measured)
    }

    /// A sensor's value, as it is told.
    pub(super) fn measured_by(&self, s: usize, value: f64) -> Measured {
        let sensor = &self.plan.sensors[s];
        let unit = sensor.decoder.quantity.unit().as_str().to_owned();
        Measured { name: sensor.id.clone(), value, unit }
    }

    fn sensor_value(&self, s: usize, at: Timestamp) -> Option<f64> {
        self.memory.site.sensors[s].value(&self.plan.sensors[s], at)
    }

    /// The highest of its sensors; a result is old when the next one should long be there.
    fn window_value(&self, w: usize, at: Timestamp) -> Option<f64> {
        let spec = &self.plan.windows[w].spec;
        let next = match spec.shape {
            Shape::Tumbling { size } => size,
            Shape::Sliding { slide, .. } => slide,
            Shape::Session { gap, .. } => gap,
        };
        let age_max = next * 2 + spec.lateness + Duration::from_mins(1);
        let finals = self.memory.site.windows[w].finals.iter().flatten();
        let day_time = self.memory.site.clock.day_time(at);
        let fresh = finals.filter(|result| day_time.since(result.end) <= age_max);
        fresh.map(|result| result.value).max_by(f64::total_cmp)
    }

    /// Rules that need no picture look at values that changed.
    pub(super) fn weigh(
        &mut self,
        at: Timestamp,
        concerns: impl Fn(&Rule) -> bool,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        for of in by_value(&plan).filter(|of| concerns(of.rule)) {
            self.weigh_by(at, of, effects);
        }
    }

    pub(super) fn weigh_by(&mut self, at: Timestamp, of: RuleAt<'_>, effects: &mut Vec<Effect>) {
        let memory = self.memory.rule_at_mut(of);
        // Sensors and the box have clocks of their own; a rule's time only grows.
        let at = at.max(memory.weighed);
        memory.weighed = at;
        let mut state = std::mem::take(&mut memory.state);
        let (values, measured) = self.values(of.rule, at);
        let Found { signals, ending } = self.visit(of, &mut state, &Shown::values(at, values));
        self.note_trail(at, (&state, &signals), of);
        self.memory.rule_at_mut(of).state = state;
        let frame = of.camera.and_then(|c| self.memory.cameras[c].picture());
        for signal in signals {
            let moment = Moment { at, of, frame, measured: &measured, ending };
            self.signal(moment, signal, effects);
        }
    }

    /// Keeps where a rule of values is, to go back to.
    pub(super) fn note_trail(
        &mut self,
        at: Timestamp,
        (state, signals): (&RuleState, &[Signal]),
        of: RuleAt<'_>,
    ) {
        let rule = of.rule;
        let sensor = rule.sensor.filter(|_| rule.window.is_none());
        let newest = sensor.and_then(|s| self.newest_reading(s));
        let lateness = sensor.map_or(Duration::ZERO, |s| self.plan.sensors[s].lateness);
        self.memory.rule_at_mut(of).trail.note(at, (state, signals), newest, lateness);
    }

    pub(super) fn newest_reading(&self, s: usize) -> Option<Timestamp> {
        self.memory.site.sensors[s].timeline.newest().map(|(at, _)| at)
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
