//! The engine's state in the file: a row for each part. What cannot be read is kept in a file of its own.

use super::file::DAMAGED;
use super::rows::sum;
use crate::{clock, disk};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use serde_json::json;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use viahe_core::engine::{Changes, Saved, Scope};

/// How the name of a state that could not be read begins.
const KEPT: &str = "state-unread-";
/// Most of them; the oldest goes. Judgement: one is looked at, a few tell that it goes on.
const KEPT_MAX: usize = 4;

/// A part of a state that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Which, as far as that can be read.
    pub scope: String,
    /// Why; for people.
    pub why: String,
    /// What lies there.
    pub bytes: Vec<u8>,
}

/// What the file has of the engine's state.
#[derive(Debug, Default)]
pub struct StoredState {
    /// What is as it was written.
    pub saved: Saved,
    /// What is not.
    pub damaged: Vec<Unread>,
}

/// Saves what changed.
pub(super) fn put(db: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    if changes.anew {
        db.execute("DELETE FROM state_parts", [])?;
    }
    for scope in &changes.gone {
        db.prepare_cached("DELETE FROM state_parts WHERE scope = ?1")?
            .execute([scope.to_string()])?;
    }
    changes.parts.iter().try_for_each(|(scope, state)| put_one(db, &scope.to_string(), state))
}

pub(super) fn put_one(db: &Connection, scope: &str, state: &[u8]) -> rusqlite::Result<()> {
    let sum = sum(&[scope.as_bytes(), state]);
    db.prepare_cached(
        "INSERT INTO state_parts (scope, state, sum) VALUES (?1, ?2, ?3)
         ON CONFLICT (scope) DO UPDATE SET state = excluded.state, sum = excluded.sum",
    )?
    .execute(params![scope, state, sum])?;
    Ok(())
}

/// All parts that are there.
pub(super) fn read(db: &Connection) -> rusqlite::Result<StoredState> {
    let mut select = db.prepare("SELECT scope, state, sum FROM state_parts ORDER BY scope")?;
    let mut rows = select.query([])?;
    let (mut parts, mut damaged) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let (name, state) = (bytes(row.get_ref(0)?), bytes(row.get_ref(1)?));
        let intact = matches!(row.get_ref(2)?, ValueRef::Blob(s) if s == sum(&[&name, &state]));
        let name = String::from_utf8_lossy(&name).into_owned();
        match name.parse::<Scope>() {
            Ok(scope) if intact => parts.push((scope, state)),
            parsed => {
                let why = parsed.err().unwrap_or_else(|| DAMAGED.to_owned());
                damaged.push(Unread { scope: name, why, bytes: state });
            }
        }
    }
    Ok(StoredState { saved: parts.into_iter().collect(), damaged })
}

fn bytes(value: ValueRef<'_>) -> Vec<u8> {
    match value {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    }
}

/// The state that a file of schema 1 or 2 has, as far as it is as it was written; else its bytes.
pub(super) fn read_old(
    db: &Connection,
    sums: bool,
) -> rusqlite::Result<Option<Result<Vec<u8>, Vec<u8>>>> {
    let sum_of = if sums { "sum" } else { "NULL" };
    let mut select = db.prepare(&format!("SELECT state, {sum_of} FROM engine_state"))?;
    let mut rows = select.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let state = bytes(row.get_ref(0)?);
    let intact = !sums || matches!(row.get_ref(1)?, ValueRef::Blob(s) if s == sum(&[&state]));
    Ok(Some(if intact { Ok(state) } else { Err(state) }))
}

/// Brings the state of a file of schema 2 into parts: there is one so far.
pub(super) fn move_to_parts(db: &Connection) -> rusqlite::Result<()> {
    let whole = Scope::Whole.to_string();
    match read_old(db, true)? {
        Some(Ok(state)) => put_one(db, &whole, &state)?,
        Some(Err(damaged)) => {
            // Without a sum it is found damaged when it is read.
            db.execute(
                "INSERT INTO state_parts (scope, state) VALUES (?1, ?2)",
                params![whole, damaged],
            )?;
        }
        None => {}
    }
    db.execute_batch("DROP TABLE engine_state")
}

/// Writes what cannot be read into a file in `dir`, a line of JSON for each part; which file that is.
pub(super) fn keep(dir: &Path, unread: &[Unread]) -> io::Result<PathBuf> {
    let mut old = kept(dir);
    while old.len() >= KEPT_MAX {
        let oldest = old.remove(0);
        tracing::error!(path = %oldest.display(), "an older state that could not be read is removed");
        fs::remove_file(oldest)?;
    }
    let path = dir.join(format!("{KEPT}{}.jsonl", clock::now().millis()));
    let mut file = disk::create(&path)?;
    for Unread { scope, why, bytes } in unread {
        let line = match std::str::from_utf8(bytes) {
            Ok(text) => json!({ "scope": scope, "why": why, "text": text }),
            Err(_) => json!({ "scope": scope, "why": why, "bytes": bytes }),
        };
        writeln!(file, "{line}")?;
    }
    file.sync_all()?;
    Ok(path)
}

/// The files of [`keep`] that nobody took away, oldest first.
pub(super) fn kept(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let is_one = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(KEPT))
    };
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|e| e.path())).filter(is_one).collect();
    found.sort();
    found
}
