//! `viahe explain` and `viahe test` as a person uses them, over the recordings of the repository.

use crate::support::program::run_viahe;
use crate::support::root;
use serde_json::Value;

const PARKING: &str = "fixtures/scenarios/parking.toml";

fn path(file: &str) -> String {
    root().join(file).to_str().unwrap().to_owned()
}

#[test]
fn an_incident_is_explained_step_by_step() {
    let recording = path("fixtures/scenarios/parking/illegal-parking-pos-behind-bus.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.jsonl");
    let out_text = out.to_str().unwrap();
    let parking = path(PARKING);
    run_viahe(["replay", &parking, "--observations", &recording, "--out", out_text]).says(0, &[]);
    let text = std::fs::read_to_string(&out).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let id = first["data"]["incident"].as_str().unwrap();
    let usual = ["--pipeline", &parking, "--recording", &recording];
    let wanted = [
        "rule illegal-parking",
        "there, held for 20 s",
        "the rule applies",
        "+ parked holds, begun at 2026-03-04 09:00:06",
        id,
        "the incident ends: what it was about is over",
    ];
    run_viahe([&["explain", &id[..20]], &usual[..]].concat()).prints(0, &wanted);
    let none = run_viahe([&["explain", "01ZZ"], &usual[..]].concat());
    none.says(2, &["gives no incident 01ZZ; it gives", id]);
    let rule = ["--rule", "illegal-parking"];
    let at = ["--camera", "kerb", "--at", "2026-03-04T02:00:12Z"];
    let then = run_viahe([&["explain"], &usual[..], &rule, &at].concat());
    then.prints(0, &["yes  there: since 2026-03-04 09:00:06", "soon parked: begun"]);
    run_viahe([&["explain"], &usual[..], &rule].concat()).says(2, &["--camera?"]);
}

#[test]
fn permits_and_hours_are_told() {
    let hours = path("fixtures/scenarios/hours.toml");
    let recording = path("fixtures/scenarios/hours/illegal-parking-trap-bay-at-night.jsonl");
    let rule = ["--rule", "illegal-parking", "--camera", "bays"];
    let usual = ["explain", "--pipeline", &hours, "--recording", &recording];
    let told = run_viahe([&usual[..], &rule].concat());
    told.prints(0, &["not to what stands in the place of the permit bay-at-night"]);
}

#[test]
fn tests_of_a_pipeline_hold_or_say_what_differs() {
    run_viahe(["test", &path("fixtures/scenarios/weather.toml")]).prints(0, &["tests ok"]);
    // With entries of the site's own, beside the pipeline.
    run_viahe(["test", &path("fixtures/scenarios/own.toml")]).prints(0, &["tests ok"]);
    let dir = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("fixtures/scenarios/camera.toml")).unwrap();
    let folder = path("fixtures/scenarios/camera");
    let text = text.replace("recording = \"camera", &format!("recording = \"{folder}"));
    let file = dir.path().join("camera.toml");
    std::fs::write(&file, text.replace("dwell_secs = 20", "dwell_secs = 45")).unwrap();
    let mut command = crate::support::program::viahe(["test", file.to_str().unwrap()]);
    command.env("VIAHE_MODELS", root().join("fixtures/scenarios/models"));
    let failed = crate::support::program::Program::start(command).end(crate::support::LONG);
    failed.prints(1, &["FAILED camera-fault-pos-offline", "missing: camera-fault of gate"]);
}
