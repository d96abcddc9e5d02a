//! Rules measure how long something lasts, whatever is done to the box's clock meanwhile.

use crate::support::{KERB, name, one_camera};
use std::collections::BTreeMap;
use std::sync::Arc;
use viahe_contract::message::{SensorHealth, State};
use viahe_core::engine::{Effect, Engine, Event, WindowTold};
use viahe_core::frame::FrameStamp;
use viahe_core::id::TrackId;
use viahe_core::incident::Revision;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};

/// What is true when a box starts: 2 December 2026, 08:00 UTC, a Wednesday.
const START_SECS: i64 = 1_796_198_400;
const HOUR: i64 = 3600;
/// How far a clock is put, in s. The last is a box without a battery: 1970 until the network.
const STEPS: [i64; 8] =
    [-HOUR, HOUR, -300, 300, -7 * HOUR, 7 * HOUR, -START_SECS + 20, START_SECS - 20];

fn plan(rules: &str) -> Arc<Plan> {
    one_camera("cam", &format!("analyse_hz = 2.0\n{KERB}\n{rules}"))
}

const PARKING: &str = r#"
    [[camera.rule]]
    use = "illegal-parking"
    zone = "kerb"
    classes = ["vehicle"]
    dwell_secs = 20
"#;

/// A box whose clock is wrong, with what it was told so far. Times are true seconds since its start.
struct Box {
    plan: Arc<Plan>,
    engine: Engine,
    /// Its clock less the truth, in s.
    wrong: i64,
    opened: Vec<(u64, Revision)>,
    closed: Vec<(u64, Revision)>,
    sensor: Vec<(u64, SensorHealth)>,
    windows: Vec<WindowTold>,
    seq: u64,
}

impl Box {
    fn new(plan: &Arc<Plan>, wrong: i64) -> Self {
        Self {
            plan: Arc::clone(plan),
            engine: Engine::new(Arc::clone(plan)),
            wrong,
            opened: Vec::new(),
            closed: Vec::new(),
            sensor: Vec::new(),
            windows: Vec::new(),
            seq: 0,
        }
    }

    fn day_time(&self, half_secs: u64) -> Timestamp {
        let ns = START_SECS.unsigned_abs() * 1_000_000_000 + half_secs * 500_000_000;
        Timestamp(ns).shifted(self.wrong * 1_000_000_000)
    }

    fn apply(&mut self, half_secs: u64, event: Event) {
        let mut todo = self.engine.apply(event);
        while let Some(effect) = todo.pop() {
            match effect {
                Effect::Capture(c) => {
                    todo.extend(
                        self.engine.apply(Event::Captured { capture: c.id, evidence: None }),
                    );
                }
                Effect::Publish(r) if r.state == State::Closed => self.closed.push((half_secs, *r)),
                Effect::Publish(r) if r.revision == 1 => self.opened.push((half_secs, *r)),
                Effect::Sensor { state, .. } => self.sensor.push((half_secs, state)),
                Effect::Window(told) => self.windows.push(told),
                _ => {}
            }
        }
    }

    fn look(&mut self, half_secs: u64, car: bool) {
        let object = Object {
            track: TrackId(1),
            class: Class::try_from("vehicle.car").unwrap(),
            confidence: 0.8.try_into().unwrap(),
            bbox: [0.10, 0.40, 0.30, 0.60].try_into().unwrap(),
        };
        let frame = FrameStamp {
            seq: self.seq,
            captured: self.day_time(half_secs),
            arrived: self.day_time(half_secs),
            offset_ms: 0,
            clock: ClockSource::Arrival,
        };
        self.seq += 1;
        let observation = Observation {
            camera: name("cam"),
            frame,
            size_px: [1000, 500],
            objects: car.then_some(object).into_iter().collect(),
            undecided: Vec::new(),
        };
        self.apply(half_secs, Event::Observed(observation));
        if half_secs.is_multiple_of(2) {
            self.apply(half_secs, Event::Tick(self.day_time(half_secs)));
        }
    }

    fn read(&mut self, half_secs: u64, value: f64) {
        let at = self.day_time(half_secs);
        self.apply(half_secs, Event::Reading { sensor: name("gauge"), at, value });
    }

    /// Somebody sets its clock, and it is noticed.
    fn set(&mut self, half_secs: u64, by: i64) {
        self.wrong += by;
        self.apply(half_secs, Event::ClockSet { by_ms: by * 1000 });
    }

    /// It is started again, under the same plan.
    fn restart(&mut self) {
        let saved = self.engine.save();
        self.engine = Engine::restore(Arc::clone(&self.plan), &saved).unwrap().0;
        self.apply(0, Event::WorkerStarted { models: BTreeMap::new() });
    }
}

/// Starts where the clock is wrong by `step` and put right, or right and put wrong by it.
fn stories() -> impl Iterator<Item = (i64, i64)> {
    STEPS.into_iter().flat_map(|step| {
        let right_then_wrong = (START_SECS + step >= 0).then_some((0, step));
        let wrong_then_right = (START_SECS + step >= 0).then_some((step, -step));
        right_then_wrong.into_iter().chain(wrong_then_right)
    })
}

#[test]
fn a_dwell_takes_as_long_as_it_takes() {
    // At the start, in the dwell of 5 s to 25 s, and while the incident is open.
    for set_at in [0, 30, 31, 80] {
        for restarts in [false, true] {
            for (wrong, by) in stories() {
                let case = format!("{wrong} s wrong, put by {by} s at {set_at}, {restarts}");
                let mut b = Box::new(&plan(PARKING), wrong);
                for t in 0..700 {
                    if t == set_at {
                        b.set(t, by);
                        if restarts {
                            b.restart();
                        }
                    }
                    b.look(t, (10..300).contains(&t));
                }
                assert_eq!(b.opened.len(), 1, "{case}");
                let (opened, revision) = &b.opened[0];
                assert_eq!(*opened, 50, "{case}: 20 s after it came");
                // What is said then is what the clock on the wall says then.
                let wrong_then = if set_at <= 50 { wrong + by } else { wrong };
                let saying = Box::new(&plan(PARKING), wrong_then);
                assert_eq!(revision.opened, saying.day_time(50), "{case}");
                assert_eq!(revision.first_seen, saying.day_time(10), "{case}");
                assert_eq!(b.closed.len(), 1, "{case}");
                let (_, revision) = &b.closed[0];
                let early = b.day_time(299).since(revision.closed.unwrap());
                assert!(early.as_secs() <= 1, "{case}: a look before it left: {early:?}");
                assert_eq!(revision.opened, b.day_time(50), "{case}: corrected");
                assert_eq!(b.engine.observations_late(), 0, "{case}");
            }
        }
    }
}

#[test]
fn hours_are_those_of_the_clock_as_it_is() {
    let hours = format!("{PARKING}\nschedule = [\"Mon-Sun 06:00-12:00\"]");
    let mut b = Box::new(&plan(&hours), -START_SECS + 20);
    for t in 0..400 {
        if t == 100 {
            assert!(b.opened.is_empty(), "it is midnight as far as anybody knows");
            b.set(t, START_SECS - 20);
        }
        b.look(t, true);
    }
    assert_eq!(b.opened.len(), 1);
    assert_eq!(b.opened[0].1.opened, b.day_time(b.opened[0].0));
}

const GAUGE: &str = r#"
    [[sensor]]
    id = "gauge"
    topic = "gauge"
    quantity = "water_level"
    clock = "arrival"
    lateness_secs = 0
    silent_secs = 120
    [[rule]]
    use = "flooded-street"
    sensor = "gauge"
    [[window]]
    name = "minute"
    sensors = ["gauge"]
    shape = "tumbling"
    size_secs = 60
    function = "max"
    lateness_secs = 0
"#;

#[test]
fn a_gauge_goes_on_when_the_clock_is_set() {
    let flood = |wrong, by, set_at: u64| {
        let mut b = Box::new(&plan(GAUGE), wrong);
        for t in (0..2400).step_by(20) {
            if t == set_at {
                b.set(t, by);
            }
            b.read(t, if t < 600 { 0.0 } else { 40.0 });
            b.apply(t, Event::Tick(b.day_time(t)));
        }
        b
    };
    let usual = flood(0, 0, 0);
    assert_eq!(usual.opened.len(), 1);
    for set_at in [0, 700, 1400] {
        for (wrong, by) in stories() {
            let case = format!("{wrong} s wrong, put by {by} s at {set_at}");
            let b = flood(wrong, by, set_at);
            let opened = |b: &Box| b.opened.iter().map(|(t, _)| *t).collect::<Vec<_>>();
            assert_eq!(opened(&b), opened(&usual), "{case}");
            assert_eq!(b.closed.len(), 0, "{case}");
            assert_eq!(b.sensor, usual.sensor, "{case}: never silent");
            assert_eq!(b.engine.readings_late(), 0, "{case}");
            // A window is a minute of the clock on the wall, and goes on after the step.
            let whole = |w: &WindowTold| w.result.start.0.is_multiple_of(60_000_000_000);
            assert!(b.windows.iter().all(whole), "{case}");
            let last = b.windows.iter().map(|w| w.result.end).next_back().unwrap();
            assert!(b.day_time(2400).since(last).as_secs() <= 180, "{case}: {last}");
        }
    }
}

#[test]
fn a_gauge_with_its_own_clock_is_not_silenced_by_ours() {
    let own =
        GAUGE.replace("clock = \"arrival\"", "format = \"json\"\nvalue = \"/v\"\ntime = \"/t\"");
    for by in [-300, 300, -240, 60] {
        let mut b = Box::new(&plan(&own), -by);
        let mut late = 0;
        for t in (0..2400).step_by(20) {
            if t == 700 {
                b.set(t, by);
                late = b.engine.readings_late();
            }
            // The gauge's clock is right.
            let at = Box::new(&b.plan, 0).day_time(t);
            b.apply(t, Event::Reading { sensor: name("gauge"), at, value: 0.05 });
            b.apply(t, Event::Tick(b.day_time(t)));
        }
        assert_eq!(b.engine.readings_late(), late, "{by}: none after it was set");
        let told: Vec<_> = b.sensor.iter().filter(|(t, _)| *t > 740).collect();
        assert!(told.iter().all(|(_, s)| *s == SensorHealth::Good), "{by}: {told:?}");
    }
}
