//! Several vision workers: what happens to one happens to its cameras alone.

use crate::support::broker::{Broker, Message};
use crate::support::edited::{Edited, FPS, Unharmed};
use crate::support::engine::{CameraSim, ENOUGH_LOOKS, Engine, Pipeline};
use crate::support::program::{children_of, send};
use crate::support::{LONG, clip, until};
use rustix::process::Signal;
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use viahe_edge::clock;

const CAMERAS: [&str; 3] = ["gate-east", "gate-north", "gate-west"];
/// From the death of a worker to the next one's process.
const RESTART_MAX: Duration = Duration::from_secs(2);

#[test]
fn a_killed_worker_takes_only_its_camera_and_the_others_lose_no_frame() {
    let (broker, pattern) = (Broker::start(), "pattern://640x360@10");
    let pipeline = Pipeline::new(broker.port).engine("workers = 3");
    let pipeline = CAMERAS.iter().fold(pipeline, |p, id| p.camera(id, pattern));
    one_of_three_is_killed(&broker, &pipeline);
}

#[test]
fn a_killed_worker_takes_only_its_camera_also_with_cameras_of_rtsp() {
    let (broker, sim) = (Broker::start(), CameraSim::start(&clip(), &CAMERAS));
    let pipeline = Pipeline::new(broker.port).engine("workers = 3").cameras(&sim, &CAMERAS);
    one_of_three_is_killed(&broker, &pipeline);
}

fn one_of_three_is_killed(broker: &Broker, pipeline: &Pipeline) {
    let ears = broker.listen();
    let engine = Engine::start(pipeline);
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
        let state = |m: &Message| {
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
    let (broker, pattern) = (Broker::start(), "pattern://640x360@10");
    let pipeline = Pipeline::new(broker.port).engine("workers = 1");
    let pipeline = CAMERAS.iter().fold(pipeline, |p, id| p.camera(id, pattern));
    come_go_and_change(&broker, &pipeline, [pattern, "pattern://320x240@10"]);
}

#[test]
fn cameras_of_rtsp_come_go_and_change_while_the_others_lose_no_frame() {
    let other = "gate-east-2";
    let mounts: Vec<&str> = CAMERAS.into_iter().chain([other]).collect();
    let (broker, sim) = (Broker::start(), CameraSim::start(&clip(), &mounts));
    let pipeline = Pipeline::new(broker.port).engine("workers = 1").cameras(&sim, &CAMERAS);
    come_go_and_change(&broker, &pipeline, [&sim.url(CAMERAS[0]), &sim.url(other)]);
}

/// All three are of one worker; the first one's address goes over to another.
fn come_go_and_change(broker: &Broker, pipeline: &Pipeline, [old, new]: [&str; 2]) {
    let ears = broker.listen();
    let mut edited = Edited::start(pipeline);
    let [east, north, west] = CAMERAS;
    edited.engine.until_looks(&CAMERAS, 2);
    let workers = edited.engine.workers();
    let unharmed = Unharmed::since_now(&edited.engine, north);
    let whole = edited.text.clone();

    // One is changed.
    let (head, tail) = whole.split_once(&format!("id = \"{east}\"")).unwrap();
    let changed = format!("{head}id = \"{east}\"{}", tail.replacen(old, new, 1));
    let before = edited.engine.process.lines().len();
    let asked = edited.with(&changed);
    // A state is kept for its last value: who is back at once may never be heard to be away.
    until("it to be opened anew", LONG, || {
        let lines = edited.engine.process.lines().split_off(before);
        let told = |line: &str| line.contains("it is opened anew") && line.contains(east);
        lines.iter().any(|line| told(&line.text)).then_some(())
    });
    ears.hear_camera(east, &["online"], asked, LONG);

    // One is taken away.
    let at = changed.find(&format!("[[camera]]\nid = \"{west}\"")).unwrap();
    let asked = edited.with(&changed[..at]);
    let gone = ears.hear_camera(west, &["offline"], asked, LONG);
    assert!(gone.payload.to_string().contains("no such camera any more"), "{gone:?}");
    until("its end", LONG, || {
        Some(edited.engine.health()).filter(|health| health["cameras"].get(west).is_none())
    });

    // And comes back.
    let asked = edited.with(&changed);
    ears.hear_camera(west, &["online"], asked, LONG);

    // All look more often.
    let faster = changed.replace("[[camera]]", "[[camera]]\nanalyse_hz = 2.0");
    edited.with(&faster);
    edited.engine.until_looks(&CAMERAS, ENOUGH_LOOKS);
    until("all is well", LONG, || Some(edited.engine.health()).filter(|h| h["status"] == "ok"));

    unharmed.check(&edited.engine);
    assert_eq!(edited.engine.workers(), workers, "the same process");
    assert_eq!(edited.restarts(0), 0);
    edited.engine.process.signal(Signal::TERM);
    edited.engine.process.end(LONG).says(0, &[]);
}

/// A camera whose pictures are the death of whoever connects to it: a child of `parent`.
struct Deadly {
    port: u16,
    parent: Arc<Mutex<Option<u32>>>,
}

impl Deadly {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let parent = Arc::new(Mutex::new(None));
        let of_thread = Arc::clone(&parent);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let parent = *of_thread.lock().unwrap();
                parent
                    .map(children_of)
                    .into_iter()
                    .flatten()
                    .for_each(|pid| send(pid, Signal::KILL));
                drop(client);
            }
        });
        Self { port, parent }
    }
}

#[test]
fn a_camera_that_workers_die_of_is_quarantined_and_its_neighbours_go_on() {
    const SERIES: &str = "viahe_camera_quarantined{camera=\"gate-north\"}";
    let (broker, deadly) = (Broker::start(), Deadly::new());
    let ears = broker.listen();
    let [east, north, west] = CAMERAS;
    let (pattern, url) = ("pattern://640x360@10", format!("rtsp://127.0.0.1:{}/x", deadly.port));
    let pipeline = Pipeline::new(broker.port).engine("workers = 1");
    let pipeline = pipeline.camera(east, pattern).camera(north, &url).camera(west, pattern);
    let mut edited = Edited::start(&pipeline);
    let started = clock::monotonic();
    *deadly.parent.lock().unwrap() = Some(edited.engine.process.pid());

    edited.engine.until_metric(SERIES, |n| n == 1);
    println!("quarantined after {:?}", started.elapsed());
    edited.engine.process.line("it is quarantined");
    let told = until("its state", LONG, || {
        let topic = format!("/cam/{north}/state");
        let is_so = |m: &Message| m.topic.ends_with(&topic) && !m.payload["quarantine"].is_null();
        ears.heard().into_iter().find(is_so)
    });
    assert_eq!(told.payload["state"], "offline", "{told:?}");
    assert!(told.payload["quarantine"]["deaths"].as_u64() >= Some(3), "{told:?}");
    assert!(told.payload["quarantine"]["next_try"].is_string(), "{told:?}");
    assert!(told.payload["reason"].to_string().contains("signal: 9"), "{told:?}");

    // Its neighbours go on, for good.
    let restarts = edited.restarts(0);
    assert!(restarts >= 3, "{restarts}");
    edited.engine.until_looks(&[east, west], ENOUGH_LOOKS);
    let unharmed = [east, west].map(|camera| Unharmed::since_now(&edited.engine, camera));
    edited.engine.until_looks(&[east, west], ENOUGH_LOOKS);
    let health = edited.engine.health();
    assert_eq!(
        (&health["status"], &health["cameras"][north]["quarantined"]),
        (&json!("degraded"), &json!(true))
    );
    for (place, words) in
        [(&health["reasons"], north), (&health["cameras"][north]["reason"], "quarantined")]
    {
        assert!(place.to_string().contains(words), "{health}");
    }

    // Another address: it is tried at once.
    let mended = edited.text.replace(&url, pattern);
    let asked = edited.with(&mended);
    ears.hear_camera(north, &["online"], asked, LONG);
    edited.engine.until_metric(SERIES, |n| n == 0);
    until("all is well", LONG, || Some(edited.engine.health()).filter(|h| h["status"] == "ok"));
    for camera in &unharmed {
        camera.check(&edited.engine);
    }
    assert_eq!(edited.restarts(0), restarts);
}
