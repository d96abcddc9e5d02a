//! The uploader's view of the store: which picture is next, and what became of it.

use super::error::StoreError;
use super::file::FILE_NAME;
use super::held::Held;
use super::limits::Depth;
use super::uploads::{self, Upload};
use super::{open, outbox};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use viahe_contract::sha256::Sha256;

/// A connection of its own to an open store, for the thread that sends pictures.
///
/// It syncs lazily: after a power cut a picture that was sent is asked for again.
#[derive(Debug)]
pub struct Unsent {
    /// None while the disk has no database that can be opened.
    db: Option<Connection>,
    dir: PathBuf,
    /// Where damage is noted.
    held: Held,
}

impl Unsent {
    /// Beside an open store in `dir`.
    pub(super) fn beside(dir: &Path, held: &Held) -> Self {
        Self { db: None, dir: dir.to_owned(), held: held.clone() }
    }

    /// The next picture, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn newest_gravest(&mut self) -> Result<Option<Upload>, StoreError> {
        self.with(uploads::next)
    }

    /// The console has it, or it is given up.
    ///
    /// # Errors
    /// [`StoreError`]; it is the next one again.
    pub fn settle(&mut self, sha256: Sha256) -> Result<(), StoreError> {
        self.with(|db| uploads::forget(db, &sha256.to_string()))
    }

    /// It could not be sent: it comes after all others.
    ///
    /// # Errors
    /// [`StoreError`]; it is the next one again.
    pub fn put_off(&mut self, sha256: Sha256) -> Result<(), StoreError> {
        self.with(|db| uploads::put_off(db, &sha256.to_string()))
    }

    /// Pictures that are not sent because no more may wait, since the start.
    pub fn not_sent(&self) -> u64 {
        self.held.not_sent()
    }

    /// What waits, incidents and pictures.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn depth(&mut self) -> Result<Depth, StoreError> {
        self.with(outbox::depth)
    }

    fn with<T>(
        &mut self,
        does: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let db = if let Some(db) = self.db.take() {
            Ok(db)
        } else {
            let path = self.dir.join(FILE_NAME);
            // Only the store makes one.
            std::fs::metadata(&path)
                .map_err(|source| StoreError::Folder { path: path.clone(), source })?;
            open::connect(&path, "NORMAL")
        };
        let done = db.and_then(|db| {
            let done = does(&db)?;
            self.db = Some(db);
            Ok(done)
        });
        let done = done.map_err(|e| open::explain(&self.dir, e));
        self.held.note_damage(&done);
        done
    }
}
