//! `viahe demo`: what a visitor sees first.

use crate::support::program::{ELSEWHERE, Ended, Program, run_viahe, viahe};
use crate::support::{LONG, root, until};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The demo's pipeline in a folder of its own, so that no other demo's state is touched.
fn demo(dir: &Path, seconds: &str) -> Ended {
    let folder = dir.join("pipelines");
    std::fs::create_dir_all(&folder).unwrap();
    let pipeline = folder.join("demo.toml");
    std::fs::copy(root().join("pipelines/demo.toml"), &pipeline).unwrap();
    run_viahe(["demo", "--pipeline", pipeline.to_str().unwrap(), "--seconds", seconds])
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
    // By incident: one whose picture was late is shown once more, with both.
    let mut incident = "";
    let mut pictures = BTreeSet::new();
    for line in &ended.stdout {
        match line.split_whitespace().last() {
            Some(word) if line.starts_with("** ") => incident = word,
            Some(word) if word.ends_with(".jpg") => drop(pictures.insert((incident, word))),
            _ => {}
        }
    }
    assert_eq!(pictures.len(), 8, "two for each incident: {:#?}", ended.stdout);
    let console =
        ended.stdout.iter().find(|line| line.starts_with("  console   http://127.0.0.1:"));
    assert!(console.is_some_and(|line| line.contains("log in as admin, password ")), "{ended:?}");
    for (_, picture) in pictures {
        let picture = Path::new(ELSEWHERE).join(picture);
        let sent = picture.to_str().unwrap().replace("/evidence/", "/console/evidence/");
        let [here, there] =
            [picture.as_path(), Path::new(&sent)].map(|file| std::fs::read(file).unwrap());
        assert!(here == there, "{picture:?} is in the console as well");
    }
}

#[test]
fn a_demo_removes_only_what_a_demo_left() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("runs/demo-hue");
    std::fs::create_dir_all(&state).unwrap();
    let precious = state.join("viahe.db");
    std::fs::write(&precious, "an engine's outbox").unwrap();
    let name = state.file_name().unwrap().to_str().unwrap();
    demo(dir.path(), "1").says(2, &[name, "not an earlier demo", "move it away"]);
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "an engine's outbox");
}

#[test]
fn an_engine_that_ran_in_its_folder_keeps_its_state() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path(), "1").says(1, &["no incident"]);
    let state = dir.path().join("runs/demo-hue");
    let pipeline = dir.path().join("pipelines/demo.toml");
    let run = ["run", pipeline.to_str().unwrap(), "--seconds", "1"];
    assert!(run_viahe(run).code == 0);
    let before = std::fs::read(state.join("viahe.db")).unwrap();
    demo(dir.path(), "1").says(2, &["demo-hue", "not an earlier demo"]);
    assert!(std::fs::read(state.join("viahe.db")).unwrap() == before);
}

#[test]
fn an_early_end_from_the_keyboard_is_told_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let demo = Program::start(viahe(["demo", "--state", state.to_str().unwrap()]));
    until("a camera", LONG, || demo.lines().into_iter().find(|l| l.text.ends_with("online")));
    demo.signal(Signal::INT);
    demo.end(LONG).says(130, &["no incident came through the broker within", "about 25 s"]);
}

#[test]
fn without_an_incident_the_demo_has_failed() {
    let dir = tempfile::tempdir().unwrap();
    // The second one meets what the first one left.
    for _ in 0..2 {
        let ended = demo(dir.path(), "3");
        ended
            .says(1, &["no incident came through the broker within", "about 25 s", "--seconds 60"]);
        assert_eq!(summary(&ended)["incidents"], serde_json::json!({}));
    }
}
