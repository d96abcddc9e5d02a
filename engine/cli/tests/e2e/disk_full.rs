//! A disk that takes nothing: incidents go on, everybody is told, and what is lost is said.

use crate::support::broker::Broker;
use crate::support::disk::SmallDisk;
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::gate::Gate;
use crate::support::{LONG, clip, sha256, until};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use viahe_edge::clock;

/// How soon a fault is told.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// Waits until `/healthz` gives a reason that says `words`.
fn until_reason(engine: &Engine, words: &str, within: Duration) -> Value {
    until(words, within, || {
        let health = engine.health();
        let reasons = health["reasons"].as_array().unwrap();
        reasons.iter().any(|r| r.as_str().unwrap().contains(words)).then_some(health)
    })
}

#[test]
fn a_stop_on_a_full_disk_says_what_it_loses() {
    let broker = Broker::start();
    let gate = Gate::shut_before(broker.port);
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &["gate-east"]);
    let Some(disk) = SmallDisk::start(&pipeline, "size=24m", "true") else { return };
    let engine = &disk.engine;
    engine.until_looks(&["gate-east"], 1);
    disk.fill();
    let health = until_reason(engine, "free some space", TOLD_WITHIN);
    assert_eq!(health["status"], "degraded", "{health}");
    engine.until_metric("viahe_outbox_unsaved", |rows| rows == 2);
    let health = until_reason(engine, "wait in memory only: 2", TOLD_WITHIN);
    assert_eq!((&health["outbox_depth"], &health["unsaved"]), (&2.into(), &2.into()), "{health}");
    assert_eq!(engine.page("/healthz").0, 200, "a restart would lose them");
    assert_eq!(engine.metric("viahe_trouble{trouble=\"store_failing\"}"), 1);
    engine.process.signal(Signal::TERM);
    let ended = disk.engine.process.end(LONG);
    ended.says(1, &["lost: 2", "ERROR"]);
}

#[test]
fn incidents_of_a_full_disk_go_out_from_memory_and_to_disk_once_there_is_room() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let Some(disk) = SmallDisk::start(&pipeline, "size=24m", "true") else { return };
    let engine = &disk.engine;
    engine.until_looks(&["gate-east"], 1);
    disk.fill();
    let filled = clock::monotonic();
    let told = until("a status that tells of the disk", TOLD_WITHIN, || {
        let statuses = ears.heard().into_iter().filter(|m| m.topic.ends_with("/status"));
        statuses
            .map(|m| m.payload)
            .find(|status| status["troubles"].to_string().contains("disk_full"))
    });
    println!("told after {:?}: {told}", filled.elapsed());
    let ids = ears.hear_incidents(2);
    until_reason(engine, "the outbox in", TOLD_WITHIN);
    engine.until_metric("viahe_outbox_unsaved", |rows| rows == 0);
    disk.free();
    until("all is well again", LONG, || (engine.health()["status"] == "ok").then_some(()));
    engine.process.signal(Signal::TERM);
    disk.engine.process.end(LONG).says(0, &[]);
    assert_eq!(ears.ids(None), ids, "none twice");
}

/// Old pictures and history, as a box of some months has them.
fn old_evidence(dir: &Path, pictures: usize) {
    for n in 0..pictures {
        let bytes = vec![n as u8; 200_000];
        let hash = sha256(&bytes);
        let shard = dir.join("evidence").join(&hash[..2]);
        std::fs::create_dir_all(&shard).unwrap();
        std::fs::write(shard.join(format!("{hash}.jpg")), bytes).unwrap();
    }
}

#[test]
fn our_own_gives_way_to_incidents() {
    let broker = Broker::start();
    let gate = Gate::shut_before(broker.port);
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &["gate-east"]);
    let old = pipeline.dir.path().join("old");
    old_evidence(&old, 40);
    let before = format!("cp -r {}/. . && touch viahe.db", old.display());
    let Some(disk) = SmallDisk::start(&pipeline, "size=24m", &before) else { return };
    let engine = &disk.engine;
    // What is there of an earlier life, and an empty database, is told; here it is not the point.
    engine.until_looks(&["gate-east"], 1);
    disk.fill();
    engine.until_metric("viahe_given_up_bytes_total", |bytes| bytes > 1_000_000);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);
    assert_eq!(engine.metric("viahe_outbox_unsaved"), 0, "there was room for them");
    assert!(engine.metric("viahe_evidence_evicted_total") > 0);
    engine.process.signal(Signal::TERM);
    disk.engine.process.end(LONG).says(0, &[]);
}

#[test]
fn a_box_starts_on_a_disk_that_takes_nothing() {
    for (name, options, before, words) in [
        ("full", "size=16m", "head -c 64m /dev/zero > filler; true", "no space is left"),
        ("read-only", "size=16m", "mount -o remount,ro .", "read-only"),
        ("no inodes", "size=16m,nr_inodes=2", "touch full; true", "no inodes"),
    ] {
        let broker = Broker::start();
        let ears = broker.listen();
        let sim = CameraSim::start(&clip(), &["gate-east"]);
        let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
        let Some(disk) = SmallDisk::start(&pipeline, options, before) else { return };
        let health = until_reason(&disk.engine, words, TOLD_WITHIN);
        println!("{name}: {health}");
        ears.hear_incidents(2);
        disk.engine.process.signal(Signal::TERM);
        disk.engine.process.end(LONG).says(0, &[words]);
    }
}

/// Whatever the umask is: pictures show people.
#[test]
fn what_lies_in_the_state_folder_is_for_one_user_alone() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    ears.hear_incidents(2);
    let mut folders = vec![pipeline.state_dir()];
    let mut seen = Vec::new();
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                seen.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    for wanted in ["viahe.db", "viahe.db-wal", "viahe.db-shm", ".jsonl.gz", ".jpg", "lock"] {
        assert!(seen.iter().any(|name| name.ends_with(wanted)), "{wanted} is not in {seen:?}");
    }
    drop(engine);
}
