//! How `viahe run` ends, records, and runs in one process.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::event::check_picture;
use crate::support::program::{children_of, send};
use crate::support::{LONG, clip, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;
use viahe_edge::clock;

/// But for the pictures, which a recording does not hold.
#[test]
fn a_recording_of_observations_gives_the_incidents_that_were_seen_live() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let recording = pipeline.dir.path().join("recording.jsonl");
    let engine = Engine::record(&pipeline, &recording, |_| ());
    ears.hear_incidents(2);
    engine.until_looks(&["gate-east"], 3);
    engine.process.signal(Signal::TERM);
    let ended = engine.process.end(LONG);
    ended.says(0, &[]);

    let replayed = pipeline.replay(&recording);
    let live: Vec<Value> = ears.incidents().into_iter().map(|m| m.payload).collect();
    let facts = |events: &[Value]| {
        let mut facts: Vec<Value> = events.iter().cloned().map(without_pictures).collect();
        facts.sort_by_key(|f| f["id"].to_string());
        facts
    };
    assert_eq!(facts(&replayed), facts(&live));
}

/// Nothing waits for pictures here; each is told when it is there, and nothing else is said twice.
#[test]
fn an_incident_that_does_not_wait_is_shown_when_its_pictures_are_there() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]).evidence_wait_ms(0);
    let recording = pipeline.dir.path().join("recording.jsonl");
    let engine = Engine::record(&pipeline, &recording, |_| ());
    let ids = ears.hear_incidents(2);
    let said = until("all pictures", LONG, || {
        let all = ears.incidents().into_iter().map(|m| m.payload);
        Some(all.collect::<Vec<_>>()).filter(|all| all.len() >= 2 * ids.len())
    });
    for id in &ids {
        let of_it: Vec<&Value> =
            said.iter().map(|m| &m["data"]).filter(|d| d["incident"] == **id).collect();
        let [told, shown] = of_it[..] else { panic!("{of_it:#?}") };
        assert_eq!((&told["revision"], &shown["revision"]), (&json!(1), &json!(2)));
        assert_eq!([&told["evidence_state"], &shown["evidence_state"]], ["awaited", "added"]);
        let pictures = shown["evidence"].as_array().unwrap();
        let kinds: Vec<_> = pictures.iter().map(|p| p["moment"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["first_seen", "opened"]);
        for picture in pictures {
            check_picture(picture, &pipeline.state_dir());
        }
        let mut same = shown.clone();
        for key in ["revision", "evidence", "evidence_state"] {
            same[key] = told[key].clone();
        }
        assert_eq!(same, *told, "nothing else is new");
    }
    assert_eq!(engine.metric("viahe_captures_failed_total"), 0);
    engine.until_metric("viahe_captures_late_total", |n| n == 4);
    let opened = "viahe_incidents_opened_total{violation=\"illegal-parking\"}";
    engine.until_metric(opened, |n| n == 2);
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
    // A recording tells each word once.
    let replayed = pipeline.replay(&recording);
    let told = said.into_iter().filter(|m| m["data"]["evidence_state"] == "awaited");
    let words = |events: Vec<Value>| {
        let mut words: Vec<Value> = events.into_iter().map(without_pictures).collect();
        for message in &mut words {
            message["data"]["evidence_state"] = Value::Null;
        }
        words.sort_by_key(|m| m["id"].to_string());
        words
    };
    assert_eq!(words(replayed), words(told.collect()));
}

fn without_pictures(mut event: Value) -> Value {
    event["data"].as_object_mut().unwrap().remove("evidence");
    same_numbers(event)
}

/// The subscriber writes 1.0 as 1.
fn same_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(values) => values.into_iter().map(same_numbers).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key, same_numbers(value))).collect()
        }
        other => other,
    }
}

#[test]
fn in_one_process_it_works_as_well() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]).dwell_secs(3);
    let engine = Engine::start_with(&pipeline, |command| {
        command.args(["--in-process", "--seconds", "10"]);
    });
    ears.hear_camera("gate-east", &["online"], ears_began(&engine), LONG);
    assert!(children_of(engine.process.pid()).is_empty(), "no worker process");
    ears.hear_incidents(2);
    let ended = engine.process.end(Duration::from_secs(20));
    ended.says(0, &[]);
    assert!(ended.took >= Duration::from_secs(10), "it was to run for 10 s: {:?}", ended.took);
    assert_eq!(ears.ids(None).len(), 2);
}

fn ears_began(engine: &Engine) -> std::time::Instant {
    engine.process.lines()[0].at
}

#[test]
fn a_stop_ends_soon_even_when_broker_and_worker_hang() {
    let broker = Broker::start();
    let pipeline = Pipeline::new(broker.port).camera("test-picture", "pattern://640x360@10");
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["test-picture"], 1);
    engine.until_metric("viahe_mqtt_connected", |n| n == 1);
    let worker = engine.worker();
    send(worker, Signal::STOP);
    broker.process().signal(Signal::STOP);
    engine.process.signal(Signal::TERM);
    let stopped = clock::monotonic();
    let ended = engine.process.end(Duration::from_secs(15));
    println!("stopped after {:?}", stopped.elapsed());
    ended.says(0, &[]);
    assert!(!std::path::Path::new(&format!("/proc/{worker}")).exists(), "its worker is gone");
}

#[test]
fn the_keyboard_ends_a_run_with_130_and_the_service_manager_with_0() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 0)] {
        let broker = Broker::start();
        let pipeline = Pipeline::new(broker.port).camera("test-picture", "pattern://640x360@10");
        let engine = Engine::start(&pipeline);
        engine.until_looks(&["test-picture"], 1);
        let worker = engine.worker();
        engine.process.signal(signal);
        let ended = engine.process.end(Duration::from_secs(10));
        ended.says(code, &[]);
        assert!(!std::path::Path::new(&format!("/proc/{worker}")).exists(), "its worker is gone");
    }
}
