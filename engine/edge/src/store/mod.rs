//! The local store: incidents on their way out, their history, and the engine's saved state.
//!
//! One SQLite file, `viahe.db`, in the state folder. Two connections, each owned by one thread:
//! [`Store`] commits (event plane), [`Outbox`] reads and deletes (publisher).
//!
//! Invariants
//! - [`Store::commit`] returns only when the rows and the engine's state, both or none, are on
//!   disk (WAL, `synchronous = FULL`). A commit costs one sync whatever it holds: group rows.
//! - A row leaves only by [`Outbox::acknowledge`], by a newer revision of the same incident when
//!   the outbox is full, or by the limit on quarantined rows; the last two are counted.
//! - Row numbers only grow and are never used again, so a late acknowledgement hits no other row.
//!
//! Not here: MQTT, evidence pictures.

mod ballast;
mod commit;
mod open;
mod outbox;
#[cfg(test)]
mod tests;

pub use outbox::{Outbox, Pending};

use rusqlite::Connection;
use serde::Serialize;
use std::path::{Path, PathBuf};
use viahe_core::id::Name;
use viahe_core::incident::{IncidentId, Revision};
use viahe_core::time::Timestamp;

/// File name of the database in the state folder.
pub const FILE_NAME: &str = "viahe.db";

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or a file in it cannot be used.
    #[error("{path}: {source}; the state folder must exist on a local disk and be writable")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process holds the folder.
    #[error("{path} is used by another viahe process; stop it or choose another state_dir")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A newer viahe wrote this file.
    #[error(
        "{path} has schema version {found}, this viahe knows {known}; install the newer viahe \
         again, or move the file away"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// In the file.
        found: i64,
        /// Newest known.
        known: i64,
    },
    /// The file is damaged.
    #[error("{path} is damaged: {detail}; restart viahe to set it aside, and check the disk")]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// Damaged again and again.
    #[error(
        "{path} is damaged and {copies} older damaged copies lie beside it; replace the disk, \
         then move the *.damaged-* files away"
    )]
    CorruptAgain {
        /// The database.
        path: PathBuf,
        /// Copies found.
        copies: usize,
    },
    /// No space; nothing was changed. Free space and commit the same rows again.
    #[error("no space left for {path}; nothing was written, free some space and try again")]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// Nothing was changed; may pass.
    #[error("{path}: {source}; nothing was written, try again")]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A saved value cannot be written or read as JSON.
    #[error("incident {incident}: {source}")]
    Json {
        /// Which.
        incident: IncidentId,
        /// Why.
        source: serde_json::Error,
    },
}

/// Bounds of everything that the store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Most rows waiting to be delivered.
    pub outbox_rows_max: u64,
    /// Most payload bytes waiting to be delivered.
    pub outbox_bytes_max: u64,
    /// Most quarantined rows kept; the oldest go.
    pub quarantine_rows_max: u64,
    /// Most incidents remembered; those that ended longest ago go.
    pub history_rows_max: u64,
    /// Size of the file that is given up when the disk is full, so that deleting can go on.
    pub ballast_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            outbox_rows_max: 100_000,
            outbox_bytes_max: 256 << 20,
            quarantine_rows_max: 1_000,
            history_rows_max: 100_000,
            ballast_bytes: 16 << 20,
        }
    }
}

/// One revision of an incident, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// Which incident.
    pub incident: IncidentId,
    /// From 1; grows within an incident.
    pub revision: u32,
    /// MQTT topic.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// It is over.
    pub closed: bool,
    /// The [`Revision`] itself as JSON, for the history.
    pub record: Vec<u8>,
}

impl OutboxRow {
    /// The row that tells `revision` to the operations centre.
    ///
    /// # Errors
    /// [`StoreError::Json`] when a number in it is not finite.
    pub fn new(
        revision: &Revision,
        site: &Name,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Self, StoreError> {
        let json = |source| StoreError::Json { incident: revision.incident.clone(), source };
        Ok(Self {
            incident: revision.incident.clone(),
            revision: revision.revision,
            topic: revision.topic(site),
            payload: serde_json::to_vec(&revision.cloud_event(site, zone)).map_err(json)?,
            created: revision.updated,
            closed: revision.state == viahe_core::incident::State::Closed,
            record: serde_json::to_vec(revision).map_err(json)?,
        })
    }
}

/// What a commit did with its rows. The numbers add up to the rows given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows now waiting in the outbox.
    pub added: usize,
    /// Rows committed before: the incident is known with this revision or a newer one.
    pub repeated: usize,
    /// Rows that found no room: lost for the centre, and logged.
    pub refused: Vec<(IncidentId, u32)>,
}

/// Totals since the store was opened, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreCounters {
    /// Commits on disk.
    pub commits: u64,
    /// Rows added.
    pub added: u64,
    /// Rows that were known already.
    pub repeated: u64,
    /// Waiting rows removed for a newer revision of the same incident, because it was full.
    pub merged: u64,
    /// Rows that found no room.
    pub refused: u64,
    /// Commits refused because the disk was full.
    pub disk_full: u64,
    /// Incidents that left the history because of its limit.
    pub history_dropped: u64,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// Rows to be delivered.
    pub rows: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Rows set aside; see [`Outbox::quarantine`].
    pub quarantined: u64,
}

/// The connection of the event plane: commits.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    dir: PathBuf,
    limits: Limits,
    counters: StoreCounters,
    set_aside: Option<PathBuf>,
    /// The outbox was searched for superseded rows and none is left; see `commit.rs`.
    merged_out: bool,
    /// Held while the store is open.
    _lock: std::fs::File,
}

impl Store {
    /// Opens or makes the store in `dir` with the default [`Limits`].
    ///
    /// A damaged file is renamed (`viahe.db.damaged-…`), never deleted; what could be read of its
    /// outbox is carried over, and [`Store::set_aside`] names the copy.
    ///
    /// # Errors
    /// [`StoreError`] when the folder cannot be used, is in use, or holds a newer version.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, Limits::default())
    }

    /// As [`Store::open`], with other limits.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(dir: &Path, limits: Limits) -> Result<Self, StoreError> {
        let lock = open::lock(dir)?;
        let (db, set_aside) = open::open_or_set_aside(dir)?;
        ballast::make(dir, limits.ballast_bytes);
        Ok(Self {
            db,
            dir: dir.to_path_buf(),
            limits,
            counters: StoreCounters::default(),
            set_aside,
            merged_out: false,
            _lock: lock,
        })
    }

    /// The damaged file that was found on opening, under its new name.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// Totals since opening.
    pub fn counters(&self) -> StoreCounters {
        self.counters
    }

    /// What waits in the outbox.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn depth(&self) -> Result<Depth, StoreError> {
        outbox::depth(&self.db).map_err(|e| open::explain(&self.dir, e))
    }

    /// The state saved by the last commit that had one.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn engine_state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        use rusqlite::OptionalExtension as _;
        self.db
            .query_row("SELECT state FROM engine_state", [], |row| row.get(0))
            .optional()
            .map_err(|e| open::explain(&self.dir, e))
    }

    /// The newest revisions of the `limit` incidents that changed last, newest first. Records
    /// that this version cannot read are left out.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn history(&self, limit: usize) -> Result<Vec<Revision>, StoreError> {
        let read = || {
            let mut statement = self
                .db
                .prepare_cached("SELECT record FROM incidents ORDER BY updated DESC LIMIT ?1")?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let records = statement.query_map([limit], |row| row.get::<_, Vec<u8>>(0))?;
            records.collect::<Result<Vec<_>, _>>()
        };
        let records = read().map_err(|e| open::explain(&self.dir, e))?;
        Ok(records.iter().filter_map(|r| serde_json::from_slice(r).ok()).collect())
    }
}
