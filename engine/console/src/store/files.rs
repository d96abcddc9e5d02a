//! Which files have arrived, and whose they are.

use super::changes;
use super::codes::ms;
use super::error::StoreError;
use super::handle::Store;
use super::strays;
use crate::model::PlaceId;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// Lines that are looked at in one step.
const STEP: usize = 200;

/// A file, and a site that has brought it.
pub type Brought = (Sha256, String);
/// Where the step before ended: when a file arrived, its hash and its site.
pub type FileAt = (i64, String, String);

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
            strays::settle(db, &name)?;
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

    /// Who has brought these files.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn bringers(&self, files: BTreeSet<Sha256>) -> Result<BTreeSet<Brought>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT site FROM file WHERE sha256 = ?")?;
            let mut bringers = BTreeSet::new();
            for file in files {
                for site in statement.query_map([file.to_string()], |row| row.get(0))? {
                    bringers.insert((file, site?));
                }
            }
            Ok(bringers)
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

    /// Some of the files that came before `before` and are of no incident and no camera, with their sites. And where to
    /// go on; none when all were looked at.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unnamed(
        &self,
        before: Timestamp,
        after: Option<FileAt>,
    ) -> Result<(Vec<Brought>, Option<FileAt>), StoreError> {
        self.read(move |db| page(db, (NAMED, 0), before, after)).await
    }

    /// Forgets that these sites have brought these files, but for those that something there names by now; how many.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn forget_unnamed(
        &self,
        unnamed: Vec<Brought>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |db| {
            let mut forgotten = 0;
            for (file, site) in &unnamed {
                forgotten += usize::from(forget(db, (site, &file.to_string()), now)?);
            }
            Ok(forgotten)
        })
        .await
    }
}

/// Of a file: an incident of its site names it, or somebody asked a camera there for it.
const NAMED: &str = "(EXISTS (SELECT 1 FROM evidence e JOIN incident i ON i.key = e.incident
        WHERE e.sha256 = file.sha256 AND i.site = file.site)
    OR EXISTS (SELECT 1 FROM still s WHERE s.sha256 = file.sha256 AND s.site = file.site))";

/// Some of what came before `before`, the oldest first, but for that of which the expression `stays` holds; it may ask for
/// `?1`, its value. And where to go on.
pub(super) fn page(
    db: &Connection,
    (stays, value): (&str, i64),
    before: Timestamp,
    after: Option<FileAt>,
) -> Result<(Vec<Brought>, Option<FileAt>), StoreError> {
    let sql = format!(
        "SELECT arrived, sha256, site, {stays} FROM file INDEXED BY file_arrived
        WHERE arrived < ?2 AND (arrived, sha256, site) > (?3, ?4, ?5) ORDER BY arrived, sha256, site LIMIT ?6"
    );
    let (arrived, sha256, site) = after.unwrap_or((i64::MIN, String::new(), String::new()));
    let values = params![value, ms(before), arrived, sha256, site, STEP as u32];
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let (mut found, mut last, mut seen) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        let at: FileAt = (row.get(0)?, row.get(1)?, row.get(2)?);
        if !row.get::<_, bool>(3)? {
            let file = Sha256::try_from(at.1.as_str()).map_err(StoreError::Content)?;
            found.push((file, at.2.clone()));
        }
        (last, seen) = (Some(at), seen + 1);
    }
    Ok((found, last.filter(|_| seen == STEP)))
}

/// Forgets that a site has brought a file, unless something there names it: was it so? The file goes when nobody has it
/// any more.
pub(super) fn forget(
    db: &Connection,
    (site, name): (&str, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = format!("DELETE FROM file WHERE sha256 = ? AND site = ? AND NOT {NAMED}");
    if db.prepare_cached(&sql)?.execute([name, site])? == 0 {
        return Ok(false);
    }
    if !db.prepare_cached("SELECT 1 FROM file WHERE sha256 = ?")?.exists([name])? {
        strays::leave(db, name, now)?;
    }
    Ok(true)
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
