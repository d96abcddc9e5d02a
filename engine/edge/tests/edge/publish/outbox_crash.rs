//! `kill -9` of the whole process, and a disk that is really full.
//!
//! The test binary starts itself again as the process to be killed.

use super::support::*;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use viahe_core::engine::{Changes, Saved};
use viahe_core::plan::Ack;
use viahe_edge::publish::Publisher;
use viahe_edge::store::{Limits, Outbox, Store, StoreError};
use viahe_testing::machine::skipped;
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::wait::{LONG, eventually};

/// Starts this binary again, to do `what` in `dir`.
fn child(what: &str, dir: &Path, port: u16) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "publish::outbox_crash::the_other_process",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("VIAHE_TEST_CHILD", what)
        .env("VIAHE_TEST_DIR", dir)
        .env("VIAHE_TEST_PORT", port.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A state that is no engine's: the store does not look into it.
fn whole(text: impl Into<Vec<u8>>) -> Changes {
    Saved::whole(text).into()
}

fn state_of(store: &Store) -> Option<Vec<u8>> {
    store.state().unwrap().saved.parts().next().map(|(_, state)| state.to_vec())
}

/// Reads lines until one that starts with `word`.
fn wait_for(lines: &mut impl BufRead, word: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the child ended before {word}");
        if let Some(at) = line.find(word) {
            return line[at + word.len()..].trim().to_owned();
        }
    }
}

/// Not a test by itself: what the child does.
#[test]
fn the_other_process() {
    let Ok(what) = std::env::var("VIAHE_TEST_CHILD") else { return };
    let dir = PathBuf::from(std::env::var("VIAHE_TEST_DIR").unwrap());
    let port = std::env::var("VIAHE_TEST_PORT").unwrap().parse().unwrap();
    let mut out = std::io::stdout();
    match what.as_str() {
        "commit" => {
            let mut store = Store::open(&dir).unwrap();
            let known = state_of(&store);
            let first = known.map_or(0, |s| String::from_utf8(s).unwrap().parse::<u32>().unwrap());
            for n in first.. {
                let state = (n + 1).to_string();
                store.commit(&[row(n)], Some(&whole(state))).unwrap();
                writeln!(out, "committed {n}").unwrap();
            }
        }
        "publish" => {
            let store = Store::open(&dir).unwrap();
            let publisher = Publisher::start(options(mqtt(port, Ack::Broker)), &dir).unwrap();
            eventually("connected", || publisher.counters().connected);
            eventually("drained", || store.depth().unwrap().rows == 0);
            writeln!(out, "drained").unwrap();
            loop {
                std::thread::park();
            }
        }
        "fill" => fill_the_disk(&dir),
        other => panic!("{other}"),
    }
}

#[test]
fn what_was_committed_before_a_kill_arrives_after_it() {
    let seed = 3;
    let mut dice = Dice::new(seed);
    let broker = Mosquitto::start("persistence false");
    let dir = tempfile::tempdir().unwrap();
    let mut told = 0;
    for _ in 0..15 {
        let mut committer = child("commit", dir.path(), broker.port);
        let mut lines = BufReader::new(committer.stdout.take().unwrap());
        for _ in 0..dice.between(1, 40) {
            told = wait_for(&mut lines, "committed ").parse::<u32>().unwrap() + 1;
        }
        committer.kill().unwrap();
        committer.wait().unwrap();
    }
    let store = Store::open(dir.path()).unwrap();
    let state = String::from_utf8(state_of(&store).unwrap()).unwrap();
    let saved: u32 = state.parse().unwrap();
    assert!(saved >= told, "told {told}, saved {saved}");
    assert_eq!(store.depth().unwrap().rows, u64::from(saved), "rows and state belong together");

    let subscriber = subscribe(broker.port, "reader", "viahe/v1/hue/cam/+/incident/#");
    let publisher = Publisher::start(options(mqtt(broker.port, Ack::Broker)), dir.path()).unwrap();
    let mut arrivals = Arrivals::default();
    while arrivals.times.len() < saved as usize {
        arrivals.add(key_of(&subscriber.next(LONG).expect("every row arrives")));
    }
    println!("seed {seed}: 15 kills, {saved} rows, 0 lost, {} twice", arrivals.duplicates());
    assert_eq!(arrivals.missing(&keys(&(0..saved).map(row).collect::<Vec<_>>())), 0);
    assert_eq!((arrivals.late, publisher.shutdown(Duration::from_secs(5))), (0, 0));
}

#[test]
fn a_killed_box_is_told_to_be_offline() {
    let mosquitto = Mosquitto::start("persistence false");
    let embedded = viahe_edge::broker::EmbeddedBroker::start(0).unwrap();
    for port in [mosquitto.port, embedded.address().port()] {
        last_will_is_said(port);
    }
}

fn last_will_is_said(port: u16) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    commit_all(&mut store, &(0..30).map(row).collect::<Vec<_>>());
    drop(store);
    let _centre = subscribe(port, "centre", "viahe/v1/hue/cam/+/incident/#");
    let subscriber = subscribe(port, "reader", "viahe/v1/hue/status");
    let mut boxed = child("publish", dir.path(), port);
    wait_for(&mut BufReader::new(boxed.stdout.take().unwrap()), "drained");
    let status = subscriber.next(LONG).unwrap();
    assert!(String::from_utf8_lossy(&status.payload).contains(r#""state":"online""#));
    boxed.kill().unwrap();
    boxed.wait().unwrap();
    let will = subscriber.next(LONG).expect("the last will");
    let will: serde_json::Value = serde_json::from_slice(&will.payload).unwrap();
    assert_eq!((&will["state"], &will["reason"]), (&"offline".into(), &"lost".into()));
    // It is kept for those who come later.
    let later = subscribe(port, "reader-2", "viahe/v1/hue/status");
    assert!(later.next(LONG).unwrap().retained);
}

/// A small file system of its own, where this kernel lets us have one.
#[test]
fn a_full_disk_stops_commits_and_not_deliveries() {
    let dir = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=48m tmpfs {dir} && \
         VIAHE_TEST_CHILD=fill VIAHE_TEST_DIR={dir} VIAHE_TEST_PORT=1 \
         exec {program} --exact publish::outbox_crash::the_other_process --nocapture",
        dir = dir.path().display(),
        program = program.display()
    );
    let done = Command::new("unshare").args(["-rm", "sh", "-c", &script]).output();
    let Ok(done) = done else {
        skipped("a full disk: `unshare` is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&done.stdout);
    let error = String::from_utf8_lossy(&done.stderr);
    if error.contains("unshare failed") || error.contains("permission denied") {
        skipped(&format!("a full disk: no mount in a user namespace here: {error}"));
        return;
    }
    println!("{said}");
    assert!(done.status.success() && said.contains("full disk survived"), "{error}");
}

/// In the child, on its own 48 MiB: 8 MiB of ballast, then something else fills the disk.
fn fill_the_disk(dir: &Path) {
    let limits = Limits { ballast_bytes: 8 << 20, ..Limits::default() };
    let mut store = Store::open_with(dir, limits).unwrap();
    let mut outbox = Outbox::open(dir).unwrap();
    commit_all(&mut store, &(0..500).map(row).collect::<Vec<_>>());
    let mut filler = std::fs::File::create(dir.join("filler")).unwrap();
    let block = vec![1; 64 << 10];
    while filler.write_all(&block).is_ok() {}
    while filler.write_all(&block[..512]).is_ok() {}

    let mut next = 500;
    let error = loop {
        match store.commit(&[sized_row(next, 50_000)], Some(&whole(b"state"))) {
            Ok(_) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert!(dir.join("ballast").exists(), "what else can go goes first");
    assert!(store.give_up_ballast() && !dir.join("ballast").exists());
    // The space that it gave is first used by commits, but never all of it.
    let error = loop {
        match store.commit(&[sized_row(next, 50_000)], Some(&whole(b"state"))) {
            Ok(_) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    while filler.write_all(&block).is_ok() {}
    // Somebody else took even that; deleting one by one may still fail here, but not for ever.
    let rows = outbox.pending(usize::MAX, 0).unwrap();
    assert_eq!(rows.len(), next as usize, "nothing was lost");
    drop(filler);
    std::fs::remove_file(dir.join("filler")).unwrap();
    for group in rows.chunks(50) {
        let rows: Vec<i64> = group.iter().map(|row| row.row).collect();
        assert_eq!(outbox.acknowledge(&rows).unwrap(), group.len());
    }
    store.commit(&[row(next)], None).unwrap();
    assert!(dir.join("ballast").exists(), "the ballast is back");
    println!("full disk survived with {next} rows");
}
