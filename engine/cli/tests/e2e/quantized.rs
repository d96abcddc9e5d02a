//! `viahe model quantize`: what still sees is kept, what does not is refused.

use crate::measured::{coco, seen};
use crate::support::program::{Ended, Program, viahe};
use crate::support::{LONG, clip, root, skipped};
use std::path::{Path, PathBuf};

const MODEL: &str = "ssdlite-coco";

fn has_quantiser() -> bool {
    let deps = std::env::var_os("VIAHE_DEPS").map_or_else(|| root().join(".deps"), PathBuf::from);
    deps.join("venv-quantize/bin/python").is_file()
}

fn quantize(models: &Path, on: &Path, most_loss: &str) -> Ended {
    let mut command =
        viahe(["model", "quantize", MODEL, "--frames", "8", "--most-loss", most_loss]);
    command.arg("--footage").arg(clip()).arg("--on").arg(on).arg("--into").arg(models);
    command.arg("--json").arg(models.with_file_name("out.json"));
    Program::start(command).end(LONG)
}

#[test]
fn what_still_sees_is_kept_and_what_does_not_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    std::fs::create_dir(&models).unwrap();
    if !has_quantiser() {
        quantize(&models, dir.path(), "0.1").says(3, &["run: make quantizer"]);
        skipped("no quantiser; `make quantizer` brings it");
        return;
    }
    // What the float model finds in two frames is the truth: it has all of it, and what loses nothing is refused by no one.
    let on = coco(dir.path(), &seen(dir.path()), &[]);
    let ended = quantize(&models, &on, "0.5");
    ended.prints(0, &["ranges: of 8 frames", "float: AP 1.000", "8 bits, 0 of 88 nodes in float"]);
    let text = std::fs::read_to_string(models.join("ssdlite-coco-int8/model.toml")).unwrap();
    for line in
        ["name = \"ssdlite-coco-int8\"", "licence = \"Apache-2.0\"", "# Made of ssdlite-coco by"]
    {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("[recall]"), "it was measured of other weights: {text}");
    let mut command = viahe(["model", "eval", "ssdlite-coco-int8"]);
    command.arg(&on).env("VIAHE_MODELS", &models);
    Program::start(command).end(LONG).prints(0, &["person"]);
    std::fs::remove_dir_all(models.join("ssdlite-coco-int8")).unwrap();
    quantize(&models, &on, "0")
        .says(1, &["of its average precision 1.000 at best", "nothing was written"]);
    assert_eq!(std::fs::read_dir(&models).unwrap().count(), 0);
    let told = std::fs::read_to_string(dir.path().join("out.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (told["tries"].as_array().unwrap().len(), &told["taken"]),
        (5, &serde_json::Value::Null)
    );
}
