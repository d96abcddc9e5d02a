//! Passwords that are refused: errors are where they leak.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::program::run_viahe;
use crate::support::{clip, files_below};

const WRONG: &str = "canary-7/wr%ong@";

#[test]
fn a_refused_password_is_told_without_the_password() {
    let broker = Broker::start_with(("box", "right"));
    let sim = CameraSim::start_with(&clip(), &["gate-east"], 0, Some("viewer:right"));
    let address = format!("127.0.0.1:{}", sim.port);
    let pipeline = Pipeline::new(broker.port)
        .camera("gate-east", &format!("rtsp://viewer:${{env:E2E_WRONG}}@{address}/gate-east"))
        .mqtt("username = \"box\"\npassword = \"${env:E2E_WRONG}\"");
    let engine = Engine::start_with(&pipeline, |command| {
        command.env("E2E_WRONG", WRONG).env("VIAHE_LOG", "trace").args(["--log", "json"]);
    });
    engine.process.line("the camera refuses the user name or password");
    engine.process.line("refused the login");
    let reason = || engine.health()["cameras"]["gate-east"]["reason"].to_string();
    crate::support::until("the reason on /healthz", crate::support::LONG, || {
        reason().contains("refuses").then_some(())
    });
    let pages = ["/metrics", "/healthz"].map(|page| engine.page(page).1);
    let lines = engine.process.lines().into_iter().map(|l| l.text);
    for text in lines.chain(pages) {
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }
    for file in files_below(pipeline.dir.path()) {
        let text = std::fs::read(&file).unwrap();
        assert!(!text.windows(6).any(|w| w == b"canary"), "{}", file.display());
    }
}

#[test]
fn a_bad_address_is_told_without_its_secret() {
    for (url, word) in [
        ("rtsp://viewer:${env:E2E_NOT_SET}@127.0.0.1/a", "E2E_NOT_SET"),
        ("rtsp://viewer:canary-6@127.0.0.1/a b", "url"),
        ("http://viewer:canary-6@127.0.0.1/a", "rtsp://"),
    ] {
        let pipeline = Pipeline::new(1).camera("gate-east", url);
        let checked = run_viahe(["check", pipeline.write().to_str().unwrap()]);
        checked.says(2, &["pipeline.toml:", "gate-east", word]);
        assert!(!format!("{checked:?}").contains("canary"), "{checked:?}");
    }
}
