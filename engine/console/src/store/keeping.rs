//! What is kept no longer: pictures after their time, and incidents where that is wanted. All in small steps, so that
//! boxes are heard in between.

use super::audit::What;
use super::codes::ms;
use super::error::StoreError;
use super::handle::Store;
use super::people::Doer;
use super::tally::{self, Cell};
use rusqlite::{Connection, params};
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// Files that are looked at in one step.
const FILES: usize = 200;
/// Incidents that are removed in one step: some 5 ms.
const INCIDENTS: u32 = 50;

/// Where the step before ended: when a file arrived, its hash and its site.
pub type FileAt = (i64, String, String);

/// A picture whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureOver {
    /// Whose.
    pub site: String,
    /// Which.
    pub file: Sha256,
    /// Another site has brought the same one: it stays on the disk.
    pub shared: bool,
}

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
    ) -> Result<(Vec<PictureOver>, Option<FileAt>), StoreError> {
        self.read(move |db| {
            let sql = "SELECT arrived, sha256, site,
                    arrived >= ?2 AND EXISTS (SELECT 1 FROM evidence e JOIN incident i ON i.key = e.incident
                        WHERE e.sha256 = file.sha256 AND i.site = file.site AND (i.judgement = 1 OR i.escalated)),
                    EXISTS (SELECT 1 FROM file o WHERE o.sha256 = file.sha256 AND o.site <> file.site)
                FROM file INDEXED BY file_arrived WHERE arrived < ?1 AND (arrived, sha256, site) > (?3, ?4, ?5)
                ORDER BY arrived, sha256, site LIMIT ?6";
            let (arrived, sha256, site) = after.unwrap_or((i64::MIN, String::new(), String::new()));
            let values =
                params![ms(before), ms(confirmed_before), arrived, sha256, site, FILES as u32];
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(values)?;
            let (mut over, mut last, mut seen) = (Vec::new(), None, 0);
            while let Some(row) = rows.next()? {
                let at: FileAt = (row.get(0)?, row.get(1)?, row.get(2)?);
                if !row.get::<_, bool>(3)? {
                    let file = Sha256::try_from(at.1.as_str()).map_err(StoreError::Content)?;
                    over.push(PictureOver { site: at.2.clone(), file, shared: row.get(4)? });
                }
                (last, seen) = (Some(at), seen + 1);
            }
            Ok((over, last.filter(|_| seen == FILES)))
        })
        .await
    }

    /// Pictures are gone: incidents tell so from now on, and the audit.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn pictures_gone(
        &self,
        gone: Vec<PictureOver>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            for PictureOver { site, file, .. } in &gone {
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
