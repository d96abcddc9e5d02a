//! Databases and rows that are not what was written: set aside for a person, never deleted, and what
//! can be read of them is carried over.

use super::file::{DAMAGED, FILE_NAME, beside};
use super::life::Signs;
use super::rows::{self, COLUMNS, Known};
use super::{StoreError, states, uploads, verdicts};
use crate::{clock, disk};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use viahe_core::engine::Saved;

/// Damaged copies that may pile up before the disk is called bad.
const DAMAGED_COPIES_MAX: usize = 3;
/// Least size of a database.
const DATABASE_BYTES_MIN: u64 = 512;
/// What was carried over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Salvaged {
    pub(super) rows: u64,
    /// Rows that were there, and not what was written.
    pub(super) damaged: u64,
    /// The engine's state too.
    pub(super) state: bool,
}

/// The databases in `dir` that were set aside, oldest first.
pub(super) fn copies(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let of_one = ["-wal", "-shm", "-reading"].iter().any(|end| name.ends_with(end));
        if name.starts_with("viahe.db.damaged-") && !of_one {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name_now(dir: &Path) -> PathBuf {
    dir.join(format!("{FILE_NAME}.damaged-{}", clock::now().millis()))
}

/// Renames the database with its log and index, because of `damage`; where it is then. Of one that is
/// gone a note is left in its place.
pub(super) fn set_aside(dir: &Path, damage: &str) -> Result<PathBuf, StoreError> {
    let path = dir.join(FILE_NAME);
    let folder = |source| StoreError::Folder { path: dir.to_path_buf(), source };
    let copies = copies(dir).map_err(folder)?.len();
    if copies >= DAMAGED_COPIES_MAX {
        return Err(StoreError::CorruptAgain { path, copies });
    }
    let aside = name_now(dir);
    // The log belongs to the file, under the same name. It goes second: a log alone is told at the
    // next start, a file alone would not be.
    for end in ["", "-wal", "-shm"] {
        let (from, to) = (beside(&path, end), beside(&aside, end));
        match fs::rename(&from, &to) {
            Ok(()) => disk::close_to_others(&to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(folder(error)),
        }
    }
    if !aside.exists() {
        let note = format!("{FILE_NAME}: {damage}\n");
        let noted = disk::create(&aside).and_then(|mut file| file.write_all(note.as_bytes()));
        noted.map_err(folder)?;
    }
    Ok(aside)
}

/// Sets aside the rows of the outbox whose bytes are not those that were written; how many.
pub(super) fn quarantine_damaged(db: &mut Connection) -> rusqlite::Result<u64> {
    let damaged: Vec<i64> = {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE quarantined IS NULL");
        let mut select = db.prepare(&sql)?;
        let rows = select.query_map([], rows::read)?;
        rows.filter_map(|row| row.map(Result::err).transpose()).collect::<rusqlite::Result<_>>()?
    };
    if damaged.is_empty() {
        return Ok(0);
    }
    let tx = db.transaction()?;
    for row in &damaged {
        tx.execute("UPDATE outbox SET quarantined = ?2 WHERE row = ?1", params![row, DAMAGED])?;
    }
    tx.commit()?;
    tracing::error!(
        rows = damaged.len(),
        first = damaged[0],
        "rows of the outbox are set aside: {DAMAGED}"
    );
    Ok(damaged.len() as u64)
}

/// Copies what can be read of a database that was set aside: outbox, history and saved state. It and
/// its log stay as they are.
pub(super) fn salvage(aside: &Path, db: &mut Connection, life: &Signs) -> Salvaged {
    let mut saved = Salvaged::default();
    let copied = Source::open(aside).and_then(|source| match source {
        Some(source) => source.copy(db, life, &mut saved),
        None => Ok(()),
    });
    if let Err(error) = copied {
        tracing::error!(%error, "the rest of what was set aside cannot be read");
    }
    saved
}

/// A damaged database, open to be read.
struct Source {
    db: Option<Connection>,
    /// A stand-in for a database of which only the log is left.
    stand_in: Option<PathBuf>,
}

impl Source {
    /// None when there is nothing to read.
    fn open(aside: &Path) -> rusqlite::Result<Option<Self>> {
        let bytes = fs::metadata(aside).map_or(0, |m| m.len());
        let stand_in = if bytes < DATABASE_BYTES_MIN || !is_database(aside) {
            match stand_in(aside) {
                Ok(Some(path)) => Some(path),
                Ok(None) => return Ok(None),
                Err(error) => {
                    tracing::error!(%error, "the log of the database cannot be read");
                    return Ok(None);
                }
            }
        } else {
            None
        };
        // Read and write: the log beside it must be replayed. It is never checkpointed, so neither
        // file changes.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(stand_in.as_deref().unwrap_or(aside), flags)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        db.pragma_update(None, "query_only", true)?;
        Ok(Some(Self { db: Some(db), stand_in }))
    }

    fn copy(
        &self,
        new: &mut Connection,
        life: &Signs,
        saved: &mut Salvaged,
    ) -> rusqlite::Result<()> {
        let Some(old) = &self.db else { return Ok(()) };
        let id = old.query_row("SELECT id FROM identity", [], |r| r.get::<_, String>(0)).ok();
        if !life.is_ours(id.as_deref()) {
            return Ok(());
        }
        let has_sums = old.prepare("SELECT sum FROM outbox").is_ok();
        let tx = new.transaction()?;
        // From both ends, up to the damage.
        for order in ["ASC", "DESC"] {
            // What ends one way may go on from the other side.
            let _ = copy_outbox(old, &tx, order, has_sums, saved);
            let _ = copy_incidents(old, &tx, order, has_sums);
            let _ = verdicts::copy(old, &tx, order, &mut saved.damaged);
            let _ = uploads::copy(old, &tx, order);
        }
        for (scope, state) in state_of(old, has_sums).parts() {
            states::put_one(&tx, &scope.to_string(), state)?;
            saved.state = true;
        }
        tx.commit()
    }
}

/// What a database has of the engine's state, in the rows of whatever schema; none when it has none.
fn state_of(db: &Connection, has_sums: bool) -> Saved {
    if let Ok(read) = states::read(db) {
        return read.saved;
    }
    let whole = states::read_old(db, has_sums).ok().flatten().and_then(Result::ok);
    whole.map(Saved::whole).unwrap_or_default()
}

impl Drop for Source {
    fn drop(&mut self) {
        drop(self.db.take());
        if let Some(path) = &self.stand_in {
            for end in ["", "-wal", "-shm"] {
                // What stays is in nobody's way, and is replaced the next time.
                let _ = fs::remove_file(beside(path, end));
            }
        }
    }
}

fn is_database(path: &Path) -> bool {
    let mut head = [0; 16];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head == *b"SQLite format 3\0"
}

/// A database of one empty page beside the log of `aside`: SQLite deletes the log of an empty one, and
/// replays it over this one. None when there is no log.
fn stand_in(aside: &Path) -> io::Result<Option<PathBuf>> {
    let log = beside(aside, "-wal");
    let mut head = [0; 12];
    match fs::File::open(&log).and_then(|mut file| file.read_exact(&mut head)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    // https://www.sqlite.org/fileformat2.html#walformat: the page size is at offset 8.
    let page = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    if !page.is_power_of_two() || !(512..=65_536).contains(&page) {
        return Ok(None);
    }
    let path = beside(aside, "-reading");
    for end in ["", "-wal", "-shm"] {
        match fs::remove_file(beside(&path, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    disk::create(&path)?.write_all(&vec![0; page as usize])?;
    fs::hard_link(&log, beside(&path, "-wal"))?;
    Ok(Some(path))
}

fn copy_outbox(
    old: &Connection,
    new: &Connection,
    order: &str,
    has_sums: bool,
    saved: &mut Salvaged,
) -> rusqlite::Result<()> {
    let columns = if has_sums { COLUMNS.to_owned() } else { COLUMNS.replace("sum", "NULL") };
    let mut select = old.prepare(&format!(
        "SELECT {columns} FROM outbox WHERE quarantined IS NULL ORDER BY row {order}"
    ))?;
    let mut known = new.prepare("SELECT 1 FROM outbox WHERE row = ?1")?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let read = if has_sums { rows::read(row)? } else { rows::read_unchecked(row) };
        match read {
            // Met from the other end.
            Ok((pending, _)) if known.exists([pending.row])? => {}
            Ok((pending, created)) => {
                // A row that breaks the new file's rules is one of the damaged ones.
                match pending.waiting(created).insert(new, Some(pending.row)) {
                    Ok(_) => saved.rows += 1,
                    Err(_) => saved.damaged += 1,
                }
            }
            Err(_) if order == "ASC" => saved.damaged += 1,
            Err(_) => {}
        }
    }
    Ok(())
}

fn copy_incidents(
    old: &Connection,
    new: &Connection,
    order: &str,
    has_sums: bool,
) -> rusqlite::Result<()> {
    let columns = Known::COLUMNS;
    let columns = if has_sums { columns.to_owned() } else { columns.replace("sum", "NULL") };
    let mut select =
        old.prepare(&format!("SELECT {columns} FROM incidents ORDER BY incident {order}"))?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let known = if has_sums { Known::read(row) } else { Known::read_unchecked(row) };
        if let Some(known) = known {
            known.put(new)?;
        }
    }
    Ok(())
}
