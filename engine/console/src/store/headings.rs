//! What incidents are told under: place, violation, rule, title and where on the earth. There are thousands of them,
//! however many incidents there are.

use super::words;
use rusqlite::{Connection, OptionalExtension, params};
use viahe_contract::place::Position;

/// What an incident is told under.
pub(super) struct Heading<'a> {
    pub(super) place: i64,
    pub(super) violation: &'a str,
    pub(super) rule: &'a str,
    pub(super) title: &'a str,
    pub(super) position: Option<Position>,
}

/// The spot of what is nowhere.
const NOWHERE: i64 = 0;

/// Its key; it is kept if it is new.
pub(super) fn keep(db: &Connection, heading: &Heading) -> rusqlite::Result<i64> {
    let Heading { place, violation, rule, title, position } = heading;
    let spot = position.map_or(Ok(NOWHERE), |position| keep_spot(db, position))?;
    let values = params![place, violation, rule, title, spot];
    let find = "SELECT key FROM heading WHERE place = ? AND violation = ? AND rule = ? AND title = ? AND spot = ?";
    let found = db.prepare_cached(find)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(key) = found {
        return Ok(key);
    }
    let add = "INSERT INTO heading (place, violation, rule, title, spot) VALUES (?, ?, ?, ?, ?)";
    db.prepare_cached(add)?.execute(values)?;
    let key = db.last_insert_rowid();
    words::of_heading(db, key)?;
    Ok(key)
}

/// The key of a point, which is kept if it is new.
fn keep_spot(db: &Connection, Position { lat, lon }: Position) -> rusqlite::Result<i64> {
    let find = "SELECT key FROM spot WHERE lat = ? AND lon = ?";
    let found = db.prepare_cached(find)?.query_row([lat, lon], |row| row.get(0)).optional()?;
    if let Some(key) = found {
        return Ok(key);
    }
    db.prepare_cached("INSERT INTO spot (lat, lon) VALUES (?, ?)")?.execute([lat, lon])?;
    Ok(db.last_insert_rowid())
}
