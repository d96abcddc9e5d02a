//! What is kept no longer: pictures after their time, and incidents where that is wanted. All in small steps, so that
//! boxes are heard in between.

use super::audit::What;
use super::codes::ms;
use super::error::StoreError;
use super::files::{self, Brought, FileAt};
use super::handle::Store;
use super::people::Doer;
use super::tally::{self, Cell};
use rusqlite::{Connection, params};
use viahe_contract::time::Timestamp;

/// Incidents that are removed in one step: some 5 ms.
const INCIDENTS: u32 = 50;

/// Of a file: somebody confirmed an incident of its site that names it, or handed it on, and it came at `?1` or later.
const PROVES: &str =
    "(arrived >= ?1 AND EXISTS (SELECT 1 FROM evidence e JOIN incident i ON i.key = e.incident
    WHERE e.sha256 = file.sha256 AND i.site = file.site AND (i.judgement = 1 OR i.escalated)))";

impl Store {
    /// Some of the pictures that arrived before `before`; those of incidents that somebody confirmed or handed on only
    /// before `confirmed_before`. And where to go on; none when all were looked at.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn pictures_over(
        &self,
        (before, confirmed_before): (Timestamp, Timestamp),
        after: Option<FileAt>,
    ) -> Result<(Vec<Brought>, Option<FileAt>), StoreError> {
        self.read(move |db| files::page(db, (PROVES, ms(confirmed_before)), before, after)).await
    }

    /// Pictures are gone: incidents tell so from now on, and the audit.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn pictures_gone(
        &self,
        gone: Vec<Brought>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            for (file, site) in &gone {
                let values = params![site, file.to_string()];
                let of_it = "site = ?1 AND sha256 = ?2";
                db.prepare_cached(&format!("DELETE FROM file WHERE {of_it}"))?.execute(values)?;
                db.prepare_cached(&format!("DELETE FROM still WHERE {of_it}"))?.execute(values)?;
                let tell = "UPDATE evidence SET gone = ?3 WHERE sha256 = ?2
                    AND (SELECT i.site FROM incident i WHERE i.key = evidence.incident) = ?1";
                let values = params![site, file.to_string(), ms(now)];
                db.prepare_cached(tell)?.execute(values)?;
            }
            let about = gone.len().to_string();
            Ok(console(now).notes(db, What::PicturesRemoved, &about, None)?)
        })
        .await
    }

    /// Removes some of the incidents that came before `before`, with all that was said of them: how many.
    ///
    /// # Errors
    /// When nothing was removed.
    pub async fn remove_incidents(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |db| {
            let old = oldest(db, ms(before))?;
            for (key, cell) in &old {
                remove(db, *key, cell)?;
            }
            if !old.is_empty() {
                let about = old.len().to_string();
                console(now).notes(db, What::IncidentsRemoved, &about, None)?;
            }
            Ok(old.len())
        })
        .await
    }
}

/// Nobody asks for it.
fn console(at: Timestamp) -> Doer {
    Doer { who: "console".into(), address: String::new(), at }
}

/// Keys grow as incidents come: those with the smallest came first. What a box says of its own time does not count.
fn oldest(db: &Connection, before: i64) -> rusqlite::Result<Vec<(i64, Cell)>> {
    let sql = "SELECT key, judgement, heading, state, severity FROM
        (SELECT * FROM incident ORDER BY key LIMIT ?2) WHERE came < ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![before, INCIDENTS], |row| {
        let cell = Cell {
            judgement: row.get(1)?,
            heading: row.get(2)?,
            state: row.get(3)?,
            severity: row.get(4)?,
        };
        Ok((row.get(0)?, cell))
    })?;
    rows.collect()
}

fn remove(db: &Connection, key: i64, cell: &Cell) -> rusqlite::Result<()> {
    for part in [
        "DELETE FROM note_text WHERE rowid = ?",
        "DELETE FROM revision WHERE incident = ?",
        "DELETE FROM evidence WHERE incident = ?",
        "DELETE FROM verdict WHERE incident = ?",
        "DELETE FROM escalation WHERE incident = ?",
        "DELETE FROM incident WHERE key = ?",
    ] {
        db.prepare_cached(part)?.execute([key])?;
    }
    tally::leave(db, cell)
}
