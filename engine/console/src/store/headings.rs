//! What incidents are told under: place, violation, rule and title. There are thousands of them, however many
//! incidents there are.

use super::words;
use rusqlite::{Connection, OptionalExtension, params};

/// What an incident is told under.
pub(super) struct Heading<'a> {
    pub(super) place: i64,
    pub(super) violation: &'a str,
    pub(super) rule: &'a str,
    pub(super) title: &'a str,
}

/// Its key; it is kept if it is new.
pub(super) fn keep(db: &Connection, heading: &Heading) -> rusqlite::Result<i64> {
    let Heading { place, violation, rule, title } = heading;
    let values = params![place, violation, rule, title];
    let find =
        "SELECT key FROM heading WHERE place = ? AND violation = ? AND rule = ? AND title = ?";
    let found = db.prepare_cached(find)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(key) = found {
        return Ok(key);
    }
    let add = "INSERT INTO heading (place, violation, rule, title) VALUES (?, ?, ?, ?)";
    db.prepare_cached(add)?.execute(values)?;
    let key = db.last_insert_rowid();
    words::of_heading(db, key)?;
    Ok(key)
}
