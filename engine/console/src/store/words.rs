//! The words by which an incident is found.

use crate::text;
use rusqlite::{Connection, Row, params};

/// Writes them anew, from what is kept.
pub(super) fn index(db: &Connection, key: i64) -> rusqlite::Result<()> {
    let sql = "SELECT i.title, i.violation, i.rule, i.id, p.site, p.camera, p.zone, p.camera_name, p.place_name,
            (SELECT GROUP_CONCAT(note, ' ') FROM verdict WHERE incident = i.key),
            (SELECT GROUP_CONCAT(note, ' ') FROM escalation WHERE incident = i.key)
        FROM incident i JOIN place p ON p.key = i.place WHERE i.key = ?";
    let joined = |row: &Row| {
        let parts = (0..11).map(|n| row.get::<_, Option<String>>(n));
        let parts: Vec<Option<String>> = parts.collect::<Result<_, _>>()?;
        Ok(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    };
    let words: String = db.prepare_cached(sql)?.query_row([key], joined)?;
    db.prepare_cached("DELETE FROM incident_text WHERE rowid = ?")?.execute([key])?;
    let add = "INSERT INTO incident_text (rowid, words) VALUES (?, ?)";
    db.prepare_cached(add)?.execute(params![key, text::folded(&words)])?;
    Ok(())
}
