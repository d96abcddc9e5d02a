//! Files that are on the disk though no line says who brought them. They go by these lines, so that none is forgotten
//! that the disk does not give up at once, or that the console left behind when it ended.

use super::codes::ms;
use super::error::StoreError;
use super::handle::Store;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// Files that are looked at in one step.
const STRAYS: usize = 200;

/// Where the step before ended: when a file was due, and its hash.
pub type StrayAt = (i64, String);

impl Store {
    /// These files are on the disk: those that no line names are to go once it is `due`. How many were not known as such.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn found_on_disk(
        &self,
        files: Vec<Sha256>,
        due: Timestamp,
    ) -> Result<usize, StoreError> {
        let strays = self.read(move |db| strays_among(db, &files)).await?;
        if strays.is_empty() {
            return Ok(0);
        }
        self.write(move |db| {
            // Somebody may have brought it meanwhile.
            let sql = "INSERT OR IGNORE INTO stray SELECT ?1, ?2
                WHERE NOT EXISTS (SELECT 1 FROM file WHERE sha256 = ?1)";
            let mut statement = db.prepare_cached(sql)?;
            let mut new = 0;
            for file in &strays {
                new += statement.execute(params![file.to_string(), ms(due)])?;
            }
            Ok(new)
        })
        .await
    }

    /// Some of the files that are due by `now`, and where to go on; none when those are all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn strays_due(
        &self,
        now: Timestamp,
        after: Option<StrayAt>,
    ) -> Result<(Vec<Sha256>, Option<StrayAt>), StoreError> {
        self.read(move |db| {
            let sql = "SELECT due, sha256 FROM stray INDEXED BY stray_due
                WHERE due <= ?1 AND (due, sha256) > (?2, ?3) ORDER BY due, sha256 LIMIT ?4";
            let (due, sha256) = after.unwrap_or((i64::MIN, String::new()));
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement
                .query_map(params![ms(now), due, sha256, STRAYS as u32], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            let rows: Vec<StrayAt> = rows.collect::<Result<_, _>>()?;
            let files = rows.iter().map(|(_, name)| Sha256::try_from(name.as_str()));
            let files = files.collect::<Result<_, _>>().map_err(StoreError::Content)?;
            Ok((files, rows.last().filter(|_| rows.len() == STRAYS).cloned()))
        })
        .await
    }

    /// These files are no strays any more: they are gone, or somebody has brought them.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn no_strays(&self, files: BTreeSet<Sha256>) -> Result<(), StoreError> {
        self.write(move |db| files.iter().try_for_each(|file| settle(db, &file.to_string()))).await
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn strays(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            let count: i64 = db.query_row("SELECT COUNT(*) FROM stray", [], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }
}

/// No line names this file any more: it goes.
pub(super) fn leave(db: &Connection, file: &str, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO stray (sha256, due) VALUES (?, ?)
        ON CONFLICT DO UPDATE SET due = MIN(due, excluded.due)";
    db.prepare_cached(sql)?.execute(params![file, ms(now)])?;
    Ok(())
}

/// This file is no stray.
pub(super) fn settle(db: &Connection, file: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM stray WHERE sha256 = ?")?.execute([file])?;
    Ok(())
}

fn strays_among(db: &Connection, files: &[Sha256]) -> Result<Vec<Sha256>, StoreError> {
    let mut statement = db.prepare_cached("SELECT 1 FROM file WHERE sha256 = ?")?;
    let mut strays = Vec::new();
    for file in files {
        if !statement.exists([file.to_string()])? {
            strays.push(*file);
        }
    }
    Ok(strays)
}
