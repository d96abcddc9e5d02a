//! `viahe replay`: the same recording gives the same bytes, and the incidents that are known to be
//! in it.

use crate::support::event::{check_picture, corners, iou, time};
use crate::support::media::turned_clip;
use crate::support::program::{Ended, Program, run_viahe, viahe};
use crate::support::{LONG, clip, files_below, root, sha256, skipped};
use serde_json::Value;
use std::path::{Path, PathBuf};
use viahe_testing::machine::development_data;

/// Boxes move by rounding on other processors.
const BOX_TOLERANCE: f64 = 0.02;
/// Two models draw their boxes differently.
const OTHER_MODEL_IOU_MIN: f64 = 0.5;

fn replay(pipeline: &Path, out: &Path, more: &[&str], env: Option<(&str, &Path)>) -> Ended {
    let mut command = viahe(["replay".as_ref(), pipeline.as_os_str()]);
    for camera in ["gate-east", "gate-west"] {
        command.args(["--camera", &format!("{camera}={}", clip().display())]);
    }
    command.arg("--out").arg(out).args(more);
    command.envs(env);
    let ended = Program::start(command).end(LONG);
    ended.says(0, &[]);
    ended
}

fn demo_pipeline() -> PathBuf {
    root().join("pipelines/demo.toml")
}

fn events(out: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(out).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is known to be in the recording: `fixtures/golden/demo-replay.json`.
fn golden() -> Vec<Value> {
    let path = root().join("fixtures/golden/demo-replay.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The part of a message that does not depend on the processor, in the shape of the golden file.
fn facts(event: &Value) -> Value {
    let data = &event["data"];
    let class = data["subjects"][0]["class"].as_str().unwrap();
    let evidence: Vec<Value> = data["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| serde_json::json!({ "kind": e["kind"], "captured": e["captured"] }))
        .collect();
    serde_json::json!({
        "type": event["type"], "subject": event["subject"], "source": event["source"],
        "camera": data["camera"], "zone": data["zone"], "rule": data["rule"],
        "revision": data["revision"], "state": data["state"], "severity": data["severity"],
        "first_seen": data["first_seen"], "opened": data["opened"], "updated": data["updated"],
        "closed": data["closed"], "clock": data["clock"],
        "class": class.split('.').next(), "box": data["subjects"][0]["box"],
        "evidence": evidence,
    })
}

/// In the golden file's order: by camera, then from left to right.
fn sorted_facts(events: &[Value]) -> Vec<Value> {
    let mut facts: Vec<Value> = events.iter().map(facts).collect();
    let key = |f: &Value| (f["camera"].as_str().unwrap().to_owned(), corners(&f["box"])[0]);
    facts.sort_by(|a, b| key(a).partial_cmp(&key(b)).unwrap());
    facts
}

fn without_box(facts: &Value) -> Value {
    let mut facts = facts.clone();
    facts.as_object_mut().unwrap().remove("box");
    facts
}

#[test]
fn two_runs_give_the_same_bytes_and_the_known_incidents() {
    let dir = tempfile::tempdir().unwrap();
    let outs = ["a.jsonl", "b.jsonl"].map(|name| dir.path().join(name));
    for out in &outs {
        replay(&demo_pipeline(), out, &[], None);
    }
    let bytes = outs.each_ref().map(|out| std::fs::read(out).unwrap());
    assert!(bytes[0] == bytes[1], "two runs differ");

    let (found, known) = (sorted_facts(&events(&outs[0])), golden());
    let licences = events(&outs[0]).into_iter().map(|e| e["data"]["model"]["licence"].clone());
    assert!(licences.clone().all(|of| of == "Apache-2.0"), "{licences:?}");
    println!("found: {}", serde_json::to_string_pretty(&found).unwrap());
    assert_eq!(found.len(), known.len());
    for (found, known) in found.iter().zip(&known) {
        // Without evidence no picture is named.
        let mut known = known.clone();
        known["evidence"] = Value::Array(Vec::new());
        assert_eq!(without_box(found), without_box(&known));
        let off = corners(&found["box"]).into_iter().zip(corners(&known["box"]));
        let off = off.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off <= BOX_TOLERANCE, "a box is off by {off}");
    }
}

#[test]
fn a_camera_has_one_recording_and_none_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let recording = dir.path().join("a.mp4");
    std::fs::copy(clip(), &recording).unwrap();
    let bytes = std::fs::read(&recording).unwrap();
    let (pipeline, file) = (demo_pipeline(), recording.to_str().unwrap());
    let run = |cameras: &[&str], out: &str| {
        let mut args = vec!["replay", pipeline.to_str().unwrap(), "--out", out];
        args.extend(cameras.iter().flat_map(|camera| ["--camera", camera]));
        run_viahe(args)
    };
    let out = dir.path().join("out.jsonl");
    let first = format!("gate-east={file}");
    let given = [first.as_str(), "gate-east=b.mp4"];
    run(&given, out.to_str().unwrap())
        .says(2, &["gate-east=b.mp4", "a.mp4 stands for gate-east already"]);
    run(&given[..1], file).says(2, &["a.mp4", "would be written over"]);
    assert!(std::fs::read(&recording).unwrap() == bytes);
}

#[test]
fn pictures_are_kept_under_their_hash_with_a_drawing_beside() {
    let dir = tempfile::tempdir().unwrap();
    let (out, state) = (dir.path().join("out.jsonl"), dir.path().join("state"));
    let folder = state.join("evidence");
    replay(&demo_pipeline(), &out, &["--evidence", folder.to_str().unwrap()], None);

    let events = events(&out);
    let found = sorted_facts(&events);
    for (found, known) in found.iter().zip(golden()) {
        assert_eq!(found["evidence"], known["evidence"]);
    }
    let named = events.iter().flat_map(|e| e["data"]["evidence"].as_array().unwrap());
    for evidence in named {
        check_picture(evidence, &state);
    }
    let mut pictures = 0;
    for file in files_below(&folder) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let of = name.split('.').next().unwrap();
        if name.ends_with(".jpg") {
            assert_eq!(sha256(&std::fs::read(&file).unwrap()), of);
            let beside = files_below(&folder).into_iter().filter(|f| {
                let beside = f.file_name().unwrap().to_str().unwrap();
                beside.starts_with(of) && beside.ends_with(".svg")
            });
            assert_eq!(beside.count(), 2, "{name}: a drawing for the incident of each camera");
            pictures += 1;
        } else {
            assert!(name.ends_with(".svg"), "{name} is neither picture nor drawing");
            let svg = std::fs::read_to_string(&file).unwrap();
            assert!(svg.contains(&format!("{of}.jpg")), "a drawing of another picture");
            assert!(file.with_file_name(format!("{of}.jpg")).is_file());
        }
    }
    assert_eq!(pictures, 4, "both cameras show the same clip: one file for each time");
}

#[test]
fn another_model_is_one_line_and_finds_the_same_incidents() {
    let dir = tempfile::tempdir().unwrap();
    let Some(models) = models_with_yolox(dir.path()) else {
        skipped("no weights of yolox-nano; `make yolox FROM=...` brings them");
        return;
    };
    let text = std::fs::read_to_string(demo_pipeline()).unwrap();
    let line = "package = \"nanodet-g\"";
    assert_eq!(text.matches(line).count(), 1, "one line names the model");
    let pipeline = dir.path().join("pipeline.toml");
    std::fs::write(&pipeline, text.replace(line, "package = \"yolox-nano\"")).unwrap();
    let out = dir.path().join("out.jsonl");
    replay(&pipeline, &out, &[], Some(("VIAHE_MODELS", &models)));

    let events = events(&out);
    assert!(events.iter().all(|e| e["data"]["model"]["name"] == "yolox-nano"));
    let (found, known) = (sorted_facts(&events), golden());
    assert_eq!(found.len(), known.len());
    for (found, known) in found.iter().zip(&known) {
        for key in ["type", "subject", "camera", "zone", "rule", "revision", "state", "class"] {
            assert_eq!(found[key], known[key], "{key}");
        }
        let same = iou(corners(&found["box"]), corners(&known["box"]));
        assert!(same >= OTHER_MODEL_IOU_MIN, "{} is elsewhere: {same}", found["box"]);
    }
}

/// A folder of models with the weights of YOLOX-nano; none when they are nowhere.
fn models_with_yolox(dir: &Path) -> Option<PathBuf> {
    const FILE: &str = "yolox_nano_416.onnx";
    let models = root().join("models");
    if root().join(".deps/models/yolox-nano").join(FILE).is_file() {
        return Some(models);
    }
    let weights = development_data(&format!("models/{FILE}"))?;
    let made = dir.join("models/yolox-nano");
    std::fs::create_dir_all(&made).unwrap();
    std::fs::copy(models.join("taxonomy.toml"), dir.join("models/taxonomy.toml")).unwrap();
    std::fs::copy(models.join("yolox-nano/model.toml"), made.join("model.toml")).unwrap();
    std::os::unix::fs::symlink(weights.canonicalize().unwrap(), made.join(FILE)).unwrap();
    Some(dir.join("models"))
}

/// From pixels to the incident: the view is learned, lost for half a minute, and told.
#[test]
fn a_turned_camera_is_told_and_its_rules_rest() {
    let dir = tempfile::tempdir().unwrap();
    let turned = turned_clip(dir.path(), 400);
    let text = std::fs::read_to_string(demo_pipeline()).unwrap();
    let (head, _) = text.split_once("id = \"gate-west\"").unwrap();
    let head = head.trim_end().trim_end_matches("[[camera]]");
    let pipeline = dir.path().join("turned.toml");
    let rule = "[[camera.rule]]\nuse = \"camera-fault\"\ndwell_secs = 10\n";
    std::fs::write(&pipeline, format!("{head}{rule}")).unwrap();
    let out = dir.path().join("out.jsonl");
    let pictures = dir.path().join("evidence");
    let camera = format!("gate-east={}", turned.display());
    let args = ["--camera", &camera, "--evidence", pictures.to_str().unwrap()];
    let ended = run_viahe(
        [&["replay", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap()], &args[..]]
            .concat(),
    );
    ended.says(0, &[]);
    let all = events(&out);
    let faults: Vec<&Value> = all.iter().filter(|e| e["data"]["rule"] == "camera-fault").collect();
    assert_eq!(faults.len(), 1, "{all:#?}");
    let start = time(&all[0]["data"]["first_seen"]);
    let data = &faults[0]["data"];
    let told_secs = time(&data["opened"]).duration_since(start).as_secs();
    assert!((70..95).contains(&told_secs), "told after {told_secs} s");
    check_picture(&data["evidence"][0], dir.path());
    let mut parked = all.iter().filter(|e| e["data"]["rule"] == "illegal-parking");
    let last = parked.next_back().unwrap();
    assert_eq!(last["data"]["ended_by"], "view_lost", "{last:#}");
}
