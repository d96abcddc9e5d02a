//! The broker dies: incidents wait, arrive when it is back, and stay until the operations centre
//! has them.

use crate::support::broker::{Broker, Ears};
use crate::support::engine::{CameraSim, Engine, Pipeline, SITE};
use crate::support::gate::Gate;
use crate::support::{LONG, clip};
use rustix::process::Signal;
use serde_json::json;

fn acknowledge(broker: &Broker, ears: &Ears) {
    for message in ears.incidents() {
        let data = &message.payload["data"];
        let ack = json!({ "incident": data["incident"], "revision": data["revision"] });
        broker.say(&format!("viahe/v1/{SITE}/ack"), &ack);
    }
}

#[test]
fn incidents_survive_the_broker_until_the_centre_has_them() {
    const CAMERAS: [&str; 2] = ["gate-east", "gate-west"];
    let mut broker = Broker::prepare();
    // The engine gets through only when somebody listens, so that nothing is said to nobody.
    let gate = Gate::shut_before(broker.port);
    let sim = CameraSim::start(&clip(), &CAMERAS);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &CAMERAS).mqtt("ack = \"centre\"");
    let engine = Engine::start(&pipeline);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 4);
    assert_eq!(engine.metric("viahe_mqtt_connected"), 0);
    assert_eq!(engine.health()["status"], "degraded");

    broker.restart();
    let ears = broker.listen();
    gate.open();
    let ids = ears.hear_incidents(4);
    engine.until_metric("viahe_mqtt_connected", |n| n == 1);
    assert_eq!(engine.metric("viahe_outbox_depth"), 4, "the centre has acknowledged nothing");

    gate.shut();
    broker.kill();
    drop(ears);
    engine.until_metric("viahe_mqtt_connected", |n| n == 0);
    // The running engine would say them again after a minute; another one does so at once.
    engine.process.signal(Signal::TERM);
    engine.process.end(LONG).says(0, &["wait in the outbox", "left=4"]);
    broker.restart();
    let ears = broker.listen();
    gate.open();
    let engine = Engine::start(&pipeline);
    assert_eq!(ears.hear_incidents(4), ids, "all come again, as the same");
    acknowledge(&broker, &ears);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 0);
    assert_eq!(engine.metric("viahe_outbox_refused_total"), 0);
    assert_eq!(engine.metric("viahe_outbox_quarantined"), 0);
}

#[test]
fn a_broker_that_is_killed_with_incidents_pending_gets_them_all() {
    let mut broker = Broker::start();
    let gate = Gate::shut_before(broker.port);
    gate.open();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.until_metric("viahe_mqtt_connected", |n| n == 1);
    gate.shut();
    broker.kill();
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);

    broker.restart();
    let ears = broker.listen();
    gate.open();
    ears.hear_incidents(2);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 0);
    let revisions = ears.incidents();
    assert!(revisions.iter().all(|m| m.payload["data"]["revision"] == 1));
}
