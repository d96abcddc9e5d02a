//! A recording tells its view every two seconds, accounts for the samples, and is one view.

use std::sync::Arc;
use viahe_core::id::Name;
use viahe_core::time::Timestamp;
use viahe_core::view::{Signature, ViewState, ViewWatch};
use viahe_edge::ledger::{Ledger, Stage};
use viahe_edge::models::Locations;
use viahe_edge::vision::replay::{Replay, ReplayCamera};

#[test]
fn a_recording_of_a_street_is_one_view() {
    let locations = Locations::discover(None).unwrap();
    let clips = locations.deps.iter().map(|d| d.join("clips/vtest.mp4"));
    let file = clips.into_iter().find(|c| c.is_file()).expect("the sample clip; run: make setup");
    let camera = ReplayCamera {
        id: Name::try_from("vtest").unwrap(),
        model: Name::try_from("ssdlite-coco").unwrap(),
        file,
        start: Timestamp::from_secs(1_000),
        analyse_hz: 1.0,
        gate: None,
        areas: Vec::new(),
        closely: false,
        confidence_min: None,
        refine: Vec::new(),
    };
    let ledger = Arc::new(Ledger::default());
    let replay = Replay::start(vec![camera], &locations, &ledger).unwrap();
    let mut watch = ViewWatch::new(1);
    let (mut seen, mut changes) = (0, Vec::new());
    let mut reports = Vec::new();
    for step in replay {
        let step = step.unwrap();
        seen += 1;
        if let Some(view) = step.view {
            assert_eq!(view.camera, step.observation.camera);
            changes.extend(watch.step(view.at, &view.signature));
            reports.push(view.at);
        }
    }
    assert!(reports.len() >= 30 && reports.len() <= seen / 2 + 1, "{} of {seen}", reports.len());
    assert_eq!(ledger.bytes(Stage::View), (reports.len() * Signature::SAMPLES) as u64);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(watch.state().state, ViewState::Good);
}
