//! Workers that go, come back, or are of another release.

use super::street::Street;
use std::collections::BTreeMap;
use viahe_contract::message::CameraStatus;
use viahe_core::seam::{FromWorker, SEAM_VERSION};

fn states(street: &Street) -> Vec<(u64, CameraStatus)> {
    let state = street.world.state();
    let gate = state.states.iter().filter(|(_, camera, _)| camera.as_str() == "gate");
    let mut told: Vec<_> = gate.map(|(at, _, state)| (at.as_secs(), state.state)).collect();
    told.dedup_by_key(|(_, state)| *state);
    told
}

#[test]
fn a_worker_that_goes_takes_its_pictures_with_it_and_the_incident_is_told_at_once() {
    let mut street = Street::new();
    street.no_pictures();
    street.looks(1, 12, true);
    street.gone(11.5);
    street.up(12.5);
    street.pictures_after(0.2);
    street.no_pictures();
    street.looks(13, 40, true);
    street.run(60.0);
    assert_eq!(street.told(), ["11 s: r1 open, 0 pictures"], "and not again");
    let online = CameraStatus::Online;
    let offline = CameraStatus::Offline;
    assert_eq!(states(&street), [(0, online), (11, offline), (12, online), (60, offline)]);
}

#[test]
fn a_worker_of_another_release_ends_the_run_with_the_reason() {
    let mut street = Street::new();
    let hello = FromWorker::Hello { version: SEAM_VERSION + 1, models: BTreeMap::new() };
    street.says(1.0, hello);
    let error = street.try_run(10.0).unwrap_err();
    assert!(error.contains("install both from one release"), "{error}");
}

#[test]
fn a_part_that_was_never_there_ends_the_run_and_one_that_hangs_does_not() {
    for (at, ends) in [(0.0, true), (5.0, false)] {
        let mut street = if ends { Street::silent() } else { Street::new() };
        let reason = "no ONNX Runtime".to_owned();
        street.says(at, FromWorker::Failed { reason, missing_part: true });
        assert_eq!(street.try_run(10.0).is_err(), ends);
        assert!(street.world.state().stopped);
    }
}
