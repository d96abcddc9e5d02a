//! The store as others have it.

use super::error::StoreError;
use super::open::{self, Lock};
use super::pass::{Held, KNOWN_MAX, Pass};
use super::readers::Readers;
use super::standing::Standing;
use super::writer::Writer;
use crate::vitals::Vitals;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// A database that is open; clones are the same one. The last one closes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    // Ends before the folder is given back.
    writer: Writer,
    readers: Readers,
    committed: watch::Receiver<u64>,
    post: watch::Sender<u64>,
    passes: Standing<Pass, Held>,
    _lock: Lock,
}

impl Store {
    /// Opens the database of a data folder, and makes both if need be. `vitals` tell while it takes nothing.
    ///
    /// # Errors
    /// When it is somebody else's, of a later version, or cannot be written.
    pub fn open(dir: &Path, vitals: &Vitals) -> Result<Self, StoreError> {
        let lock = open::lock(dir)?;
        let path = open::file_of(dir);
        let (count, committed) = watch::channel(0);
        let writer = Writer::start(open::to_write(&path)?, count, vitals.clone())?;
        let readers = Readers::new(&path);
        Ok(Self(Arc::new(Inner {
            writer,
            readers,
            passes: Standing::new(committed.clone(), KNOWN_MAX),
            committed,
            post: watch::Sender::new(0),
            _lock: lock,
        })))
    }

    /// Changes with each commit.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.0.committed.clone()
    }

    /// Who is known by what.
    pub(super) fn passes(&self) -> &Standing<Pass, Held> {
        &self.0.passes
    }

    /// Changes when there may be letters to send.
    pub(super) fn post(&self) -> &watch::Sender<u64> {
        &self.0.post
    }

    /// Writes; what `work` gives is given once it is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.write(work).await
    }

    /// As [`Store::write`], for who is no task.
    pub(super) fn write_and_wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.write_and_wait(work)
    }

    /// Reads one state of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.readers.read(work).await
    }

    /// As [`Store::read`], for who is no task.
    pub(super) fn read_here<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.readers.read_here(work)
    }
}
