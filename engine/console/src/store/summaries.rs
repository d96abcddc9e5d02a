//! Incidents in short.

use super::codes::{judgement, local, read, severity, some, state};
use super::error::StoreError;
use crate::model::{PlaceId, Summary, VerdictTold};
use rusqlite::{Connection, Row};
use std::sync::LazyLock;

/// The columns of a verdict, as [`verdict_of`] reads them.
pub(super) const VERDICT: &str = "v.no, v.by, v.display_name, v.role, v.judgement, v.reason, v.note, v.revision, \
    v.at, v.undone";

/// A verdict in columns from `at` on; its times are told with this offset.
pub(super) fn verdict_of(row: &Row, at: usize, offset_secs: i32) -> rusqlite::Result<VerdictTold> {
    let undone: Option<i64> = row.get(at + 9)?;
    Ok(VerdictTold {
        no: row.get(at)?,
        by: row.get(at + 1)?,
        display_name: row.get(at + 2)?,
        role: row.get(at + 3)?,
        judgement: judgement(row.get(at + 4)?),
        reason: row.get(at + 5)?,
        note: row.get(at + 6)?,
        revision: row.get(at + 7)?,
        at: local(row.get(at + 8)?, offset_secs),
        undone: undone.map(|ms| local(ms, offset_secs)),
    })
}

/// Incidents, by a list of their keys in JSON, with where each stands in that.
pub(super) static SUMMARIES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.id, i.site, i.violation, i.title, i.severity, i.state, i.revision, p.camera, p.camera_name,
            p.zone, p.place_name, i.opened, i.updated, i.closed, i.offset_secs, i.stage, i.offence, i.escalated,
            IIF(i.judgement = 3, i.shelf, NULL), i.flood, i.ahead,
            (SELECT e.sha256 FROM evidence e JOIN file f ON f.sha256 = e.sha256 AND f.site = i.site
                WHERE e.incident = i.key ORDER BY e.moment = 'opened' DESC, e.captured DESC LIMIT 1),
            {VERDICT}, asked.key
        FROM json_each(?) asked CROSS JOIN incident i ON i.key = asked.value JOIN place p ON p.key = i.place
        LEFT JOIN verdict v ON v.no = i.verdict"
    )
});

/// The incident with this key.
pub(super) fn summary(db: &Connection, key: i64) -> Result<Summary, StoreError> {
    let found = summaries(db, &[key])?.pop();
    Ok(found.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
}

/// As many as there are keys, in their order: by one statement, as each that is begun costs as much as a line.
pub(super) fn summaries(db: &Connection, keys: &[i64]) -> Result<Vec<Summary>, StoreError> {
    let mut statement = db.prepare_cached(&SUMMARIES)?;
    let mut rows = statement.query([serde_json::json!(keys).to_string()])?;
    let mut found: Vec<(i64, Summary)> = Vec::with_capacity(keys.len());
    while let Some(row) = rows.next()? {
        found.push((row.get(32)?, told(row)?));
    }
    if found.len() < keys.len() {
        return Err(rusqlite::Error::QueryReturnedNoRows.into());
    }
    found.sort_unstable_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, summary)| summary).collect())
}

fn told(row: &Row) -> Result<Summary, StoreError> {
    let offset = row.get(14)?;
    let place = PlaceId { site: row.get(1)?, camera: row.get(7)?, zone: row.get(9)? };
    let stands = row.get::<_, Option<i64>>(22)?.is_some();
    let stage: Option<String> = row.get(15)?;
    let closed: Option<i64> = row.get(13)?;
    Ok(Summary {
        id: row.get(0)?,
        site: place.site.clone(),
        violation: row.get(2)?,
        title: row.get(3)?,
        severity: severity(row.get(4)?),
        state: state(row.get(5)?),
        revision: row.get(6)?,
        place: place.to_string(),
        camera: some(place.camera),
        camera_name: row.get(8)?,
        zone: some(place.zone),
        place_name: row.get(10)?,
        opened: local(row.get(11)?, offset),
        updated: local(row.get(12)?, offset),
        closed: closed.map(|ms| local(ms, offset)),
        stage: stage.as_deref().map(read).transpose()?,
        offence: row.get(16)?,
        picture: row.get(21)?,
        judgement: if stands { Some(verdict_of(row, 22, offset)?) } else { None },
        escalated: row.get(17)?,
        shelf: row.get(18)?,
        flood: row.get(19)?,
        clock_ahead_secs: Some(row.get::<_, i64>(20)? / 1_000).filter(|secs| *secs > 0),
    })
}
