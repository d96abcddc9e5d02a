//! Several vision workers: what happens to one happens to its cameras alone.

use crate::support::broker::Broker;
use crate::support::engine::{ENOUGH_LOOKS, Engine, Pipeline};
use crate::support::program::send;
use crate::support::{LONG, until};
use rustix::process::Signal;
use std::time::Duration;
use viahe_edge::clock;

const CAMERAS: [&str; 3] = ["gate-east", "gate-north", "gate-west"];
/// From the death of a worker to the next one's process.
const RESTART_MAX: Duration = Duration::from_secs(2);
/// Frames a second of each camera.
const FPS: u64 = 10;

#[test]
fn a_killed_worker_takes_only_its_camera_and_the_others_lose_no_frame() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = Pipeline::new(broker.port).engine("workers = 3");
    let pipeline = CAMERAS.iter().fold(pipeline, |p, id| p.camera(id, "pattern://640x360@10"));
    let engine = Engine::start(&pipeline);
    engine.until_looks(&CAMERAS, 4);
    let old = engine.workers();
    assert_eq!(old.len(), 3, "one for each camera");
    let health = engine.health();
    assert_eq!(health["status"], "ok", "{health}");
    let worker_of = |camera: &str| engine.health()["cameras"][camera]["worker"].as_u64().unwrap();
    let workers = CAMERAS.map(worker_of);
    let mut distinct = workers.to_vec();
    distinct.sort_unstable();
    assert_eq!(distinct, [0, 1, 2]);

    let (before, killed) = (CAMERAS.map(|camera| engine.frames(camera)), clock::monotonic());
    send(old[1], Signal::KILL);
    let offline = |camera: &&str| {
        let topic = format!("/cam/{camera}/state");
        let state = |m: &crate::support::broker::Message| {
            m.at >= killed && m.topic.ends_with(&topic) && m.payload["state"] == "offline"
        };
        ears.heard().iter().any(state)
    };
    let dark = until("a dark camera", RESTART_MAX, || CAMERAS.into_iter().find(offline));
    let degraded = engine.health();
    until("three workers", RESTART_MAX, || Some(engine.workers()).filter(|now| now.len() == 3));
    println!("another worker after {:?}", killed.elapsed());
    ears.hear_camera(dark, &["online"], killed, LONG);
    println!("its camera online after {:?}", killed.elapsed());
    engine.until_looks(&CAMERAS, ENOUGH_LOOKS);

    let elapsed = killed.elapsed();
    for (camera, before) in CAMERAS.into_iter().zip(before) {
        let now = engine.frames(camera);
        let [frames, inferred, not_due, lost] = std::array::from_fn(|i| now[i] - before[i]);
        println!("{camera}: {frames} frames, {inferred} inferred, {not_due} not due, {lost} lost");
        let restarts = format!("viahe_worker_restarts_total{{worker=\"{}\"}}", worker_of(camera));
        assert_eq!(engine.metric(&restarts), u64::from(camera == dark), "{camera}");
        if camera == dark {
            continue;
        }
        // Counters are told once a second.
        let expected = elapsed.as_secs().saturating_sub(2) * FPS;
        assert!(frames >= expected, "{camera}: {frames} of {expected}");
        assert_eq!(lost, 0, "{camera}");
        assert!(frames.abs_diff(inferred + not_due) <= 2, "{camera}: some may be on their way");
        assert!(!offline(&camera), "{camera} was never dark");
    }
    if degraded["status"] != "ok" {
        assert_eq!(degraded["status"], "degraded", "one of three is no failure: {degraded}");
        assert!(degraded["reasons"].to_string().contains("without pictures: 1"), "{degraded}");
    }
    assert_eq!(engine.metric("viahe_seam_dropped_total"), 0);
    until("all is well", LONG, || Some(engine.health()).filter(|h| h["status"] == "ok"));
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
}

#[test]
fn cameras_come_go_and_change_while_the_others_lose_no_frame() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = Pipeline::new(broker.port).engine("workers = 3");
    let pipeline = CAMERAS.iter().fold(pipeline, |p, id| p.camera(id, "pattern://640x360@10"));
    let engine = Engine::start(&pipeline);
    engine.until_looks(&CAMERAS, 2);
    let [east, north, west] = CAMERAS;
    let health = engine.health();
    let worker_of = |camera: &str| health["cameras"][camera]["worker"].as_u64().unwrap();
    let start = clock::monotonic();
    let before = engine.frames(north);
    let (file, text) = (pipeline.file(), std::fs::read_to_string(pipeline.file()).unwrap());
    let reload = |text: &str, count: u64| {
        std::fs::write(&file, text).unwrap();
        let asked = clock::monotonic();
        engine.process.signal(Signal::HUP);
        engine.until_metric("viahe_reloads_total", |n| n == count);
        asked
    };

    // One is changed.
    let (head, tail) = text.split_once(&format!("id = \"{east}\"")).unwrap();
    let changed = tail.replacen("640x360", "320x240", 1);
    let text = format!("{head}id = \"{east}\"{changed}");
    let asked = reload(&text, 1);
    ears.hear_camera(east, &["offline"], asked, LONG);
    ears.hear_camera(east, &["online"], asked, LONG);
    until("the new picture", LONG, || {
        let size = engine.health()["cameras"][east]["size_px"].clone();
        Some(size).filter(|size| *size == serde_json::json!([320, 240]))
    });

    // One is taken away, with its worker.
    let at = text.find(&format!("[[camera]]\nid = \"{west}\"")).unwrap();
    let asked = reload(&text[..at], 2);
    let gone = ears.hear_camera(west, &["offline"], asked, LONG);
    assert!(gone.payload.to_string().contains("no such camera any more"), "{gone:?}");
    until("two workers", LONG, || Some(engine.workers()).filter(|now| now.len() == 2));
    let two = engine.health();
    assert_eq!(two["workers"].as_array().unwrap().len(), 2, "{two}");
    assert!(two["cameras"].get(west).is_none(), "{two}");

    // And comes back.
    let asked = reload(&text, 3);
    ears.hear_camera(west, &["online"], asked, LONG);
    engine.until_looks(&CAMERAS, 2);
    until("all is well", LONG, || Some(engine.health()).filter(|h| h["status"] == "ok"));

    let now = engine.frames(north);
    let [frames, inferred, not_due, lost] = std::array::from_fn(|i| now[i] - before[i]);
    println!("{north}: {frames} frames, {inferred} inferred, {not_due} not due, {lost} lost");
    assert!(frames >= start.elapsed().as_secs().saturating_sub(2) * FPS, "{frames}");
    assert_eq!(lost, 0);
    assert!(frames.abs_diff(inferred + not_due) <= 2, "some may be on their way");
    let restarts = |camera| {
        engine.metric(&format!("viahe_worker_restarts_total{{worker=\"{}\"}}", worker_of(camera)))
    };
    assert_eq!([restarts(east), restarts(north)], [1, 0]);
    assert_eq!(engine.health()["cameras"][north]["worker"], health["cameras"][north]["worker"]);
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
}
