//! How many sites, cameras, places and headings there may be. Whoever the broker lets in may invent them, and what is invented
//! would be kept, listed and searched for ever.

use super::codes::ms;
use super::headings::{self, Heading};
use crate::model::PlaceId;
use rusqlite::{Connection, params};
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// Sites: five times those of a large city. (Judgement, as are the others.)
const SITES_MAX: u32 = if cfg!(test) { 4 } else { 1_000 };
/// Cameras of a site: several times what a box bears.
const CAMERAS_MAX: u32 = if cfg!(test) { 5 } else { 200 };
/// Places of a site: ten zones of each camera, also those of years ago.
const PLACES_MAX: u32 = if cfg!(test) { 8 } else { 2_000 };
/// Headings of a site: ten of each place, also those of rules, titles and points of years ago.
const HEADINGS_MAX: u32 = if cfg!(test) { 200 } else { 20_000 };
/// Who was not heard for so long makes room.
const GONE: Duration = Duration::from_hours(30 * 24);

/// Of what there are too many to keep one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// Sites.
    Sites,
    /// Cameras of a site.
    Cameras,
    /// Places of a site.
    Places,
    /// Headings of a site.
    Headings,
}

impl Crowd {
    /// As it is counted.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sites => "too_many_sites",
            Self::Cameras => "too_many_cameras",
            Self::Places => "too_many_places",
            Self::Headings => "too_many_headings",
        }
    }

    /// How many there may be, in words.
    pub fn told(self) -> String {
        match self {
            Self::Sites => format!("there are {SITES_MAX} sites already"),
            Self::Cameras => format!("it has {CAMERAS_MAX} cameras already"),
            Self::Places => format!("it has {PLACES_MAX} places already"),
            Self::Headings => format!(
                "its incidents have {HEADINGS_MAX} rules, titles and points by place already"
            ),
        }
    }
}

/// Is one box more too many?
pub(super) fn of_box(
    db: &Connection,
    site: &Name,
    now: Timestamp,
) -> rusqlite::Result<Option<Crowd>> {
    let is_known =
        db.prepare_cached("SELECT 1 FROM box WHERE site = ?")?.exists([site.as_str()])?;
    if is_known || sites(db, "box")? < SITES_MAX {
        return Ok(None);
    }
    let oldest = "DELETE FROM box WHERE site =
        (SELECT site FROM box WHERE heard < ? ORDER BY heard LIMIT 1)";
    let makes_room = db.prepare_cached(oldest)?.execute([gone(now)])? > 0;
    Ok(Some(Crowd::Sites).filter(|_| !makes_room))
}

/// Is one camera more too many?
pub(super) fn of_camera(
    db: &Connection,
    (site, camera): (&Name, &Name),
    now: Timestamp,
) -> rusqlite::Result<Option<Crowd>> {
    let (site, camera) = (site.as_str(), camera.as_str());
    let known = "SELECT 1 FROM camera WHERE site = ? AND camera = ?";
    if db.prepare_cached(known)?.exists([site, camera])? {
        return Ok(None);
    }
    let count = "SELECT COUNT(*) FROM camera WHERE site = ?";
    let there: u32 = db.prepare_cached(count)?.query_row([site], |row| row.get(0))?;
    if there >= CAMERAS_MAX {
        let oldest = "DELETE FROM camera WHERE site = ?1 AND camera =
            (SELECT camera FROM camera WHERE site = ?1 AND heard < ?2 ORDER BY heard LIMIT 1)";
        let makes_room = db.prepare_cached(oldest)?.execute(params![site, gone(now)])? > 0;
        return Ok(Some(Crowd::Cameras).filter(|_| !makes_room));
    }
    if there > 0 || sites(db, "camera")? < SITES_MAX {
        return Ok(None);
    }
    db.prepare_cached("DELETE FROM camera WHERE heard < ?")?.execute([gone(now)])?;
    Ok(if sites(db, "camera")? < SITES_MAX { None } else { Some(Crowd::Sites) })
}

/// Is one place more too many? Incidents were there: none makes room.
pub(super) fn of_place(db: &Connection, place: &PlaceId) -> rusqlite::Result<Option<Crowd>> {
    let PlaceId { site, camera, zone } = place;
    let known = "SELECT 1 FROM place WHERE site = ? AND camera = ? AND zone = ?";
    if db.prepare_cached(known)?.exists([site, camera, zone])? {
        return Ok(None);
    }
    let count = "SELECT COUNT(*) FROM place WHERE site = ?";
    let there: u32 = db.prepare_cached(count)?.query_row([site], |row| row.get(0))?;
    if there >= PLACES_MAX {
        return Ok(Some(Crowd::Places));
    }
    let is_crowd = there == 0 && sites(db, "place")? >= SITES_MAX;
    Ok(Some(Crowd::Sites).filter(|_| is_crowd))
}

/// Is one heading more too many? Incidents are told under it: none makes room.
pub(super) fn of_heading(
    db: &Connection,
    place: &PlaceId,
    heading: &Heading,
) -> rusqlite::Result<Option<Crowd>> {
    if headings::is_known(db, place, heading)? {
        return Ok(None);
    }
    let count = "SELECT COUNT(*) FROM place p JOIN heading h ON h.place = p.key WHERE p.site = ?";
    let there: u32 = db.prepare_cached(count)?.query_row([&place.site], |row| row.get(0))?;
    Ok(Some(Crowd::Headings).filter(|_| there >= HEADINGS_MAX))
}

/// The sites in a table that begins its key with them: from one to the next, so that rows are not counted.
fn sites(db: &Connection, table: &str) -> rusqlite::Result<u32> {
    let sql = format!(
        "WITH RECURSIVE each (site) AS (SELECT MIN(site) FROM {table}
            UNION ALL SELECT (SELECT MIN(site) FROM {table} WHERE site > each.site) FROM each WHERE each.site IS NOT NULL)
        SELECT COUNT(site) FROM each"
    );
    db.prepare_cached(&sql)?.query_row([], |row| row.get(0))
}

fn gone(now: Timestamp) -> i64 {
    ms(Timestamp(now.0.saturating_sub(GONE.as_nanos() as u64)))
}
