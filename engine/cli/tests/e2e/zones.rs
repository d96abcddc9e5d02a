//! Zones are drawn at the console's page, in a real browser, for a box that runs: previewed with what it has seen,
//! saved, applied without a restart, taken back. What is asked of the page stands in the console's `web/test/zones.ts`;
//! its screenshots are in `target/tmp/zones`.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Engine, Pipeline, SITE};
use crate::support::program::{Program, run_viahe, viahe};
use crate::support::{LONG, clip, root};
use std::path::Path;
use std::process::Command;
use viahe_testing::machine::node;

const CAMERA: &str = "gate";

/// A console, and what is needed to come in.
struct Centre {
    _process: Program,
    address: String,
    password: String,
    /// Of the box.
    token: String,
}

impl Centre {
    fn start(dir: &Path, broker: &Broker) -> Self {
        let file = dir.join("console.toml");
        let text = format!(
            "[console]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"console\"\n\
             [mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n",
            broker.port
        );
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let added =
            run_viahe(["console", file, "--add-token", "box-1", "--role", "box", "--site", SITE]);
        let token = added.prints(0, &["vht_"]).stdout[0].clone();
        let process = Program::start(viahe(["console", file]));
        let said = process.line("Log in at ").text;
        let word = |after: &str| {
            let rest = said.split(after).nth(1).unwrap();
            rest.split_whitespace().next().unwrap().trim_end_matches(['/', '.']).to_owned()
        };
        Self { address: word("at "), password: word("password "), token, _process: process }
    }
}

#[test]
fn a_zone_is_drawn_previewed_saved_applied_and_taken_back() {
    let broker = Broker::start();
    let dir = tempfile::tempdir().unwrap();
    let centre = Centre::start(dir.path(), &broker);
    let sim = CameraSim::start(&clip(), &[CAMERA]);
    let console =
        format!("\n[console]\nurl = \"{}\"\ntoken = \"{}\"\n", centre.address, centre.token);
    let comment = "\n# What people wrote stays where it is.\n";
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &[CAMERA]).more(&console).more(comment);
    let engine = Engine::start(&pipeline);
    engine.until_heeds(1);
    // So that something stood there for long enough to be told of, now and in the preview.
    engine.until_looks(&[CAMERA], 14);
    let before = std::fs::read_to_string(pipeline.file()).unwrap();

    let mut command = Command::new(node());
    command.arg(root().join("engine/console/web/test/zones.ts"));
    command.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("zones"));
    command.args(["box", &centre.address, &centre.password, SITE, CAMERA]);
    Program::start(command).end(LONG * 4).prints(0, &["all is well"]);

    // Saved once and taken back once, each time read again by the engine that ran all the while.
    assert_eq!(std::fs::read_to_string(pipeline.file()).unwrap(), before);
    engine.until_metric("viahe_reloads_total", |n| n == 2);
    engine.until_looks(&[CAMERA], 1);
}
