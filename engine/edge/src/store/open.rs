//! Opening: lock, schema, and whether the file is what it was.

use super::file::{APPLICATION_ID, FILE_NAME, beside};
use super::{StoreError, aside, life, rows, states};
use crate::disk::{self, Fault};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_core::versions;

/// Steps from each schema version to the next; `user_version` counts those done.
const MIGRATIONS: [&str; SchemaVersion::ALL.len()] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
];

versions! {
    /// Of the database; `user_version` says it.
    SchemaVersion, "a database":
    /// 0.1.
    V1 = 1,
    /// Rows have checksums, and pictures are known that must stay.
    V2 = 2,
    /// The engine's state has a row for each part.
    V3 = 3,
    /// What operators said of incidents.
    V4 = 4,
    /// Which pictures the console may lack.
    V5 = 5,
}

/// Newest schema known.
const SCHEMA_VERSION: i64 = SchemaVersion::NEWEST.number() as i64;

/// How long one connection waits for the other's transaction; a sync on a worn card takes long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A database that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) db: Connection,
    /// Where the one that was found instead is now.
    pub(super) aside: Option<PathBuf>,
    /// Rows whose bytes are not those that were written; they are set aside.
    pub(super) damaged: u64,
}

/// A folder that is this process's until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A worker that another thread is just starting has the file as well until it becomes its program:
        // to close ours alone gives the folder back too late. One that cannot be told is given back by closing.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Takes the folder for this process.
pub(super) fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let path = dir.join("lock");
    disk::make_state_dir(dir)
        .map_err(|source| StoreError::Folder { path: dir.to_path_buf(), source })?;
    let mut options = File::options();
    let file = match disk::open(&path, options.create(true).truncate(false).write(true)) {
        // A disk that takes nothing; the folder itself can be held as well.
        Err(error) if Fault::of(&error, dir).is_some() => {
            File::open(&path).or_else(|_| File::open(dir))
        }
        opened => opened,
    };
    let file = file.map_err(|source| StoreError::Folder { path: path.clone(), source })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { path }),
        Err(errno) => Err(StoreError::Folder { path, source: io::Error::from(errno) }),
    }
}

/// Opens the database for writing. What lies there and is damaged, or is not the one that this folder
/// had, is renamed, and a new one made with what can be carried over.
pub(super) fn open_or_set_aside(dir: &Path) -> Result<Opened, StoreError> {
    let life = life::Signs::of(dir);
    let damage = match life::loss(dir, &life) {
        Some(damage) => damage,
        None => match open_checked(dir, &life, false) {
            Err(StoreError::Corrupt { detail, .. }) => detail,
            opened => {
                let (db, damaged) = opened?;
                return Ok(Opened { db, aside: None, damaged });
            }
        },
    };
    set_aside_and_begin(dir, &life, &damage)
}

/// Renames what is there because of `damage`, and makes a new database.
pub(super) fn set_aside_and_begin(
    dir: &Path,
    life: &life::Signs,
    damage: &str,
) -> Result<Opened, StoreError> {
    let copy = aside::set_aside(dir, damage)?;
    tracing::error!(
        damage, set_aside = %copy.display(),
        "the store is not what it was; it was set aside and a new one is made. Check the disk."
    );
    let (mut db, _) = open_checked(dir, life, true)?;
    let saved = aside::salvage(&copy, &mut db, life);
    tracing::error!(
        rows = saved.rows,
        damaged = saved.damaged,
        state = saved.state,
        "rows of the store that was set aside are carried over; others are lost"
    );
    Ok(Opened { db, aside: Some(copy), damaged: saved.damaged })
}

/// Opens, checks and migrates; with rows that were found damaged. With `anew`, an empty one is right.
fn open_checked(
    dir: &Path,
    life: &life::Signs,
    anew: bool,
) -> Result<(Connection, u64), StoreError> {
    let path = dir.join(FILE_NAME);
    let sqlite = |e| explain(dir, e);
    let folder = |source| StoreError::Folder { path: path.clone(), source };
    // For this user alone; SQLite gives its other files the mode of this one.
    disk::open(&path, File::options().create(true).truncate(false).write(true)).map_err(folder)?;
    for end in ["-wal", "-shm"] {
        disk::close_to_others(&beside(&path, end));
    }
    if path.metadata().is_ok_and(|m| m.len() == 0) {
        // Before there is a log, so that the file alone says whose it is.
        let db = Connection::open(&path).map_err(sqlite)?;
        db.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    }
    let mut db = connect(&path, "FULL").map_err(sqlite)?;
    // The log of a file that is set aside must stay as it is.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sqlite)?;
    let corrupt = |detail| StoreError::Corrupt { path: path.clone(), detail };
    let check: String =
        db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
    if check != "ok" {
        return Err(corrupt(check));
    }
    let number =
        |name: &str| -> rusqlite::Result<i64> { db.pragma_query_value(None, name, |r| r.get(0)) };
    let (version, application) = (number("user_version"), number("application_id"));
    let (version, application) = (version.map_err(sqlite)?, application.map_err(sqlite)?);
    let tables: i64 =
        db.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(sqlite)?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(corrupt("it is a database of another program".into()));
    }
    if tables == 0 && !anew && life.any() {
        return Err(corrupt("it holds nothing, and this folder was used before".into()));
    }
    if version > SCHEMA_VERSION {
        return Err(StoreError::Newer { path, found: version, known: SCHEMA_VERSION });
    }
    migrate(&mut db, version).map_err(sqlite)?;
    if (1..SCHEMA_VERSION).contains(&version) {
        tracing::info!(
            from = version,
            to = SCHEMA_VERSION,
            "the database of an earlier release was taken over"
        );
        // Of 0.1 only the log may say it so far. Best effort: the log still does.
        let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
    let id = life.settle(&db).map_err(sqlite)?;
    if id.is_none() {
        return Err(corrupt("it belongs to another folder".into()));
    }
    let damaged = aside::quarantine_damaged(&mut db).map_err(sqlite)?;
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| StoreError::Folder { path: dir.to_path_buf(), source })?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(sqlite)?;
    life::write(dir, &id.unwrap_or_default());
    Ok((db, damaged))
}

/// A connection with our settings; `synchronous` is `FULL` or `NORMAL`.
pub(super) fn connect(path: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", synchronous)?;
    db.pragma_update(None, "foreign_keys", true)?;
    // 1 MB of cache is plenty here; the log is cut back after a burst.
    db.pragma_update(None, "cache_size", -1024)?;
    db.pragma_update(None, "journal_size_limit", 4 << 20)?;
    // Else a statement on a table with a partial index is planned again for each new value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(db)
}

/// A connection that only reads, also from a disk that takes nothing; of a database as it is now.
pub(super) fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let log = std::fs::metadata(beside(path, "-wal")).map_or(0, |m| m.len());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = if log > 0 {
        Connection::open_with_flags(path, flags)?
    } else {
        // Without a log SQLite would make one.
        let text = path.to_string_lossy();
        let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let uri = format!("file:{escaped}?immutable=1");
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    };
    db.busy_timeout(BUSY_TIMEOUT)?;
    let version: i64 = db.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if version == SCHEMA_VERSION {
        return Ok(db);
    }
    let detail = format!("schema version {version} cannot be read where nothing can be written");
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY), Some(detail)))
}

fn migrate(db: &mut Connection, version: i64) -> rusqlite::Result<()> {
    for (to, sql) in (1_i64..).zip(MIGRATIONS).skip(version as usize) {
        let tx = db.transaction()?;
        tx.execute_batch(sql)?;
        match SchemaVersion::ALL.iter().find(|v| i64::from(v.number()) == to) {
            Some(SchemaVersion::V2) => rows::add_sums(&tx)?,
            Some(SchemaVersion::V3) => states::move_to_parts(&tx)?,
            _ => {}
        }
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", to)?;
        tx.commit()?;
    }
    Ok(())
}

/// What an error of SQLite means for the caller.
pub(super) fn explain(dir: &Path, source: rusqlite::Error) -> StoreError {
    let path = dir.join(FILE_NAME);
    let rusqlite::Error::SqliteFailure(code, _) = &source else {
        return match source {
            // STRICT tables hold no other types unless their bytes were changed.
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => {
                StoreError::Corrupt { path, detail: source.to_string() }
            }
            _ => StoreError::Sqlite { path, source },
        };
    };
    // Growing the shared index of the log on a full disk is an I/O error to SQLite.
    let no_space = matches!(
        code.extended_code,
        ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_SHMMAP | ffi::SQLITE_IOERR_SHMOPEN
    );
    let corrupt = matches!(code.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase);
    if corrupt {
        return StoreError::Corrupt { path, detail: source.to_string() };
    }
    if code.code == ErrorCode::DiskFull {
        return StoreError::DiskFull { path };
    }
    let of_the_disk = matches!(
        code.code,
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly
    );
    // SQLite has no word for a quota, a disk mounted read-only, or one without inodes.
    match of_the_disk.then(|| disk::probe(dir)) {
        Some(Ok(Some(fault))) if fault.is_lack_of_room() => StoreError::DiskFull { path },
        Some(Ok(Some(fault))) => StoreError::Disk { path, fault },
        Some(Ok(None)) if no_space => StoreError::DiskFull { path },
        _ if code.code == ErrorCode::SystemIoFailure => {
            StoreError::Disk { path, fault: Fault::Broken }
        }
        _ => StoreError::Sqlite { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_given_back_though_a_child_still_has_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        let of_a_child = held.0.try_clone().unwrap();
        assert!(matches!(lock(dir.path()), Err(StoreError::Locked { .. })));
        drop(held);
        assert!(lock(dir.path()).is_ok());
        drop(of_a_child);
    }
}
