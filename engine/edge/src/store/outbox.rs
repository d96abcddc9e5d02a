//! The publisher's view of the store: read, delete, set aside.

use super::error::StoreError;
use super::file::{DAMAGED, FILE_NAME};
use super::held::{Fate, Held};
use super::limits::{Depth, Limits};
use super::row::Pending;
use super::rows::{self, COLUMNS};
use super::{ballast, open};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::{Path, PathBuf};

/// A second connection to an open store, for the thread that publishes: what waits in the file, and
/// after that what waits in memory.
///
/// It syncs lazily: after a power cut a deletion may be undone, and the row is sent twice. What cannot
/// be read is told by [`Held::unreadable`], and what is in memory is given all the same.
#[derive(Debug)]
pub struct Outbox {
    /// None while the disk has no database that can be opened.
    db: Option<Connection>,
    dir: PathBuf,
    held: Held,
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
        let (db, held) = (Some(db), Held::default());
        Ok(Self { db, dir: dir.to_path_buf(), held, quarantine_rows_max })
    }

    /// Connects to an open store in `dir`, which shares `held`; also to one whose disk takes nothing now.
    pub(super) fn beside(dir: &Path, held: &Held) -> Self {
        let mut outbox = Self {
            db: None,
            dir: dir.to_path_buf(),
            held: held.clone(),
            quarantine_rows_max: Limits::default().quarantine_rows_max,
        };
        outbox.connect();
        outbox
    }

    /// At most `limit` rows to be delivered, in order, from the first after row `after`. One whose
    /// bytes are not those that were written is set aside instead.
    ///
    /// # Errors
    /// None while rows can be read from somewhere.
    pub fn pending(&mut self, limit: usize, after: i64) -> Result<Vec<Pending>, StoreError> {
        self.connect();
        let mut found = Vec::new();
        let mut next = after;
        while found.len() < limit {
            let want = limit - found.len();
            let sql = format!(
                "SELECT {COLUMNS} FROM outbox
                 WHERE row > ?1 AND quarantined IS NULL ORDER BY row LIMIT ?2"
            );
            let limit = i64::try_from(want).unwrap_or(i64::MAX);
            let Some(rows) = self.read(&sql, params![next, limit]) else { break };
            let all = rows.len();
            for row in rows {
                next = row.as_ref().map_or_else(|number| *number, |(pending, _)| pending.row);
                match row {
                    Ok((pending, _)) => found.push(pending),
                    Err(number) => self.set_damaged_aside(number),
                }
            }
            if all < want {
                break;
            }
        }
        let room = limit - found.len();
        found.extend(self.held.pending(room, after));
        Ok(found)
    }

    /// Row `row`, while it waits to be delivered.
    ///
    /// # Errors
    /// None while rows can be read from somewhere.
    pub fn row(&mut self, row: i64) -> Result<Option<Pending>, StoreError> {
        if let Some(held) = self.held.row(row) {
            return Ok(Some(held));
        }
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE row = ?1 AND quarantined IS NULL");
        match self.read(&sql, params![row]).and_then(|rows| rows.into_iter().next()) {
            Some(Ok((pending, _))) => Ok(Some(pending)),
            Some(Err(number)) => {
                self.set_damaged_aside(number);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// The row of a revision, while it waits to be delivered.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn find(&self, incident: &str, revision: u32) -> Result<Option<i64>, StoreError> {
        if let Some(held) = self.held.find(incident, revision) {
            return Ok(Some(held));
        }
        let Some(db) = &self.db else { return Ok(None) };
        db.prepare_cached("SELECT row FROM outbox WHERE incident = ?1 AND revision = ?2")
            .and_then(|mut find| {
                find.query_row(params![incident, revision], |r| r.get(0)).optional()
            })
            .map_err(|e| open::explain(&self.dir, e))
    }

    /// Deletes rows that were delivered; returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`]; of the file, nothing was deleted then.
    pub fn acknowledge(&mut self, rows: &[i64]) -> Result<usize, StoreError> {
        let (held, filed): (Vec<i64>, Vec<i64>) =
            rows.iter().partition(|row| self.held.settle(**row, Fate::Delivered));
        if filed.is_empty() {
            return Ok(held.len());
        }
        let deleted = self.write(|tx| {
            let mut delete = tx.prepare_cached("DELETE FROM outbox WHERE row = ?1")?;
            filed.iter().try_fold(0, |sum, row| Ok(sum + delete.execute([row])?))
        })?;
        Ok(held.len() + deleted)
    }

    /// Counts a refusal of `row` by the broker.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn refused(&mut self, row: i64) -> Result<(), StoreError> {
        if self.held.row(row).is_some() {
            return Ok(());
        }
        self.write(|tx| {
            tx.execute("UPDATE outbox SET attempts = attempts + 1 WHERE row = ?1", [row])?;
            Ok(())
        })
    }

    /// Sets `row` aside because of `why`: it stays on disk and is not sent. The oldest of too many
    /// are deleted; returns how many.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn quarantine(&mut self, row: i64, why: &str) -> Result<u64, StoreError> {
        if self.held.settle(row, Fate::Aside(why.to_owned())) {
            return Ok(0);
        }
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
        let Some(db) = &self.db else { return Ok(Vec::new()) };
        let read = || {
            let mut statement = db.prepare_cached(
                "SELECT row, quarantined FROM outbox WHERE quarantined IS NOT NULL ORDER BY row",
            )?;
            let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| open::explain(&self.dir, e))
    }

    /// What waits; of a file that cannot be read, what is in memory.
    ///
    /// # Errors
    /// None so far.
    pub fn depth(&self) -> Result<Depth, StoreError> {
        let filed = self.db.as_ref().map_or_else(|| Ok(Depth::default()), depth);
        let filed = filed.map_err(|e| open::explain(&self.dir, e));
        self.held.note_read(&filed);
        Ok(filed.unwrap_or_default().with(&self.held))
    }

    /// Connects when there is something to connect to.
    fn connect(&mut self) {
        if self.db.is_none() {
            let path = self.dir.join(FILE_NAME);
            let opened = if path.metadata().is_ok_and(|m| m.len() > 0) {
                open::connect(&path, "NORMAL").or_else(|_| open::connect_to_read(&path))
            } else {
                return;
            };
            self.db = opened.inspect_err(|error| tracing::debug!(%error, "no outbox")).ok();
        }
    }

    /// None when the file cannot be read.
    fn read(&self, sql: &str, params: impl rusqlite::Params) -> Option<Vec<Read>> {
        let db = self.db.as_ref()?;
        let read = || {
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params, rows::read)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let read = read().map_err(|e| open::explain(&self.dir, e));
        self.held.note_read(&read);
        read.ok()
    }

    fn set_damaged_aside(&mut self, row: i64) {
        tracing::error!(row, "a row of the outbox is set aside: {}", DAMAGED);
        self.held.found_damaged(1);
        if let Err(error) = self.quarantine(row, DAMAGED) {
            tracing::error!(row, %error, "it stays where it is, and is not sent");
        }
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
        let Some(db) = &mut self.db else {
            let path = self.dir.join(FILE_NAME);
            return Err(StoreError::Disk { path, fault: crate::disk::Fault::Broken });
        };
        let first = once(db).map_err(|e| open::explain(&self.dir, e));
        // Deleting needs space in the log: this is what the ballast is for.
        if matches!(first, Err(StoreError::DiskFull { .. })) && ballast::release(&self.dir) {
            tracing::error!(dir = %self.dir.display(), "the disk is full; the ballast is given up");
            return once(db).map_err(|e| open::explain(&self.dir, e));
        }
        first
    }
}

/// A row, or the number of one that is damaged.
type Read = Result<(Pending, i64), i64>;

impl Depth {
    /// With what waits in memory.
    pub(super) fn with(self, held: &Held) -> Self {
        let [rows, bytes, aside] = held.depth();
        Self {
            rows: self.rows + rows,
            bytes: self.bytes + bytes,
            quarantined: self.quarantined + aside,
            held: rows,
            uploads: self.uploads,
        }
    }
}

pub(super) fn depth(db: &Connection) -> rusqlite::Result<Depth> {
    db.prepare_cached("SELECT rows, bytes, quarantined, uploads FROM totals")?.query_row(
        [],
        |row| {
            let [rows, bytes, quarantined] = [natural(row, 0)?, natural(row, 1)?, natural(row, 2)?];
            Ok(Depth { rows, bytes, quarantined, held: 0, uploads: natural(row, 3)? })
        },
    )
}

/// A count; SQLite's integers are signed.
pub(super) fn natural(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(|n: i64| u64::try_from(n).unwrap_or(0))
}

/// A bound for SQLite; what is larger than it can count is no bound.
pub(super) fn bound(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
