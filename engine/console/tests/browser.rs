//! The page in a real browser, before the service and a real broker: by the keyboard, by two people at once, on a
//! desk, in the dark and on a phone. What is asked of it stands in `web/test`; its screenshots are in
//! `target/tmp/page`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pmtiles;

use std::path::Path;
use std::process::Command;
use viahe_console::config;
use viahe_console::station::Station;
use viahe_testing::machine::{node, root};
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::program::Program;
use viahe_testing::wait::LONG;

#[test]
fn operators_work_by_the_page() {
    let broker = Mosquitto::start("");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.pmtiles"), pmtiles::tiny_map()).unwrap();
    let port = broker.port.to_string();
    let text = format!(
        "[console]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"data\"\nmap = \"tiny.pmtiles\"\n\
         [mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n"
    );
    let config = config::parse(&text, "console.toml", folder.path()).unwrap();
    let station = Station::start(&config).unwrap();
    let (admin, password) = station.first.clone().unwrap();
    assert_eq!(admin.as_str(), "admin");
    let mut command = Command::new(node());
    command.arg(root().join("engine/console/web/test/browser.ts"));
    command.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("page"));
    command.args(["service", &format!("http://{}", station.address), &port, &password]);
    Program::start(command).end(LONG * 4).prints(0, &["all is well"]);
}

/// The zone editor before the made-up city; before a real box it is in the tests of the program.
#[test]
fn zones_are_drawn_on_the_page() {
    let mut command = Command::new(node());
    command.arg(root().join("engine/console/web/test/zones.ts"));
    command.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("zones")).arg("mock");
    Program::start(command).end(LONG * 4).prints(0, &["all is well"]);
}

/// What of the page needs no browser.
#[test]
fn what_is_pure_in_the_page_is_right() {
    let mut command = Command::new(node());
    command.args(["--test", "--test-reporter=tap", "test/**/*.test.ts"]);
    command.current_dir(root().join("engine/console/web"));
    Program::start(command).end(LONG).prints(0, &["# fail 0"]);
}
