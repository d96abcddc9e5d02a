//! Floods: incidents of a site that came together for one likely cause, and wait as one line.

use super::audit::What;
use super::changes;
use super::codes::{FOLDED, NOT_JUDGED, local, ms, severity};
use super::error::StoreError;
use super::handle::Store;
use super::rest::{self, Rest};
use super::verdicts::{self, Speaker, Undone};
use crate::model::{FloodTold, Judging};
use crate::workload::{Arrival, Cause, Found, SPAN_MS, Signs};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;
use viahe_contract::time::Timestamp;

/// Incidents that are judged or moved in one commit: others wait behind it.
const PART: i64 = 100;
/// Incidents of a flood that are counted.
const COUNTED: u32 = 10_000;
/// Floods that are told at once.
const TOLD: u32 = 100;
/// Somebody said that it is none: for so long no other one begins for that cause.
const DISSOLVED_MS: i64 = 60 * 60 * 1_000;
/// The catalogue's entries that read a rain gauge. One camera that sees water says little of the others of its site.
const RAIN: &str = "'rain-watch', 'wet-street'";
/// Rain that was told longer ago is over.
const RAIN_MS: i64 = 2 * 60 * 60 * 1_000;

/// What the statement of one reads.
const COLUMNS: &str =
    "f.no, f.site, f.cause, f.cameras, f.begun, f.ended, f.dissolved_by, f.severity";

fn told(db: &Connection, row: &Row) -> rusqlite::Result<FloodTold> {
    let no: i64 = row.get(0)?;
    // Counted by the index alone, but for the places and the gravest.
    let waiting =
        "SELECT COUNT(*) FROM incident INDEXED BY incident_flood WHERE flood = ? AND judgement = ?";
    let waiting = db.prepare_cached(waiting)?.query_row([no, FOLDED], |row| row.get(0))?;
    let sql = format!(
        "SELECT COUNT(*), COUNT(DISTINCT place), MAX(key), MAX(IIF(judgement = {FOLDED}, severity, -1)) FROM (
            SELECT place, key, judgement, severity FROM incident INDEXED BY incident_of_flood WHERE flood = ?
            ORDER BY key DESC LIMIT {COUNTED})"
    );
    let counted = db.prepare_cached(&sql)?.query_row([no], |row| {
        Ok((row.get::<_, u32>(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?, row.get(3)?))
    });
    let (incidents, places, newest, gravest): (u32, u32, Option<i64>, Option<i64>) = counted?;
    let cameras: Option<String> = row.get(3)?;
    let time = |ms: i64| local(ms, 0).to_string();
    Ok(FloodTold {
        no,
        site: row.get(1)?,
        cause: row.get(2)?,
        cameras: cameras.and_then(|text| serde_json::from_str(&text).ok()),
        begun: time(row.get(4)?),
        ended: row.get::<_, Option<i64>>(5)?.map(time),
        incidents,
        waiting,
        places,
        at_least: incidents >= COUNTED,
        severity: severity(gravest.filter(|code| *code >= 0).unwrap_or(row.get(7)?)),
        newest: newest.unwrap_or_default(),
        dissolved_by: row.get(6)?,
    })
}

fn all(
    db: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<FloodTold>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(values, |row| told(db, row))?;
    rows.collect()
}

fn one(db: &Connection, no: i64) -> rusqlite::Result<Option<FloodTold>> {
    let sql = format!("SELECT {COLUMNS} FROM flood f WHERE f.no = ?");
    db.prepare_cached(&sql)?.query_row([no], |row| told(db, row)).optional()
}

fn note(db: &Connection, site: &str) -> rusqlite::Result<()> {
    changes::note(db, "flood", site, (None, None))
}

/// An incident that came, as it waits now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Whose.
    pub site: String,
    /// As floods are found by it.
    pub arrival: Arrival,
    /// It stands in the queue by itself.
    pub alone: bool,
    /// What became of it, for the count: `shown`, `folded` or `shelved`.
    pub kind: &'static str,
}

impl Store {
    /// A flood.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn flood(&self, no: i64) -> Result<Option<FloodTold>, StoreError> {
        self.read(move |db| Ok(one(db, no)?)).await
    }

    /// Floods that go on or in which somebody waits, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn floods(&self) -> Result<Vec<FloodTold>, StoreError> {
        self.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM flood f INDEXED BY flood_unsettled WHERE f.settled = 0
                ORDER BY f.no DESC LIMIT {TOLD}"
            );
            Ok(all(db, &sql, [])?)
        })
        .await
    }

    /// Floods that began in a period, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn floods_between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<FloodTold>, StoreError> {
        self.read(move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM flood f INDEXED BY flood_begun WHERE f.begun >= ? AND f.begun < ?
                ORDER BY f.begun DESC LIMIT {TOLD}"
            );
            Ok(all(db, &sql, [ms(from), ms(to)])?)
        })
        .await
    }

    /// Incidents that came after the one of number `after`, at most so many.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newcomers(&self, after: i64, most: u32) -> Result<Vec<Newcomer>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT i.key, i.site, i.came, p.camera, i.judgement, i.shelf IS NOT NULL, i.flood IS NOT NULL
                FROM incident i JOIN place p ON p.key = i.place WHERE i.key > ? ORDER BY i.key LIMIT ?";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, most], |row| {
                let (shelved, folded) = (row.get(5)?, row.get(6)?);
                let kind = match (shelved, folded) {
                    (true, _) => "shelved",
                    (_, true) => "folded",
                    _ => "shown",
                };
                Ok(Newcomer {
                    site: row.get(1)?,
                    arrival: Arrival { key: row.get(0)?, at: row.get(2)?, camera: row.get(3)? },
                    alone: row.get::<_, i64>(4)? == NOT_JUDGED,
                    kind,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The number of the newest incident.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_incident(&self) -> Result<i64, StoreError> {
        self.read(|db| {
            let newest: Option<i64> =
                db.query_row("SELECT MAX(key) FROM incident", [], |r| r.get(0))?;
            Ok(newest.unwrap_or_default())
        })
        .await
    }

    /// What is known of a site that may be a cause of many incidents.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn signs(&self, site: String, now: Timestamp) -> Result<Signs, StoreError> {
        self.read(move |db| signs(db, &site, ms(now))).await
    }

    /// Folds a flood, unless what it is made of is judged by now. Is it one?
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn fold(
        &self,
        site: String,
        found: Found,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| fold(db, &site, &found, ms(now))).await
    }

    /// Ends floods of which little comes any more; closes those in which nobody waits. How many go on?
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn settle_floods(
        &self,
        now: Timestamp,
        is_over: fn(usize) -> bool,
    ) -> Result<u64, StoreError> {
        let due = self.read(move |db| due(db, ms(now), is_over)).await?;
        let Due { ended, settled, go_on } = due;
        if !ended.is_empty() || !settled.is_empty() {
            self.write(move |db| settle(db, &ended, &settled, ms(now))).await?;
        }
        Ok(go_on)
    }

    /// Gives one verdict to what waits in a flood up to incident number `newest`, a part of it: to how many; 0 when
    /// nobody is left.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn judge_flood(
        &self,
        (no, newest): (i64, i64),
        judging: Judging,
        by: Speaker,
    ) -> Result<usize, StoreError> {
        let judged = self.write(move |db| judge(db, (no, newest), &judging, &by)).await;
        self.post().send_modify(|count| *count += 1);
        judged
    }

    /// Takes the verdicts back that somebody gave to a flood in the last minutes, a part of them: how many; 0 when there
    /// are none left.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn undo_flood(&self, no: i64, by: Speaker) -> Result<usize, StoreError> {
        let undone = self.write(move |db| undo(db, no, &by)).await;
        self.post().send_modify(|count| *count += 1);
        undone
    }

    /// Says that a flood is none: what waits in it comes into the queue, a part of it: how many; 0 when none is left.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn dissolve(&self, no: i64, by: Speaker) -> Result<usize, StoreError> {
        self.write(move |db| dissolve(db, no, &by)).await
    }

    /// Notes in the audit what was done with a flood as a whole.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn note_flood(
        &self,
        (no, site): (i64, String),
        what: What,
        by: Speaker,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            by.acts(db)?;
            Ok(by.doer.notes(db, what, &no.to_string(), Some(&site))?)
        })
        .await
    }
}

fn signs(db: &Connection, site: &str, now: i64) -> Result<Signs, StoreError> {
    let time = |text: String| text.parse::<Timestamp>().ok().map(ms);
    let sql = "SELECT state ->> '$.disaster.since', back FROM box WHERE site = ?";
    let of_box = db.prepare_cached(sql)?.query_row([site], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i64>>(1)?))
    });
    let (disaster, box_back) = of_box.optional()?.unwrap_or_default();
    let sql = format!(
        "SELECT MAX(opened) FROM incident INDEXED BY incident_violation
        WHERE violation IN ({RAIN}) AND opened > ? AND site = ? AND judgement <> 2 AND state = 0"
    );
    let values = params![now - RAIN_MS, site];
    let rain: Option<i64> = db.prepare_cached(&sql)?.query_row(values, |row| row.get(0))?;
    let sql = "SELECT camera, back FROM camera WHERE site = ? AND back > ?";
    let mut statement = db.prepare_cached(sql)?;
    let back = statement
        .query_map(params![site, now - SPAN_MS], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let sql = "SELECT camera.camera, s.value ->> '$.since' FROM camera, json_each(camera.state, '$.suspensions') s
        WHERE camera.site = ? AND s.value ->> '$.reason' = 'moved'";
    let mut statement = db.prepare_cached(sql)?;
    let moved = statement.query_map([site], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut found = Vec::new();
    for row in moved {
        let (camera, since): (String, String) = row?;
        found.extend(time(since).map(|since| (camera, since)));
    }
    // Those that somebody found to be no cause are none for a while.
    let sql = "SELECT DISTINCT cause FROM flood INDEXED BY flood_begun WHERE begun > ? AND site = ? AND dissolved_by IS NOT NULL";
    let mut statement = db.prepare_cached(sql)?;
    let no_cause: Vec<String> = statement
        .query_map(params![now - DISSOLVED_MS, site], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let may = |cause: Cause| !no_cause.iter().any(|label| label == cause.label());
    Ok(Signs {
        disaster: disaster.and_then(time).filter(|_| may(Cause::Disaster)),
        rain: rain.filter(|_| may(Cause::Rain)),
        box_back: box_back.filter(|_| may(Cause::BoxBack)),
        cameras_back: if may(Cause::CamerasBack) { back } else { Vec::new() },
        moved: if may(Cause::CameraMoved) { found } else { Vec::new() },
    })
}

fn fold(db: &Connection, site: &str, found: &Found, now: i64) -> Result<bool, StoreError> {
    let sql = "SELECT severity FROM incident WHERE key = ? AND judgement = ?";
    let mut statement = db.prepare_cached(sql)?;
    let mut left = Vec::new();
    for key in &found.keys {
        let waits = statement.query_row([*key, NOT_JUDGED], |row| row.get::<_, i64>(0));
        left.extend(waits.optional()?.map(|severity| (*key, severity)));
    }
    // Somebody was faster: what is left is few.
    if left.len() * 2 < found.keys.len() {
        return Ok(false);
    }
    let Some(gravest) = left.iter().map(|(_, severity)| *severity).max() else { return Ok(false) };
    let sql = "INSERT INTO flood (site, cause, cameras, severity, begun) VALUES (?, ?, ?, ?, ?)";
    let cameras = found.cameras.as_ref().map(|cameras| json!(cameras).to_string());
    let values = params![site, found.cause.label(), cameras, gravest, now];
    db.prepare_cached(sql)?.execute(values)?;
    let no = db.last_insert_rowid();
    for (key, _) in left {
        rest::put(db, key, Rest::Flood(no))?;
    }
    note(db, site)?;
    Ok(true)
}

/// What is to be done with floods.
struct Due {
    /// These are over.
    ended: Vec<i64>,
    /// In these nobody waits any more.
    settled: Vec<i64>,
    go_on: u64,
}

fn due(db: &Connection, now: i64, is_over: fn(usize) -> bool) -> Result<Due, StoreError> {
    let sql = format!(
        "SELECT no, ended IS NOT NULL, begun,
            (SELECT COUNT(*) FROM (SELECT came FROM incident INDEXED BY incident_of_flood WHERE flood = f.no
                ORDER BY key DESC LIMIT 50) WHERE came > ?1),
            EXISTS (SELECT 1 FROM incident INDEXED BY incident_flood WHERE flood = f.no AND judgement = {FOLDED})
        FROM flood f INDEXED BY flood_unsettled WHERE settled = 0"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([now - SPAN_MS], |row| {
        let (no, over, begun): (i64, bool, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((no, over, begun, row.get::<_, u32>(3)? as usize, row.get::<_, bool>(4)?))
    })?;
    let mut due = Due { ended: Vec::new(), settled: Vec::new(), go_on: 0 };
    for row in rows {
        let (no, over, begun, lately, waits) = row?;
        let ends = !over && now - begun >= SPAN_MS && is_over(lately);
        due.go_on += u64::from(!over && !ends);
        if ends {
            due.ended.push(no);
        }
        if (over || ends) && !waits {
            due.settled.push(no);
        }
    }
    Ok(due)
}

fn settle(db: &Connection, ended: &[i64], settled: &[i64], now: i64) -> Result<(), StoreError> {
    for (numbers, set) in [(ended, "ended = COALESCE(ended, ?2)"), (settled, "settled = 1")] {
        let sql = format!("UPDATE flood SET {set} WHERE no = ?1 AND ?2 = ?2 RETURNING site");
        let mut statement = db.prepare_cached(&sql)?;
        for no in numbers {
            let site: String = statement.query_row([*no, now], |row| row.get(0))?;
            note(db, &site)?;
        }
    }
    Ok(())
}

/// Ids of what waits in a flood, with their newest revisions.
fn waiting(db: &Connection, no: i64, newest: i64) -> rusqlite::Result<Vec<(i64, String, u32)>> {
    let sql = "SELECT key, id, revision FROM incident INDEXED BY incident_flood
        WHERE flood = ? AND judgement = ? AND key <= ? ORDER BY key LIMIT ?";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![no, FOLDED, newest, PART], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    rows.collect()
}

fn judge(
    db: &Connection,
    (no, newest): (i64, i64),
    judging: &Judging,
    by: &Speaker,
) -> Result<usize, StoreError> {
    let found = waiting(db, no, newest)?;
    for (_, id, revision) in &found {
        // Nobody has judged it, and it is its newest revision: nothing can stand against it.
        let judging = Judging { revision: *revision, replaces: None, ..judging.clone() };
        verdicts::judge(db, id, &judging, by, Some(no))?;
    }
    if let Some(flood) = one(db, no)? {
        note(db, &flood.site)?;
    }
    Ok(found.len())
}

fn undo(db: &Connection, no: i64, by: &Speaker) -> Result<usize, StoreError> {
    let since = ms(by.doer.at) - verdicts::UNDO.as_millis() as i64;
    let sql = "SELECT i.id, v.no FROM incident i INDEXED BY incident_flood JOIN verdict v ON v.no = i.verdict
        WHERE i.flood = ?1 AND i.judgement IN (1, 2) AND v.flood = ?1 AND v.by = ?2 AND v.at >= ?3 LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![no, by.person.name, since, PART], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    let given: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
    let mut undone = 0;
    for (id, verdict) in &given {
        undone += usize::from(matches!(verdicts::undo(db, id, *verdict, by)?, Undone::Is(_)));
    }
    if let Some(flood) = one(db, no)? {
        db.prepare_cached("UPDATE flood SET settled = 0 WHERE no = ?")?.execute([no])?;
        note(db, &flood.site)?;
    }
    Ok(undone)
}

fn dissolve(db: &Connection, no: i64, by: &Speaker) -> Result<usize, StoreError> {
    let sql = "UPDATE flood SET dissolved_by = ?1, ended = COALESCE(ended, ?2) WHERE no = ?3";
    db.prepare_cached(sql)?.execute(params![by.person.name, ms(by.doer.at), no])?;
    let sql = "SELECT begun FROM flood WHERE no = ?";
    let begun = db.prepare_cached(sql)?.query_row([no], |row| row.get(0)).optional()?;
    let Some(begun) = begun else { return Ok(0) };
    let found = waiting(db, no, i64::MAX)?;
    for (key, _, _) in &found {
        rest::show(db, *key, begun, by.doer.at)?;
        // It is of none any more.
        db.prepare_cached("UPDATE incident SET flood = NULL WHERE key = ?")?.execute([key])?;
    }
    if let Some(flood) = one(db, no)? {
        note(db, &flood.site)?;
    }
    Ok(found.len())
}
