//! A short clip, shown over and over: its seams are no news.

use crate::support::broker::Broker;
use crate::support::clip;
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::media::short_clip;

#[test]
fn three_rounds_of_a_clip_are_one_street() {
    const ROUND_SECS: u64 = 10;
    let dir = tempfile::tempdir().unwrap();
    let short = short_clip(dir.path(), ROUND_SECS as u32 * 10);
    assert!(std::fs::metadata(&short).unwrap().len() < std::fs::metadata(clip()).unwrap().len());
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&short, &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate-east"], 3 * ROUND_SECS + 2);
    assert_eq!(ears.ids(None).len(), 2);
    assert_eq!(ears.incidents().len(), 2, "opened, and nothing else");
    assert_eq!(engine.metric("viahe_camera_reconnects_total{camera=\"gate-east\"}"), 0);
}
