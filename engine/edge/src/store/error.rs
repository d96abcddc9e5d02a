//! What can go wrong with the store, and what to do then.

use crate::disk::{self, Fault};
use std::path::PathBuf;
use viahe_contract::id::IncidentId;

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
    /// The disk takes nothing; nothing was changed.
    #[error("{path}: {fault}; nothing was written. {}", .fault.remedy())]
    Disk {
        /// The database.
        path: PathBuf,
        /// Why.
        fault: Fault,
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

impl StoreError {
    /// Is the file damaged? Trying again does not help then; the next start sets it aside.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::CorruptAgain { .. })
    }

    /// What it says of the disk; none when it is about something else.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::DiskFull { path } => {
                let dir = path.parent().unwrap_or(path);
                let found = disk::probe(dir).ok().flatten();
                Some(found.filter(|fault| fault.is_lack_of_room()).unwrap_or(Fault::Full))
            }
            Self::Disk { fault, .. } => Some(*fault),
            Self::Folder { path, source } => Fault::of(source, path.parent().unwrap_or(path)),
            _ => None,
        }
    }
}
