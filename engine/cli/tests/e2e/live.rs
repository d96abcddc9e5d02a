//! A live run as an operations centre sees it: two cameras with a login, a broker with a login,
//! every field of every message; and no secret anywhere.

use crate::support::broker::{Broker, Ears, Message};
use crate::support::engine::{CameraSim, ENOUGH_LOOKS, Engine, Pipeline, SITE};
use crate::support::event::{check_drawing, check_opened, check_picture, keys, time};
use crate::support::{LONG, clip, files_below, until};
use rustix::process::Signal;
use std::path::Path;
use viahe_edge::clock;

const CAMERAS: [&str; 2] = ["gate-east", "gate-west"];
/// Passwords with characters that addresses and quotes must escape; every spelling keeps the
/// marker.
const CAMERA_PASSWORD: &str = "canary-9/p%40w\"x@#";
const BROKER_PASSWORD: &str = "canary-8 q\\u'x";
const MARKER: &str = "canary";
const DWELL_SECS: u32 = 6;

fn assert_no_secret(what: &str, bytes: &[u8]) {
    let bytes = bytes.to_ascii_lowercase();
    let found = bytes.windows(MARKER.len()).position(|w| w == MARKER.as_bytes());
    if let Some(at) = found {
        let around = &bytes[at.saturating_sub(120)..bytes.len().min(at + 60)];
        panic!("a password is in {what}: {}", String::from_utf8_lossy(around));
    }
}

fn check_status(message: &Message, state: &str) {
    assert_eq!(message.topic, format!("viahe/v1/{SITE}/status"));
    assert_eq!(message.qos, 1);
    let status = &message.payload;
    assert_eq!(status["state"], state);
    if state == "online" {
        let wanted = [
            "disaster",
            "models",
            "mqtt",
            "outbox_depth",
            "pictures_waiting",
            "quarantined",
            "state",
            "suspensions",
            "time",
            "troubles",
            "unsaved",
            "version",
        ];
        assert_eq!(keys(status), wanted);
        assert_eq!(status["mqtt"], "5");
        time(&status["time"]);
    } else {
        assert_eq!(keys(status), ["connected", "reason", "state", "version"]);
        assert_eq!(status["reason"], "lost");
        time(&status["connected"]);
    }
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
}

fn check_camera(message: &Message) {
    assert_eq!(message.qos, 1);
    let state = &message.payload;
    let wanted = [
        "causes",
        "clock_offset_ms",
        "clock_step",
        "decoding",
        "disaster",
        "fps",
        "looks",
        "name",
        "position",
        "quarantine",
        "reason",
        "resolution",
        "rules_suspended",
        "state",
        "streams",
        "suspensions",
        "time",
        "transport",
    ];
    assert_eq!(keys(state), wanted);
    assert_eq!((&state["state"], &state["reason"]), (&"online".into(), &"".into()));
    time(&state["time"]);
}

fn check_incidents(ears: &Ears, state_dir: &Path) {
    for camera in CAMERAS {
        assert_eq!(ears.ids(Some(camera)).len(), 2, "two vehicles stand before {camera}");
    }
    for message in ears.incidents() {
        let camera = message.payload["data"]["camera"].as_str().unwrap();
        assert!(CAMERAS.contains(&camera));
        check_opened(&message, camera, f64::from(DWELL_SECS), state_dir);
    }
}

/// What the broker keeps for those who come later.
fn check_retained(broker: &Broker, box_state: &str) {
    let late = broker.listen();
    let status = late.hear_status(box_state);
    assert!(status.retained);
    check_status(&status, box_state);
    for camera in CAMERAS {
        let topic = format!("viahe/v1/{SITE}/cam/{camera}/state");
        let long = std::time::Duration::from_secs(10);
        let start = status.at.checked_sub(long).unwrap();
        let state = late.hear(&topic, start, long, |m| m.topic == topic);
        assert!(state.retained);
        check_camera(&state);
        assert_eq!(state.payload["resolution"], serde_json::json!([768, 576]));
        // The clip's 10, or not known yet: never the burst with which a connection begins.
        let fps = state.payload["fps"].as_f64();
        assert!(fps.is_none_or(|fps| (8.0..12.5).contains(&fps)), "{state:?}");
    }
    assert!(late.incidents().is_empty(), "incidents are not retained");
}

fn check_pages(engine: &Engine) {
    let opened = "viahe_incidents_opened_total{violation=\"illegal-parking\"}";
    engine.until_metric(opened, |n| n == 4);
    engine.until_metric("viahe_outbox_depth", |n| n == 0);
    engine.until_metric("viahe_acknowledged_total", |n| n == 4);
    engine.until_metric("viahe_camera_fps{camera=\"gate-east\"}", |fps| (9..=11).contains(&fps));
    for (series, wanted) in [
        ("viahe_incidents_open", 4),
        ("viahe_worker_up{worker=\"0\"}", 1),
        ("viahe_worker_restarts_total{worker=\"0\"}", 0),
        ("viahe_captures_failed_total", 0),
        ("viahe_outbox_refused_total", 0),
        ("viahe_mqtt_connected", 1),
        ("viahe_camera_up{camera=\"gate-east\"}", 1),
    ] {
        assert_eq!(engine.metric(series), wanted, "{series}");
    }
    let health = engine.health();
    assert_eq!(health["status"], "ok", "{health}");
    for camera in CAMERAS {
        assert_eq!(health["cameras"][camera]["size_px"], serde_json::json!([768, 576]));
    }
}

/// An order ends all that is open; the pictures of the end are there, with what was seen drawn.
fn check_closed(broker: &Broker, ears: &Ears, state_dir: &Path) {
    let open = ears.ids(None);
    let until_then = clock::now().plus(std::time::Duration::from_hours(1));
    let order = serde_json::json!({ "id": "end", "until": until_then });
    broker.say(&format!("viahe/v1/{SITE}/cmd/suspend"), &order);
    let ended = until("all to end", LONG, || {
        let mut ended = ears.incidents();
        ended.retain(|m| m.payload["data"]["state"] == "closed");
        Some(ended).filter(|ended| ended.len() >= open.len())
    });
    for message in ended {
        let data = &message.payload["data"];
        assert_eq!(data["ended_by"], "rule_inactive");
        let pictures = data["evidence"].as_array().unwrap();
        assert_eq!(pictures.last().unwrap()["kind"], "snapshot.closed");
        for picture in pictures {
            check_picture(picture, state_dir);
        }
        check_drawing(pictures.last().unwrap(), state_dir);
    }
}

fn check_secrets(pipeline: &Pipeline, engine: &Engine, ears: &Ears) {
    for (i, line) in engine.process.lines().iter().enumerate() {
        assert_no_secret(&format!("line {i} of the engine's output"), line.text.as_bytes());
    }
    for message in ears.heard() {
        assert_no_secret(&message.topic, message.payload.to_string().as_bytes());
    }
    for page in ["/metrics", "/healthz"] {
        assert_no_secret(page, engine.page(page).1.as_bytes());
    }
    for pid in [engine.process.pid(), engine.worker()] {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert_no_secret("a command line", &line);
    }
    for file in files_below(pipeline.dir.path()) {
        if !file.ends_with("secrets/mqtt") {
            assert_no_secret(&file.display().to_string(), &std::fs::read(&file).unwrap());
        }
    }
}

#[test]
fn incidents_and_states_keep_the_contract_and_hold_no_secret() {
    let broker = Broker::start_with(("box", BROKER_PASSWORD));
    let ears = broker.listen();
    let login = format!("viewer:{CAMERA_PASSWORD}");
    let sim = CameraSim::start_with(&clip(), &CAMERAS, 0, Some(&login));
    let pipeline = CAMERAS.iter().fold(Pipeline::new(broker.port), |pipeline, camera| {
        let host = format!("127.0.0.1:{}", sim.port);
        pipeline.camera(camera, &format!("rtsp://viewer:${{env:E2E_CAMERA}}@{host}/{camera}"))
    });
    let pipeline = pipeline
        .dwell_secs(DWELL_SECS)
        .mqtt("username = \"box\"\npassword = \"${file:secrets/mqtt}\"");
    let (secrets, dots) = (pipeline.dir.path().join("secrets"), pipeline.dir.path().join("dots"));
    std::fs::create_dir_all(&secrets).unwrap();
    std::fs::create_dir_all(&dots).unwrap();
    std::fs::write(secrets.join("mqtt"), format!("{BROKER_PASSWORD}\n")).unwrap();
    let recording = pipeline.dir.path().join("recording.jsonl");
    let engine = Engine::record(&pipeline, &recording, |command| {
        command.env("E2E_CAMERA", CAMERA_PASSWORD).env("VIAHE_LOG", "trace");
        command.env("GST_DEBUG_DUMP_DOT_DIR", &dots);
    });

    check_status(&ears.hear_status("online"), "online");
    ears.hear_incidents(4);
    engine.until_looks(&CAMERAS, ENOUGH_LOOKS);
    check_incidents(&ears, &pipeline.state_dir());
    check_retained(&broker, "online");
    check_pages(&engine);
    check_secrets(&pipeline, &engine, &ears);
    check_closed(&broker, &ears, &pipeline.state_dir());

    let killed = clock::monotonic();
    engine.process.signal(Signal::KILL);
    let will = ears.hear("the last will", killed, std::time::Duration::from_secs(5), |m| {
        m.topic.ends_with("/status") && m.payload["state"] == "offline"
    });
    check_status(&will, "offline");
    check_retained(&broker, "offline");
}
