//! The words by which incidents are found.

use super::rows::keys;
use crate::text;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

/// Incidents of a place whose words follow its new name: the newest. Judgement: a place is renamed rarely and by
/// hand, and the thread that writes is not to be held up.
const RENAMED_MAX: u32 = 1_000;

/// Columns of a heading `h` and its place `p`.
const COLUMNS: &str =
    "h.title, h.violation, h.rule, p.site, p.camera, p.zone, p.camera_name, p.place_name";

/// Writes the words of a heading anew.
pub(super) fn of_heading(db: &Connection, key: i64) -> rusqlite::Result<()> {
    let sql =
        format!("SELECT {COLUMNS} FROM heading h JOIN place p ON p.key = h.place WHERE h.key = ?");
    let words = db.prepare_cached(&sql)?.query_row([key], |row| joined(row, 8))?;
    write(db, ("heading_text", "words"), key, &[&words])
}

/// Writes the words of an incident anew, if somebody wrote notes on it.
pub(super) fn of_notes(db: &Connection, key: i64) -> rusqlite::Result<()> {
    let notes = "SELECT (SELECT GROUP_CONCAT(note, ' ') FROM verdict WHERE incident = ?1),
        (SELECT GROUP_CONCAT(note, ' ') FROM escalation WHERE incident = ?1)";
    let notes = db.prepare_cached(notes)?.query_row([key], |row| joined(row, 2))?;
    if notes.trim().is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM incident i JOIN heading h ON h.key = i.heading JOIN place p ON p.key = h.place
        WHERE i.key = ?"
    );
    let words = db.prepare_cached(&sql)?.query_row([key], |row| joined(row, 8))?;
    write(db, ("note_text", "heading, notes"), key, &[&words, &notes])
}

/// Writes all that holds the names of a place anew.
pub(super) fn of_place(db: &Connection, place: i64) -> rusqlite::Result<()> {
    for key in keys(db, "SELECT key FROM heading WHERE place = ?", [place])? {
        of_heading(db, key)?;
    }
    let newest = "SELECT key FROM incident INDEXED BY incident_place WHERE place = ?
        ORDER BY opened DESC LIMIT ?";
    for key in keys(db, newest, params![place, RENAMED_MAX])? {
        of_notes(db, key)?;
    }
    Ok(())
}

/// Writes all words, where there are none yet: in a database of an earlier version.
pub(super) fn fill(db: &mut Connection) -> rusqlite::Result<()> {
    let is_there = "SELECT EXISTS (SELECT 1 FROM heading) <= EXISTS (SELECT 1 FROM heading_text)";
    if db.query_row(is_there, [], |row| row.get(0))? {
        return Ok(());
    }
    let tx = db.transaction()?;
    for key in keys(&tx, "SELECT key FROM heading", [])? {
        of_heading(&tx, key)?;
    }
    let noted = "SELECT incident FROM verdict UNION SELECT incident FROM escalation";
    for key in keys(&tx, noted, [])? {
        of_notes(&tx, key)?;
    }
    tx.commit()
}

/// The first `columns`, those that are there, as one text.
fn joined(row: &Row, columns: usize) -> rusqlite::Result<String> {
    let parts = (0..columns).map(|n| row.get::<_, Option<String>>(n));
    let parts: Vec<Option<String>> = parts.collect::<Result<_, _>>()?;
    Ok(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn write(
    db: &Connection,
    (table, columns): (&str, &str),
    key: i64,
    words: &[&str],
) -> rusqlite::Result<()> {
    db.prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?"))?.execute([key])?;
    let places = ", ?".repeat(words.len());
    let add = format!("INSERT INTO {table} (rowid, {columns}) VALUES (?{places})");
    let words = words.iter().map(|words| Value::from(text::folded(words)));
    let values = std::iter::once(Value::from(key)).chain(words);
    db.prepare_cached(&add)?.execute(params_from_iter(values))?;
    Ok(())
}
