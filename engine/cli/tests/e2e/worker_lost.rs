//! The vision worker dies or hangs: another takes over, and no standing vehicle is reported twice.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, ENOUGH_LOOKS, Engine, Pipeline};
use crate::support::program::send;
use crate::support::{LONG, clip, until};
use rustix::process::Signal;
use std::time::Duration;
use viahe_edge::clock;

/// From the death of a worker to the next one's process.
const RESTART_MAX: Duration = Duration::from_secs(2);
/// A silent worker is given 15 s, and looked at once a second.
const SILENCE_MAX: Duration = Duration::from_secs(20);

fn another_worker(engine: &Engine, old: u32, within: Duration) -> u32 {
    until("another worker", within, || Some(engine.worker()).filter(|pid| *pid != old))
}

#[test]
fn a_killed_worker_is_replaced_within_two_seconds_and_nothing_is_reported_twice() {
    const CAMERAS: [&str; 2] = ["gate-east", "gate-west"];
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &CAMERAS);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &CAMERAS);
    let recording = pipeline.dir.path().join("recording.jsonl");
    let engine = Engine::record(&pipeline, &recording, |_| ());
    let ids = ears.hear_incidents(4);

    let (old, killed) = (engine.worker(), clock::monotonic());
    send(old, Signal::KILL);
    let new = another_worker(&engine, old, RESTART_MAX);
    println!("worker {old} replaced by {new} after {:?}", killed.elapsed());
    for camera in CAMERAS {
        ears.hear_camera(camera, &["offline"], killed, RESTART_MAX);
        ears.hear_camera(camera, &["online"], killed, LONG);
    }
    println!("all cameras online after {:?}", killed.elapsed());
    engine.until_looks(&CAMERAS, ENOUGH_LOOKS);
    assert_eq!(ears.ids(None), ids, "the same vehicles stand there still");
    assert_eq!(ears.incidents().len(), 4, "nothing new is to be said of them");
    assert_eq!(engine.metric("viahe_worker_restarts_total{worker=\"0\"}"), 1);
    assert_eq!(engine.metric("viahe_incidents_open"), 4);

    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
    let replayed = pipeline.replay(&recording);
    let of = |event: &serde_json::Value| event["data"]["incident"].as_str().unwrap().to_owned();
    let mut again: Vec<String> = replayed.iter().map(of).collect();
    again.sort();
    assert_eq!(again, ids, "the recording tells of the two workers as well");
}

#[test]
fn a_worker_that_takes_too_much_memory_is_ended_and_everyone_is_told_why() {
    const SERIES: &str = "viahe_trouble{trouble=\"worker_memory\"}";
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = Pipeline::new(broker.port).camera("test-picture", "pattern://640x360@10");
    let right = Engine::start(&pipeline);
    right.until_looks(&["test-picture"], 2);
    let used =
        right.until_metric("viahe_worker_memory_bytes{worker=\"0\"}", |bytes| bytes > 64_000_000);
    // One camera, one thread, and what is there without them.
    assert_eq!(right.metric("viahe_worker_memory_max_bytes{worker=\"0\"}"), 768_000_000);
    assert!(used < 500_000_000, "{used}: a worker that is well keeps far from its limit");
    assert_eq!(right.metric(SERIES), 0);
    drop(right);

    // Less than its model needs.
    let text = std::fs::read_to_string(pipeline.write()).unwrap();
    let low = pipeline.dir.path().join("low.toml");
    std::fs::write(&low, text.replace("[engine]", "[engine]\nworker_memory_max_mb = 64")).unwrap();
    let started = clock::monotonic();
    let engine = Engine::start_file(&low, |_| ());
    engine.process.line("its limit is 64 MB");
    engine.until_metric(SERIES, |n| n == 1);
    let health = engine.health();
    assert!(["degraded", "failed"].contains(&health["status"].as_str().unwrap()), "{health}");
    for words in ["MB of memory, its limit is 64 MB", "worker_memory_max_mb"] {
        assert!(health["reasons"].to_string().contains(words), "{health}");
    }
    until("the reason in the box's status", LONG, || {
        let told = |text: &str| text.contains("worker_memory") && text.contains("limit is 64 MB");
        ears.heard().into_iter().find(|m| told(&m.payload.to_string()))
    });
    // It is tried again, and at a pace: short lives are followed by longer and longer pauses.
    let restarts = engine.until_metric("viahe_worker_restarts_total{worker=\"0\"}", |n| n >= 5);
    let pauses = Duration::from_millis(200 * (2 + 3 + 4));
    assert!(started.elapsed() > pauses, "{restarts} in {:?}", started.elapsed());
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
}

#[test]
fn a_frozen_worker_is_ended_and_replaced() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    let ids = ears.hear_incidents(2);

    let (old, frozen) = (engine.worker(), clock::monotonic());
    send(old, Signal::STOP);
    another_worker(&engine, old, SILENCE_MAX);
    println!("a frozen worker was replaced after {:?}", frozen.elapsed());
    engine.process.line("silent");
    ears.hear_camera("gate-east", &["online"], frozen, LONG);
    engine.until_looks(&["gate-east"], ENOUGH_LOOKS);
    assert_eq!(ears.ids(None), ids);
    assert_eq!(engine.health()["status"], "ok");
}
