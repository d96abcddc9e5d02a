//! `viahe explain` and `viahe test` as a person uses them, over the recordings of the repository.

use crate::support::program::run_viahe;
use crate::support::root;
use serde_json::Value;
use std::fs;
use viahe_contract::message::{Judgement, Verdict};
use viahe_contract::time::Timestamp;
use viahe_edge::store::{OutboxRow, Store};

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

/// On the box that told of it, from a store at which the engine may be at work.
#[test]
fn what_operators_said_is_told_after_it() {
    let recording = path("fixtures/scenarios/parking/illegal-parking-pos-behind-bus.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let [pipeline, out] = ["p.toml", "out.jsonl"].map(|name| dir.path().join(name));
    let engine = "[engine]\nstate_dir = \"state\"\n";
    let text = fs::read_to_string(root().join(PARKING)).unwrap();
    fs::write(&pipeline, text.replace("[model.all]", &format!("{engine}[model.all]"))).unwrap();
    let [pipeline, out] = [pipeline, out].map(|path| path.to_str().unwrap().to_owned());
    let models = root().join("fixtures/scenarios/models");
    let run = |args: &[&str]| {
        let mut command = crate::support::program::viahe(args);
        command.env("VIAHE_MODELS", &models);
        crate::support::program::Program::start(command).end(crate::support::LONG)
    };
    run(&["replay", &pipeline, "--observations", &recording, "--out", &out]).says(0, &[]);
    let text = fs::read_to_string(&out).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let id = first["data"]["incident"].as_str().unwrap();
    let explain = ["explain", id, "--pipeline", &pipeline, "--recording", &recording];
    let none = run(&explain);
    assert!(!none.stdout.join("\n").contains("operator"), "there is no store");

    let mut store = Store::open(&dir.path().join("state")).unwrap();
    let row = OutboxRow {
        incident: id.try_into().unwrap(),
        revision: 2,
        topic: "t".into(),
        payload: Vec::new(),
        created: Timestamp::from_secs(1_795_000_000),
        closed: false,
        record: br#"{"violation":"illegal-parking"}"#.to_vec(),
    };
    store.commit(&[row], None).unwrap();
    run(&explain).prints(0, &["no operator has said anything of it yet"]);
    let said = |time: &str, judgement| Verdict {
        incident: id.try_into().unwrap(),
        revision: 2,
        judgement,
        reason: (judgement == Judgement::Dismissed).then(|| "permitted".try_into().unwrap()),
        role: "ward-officer".try_into().unwrap(),
        time: time.parse().unwrap(),
    };
    let dismissed = said("2026-11-22T08:20:11+07:00", Judgement::Dismissed);
    let withdrawn = said("2026-11-22T01:21:00Z", Judgement::Withdrawn);
    store.judge(&[withdrawn, dismissed]).unwrap();
    let told = "what operators said of it; the last holds:\n\
                2026-11-22 08:20:11.000  it is none: dismissed by ward-officer, who saw revision 2, permitted\n\
                2026-11-22 08:21:00.000  ward-officer took back what was said before";
    run(&explain).prints(0, &["the incident ends", told]);

    // What the engine saw of it is no longer there; what operators said is.
    let other = path("fixtures/scenarios/parking/illegal-parking-near-short.jsonl");
    let why = format!("gives no incident {id}");
    run(&["explain", id, "--pipeline", &pipeline, "--recording", &other]).prints(0, &[&why, told]);
    run(&["explain", id, "--pipeline", &pipeline]).prints(0, &["there is no history", told]);
    let unknown = ["explain", "01KANWBRKGQ4H5ZD0ZJ3M7V8XC", "--pipeline", &pipeline];
    run(&unknown).says(2, &["there is no history"]);
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
