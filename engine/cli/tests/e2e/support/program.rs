//! The program under test.

use super::LONG;
use std::ffi::OsStr;
use std::process::Command;
pub(crate) use viahe_testing::program::{Ended, Line, Program, children_of, send};

/// Where programs run: a folder that holds nothing of ours.
pub(crate) const ELSEWHERE: &str = "/";

/// The program under test, away from the checkout.
pub(crate) fn viahe<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viahe"));
    command.args(args).current_dir(ELSEWHERE).env_remove("VIAHE_LOG").env_remove("RUST_LOG");
    command
}

/// Runs the program under test to its end.
pub(crate) fn run_viahe<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ended {
    Program::start(viahe(args)).end(LONG)
}
