//! The local store: incidents on their way out, their history, and the engine's saved state.
//!
//! One SQLite file, `viahe.db`, in the state folder. Connections that write are each owned by one thread:
//! [`Store`] commits (event plane), [`Outbox`] and [`Unsent`] read and delete (publisher, uploader).
//! [`Needs`] only reads.
//!
//! Invariants
//! - [`Store::commit`] returns only when the rows and the engine's state, both or none, are on
//!   disk (WAL, `synchronous = FULL`). A commit costs one sync whatever it holds: group rows.
//! - What the disk does not take is [`Held`] in memory, and sent from there.
//! - Each row has a checksum; one whose bytes are not those that were written is set aside, not sent.
//! - A row leaves only by [`Outbox::acknowledge`], by a newer revision of the same incident when
//!   the outbox is full, or by the limit on quarantined rows; the last two are counted.
//! - Row numbers only grow and are never used again, so a late acknowledgement hits no other row.
//!
//! Not here: MQTT, evidence pictures.

mod aside;
mod ballast;
mod commit;
mod error;
mod file;
mod held;
mod life;
mod limits;
mod needs;
mod open;
mod outbox;
mod row;
mod rows;
mod states;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_damage;
#[cfg(test)]
mod tests_state;
#[cfg(test)]
mod tests_uploads;
#[cfg(test)]
mod tests_verdicts;
mod unsent;
mod uploads;
mod verdicts;

pub use error::StoreError;
pub use file::FILE_NAME;
pub use held::Held;
pub use limits::{Depth, Limits};
pub use needs::Needs;
pub use open::SchemaVersion;
pub use outbox::Outbox;
pub use row::{OutboxRow, Pending};
pub use states::{StoredState, Unread};
pub use unsent::Unsent;
pub use uploads::Upload;
pub use verdicts::Judged;

use crate::clock;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use viahe_contract::id::IncidentId;
use viahe_contract::message::Verdict;
use viahe_core::engine::Saves;
use viahe_core::incident::Revision;

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

/// The connection of the event plane: commits.
#[derive(Debug)]
pub struct Store {
    /// None while the disk lets none be opened.
    db: Option<Connection>,
    dir: PathBuf,
    limits: Limits,
    counters: StoreCounters,
    held: Held,
    set_aside: Option<PathBuf>,
    /// The outbox was searched for superseded rows and none is left; see `commit.rs`.
    merged_out: bool,
    /// What of the engine's state is in the file.
    saves: Saves,
    /// Somebody has read the state that is in the file.
    state_is_read: Cell<bool>,
    /// Held while the store is open.
    _lock: open::Lock,
}

impl Store {
    /// Opens or makes the store in `dir` with the default [`Limits`].
    ///
    /// A file that is damaged, or not the one that this folder had, is renamed
    /// (`viahe.db.damaged-…`), never deleted; what could be read of it is carried over, and
    /// [`Store::set_aside`] names the copy.
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
        let opened = match open::open_or_set_aside(dir) {
            // The ballast is for this, too.
            Err(StoreError::DiskFull { .. }) if ballast::release(dir) => {
                open::open_or_set_aside(dir)?
            }
            opened => opened?,
        };
        let mut store = Self::unopened(dir, limits, lock);
        store.use_opened(opened)?;
        ballast::make(dir, limits.ballast_bytes);
        Ok(store)
    }

    /// As [`Store::open`], but a disk that takes nothing is no error: what is to be committed is
    /// [held](Store::hold), and each commit tries to open the file again. With what is wrong, if so.
    ///
    /// # Errors
    /// As [`Store::open`], when it is not about the disk.
    pub fn open_whatever_the_disk_says(
        dir: &Path,
        limits: Limits,
    ) -> Result<(Self, Option<StoreError>), StoreError> {
        let error = match Self::open_with(dir, limits) {
            Ok(store) => return Ok((store, None)),
            Err(error) if error.fault().is_some() && dir.is_dir() => error,
            Err(error) => return Err(error),
        };
        let store = Self::unopened(dir, limits, open::lock(dir)?);
        // Above all numbers of a file that cannot be read.
        store.held.lock().newest = clock::now().millis().cast_signed() << 16;
        Ok((store, Some(error)))
    }

    fn unopened(dir: &Path, limits: Limits, lock: open::Lock) -> Self {
        Self {
            db: None,
            dir: dir.to_path_buf(),
            limits,
            counters: StoreCounters::default(),
            held: Held::default(),
            set_aside: None,
            merged_out: false,
            saves: Saves::default(),
            state_is_read: Cell::new(false),
            _lock: lock,
        }
    }

    fn use_opened(&mut self, opened: open::Opened) -> Result<(), StoreError> {
        let newest: Option<i64> = opened
            .db
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'", [], |r| r.get(0))
            .optional()
            .map_err(|e| open::explain(&self.dir, e))?;
        let not_sent = uploads::trim(&opened.db, self.limits.uploads_max)
            .map_err(|e| open::explain(&self.dir, e))?;
        let mut held = self.held.lock();
        held.newest = held.newest.max(newest.unwrap_or_default());
        drop(held);
        self.held.found_damaged(opened.damaged);
        self.held.sends_not(not_sent);
        self.set_aside = opened.aside.or(self.set_aside.take());
        self.db = Some(opened.db);
        // Another file may have other parts, or none.
        self.saves = Saves::default();
        Ok(())
    }

    /// Opens the file when it could not be opened so far.
    fn open_again(&mut self) -> Result<(), StoreError> {
        if self.db.is_some() {
            return Ok(());
        }
        let opened = open::open_or_set_aside(&self.dir)?;
        self.use_opened(opened)?;
        self.keep_unread_state();
        tracing::info!(dir = %self.dir.display(), "the store is open again");
        Ok(())
    }

    /// Sets the file aside because of the damage that was found in it, and begins a new one with
    /// what can be carried over. Only when nobody else has it open.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn begin_anew(&mut self) -> Result<(), StoreError> {
        let damage = self.held.corrupt().unwrap_or_else(|| "it is damaged".into());
        self.db = None;
        let opened = open::set_aside_and_begin(&self.dir, &life::Signs::of(&self.dir), &damage)?;
        self.use_opened(opened)
    }

    /// The damaged file that was found on opening, under its new name.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// Databases that were set aside, by this run or an earlier one, and that nobody took away.
    pub fn copies_set_aside(&self) -> Vec<PathBuf> {
        aside::copies(&self.dir).unwrap_or_default()
    }

    /// What is only in memory.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// A second connection, for the thread that publishes; also where the disk takes nothing now.
    pub fn outbox(&self) -> Outbox {
        Outbox::beside(&self.dir, &self.held)
    }

    /// Which pictures the console may lack, for the thread that sends them.
    pub fn unsent(&self) -> Unsent {
        Unsent::beside(&self.dir, &self.held)
    }

    /// Which pictures must stay.
    pub fn needs(&self) -> Needs {
        Needs::new(&self.dir, self.held.clone())
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Totals since opening.
    pub fn counters(&self) -> StoreCounters {
        self.counters
    }

    /// What waits in the outbox, in the file and in memory.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn depth(&self) -> Result<Depth, StoreError> {
        let Some(db) = &self.db else { return Ok(Depth::default().with(&self.held)) };
        let depth = outbox::depth(db).map_err(|e| open::explain(&self.dir, e));
        self.held.note_read(&depth);
        Ok(depth?.with(&self.held))
    }

    /// What of the engine's state is in the file: what changed since then is to be committed.
    pub fn saves(&self) -> &Saves {
        &self.saves
    }

    /// The state as the last commits left it; a disk that takes nothing may still be read.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn state(&self) -> Result<StoredState, StoreError> {
        let (read, is_read) = if let Some(db) = &self.db {
            (states::read(db), true)
        } else {
            let reader = open::connect_to_read(&self.dir.join(FILE_NAME));
            let read = reader.and_then(|db| states::read(&db));
            let is_read = read.is_ok();
            (Ok(read.unwrap_or_default()), is_read)
        };
        self.state_is_read.set(is_read);
        let state = read.map_err(|e| open::explain(&self.dir, e))?;
        self.held.found_damaged(state.damaged.len() as u64);
        Ok(state)
    }

    /// Keeps what cannot be used of a state in a file beside the database; which that is.
    ///
    /// # Errors
    /// [`StoreError::Folder`] when it cannot be written.
    pub fn keep_unread(&self, unread: &[Unread]) -> Result<PathBuf, StoreError> {
        let path = self.dir.clone();
        states::keep(&self.dir, unread).map_err(|source| StoreError::Folder { path, source })
    }

    /// The files of [`Store::keep_unread`], of this run or an earlier one, that nobody took away; oldest
    /// first.
    pub fn unread_states(&self) -> Vec<PathBuf> {
        states::kept(&self.dir)
    }

    /// The file could not be read when the engine began, so that began anew: what is in it now is kept
    /// before something else is written in its place.
    fn keep_unread_state(&mut self) {
        if self.state_is_read.get() {
            return;
        }
        let StoredState { saved, damaged } = match self.state() {
            Ok(state) => state,
            Err(error) => {
                return tracing::error!(%error, "the saved state cannot be read, and is lost");
            }
        };
        let why = "it could not be read when viahe started";
        let unread = saved.parts().map(|(scope, bytes)| Unread {
            scope: scope.to_string(),
            why: why.to_owned(),
            bytes: bytes.to_vec(),
        });
        let unread: Vec<Unread> = unread.chain(damaged).collect();
        if unread.is_empty() {
            return;
        }
        match self.keep_unread(&unread) {
            Ok(path) => tracing::error!(kept = %path.display(), "the saved state: {why}"),
            Err(error) => tracing::error!(%error, "the saved state is lost: {why}"),
        }
    }

    /// The newest revision of each incident that is open, as far as the file says; those whose record
    /// cannot be read by their ids.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn open_incidents(&self) -> Result<Vec<Result<Revision, String>>, StoreError> {
        let reader;
        let db = if let Some(db) = &self.db {
            db
        } else {
            reader = open::connect_to_read(&self.dir.join(FILE_NAME))
                .map_err(|e| open::explain(&self.dir, e))?;
            &reader
        };
        let read = || {
            let columns = rows::Known::COLUMNS;
            let mut select = db.prepare(&format!(
                "SELECT {columns} FROM incidents WHERE closed = 0 ORDER BY incident"
            ))?;
            let known = select.query_map([], |row| Ok((row.get(0)?, rows::Known::read(row))))?;
            known.collect::<Result<Vec<(String, _)>, _>>()
        };
        let known = read().map_err(|e| open::explain(&self.dir, e))?;
        let revision = |known: rows::Known| serde_json::from_slice(&known.record).ok();
        Ok(known.into_iter().map(|(id, known)| known.and_then(revision).ok_or(id)).collect())
    }

    /// The newest revisions of the `limit` incidents that changed last, newest first. Records
    /// that this version cannot read are left out.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn history(&self, limit: usize) -> Result<Vec<Revision>, StoreError> {
        let Some(db) = &self.db else { return Ok(Vec::new()) };
        let read = || {
            let columns = rows::Known::COLUMNS;
            let mut statement = db.prepare_cached(&format!(
                "SELECT {columns} FROM incidents ORDER BY updated DESC LIMIT ?1"
            ))?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let known = statement.query_map([limit], |row| Ok(rows::Known::read(row)))?;
            known.collect::<Result<Vec<_>, _>>()
        };
        let known = read().map_err(|e| open::explain(&self.dir, e))?;
        Ok(known.iter().flatten().filter_map(|k| serde_json::from_slice(&k.record).ok()).collect())
    }
}

/// The newest revision of an incident, as the store in `dir` has it; the box may be at work on it.
///
/// # Errors
/// [`StoreError`] when there is none, or it cannot be read.
pub fn incident_on(dir: &Path, incident: &IncidentId) -> Result<Option<Revision>, StoreError> {
    let read = || {
        let db = open::connect_to_read(&dir.join(FILE_NAME))?;
        let sql = format!("SELECT {} FROM incidents WHERE incident = ?1", rows::Known::COLUMNS);
        db.query_row(&sql, [incident.as_str()], |row| Ok(rows::Known::read(row))).optional()
    };
    let known = read().map_err(|e| open::explain(dir, e))?.flatten();
    Ok(known.and_then(|known| serde_json::from_slice(&known.record).ok()))
}

/// What operators said of an incident, oldest first, as the store in `dir` has it; the box may be at work on it.
///
/// # Errors
/// [`StoreError`] when there is none, or it cannot be read.
pub fn verdicts_on(dir: &Path, incident: &IncidentId) -> Result<Vec<Verdict>, StoreError> {
    let read = || verdicts::read(&open::connect_to_read(&dir.join(FILE_NAME))?, incident);
    read().map_err(|e| open::explain(dir, e))
}

/// All incidents of which an operator said something, each as it was told last, with what was said, oldest first; the box may be at
/// work on it. Records that this version cannot read are left out.
///
/// # Errors
/// [`StoreError`] when there is none, or it cannot be read.
pub fn judged_on(dir: &Path) -> Result<Vec<(Revision, Vec<Verdict>)>, StoreError> {
    let read = || {
        let db = open::connect_to_read(&dir.join(FILE_NAME))?;
        let columns = rows::Known::COLUMNS;
        let mut select = db.prepare(&format!(
            "SELECT {columns} FROM incidents WHERE incident IN (SELECT incident FROM verdicts) ORDER BY incident"
        ))?;
        let known = select.query_map([], |row| Ok(rows::Known::read(row)))?;
        let known: Vec<Option<rows::Known>> = known.collect::<Result<_, _>>()?;
        let revisions = known.iter().flatten();
        let revisions =
            revisions.filter_map(|k| serde_json::from_slice::<Revision>(&k.record).ok());
        revisions
            .map(|revision| Ok((verdicts::read(&db, &revision.incident)?, revision)))
            .map(|pair| pair.map(|(verdicts, revision)| (revision, verdicts)))
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|e| open::explain(dir, e))
}
