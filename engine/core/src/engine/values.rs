//! Sensors: from readings to values that rules may rest on, and to results of windows.
//!
//! A reading waits until no older one of its sensor may come, is judged by the sensor's health,
//! and is then the sensor's value; good ones also go into windows. Stragglers that come after that
//! are still in time for windows, which correct what they told. Rules see final results only, so
//! they conclude the same in whatever order readings come.

use super::cases::Moment;
use super::{Effect, Engine};
use crate::config::Plan;
use crate::config::plan::{Rule, Sensor, Window};
use crate::id::Name;
use crate::incident::{EndReason, Measured};
use crate::rule::{Look, Values};
use crate::sensor::{
    Health, Order, Pushed, Quantity, Shape, State, Tie, Verdict, WindowResult, Windows,
};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Most readings of one sensor that wait for older ones.
const WAITING_MAX: usize = 4_096;

/// Readings may be on their way for so long before the box's clock stops waiting for them.
const ON_THE_WAY_MAX: Duration = Duration::from_mins(1);

/// What is remembered of a sensor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SensorMemory {
    id: Name,
    quantity: Quantity,
    waiting: Order<f64>,
    newest: Timestamp,
    health: Health,
    /// As last told.
    told: SensorState,
}

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

/// How a sensor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorState {
    /// Its values can be believed.
    Good,
    /// It says what cannot be.
    OutOfRange,
    /// Its values jump faster than what it measures.
    Jumping,
    /// It says the same for too long.
    Stuck,
    /// It says nothing.
    #[default]
    Silent,
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

impl SensorMemory {
    fn new(sensor: &Sensor) -> Self {
        Self {
            id: sensor.id.clone(),
            quantity: sensor.decoder.quantity,
            waiting: Order::new(1, WAITING_MAX),
            newest: Timestamp::default(),
            health: Health::new(Timestamp::default()),
            told: SensorState::default(),
        }
    }

    /// The box's clock was set, and its readings may have another time from now on: they are
    /// compared with what comes, not with what came before.
    pub(super) fn clock_set(&mut self, now: Timestamp) {
        self.waiting = Order::new(1, WAITING_MAX);
        self.newest = Timestamp::default();
        self.health.not_after(now);
    }

    fn state(&self, sensor: &Sensor, verdict: Option<Verdict>, now: Timestamp) -> SensorState {
        if self.health.silent(&sensor.health, now) {
            return SensorState::Silent;
        }
        match verdict {
            None => self.told,
            Some(Verdict::Good) => SensorState::Good,
            Some(Verdict::OutOfRange) => SensorState::OutOfRange,
            Some(Verdict::Jump) => SensorState::Jumping,
            Some(Verdict::Stuck) => SensorState::Stuck,
        }
    }
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
        let same = |m: &SensorMemory| m.id == sensor.id && m.quantity == sensor.decoder.quantity;
        sensors.push(match old.iter().position(same) {
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
        let sensor = &plan.sensors[s];
        let memory = &mut self.memory.sensors[s];
        memory.newest = memory.newest.max(at);
        let tie = Tie { source: 0, content: value.to_bits() };
        if memory.waiting.push(at, tie, value).is_err() {
            self.memory.readings_late += 1;
            self.straggler(s, sensor, at, value, effects);
            return;
        }
        // Those of the very time of the mark may still come, but a sensor without lateness is
        // in order by its own word.
        let lateness = nanos(sensor.lateness);
        let due = Timestamp((memory.newest.0 + u64::from(lateness == 0)).saturating_sub(lateness));
        self.release_readings(s, due, effects);
    }

    /// Readings up to `due` are in order now.
    pub(super) fn release_readings(&mut self, s: usize, due: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let sensor = &plan.sensors[s];
        for (at, value) in self.memory.sensors[s].waiting.pop_ready(due) {
            let memory = &mut self.memory.sensors[s];
            let verdict = memory.health.step(&sensor.health, at, value);
            self.tell_sensor(s, sensor, Some(verdict), at, effects);
            if verdict == Verdict::Good {
                self.fill_windows(s, at, value, effects);
            }
            self.weigh(at, |rule| rule.sensor == Some(s), effects);
        }
    }

    /// A reading that came too late for the sensor's value may still be in time for its windows.
    fn straggler(
        &mut self,
        s: usize,
        sensor: &Sensor,
        at: Timestamp,
        value: f64,
        effects: &mut Vec<Effect>,
    ) {
        let [least, most] = sensor.health.range;
        if (least..=most).contains(&value) {
            self.fill_windows(s, at, value, effects);
        }
    }

    fn fill_windows(&mut self, s: usize, at: Timestamp, value: f64, effects: &mut Vec<Effect>) {
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
            if result.state == State::Final {
                self.memory.windows[w].finals[result.key as usize] = Some(result);
                let end = self.memory.clock.event_time(result.end);
                self.weigh(end, |rule| rule.window == Some(w), effects);
            }
        }
    }

    /// The box's clock has gone on: what waited long enough is due, and who is silent is told.
    pub(super) fn tick_sensors(&mut self, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for (s, sensor) in plan.sensors.iter().enumerate() {
            let wait = sensor.lateness + ON_THE_WAY_MAX;
            let due = Timestamp(at.0.saturating_sub(nanos(wait)));
            self.release_readings(s, due, effects);
            self.tell_sensor(s, sensor, None, at, effects);
        }
        for (w, window) in plan.windows.iter().enumerate() {
            let wait = window.spec.lateness + ON_THE_WAY_MAX;
            let day_time = self.memory.clock.day_time(at);
            let mark = Timestamp(day_time.0.saturating_sub(nanos(wait)));
            self.advance_window(w, mark, effects);
        }
        // Values that nothing changes go on to hold; as far as all that was measured is known.
        let late = |rule: &Rule| {
            let sensor = rule.sensor.map(|s| plan.sensors[s].lateness);
            sensor.max(rule.window.map(|w| plan.windows[w].spec.lateness))
        };
        for (c, r, rule) in by_value(&plan) {
            let wait = late(rule).unwrap_or_default() + ON_THE_WAY_MAX;
            let known = Timestamp(at.0.saturating_sub(nanos(wait)));
            if known > self.rule_memory(c, r).weighed {
                self.weigh_by(known, c, r, rule, effects);
            }
        }
    }

    fn tell_sensor(
        &mut self,
        s: usize,
        sensor: &Sensor,
        verdict: Option<Verdict>,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let memory = &mut self.memory.sensors[s];
        let state = memory.state(sensor, verdict, at);
        if state != memory.told {
            memory.told = state;
            effects.push(Effect::Sensor { sensor: sensor.id.clone(), state, at });
        }
    }

    /// What a rule may rest on at a time, and how it is told.
    pub(super) fn values(&self, rule: &Rule, at: Timestamp) -> (Values, Vec<Measured>) {
        let sensor = rule.sensor.and_then(|s| self.sensor_value(s, at));
        let window = rule.window.and_then(|w| self.window_value(w, at));
        let mut measured = Vec::new();
        if let (Some(s), Some(value)) = (rule.sensor, sensor) {
            let sensor = &self.plan.sensors[s];
            let unit = sensor.decoder.quantity.unit().as_str().to_owned();
            measured.push(Measured { name: sensor.id.clone(), value, unit });
        }
        if let (Some(w), Some(value)) = (rule.window, window) {
            let window = &self.plan.windows[w];
            let quantity = window.sensors.first().map(|s| self.plan.sensors[*s].decoder.quantity);
            let unit = quantity.map_or("", |q| q.unit().as_str()).to_owned();
            measured.push(Measured { name: window.name.clone(), value, unit });
        }
        (Values { sensor, window }, measured)
    }

    fn sensor_value(&self, s: usize, at: Timestamp) -> Option<f64> {
        let (memory, params) = (&self.memory.sensors[s], &self.plan.sensors[s].health);
        let (since, value) = memory.health.good()?;
        let old = at.since(since) > params.silent_after;
        (!old && !memory.health.silent(params, at)).then_some(value)
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
    fn weigh(
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

    fn weigh_by(
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
        let inactive = self.inactive(c, r, rule, at);
        let (values, measured) = self.values(rule, at);
        let adjust = self.adjust(rule);
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
        let memory = match c {
            Some(c) => &mut self.memory.cameras[c].rules[r],
            None => &mut self.memory.site_rules[r],
        };
        let (signals, ending) = match &inactive {
            Some(inactive) => (memory.state.suspend(&rule.program), inactive.reason()),
            None => (memory.state.step(&look, &mut self.sight.scratch), ending(rule, &values)),
        };
        let frame = c.and_then(|c| self.memory.cameras[c].frame);
        for signal in signals {
            let moment = Moment { at, camera: c, rule, frame, measured: &measured, ending };
            self.signal(moment, signal, effects);
        }
    }

    fn rule_memory(&mut self, c: Option<usize>, r: usize) -> &mut super::memory::RuleMemory {
        match c {
            Some(c) => &mut self.memory.cameras[c].rules[r],
            None => &mut self.memory.site_rules[r],
        }
    }
}

/// The rules that need no picture: camera, rule and its definition.
fn by_value(plan: &Plan) -> impl Iterator<Item = (Option<usize>, usize, &Rule)> {
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
