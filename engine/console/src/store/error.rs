//! What can go wrong with a database.

use std::io;
use std::path::PathBuf;

/// Why something was not kept or not found out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No folder to keep anything in.
    #[error("{}: {source}; make it, or let this user write there", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else has it.
    #[error("{}: another console uses this folder; stop it, or use another data_dir", path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// It was written by a later version.
    #[error(
        "{}: schema version {found} is newer than {known}; run the version that wrote it",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// The newest that is known.
        known: usize,
    },
    /// It is something else.
    #[error("{}: this is a database of another program; use another data_dir", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// What SQLite says.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What belongs together was not kept, because one part of it was not.
    #[error("database: nothing was kept: {0}")]
    Commit(String),
    /// What is kept does not read as what it must be.
    #[error("database: what is kept does not read: {0}")]
    Content(String),
    /// The console is about to end.
    #[error("the console stops")]
    Stopped,
}
