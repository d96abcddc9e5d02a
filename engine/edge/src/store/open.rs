//! Opening: lock, schema, damaged files.

use super::{FILE_NAME, StoreError};
use crate::clock;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, ffi};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Steps from each schema version to the next; `user_version` counts those done.
const MIGRATIONS: [&str; 1] = [include_str!("schema-1.sql")];

/// Newest schema known.
const SCHEMA_VERSION: i64 = 1;

/// "viah" in ASCII.
const APPLICATION_ID: i64 = 0x7669_6168;

/// Damaged copies that may pile up before the disk is called bad.
const DAMAGED_COPIES_MAX: usize = 3;

/// How long one connection waits for the other's transaction; a sync on a worn card takes long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Takes the folder for this process.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    std::fs::create_dir_all(dir)
        .map_err(|source| StoreError::Folder { path: dir.to_path_buf(), source })?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| StoreError::Folder { path: path.clone(), source })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { path }),
        Err(errno) => Err(StoreError::Folder { path, source: io::Error::from(errno) }),
    }
}

/// Opens the database for writing; a damaged one is renamed and a new one made.
pub(super) fn open_or_set_aside(dir: &Path) -> Result<(Connection, Option<PathBuf>), StoreError> {
    let damage = match open_checked(dir) {
        Err(StoreError::Corrupt { detail, .. }) => detail,
        other => return other.map(|db| (db, None)),
    };
    let aside = set_aside(dir)?;
    tracing::error!(
        damage, set_aside = %aside.display(),
        "the store is damaged; it was set aside and a new one is made. Check the disk."
    );
    let mut db = open_checked(dir)?;
    let saved = salvage(&aside, &mut db);
    tracing::error!(rows = saved, "rows of the damaged outbox carried over; others are lost");
    Ok((db, Some(aside)))
}

fn open_checked(dir: &Path) -> Result<Connection, StoreError> {
    let path = dir.join(FILE_NAME);
    let mut db = connect(&path, "FULL").map_err(|e| explain(dir, e))?;
    let check: String =
        db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| explain(dir, e))?;
    if check != "ok" {
        return Err(StoreError::Corrupt { path, detail: check });
    }
    migrate(&mut db, &path)?;
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| StoreError::Folder { path: dir.to_path_buf(), source })?;
    Ok(db)
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
    Ok(db)
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or(path);
    let version: i64 =
        db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|e| explain(dir, e))?;
    if version > SCHEMA_VERSION {
        return Err(StoreError::Newer {
            path: path.to_path_buf(),
            found: version,
            known: SCHEMA_VERSION,
        });
    }
    let mut apply = || {
        for (to, sql) in (1_i64..).zip(MIGRATIONS).skip(version as usize) {
            let tx = db.transaction()?;
            tx.execute_batch(sql)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
            tx.pragma_update(None, "user_version", to)?;
            tx.commit()?;
        }
        Ok(())
    };
    apply().map_err(|e| explain(dir, e))
}

fn set_aside(dir: &Path) -> Result<PathBuf, StoreError> {
    let path = dir.join(FILE_NAME);
    let folder = |source| StoreError::Folder { path: dir.to_path_buf(), source };
    let copies = std::fs::read_dir(dir)
        .map_err(folder)?
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("viahe.db.damaged-") && !name.ends_with("-wal")
        })
        .count();
    if copies >= DAMAGED_COPIES_MAX {
        return Err(StoreError::CorruptAgain { path, copies });
    }
    let aside = dir.join(format!("{FILE_NAME}.damaged-{}", clock::now().millis()));
    std::fs::rename(&path, &aside).map_err(folder)?;
    // The log belongs to the file, under the same name; the index of the log can be made again.
    let beside = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    for end in ["-wal", "-shm"] {
        match std::fs::rename(beside(&path, end), beside(&aside, end)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(folder(source)),
            _ => {}
        }
    }
    Ok(aside)
}

/// Copies what can be read of a damaged outbox and of the saved state; returns rows copied.
fn salvage(damaged: &Path, db: &mut Connection) -> usize {
    let mut copied = 0;
    let mut copy = || -> rusqlite::Result<()> {
        // Read and write: the log beside it must be replayed.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let old = Connection::open_with_flags(damaged, flags)?;
        let tx = db.transaction()?;
        // From both ends, up to the damage.
        for order in ["ASC", "DESC"] {
            copied += salvage_rows(&old, &tx, order).unwrap_or(0);
        }
        let state: Option<Vec<u8>> = old
            .query_row("SELECT state FROM engine_state", [], |row| row.get(0))
            .optional()
            .unwrap_or(None);
        if let Some(state) = state {
            tx.execute("INSERT OR REPLACE INTO engine_state (one, state) VALUES (1, ?1)", [state])?;
        }
        tx.commit()
    };
    if let Err(source) = copy() {
        tracing::error!(%source, "the damaged outbox cannot be read");
        return 0;
    }
    copied
}

fn salvage_rows(old: &Connection, new: &Connection, order: &str) -> rusqlite::Result<usize> {
    let mut select = old.prepare(&format!(
        "SELECT row, incident, revision, topic, payload, qos, created FROM outbox
         WHERE quarantined IS NULL ORDER BY row {order}"
    ))?;
    let mut insert = new.prepare(
        "INSERT OR IGNORE INTO outbox (row, incident, revision, topic, payload, qos, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut rows = select.query([])?;
    let mut copied = 0;
    while let Ok(Some(row)) = rows.next() {
        let mut values = Vec::with_capacity(7);
        for column in 0..7 {
            values.push(row.get::<_, rusqlite::types::Value>(column)?);
        }
        // A row that breaks the new file's rules is one of the damaged ones.
        copied += insert.execute(rusqlite::params_from_iter(values)).unwrap_or(0);
    }
    Ok(copied)
}

/// What an error of SQLite means for the caller.
pub(super) fn explain(dir: &Path, source: rusqlite::Error) -> StoreError {
    let path = dir.join(FILE_NAME);
    let rusqlite::Error::SqliteFailure(code, _) = &source else {
        return StoreError::Sqlite { path, source };
    };
    // Growing the shared index of the log on a full disk is an I/O error to SQLite.
    let no_space = matches!(
        code.extended_code,
        ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_SHMMAP | ffi::SQLITE_IOERR_SHMOPEN
    );
    match code.code {
        ErrorCode::DiskFull => StoreError::DiskFull { path },
        ErrorCode::SystemIoFailure if no_space => StoreError::DiskFull { path },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::Corrupt { path, detail: source.to_string() }
        }
        _ => StoreError::Sqlite { path, source },
    }
}
