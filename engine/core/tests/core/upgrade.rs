//! A box goes on from the state that an earlier release saved.

use crate::support;
use crate::support::{name, root};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{EndReason, State};
use viahe_core::engine::{Effect, Engine, Event, Saved};
use viahe_core::frame::FrameStamp;
use viahe_core::id::TrackId;
use viahe_core::incident::Revision;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};

/// The last look before the upgrade.
const SAVED: &str = "2026-09-21T14:19:09.5Z";
const DAY: Duration = Duration::from_hours(24);

fn plan() -> Arc<Plan> {
    let text = std::fs::read_to_string(root().join("fixtures/states/0.1/pipeline.toml")).unwrap();
    let plan = support::World::new().parse("pipeline.toml", &text);
    Arc::new(plan.unwrap_or_else(|e| panic!("{e}")))
}

fn saved() -> String {
    std::fs::read_to_string(root().join("fixtures/states/0.1/state.json")).unwrap()
}

fn at(secs: u64) -> Timestamp {
    SAVED.parse::<Timestamp>().unwrap().plus(Duration::from_secs(secs))
}

fn said(effects: Vec<Effect>) -> Vec<Revision> {
    let said = effects.into_iter().filter_map(|effect| match effect {
        Effect::Publish(revision) => Some(*revision),
        _ => None,
    });
    said.collect()
}

/// The car and the people of before, as far as they are still there; and the water.
fn street(car: bool, people: usize, level: f64, secs: std::ops::Range<u64>) -> Vec<Event> {
    let object = |track: usize, class: &str, bbox: [f32; 4]| Object {
        track: TrackId((1 << 32) + track as u64),
        class: Class::try_from(class).unwrap(),
        confidence: 0.8.try_into().unwrap(),
        bbox: bbox.try_into().unwrap(),
    };
    let person = |p: usize| {
        let left = 0.35 + 0.04 * p as f32;
        object(10 + p, "person", [left, 0.4, left + 0.03, 0.7])
    };
    let parked = car.then(|| object(1, "vehicle.car", [0.10, 0.40, 0.30, 0.60]));
    let objects: Vec<Object> = parked.into_iter().chain((0..people).map(person)).collect();
    secs.flat_map(|secs| {
        let captured = at(secs);
        let look = Observation {
            camera: name("cam"),
            frame: FrameStamp {
                seq: secs,
                captured,
                arrived: captured,
                clock: ClockSource::Recording,
                offset_ms: 0,
            },
            size_px: [1000, 500],
            objects: objects.clone(),
            undecided: Vec::new(),
        };
        let reading = Event::Reading { sensor: name("underpass"), at: captured, value: level };
        [Event::Observed(look), reading, Event::Tick(captured)]
    })
    .collect()
}

/// Pictures are lost; they are not what this is about.
fn run(engine: &mut Engine, events: Vec<Event>) -> Vec<Revision> {
    let mut all = Vec::new();
    for event in events {
        let mut todo = engine.apply(event);
        while let Some(effect) = todo.pop() {
            match effect {
                Effect::Capture(capture) => {
                    let lost = Event::Captured { capture: capture.id, evidence: None };
                    todo.extend(engine.apply(lost));
                }
                Effect::Publish(revision) => all.push(*revision),
                _ => {}
            }
        }
    }
    all
}

fn of<'a>(said: &'a [Revision], rule: &str) -> Vec<&'a Revision> {
    said.iter().filter(|revision| revision.rule == name(rule)).collect()
}

#[test]
fn what_was_open_in_0_1_goes_on_and_ends_under_its_id_with_words() {
    let (mut engine, ended) = Engine::restore(plan(), &Saved::whole(saved())).unwrap();
    // One rule is written otherwise now: what it had opened ends, in words.
    let ended = said(ended);
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!((ended[0].rule.as_str(), ended[0].ended_by), ("road", Some(EndReason::RuleChanged)));
    assert_eq!(ended[0].wording.title, "Người đi bộ dưới lòng đường");
    assert_eq!(engine.open_incidents(), 3);

    let goes_on = street(true, 14, 50.0, 1..60);
    engine.apply(Event::WorkerStarted { models: std::collections::BTreeMap::new() });
    let still = run(&mut engine, goes_on);
    assert!(of(&still, "water").is_empty() && of(&still, "parked").is_empty(), "{still:#?}");
    assert!(of(&still, "crowd").is_empty(), "{still:#?}");
    let over = run(&mut engine, street(false, 0, 1.0, 60..2_000));
    for (rule, id, title) in [
        ("parked", "01M3251EH0YBT057B37RVXXF71", "Đỗ xe trái phép"),
        ("crowd", "01M3251R9G7V35R151CS0ABX2T", "Tụ tập đông người"),
        ("water", "01M3252NK06H4DRCA30WZ6YA7N", "Đường ngập nước"),
    ] {
        let closed = of(&over, rule);
        let closed = closed.iter().find(|r| r.state == State::Closed).expect(rule);
        assert_eq!((closed.incident.as_str(), closed.ended_by), (id, Some(EndReason::Over)));
        assert_eq!(closed.wording.title, title);
        assert!(!closed.wording.guidance.is_empty());
        let place = (rule != "water").then(|| "kerb".to_owned());
        assert_eq!(closed.wording.place, place, "{rule}");
    }
}

#[test]
fn what_was_ordered_in_0_1_stands_for_a_day_and_is_told() {
    let (engine, _) = Engine::restore(plan(), &Saved::whole(saved())).unwrap();
    let orders = engine.orders(at(1));
    let disaster = orders.disaster.as_ref().unwrap();
    assert_eq!((disaster.level, disaster.standing.until), (1, at(0).plus(DAY)));
    let silenced: Vec<_> = orders
        .silenced
        .iter()
        .map(|s| (s.rules[0].as_str(), s.standing.until, s.standing.command.as_str()))
        .collect();
    let brief = "2026-09-21T15:13:20Z".parse().unwrap();
    // One stood for a month.
    assert_eq!(silenced, [("quiet", at(0).plus(DAY), "unknown"), ("brief", brief, "unknown")]);
    assert!(engine.orders(at(24 * 3600)).silenced.is_empty());
    assert_eq!(
        engine.notes(),
        [
            "disaster level 1 ends at 2026-09-22T21:19:09.500+07:00: an order stands for 24 h at \
             most now; give it again to go on",
            "the suspension of rule quiet of camera cam ends at 2026-09-22T21:19:09.500+07:00: an order stands \
             for 24 h at most now; give it again to go on",
            "the suspension of rule brief of camera cam ends at 2026-09-21T22:13:20.000+07:00, as it was \
             ordered",
        ]
    );
    // Taken over once.
    let (again, _) = Engine::restore(plan(), &engine.save()).unwrap();
    assert_eq!((again.notes(), again.orders(at(1))), (&[][..], orders));
}

#[test]
fn an_order_of_0_1_of_which_nobody_knows_the_day_is_dropped_aloud() {
    let mut state: serde_json::Value = serde_json::from_str(&saved()).unwrap();
    for list in ["cameras", "sensors", "site_rules"] {
        for one in state[list].as_array_mut().unwrap() {
            one["last"] = "1970-01-01T00:00:00Z".into();
            one["newest"] = "1970-01-01T00:00:00Z".into();
            one["weighed"] = "1970-01-01T00:00:00Z".into();
            one["offences"] = serde_json::json!([]);
            for rule in one["rules"].as_array_mut().into_iter().flatten() {
                rule["offences"] = serde_json::json!([]);
            }
        }
    }
    let (engine, _) = Engine::restore(plan(), &Saved::whole(state.to_string())).unwrap();
    assert_eq!(engine.orders(at(1)), viahe_core::engine::Orders::default());
    assert_eq!(engine.notes().len(), 3);
    assert!(engine.notes().iter().all(|note| note.ends_with("order it again")));
}

/// Neither of this release nor of an earlier one.
#[test]
fn what_is_no_state_is_refused() {
    for broken in ["", "{}", "[1]", "{\"commanded\":{}}", &saved()[..40_000]] {
        assert!(Engine::restore(plan(), &Saved::whole(broken)).is_err(), "{broken:.40}");
    }
}
