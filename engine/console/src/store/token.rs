//! Tokens of machines, of which the hash is kept.

use super::pass::Held;
use super::rows;
use crate::model::{Person, Role, Scope};
use rusqlite::{Connection, OptionalExtension as _, params};
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// A token as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptToken {
    /// By which it is revoked.
    pub id: i64,
    /// By which the audit names it: no person has it.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// Since when.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was used last.
    pub used: Option<Timestamp>,
    /// Since when it is none any more.
    pub ended: Option<Timestamp>,
}

/// All tokens, the newest first.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<KeptToken>> {
    let mut statement = db.prepare_cached(
        "SELECT id, name, role, sites, created, created_by, used, ended
         FROM token ORDER BY id DESC",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(KeptToken {
            id: row.get(0)?,
            name: rows::parsed(row, 1)?,
            role: rows::role(row, 2)?,
            scope: rows::scope(row, 3)?,
            created: rows::time(row, 4)?,
            created_by: row.get(5)?,
            used: rows::time_if_any(row, 6)?,
            ended: rows::time_if_any(row, 7)?,
        })
    })?;
    rows.collect()
}

/// A new one; gives its number.
pub(super) fn add(db: &Connection, token: &KeptToken, hash: &[u8; 32]) -> rusqlite::Result<i64> {
    let mut statement = db.prepare_cached(
        "INSERT INTO token (name, hash, role, sites, created, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.insert(params![
        token.name.as_str(),
        hash,
        token.role.label(),
        rows::scope_text(&token.scope),
        rows::nanos(token.created),
        token.created_by,
    ])
}

/// Ends one; its name if it went on until now.
pub(super) fn revoke(db: &Connection, id: i64, now: Timestamp) -> rusqlite::Result<Option<String>> {
    let sql = "UPDATE token SET ended = ?2 WHERE id = ?1 AND ended IS NULL RETURNING name";
    let mut statement = db.prepare_cached(sql)?;
    statement.query_row([id, rows::nanos(now)], |row| row.get(0)).optional()
}

/// A token that is said.
pub(super) fn find(db: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Option<Held>> {
    let mut statement = db.prepare_cached(
        "SELECT name, role, sites, used FROM token WHERE hash = ?1 AND ended IS NULL",
    )?;
    let found = statement.query_row([hash], |row| {
        let name: String = row.get(0)?;
        let (role, scope) = (rows::role(row, 1)?, rows::scope(row, 2)?);
        let person = Person { display_name: name.clone(), name, role, scope };
        Ok(Held { person, used: rows::time_if_any(row, 3)?, until: None })
    });
    found.optional()
}

/// It was used.
pub(super) fn touch(db: &Connection, hash: &[u8; 32], now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE token SET used = ?2 WHERE hash = ?1";
    db.prepare_cached(sql)?.execute(params![hash, rows::nanos(now)])?;
    Ok(())
}
