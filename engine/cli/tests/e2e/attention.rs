//! A camera is looked at as much as its rules ask, and no more.

use crate::support::broker::Broker;
use crate::support::engine::{Engine, Pipeline, SITE};
use crate::support::{LONG, until};
use jiff::{ToSpan as _, Zoned};
use rustix::process::Signal;
use serde_json::json;

const FRAMES: &str = "viahe_frames_total{camera=\"gate\"}";
const LOOKS: &str = "viahe_frames_inferred_total{camera=\"gate\"}";
const NOT_NEEDED: &str = "viahe_frames_dropped_total{camera=\"gate\",reason=\"not_needed\"}";
const WANTED: &str = "viahe_camera_looks_wanted_hz{camera=\"gate\"}";
const TRIES: &str = "viahe_camera_tries_total{camera=\"gate\"}";

/// Hours that are half a day away.
fn not_now() -> String {
    let then = Zoned::now().in_tz("Asia/Ho_Chi_Minh").unwrap().checked_add(12.hours()).unwrap();
    format!("schedule = [\"Mon-Sun {:02}:00-{:02}:59\"]\n", then.hour(), then.hour())
}

#[test]
fn a_rule_barred_by_its_hours_costs_no_inference_and_is_looked_for_again_without_reconnecting() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = Pipeline::new(broker.port).camera("gate", "pattern://320x240@10");
    let file = pipeline.write();
    let always = std::fs::read_to_string(&file).unwrap();
    let barred = always.replace("dwell_secs", &(not_now() + "dwell_secs"));
    std::fs::write(&file, &barred).unwrap();
    let engine = Engine::start_file(&file, |_| ());
    engine.until_metric(NOT_NEEDED, |n| n >= 50);
    assert_eq!((engine.metric(LOOKS), engine.metric(WANTED)), (0, 0));
    let health = engine.health();
    assert_eq!(health["status"], "ok", "a rule that rests is no fault: {health}");
    let topic = format!("viahe/v1/{SITE}/cam/gate/state");
    let looks = |hz: f64| {
        until("how it is looked at", LONG, || {
            let told = ears.heard().into_iter().rev().find(|m| m.topic == topic)?.payload;
            Some(told["looks"].clone()).filter(|looks| looks["hz"] == hz)
        })
    };
    let resting = json!([{ "rule": "illegal-parking", "why": "schedule" }]);
    assert_eq!(looks(0.0)["resting"], resting);
    // Pictures are there all the same.
    engine.until_heeds(1);
    let snapshot = format!("viahe/v1/{SITE}/cmd/snapshot");
    broker.say(&snapshot, &json!({ "id": "s-1", "camera": "gate" }));
    let reply = format!("viahe/v1/{SITE}/reply/s-1");
    let answer =
        until("a picture", LONG, || ears.heard().into_iter().find(|m| m.topic == reply)).payload;
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(engine.metric(LOOKS), 0);

    // It applies.
    std::fs::write(&file, &always).unwrap();
    let tries = engine.metric(TRIES);
    engine.process.signal(Signal::HUP);
    engine.until_looks(&["gate"], 3);
    assert_eq!(looks(1.0)["resting"], json!([]));
    assert_eq!(engine.metric(WANTED), 1);
    // An order lets it rest, and it is over.
    let suspend = format!("viahe/v1/{SITE}/cmd/suspend");
    let soon = Zoned::now().checked_add(10.minutes()).unwrap().timestamp().to_string();
    broker.say(&suspend, &json!({ "id": "q-1", "until": soon }));
    looks(0.0);
    let (done, frames) = (engine.metric(LOOKS), engine.metric(FRAMES));
    engine.until_metric(FRAMES, |n| n >= frames + 30);
    assert!(engine.metric(LOOKS) <= done + 2, "one may have been on its way");
    let over = Zoned::now().timestamp().to_string();
    broker.say(&suspend, &json!({ "id": "q-2", "until": over }));
    engine.until_looks(&["gate"], 3);
    assert_eq!(engine.metric(TRIES), tries, "the camera was not left");
    assert_eq!(engine.metric("viahe_worker_restarts_total{worker=\"0\"}"), 0);

    // Whoever starts a worker tells it what its cameras need.
    std::fs::write(&file, &barred).unwrap();
    engine.process.signal(Signal::HUP);
    looks(0.0);
    let (done, old) = (engine.metric(LOOKS), engine.worker());
    let not_needed = engine.metric(NOT_NEEDED);
    crate::support::program::send(old, Signal::KILL);
    until("another worker", LONG, || engine.workers().first().copied().filter(|w| *w != old));
    engine.until_metric(NOT_NEEDED, |n| n >= not_needed + 30);
    assert!(engine.metric(LOOKS) <= done + 1, "one may have been on its way");
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
}
