//! The publisher's view of the store: read, delete, set aside.

use super::{Depth, FILE_NAME, Limits, StoreError, ballast, open};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::{Path, PathBuf};

/// A row that waits to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Row number; grows with the order of commits.
    pub row: i64,
    /// Which incident.
    pub incident: String,
    /// Which revision of it.
    pub revision: u32,
    /// MQTT topic.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
}

/// A second connection to an open store, for the thread that publishes.
///
/// It syncs lazily: after a power cut a deletion may be undone, and the row is sent twice.
#[derive(Debug)]
pub struct Outbox {
    db: Connection,
    dir: PathBuf,
    quarantine_rows_max: u64,
}

impl Outbox {
    /// Connects to the store in `dir`, which [`super::Store::open`] has made.
    ///
    /// # Errors
    /// [`StoreError`] when there is none, or it cannot be read.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE_NAME);
        std::fs::metadata(&path)
            .map_err(|source| StoreError::Folder { path: path.clone(), source })?;
        let db = open::connect(&path, "NORMAL").map_err(|e| open::explain(dir, e))?;
        let quarantine_rows_max = Limits::default().quarantine_rows_max;
        Ok(Self { db, dir: dir.to_path_buf(), quarantine_rows_max })
    }

    /// At most `limit` rows to be delivered, in order, from the first after row `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn pending(&self, limit: usize, after: i64) -> Result<Vec<Pending>, StoreError> {
        self.read(
            "SELECT row, incident, revision, topic, payload FROM outbox
             WHERE row > ?1 AND quarantined IS NULL ORDER BY row LIMIT ?2",
            params![after, i64::try_from(limit).unwrap_or(i64::MAX)],
        )
    }

    /// Row `row`, while it waits to be delivered.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn row(&self, row: i64) -> Result<Option<Pending>, StoreError> {
        let rows = self.read(
            "SELECT row, incident, revision, topic, payload FROM outbox
             WHERE row = ?1 AND quarantined IS NULL",
            params![row],
        )?;
        Ok(rows.into_iter().next())
    }

    /// The row of a revision, while it waits to be delivered.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn find(&self, incident: &str, revision: u32) -> Result<Option<i64>, StoreError> {
        self.db
            .prepare_cached("SELECT row FROM outbox WHERE incident = ?1 AND revision = ?2")
            .and_then(|mut find| {
                find.query_row(params![incident, revision], |r| r.get(0)).optional()
            })
            .map_err(|e| open::explain(&self.dir, e))
    }

    /// Deletes rows that were delivered; returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was deleted then.
    pub fn acknowledge(&mut self, rows: &[i64]) -> Result<usize, StoreError> {
        self.write(|tx| {
            let mut delete = tx.prepare_cached("DELETE FROM outbox WHERE row = ?1")?;
            rows.iter().try_fold(0, |sum, row| Ok(sum + delete.execute([row])?))
        })
    }

    /// Counts a refusal of `row` by the broker.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn refused(&mut self, row: i64) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("UPDATE outbox SET attempts = attempts + 1 WHERE row = ?1", [row])?;
            Ok(())
        })
    }

    /// Sets `row` aside because of `why`: it stays on disk and is not sent until
    /// [`Outbox::requeue`]. The oldest of too many are deleted; returns how many.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn quarantine(&mut self, row: i64, why: &str) -> Result<u64, StoreError> {
        let most = self.quarantine_rows_max;
        self.write(|tx| {
            tx.execute(
                "UPDATE outbox SET quarantined = ?2, attempts = attempts + 1 WHERE row = ?1",
                params![row, why],
            )?;
            let over = depth(tx)?.quarantined.saturating_sub(most);
            let dropped = tx.execute(
                "DELETE FROM outbox WHERE row IN (
                     SELECT row FROM outbox WHERE quarantined IS NOT NULL ORDER BY row LIMIT ?1)",
                [bound(over)],
            )?;
            Ok(dropped as u64)
        })
    }

    /// The rows set aside and why, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn quarantined(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let read = || {
            let mut statement = self.db.prepare_cached(
                "SELECT row, quarantined FROM outbox WHERE quarantined IS NOT NULL ORDER BY row",
            )?;
            let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| open::explain(&self.dir, e))
    }

    /// Lets all rows that were set aside be sent again; returns how many.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn requeue(&mut self) -> Result<usize, StoreError> {
        self.write(|tx| {
            tx.execute("UPDATE outbox SET quarantined = NULL WHERE quarantined IS NOT NULL", [])
        })
    }

    /// What waits.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn depth(&self) -> Result<Depth, StoreError> {
        depth(&self.db).map_err(|e| open::explain(&self.dir, e))
    }

    fn read(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Pending>, StoreError> {
        let read = || {
            let mut statement = self.db.prepare_cached(sql)?;
            let rows = statement.query_map(params, |row| {
                Ok(Pending {
                    row: row.get(0)?,
                    incident: row.get(1)?,
                    revision: row.get(2)?,
                    topic: row.get(3)?,
                    payload: row.get(4)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| open::explain(&self.dir, e))
    }

    fn write<T>(
        &mut self,
        change: impl Fn(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let once = |db: &mut Connection| {
            let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let changed = change(&tx)?;
            tx.commit()?;
            Ok(changed)
        };
        let first = once(&mut self.db).map_err(|e| open::explain(&self.dir, e));
        // Deleting needs space in the log: this is what the ballast is for.
        if matches!(first, Err(StoreError::DiskFull { .. })) && ballast::release(&self.dir) {
            tracing::error!(dir = %self.dir.display(), "the disk is full; the ballast is given up");
            return once(&mut self.db).map_err(|e| open::explain(&self.dir, e));
        }
        first
    }
}

pub(super) fn depth(db: &Connection) -> rusqlite::Result<Depth> {
    db.prepare_cached("SELECT rows, bytes, quarantined FROM totals")?.query_row([], |row| {
        Ok(Depth { rows: natural(row, 0)?, bytes: natural(row, 1)?, quarantined: natural(row, 2)? })
    })
}

/// A count; SQLite's integers are signed.
pub(super) fn natural(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(|n: i64| u64::try_from(n).unwrap_or(0))
}

/// A bound for SQLite; what is larger than it can count is no bound.
pub(super) fn bound(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
