//! What became different, numbered, for those who watch.

use super::error::StoreError;
use super::handle::Store;
use crate::model::{Change, PlaceId};
use rusqlite::{Connection, Row, params};

/// Changes that are kept: whoever was away longer loads everything anew.
const KEPT: i64 = 20_000;
/// Old ones are taken out so many at once.
const SWEEP: i64 = 1_000;

/// Notes a change.
pub(super) fn note(
    db: &Connection,
    event: &str,
    site: &str,
    about: (Option<&str>, Option<&PlaceId>),
) -> rusqlite::Result<()> {
    let (id, place) = about;
    let camera = place.map(|place| place.camera.as_str()).filter(|camera| !camera.is_empty());
    let sql = "INSERT INTO change (event, site, id, camera, place) VALUES (?, ?, ?, ?, ?)";
    let place = place.filter(|_| id.is_some()).map(PlaceId::to_string);
    db.prepare_cached(sql)?.execute(params![event, site, id, camera, place])?;
    let no = db.last_insert_rowid();
    if no % SWEEP == 0 {
        db.prepare_cached("DELETE FROM change WHERE no <= ?")?.execute([no - KEPT])?;
    }
    Ok(())
}

fn read(row: &Row) -> rusqlite::Result<Change> {
    Ok(Change {
        no: row.get(0)?,
        event: row.get(1)?,
        site: row.get(2)?,
        id: row.get(3)?,
        camera: row.get(4)?,
        place: row.get(5)?,
    })
}

impl Store {
    /// Changes after number `after`, at most so many.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes(&self, after: i64, most: u32) -> Result<Vec<Change>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT no, event, site, id, camera, place FROM change WHERE no > ? ORDER BY no LIMIT ?";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, most], read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The newest number, and the one before the oldest that is kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn change_bounds(&self) -> Result<(i64, i64), StoreError> {
        self.read(|db| {
            let newest: Option<i64> =
                db.query_row("SELECT MAX(no) FROM change", [], |row| row.get(0))?;
            let oldest: Option<i64> =
                db.query_row("SELECT MIN(no) FROM change", [], |row| row.get(0))?;
            Ok((newest.unwrap_or_default(), oldest.map_or(0, |no| no - 1)))
        })
        .await
    }
}
