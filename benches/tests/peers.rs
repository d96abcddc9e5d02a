//! `make bench-peers` without its measurements: its runner reads and computes what it should, and what it
//! gives to the engine is a pipeline.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use viahe_edge::project;

/// Runs the Python of the set-up in the folder of the peers; nothing but its standard library is needed.
fn python(arguments: &[&str]) -> Output {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deps = std::env::var_os("VIAHE_DEPS").map_or(benches.join("../.deps"), PathBuf::from);
    let output = Command::new(deps.join("venv/bin/python"))
        .arg("-B")
        .args(arguments)
        .current_dir(benches.join("peers"))
        .output()
        .unwrap_or_else(|e| panic!("{e}: no Python in {}; run make setup", deps.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_runner_reads_and_computes_right() {
    let output = python(&["-m", "unittest", "judge.test_judge"]);
    let told = String::from_utf8_lossy(&output.stderr);
    // A run that finds no tests is a success too.
    let count = told.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next());
    assert!(count.unwrap().parse::<usize>().unwrap() >= 20, "{told}");
}

#[test]
fn the_engine_is_given_a_pipeline() {
    const WRITE: &str = "
import sys; from pathlib import Path; from judge import cases, sides
rule, folder = getattr(cases, sys.argv[1]), Path(sys.argv[2])
cameras = {'cam-01': 'rtsp://127.0.0.1:1/cam-01', 'cam-02': 'rtsp://127.0.0.1:1/cam-02'}
sides.write_pipeline(sides.Street(cameras, rule, 2, 1883, folder, None), 9464)";
    for rule in ["STANDING", "CROSSING"] {
        let folder = tempfile::tempdir().unwrap();
        python(&["-c", WRITE, rule, folder.path().to_str().unwrap()]);
        let plan = project::load(&folder.path().join("bench.toml"));
        let plan = plan.unwrap_or_else(|e| panic!("{rule}: {e}"));
        assert!(plan.cameras.iter().all(|camera| camera.rules.len() == 1), "{rule}");
        assert_eq!(plan.cameras.len(), 2, "{rule}");
    }
}
