//! Rules that are kept out of the queue for a time (ISA-18.2 calls it shelving): with an end, a reason and a name.
//!
//! What comes meanwhile is kept, counted and found, and neither rings nor stands in the queue. What waits already goes
//! with it, a part in each commit. When a shelf ends, those come back that still go on.

use super::audit::What;
use super::changes;
use super::codes::{FOLDED, NOT_JUDGED, SHELVED, ms};
use super::error::StoreError;
use super::grades;
use super::handle::Store;
use super::rest::{self, Rest};
use super::rows;
use super::verdicts::Speaker;
use crate::model::ShelfTold;
use rusqlite::{Connection, OptionalExtension, Row, params};
use viahe_contract::time::Timestamp;

/// Incidents that are moved in one commit: others wait behind it.
const PART: i64 = 200;
/// Shelves that are told of those that are over.
const ENDED_TOLD: u32 = 50;
/// Shelves of a console that go on at the same time: of more nobody knows any more what is hidden.
const MOST: u32 = 500;

/// A rule that is to be shelved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelving {
    /// Whose.
    pub site: String,
    /// Which.
    pub rule: String,
    /// At this camera; empty for all of the site.
    pub camera: String,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shelved {
    /// It is shelved.
    Is(ShelfTold),
    /// It was already.
    Was(ShelfTold),
    /// There are too many already.
    TooMany,
    /// No incident of such a rule is known there.
    Nothing,
}

const COLUMNS: &str =
    "no, site, camera, rule, reason, by, display_name, begun, until, ended, ended_by,
    (SELECT COUNT(*) FROM incident INDEXED BY incident_shelf WHERE shelf = s.no)";

fn told(row: &Row) -> rusqlite::Result<ShelfTold> {
    let camera: String = row.get(2)?;
    let time = |ms: i64| super::codes::local(ms, 0).to_string();
    Ok(ShelfTold {
        no: row.get(0)?,
        site: row.get(1)?,
        camera: super::codes::some(camera),
        rule: row.get(3)?,
        reason: row.get(4)?,
        by: row.get(5)?,
        display_name: row.get(6)?,
        begun: time(row.get(7)?),
        until: time(row.get(8)?),
        ended: row.get::<_, Option<i64>>(9)?.map(time),
        ended_by: row.get(10)?,
        incidents: row.get(11)?,
    })
}

fn one(db: &Connection, no: i64) -> rusqlite::Result<Option<ShelfTold>> {
    let sql = format!("SELECT {COLUMNS} FROM shelf s WHERE no = ?");
    db.prepare_cached(&sql)?.query_row([no], told).optional()
}

/// The one that an incident was put on last.
pub(super) fn of(db: &Connection, key: i64) -> rusqlite::Result<Option<ShelfTold>> {
    let sql = "SELECT shelf FROM incident WHERE key = ?";
    let no: Option<i64> = db.prepare_cached(sql)?.query_row([key], |row| row.get(0))?;
    Ok(no.map(|no| one(db, no)).transpose()?.flatten())
}

/// Changes that a shelf began or ended.
fn note(db: &Connection, site: &str) -> rusqlite::Result<()> {
    changes::note(db, "shelf", site, (None, None))
}

impl Store {
    /// Shelves a rule.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn shelve(&self, shelving: Shelving, by: Speaker) -> Result<Shelved, StoreError> {
        self.write(move |db| shelve(db, &shelving, &by)).await
    }

    /// Ends a shelf before its time; none when it is not there. What is over stays over.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn unshelve(&self, no: i64, by: Speaker) -> Result<Option<ShelfTold>, StoreError> {
        self.write(move |db| unshelve(db, no, &by)).await
    }

    /// A shelf.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shelf(&self, no: i64) -> Result<Option<ShelfTold>, StoreError> {
        self.read(move |db| Ok(one(db, no)?)).await
    }

    /// Shelves that go on, those that end first first; then some of those that ended last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shelves(&self) -> Result<Vec<ShelfTold>, StoreError> {
        self.read(|db| {
            let on =
                format!("SELECT {COLUMNS} FROM shelf s WHERE ended IS NULL ORDER BY until, no");
            let over = format!(
                "SELECT {COLUMNS} FROM shelf s INDEXED BY shelf_ended WHERE ended IS NOT NULL
                ORDER BY ended DESC LIMIT {ENDED_TOLD}"
            );
            let mut found = Vec::new();
            for sql in [on, over] {
                let mut statement = db.prepare_cached(&sql)?;
                for row in statement.query_map([], told)? {
                    found.push(row?);
                }
            }
            Ok(found)
        })
        .await
    }

    /// How many go on, and when the next one ends.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shelves_going_on(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        self.read(|db| {
            let sql =
                "SELECT COUNT(*), MIN(until) FROM shelf INDEXED BY shelf_rule WHERE ended IS NULL";
            Ok(db.query_row(sql, [], |row| {
                let end: Option<i64> = row.get(1)?;
                let end = end.map(|ms| Timestamp(ms.max(0) as u64 * 1_000_000));
                Ok((row.get::<_, i64>(0)? as u64, end))
            })?)
        })
        .await
    }

    /// Ends shelves whose time has come, and moves a part of what is to be moved. Is there more to do?
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn settle_shelves(&self, now: Timestamp) -> Result<bool, StoreError> {
        let due = self.read(move |db| {
            let sql = "SELECT EXISTS (SELECT 1 FROM shelf INDEXED BY shelf_unsettled WHERE settled = 0)
                OR EXISTS (SELECT 1 FROM shelf INDEXED BY shelf_rule WHERE ended IS NULL AND until <= ?)";
            Ok(db.prepare_cached(sql)?.query_row([ms(now)], |row| row.get(0))?)
        });
        // Each commit wakes who asks: nothing is written where nothing is to be done.
        if !due.await? {
            return Ok(false);
        }
        self.write(move |db| settle(db, now)).await
    }
}

fn shelve(db: &Connection, shelving: &Shelving, by: &Speaker) -> Result<Shelved, StoreError> {
    let Shelving { site, rule, camera, until, reason } = shelving;
    let now = ms(by.doer.at);
    if db.prepare_cached(grades::TITLE)?.query_row([site, rule], |_| Ok(())).optional()?.is_none() {
        return Ok(Shelved::Nothing);
    }
    let sql =
        "SELECT no FROM shelf INDEXED BY shelf_rule WHERE site = ? AND rule = ? AND ended IS NULL
        AND camera IN ('', ?) AND until > ?";
    let before = db.prepare_cached(sql)?.query_row(params![site, rule, camera, now], |r| r.get(0));
    if let Some(was) = before.optional()?.map(|no| one(db, no)).transpose()?.flatten() {
        return Ok(Shelved::Was(was));
    }
    let sql = "SELECT COUNT(*) FROM shelf INDEXED BY shelf_rule WHERE ended IS NULL";
    if db.prepare_cached(sql)?.query_row([], |row| row.get::<_, u32>(0))? >= MOST {
        return Ok(Shelved::TooMany);
    }
    let sql = "INSERT INTO shelf (site, rule, camera, reason, by, display_name, begun, until)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let person = &by.person;
    let values =
        params![site, rule, camera, reason, person.name, person.display_name, now, ms(*until)];
    db.prepare_cached(sql)?.execute(values)?;
    let no = db.last_insert_rowid();
    by.acts(db)?;
    by.doer.notes(db, What::Shelved, &about(rule, camera), Some(site))?;
    note(db, site)?;
    // Those that wait go at once, when they are not many.
    settle(db, by.doer.at)?;
    Ok(one(db, no)?.map_or(Shelved::Nothing, Shelved::Is))
}

fn about(rule: &str, camera: &str) -> String {
    if camera.is_empty() { rule.to_owned() } else { format!("{camera}/{rule}") }
}

fn unshelve(db: &Connection, no: i64, by: &Speaker) -> Result<Option<ShelfTold>, StoreError> {
    let Some(shelf) = one(db, no)? else { return Ok(None) };
    if shelf.ended.is_some() {
        return Ok(Some(shelf));
    }
    let sql = "UPDATE shelf SET ended = ?, ended_by = ?, settled = 0 WHERE no = ?";
    db.prepare_cached(sql)?.execute(params![ms(by.doer.at), by.person.name, no])?;
    by.acts(db)?;
    let about = about(&shelf.rule, shelf.camera.as_deref().unwrap_or_default());
    by.doer.notes(db, What::Unshelved, &about, Some(&shelf.site))?;
    note(db, &shelf.site)?;
    settle(db, by.doer.at)?;
    Ok(one(db, no)?)
}

/// Is there more to do?
fn settle(db: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    let over = "UPDATE shelf SET ended = until, settled = 0 WHERE ended IS NULL AND until <= ? RETURNING site";
    let mut statement = db.prepare_cached(over)?;
    let sites: Vec<String> =
        statement.query_map([ms(now)], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for site in sites {
        note(db, &site)?;
    }
    let sql = "SELECT no, site, rule, camera, begun, ended IS NOT NULL FROM shelf INDEXED BY shelf_unsettled
        WHERE settled = 0 ORDER BY no LIMIT 1";
    let next = db.prepare_cached(sql)?.query_row([], |row| {
        let rule = [row.get::<_, String>(1)?, row.get(2)?, row.get(3)?];
        Ok((row.get::<_, i64>(0)?, rule, row.get::<_, i64>(4)?, row.get::<_, bool>(5)?))
    });
    let Some((no, [site, rule, camera], begun, ended)) = next.optional()? else { return Ok(false) };
    let moved = if ended {
        give_back(db, (no, begun), now)?
    } else {
        take_out(db, no, [&site, &rule, &camera])?
    };
    if moved < PART as usize {
        db.prepare_cached("UPDATE shelf SET settled = 1 WHERE no = ?")?.execute([no])?;
    }
    let more = "SELECT EXISTS (SELECT 1 FROM shelf INDEXED BY shelf_unsettled WHERE settled = 0)";
    Ok(db.prepare_cached(more)?.query_row([], |row| row.get(0))?)
}

/// What waits goes onto the shelf.
fn take_out(
    db: &Connection,
    no: i64,
    [site, rule, camera]: [&str; 3],
) -> Result<usize, StoreError> {
    let sql = "SELECT i.key FROM incident i INDEXED BY incident_rule JOIN place p ON p.key = i.place
        WHERE i.site = ?1 AND i.rule = ?2 AND i.judgement IN (?3, ?4) AND (?5 = '' OR p.camera = ?5) LIMIT ?6";
    let keys = rows::keys(db, sql, params![site, rule, NOT_JUDGED, FOLDED, camera, PART])?;
    for key in &keys {
        rest::put(db, *key, Rest::Shelf(no))?;
    }
    Ok(keys.len())
}

/// What still goes on comes back from it; what is over stays, and is found.
fn give_back(
    db: &Connection,
    (no, begun): (i64, i64),
    now: Timestamp,
) -> Result<usize, StoreError> {
    let sql = "SELECT key FROM incident INDEXED BY incident_shelf WHERE shelf = ?1 AND judgement = ?2 AND state = 0 LIMIT ?3";
    let keys = rows::keys(db, sql, params![no, SHELVED, PART])?;
    for key in &keys {
        rest::show(db, *key, begun, now)?;
    }
    Ok(keys.len())
}
