//! Connections that only read, lent one by one.

use super::error::StoreError;
use super::open;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Connections that read at the same time, at least and at most: one waits for the disk while the other reads. More
/// than there are cores would wait for those.
const READERS: [usize; 2] = [2, 4];

/// Lends connections.
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = Arc::new(Semaphore::new(cores.clamp(READERS[0], READERS[1])));
        Self { path: path.to_path_buf(), idle: Arc::default(), turns }
    }

    /// Reads on a thread that may wait for the disk; all of `work` sees one state of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| StoreError::Stopped)?;
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let job = move || {
            let _turn = turn;
            let lent = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut db = lent.map_or_else(|| open::to_read(&path), Ok)?;
            let tx = db.transaction()?;
            let read = work(&tx)?;
            tx.finish()?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            Ok(read)
        };
        tokio::task::spawn_blocking(job).await.map_err(|_| StoreError::Stopped)?
    }

    /// As [`Readers::read`], for who is no task.
    pub(super) fn read_here<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut db = open::to_read(&self.path)?;
        let tx = db.transaction()?;
        work(&tx)
    }
}
