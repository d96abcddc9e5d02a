//! Which evidence pictures must stay, while others can go.
//!
//! Those of incidents that are open or not acknowledged, and those that the console may lack.

use super::file::FILE_NAME;
use super::{Held, open};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use viahe_contract::sha256::Sha256;

/// Says of a picture whether an incident that is open, or that was not acknowledged, names it, or the console may lack
/// it. May be asked from any thread.
#[derive(Debug)]
pub struct Needs {
    path: PathBuf,
    held: Held,
    db: Mutex<Option<Connection>>,
}

impl Needs {
    pub(super) fn new(dir: &Path, held: Held) -> Self {
        Self { path: dir.join(FILE_NAME), held, db: Mutex::default() }
    }

    /// Is this picture needed? In doubt it is.
    pub fn has(&self, sha256: Sha256) -> bool {
        self.held.names(sha256) || self.file_has(sha256).unwrap_or(true)
    }

    fn file_has(&self, sha256: Sha256) -> rusqlite::Result<bool> {
        let mut db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        if db.is_none() {
            *db = Some(open::connect(&self.path, "NORMAL")?);
        }
        let Some(db) = db.as_ref() else { return Ok(true) };
        // What is there is needed: triggers, and the uploader, take away what is settled.
        let sql = "SELECT 1 FROM pictures WHERE sha256 = ?1
                   UNION ALL SELECT 1 FROM uploads WHERE sha256 = ?1";
        db.prepare_cached(sql)?.exists([sha256.to_string()])
    }
}
