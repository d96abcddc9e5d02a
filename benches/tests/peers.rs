//! The runner of `make bench-peers` reads and computes what it should. Its own tests say so; they are in
//! Python, need nothing but its standard library, and measure nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_runner_reads_and_computes_right() {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deps = std::env::var_os("VIAHE_DEPS").map_or(benches.join("../.deps"), PathBuf::from);
    let output = Command::new(deps.join("venv/bin/python"))
        .args(["-B", "-m", "unittest", "judge.test_judge"])
        .current_dir(benches.join("peers"))
        .output()
        .unwrap_or_else(|e| panic!("{e}: no Python in {}; run make setup", deps.display()));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    // A run that finds no tests is a success too.
    let ran =
        told.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    assert!(ran.is_some_and(|ran: usize| ran >= 20), "{told}");
}
