//! What rules make of values: of sensors, see [`super::readings`], and of windows. Rules see final
//! results of windows only, so they conclude the same in whatever order readings come.

use super::cases::Moment;
use super::readings::SensorMemory;
use super::{Effect, Engine};
use crate::config::Plan;
use crate::config::plan::{Rule, Window};
use crate::id::Name;
use crate::rule::{Look, RuleState, Signal, Values};
use crate::sensor::{Pushed, Shape, WindowResult, Windows};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{Certainty, EndReason, Measured};

/// Readings may be on their way for so long before the box's clock ends a window without them.
const ON_THE_WAY_MAX: Duration = Duration::from_mins(1);

/// What is remembered of a window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct WindowMemory {
    name: Name,
    /// Of its sensors, and of what is told; another one starts anew.
    shape: String,
    /// By the clock on the wall: an hour of rain is from 8 to 9.
    windows: Windows,
    /// The newest final result of each sensor.
    finals: Vec<Option<WindowResult>>,
}

/// A window has something to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowTold {
    /// Which window.
    pub window: Name,
    /// Whose readings.
    pub sensor: Name,
    /// Of the value.
    pub unit: String,
    /// What it says.
    pub result: WindowResult,
}

impl WindowMemory {
    fn new(window: &Window, shape: String) -> Option<Self> {
        // Checked when the plan was read.
        let windows = Windows::new(window.spec, window.sensors.len() as u32).ok()?;
        let finals = vec![None; window.sensors.len()];
        Some(Self { name: window.name.clone(), shape, windows, finals })
    }
}

/// Brings what is remembered of sensors and windows into the plan's order.
pub(super) fn align(sensors: &mut Vec<SensorMemory>, windows: &mut Vec<WindowMemory>, plan: &Plan) {
    let mut old = std::mem::take(sensors);
    for sensor in &plan.sensors {
        sensors.push(match old.iter().position(|m| m.is_of(sensor)) {
            Some(i) => old.remove(i),
            None => SensorMemory::new(sensor),
        });
    }
    let mut old = std::mem::take(windows);
    for window in &plan.windows {
        let ids: Vec<&str> = window.sensors.iter().map(|s| plan.sensors[*s].id.as_str()).collect();
        let shape = format!("{ids:?} {:?}", window.spec);
        let same = old.iter().position(|m| m.name == window.name && m.shape == shape);
        windows.extend(match same {
            Some(i) => Some(old.remove(i)),
            None => WindowMemory::new(window, shape),
        });
    }
}

/// Why what ends now ends, where the rule still applies.
pub(super) fn ending(rule: &Rule, values: &Values) -> EndReason {
    let lost = (rule.sensor.is_some() && values.sensor.is_none())
        || (rule.window.is_some() && values.window.is_none());
    if lost { EndReason::SensorLost } else { EndReason::Over }
}

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
            let day_time = self.memory.clock.day_time(at);
            let memory = &mut self.memory.windows[w];
            if memory.windows.push(key as u32, day_time, value) == Pushed::Taken {
                let mark = memory.windows.watermark().unwrap_or_default();
                self.advance_window(w, mark, effects);
            }
        }
    }

    /// Windows that hold what is later than now would wait for it; they begin anew.
    pub(super) fn restart_windows(&mut self) {
        let now = self.memory.clock.day_now();
        for (memory, window) in self.memory.windows.iter_mut().zip(&self.plan.windows) {
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
        for result in self.memory.windows[w].windows.advance(mark) {
            let sensor = &plan.sensors[window.sensors[result.key as usize]];
            effects.push(Effect::Window(WindowTold {
                window: window.name.clone(),
                sensor: sensor.id.clone(),
                unit: sensor.decoder.quantity.unit().as_str().to_owned(),
                result,
            }));
            if result.state == Certainty::Final {
                self.memory.windows[w].finals[result.key as usize] = Some(result);
                let end = self.memory.clock.event_time(result.end);
                self.weigh(end, |rule| rule.window == Some(w), effects);
            }
        }
    }

    /// The box's clock has gone on: what waited long enough is due.
    pub(super) fn tick_values(&mut self, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for (w, window) in plan.windows.iter().enumerate() {
            let day_time = self.memory.clock.day_time(at);
            let mark = Timestamp(day_time.0.saturating_sub(nanos(self.window_wait(window))));
            self.advance_window(w, mark, effects);
        }
        // Values that nothing changes go on to hold, as far as nothing else can be on its way.
        for (c, r, rule) in by_value(&plan) {
            let sensor = rule.sensor.map(|s| self.memory.sensors[s].patience());
            let window = rule.window.map(|w| self.window_wait(&plan.windows[w]));
            let wait = sensor.max(window).unwrap_or_default();
            let known = Timestamp(at.0.saturating_sub(nanos(wait)));
            // One that has no value yet must not be ahead of the first: that may be on its way.
            let heard = |s: usize| self.memory.sensors[s].timeline.good().is_some();
            if rule.window.is_none() && !rule.sensor.is_some_and(heard) {
                continue;
            }
            if known > self.rule_memory(c, r).weighed {
                self.weigh_by(known, c, r, rule, effects);
            }
        }
    }

    /// For so long after its end, readings of a window may be on their way. What is final is not
    /// corrected, so this is long also for a sensor that was quick so far.
    fn window_wait(&self, window: &Window) -> Duration {
        let patience = window.sensors.iter().map(|s| self.memory.sensors[*s].patience()).max();
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
        self.memory.sensors[s].value(&self.plan.sensors[s], at)
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
        let finals = self.memory.windows[w].finals.iter().flatten();
        let day_time = self.memory.clock.day_time(at);
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
        for (c, r, rule) in by_value(&plan).filter(|(_, _, rule)| concerns(rule)) {
            self.weigh_by(at, c, r, rule, effects);
        }
    }

    pub(super) fn weigh_by(
        &mut self,
        at: Timestamp,
        c: Option<usize>,
        r: usize,
        rule: &Rule,
        effects: &mut Vec<Effect>,
    ) {
        let memory = self.rule_memory(c, r);
        // Sensors and the box have clocks of their own; a rule's time only grows.
        let at = at.max(memory.weighed);
        memory.weighed = at;
        let mut state = memory.state.clone();
        let (values, measured) = self.values(rule, at);
        let (signals, ending) = self.look_by_value(&mut state, (at, values), c, r, rule);
        self.note_trail(at, (&state, &signals), (c, r, rule));
        self.rule_memory(c, r).state = state;
        let frame = c.and_then(|c| self.memory.cameras[c].frame);
        for signal in signals {
            let moment = Moment { at, camera: c, rule, frame, measured: &measured, ending };
            self.signal(moment, signal, effects);
        }
    }

    /// One look of a rule that needs no picture.
    pub(super) fn look_by_value(
        &mut self,
        state: &mut RuleState,
        (at, values): (Timestamp, Values),
        c: Option<usize>,
        r: usize,
        rule: &Rule,
    ) -> (Vec<Signal>, EndReason) {
        let inactive = self.inactive(c, r, rule, at);
        let adjust = self.adjust(rule, at);
        let day = c.and_then(|c| self.is_day(c, &Arc::clone(&self.plan).cameras[c], at));
        let prepared = match c {
            Some(c) => &self.prepared.cameras[c].rules[r],
            None => &self.prepared.site_rules[r],
        };
        let mut look = Look::new(rule, &prepared.rule, at, None);
        look.values = values;
        look.adjust = adjust;
        look.day = day;
        let camera = c.map(|c| &self.plan.cameras[c].id);
        look.tracer = super::watch::tracer(self.traced.as_ref(), camera, rule);
        if let Some(tracer) = look.tracer {
            let applies = super::watch::applies(&self.plan, prepared, inactive.as_ref());
            tracer.borrow_mut().applies(at, applies);
        }
        match &inactive {
            Some(inactive) => (state.suspend(&rule.program), inactive.reason()),
            None => (state.step(&look, &mut self.sight.scratch), ending(rule, &values)),
        }
    }

    pub(super) fn rule_memory(
        &mut self,
        c: Option<usize>,
        r: usize,
    ) -> &mut super::memory::RuleMemory {
        match c {
            Some(c) => &mut self.memory.cameras[c].rules[r],
            None => &mut self.memory.site_rules[r],
        }
    }
}

/// The rules that need no picture: camera, rule and its definition.
pub(super) fn by_value(plan: &Plan) -> impl Iterator<Item = (Option<usize>, usize, &Rule)> {
    let site = plan.rules.iter().enumerate().map(|(r, rule)| (None, r, rule));
    let cameras = plan.cameras.iter().enumerate().flat_map(|(c, camera)| {
        camera.rules.iter().enumerate().map(move |(r, rule)| (Some(c), r, rule))
    });
    let needs_values = |rule: &Rule| rule.sensor.is_some() || rule.window.is_some();
    site.chain(cameras).filter(move |(_, _, rule)| needs_values(rule) && !rule.program.looks())
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
