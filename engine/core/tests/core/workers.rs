//! Several vision workers: one that starts anew changes nothing for the cameras of the others.

use crate::support;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::ModelRef;
use viahe_contract::sha256::Sha256;
use viahe_core::engine::{Engine, Event, Scope};
use viahe_core::frame::FrameStamp;
use viahe_core::id::{Name, TrackId};
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};

const CAMERAS: [&str; 2] = ["cam-east", "cam-west"];

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

fn plan(lateness_secs: u64) -> Arc<Plan> {
    let camera = |id: &str| {
        format!(
            "[[camera]]\nid = \"{id}\"\nurl = \"pattern://1000x500@5\"\nmodel = \"street\"\n\
             [camera.zone.kerb]\npolygon = [[0.0, 0.2], [1.0, 0.2], [1.0, 1.0], [0.0, 1.0]]\n\
             [[camera.rule]]\nuse = \"illegal-parking\"\nzone = \"kerb\"\nclasses = [\"vehicle\"]\n"
        )
    };
    let text = format!(
        "[site]\nid = \"site\"\ntimezone = \"UTC\"\n[engine]\nlateness_secs = {lateness_secs}\n\
         [model.street]\npackage = \"ssdlite-coco\"\n{}{}",
        camera(CAMERAS[0]),
        camera(CAMERAS[1])
    );
    Arc::new(support::World::new().parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}")))
}

fn look(camera: &str, secs: u64) -> Event {
    let at = Timestamp(1_000_000_000_000_000 + secs * 1_000_000_000);
    let object = Object {
        track: TrackId(1),
        class: Class::try_from("vehicle.car").unwrap(),
        confidence: 0.8.try_into().unwrap(),
        bbox: [0.4, 0.4, 0.6, 0.6].try_into().unwrap(),
    };
    let clock = ClockSource::Recording;
    let frame = FrameStamp { seq: secs, captured: at, arrived: at, offset_ms: 0, clock };
    let (camera, size_px, objects) = (name(camera), [1000, 500], vec![object]);
    Event::Observed(Observation { camera, frame, size_px, objects, undecided: Vec::new() })
}

fn started(cameras: &[&str]) -> Event {
    let model =
        ModelRef { name: name("ssdlite-coco"), sha256: Sha256::from_bytes([7; 32]), licence: None };
    let models: BTreeMap<_, _> = cameras.iter().map(|c| (name(c), model.clone())).collect();
    Event::WorkerStarted { models }
}

/// What is remembered of each camera.
fn remembered(engine: &Engine) -> [Vec<u8>; 2] {
    let saved = engine.save();
    CAMERAS.map(|camera| {
        let scope = Scope::Camera(name(camera));
        saved.parts().find(|(s, _)| **s == scope).unwrap().1.to_vec()
    })
}

#[test]
fn tracks_are_forgotten_of_the_cameras_of_the_worker_alone() {
    let mut engine = Engine::new(plan(0));
    engine.apply(started(&CAMERAS[..1]));
    engine.apply(started(&CAMERAS[1..]));
    for secs in 0..5 {
        for camera in CAMERAS {
            engine.apply(look(camera, secs));
        }
    }
    let before = remembered(&engine);
    engine.apply(started(&CAMERAS[..1]));
    let after = remembered(&engine);
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1], after[1], "it is another worker's");
    // As recordings of one worker for all are read.
    for whole in [&CAMERAS[..], &[]] {
        let mut engine = Engine::new(plan(0));
        engine.apply(started(whole));
        for camera in CAMERAS {
            engine.apply(look(camera, 1));
        }
        let before = remembered(&engine);
        engine.apply(started(whole));
        let after = remembered(&engine);
        assert!(before[0] != after[0] && before[1] != after[1], "{whole:?}");
    }
}

#[test]
fn what_another_worker_saw_before_is_not_too_late() {
    let late = |starts: &[&str]| {
        let mut plan = Arc::unwrap_or_clone(plan(10));
        plan.engine.lateness = Duration::from_secs(10);
        let mut engine = Engine::new(Arc::new(plan));
        engine.apply(started(&CAMERAS));
        engine.apply(look(CAMERAS[0], 20));
        engine.apply(started(starts));
        engine.apply(look(CAMERAS[1], 15));
        engine.finish();
        engine.observations_late()
    };
    assert_eq!(late(&CAMERAS[..1]), 0);
    // With one worker for all there is nobody else to wait for.
    assert_eq!(late(&CAMERAS), 1);
}
