//! How many incidents of a place are alike, kept with each commit: a queue counts cells, of which there are
//! as many as places and kinds, and not incidents, of which there are millions.

use rusqlite::{Connection, params};

/// Incidents that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) judgement: i64,
    pub(super) place: i64,
    pub(super) state: i64,
    pub(super) severity: i64,
    pub(super) violation: String,
}

/// The row of the incident says already where it is.
pub(super) fn enter(db: &Connection, cell: &Cell, opened: i64) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO tally (judgement, place, state, severity, violation, count, first, newest)
        VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6) ON CONFLICT DO UPDATE
        SET count = count + 1, first = MIN(first, ?6), newest = MAX(newest, ?6)";
    let Cell { judgement, place, state, severity, violation } = cell;
    db.prepare_cached(sql)?
        .execute(params![judgement, place, state, severity, violation, opened])?;
    Ok(())
}

/// The row of the incident is no longer here.
pub(super) fn leave(db: &Connection, cell: &Cell) -> rusqlite::Result<()> {
    const WHERE: &str =
        "judgement = ?1 AND place = ?2 AND state = ?3 AND severity = ?4 AND violation = ?5";
    let Cell { judgement, place, state, severity, violation } = cell;
    let all = params![judgement, place, state, severity, violation];
    let drop = format!("DELETE FROM tally WHERE {WHERE} AND count <= 1");
    if db.prepare_cached(&drop)?.execute(all)? > 0 {
        return Ok(());
    }
    let end = |what| format!("(SELECT {what}(opened) FROM incident WHERE {WHERE})");
    let less = format!(
        "UPDATE tally SET count = count - 1, first = {}, newest = {} WHERE {WHERE}",
        end("MIN"),
        end("MAX")
    );
    db.prepare_cached(&less)?.execute(all)?;
    Ok(())
}
