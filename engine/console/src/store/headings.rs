//! What incidents of a place are told under: violation, rule, title and where on the earth. There are thousands of them,
//! however many incidents there are.

use super::words;
use crate::model::PlaceId;
use rusqlite::{Connection, OptionalExtension, params};
use viahe_contract::place::Position;

/// What an incident is told under.
pub(super) struct Heading<'a> {
    pub(super) violation: &'a str,
    pub(super) rule: &'a str,
    pub(super) title: &'a str,
    pub(super) position: Option<Position>,
}

/// The spot of what is nowhere.
const NOWHERE: i64 = 0;

/// Is it there already?
pub(super) fn is_known(
    db: &Connection,
    place: &PlaceId,
    heading: &Heading,
) -> rusqlite::Result<bool> {
    let PlaceId { site, camera, zone } = place;
    let Heading { violation, rule, title, position } = heading;
    let [lat, lon] = [position.map(|position| position.lat), position.map(|position| position.lon)];
    let sql = "SELECT 1 FROM place p JOIN heading h ON h.place = p.key
        WHERE p.site = ?1 AND p.camera = ?2 AND p.zone = ?3 AND h.violation = ?4 AND h.rule = ?5 AND h.title = ?6
        AND h.spot = IIF(?7 IS NULL, ?9, (SELECT key FROM spot WHERE lat = ?7 AND lon = ?8))";
    let values = params![site, camera, zone, violation, rule, title, lat, lon, NOWHERE];
    db.prepare_cached(sql)?.exists(values)
}

/// Its key; it is kept if it is new.
pub(super) fn keep(db: &Connection, place: i64, heading: &Heading) -> rusqlite::Result<i64> {
    let Heading { violation, rule, title, position } = heading;
    let spot = position.map_or(Ok(NOWHERE), |position| keep_spot(db, position))?;
    let values = params![place, violation, rule, title, spot];
    let find = "SELECT key FROM heading WHERE place = ? AND violation = ? AND rule = ? AND title = ? AND spot = ?";
    let found = db.prepare_cached(find)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(key) = found {
        return Ok(key);
    }
    let add = "INSERT INTO heading (place, violation, rule, title, spot) VALUES (?, ?, ?, ?, ?)";
    db.prepare_cached(add)?.execute(values)?;
    let key = db.last_insert_rowid();
    words::of_heading(db, key)?;
    Ok(key)
}

/// The key of a point, which is kept if it is new.
fn keep_spot(db: &Connection, Position { lat, lon }: Position) -> rusqlite::Result<i64> {
    let find = "SELECT key FROM spot WHERE lat = ? AND lon = ?";
    let found = db.prepare_cached(find)?.query_row([lat, lon], |row| row.get(0)).optional()?;
    if let Some(key) = found {
        return Ok(key);
    }
    db.prepare_cached("INSERT INTO spot (lat, lon) VALUES (?, ?)")?.execute([lat, lon])?;
    Ok(db.last_insert_rowid())
}
