//! Numbers that stand for words in columns, and times.

use super::error::StoreError;
use serde::de::DeserializeOwned;
use viahe_contract::message::{Judgement, Severity, State};
use viahe_contract::time::{LocalTime, Timestamp};

/// What nobody has judged.
pub(super) const NOT_JUDGED: i64 = 0;
/// Likewise, and a shelf keeps it out of the queue.
pub(super) const SHELVED: i64 = 3;
/// Likewise, and it waits among others of a flood.
pub(super) const FOLDED: i64 = 4;

pub(super) fn of_judgement(judgement: Judgement) -> i64 {
    match judgement {
        Judgement::Withdrawn => NOT_JUDGED,
        Judgement::Confirmed => 1,
        Judgement::Dismissed => 2,
    }
}

pub(super) fn judgement(code: i64) -> Judgement {
    match code {
        1 => Judgement::Confirmed,
        2 => Judgement::Dismissed,
        _ => Judgement::Withdrawn,
    }
}

pub(super) fn of_severity(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
    }
}

pub(super) fn severity(code: i64) -> Severity {
    match code {
        0 => Severity::Info,
        1 => Severity::Low,
        2 => Severity::Medium,
        _ => Severity::High,
    }
}

pub(super) fn of_state(state: State) -> i64 {
    match state {
        State::Open => 0,
        State::Closed => 1,
    }
}

pub(super) fn state(code: i64) -> State {
    if code == 0 { State::Open } else { State::Closed }
}

/// Milliseconds since 1970.
pub(super) fn ms(at: Timestamp) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}

/// A time as people read it there.
pub(super) fn local(ms: i64, offset_secs: i32) -> LocalTime {
    let ns = u64::try_from(ms).unwrap_or_default().saturating_mul(1_000_000);
    Timestamp(ns).at_offset(offset_secs)
}

/// What was written as text.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Content(e.to_string()))
}

/// None for an empty text.
pub(super) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
