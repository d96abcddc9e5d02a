//! How many incidents are alike: of a heading, judged alike, equally grave, over or not. Kept with each commit:
//! a queue counts cells, of which there are as many as headings and kinds, and not incidents, of which there are
//! millions.

use rusqlite::{Connection, params};

/// Incidents that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) judgement: i64,
    pub(super) heading: i64,
    pub(super) state: i64,
    pub(super) severity: i64,
}

/// The row of the incident says already where it is.
pub(super) fn enter(db: &Connection, cell: &Cell, opened: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO tally (judgement, heading, state, severity, place, violation, count, first, newest)
        SELECT ?1, key, ?3, ?4, place, violation, 1, ?5, ?5 FROM heading WHERE key = ?2
        ON CONFLICT DO UPDATE SET count = count + 1, first = MIN(first, ?5), newest = MAX(newest, ?5)";
    let Cell { judgement, heading, state, severity } = cell;
    db.prepare_cached(sql)?.execute(params![judgement, heading, state, severity, opened])?;
    Ok(())
}

/// The row of the incident is no longer here.
pub(super) fn leave(db: &Connection, cell: &Cell) -> rusqlite::Result<()> {
    const WHERE: &str = "judgement = ?1 AND heading = ?2 AND state = ?3 AND severity = ?4";
    let Cell { judgement, heading, state, severity } = cell;
    let all = params![judgement, heading, state, severity];
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
