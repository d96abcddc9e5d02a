//! Readings of sensors, as the engine takes them: in whatever order they come, once or twice, soon
//! or late, the same is concluded; and what a sensor is said to be is true.

use crate::support::{World, name};
use proptest::prelude::*;
use std::sync::Arc;
use viahe_contract::message::{EndReason, SensorHealth, State};
use viahe_core::engine::{Effect, Engine, Event, TooLate};
use viahe_core::frame::FrameStamp;
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::scenario::{self, Told};
use viahe_core::time::{ClockSource, Timestamp};

/// A full hour.
const START: u64 = 1_790_002_800;

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

/// A gauge with one rule of the catalogue, and what else is written.
fn plan(sensor: &str, rule: &str) -> Arc<Plan> {
    let text = format!(
        r#"
        [site]
        id = "site"
        timezone = "Asia/Ho_Chi_Minh"
        [[sensor]]
        id = "gauge"
        topic = "gauge"
        {sensor}
        {rule}
        "#
    );
    Arc::new(World::new().parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}")))
}

const FLOOD: &str = "[[rule]]\nuse = \"flooded-street\"\nsensor = \"gauge\"\n";

fn gauge(lateness: u64) -> Arc<Plan> {
    let keys = "quantity = \"water_level\"\nsilent_secs = 3600\n";
    plan(&format!("{keys}lateness_secs = {lateness}"), FLOOD)
}

/// What arrives when: second of arrival, second of measurement, value.
type Delivery = (u64, u64, f64);

/// Ticks each second; a reading that arrives in a second comes before or after its tick.
fn events(deliveries: &[Delivery], until: u64, before_tick: bool) -> Vec<Event> {
    let mut events = Vec::new();
    for secs in 0..=until {
        let tick = Event::Tick(at(secs));
        if !before_tick {
            events.push(tick.clone());
        }
        let due = deliveries.iter().filter(|(arrives, ..)| *arrives == secs);
        events.extend(due.map(|(_, measured, value)| Event::Reading {
            sensor: name("gauge"),
            at: at(*measured),
            value: *value,
        }));
        if before_tick {
            events.push(tick);
        }
    }
    events
}

/// Begin, opening and end of each incident, in seconds.
fn incidents(told: &[Told]) -> Vec<(u64, u64, Option<u64>)> {
    let secs = |t: Timestamp| t.since(at(0)).as_secs();
    told.iter().map(|t| (secs(t.first_seen), secs(t.opened), t.closed.map(secs))).collect()
}

fn run(plan: &Arc<Plan>, events: Vec<Event>) -> Vec<(u64, u64, Option<u64>)> {
    incidents(&scenario::run(plan, events))
}

/// One value a minute.
fn minutes(values: &[f64]) -> Vec<(u64, f64)> {
    (0..).map(|k| k * 60).zip(values.iter().copied()).collect()
}

/// Ten minutes at once, at the end of each ten.
fn packs(readings: &[(u64, f64)], newest_first: bool) -> Vec<Delivery> {
    let mut packs: Vec<Delivery> = Vec::new();
    for pack in readings.chunks(10) {
        let arrives = pack[pack.len() - 1].0 + 59;
        let mut pack: Vec<Delivery> =
            pack.iter().map(|(at, value)| (arrives, *at, *value)).collect();
        if newest_first {
            pack.reverse();
        }
        packs.extend(pack);
    }
    packs
}

/// Rises to 26 cm, hovers about the marks, and falls.
fn flood() -> Vec<(u64, f64)> {
    let mut values = vec![9.0, 9.4, 9.1, 9.6, 9.2, 9.5, 9.3, 9.0, 9.4, 9.1, 9.2, 9.0, 9.5, 12.0];
    values.extend([18.0, 22.0, 24.0, 26.0, 25.0, 23.0, 21.0, 19.0, 16.0, 18.0, 20.5, 17.0, 16.0]);
    values
        .extend([19.0, 18.0, 16.5, 14.0, 12.0, 10.0, 9.5, 9.2, 9.1, 9.0, 9.3, 9.2, 9.1, 9.0, 9.2]);
    values.extend([9.1; 18].iter().enumerate().map(|(k, v)| v + (k % 5) as f64 / 10.0));
    minutes(&values)
}

/// Each third comes twice, and one that was measured before the rise comes 20 minutes late.
fn troubled(mut deliveries: Vec<Delivery>) -> Vec<Delivery> {
    let twice: Vec<Delivery> = deliveries.iter().copied().step_by(3).collect();
    deliveries.extend(twice.iter().map(|(arrives, at, value)| (arrives + 10, *at, *value)));
    deliveries.push((13 * 60 + 1_200, 12 * 60 + 30, 9.0));
    deliveries
}

#[test]
fn a_flood_is_the_same_whatever_the_lateness_and_the_order() {
    let singles = || flood().iter().map(|(at, value)| (*at, *at, *value)).collect::<Vec<_>>();
    let want = vec![(900, 960, Some(29 * 60))];
    for lateness in [0, 5, 30, 700] {
        let plan = gauge(lateness);
        for before_tick in [true, false] {
            for (what, deliveries) in [
                ("one by one", singles()),
                ("oldest first", packs(&flood(), false)),
                ("newest first", packs(&flood(), true)),
            ] {
                for (times, deliveries) in
                    [("once", deliveries.clone()), ("twice", troubled(deliveries))]
                {
                    let got = run(&plan, events(&deliveries, 5_000, before_tick));
                    // The last minute in which it held is as fine as the looks.
                    let got: Vec<_> =
                        got.iter().map(|(a, b, c)| (*a, *b, c.map(|c| c / 60 * 60))).collect();
                    assert_eq!(got, want, "lateness {lateness}, {what}, {times}, {before_tick}");
                }
            }
        }
    }
}

/// A link that was away sends what was measured meanwhile, at once; also the first time.
#[test]
fn what_a_link_kept_back_counts_as_if_it_had_come() {
    let readings = flood();
    let want = vec![(900, 960, Some(29 * 60))];
    for lateness in [0, 5, 30, 700] {
        for away in [0..30 * 60, 700..30 * 60, 880..40 * 60] {
            for newest_first in [true, false] {
                let mut deliveries: Vec<Delivery> = readings
                    .iter()
                    .map(|(at, value)| {
                        (if away.contains(at) { away.end } else { *at }, *at, *value)
                    })
                    .collect();
                if newest_first {
                    deliveries.reverse();
                }
                let got = run(&gauge(lateness), events(&deliveries, 5_000, true));
                let got: Vec<_> =
                    got.iter().map(|(a, b, c)| (*a, *b, c.map(|c| c / 60 * 60))).collect();
                assert_eq!(got, want, "lateness {lateness}, away {away:?}, {newest_first}");
            }
        }
    }
}

#[test]
fn one_high_reading_is_no_flood_whatever_the_lateness_and_the_order() {
    for place in [25, 29, 30] {
        let mut readings = minutes(&[9.0, 9.3, 9.6, 9.1, 9.4].repeat(12));
        readings[place].1 = 22.0;
        let singles: Vec<Delivery> = readings.iter().map(|(at, v)| (*at, *at, *v)).collect();
        for lateness in [0, 5, 30, 700] {
            for before_tick in [true, false] {
                for deliveries in [singles.clone(), packs(&readings, false), packs(&readings, true)]
                {
                    for deliveries in [deliveries.clone(), troubled(deliveries)] {
                        let got = run(&gauge(lateness), events(&deliveries, 4_500, before_tick));
                        assert_eq!(got, [], "place {place}, lateness {lateness}, {before_tick}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Readings that are late by less than the lateness, in any order, some twice: what is told in
    /// the end is what is told when they come in order.
    #[test]
    fn late_readings_correct(
        levels in prop::collection::vec((5.0f64..28.0, 0u64..90, 0u8..4), 10..40),
        until in 0usize..40,
    ) {
        // Without patience for gaps: that wants half of the looks, and may hang by the last of all.
        let rule = format!("{FLOOD}absence_secs = 1\ncooldown_secs = 0\n");
        let plan = plan("quantity = \"water_level\"\nlateness_secs = 100", &rule);
        let readings: Vec<(u64, f64)> = levels.iter().enumerate()
            .map(|(k, level)| {
                // Uneven, or half of the looks would often be just half.
                (k as u64 * 20 + [0, 3, 7, 1, 5][k % 5], (level.0 * 10.0).round() / 10.0)
            })
            .collect();
        // After `until` all are on time: what was said too early is not unsaid.
        let mut late: Vec<Delivery> = Vec::new();
        for (k, ((at, value), (_, delay, twice))) in readings.iter().zip(&levels).enumerate() {
            // Only what does not hold comes late: a flood is never said for want of a reading.
            let delay = if k < until && *value >= 15.0 { *delay } else { 0 };
            late.push((at + delay, *at, *value));
            if *twice == 0 {
                late.push((at + delay + 3, *at, *value));
            }
        }
        let in_order: Vec<Delivery> = readings.iter().map(|(at, v)| (*at, *at, *v)).collect();
        let end = 40 * 20 + 2_000;
        let want = run(&plan, events(&in_order, end, true));
        let got = run(&plan, events(&late, end, true));
        // It may open by readings on time before the late ones are there, and what was said stays
        // said: so it is later by no more than they are.
        prop_assert_eq!(got.len(), want.len(), "{:?} {:?}", got, want);
        for (got, want) in got.iter().zip(&want) {
            prop_assert!((want.0..want.0 + 95).contains(&got.0), "{:?} {:?}", got, want);
            prop_assert!((want.1..want.1 + 95).contains(&(got.1 + 3)), "{:?} {:?}", got, want);
        }
    }
}

#[test]
fn a_late_reading_that_shows_a_flood_is_told_with_what_it_was_late_by() {
    let told = |lateness: u64| {
        let mut engine = Engine::new(gauge(lateness));
        let mut deliveries: Vec<Delivery> = (0..20).map(|k| (k * 60, k * 60, 9.0)).collect();
        // Ten minutes at once, of which the newest came before.
        deliveries.extend((5..15).map(|k| (1_250, k * 60 + 30, 25.0)));
        let mut late = Vec::new();
        for event in events(&deliveries, 2_000, true) {
            for effect in engine.apply(event) {
                if let Effect::TooLate(told) = effect {
                    late.push(told);
                }
            }
        }
        late
    };
    let late = told(5);
    let TooLate { by, value, rule, .. } = &late[0];
    assert_eq!((by.as_secs(), *value, rule.as_str()), (19 * 60 - 330, 25.0, "flooded-street"));
    assert_eq!(told(900), [], "in time");
}

/// What is told of the sensor: state and date.
fn states(plan: &Arc<Plan>, events: Vec<Event>) -> Vec<(SensorHealth, u64, bool)> {
    let mut engine = Engine::new(Arc::clone(plan));
    let mut told = Vec::new();
    for (i, event) in events.into_iter().enumerate() {
        if i % 7 == 0 {
            engine = Engine::restore(Arc::clone(plan), &engine.save()).unwrap().0;
        }
        for effect in engine.apply(event) {
            if let Effect::Sensor { state, at: since, ever, .. } = effect {
                told.push((state, since.since(at(0)).as_secs(), ever));
            }
        }
    }
    told
}

#[test]
fn a_reading_acts_at_once() {
    for lateness in [0, 5, 30, 700] {
        let mut engine = Engine::new(gauge(lateness));
        let (mut good, mut opened) = (None, None);
        for (i, event) in events(&[(100, 100, 25.0)], 200, false).into_iter().enumerate() {
            for effect in engine.apply(event) {
                match effect {
                    Effect::Sensor { state: SensorHealth::Good, .. } => good = good.or(Some(i)),
                    Effect::Publish(_) => opened = opened.or(Some(i)),
                    _ => {}
                }
            }
        }
        // Event 100 is the tick of second 100, 101 the reading, 102 the next tick. The rule wants a
        // minute, and a second reading could be on its way for some seconds.
        assert_eq!((good, opened), (Some(102), Some(165)), "lateness {lateness}");
    }
}

#[test]
fn a_healthy_gauge_is_never_silent() {
    let keys = "quantity = \"water_level\"\nsilent_secs = 10\n";
    for (lateness, delay) in [(0, 0), (5, 0), (5, 4), (30, 9), (700, 3)] {
        let plan = plan(&format!("{keys}lateness_secs = {lateness}"), FLOOD);
        let readings: Vec<Delivery> =
            (0..60).map(|k| (k * 8 + delay, k * 8, 5.0 + k as f64 / 100.0)).collect();
        for before_tick in [true, false] {
            let told = states(&plan, events(&readings, 480, before_tick));
            assert_eq!(told, [(SensorHealth::Good, 0, true)], "lateness {lateness}, delay {delay}");
        }
    }
}

#[test]
fn who_is_never_heard_is_told_silent() {
    let plan = plan("quantity = \"water_level\"\nsilent_secs = 60\nlateness_secs = 5", FLOOD);
    let told = states(&plan, events(&[], 300, true));
    assert_eq!(told, [(SensorHealth::Silent, 61, false)]);
}

/// Nobody listened while the box was off.
#[test]
fn a_sensor_has_its_time_from_when_a_box_that_was_off_begins() {
    let plan = plan("quantity = \"water_level\"\nsilent_secs = 60\nlateness_secs = 5", FLOOD);
    let off = 3 * 3600;
    let with = |then: &[Delivery]| {
        let before = (0..=90).step_by(10).map(|secs| (secs, secs, 5.0 + secs as f64 / 100.0));
        let deliveries: Vec<Delivery> = before.chain(then.iter().copied()).collect();
        let mut all = events(&deliveries, off + 200, true);
        all.retain(|event| match event {
            Event::Tick(then) => *then < at(100) || *then >= at(off),
            _ => true,
        });
        states(&plan, all)
    };
    let (good, silent) = (SensorHealth::Good, SensorHealth::Silent);
    assert_eq!(with(&[]), [(good, 0, true), (silent, off + 61, true)]);
    let mut heard: Vec<Delivery> = (off + 50..off + 200).step_by(50).map(|t| (t, t, 5.2)).collect();
    assert_eq!(with(&heard), [(good, 0, true)]);
    heard[0].1 = off - 3_000;
    assert_eq!(with(&heard)[1].0, silent, "what is old when it comes is no sign of life");
}

#[test]
fn what_is_told_of_a_sensor_is_dated_in_order() {
    use SensorHealth::{Good, Silent};
    let plan = plan("quantity = \"water_level\"\nsilent_secs = 60\nlateness_secs = 700", FLOOD);
    // Heard, silent from 71 s on; what comes then was measured before.
    let readings = [(10, 10, 5.0), (200, 65, 5.1), (205, 190, 5.2), (400, 399, 5.3)];
    let told = states(&plan, events(&readings, 401, true));
    let dates: Vec<u64> = told.iter().map(|t| t.1).collect();
    assert!(dates.is_sorted(), "{told:?}");
    let kinds: Vec<SensorHealth> = told.iter().map(|t| t.0).collect();
    assert_eq!(kinds, [Good, Silent, Good, Silent, Good], "{told:?}");
    assert_eq!(dates[..3], [10, 71, 190], "{told:?}");
}

/// The sum of the last day as a window tells it.
fn sums(keys: &str, readings: &[Delivery]) -> Vec<f64> {
    let window = "[[window]]\nname = \"rain-sum\"\nsensors = [\"gauge\"]\nshape = \"tumbling\"\n\
                  size_secs = 3600\nfunction = \"sum\"\nlateness_secs = 1800\n";
    let plan = plan(&format!("quantity = \"rain\"\n{keys}"), window);
    let mut engine = Engine::new(plan);
    let mut sums = Vec::new();
    for event in events(readings, 12_000, true) {
        for effect in engine.apply(event) {
            if let Effect::Window(told) = effect
                && told.result.state == viahe_contract::message::Certainty::Final
            {
                sums.push(told.result.value);
            }
        }
    }
    sums
}

#[test]
fn a_reading_that_comes_twice_counts_once() {
    // Of 00:00, 00:10, …: 5 mm each for an hour, the third ones again at once and much later.
    let mut readings: Vec<Delivery> =
        (0..18).map(|k| (k * 600, k * 600, if k < 6 { 5.0 } else { 0.0 })).collect();
    let want = sums("", &readings);
    assert_eq!(want, [30.0, 0.0], "the engine's hours are those of the site");
    let again: Vec<Delivery> = readings.iter().step_by(3).copied().collect();
    readings.extend(again.iter().map(|(_, at, value)| (at + 10, *at, *value)));
    readings.extend(again.iter().map(|(_, at, value)| (at + 1_300, *at, *value)));
    assert_eq!(sums("", &readings), want);
    assert_eq!(sums("lateness_secs = 700", &readings), want);
}

#[test]
fn a_total_counts_by_what_it_grew() {
    // 0.5 mm each ten minutes; the gauge's battery is changed, and once it says 480 mm.
    let mut total = 120.0;
    let mut readings: Vec<Delivery> = Vec::new();
    for k in 0..18 {
        total = if k == 4 { 0.0 } else { total + 0.5 };
        readings.push((k * 600, k * 600, if k == 9 { 480.0 } else { total }));
    }
    let again: Vec<Delivery> = readings.iter().step_by(3).copied().collect();
    readings.extend(again.iter().map(|(_, at, value)| (at + 10, *at, *value)));
    let sums = sums("counter = true", &readings);
    // The first tells no growth and the new battery none; the 480 is left out, and the next
    // total holds what fell meanwhile.
    assert_eq!(sums, [2.0, 3.0]);
}

/// A gauge that falls silent in a flood does not say that the water has gone.
#[test]
fn an_incident_without_its_sensor_ends_with_that_reason() {
    let keys = "quantity = \"water_level\"\nlateness_secs = 0\nsilent_secs = 120";
    let plan = plan(keys, FLOOD);
    let reading = |secs, value| Event::Reading { sensor: name("gauge"), at: at(secs), value };
    let ended_by = |events: Vec<Event>| {
        let mut engine = Engine::new(Arc::clone(&plan));
        let effects = events.into_iter().flat_map(|event| engine.apply(event));
        let last = effects.filter_map(|effect| match effect {
            Effect::Publish(revision) => Some(revision),
            _ => None,
        });
        let last = last.last().unwrap();
        assert_eq!(last.state, State::Closed, "{last:#?}");
        last.ended_by
    };
    let flood = || (0..30).map(|i| reading(10 * i, 25.0 + i as f64 * 0.01));
    let ticks = || (300..2_000).step_by(5).map(|secs| Event::Tick(at(secs)));
    assert_eq!(ended_by(flood().chain(ticks()).collect()), Some(EndReason::SensorLost));
    let gone = (30..200).map(|i| reading(10 * i, 5.0 + i as f64 * 0.001));
    assert_eq!(ended_by(flood().chain(gone).collect()), Some(EndReason::Over));
}

/// A camera whose clock is set by an hour while a flood is on its way to the box: who looks the flood up in the
/// camera's own recordings finds it by how the clock stood then.
#[test]
fn an_incident_that_a_late_reading_brings_about_has_the_clock_of_its_time() {
    const SET: u64 = 1_000;
    let offset = |secs: u64| if secs < SET { 12 } else { 3_600_015 };
    let keys = "quantity = \"water_level\"\nsilent_secs = 3600\nlateness_secs = 900";
    let rule = "[model.street]\npackage = \"ssdlite-coco\"\n[[camera]]\nid = \"cam\"\nurl = \
                \"pattern://1000x500@5\"\nmodel = \"street\"\n[[camera.rule]]\nuse = \
                \"flooded-street\"\nsensor = \"gauge\"\n";
    let plan = plan(keys, rule);
    let mut deliveries: Vec<Delivery> = (0..10).map(|k| (k * 60, k * 60, 9.0)).collect();
    deliveries.extend((10..20).map(|k| (1_250, k * 60 + 30, 25.0)));
    let looks = |secs: &u64| secs.is_multiple_of(10);
    let mut events = events(&deliveries, 2_000, true);
    events.extend((0..2_000).filter(looks).map(|secs| {
        let at = at(secs).plus(std::time::Duration::from_millis(500));
        let (clock, offset_ms) = (ClockSource::Rtcp, offset(secs) + (secs % 3).cast_signed());
        let frame = FrameStamp { seq: secs, captured: at, arrived: at, clock, offset_ms };
        let (camera, objects) = (name("cam"), Vec::new());
        Event::Observed(Observation {
            camera,
            frame,
            size_px: [1000, 500],
            objects,
            undecided: Vec::new(),
        })
    }));
    events.sort_by_key(|event| match event {
        // It comes when it comes.
        Event::Reading { at: measured, .. } => {
            let of = |(_, of, _): &&Delivery| at(*of) == *measured;
            deliveries.iter().find(of).map(|(arrives, ..)| at(*arrives))
        }
        other => other.at(),
    });
    let mut engine = Engine::new(plan);
    let mut told = Vec::new();
    let mut todo: std::collections::VecDeque<Event> = events.into();
    while let Some(event) = todo.pop_front() {
        for effect in engine.apply(event) {
            match effect {
                Effect::Publish(revision) => told.push(revision),
                Effect::Capture(capture) => {
                    let evidence = Some(scenario::picture(&capture));
                    todo.push_front(Event::Captured { capture: capture.id, evidence });
                }
                _ => {}
            }
        }
    }
    let first = &told[0];
    assert!(first.opened < at(SET), "{first:?}");
    assert!((12..15).contains(&first.clock.offset_ms), "{:?}", first.clock);
}
