//! A camera that is killed, frozen and thawed, or replaced: told in seconds, watched again in
//! seconds, and nothing is reported twice.

use crate::support::broker::Broker;
use crate::support::clip;
use crate::support::engine::{CameraSim, ENOUGH_LOOKS, Engine, Pipeline};
use rustix::process::Signal;
use std::time::Duration;
use viahe_edge::clock;

const CAMERA: &str = "gate-east";
/// From the last picture to the message.
const TOLD_MAX: Duration = Duration::from_secs(5);
/// From the camera's return to pictures.
const BACK_MAX: Duration = Duration::from_secs(8);
const DARK: [&str; 2] = ["stalled", "offline"];

#[test]
fn a_camera_may_freeze_die_and_come_back() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &[CAMERA]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &[CAMERA]);
    let engine = Engine::start(&pipeline);
    let ids = ears.hear_incidents(2);

    let frozen = clock::monotonic();
    sim.process().signal(Signal::STOP);
    let told = ears.hear_camera(CAMERA, &DARK, frozen, TOLD_MAX);
    println!("frozen: told after {:?}: {}", told.at - frozen, told.payload["reason"]);
    assert!(told.at - frozen > Duration::from_secs(2), "a short hiccup is no stall");
    let thawed = clock::monotonic();
    sim.process().signal(Signal::CONT);
    let back = ears.hear_camera(CAMERA, &["online"], thawed, BACK_MAX);
    println!("thawed: back after {:?}", back.at - thawed);
    engine.until_looks(&[CAMERA], 2);

    let port = sim.port;
    let killed = clock::monotonic();
    sim.kill();
    let told = ears.hear_camera(CAMERA, &DARK, killed, TOLD_MAX);
    println!("killed: told after {:?}: {}", told.at - killed, told.payload["reason"]);
    let sim = CameraSim::start_with(&clip(), &[CAMERA], port, None);
    let started = clock::monotonic();
    let back = ears.hear_camera(CAMERA, &["online"], started, BACK_MAX);
    println!("started again: back after {:?}", back.at - started);
    engine.until_looks(&[CAMERA], ENOUGH_LOOKS);

    assert_eq!(ears.ids(None), ids, "the same vehicles");
    assert_eq!(engine.metric("viahe_incidents_open"), 2);
    assert_eq!(
        engine.metric("viahe_worker_restarts_total{worker=\"0\"}"),
        0,
        "a camera ends no worker"
    );
    let reconnects = format!("viahe_camera_reconnects_total{{camera=\"{CAMERA}\"}}");
    assert!(engine.metric(&reconnects) >= 2);
    drop(sim);
}
