//! What rows of several tables have in common.

use crate::model::{Role, Scope};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use std::time::Duration;
use viahe_contract::time::Timestamp;

/// When a session or token was used last is kept that exactly: not each request writes.
const EXACT: Duration = Duration::from_mins(1);

/// Is it to be kept that what was `used` then is used `now`? A clock that was set back makes nothing older.
pub(super) fn is_due(used: Timestamp, now: Timestamp) -> bool {
    now.since(used) >= EXACT || now < used
}

/// A time as it is kept: nanoseconds since 1970.
pub(super) fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// The time in column `n`.
pub(super) fn time(row: &Row<'_>, n: usize) -> rusqlite::Result<Timestamp> {
    row.get::<_, i64>(n).map(|ns| Timestamp(ns.max(0).unsigned_abs()))
}

/// The time in column `n`, if there is one.
pub(super) fn time_if_any(row: &Row<'_>, n: usize) -> rusqlite::Result<Option<Timestamp>> {
    let ns: Option<i64> = row.get(n)?;
    Ok(ns.map(|ns| Timestamp(ns.max(0).unsigned_abs())))
}

/// A value that is kept as text, in column `n`.
pub(super) fn parsed<T: TryFrom<String, Error = String>>(
    row: &Row<'_>,
    n: usize,
) -> rusqlite::Result<T> {
    T::try_from(row.get::<_, String>(n)?).map_err(|error| wrong(n, error))
}

/// The role in column `n`.
pub(super) fn role(row: &Row<'_>, n: usize) -> rusqlite::Result<Role> {
    let text: String = row.get(n)?;
    text.parse().map_err(|error: String| wrong(n, error))
}

/// The scope in column `n`: a list in JSON, or nothing for all sites.
pub(super) fn scope(row: &Row<'_>, n: usize) -> rusqlite::Result<Scope> {
    let text: Option<String> = row.get(n)?;
    let sites = text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(sites.map_err(|error| wrong(n, error.to_string()))?.map_or(Scope::All, Scope::Sites))
}

/// A scope as it is kept.
pub(super) fn scope_text(scope: &Scope) -> Option<String> {
    match scope {
        Scope::All => None,
        Scope::Sites(sites) => Some(serde_json::json!(sites).to_string()),
    }
}

fn wrong(n: usize, error: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(n, Type::Text, error.into())
}

/// Numbers of the first column.
pub(super) fn keys(
    db: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<i64>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(values, |row| row.get(0))?;
    rows.collect()
}
