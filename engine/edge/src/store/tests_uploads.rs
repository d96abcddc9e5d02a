//! Which pictures the console may lack.

use super::tests::{row, small};
use super::*;
use serde_json::json;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

fn sha(n: u8) -> Sha256 {
    Sha256::from_bytes([n; 32])
}

fn naming(incident: u32, revision: u32, severity: &str, pictures: &[u8]) -> OutboxRow {
    let evidence: Vec<_> = pictures.iter().map(|n| json!({ "sha256": sha(*n) })).collect();
    let payload = json!({ "data": { "severity": severity, "evidence": evidence } });
    let payload = payload.to_string().into_bytes();
    OutboxRow { payload, closed: true, ..row(incident, revision, 0) }
}

fn limits(uploads_max: u64) -> Limits {
    Limits { uploads_max, ..small(100, 1 << 20) }
}

#[test]
fn the_gravest_newest_is_next_and_what_was_not_taken_comes_last() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), limits(100)).unwrap();
    let rows = [
        naming(1, 1, "high", &[1]),
        naming(2, 1, "low", &[2]),
        naming(3, 1, "high", &[3, 1]),
        naming(4, 1, "info", &[4]),
    ];
    store.commit(&rows, None).unwrap();
    let needs = store.needs();
    let mut outbox = Outbox::open(dir.path()).unwrap();
    let numbers: Vec<i64> = outbox.pending(9, 0).unwrap().iter().map(|row| row.row).collect();
    outbox.acknowledge(&numbers).unwrap();
    let mut unsent = store.unsent();
    assert_eq!(unsent.depth().unwrap(), Depth { uploads: 4, ..Depth::default() });
    // The newest of the gravest are 3 and 1, by one revision; the first of them waits.
    let first = unsent.newest_gravest().unwrap().unwrap().sha256;
    unsent.put_off(first).unwrap();
    let mut order = Vec::new();
    while let Some(Upload { sha256, .. }) = unsent.newest_gravest().unwrap() {
        assert!(needs.has(sha256), "it stays until the console has it");
        order.push(sha256);
        unsent.settle(sha256).unwrap();
        assert!(!needs.has(sha256));
    }
    let other = if first == sha(1) { sha(3) } else { sha(1) };
    assert_eq!(order, [other, sha(2), sha(4), first]);
    // Whoever names it again has the console asked again.
    store.commit(&[naming(1, 2, "high", &[1])], None).unwrap();
    assert_eq!(unsent.newest_gravest().unwrap(), Some(Upload { sha256: sha(1), tries: 0 }));
}

#[test]
fn what_waits_is_bounded_outlives_a_file_that_is_set_aside_and_is_nothing_without_a_console() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), limits(2)).unwrap();
    let rows = [("low", 1), ("high", 2), ("medium", 3)];
    let rows = rows.map(|(severity, n)| naming(u32::from(n), 1, severity, &[n]));
    store.commit(&rows, None).unwrap();
    let left = |store: &Store| {
        let mut unsent = store.unsent();
        let next = std::iter::from_fn(|| {
            let next = unsent.newest_gravest().unwrap()?;
            unsent.settle(next.sha256).unwrap();
            Some(next.sha256)
        });
        next.collect::<Vec<_>>()
    };
    store.begin_anew().unwrap();
    assert_eq!(store.unsent().not_sent(), 1, "the least grave is told");
    assert_eq!(left(&store), [sha(2), sha(3)]);
    store.commit(&[naming(1, 2, "low", &[1])], None).unwrap();
    drop(store);
    let mut store = Store::open_with(dir.path(), limits(0)).unwrap();
    store.commit(&[naming(1, 3, "low", &[1])], None).unwrap();
    assert_eq!(left(&store), []);
    assert_eq!(store.depth().unwrap().uploads, 0);
}

/// What the disk does not take is noted when it does, also once it was delivered from memory.
#[test]
fn what_was_only_in_memory_is_noted_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), limits(9)).unwrap();
    assert_eq!(store.hold(vec![naming(1, 1, "low", &[1]), naming(2, 1, "low", &[2])]), []);
    let mut outbox = store.outbox();
    let first = outbox.pending(1, 0).unwrap()[0].row;
    outbox.acknowledge(&[first]).unwrap();
    assert_eq!(store.unsent().depth().unwrap().uploads, 0);
    store.commit(&[], None).unwrap();
    assert_eq!(store.unsent().depth().unwrap().uploads, 2);
}

#[test]
fn damage_that_the_uploader_meets_is_known_to_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), limits(100)).unwrap();
    store.commit(&[naming(1, 1, "high", &[1])], None).unwrap();
    let mut unsent = store.unsent();
    assert!(unsent.newest_gravest().unwrap().is_some());
    assert_eq!(store.held().corrupt(), None);
    let db = rusqlite::Connection::open(dir.path().join(FILE_NAME)).unwrap();
    db.execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'no such table' WHERE name = 'uploads'")
        .unwrap();
    drop(db);
    let error = store.unsent().newest_gravest().unwrap_err();
    assert!(error.is_damage(), "{error}");
    assert!(store.held().corrupt().is_some());
}

/// Somebody waits for it; without a console nobody does.
#[test]
fn what_somebody_asked_for_goes_before_the_gravest() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), limits(9)).unwrap();
    store.send_asked(sha(7), Timestamp::from_secs(1_795_000_000)).unwrap();
    store.commit(&[naming(1, 1, "high", &[1])], None).unwrap();
    let needs = store.needs();
    let mut unsent = store.unsent();
    assert_eq!(unsent.newest_gravest().unwrap(), Some(Upload { sha256: sha(7), tries: 0 }));
    assert!(needs.has(sha(7)), "it stays until the console has it");
    unsent.settle(sha(7)).unwrap();
    assert_eq!(unsent.newest_gravest().unwrap(), Some(Upload { sha256: sha(1), tries: 0 }));
    drop(store);
    let mut store = Store::open_with(dir.path(), limits(0)).unwrap();
    store.send_asked(sha(8), Timestamp::from_secs(1_795_000_000)).unwrap();
    assert_eq!(store.depth().unwrap().uploads, 0);
}
