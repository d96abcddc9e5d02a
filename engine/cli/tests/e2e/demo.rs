//! `viahe demo`: what a visitor sees first.

use crate::support::program::{Ended, Program, viahe};
use crate::support::{LONG, root};
use serde_json::Value;
use std::path::Path;

/// The demo, in a folder of its own: it keeps its state below the folder where it is called.
fn demo(dir: &Path, seconds: &str) -> Ended {
    let pipeline = root().join("pipelines/demo.toml");
    let mut command = viahe(["demo", "--seconds", seconds, "--pipeline"]);
    command.arg(pipeline).current_dir(dir);
    Program::start(command).end(LONG)
}

fn summary(ended: &Ended) -> Value {
    serde_json::from_str(ended.stdout.last().unwrap()).unwrap()
}

#[test]
fn forty_seconds_show_four_parked_vehicles_with_their_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let ended = demo(dir.path(), "40");
    ended.says(0, &[]);
    let summary = summary(&ended);
    assert_eq!(summary["incidents"], serde_json::json!({ "illegal-parking": 4 }), "{ended:?}");
    for camera in ["gate-east", "gate-west"] {
        let counts = &summary["cameras"][camera];
        assert!(counts["frames_in"].as_u64().unwrap() > 300, "10 a second: {counts}");
        assert!(counts["inferred"].as_u64().unwrap() > 30, "1 a second: {counts}");
        assert_eq!(counts["reconnects"], 0);
    }
    let words = ended.stdout.iter().flat_map(|line| line.split_whitespace());
    let pictures: Vec<&str> = words.filter(|w| w.ends_with(".jpg")).collect();
    assert_eq!(pictures.len(), 8, "two for each incident: {:#?}", ended.stdout);
    for picture in pictures {
        assert!(dir.path().join(picture).is_file(), "{picture}");
    }
}

#[test]
fn without_an_incident_the_demo_has_failed() {
    let dir = tempfile::tempdir().unwrap();
    // The second one meets what the first one left.
    for _ in 0..2 {
        let ended = demo(dir.path(), "3");
        ended.says(1, &["no incident came through the broker"]);
        assert_eq!(summary(&ended)["incidents"], serde_json::json!({}));
    }
}
