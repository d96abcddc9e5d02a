use super::*;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use viahe_contract::message;
use viahe_core::engine::{Changes, Saved};
use viahe_core::id::Name;
use viahe_core::time::Timestamp;

pub(super) fn id(n: u32) -> IncidentId {
    let name = |text: &str| Name::try_from(text).unwrap();
    let at = Timestamp::from_secs(1_795_000_000 + u64::from(n));
    viahe_core::incident::incident_id(
        &name("hue"),
        Some(&name("cam-1")),
        &name("illegal-parking"),
        None,
        at,
    )
}

pub(super) fn row(incident: u32, revision: u32, bytes: usize) -> OutboxRow {
    OutboxRow {
        incident: id(incident),
        revision,
        topic: "viahe/v1/hue/cam/cam-1/incident/illegal-parking".into(),
        payload: vec![b'x'; bytes],
        created: Timestamp::from_secs(u64::from(incident)),
        closed: false,
        record: b"{}".to_vec(),
    }
}

pub(super) fn small(rows: u64, bytes: u64) -> Limits {
    Limits {
        outbox_rows_max: rows,
        outbox_bytes_max: bytes,
        ballast_bytes: 0,
        history_rows_max: 1_000,
        ..Limits::default()
    }
}

/// A state that is no engine's: the store does not look into it.
pub(super) fn whole(text: impl Into<Vec<u8>>) -> Changes {
    Saved::whole(text).into()
}

pub(super) fn state_of(store: &Store) -> Vec<u8> {
    store.state().unwrap().saved.parts().next().unwrap().1.to_vec()
}

impl Store {
    pub(super) fn db(&self) -> &Connection {
        self.db.as_ref().unwrap()
    }
}

fn revisions(outbox: &mut Outbox) -> Vec<(String, u32)> {
    let rows = outbox.pending(usize::MAX, 0).unwrap();
    rows.into_iter().map(|r| (r.incident, r.revision)).collect()
}

#[test]
fn rows_and_state_are_there_after_reopening_and_leave_when_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let done =
        store.commit(&[row(1, 1, 10), row(1, 2, 10), row(2, 1, 10)], Some(&whole(b"s1"))).unwrap();
    assert_eq!(done, Committed { added: 3, ..Committed::default() });
    assert_eq!(store.commit(&[row(1, 2, 10)], Some(&whole(b"s2"))).unwrap().repeated, 1);
    drop(store);

    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(state_of(&store), b"s2");
    assert_eq!(store.depth().unwrap(), Depth { rows: 3, bytes: 30, ..Depth::default() });
    let mut outbox = Outbox::open(dir.path()).unwrap();
    let rows = outbox.pending(10, 0).unwrap();
    assert_eq!(rows.iter().map(|r| r.revision).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(outbox.pending(1, rows[0].row).unwrap(), rows[1..2]);
    assert_eq!(outbox.find(id(1).as_str(), 2).unwrap(), Some(rows[1].row));
    assert_eq!(outbox.acknowledge(&[rows[0].row, rows[2].row, 99]).unwrap(), 2);
    assert_eq!(outbox.quarantine(rows[1].row, "too large").unwrap(), 0);
    assert_eq!(outbox.depth().unwrap(), Depth { quarantined: 1, ..Depth::default() });
    assert_eq!(outbox.quarantined().unwrap(), [(rows[1].row, "too large".to_owned())]);
    // Delivered, but still known.
    assert_eq!(store.commit(&[row(1, 1, 10), row(2, 1, 10)], None).unwrap().repeated, 2);
    // A row number is never used again.
    outbox.acknowledge(&[rows[1].row]).unwrap();
    store.commit(&[row(3, 1, 10)], None).unwrap();
    assert!(outbox.pending(1, 0).unwrap()[0].row > rows[2].row);
}

#[test]
fn a_full_outbox_keeps_the_newest_revision_and_refuses_aloud() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), small(4, 1_000)).unwrap();
    let mut outbox = Outbox::open(dir.path()).unwrap();
    store.commit(&[row(1, 1, 1), row(1, 2, 1), row(2, 1, 1), row(3, 1, 1)], None).unwrap();
    // Full. The first of incident 1 is superseded already.
    assert_eq!(store.commit(&[row(4, 1, 1)], None).unwrap().added, 1);
    let name = |n| id(n).as_str().to_owned();
    assert_eq!(revisions(&mut outbox), [(name(1), 2), (name(2), 1), (name(3), 1), (name(4), 1)]);
    // A new revision takes the place of the one before it.
    assert_eq!(store.commit(&[row(2, 2, 1)], None).unwrap().added, 1);
    assert_eq!(revisions(&mut outbox), [(name(1), 2), (name(3), 1), (name(4), 1), (name(2), 2)]);
    // Nothing more can go; what fits is committed all the same.
    let done = store.commit(&[row(5, 1, 1), row(3, 2, 1)], Some(&whole(b"state"))).unwrap();
    assert_eq!(done, Committed { added: 1, repeated: 0, refused: vec![(id(5), 1)] });
    assert_eq!(state_of(&store), b"state");
    let counters = store.counters();
    assert_eq!((counters.merged, counters.refused, counters.added), (3, 1, 7));
    // A revision too large for the room does not push out the one that is there.
    let done = store.commit(&[row(1, 3, 2_000)], None).unwrap();
    assert_eq!(done.refused, [(id(1), 3)]);
    assert!(revisions(&mut outbox).contains(&(name(1), 2)));
}

#[test]
fn history_is_bounded_and_quarantine_too() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { history_rows_max: 10, ..small(100, 100_000) };
    let mut store = Store::open_with(dir.path(), limits).unwrap();
    let mut rows: Vec<_> = (0..30).map(|n| row(n, 1, 1)).collect();
    rows[25].closed = true;
    store.commit(&rows, None).unwrap();
    assert_eq!(store.counters().history_dropped, 20);
    let kept: Vec<String> = {
        let mut all =
            store.db().prepare("SELECT incident FROM incidents ORDER BY updated").unwrap();
        let rows = all.query_map([], |r| r.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let want: Vec<_> = (19..30).filter(|n| *n != 25).map(|n| id(n).as_str().to_owned()).collect();
    assert_eq!(kept, want, "the closed one goes first, then the oldest");
}

#[test]
fn history_reads_back_what_was_committed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let name = |text: &str| Name::try_from(text).unwrap();
    let revision = Revision {
        incident: id(1),
        revision: 2,
        state: message::State::Open,
        rule: name("parking-east"),
        violation: name("illegal-parking"),
        rule_version: 1,
        severity: viahe_contract::message::Severity::Medium,
        camera: Some(name("le-loi-03")),
        zone: Some(name("kerb")),
        stage: None,
        offence: 1,
        citations: vec![],
        measured: vec![],
        ended_by: None,
        position: None,
        first_seen: Timestamp::from_secs(1),
        opened: Timestamp::from_secs(2),
        updated: Timestamp::from_secs(3),
        closed: None,
        subjects: vec![],
        geometry: message::Geometry::default(),
        evidence: vec![],
        evidence_state: message::EvidenceState::Complete,
        model: None,
        clock: message::ClockRef { source: viahe_core::time::ClockSource::Arrival, offset_ms: 0 },
        wording: viahe_core::incident::Wording::default(),
    };
    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let row = OutboxRow::new(&revision, &name("hue"), &zone).unwrap();
    assert_eq!(row.topic, "viahe/v1/hue/cam/le-loi-03/incident/illegal-parking");
    store.commit(&[row], None).unwrap();
    assert_eq!(store.history(10).unwrap(), [revision]);
}

#[test]
fn one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let second = Store::open(dir.path()).unwrap_err();
    assert!(matches!(second, StoreError::Locked { .. }), "{second}");
    drop(store);
    Store::open(dir.path()).unwrap();
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let db = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    db.pragma_update(None, "user_version", 7).unwrap();
    drop(db);
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 7, known: 5, .. }), "{error}");
    assert!(error.to_string().contains("install the newer viahe"), "{error}");
    assert!(dir.path().join(FILE_NAME).exists());
}

/// Writes 0xAA over `bytes` of the file from `from` on.
fn damage(path: &Path, from: u64, bytes: usize) {
    let mut file = std::fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xAA; bytes]).unwrap();
}

#[test]
fn a_damaged_file_is_set_aside_and_kept() {
    for (name, from, bytes) in [("header", 0, 64), ("a page in the middle", 4096 * 20, 4096)] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        store.commit(&(0..200).map(|n| row(n, 1, 500)).collect::<Vec<_>>(), None).unwrap();
        drop(store);
        let path = dir.path().join(FILE_NAME);
        damage(&path, from, bytes);
        let mut before = Vec::new();
        std::fs::File::open(&path).unwrap().read_to_end(&mut before).unwrap();

        let mut store = Store::open(dir.path()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let aside = store.set_aside().unwrap().to_path_buf();
        assert!(aside.metadata().unwrap().len() >= before.len() as u64, "{name}");
        let saved = store.depth().unwrap().rows;
        println!("{name}: {saved} of 200 rows carried over");
        assert!(name == "header" || (150..200).contains(&saved), "{name}: {saved}");
        store.commit(&[row(1_000, 1, 1)], None).unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!((store.set_aside(), store.depth().unwrap().rows), (None, saved + 1), "{name}");
    }
}

#[test]
fn a_disk_that_damages_again_and_again_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..3 {
        std::fs::write(dir.path().join(format!("viahe.db.damaged-{n}")), b"").unwrap();
    }
    std::fs::write(dir.path().join(FILE_NAME), vec![0xAA; 8192]).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::CorruptAgain { copies: 3, .. }), "{error}");
    assert!(dir.path().join(FILE_NAME).exists());
}

#[test]
fn a_full_file_is_an_error_that_passes() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), small(100_000, u64::MAX)).unwrap();
    store.commit(&[row(0, 1, 100)], Some(&whole(b"before"))).unwrap();
    let pages: i64 = store.db().query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    store.db().pragma_update(None, "max_page_count", pages + 2).unwrap();
    let many: Vec<_> = (1..100).map(|n| row(n, 1, 1_000)).collect();
    let error = store.commit(&many, Some(&whole(b"after"))).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert_eq!(state_of(&store), b"before");
    assert_eq!(store.depth().unwrap().rows, 1);
    assert_eq!(store.counters().disk_full, 1);
    store.db().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert_eq!(store.commit(&many, Some(&whole(b"after"))).unwrap().added, 99);
}
