//! A box of an earlier release is taken up, and its log says so to who has never seen one.

use crate::support::broker::Broker;
use crate::support::engine::Engine;
use crate::support::event::time;
use crate::support::{LONG, root};
use rustix::process::Signal;
use std::fs;
use viahe_edge::clock;

#[test]
fn a_box_of_0_1_is_taken_up_and_its_log_can_be_read() {
    let (broker, dir) = (Broker::start(), tempfile::tempdir().unwrap());
    let ears = broker.listen();
    let formats = root().join("fixtures/formats");
    let street = fs::read_to_string(formats.join("street.toml")).unwrap();
    let street = street.replace("127.0.0.1:1883", &format!("127.0.0.1:{}", broker.port));
    let engine = "\n[engine]\nstate_dir = \"state\"\nlisten = \"127.0.0.1:0\"\n";
    let file = dir.path().join("street.toml");
    fs::write(&file, street + engine).unwrap();
    for folder in ["state", "catalogue"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    fs::copy(formats.join("database-1.db"), dir.path().join("state/viahe.db")).unwrap();
    for entry in fs::read_dir(formats.join("catalogue")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join("catalogue").join(entry.file_name())).unwrap();
    }

    let (started, now) = (clock::monotonic(), i128::from(clock::now().0));
    let now = jiff::Timestamp::from_nanosecond(now).unwrap();
    let engine = Engine::start_file(&file, |_| ());
    let closed = |violation: &str| {
        engine.process.line(&format!("{violation} closed"));
    };
    ["standing", "somebody", "deep"].into_iter().for_each(closed);
    for violation in ["standing", "somebody", "deep"] {
        let last = ears.hear(violation, started, LONG, |m| {
            m.payload["subject"] == violation && m.payload["data"]["state"] == "closed"
        });
        // It is told as of now, though what it tells was long ago.
        let told = time(&last.payload["time"]);
        assert!(told.duration_since(now).as_secs() > -60, "{violation} is told as of {told}");
    }
    engine.process.signal(Signal::TERM);
    let ended = engine.process.end(LONG);
    ended.says(
        0,
        &[
            "the database of an earlier release was taken over from=1 to=",
            "incidents of the last run go on open=3",
            // It was over long before this run, and none of these was today.
            "the suspension of rule ordered-off of camera market ends at 2026-11-18T23:40:00.000+07:00",
            "standing closed at gate in kerb, 2026-11-18 18:06:45 to 2026-11-18 18:07:19",
            "deep closed, 2026-11-18 18:06:40 to 2026-11-18 18:07:10",
        ],
    );
    let log = &ended.stderr;
    assert!(
        log[0].contains("viahe starts version=") && log[0].contains("site=formats"),
        "{log:#?}"
    );
    assert!(log.iter().any(|line| line.contains("stopping by=SIGTERM")), "{log:#?}");
    assert!(log[log.len() - 1].ends_with("stopped"), "{log:#?}");
}
