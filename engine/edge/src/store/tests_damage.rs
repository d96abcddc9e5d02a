//! Databases that are not what they were: told, set aside whole, and what can be read goes on.

use super::tests::{id, row, small, state_of, whole};
use super::*;
use std::fs;
use viahe_contract::sha256::Sha256;

fn message(incident: u32, revision: u32) -> OutboxRow {
    let text = format!("an incident of the kind number {incident}, revision {revision}");
    OutboxRow { payload: text.into_bytes(), ..row(incident, revision, 0) }
}

fn filled(dir: &Path, rows: u32) -> Store {
    let mut store = Store::open_with(dir, small(1_000, 1 << 20)).unwrap();
    for n in 0..rows {
        store.commit(&[message(n, 1)], Some(&whole(format!("state {n}")))).unwrap();
    }
    store
}

/// The folder as a kill leaves it: a copy of one whose store is open.
fn killed(rows: u32) -> tempfile::TempDir {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = filled(dir.path(), rows);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    drop(store);
    copy
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// However the database went: what it and its log were is beside, and the log alone gives rows back.
#[test]
fn an_emptied_or_replaced_database_is_not_taken_for_new() {
    type Loss = fn(&Path);
    let losses: [(&str, Loss, u64); 6] = [
        ("0 bytes", |db| fs::write(db, b"").unwrap(), 57),
        ("1 byte", |db| fs::write(db, b"S").unwrap(), 57),
        ("gone", |db| fs::remove_file(db).unwrap(), 57),
        ("text", |db| fs::write(db, "somebody's notes".repeat(100)).unwrap(), 57),
        ("half", |db| fs::File::options().write(true).open(db).unwrap().set_len(4096).unwrap(), 0),
        ("another program's", other_program, 57),
    ];
    for (name, lose, salvaged) in losses {
        let dir = killed(57);
        let path = dir.path().join(FILE_NAME);
        let log = fs::read(dir.path().join("viahe.db-wal")).unwrap();
        assert!(!log.is_empty());
        lose(&path);
        let left = fs::read(&path).unwrap_or_default();

        let mut store = Store::open_with(dir.path(), small(1_000, 1 << 20)).unwrap();
        // Half of a database that has its log is a whole one.
        if name == "half" && store.set_aside().is_none() {
            assert_eq!(store.depth().unwrap().rows, 57, "{name}");
            continue;
        }
        let aside = store.set_aside().unwrap_or_else(|| panic!("{name}: taken for new")).to_owned();
        let rows = store.depth().unwrap().rows;
        println!("{name}: {rows} rows of 57; {:?}", names(dir.path()));
        assert!(rows >= salvaged, "{name}: {rows}");
        assert_eq!(fs::read(file::beside(&aside, "-wal")).unwrap(), log, "{name}: its log");
        assert!(name == "gone" || fs::read(&aside).unwrap() == left, "{name}: itself");
        assert_eq!(store.copies_set_aside(), [aside], "told until somebody takes it away");
        if rows == 57 {
            assert_eq!(state_of(&store), b"state 56", "{name}");
        }
        store.commit(&[message(1_000, 1)], None).unwrap();
        drop(store);
        let store = Store::open_with(dir.path(), small(1_000, 1 << 20)).unwrap();
        assert_eq!((store.set_aside(), store.depth().unwrap().rows), (None, rows + 1), "{name}");
    }
}

fn other_program(path: &Path) {
    let other = path.with_extension("other");
    let db = Connection::open(&other).unwrap();
    db.execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')").unwrap();
    drop(db);
    fs::rename(other, path).unwrap();
}

/// What tells an earlier life, each alone; 0.1 wrote no `identity`.
#[test]
fn any_sign_of_an_earlier_life_is_enough_and_a_new_folder_is_silent() {
    let hash = "ab".repeat(32);
    let picture = format!("evidence/ab/{hash}.jpg");
    for sign in
        ["identity", "ballast", "history/00000001.jsonl.gz", &picture, "evidence/pending/7.jpg"]
    {
        for empty in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(sign);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "0123456789abcdef").unwrap();
            if empty {
                fs::write(dir.path().join(FILE_NAME), b"").unwrap();
            }
            let store = Store::open_with(dir.path(), small(10, 1_000)).unwrap();
            assert!(store.set_aside().is_some(), "{sign}, empty {empty}");
        }
    }
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("evidence/pending")).unwrap();
    let store = Store::open_with(dir.path(), small(10, 1_000)).unwrap();
    assert_eq!((store.set_aside(), store.copies_set_aside().len()), (None, 0));
    drop(store);
    let store = Store::open_with(dir.path(), small(10, 1_000)).unwrap();
    assert_eq!(store.set_aside(), None);
}

/// A database of another box beside this one's files.
#[test]
fn a_database_of_another_life_is_set_aside_and_nothing_of_it_is_sent() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(filled(here.path(), 3));
    drop(filled(there.path(), 5));
    fs::copy(there.path().join(FILE_NAME), here.path().join(FILE_NAME)).unwrap();
    let store = Store::open_with(here.path(), small(10, 1_000)).unwrap();
    assert!(store.set_aside().is_some());
    assert_eq!(store.depth().unwrap().rows, 0);
}

/// Writes `to` over the first `from` of a file.
fn flip(path: &Path, from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|w| w == from).expect("it is in the file");
    bytes[at..at + to.len()].copy_from_slice(to);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_row_whose_bytes_were_changed_is_set_aside_and_the_others_go_out() {
    let topic = b"viahe/v1/hue/cam/cam-1/incident/illegal-parking";
    let other = b"viahe/v1/hue/cam/cam-2/incident/illegal-parking";
    let changes: [(&str, &[u8], &[u8]); 3] = [
        ("payload", b"the kind number 7, revision 1", b"the kind number 9, revision 1"),
        ("invalid UTF-8", b"the kind number 8", b"\xff\xfe\xfd kind number 8"),
        ("topic", topic, other),
    ];
    for (name, from, to) in changes {
        let dir = tempfile::tempdir().unwrap();
        drop(filled(dir.path(), 20));
        flip(&dir.path().join(FILE_NAME), from, &to[..from.len()]);
        let store = Store::open_with(dir.path(), small(1_000, 1 << 20)).unwrap();
        assert_eq!((store.set_aside(), store.held().damaged()), (None, 1), "{name}");
        let depth = store.depth().unwrap();
        assert_eq!((depth.rows, depth.quarantined), (19, 1), "{name}");
        let mut outbox = store.outbox();
        assert_eq!(outbox.pending(100, 0).unwrap().len(), 19, "{name}");
        assert_eq!(outbox.quarantined().unwrap()[0].1, file::DAMAGED, "{name}");
    }
}

/// The disk goes bad while viahe runs.
#[test]
fn a_row_that_changes_while_we_run_is_noticed_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path(), 5);
    let other = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    other.execute("UPDATE outbox SET payload = x'00' WHERE row IN (1, 2, 4)", []).unwrap();
    let mut outbox = store.outbox();
    // Also when all of a batch are damaged.
    let rows = outbox.pending(2, 0).unwrap();
    assert_eq!(rows.iter().map(|r| r.row).collect::<Vec<_>>(), [3, 5]);
    assert_eq!((store.held().damaged(), store.depth().unwrap().quarantined), (3, 3));
    other.execute("UPDATE outbox SET topic = 'x' WHERE row = 5", []).unwrap();
    assert_eq!(outbox.row(5).unwrap(), None);
    assert_eq!(store.held().damaged(), 4);
}

#[test]
fn a_changed_memory_of_an_incident_does_not_swallow_its_next_revision() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 1);
    let mut outbox = store.outbox();
    outbox.acknowledge(&[1]).unwrap();
    store.db().execute("UPDATE incidents SET revision = 200", []).unwrap();
    assert_eq!(store.commit(&[message(0, 2)], None).unwrap().added, 1);
    assert_eq!(store.held().damaged(), 1);
    assert_eq!(store.commit(&[message(0, 2)], None).unwrap().repeated, 1);
}

#[test]
fn a_changed_state_is_put_aside_and_not_used() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 3));
    flip(&dir.path().join(FILE_NAME), b"state 2", b"state 7");
    let store = Store::open_with(dir.path(), small(1_000, 1 << 20)).unwrap();
    let state = store.state().unwrap();
    assert_eq!((state.saved.parts().count(), store.held().damaged()), (0, 1));
    assert_eq!(
        (state.damaged[0].scope.as_str(), &state.damaged[0].bytes[..]),
        ("whole", &b"state 7"[..])
    );
    let kept = store.keep_unread(&state.damaged).unwrap();
    assert!(fs::read_to_string(&kept).unwrap().contains("\"state 7\""));
    for _ in 0..10 {
        store.keep_unread(&state.damaged).unwrap();
    }
    assert!(store.unread_states().len() <= 4, "bounded");
}

/// Any bytes, anywhere: never a crash, never a row that was not written.
#[test]
fn whatever_bytes_rot_only_what_was_written_is_sent() {
    let source = tempfile::tempdir().unwrap();
    drop(filled(source.path(), 60));
    let whole = fs::read(source.path().join(FILE_NAME)).unwrap();
    let written: Vec<Vec<u8>> = (0..60).map(|n| message(n, 1).payload).collect();
    let mut seed = 20_261_129_u64;
    let mut dice = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut outcomes = [0; 3];
    for round in 0..60 {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = whole.clone();
        for _ in 0..=dice(4) {
            let at = dice(bytes.len());
            bytes[at] ^= 1 << dice(8);
        }
        fs::write(dir.path().join(FILE_NAME), bytes).unwrap();
        fs::copy(source.path().join("identity"), dir.path().join("identity")).unwrap();
        let store = match Store::open_with(dir.path(), small(1_000, 1 << 20)) {
            Ok(store) => store,
            // The number of the version is one of the bytes.
            Err(StoreError::Newer { .. }) => continue,
            Err(error) => panic!("round {round}: {error}"),
        };
        let mut outbox = store.outbox();
        let rows = outbox.pending(1_000, 0).unwrap();
        for row in &rows {
            assert!(written.contains(&row.payload), "round {round}: {row:?}");
        }
        let told = store.set_aside().is_some() || store.held().damaged() > 0;
        assert!(rows.len() == 60 || told, "round {round}: {} rows and nothing told", rows.len());
        let outcome = usize::from(store.set_aside().is_some()) + usize::from(told);
        outcomes[outcome] += 1;
        let rows: Vec<i64> = rows.iter().map(|row| row.row).collect();
        // Or it is found damaged now; the next start sets it aside.
        let _ = outbox.acknowledge(&rows);
    }
    println!("seed 20261129: unharmed, rows aside, file aside: {outcomes:?}");
    assert!(outcomes.iter().all(|n| *n > 0), "{outcomes:?}");
}

/// As 0.1 left it.
#[test]
fn a_database_without_checksums_gets_them_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    let db = Connection::open(&path).unwrap();
    db.execute_batch(include_str!("schema-1.sql")).unwrap();
    db.pragma_update(None, "application_id", 0x7669_6168).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let hash = Sha256::from_bytes([0xcd; 32]);
    let payload = format!(r#"{{"data":{{"evidence":[{{"sha256":"{hash}"}}]}}}}"#);
    let known = id(1);
    db.execute(
        "INSERT INTO outbox (incident, revision, topic, payload, created) VALUES (?1, 1, 't', ?2, 5)",
        rusqlite::params![known.as_str(), payload.as_bytes()],
    )
    .unwrap();
    db.execute(
        "INSERT INTO incidents VALUES (?1, 1, 0, 5, ?2)",
        rusqlite::params![known.as_str(), b"{}"],
    )
    .unwrap();
    db.execute("INSERT INTO engine_state VALUES (1, ?1)", [b"saved"]).unwrap();
    drop(db);
    let mut store = Store::open_with(dir.path(), small(10, 1_000)).unwrap();
    assert_eq!((store.set_aside(), store.held().damaged()), (None, 0));
    assert_eq!(state_of(&store), b"saved");
    let mut outbox = store.outbox();
    assert_eq!(outbox.pending(10, 0).unwrap()[0].payload, payload.as_bytes());
    assert!(store.needs().has(hash) && !store.needs().has(Sha256::from_bytes([0xef; 32])));
    assert_eq!(store.commit(&[row(1, 1, 1)], None).unwrap().repeated, 1, "it is known");
    drop((outbox, store));
    flip(&path, b"\"data\"", b"\"dada\"");
    let store = Store::open_with(dir.path(), small(10, 1_000)).unwrap();
    assert_eq!(store.held().damaged(), 1, "accepted once");
}

#[test]
fn held_rows_keep_their_number_and_are_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 2);
    let mut outbox = store.outbox();
    assert!(store.hold((10..14).map(|n| message(n, 1)).collect()).is_empty());
    let depth = store.depth().unwrap();
    assert_eq!((depth.rows, depth.held), (6, 4));
    assert_eq!(outbox.depth().unwrap(), depth, "the status says so too");
    let rows = outbox.pending(10, 0).unwrap();
    let numbers: Vec<i64> = rows.iter().map(|row| row.row).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!(outbox.find(id(11).as_str(), 1).unwrap(), Some(4));
    // One is delivered and one set aside before the disk takes them.
    assert_eq!(outbox.acknowledge(&[4]).unwrap(), 1);
    outbox.quarantine(5, "too large").unwrap();
    assert_eq!(store.held().waiting(), 2);
    assert_eq!(store.commit(&[message(20, 1)], None).unwrap().added, 4);
    assert!(store.held().is_empty());
    let numbers: Vec<i64> = outbox.pending(10, 0).unwrap().iter().map(|row| row.row).collect();
    assert_eq!(numbers, [1, 2, 3, 6, 7]);
    assert_eq!(outbox.quarantined().unwrap(), [(5, "too large".to_owned())]);
    assert_eq!(outbox.acknowledge(&[3]).unwrap(), 1, "the number from before still holds");
    let known = [message(11, 1), message(10, 1)];
    assert_eq!(store.commit(&known, None).unwrap().repeated, 2, "delivered ones are known");
}

#[test]
fn memory_is_bounded_and_keeps_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 0);
    let lost = store.hold((0..10_000).map(|n| message(n, 1)).collect());
    assert!(lost.is_empty());
    assert!(store.hold(vec![message(0, 2)]).len() == 1, "nothing there is replaced by another");
    store.outbox().acknowledge(&[5]).unwrap();
    assert!(store.hold(vec![message(0, 2)]).is_empty(), "a delivered one makes room");
    assert!(store.hold(vec![message(20_000, 1)]).is_empty(), "a replaced one makes room");
    assert_eq!(store.held().waiting(), 10_000);
    assert_eq!(store.hold(vec![message(20_001, 1)]).len(), 1);
}

/// Found while we run: the stop carries over what is in memory and what can be read.
#[test]
fn a_file_that_is_damaged_while_we_run_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 5);
    store.hold(vec![message(9, 1)]);
    store.begin_anew().unwrap();
    assert!(store.set_aside().is_some());
    store.commit(&[], Some(&whole(b"last"))).unwrap();
    assert_eq!(store.depth().unwrap().rows, 6);
    assert_eq!(state_of(&store), b"last");
}

#[test]
fn pictures_are_needed_while_their_incident_is_open_or_not_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 0);
    let needs = store.needs();
    let naming = |n: u32, revision, hash: Sha256, closed| {
        let payload = format!(r#"{{"data":{{"evidence":[{{"sha256":"{hash}"}}]}}}}"#).into_bytes();
        OutboxRow { payload, closed, ..row(n, revision, 0) }
    };
    let [open, over, held] = [0xaa, 0xbb, 0xcc].map(|byte| Sha256::from_bytes([byte; 32]));
    store.commit(&[naming(1, 1, open, false), naming(2, 1, over, false)], None).unwrap();
    store.held().about_to_name([held]);
    assert!([open, over, held].iter().all(|hash| needs.has(*hash)));
    store.hold(vec![naming(3, 1, held, true)]);
    assert!(needs.has(held), "in memory");
    let mut outbox = store.outbox();
    outbox.acknowledge(&[1, 2]).unwrap();
    assert!(needs.has(open) && needs.has(over), "both are open");
    store.commit(&[naming(2, 2, over, true)], None).unwrap();
    assert!(needs.has(over), "its end is not acknowledged");
    let rows: Vec<i64> = outbox.pending(10, 0).unwrap().iter().map(|row| row.row).collect();
    outbox.acknowledge(&rows).unwrap();
    let left = [open, over, held].map(|hash| needs.has(hash));
    assert_eq!(left, [true, false, false]);
}
