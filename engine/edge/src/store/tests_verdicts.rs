//! What operators said is kept with the incident, once.

use super::tests::{id, row, small};
use super::*;
use std::fs;
use viahe_contract::message::{Judgement, Verdict};
use viahe_core::time::Timestamp;

fn incident(n: u32, revision: u32) -> OutboxRow {
    let record = br#"{"violation":"illegal-parking","more":1}"#.to_vec();
    OutboxRow { record, ..row(n, revision, 10) }
}

fn verdict(n: u32, revision: u32, secs: u64, judgement: Judgement) -> Verdict {
    let reason = (judgement == Judgement::Dismissed).then(|| "permitted".try_into().unwrap());
    let time = Timestamp::from_secs(1_795_000_000 + secs).local(&jiff::tz::TimeZone::UTC);
    let role = "ward-officer".try_into().unwrap();
    Verdict { incident: id(n), revision, judgement, reason, role, time }
}

#[test]
fn a_verdict_is_kept_once_and_of_what_is_known_only() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { history_rows_max: 2, ..small(100, 1 << 20) };
    let mut store = Store::open_with(dir.path(), limits).unwrap();
    store.commit(&[incident(1, 2), incident(2, 1)], None).unwrap();
    let dismissed = verdict(1, 2, 30, Judgement::Dismissed);
    let withdrawn = verdict(1, 2, 40, Judgement::Withdrawn);
    let said = [
        withdrawn.clone(),
        dismissed.clone(),
        dismissed.clone(),
        verdict(1, 3, 50, Judgement::Confirmed),
        verdict(1, 0, 50, Judgement::Confirmed),
        verdict(7, 1, 50, Judgement::Confirmed),
    ];
    let new = || Judged::New("illegal-parking".try_into().unwrap());
    let unknown = Judged::UnknownRevision;
    let judged = [new(), new(), Judged::Again, unknown.clone(), unknown, Judged::UnknownIncident];
    assert_eq!(store.judge(&said).unwrap(), judged);
    // Also once it was opened again, by whoever looks on.
    drop(store);
    let mut store = Store::open_with(dir.path(), limits).unwrap();
    assert_eq!(store.judge(&said[..2]).unwrap(), [Judged::Again, Judged::Again]);
    assert_eq!(verdicts_on(dir.path(), &id(1)).unwrap(), [dismissed, withdrawn]);
    assert_eq!(verdicts_on(dir.path(), &id(2)).unwrap(), []);
    let many: Vec<Verdict> = (0..20).map(|n| verdict(2, 1, n, Judgement::Confirmed)).collect();
    let judged = store.judge(&many).unwrap();
    assert_eq!(judged.iter().filter(|judged| **judged == Judged::TooMany).count(), 4);
    // It goes with its incident.
    store.commit(&[incident(3, 1)], None).unwrap();
    store.commit(&[incident(4, 1)], None).unwrap();
    assert_eq!(verdicts_on(dir.path(), &id(1)).unwrap(), []);
}

#[test]
fn what_was_said_outlives_a_database_that_is_set_aside_and_rot_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), small(100, 1 << 20)).unwrap();
    store.commit(&[incident(1, 1)], None).unwrap();
    let said = [10, 20].map(|secs| verdict(1, 1, secs, Judgement::Confirmed));
    store.judge(&said).unwrap();
    store.begin_anew().unwrap();
    assert_eq!(verdicts_on(dir.path(), &id(1)).unwrap(), said);
    drop(store);
    let path = dir.path().join(FILE_NAME);
    let mut bytes = fs::read(&path).unwrap();
    let text = b"\"confirmed\"";
    let at = bytes.windows(text.len()).position(|w| w == text).expect("it is in the file");
    bytes[at + 1..=at + 9].copy_from_slice(b"dismissed");
    fs::write(&path, bytes).unwrap();
    assert_eq!(verdicts_on(dir.path(), &id(1)).unwrap().len(), 1, "one was changed");
    // Whoever takes over what is left says how many are lost.
    let mut store = Store::open_with(dir.path(), small(100, 1 << 20)).unwrap();
    store.begin_anew().unwrap();
    assert_eq!((store.held().damaged(), verdicts_on(dir.path(), &id(1)).unwrap().len()), (1, 1));
}
