//! Which files have arrived, and whose they are.

use super::changes;
use super::codes::ms;
use super::error::StoreError;
use super::handle::Store;
use crate::model::PlaceId;
use rusqlite::{Connection, params};
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

impl Store {
    /// A file of a site is whole and on the disk.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn arrived(
        &self,
        site: Name,
        file: Sha256,
        bytes: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            let sql =
                "INSERT OR IGNORE INTO file (sha256, site, bytes, arrived) VALUES (?, ?, ?, ?)";
            let name = file.to_string();
            db.prepare_cached(sql)?.execute(params![name, site.as_str(), bytes, ms(now)])?;
            for (id, place) in named_by(db, site.as_str(), &name)? {
                changes::note(db, "incident", site.as_str(), (Some(&id), Some(&place)))?;
            }
            Ok(())
        })
        .await
    }

    /// Has this site brought this file?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_file(&self, site: Name, file: Sha256) -> Result<bool, StoreError> {
        self.read(move |db| {
            let sql = "SELECT 1 FROM file WHERE sha256 = ? AND site = ?";
            let mut statement = db.prepare_cached(sql)?;
            Ok(statement.exists(params![file.to_string(), site.as_str()])?)
        })
        .await
    }

    /// The sites that have brought a file which an incident of theirs names, or that somebody asked a camera for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sites_of_file(&self, file: Sha256) -> Result<Vec<String>, StoreError> {
        self.read(move |db| {
            let sql = format!("SELECT site FROM file WHERE sha256 = ? AND {NAMED}");
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([file.to_string()], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// How much all files take.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn file_bytes(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            // Several sites may have brought the same one.
            let sql = "SELECT COALESCE(SUM(bytes), 0) FROM (SELECT MAX(bytes) AS bytes FROM file GROUP BY sha256)";
            let bytes: i64 = db.query_row(sql, [], |row| row.get(0))?;
            Ok(u64::try_from(bytes).unwrap_or_default())
        })
        .await
    }

    /// Forgets the files that came before `before` and are of no incident and no camera; gives those that nobody else
    /// has brought.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn forget_unnamed(&self, before: Timestamp) -> Result<Vec<Sha256>, StoreError> {
        self.write(move |db| {
            let sql = format!("SELECT site, sha256 FROM file WHERE arrived < ? AND NOT ({NAMED})");
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([ms(before)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let unnamed: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
            let gone = unnamed.iter().map(|(site, name)| forget(db, site, name));
            gone.filter_map(Result::transpose).collect()
        })
        .await
    }
}

/// Of a file: an incident of its site names it, or somebody asked a camera there for it.
const NAMED: &str = "(EXISTS (SELECT 1 FROM evidence e JOIN incident i ON i.key = e.incident
        WHERE e.sha256 = file.sha256 AND i.site = file.site)
    OR EXISTS (SELECT 1 FROM still s WHERE s.sha256 = file.sha256 AND s.site = file.site))";

/// Forgets that a site has brought a file, unless something there names it; gives the file when nobody has it any more.
pub(super) fn forget(
    db: &Connection,
    site: &str,
    name: &str,
) -> Result<Option<Sha256>, StoreError> {
    let sql = format!("DELETE FROM file WHERE sha256 = ? AND site = ? AND NOT {NAMED}");
    if db.prepare_cached(&sql)?.execute([name, site])? == 0 {
        return Ok(None);
    }
    if db.prepare_cached("SELECT 1 FROM file WHERE sha256 = ?")?.exists([name])? {
        return Ok(None);
    }
    Sha256::try_from(name).map(Some).map_err(StoreError::Content)
}

/// The incidents of a site that name a file.
fn named_by(db: &Connection, site: &str, file: &str) -> rusqlite::Result<Vec<(String, PlaceId)>> {
    let sql = "SELECT DISTINCT i.id, p.camera, p.zone FROM evidence e JOIN incident i ON i.key = e.incident
        JOIN place p ON p.key = i.place WHERE e.sha256 = ? AND i.site = ?";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([file, site], |row| {
        let place = PlaceId { site: site.to_owned(), camera: row.get(1)?, zone: row.get(2)? };
        Ok((row.get(0)?, place))
    })?;
    rows.collect()
}
