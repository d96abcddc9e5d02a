//! Opening: the folder's lock, the schema, connections.

use super::error::StoreError;
use super::words;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The steps from each version of the schema to the next; `user_version` counts those done.
const STEPS: [&str; 10] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
    include_str!("schema-8.sql"),
    include_str!("schema-9.sql"),
    include_str!("schema-10.sql"),
];
/// `VHcn`: whose database it is.
const APPLICATION_ID: i64 = 0x5648_636e;
/// How long one connection waits for another's: only while the log is cut back.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages kept by the connection that writes, and by each that reads, in KiB. The system keeps the file as well, so what
/// is not here is copied, not read from the disk.
const WRITER_CACHE_KIB: i64 = 8 << 10;
const READER_CACHE_KIB: i64 = 2 << 10;
/// The log is cut back to it after a burst.
const LOG_BYTES_MAX: i64 = 64 << 20;

/// The database of a data folder.
pub(super) fn file_of(dir: &Path) -> PathBuf {
    dir.join("console.db")
}

/// A folder that is this process's until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A child that another thread is just starting has the file as well until it becomes its program:
        // to close ours alone gives the folder back too late. One that cannot be told is given back by closing.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Takes the folder for this process, and makes it if need be: for this user alone.
pub(super) fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let folder = |path: &Path| {
        let path = path.to_path_buf();
        move |source| StoreError::Folder { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(folder(dir))?;
    let path = dir.join("lock");
    let mut options = File::options();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.open(&path).map_err(folder(&path))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { path }),
        Err(errno) => Err(folder(&path)(io::Error::from(errno))),
    }
}

/// The connection that writes, of a database of the newest schema.
pub(super) fn to_write(path: &Path) -> Result<Connection, StoreError> {
    let folder = |source| StoreError::Folder { path: path.to_path_buf(), source };
    // SQLite gives its other files the mode of this one.
    let mut options = File::options();
    options.create(true).truncate(false).write(true).mode(0o600).open(path).map_err(folder)?;
    let mut db = Connection::open(path)?;
    settle(&db, WRITER_CACHE_KIB)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A commit is on the disk once it is answered.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    migrate(&mut db, path)?;
    words::fill(&mut db)?;
    Ok(db)
}

/// A connection that only reads.
pub(super) fn to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    settle(&db, READER_CACHE_KIB)?;
    Ok(db)
}

fn settle(db: &Connection, cache_kib: i64) -> Result<(), StoreError> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "cache_size", -cache_kib)?;
    // Else a statement on a table with a partial index is planned again for each new value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (found, application) = (number("user_version")?, number("application_id")?);
    let tables: i64 = db.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let path = path.to_path_buf();
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Foreign { path });
    }
    let found = usize::try_from(found).unwrap_or_default();
    if found > STEPS.len() {
        return Err(StoreError::Newer { path, found, known: STEPS.len() });
    }
    for (to, step) in (1_i64..).zip(STEPS).skip(found) {
        let tx = db.transaction()?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", to)?;
        tx.commit()?;
    }
    Ok(())
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
