//! Pictures that people asked cameras for. They are of no incident, and are forgotten soon.

use super::codes::{local, ms};
use super::error::StoreError;
use super::files;
use super::handle::Store;
use crate::model::StillTold;
use rusqlite::{Connection, OptionalExtension, params};
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// Pictures that are forgotten in one step.
const STILLS: i64 = 200;

impl Store {
    /// A box told of a picture that it took for somebody.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn keep_still(
        &self,
        (site, camera): (Name, Name),
        file: Sha256,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let sql = "INSERT INTO still (site, camera, sha256, at) VALUES (?, ?, ?, ?)";
            let values = params![site.as_str(), camera.as_str(), file.to_string(), ms(now)];
            db.prepare_cached(sql)?.execute(values)?;
            Ok(())
        })
        .await
    }

    /// The newest picture of a camera that is not older than `from` and has arrived.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_still(
        &self,
        (site, camera): (Name, Name),
        from: Timestamp,
    ) -> Result<Option<StillTold>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT sha256, at FROM still JOIN file USING (sha256, site)
                WHERE site = ? AND camera = ? AND at >= ? ORDER BY at DESC, key DESC LIMIT 1";
            let mut statement = db.prepare_cached(sql)?;
            let values = params![site.as_str(), camera.as_str(), ms(from)];
            let still = statement.query_row(values, |row| {
                Ok(StillTold { sha256: row.get(0)?, taken: local(row.get(1)?, 0) })
            });
            Ok(still.optional()?)
        })
        .await
    }

    /// Forgets some of the pictures that were taken before `before`, but for the newest of each camera: how many.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn forget_stills(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |db| {
            let old = forgettable(db, ms(before))?;
            for (key, site, sha256) in &old {
                db.prepare_cached("DELETE FROM still WHERE key = ?")?.execute([key])?;
                files::forget(db, (site, sha256), now)?;
            }
            Ok(old.len())
        })
        .await
    }
}

/// Some of those from before `before` that did not arrive, or after which another one did.
fn forgettable(db: &Connection, before: i64) -> rusqlite::Result<Vec<(i64, String, String)>> {
    let sql = "SELECT key, site, sha256 FROM still old WHERE at < ?
        AND (NOT EXISTS (SELECT 1 FROM file f WHERE f.sha256 = old.sha256 AND f.site = old.site)
            OR EXISTS (SELECT 1 FROM still new JOIN file f ON f.sha256 = new.sha256 AND f.site = new.site
                WHERE new.site = old.site AND new.camera = old.camera AND (new.at, new.key) > (old.at, old.key)))
        ORDER BY at LIMIT ?";
    let mut statement = db.prepare_cached(sql)?;
    let rows =
        statement.query_map([before, STILLS], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}
