//! A running box is told what to do: commands over MQTT, readings of sensors, a new pipeline.

use crate::support::broker::{Broker, Ears, Message};
use crate::support::engine::{Engine, Pipeline, SITE};
use crate::support::program::run_viahe;
use crate::support::{LONG, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;
use viahe_edge::clock;

const SENSORS: &str = r#"
[[sensor]]
id = "river-1"
topic = "sensors/river-1"
quantity = "water_level"
format = "json"
value = "/level"
unit = "m"
time = "/at"
lateness_secs = 0

[[window]]
name = "level-10s"
sensors = ["river-1"]
shape = "tumbling"
size_secs = 10
function = "max"
lateness_secs = 1

[[rule]]
use = "flooded-street"
sensor = "river-1"
dwell_secs = 20
"#;

fn pipeline(broker: &Broker) -> Pipeline {
    Pipeline::new(broker.port).camera("gate", "pattern://320x240@5").more(SENSORS)
}

fn command(broker: &Broker, name: &str, body: &Value) {
    broker.say(&format!("viahe/v1/{SITE}/cmd/{name}"), body);
}

/// The first message on a topic of the site for which `wanted` holds.
fn heard(ears: &Ears, topic: &str, wanted: impl Fn(&Value) -> bool) -> Message {
    let topic = format!("viahe/v1/{SITE}/{topic}");
    until(&topic, LONG, || {
        ears.heard().into_iter().find(|m| m.topic == topic && wanted(&m.payload))
    })
}

fn reply(ears: &Ears, id: &str) -> Value {
    heard(ears, &format!("reply/{id}"), |_| true).payload
}

fn text_of(reply: &Value) -> &str {
    reply["text"].as_str().unwrap()
}

#[test]
fn commands_are_carried_out_and_answered() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate"], 1);
    engine.until_heeds(1);

    command(&broker, "disaster", &json!({ "id": "d-1", "level": 2 }));
    assert_eq!(reply(&ears, "d-1")["ok"], true);
    engine.until_metric("viahe_disaster_level", |level| level == 2);

    command(&broker, "snapshot", &json!({ "id": "s-1", "camera": "gate" }));
    let answer = reply(&ears, "s-1");
    assert_eq!(
        (&answer["ok"], answer["evidence"]["media_type"].as_str()),
        (&true.into(), Some("image/jpeg"))
    );
    command(&broker, "snapshot", &json!({ "id": "s-2", "camera": "gat" }));
    let answer = reply(&ears, "s-2");
    assert_eq!(answer["ok"], false);
    assert!(text_of(&answer).contains("there are gate"), "{answer}");

    let until_then = clock::now().plus(Duration::from_hours(1));
    command(&broker, "suspend", &json!({ "id": "x-1", "camera": "gate", "until": until_then }));
    assert!(text_of(&reply(&ears, "x-1")).starts_with("1 rule suspended until"));
    command(&broker, "suspend", &json!({ "id": "x-2", "rule": "no-such", "until": until_then }));
    assert_eq!(reply(&ears, "x-2")["ok"], false);
    command(&broker, "reboot", &json!({ "id": "r-1" }));
    assert!(text_of(&reply(&ears, "r-1")).contains("there is no command reboot"));
    command(&broker, "disaster", &json!({ "id": "d-2", "levle": 1 }));
    assert!(text_of(&reply(&ears, "d-2")).contains("levle"));
}

#[test]
fn a_changed_pipeline_is_taken_up_and_a_bad_one_is_not() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate"], 1);
    engine.until_heeds(1);
    let file = pipeline.dir.path().join("pipeline.toml");
    let text = std::fs::read_to_string(&file).unwrap();

    std::fs::write(&file, text.replace("dwell_secs = 6", "dwell_secs = 9")).unwrap();
    command(&broker, "reload", &json!({ "id": "l-1" }));
    assert_eq!(reply(&ears, "l-1")["ok"], true);
    engine.until_metric("viahe_reloads_total", |n| n == 1);

    std::fs::write(&file, text.replace("dwell_secs = 6", "dwel_secs = 9")).unwrap();
    command(&broker, "reload", &json!({ "id": "l-2" }));
    let answer = reply(&ears, "l-2");
    assert!(text_of(&answer).contains("did you mean `dwell_secs`?"), "{answer}");

    std::fs::write(&file, text.replace("[engine]", "[engine]\nhistory_mb = 9")).unwrap();
    command(&broker, "reload", &json!({ "id": "l-3" }));
    assert_eq!(text_of(&reply(&ears, "l-3")), "restart viahe to change history_mb");
    engine.until_metric("viahe_reloads_refused_total", |n| n == 2);
    engine.until_looks(&["gate"], 1);
    engine.until_heeds(1);
}

#[test]
fn a_gauge_tells_of_a_flood() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate"], 1);
    engine.until_heeds(1);

    broker.say("sensors/river-1", &json!({ "level": "deep" }));
    engine.until_metric("viahe_readings_bad_total", |n| n == 1);
    // A minute of 23 cm, told at once: what counts is when it was measured.
    let start = clock::now().millis() / 1000 - 90;
    for i in 0..7 {
        let reading = json!({ "level": 0.23 + 0.001 * f64::from(i), "at": start + 10 * i as u64 });
        broker.say("sensors/river-1", &reading);
    }
    let state = heard(&ears, "sensor/river-1/state", |s| s["state"] == "good");
    assert!(state.payload["since"].is_string());
    let window = heard(&ears, "window/level-10s", |w| w["state"] == "final").payload;
    assert_eq!((&window["unit"], &window["sensor"]), (&"cm".into(), &"river-1".into()));
    assert!((window["value"].as_f64().unwrap() - 23.0).abs() < 1.0, "{window}");
    let flood = heard(&ears, "incident/flooded-street", |_| true).payload;
    let data = &flood["data"];
    assert!(data["camera"].is_null() && data["zone"].is_null(), "{data}");
    assert_eq!(data["measured"][0]["name"], "river-1");
    assert_eq!(data["measured"][0]["unit"], "cm");

    // On the box itself, what it saw is there.
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
    let file = pipeline.dir.path().join("pipeline.toml");
    let incident = data["incident"].as_str().unwrap();
    let words = ["rule flooded-street", "what was seen from", "river-1", incident];
    run_viahe(["explain", incident, "--pipeline", file.to_str().unwrap()]).prints(0, &words);
}

/// A site of sensors alone is checked and run; it needs no model, and no worker.
#[test]
fn a_site_of_sensors_alone_is_a_site() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = Pipeline::new(broker.port).more(SENSORS);
    let file = pipeline.write();
    run_viahe(["check", file.to_str().unwrap()]).prints(0, &["flooded-street"]);
    let engine = Engine::start_with(&pipeline, |command| {
        command.env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so");
    });
    engine.until_heeds(1);
    // Within a second of its coming, not a minute later.
    let now = clock::now().millis() / 1000;
    broker.say("sensors/river-1", &json!({ "level": 0.4, "at": now }));
    heard(&ears, "sensor/river-1/state", |s| s["state"] == "good");
    let ok = until("health", LONG, || {
        let health = engine.health();
        (health["status"] == "ok").then_some(health)
    });
    assert_eq!(ok["workers"], serde_json::json!([]), "none is needed");
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
}

/// A reading that the broker kept since before the start counts from when it was measured.
#[test]
fn a_kept_reading_is_taken_up() {
    let broker = Broker::start();
    let ears = broker.listen();
    let measured = clock::now().millis() / 1000 - 20;
    let reading = json!({ "level": 0.1, "at": measured }).to_string();
    broker.say_with("sensors/river-1", &["-r", "-m", &reading]);
    broker.say_with("sensors/tank-1", &["-r", "-m", "12"]);
    let tank = "[[sensor]]\nid = \"tank-1\"\ntopic = \"sensors/tank-1\"\n\
                quantity = \"water_level\"\n";
    let pipeline = Pipeline::new(broker.port).more(tank).more(SENSORS);
    let engine = Engine::start(&pipeline);
    let good = heard(&ears, "sensor/river-1/state", |s| s["state"] == "good").payload;
    let since: jiff::Timestamp = good["since"].as_str().unwrap().parse().unwrap();
    assert_eq!(since.as_second(), i64::try_from(measured).unwrap(), "{good}");
    engine.process.line("it does not say when it was measured");
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &["the value that the broker kept is used"]);
    assert!(!ears.heard().iter().any(|m| m.topic.ends_with("sensor/tank-1/state")), "unknown");
}
