//! Where incidents wait that nobody has judged: in the queue, on a shelf, in a flood.

use super::changes;
use super::codes::{FOLDED, NOT_JUDGED, SHELVED, ms};
use super::error::StoreError;
use super::showing::{self, Showing};
use super::tally::{self, Cell};
use crate::model::PlaceId;
use rusqlite::{Connection, OptionalExtension, params};
use viahe_contract::time::Timestamp;

/// Where it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// In the queue.
    Queue,
    /// On the shelf of this number.
    Shelf(i64),
    /// In the flood of this number.
    Flood(i64),
}

impl Rest {
    /// As it stands in the column of judgements.
    pub(super) fn code(self) -> i64 {
        match self {
            Self::Queue => NOT_JUDGED,
            Self::Shelf(_) => SHELVED,
            Self::Flood(_) => FOLDED,
        }
    }
}

/// The shelf that keeps a camera's rule out of the queue.
fn shelf_of(
    db: &Connection,
    place: &PlaceId,
    rule: &str,
    at: i64,
) -> rusqlite::Result<Option<i64>> {
    let sql =
        "SELECT no FROM shelf INDEXED BY shelf_rule WHERE site = ? AND rule = ? AND ended IS NULL
        AND camera IN ('', ?) AND begun <= ? AND until > ? ORDER BY no LIMIT 1";
    let values = params![place.site, rule, place.camera, at, at];
    db.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()
}

/// The flood that a new incident comes into: none that is less grave than it.
fn flood_of(db: &Connection, place: &PlaceId, severity: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT no FROM flood INDEXED BY flood_goes_on WHERE site = ?1 AND ended IS NULL AND severity >= ?3
        AND (cameras IS NULL OR EXISTS (SELECT 1 FROM json_each(cameras) WHERE value = ?2))
        ORDER BY cameras IS NULL, no LIMIT 1";
    let values = params![place.site, place.camera, severity];
    db.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()
}

/// Where a new incident waits.
pub(super) fn of_new(
    db: &Connection,
    place: &PlaceId,
    (rule, severity): (&str, i64),
    came: Timestamp,
) -> rusqlite::Result<Rest> {
    if let Some(shelf) = shelf_of(db, place, rule, ms(came))? {
        return Ok(Rest::Shelf(shelf));
    }
    Ok(flood_of(db, place, severity)?.map_or(Rest::Queue, Rest::Flood))
}

/// Notes when a new incident came and where it waits, and counts it.
pub(super) fn came(
    db: &Connection,
    (key, site): (i64, &str),
    rest: Rest,
    came: Timestamp,
) -> rusqlite::Result<()> {
    keep(db, key, rest)?;
    let sql = "UPDATE incident SET came = ? WHERE key = ?";
    db.prepare_cached(sql)?.execute(params![ms(came), key])?;
    let what = match rest {
        Rest::Queue => Showing::Came,
        Rest::Shelf(_) => Showing::CameShelved,
        Rest::Flood(_) => Showing::CameFolded,
    };
    showing::count(db, site, what, came)
}

/// Has an incident wait again whose verdict was taken back; where.
pub(super) fn again(
    db: &Connection,
    key: i64,
    place: &PlaceId,
    now: Timestamp,
) -> rusqlite::Result<Rest> {
    let sql = "SELECT rule, flood FROM incident WHERE key = ?";
    let read = |row: &rusqlite::Row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?));
    let (rule, flood) = db.prepare_cached(sql)?.query_row([key], read)?;
    let shelf = shelf_of(db, place, &rule, ms(now))?;
    let rest = shelf.map(Rest::Shelf).or(flood.map(Rest::Flood)).unwrap_or(Rest::Queue);
    // The shelf may have begun while it was judged.
    keep(db, key, rest)?;
    Ok(rest)
}

fn keep(db: &Connection, key: i64, rest: Rest) -> rusqlite::Result<()> {
    let (shelf, flood) = match rest {
        Rest::Queue => return Ok(()),
        Rest::Shelf(no) => (Some(no), None),
        Rest::Flood(no) => (None, Some(no)),
    };
    let sql =
        "UPDATE incident SET shelf = COALESCE(?, shelf), flood = COALESCE(?, flood) WHERE key = ?";
    db.prepare_cached(sql)?.execute(params![shelf, flood, key])?;
    Ok(())
}

/// Has an incident wait elsewhere. False when somebody has judged it, or it waits there already.
pub(super) fn put(db: &Connection, key: i64, rest: Rest) -> Result<bool, StoreError> {
    let sql = "SELECT i.id, i.judgement, i.heading, i.state, i.severity, i.opened, p.site, p.camera, p.zone
        FROM incident i JOIN place p ON p.key = i.place WHERE i.key = ?";
    let (id, cell, opened, place) = db.prepare_cached(sql)?.query_row([key], |row| {
        let cell = Cell {
            judgement: row.get(1)?,
            heading: row.get(2)?,
            state: row.get(3)?,
            severity: row.get(4)?,
        };
        let place = PlaceId { site: row.get(6)?, camera: row.get(7)?, zone: row.get(8)? };
        Ok((row.get::<_, String>(0)?, cell, row.get(5)?, place))
    })?;
    let waits = [NOT_JUDGED, SHELVED, FOLDED].contains(&cell.judgement);
    if !waits || cell.judgement == rest.code() {
        return Ok(false);
    }
    let sql = "UPDATE incident SET judgement = ? WHERE key = ?";
    db.prepare_cached(sql)?.execute(params![rest.code(), key])?;
    keep(db, key, rest)?;
    tally::leave(db, &cell)?;
    tally::enter(db, &Cell { judgement: rest.code(), ..cell }, opened)?;
    changes::note(db, "incident", &place.site, (Some(&id), Some(&place)))?;
    Ok(true)
}

/// Has an incident that came after `begun` show itself in the queue; others did already.
pub(super) fn show(
    db: &Connection,
    key: i64,
    begun: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT site FROM incident WHERE key = ? AND came >= ?";
    let first = db.prepare_cached(sql)?.query_row([key, begun], |row| row.get::<_, String>(0));
    if let (true, Some(site)) = (put(db, key, Rest::Queue)?, first.optional()?) {
        showing::count(db, &site, Showing::Shows, now)?;
    }
    Ok(())
}
