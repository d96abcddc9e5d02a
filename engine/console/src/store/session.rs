//! Sessions: who holds the secret of one is the person, for a time.

use super::pass::Held;
use super::rows;
use crate::model::Person;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// Unused for so long, a session has ended: a shift.
const IDLE: Duration = Duration::from_hours(8);
/// A session ends after this, however much it is used.
pub const SESSION_MAX: Duration = Duration::from_hours(7 * 24);
/// Sessions of one person; the oldest ends when there are more.
const MOST: u32 = 20;

/// Whose session this is, as that person is now.
pub(super) fn find(db: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Option<Held>> {
    let mut statement = db.prepare_cached(
        "SELECT session.created, used, name, display_name, role, sites
         FROM session JOIN person ON name = person WHERE hash = ?1 AND ended IS NULL",
    )?;
    let found = statement.query_row([hash], |row| {
        let (created, used) = (rows::time(row, 0)?, rows::time(row, 1)?);
        let person = Person {
            name: row.get(2)?,
            display_name: row.get(3)?,
            role: rows::role(row, 4)?,
            scope: rows::scope(row, 5)?,
        };
        let until = created.plus(SESSION_MAX).min(used.plus(IDLE));
        Ok(Held { person, used: Some(used), until: Some(until) })
    });
    found.optional()
}

/// A new session of `name`. Those that are over go, and the oldest of too many.
pub(super) fn begin(
    db: &Connection,
    hash: &[u8; 32],
    name: &Name,
    address: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let ago = |by: Duration| rows::nanos(now).saturating_sub(by.as_nanos() as i64);
    db.prepare_cached("DELETE FROM session WHERE created <= ?1 OR used <= ?2")?
        .execute([ago(SESSION_MAX), ago(IDLE)])?;
    db.prepare_cached(
        "INSERT INTO session (hash, person, created, used, address) VALUES (?1, ?2, ?3, ?3, ?4)",
    )?
    .execute(params![hash, name.as_str(), rows::nanos(now), address])?;
    db.prepare_cached(
        "DELETE FROM session WHERE person = ?1 AND hash <> ?2 AND hash NOT IN
         (SELECT hash FROM session WHERE person = ?1 ORDER BY used DESC LIMIT ?3)",
    )?
    .execute(params![name.as_str(), hash, MOST])?;
    Ok(())
}

/// It was used.
pub(super) fn touch(db: &Connection, hash: &[u8; 32], now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE session SET used = ?2 WHERE hash = ?1";
    db.prepare_cached(sql)?.execute(params![hash, rows::nanos(now)])?;
    Ok(())
}

/// It ends.
pub(super) fn end(db: &Connection, hash: &[u8; 32]) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM session WHERE hash = ?1")?.execute([hash])?;
    Ok(())
}

/// All of somebody's sessions end: at another password, and when somebody may log in no more.
pub(super) fn end_all(db: &Connection, name: &Name) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM session WHERE person = ?1")?.execute([name.as_str()])?;
    Ok(())
}
