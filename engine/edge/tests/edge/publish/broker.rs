//! What a real broker may do to us: refuse, limit, cut off, ask for certificates.

use super::support::*;
use serde_json::{Value, json};
use std::time::Duration;
use viahe_contract::message::{CameraState, CameraStatus, ModelRef};
use viahe_contract::sha256::Sha256;
use viahe_core::plan::{Ack, MqttTls, Secret};
use viahe_edge::broker::EmbeddedBroker;
use viahe_edge::publish::{Message, PublishError, Publisher, Subscriber};
use viahe_edge::store::{Outbox, Store};
use viahe_testing::mosquitto::{Mosquitto, client};
use viahe_testing::wait::{LONG, eventually};

const INCIDENTS: &str = "viahe/v1/hue/cam/+/incident/#";

fn json_of(message: &Message) -> Value {
    serde_json::from_slice(&message.payload).unwrap()
}

/// The next message for which `wanted` holds; others are passed over.
fn next_where(subscriber: &Subscriber, wanted: impl Fn(&Message) -> bool) -> Message {
    loop {
        let message = subscriber.next(LONG).expect("a message in time");
        if wanted(&message) {
            return message;
        }
    }
}

/// Poison at both ends and in the middle of twelve rows.
fn with_poison(bytes: usize) -> Vec<viahe_edge::store::OutboxRow> {
    (0..12).map(|n| if [0, 5, 11].contains(&n) { sized_row(n, bytes) } else { row(n) }).collect()
}

fn poison_is_set_aside(broker: &Mosquitto, rows: &[viahe_edge::store::OutboxRow]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let subscriber = subscribe(broker.port, "reader", INCIDENTS);
    commit_all(&mut store, rows);
    let publisher = Publisher::start(options(mqtt(broker.port, Ack::Broker)), dir.path()).unwrap();
    eventually("the outbox is empty", || store.depth().unwrap().rows == 0);
    let mut arrivals = Arrivals::default();
    while arrivals.times.len() < 9 {
        arrivals.add(key_of(&subscriber.next(LONG).expect("nine rows arrive")));
    }
    assert_eq!(arrivals.late, 0);
    let counters = publisher.counters();
    assert_eq!((counters.quarantined, counters.acknowledged), (3, 9));
    println!("{} connections, last error: {}", counters.connections, counters.last_error);
    let aside = Outbox::open(dir.path()).unwrap().quarantined().unwrap();
    assert_eq!(store.depth().unwrap().quarantined, 3);
    aside.into_iter().map(|(_, why)| why).collect()
}

#[test]
fn rows_above_the_limit_that_the_broker_tells_are_set_aside_unsent() {
    let broker = Mosquitto::start("max_packet_size 20000");
    let why = poison_is_set_aside(&broker, &with_poison(30_000));
    assert!(why.iter().all(|w| w.contains("the broker and we take 20000")), "{why:?}");
}

/// mosquitto's `message_size_limit` is not told on connecting, and its answer is a reason that
/// MQTT does not know for a PUBACK: the client library ends the connection over it.
#[test]
fn rows_that_kill_the_connection_are_set_aside_after_one_lone_try() {
    let broker = Mosquitto::start("message_size_limit 20000");
    let why = poison_is_set_aside(&broker, &with_poison(30_000));
    assert!(why.iter().all(|w| w.contains("connection dies on it")), "{why:?}");
}

#[test]
fn a_topic_that_cannot_be_published_to_is_set_aside() {
    let broker = Mosquitto::start("");
    let mut rows: Vec<_> = (0..12).map(row).collect();
    for n in [0, 5, 11] {
        rows[n].topic = "viahe/v1/hue/#".into();
    }
    let why = poison_is_set_aside(&broker, &rows);
    assert!(why.iter().all(|w| w.contains("topic")), "{why:?}");
}

#[test]
fn without_rights_rows_wait_and_go_out_once_there_are() {
    let mut broker = Mosquitto::prepare("");
    // Status may be told, one camera's incidents may not.
    let base = "topic readwrite viahe/v1/hue/status\ntopic readwrite viahe/v1/hue/cam/cam-02/#\n";
    broker.allow(&format!("{base}topic read viahe/#\n"));
    broker.restart();
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut rows: Vec<_> = (0..9).map(row).collect();
    for row in &mut rows[3..6] {
        row.topic = row.topic.replace("cam-01", "cam-02");
    }
    commit_all(&mut store, &rows);
    let _early = subscribe(broker.port, "early", INCIDENTS);
    let options = options(mqtt(broker.port, Ack::Broker));
    let troubles = options.troubles.clone();
    let publisher = Publisher::start(options, dir.path()).unwrap();
    eventually("refused again and again", || publisher.counters().refused > 10);
    let counters = publisher.counters();
    assert!(counters.last_error.contains("not authorised"), "{}", counters.last_error);
    let told = troubles.lasting()[0].text.clone();
    assert!(told.contains("cam-01/incident") && told.contains("allow this client"), "{told}");
    // What may pass has passed.
    assert_eq!((store.depth().unwrap().rows, counters.quarantined), (6, 0));
    broker.kill();
    broker.allow("topic readwrite viahe/#\n");
    broker.restart();
    let subscriber = subscribe(broker.port, "reader", INCIDENTS);
    eventually("all delivered", || store.depth().unwrap().rows == 0);
    eventually("over", || troubles.lasting().is_empty());
    drop(subscriber);
}

#[test]
fn a_wrong_password_is_told_without_the_password() {
    let mut broker = Mosquitto::prepare("");
    broker.admit(&[("box", "right-canary")]);
    broker.restart();
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    commit_all(&mut store, &[row(0)]);
    let with = |password: &str| {
        let mut mqtt = mqtt(broker.port, Ack::Broker);
        mqtt.login = Some(("box".into(), Secret::new(password)));
        Publisher::start(options(mqtt), dir.path()).unwrap()
    };
    let publisher = with("wrong-canary");
    eventually("refused", || !publisher.counters().last_error.is_empty());
    let counters = publisher.counters();
    assert!(counters.last_error.contains("refused the login"), "{}", counters.last_error);
    assert!(!format!("{counters:?} {publisher:?}").contains("canary"));
    assert_eq!(publisher.shutdown(Duration::ZERO), 1);

    let mut reader = mqtt(broker.port, Ack::Broker);
    reader.login = Some(("box".into(), Secret::new("right-canary")));
    let _reader = subscribe_to(reader, "reader", INCIDENTS);
    let publisher = with("right-canary");
    eventually("delivered", || store.depth().unwrap().rows == 0);
    assert_eq!(publisher.shutdown(Duration::from_secs(5)), 0);
}

#[test]
fn tls_with_certificates_on_both_sides() {
    let files = tempfile::tempdir().unwrap();
    let ca = certificates(files.path(), "our-ca");
    let other = certificates(files.path(), "other-ca");
    let at = |prefix: &std::path::Path, end: &str| {
        std::path::PathBuf::from(format!("{}{end}", prefix.display()))
    };
    let broker = Mosquitto::start(&format!(
        "cafile {0}.pem\ncertfile {0}-server.pem\nkeyfile {0}-server.key\n\
         require_certificate true",
        ca.display()
    ));
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    commit_all(&mut store, &[row(0), row(1)]);
    let with = |ca_of: &std::path::Path, client: Option<&std::path::Path>| {
        let mut mqtt = mqtt(broker.port, Ack::Broker);
        mqtt.tls = Some(MqttTls {
            ca: at(ca_of, ".pem"),
            client: client.map(|c| (at(c, "-box.pem"), at(c, "-box.key"))),
        });
        Publisher::start(options(mqtt), dir.path())
    };
    // A broker that somebody else vouches for; a box that the broker does not know.
    for (ca_of, client) in [(&other, Some(&ca)), (&ca, None), (&ca, Some(&other))] {
        let publisher = with(ca_of, client.map(std::path::PathBuf::as_path)).unwrap();
        eventually("refused", || !publisher.counters().last_error.is_empty());
        println!("{}", publisher.counters().last_error);
        assert_eq!(publisher.counters().connections, 0);
        assert_eq!(publisher.shutdown(Duration::ZERO), 2);
    }
    let mut reader = mqtt(broker.port, Ack::Broker);
    let client = Some((at(&ca, "-box.pem"), at(&ca, "-box.key")));
    reader.tls = Some(MqttTls { ca: at(&ca, ".pem"), client });
    let _reader = subscribe_to(reader, "reader", INCIDENTS);
    let publisher = with(&ca, Some(&ca)).unwrap();
    eventually("delivered", || store.depth().unwrap().rows == 0);
    assert_eq!(publisher.shutdown(Duration::from_secs(5)), 0);

    let missing = with(std::path::Path::new("/nowhere/ca"), None).unwrap_err();
    assert!(matches!(missing, PublishError::Tls { .. }), "{missing}");
    std::fs::write(files.path().join("empty.pem"), "no certificate").unwrap();
    let empty = with(&files.path().join("empty"), None).unwrap_err();
    assert!(empty.to_string().contains("has no CERTIFICATE"), "{empty}");
}

fn camera_state(state: CameraStatus, fps: Option<f64>) -> CameraState {
    CameraState {
        state,
        reason: String::new(),
        causes: Vec::new(),
        time: "2026-11-22T08:14:03.120+07:00".parse().unwrap(),
        fps,
        resolution: None,
        clock_offset_ms: None,
        clock_step: None,
        transport: None,
        rules_suspended: None,
        suspensions: Vec::new(),
        disaster: None,
        quarantine: None,
        looks: None,
        decoding: None,
        streams: None,
        name: None,
        position: None,
    }
}

#[test]
fn status_and_camera_states_are_kept_by_the_broker() {
    let broker = Mosquitto::start("persistence false");
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let publisher = Publisher::start(options(mqtt(broker.port, Ack::Broker)), dir.path()).unwrap();
    let model = ModelRef {
        name: name("ssdlite-coco"),
        sha256: Sha256::from_bytes([0xab; 32]),
        licence: None,
    };
    publisher.set_status(vec![model.clone()]);
    publisher.set_camera_state(&name("cam-01"), &camera_state(CameraStatus::Stalled, None));
    publisher.set_camera_state(&name("cam-01"), &camera_state(CameraStatus::Online, Some(10.0)));
    publisher.set_camera_state(&name("cam-02"), &camera_state(CameraStatus::Offline, None));
    let reader = subscribe(broker.port, "reader-1", "viahe/v1/hue/#");
    let status = next_where(&reader, |m| {
        m.topic == "viahe/v1/hue/status" && json_of(m)["models"] == json!([model])
    });
    let status = json_of(&status);
    assert_eq!((&status["state"], &status["outbox_depth"]), (&json!("online"), &json!(0)));
    assert!(status["time"].as_str().unwrap().ends_with("+07:00"), "{status}");
    drop(reader);
    eventually("the states are kept", || {
        let reader = subscribe(broker.port, "reader-2", "viahe/v1/hue/cam/+/state");
        let mut kept = Vec::new();
        while let Some(message) = reader.next(Duration::from_millis(200)) {
            kept.push((message.topic.clone(), json_of(&message)["state"].clone()));
        }
        kept.sort_by(|a, b| a.0.cmp(&b.0));
        kept == [
            ("viahe/v1/hue/cam/cam-01/state".into(), json!("online")),
            ("viahe/v1/hue/cam/cam-02/state".into(), json!("offline")),
        ]
    });
    // A clean stop says so; the last will stays unsaid.
    assert_eq!(publisher.shutdown(Duration::from_secs(5)), 0);
    let reader = subscribe(broker.port, "reader-3", "viahe/v1/hue/status");
    let last = next_where(&reader, |_| true);
    assert!(last.retained);
    assert_eq!(json_of(&last)["reason"], "shutdown");
    assert_eq!(reader.next(Duration::from_millis(300)), None);
    drop(store);
}

/// The embedded broker against our own clients and mosquitto's.
#[test]
fn the_embedded_broker_does_what_the_demo_needs() {
    let broker = EmbeddedBroker::start(0).unwrap();
    let port = broker.address().port();
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let subscriber = subscribe(port, "reader", "viahe/v1/hue/#");
    let publisher = Publisher::start(options(mqtt(port, Ack::Broker)), dir.path()).unwrap();
    let mut rows: Vec<_> = (0..600).map(row).collect();
    rows[300] = sized_row(300, 500_000);
    for group in rows.chunks(100) {
        commit_all(&mut store, group);
        publisher.wake();
    }
    let mut arrivals = Arrivals::default();
    while arrivals.times.len() < rows.len() {
        let message = subscriber.next(LONG).expect("all rows arrive");
        if message.topic.contains("/incident/") {
            arrivals.add(key_of(&message));
        }
    }
    eventually("all acknowledged", || store.depth().unwrap().rows == 0);
    assert_eq!((arrivals.late, publisher.counters().quarantined), (0, 0));
    println!("embedded: {} rows, {} twice", rows.len(), arrivals.duplicates());

    let seen = client("mosquitto_sub", port, None)
        .args(["-C", "1", "-W", "20", "-t", "viahe/v1/hue/status"])
        .output()
        .unwrap();
    let status: Value = serde_json::from_slice(&seen.stdout).expect("the retained status");
    assert_eq!(status["state"], "online");
    assert_eq!(publisher.shutdown(Duration::from_secs(5)), 0);
    let last = next_where(&subscriber, |m| {
        m.topic.ends_with("/status") && json_of(m)["state"] == "offline"
    });
    assert_eq!(json_of(&last)["reason"], "shutdown");
}
