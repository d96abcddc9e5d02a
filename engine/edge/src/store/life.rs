//! Was this folder used before? A database that is gone, empty or another one must not be taken for new.
//!
//! The signs do not depend on the database: a file `identity` that says which life this is, as a row of
//! the database does; else whatever else a life leaves behind (0.1 wrote no `identity`).

use super::file::{APPLICATION_ID, FILE_NAME, beside};
use crate::disk;
use rusqlite::{Connection, OptionalExtension as _};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

const IDENTITY: &str = "identity";
/// Its first bytes, in any SQLite file that is not empty.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What an earlier life left in a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    /// What `identity` says.
    id: Option<String>,
    /// The first thing found, for people.
    found: Option<String>,
}

impl Signs {
    pub(super) fn of(dir: &Path) -> Self {
        let id = fs::read_to_string(dir.join(IDENTITY)).ok().map(|id| id.trim().to_owned());
        let id = id.filter(|id| !id.is_empty() && id.len() <= 64);
        let has = |name: &str| dir.join(name).symlink_metadata().is_ok_and(|m| m.len() > 0);
        let file = [IDENTITY, "ballast", "viahe.db-wal"].into_iter().find(|name| has(name));
        let found = file.map(str::to_owned).or_else(|| {
            let history = entries(&dir.join("history"));
            let shards = entries(&dir.join("evidence"));
            let pictures = shards.into_iter().filter(|p| p.is_dir()).flat_map(|p| entries(&p));
            let any = history.into_iter().chain(pictures).next();
            any.map(|path| path.strip_prefix(dir).unwrap_or(&path).display().to_string())
        });
        Self { id, found }
    }

    pub(super) fn any(&self) -> bool {
        self.found.is_some()
    }

    /// Agrees with a database on which life this is; none when it is another's.
    pub(super) fn settle(&self, db: &Connection) -> rusqlite::Result<Option<String>> {
        let in_db: Option<String> =
            db.query_row("SELECT id FROM identity", [], |r| r.get(0)).optional()?;
        match (&self.id, in_db) {
            (Some(here), Some(there)) => Ok((*here == there).then_some(there)),
            (None, Some(there)) => Ok(Some(there)),
            (here, None) => {
                let new = || db.query_row("SELECT lower(hex(randomblob(16)))", [], |r| r.get(0));
                let id = here.clone().map_or_else(new, Ok)?;
                db.execute("INSERT INTO identity (one, id) VALUES (1, ?1)", [&id])?;
                Ok(Some(id))
            }
        }
    }

    /// Is this the id of a database that lies elsewhere?
    pub(super) fn is_ours(&self, id: Option<&str>) -> bool {
        self.id.as_deref().zip(id).is_none_or(|(here, there)| here == there)
    }
}

/// What is wrong with the database before SQLite looks at it, if anything: it would delete the log of
/// an empty one, and play the log into whatever lies there.
pub(super) fn loss(dir: &Path, life: &Signs) -> Option<String> {
    let sign = life.found.as_deref()?;
    let path = dir.join(FILE_NAME);
    let mut head = Vec::new();
    let read = fs::File::open(&path).and_then(|file| file.take(512).read_to_end(&mut head));
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some(format!("it is gone, though {sign} is there"))
        }
        Ok(0) => Some(format!("it is empty, though {sign} is there")),
        Ok(_) if !head.starts_with(MAGIC) || head.len() < 512 => {
            Some("its beginning is not that of a database".into())
        }
        // The file of this life says whose it is. 0.1 left that to the log, which SQLite would play
        // into whatever lies there.
        Ok(_) if life.id.is_some() && application(&head) != APPLICATION_ID => {
            Some("it is a database of another program".into())
        }
        // Of a file that cannot be read SQLite says why.
        _ => None,
    }
}

/// <https://www.sqlite.org/fileformat2.html#application_id>
fn application(head: &[u8]) -> i64 {
    let bytes = head.get(68..72).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, |bytes| i64::from(u32::from_be_bytes(bytes)))
}

/// Says beside the database which life this is. On a disk that takes nothing the next start does.
pub(super) fn write(dir: &Path, id: &str) {
    let path = dir.join(IDENTITY);
    if fs::read_to_string(&path).is_ok_and(|there| there.trim() == id) {
        disk::close_to_others(&path);
        return;
    }
    let new = beside(&path, ".tmp");
    let written = disk::create(&new).and_then(|mut file| {
        writeln!(file, "{id}")?;
        file.sync_all()?;
        fs::rename(&new, &path)
    });
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "cannot be written; the next start tries again");
    }
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}
