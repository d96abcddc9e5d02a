//! Brokers that answer otherwise: nobody listens, no MQTT 5.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Engine, Pipeline, SITE};
use crate::support::gate::Gate;
use crate::support::program::Line;
use crate::support::{LONG, clip, until};
use serde_json::json;

#[test]
fn what_nobody_hears_waits_and_is_told_everywhere() {
    let broker = Broker::start();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    let lonely = "viahe_trouble{trouble=\"nobody_listens\"}";
    engine.until_metric(lonely, |n| n == 1);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);
    engine.until_metric("viahe_not_taken_total{reason=\"unheard\"}", |n| n >= 2);
    assert_eq!(engine.metric("viahe_acknowledged_total"), 0);
    let health = engine.health();
    assert_eq!(health["status"], "degraded");
    assert!(health["reasons"].to_string().contains("nobody listens"), "{health}");

    let ears = broker.listen();
    let status = format!("viahe/v1/{SITE}/status");
    until("the status lists it", LONG, || {
        let troubles = |m: &serde_json::Value| m["troubles"].to_string().contains("nobody_listens");
        ears.heard().into_iter().find(|m| m.topic == status && troubles(&m.payload))
    });
    ears.hear_incidents(2);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 0);
    engine.until_metric(lonely, |n| n == 0);
}

#[test]
fn a_broker_of_3_1_1_gets_incidents_over_kills_and_its_commands_are_answered() {
    let mut broker = Broker::start();
    let gate = Gate::shut_before(broker.port);
    gate.speak_only_3_1_1();
    gate.open();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.until_metric("viahe_mqtt_version{version=\"3.1.1\"}", |n| n == 1);
    engine.until_heeds(1);
    gate.shut();
    broker.kill();
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);

    broker.restart();
    let ears = broker.listen();
    gate.open();
    ears.hear_incidents(2);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 0);
    engine.until_heeds(2);

    let desk = format!("viahe/v1/{SITE}/reply/desk-4");
    let say = |id: &str, to: &str| {
        let order = json!({ "id": id, "level": 0, "reply_to": to });
        broker.say(&format!("viahe/v1/{SITE}/cmd/disaster"), &order);
    };
    let answer = |topic: &str, id: &str| {
        let mine = |m: &serde_json::Value| m["id"] == id;
        ears.heard().into_iter().find(|m| m.topic == topic && mine(&m.payload))
    };
    // The command link comes back by itself; what it did not hear is said again.
    until("the answer on the topic asked for", LONG, || {
        say("d-1", &desk);
        answer(&desk, "d-1")
    });
    say("d-2", &format!("viahe/v1/{SITE}/cam/gate-east/incident/illegal-parking"));
    let usual = format!("viahe/v1/{SITE}/reply/d-2");
    until("the answer on the usual topic", LONG, || answer(&usual, "d-2"));
    assert_eq!(ears.incidents().len(), 2, "no answer among the incidents");
    assert_eq!(engine.health()["mqtt_connected"], true);
    let older = |line: &&Line| line.text.contains("does not speak MQTT 5");
    assert_eq!(engine.process.lines().iter().filter(older).count(), 1, "told once");
}
