//! `viahe model eval --incidents` and `compare --incidents`: what rules tell of recordings in which people wrote down
//! what happened.

use crate::support::program::run_viahe;
use crate::support::{clip, root};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const MODEL: &str = "ssdlite-coco";

fn write(dir: &Path, labels: &Value) -> PathBuf {
    let file = dir.join("labels.json");
    std::fs::write(&file, labels.to_string()).unwrap();
    file
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Two cars stand at the kerb in the sample clip, and are told after 21 s; see `fixtures/golden/demo-replay.json`.
fn of_pictures(dir: &Path) -> PathBuf {
    let rule = "illegal-parking";
    let car = json!({ "rule": rule, "zone": "kerb", "begin_secs": 1, "end_secs": 70 });
    let never = json!({ "rule": rule, "begin_secs": 40, "end_secs": 45 });
    write(
        dir,
        &json!({
            "pipeline": root().join("pipelines/demo.toml"),
            "recordings": [
                { "file": clip(), "camera": "gate-east", "incidents": [car, car] },
                { "file": clip(), "camera": "gate-west", "incidents": [car, never] },
            ],
        }),
    )
}

#[test]
fn pictures_are_looked_at_and_each_alert_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let labels = of_pictures(dir.path());
    let [json, html] = ["out.json", "out.html"].map(|name| dir.path().join(name));
    let [labels, json_name, page] = [&labels, &json, &html].map(|path| path.to_str().unwrap());
    let files = ["--json", json_name, "--html", page];
    let ended = run_viahe([&["model", "eval", MODEL, "--incidents", labels], &files[..]].concat());
    ended
        .prints(0, &["illegal-parking", "75 % (30–95)", "missed:", "illegal-parking at 40.0 s of"]);
    let told = read(&json);
    let row = &told["report"]["together"];
    for (key, want) in
        [("happened", 4), ("told", 4), ("hits", 3), ("repeats", 1), ("false_alarms", 0)]
    {
        assert_eq!(row[key], want, "{key}: {row}");
    }
    assert_eq!(row["secs_to_detect"]["median"], 20.0, "{row}");
    assert_eq!(told["recordings"][1]["happened"][1]["told_secs"], Value::Null);
    assert!(told["hits_per_cpu_sec"].as_f64().unwrap() > 0.0, "{told}");
    assert_eq!((&told["model"], &told["licence"]), (&json!(MODEL), &json!("Apache-2.0")));
    let page = std::fs::read_to_string(&html).unwrap();
    let shown = [
        "<svg",
        "illegal-parking",
        "3 of 4",
        "class=\"missed\"",
        "class=\"hit\"",
        "class=\"repeat\"",
    ];
    assert!(shown.iter().all(|part| page.contains(part)), "{page}");
    let elsewhere = ["http:", "https:", "<script", "url("];
    assert!(!elsewhere.iter().any(|part| page.contains(part)), "it needs nothing else: {page}");
}

#[test]
fn two_models_are_put_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let labels = of_pictures(dir.path());
    let json = dir.path().join("out.json");
    let [labels, name] = [&labels, &json].map(|path| path.to_str().unwrap());
    let ended =
        run_viahe(["model", "compare", MODEL, MODEL, "--incidents", labels, "--json", name]);
    ended.prints(0, &["precision", "→", "alerts/camera-hour", "together", "hits for each"]);
    let told = read(&json);
    assert_eq!(told[0]["report"], told[1]["report"]);
    assert_eq!(told[0]["recordings"], told[1]["recordings"]);
}

#[test]
fn observations_are_judged_as_what_their_model_saw() {
    let dir = tempfile::tempdir().unwrap();
    let formats = root().join("fixtures/formats");
    let labels = |begin_secs: f64| {
        write(
            dir.path(),
            &json!({
                "pipeline": formats.join("street.toml"),
                "left_out": ["deep"],
                "recordings": [{
                    "file": formats.join("recording-1.jsonl"),
                    "incidents": [{
                        "rule": "somebody", "camera": "market", "begin_secs": begin_secs, "end_secs": begin_secs + 9.0
                    }],
                }],
            }),
        )
    };
    let json = dir.path().join("out.json");
    let labels_file = labels(0.0);
    let [file, name] = [&labels_file, &json].map(|path| path.to_str().unwrap());
    let ended = run_viahe(["model", "eval", MODEL, "--incidents", file, "--json", name]);
    ended.says(0, &["had other weights than the installed one"]);
    let told = read(&json);
    assert_eq!(told["cpu_secs"], Value::Null, "nobody looked at pictures");
    assert!(told["report"]["together"]["told"].as_u64().unwrap() > 0, "{told}");
    labels(9_000.0);
    let ended = run_viahe(["model", "eval", MODEL, "--incidents", file]);
    ended.says(2, &["somebody is labelled at 9000 s, and the recording ends after"]);
    labels(0.0);
    let ended = run_viahe(["model", "eval", "nanodet-g", "--incidents", file]);
    ended.says(2, &["it is what ssdlite-coco saw, and no other model can look at it again"]);
    run_viahe(["model", "eval", MODEL]).says(2, &["<DATASET>"]);
}
