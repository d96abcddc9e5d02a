//! The program away from the checkout: installed under a prefix, with nothing set, from any folder.

use crate::support::engine::Pipeline;
use crate::support::program::{Ended, Program, run_viahe, viahe};
use crate::support::{LONG, root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `make install` makes, of the program under test.
fn install(prefix: &Path) -> PathBuf {
    let mut command = Command::new(root().join("scripts/install.sh"));
    command.arg(prefix).env("VIAHE_BINARY", env!("CARGO_BIN_EXE_viahe"));
    Program::start(command).end(LONG).says(0, &[]);
    prefix.join("bin/viahe")
}

/// In a folder, without any variable of whoever runs the tests.
fn clean(program: &Path, folder: &Path, args: &[&str]) -> Ended {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin");
    Program::start(command).end(LONG)
}

#[test]
fn an_installed_program_works_from_any_folder() {
    let (prefix, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = install(prefix.path());
    let run = |args: &[&str]| clean(&program, folder.path(), args);

    let share = prefix.path().join("share/viahe");
    run(&["doctor", "--state-dir", "state"]).prints(
        0,
        &["libonnxruntime.so", "ssdlite-coco", share.join("catalogue").to_str().unwrap()],
    );
    let pipeline = share.join("pipelines/demo.toml");
    run(&["check", pipeline.to_str().unwrap()]).prints(0, &["illegal-parking"]);

    let demo = run(&["demo", "--seconds", "30"]);
    demo.says(0, &[]);
    let summary: Value = serde_json::from_str(demo.stdout.last().unwrap()).unwrap();
    assert!(summary["incidents"]["illegal-parking"].as_u64() > Some(0), "{demo:?}");
    let picture =
        demo.stdout.iter().flat_map(|l| l.split_whitespace()).find(|w| w.ends_with(".jpg"));
    let picture = folder.path().join(picture.unwrap());
    assert!(picture.starts_with(folder.path().join("runs/demo")) && picture.is_file());
    let seen = run(&["detect", picture.to_str().unwrap()]);
    seen.prints(0, &["vehicle.car"]);
}

/// A package under `models/` in the pipeline's folder: ours by another name.
fn own_model(pipeline: &Pipeline, name: &str) -> PathBuf {
    let folder = pipeline.dir.path().join("models").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let model = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let model = model.replacen("\"ssdlite-coco\"", &format!("{name:?}"), 1);
    std::fs::write(folder.join("model.toml"), model).unwrap();
    folder
}

/// The worker is another process, and does not search: what `check` found is what it opens.
#[test]
fn check_and_run_find_the_same_models_and_miss_the_same() {
    let (prefix, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = install(prefix.path());
    let pipeline = Pipeline::new(1)
        .camera("test-picture", "pattern://640x360@10")
        .camera("other-picture", "pattern://640x360@10");
    let folder = own_model(&pipeline, "own-model");
    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap().replace("ssdlite-coco", "own-model");
    std::fs::write(&file, &text).unwrap();
    let weights = root().join(".deps/models/ssdlite-coco/ssdlite-coco.onnx");
    std::fs::copy(weights, folder.join("ssdlite-coco.onnx")).unwrap();
    let run = |args: &[&str], from: &Path, file: &Path| {
        clean(&program, from, &[args, &[file.to_str().unwrap()]].concat())
    };
    // By its full path from an empty folder, and by its bare name.
    for (from, file) in
        [(elsewhere.path(), &*file), (pipeline.dir.path(), Path::new("pipeline.toml"))]
    {
        run(&["check"], from, file).prints(0, &["no problem found"]);
        run(&["run", "--seconds", "3"], from, file).says(0, &["test-picture", "online"]);
    }

    // What is missing is told as one list by both, before any camera is touched.
    own_model(&pipeline, "other-model");
    std::fs::remove_file(folder.join("ssdlite-coco.onnx")).unwrap();
    let (first, second) = text.rsplit_once("model = \"street\"").unwrap();
    let text =
        format!("{first}model = \"other\"{second}\n[model.other]\npackage = \"other-model\"\n");
    std::fs::write(&file, text).unwrap();
    let missing = ["model own-model: the weights", "model other-model: the weights"];
    run(&["check"], elsewhere.path(), &file).says(3, &missing);
    let ran = run(&["run", "--seconds", "3"], elsewhere.path(), &file);
    ran.says(3, &missing);
    assert!(!ran.stderr.iter().any(|line| line.contains("online")), "{ran:?}");
}

#[test]
fn a_variable_that_leads_nowhere_is_told_by_every_command() {
    let pipeline = root().join("pipelines/demo.toml");
    let pipeline = pipeline.to_str().unwrap();
    for name in ["VIAHE_DEPS", "VIAHE_MODELS", "VIAHE_CATALOGUE", "VIAHE_CALENDAR"] {
        for args in [
            &["check", pipeline][..],
            &["run", pipeline],
            &["detect", "whatever.png"],
            &["demo", "--seconds", "1"],
            &["camera-sim", "--port", "0"],
        ] {
            let mut command = viahe(args);
            command.env(name, "/no/such/folder");
            Program::start(command).end(LONG).says(3, &[name, "/no/such/folder", "no such folder"]);
        }
        let mut command = viahe(["doctor"]);
        command.env(name, "/no/such/folder");
        Program::start(command).end(LONG).prints(3, &["FAIL", name, "/no/such/folder"]);
    }
}

#[test]
fn a_demo_where_nothing_can_be_written_says_where_to_go() {
    let ended = run_viahe(["demo", "--state", "/proc/no-such", "--seconds", "1"]);
    ended.says(1, &["/proc/no-such", "--state"]);
}
