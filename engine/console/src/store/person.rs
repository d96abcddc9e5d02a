//! People as they are kept. Nobody is removed: the audit names them.

use super::rows;
use crate::config::Language;
use crate::model::{Role, Scope};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// Somebody, with what only the store and those who manage people see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPerson {
    /// Unique, for ever.
    pub name: Name,
    /// What others see.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// In which language it reads.
    pub language: Language,
    /// Since when it is known.
    pub created: Timestamp,
    /// When it logged in last.
    pub last_login: Option<Timestamp>,
    /// Since when it may not log in.
    pub ended: Option<Timestamp>,
}

const COLUMNS: &str =
    "name, display_name, role, sites, language, created, last_login, ended, password";

fn kept(row: &Row<'_>) -> rusqlite::Result<KeptPerson> {
    Ok(KeptPerson {
        name: rows::parsed(row, 0)?,
        display_name: row.get(1)?,
        role: rows::role(row, 2)?,
        scope: rows::scope(row, 3)?,
        language: language(&row.get::<_, String>(4)?),
        created: rows::time(row, 5)?,
        last_login: rows::time_if_any(row, 6)?,
        ended: rows::time_if_any(row, 7)?,
    })
}

/// As it is kept; whatever else stands there is read as the default.
fn language(text: &str) -> Language {
    match text {
        "en" => Language::En,
        _ => Language::Vi,
    }
}

fn language_text(language: Language) -> &'static str {
    match language {
        Language::Vi => "vi",
        Language::En => "en",
    }
}

/// Everybody, by name.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<KeptPerson>> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM person ORDER BY name"))?;
    statement.query_map([], kept)?.collect()
}

/// Who has this name, and the password as it is kept.
pub(super) fn find(db: &Connection, name: &Name) -> rusqlite::Result<Option<(KeptPerson, String)>> {
    let sql = format!("SELECT {COLUMNS} FROM person WHERE name = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_row([name.as_str()], |row| Ok((kept(row)?, row.get(8)?)));
    found.optional()
}

/// Has a person or a token this name? Both are named in the audit.
pub(super) fn is_taken(db: &Connection, name: &Name) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM person WHERE name = ?1 UNION ALL SELECT 1 FROM token WHERE name = ?1)";
    db.prepare_cached(sql)?.query_row([name.as_str()], |row| row.get(0))
}

/// Adds somebody, with a password as it is kept.
pub(super) fn add(db: &Connection, person: &KeptPerson, password: &str) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO person (name, display_name, role, sites, language, password, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        person.name.as_str(),
        person.display_name,
        person.role.label(),
        rows::scope_text(&person.scope),
        language_text(person.language),
        password,
        rows::nanos(person.created),
    ])?;
    Ok(())
}

/// Keeps what may change of somebody.
pub(super) fn change(db: &Connection, person: &KeptPerson) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "UPDATE person SET display_name = ?2, role = ?3, sites = ?4, language = ?5, ended = ?6
         WHERE name = ?1",
    )?;
    statement.execute(params![
        person.name.as_str(),
        person.display_name,
        person.role.label(),
        rows::scope_text(&person.scope),
        language_text(person.language),
        person.ended.map(rows::nanos),
    ])?;
    Ok(())
}

/// Keeps another password, or the same one in another way.
pub(super) fn set_password(db: &Connection, name: &Name, password: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE person SET password = ?2 WHERE name = ?1";
    db.prepare_cached(sql)?.execute([name.as_str(), password])?;
    Ok(())
}

/// Somebody logged in.
pub(super) fn logged_in(db: &Connection, name: &Name, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE person SET last_login = ?2 WHERE name = ?1";
    db.prepare_cached(sql)?.execute(params![name.as_str(), rows::nanos(now)])?;
    Ok(())
}

/// Is there an admin besides `name` who can log in?
pub(super) fn other_admin(db: &Connection, name: &Name) -> rusqlite::Result<bool> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM person WHERE role = ?2 AND ended IS NULL AND name <> ?1)";
    db.prepare_cached(sql)?.query_row([name.as_str(), Role::Admin.label()], |row| row.get(0))
}
