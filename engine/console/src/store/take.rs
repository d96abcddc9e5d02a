//! Takes what boxes say of incidents.

use super::changes;
use super::codes::{ms, of_severity, of_state};
use super::crowd::{self, Crowd};
use super::error::StoreError;
use super::handle::Store;
use super::headings::{self, Heading};
use super::rest::{self, Rest};
use super::tally::{self, Cell};
use super::times::Times;
use super::{grades, words};
use crate::model::PlaceId;
use crate::text::clipped;
use rusqlite::{Connection, OptionalExtension, params};
use viahe_contract::id::Name;
use viahe_contract::message::{Incident, IncidentEvent};
use viahe_contract::time::Timestamp;

/// A revision that came.
#[derive(Clone, Debug)]
pub struct Heard {
    /// As it reads.
    pub event: IncidentEvent,
    /// The incident as it was said, with what this version does not know.
    pub payload: String,
    /// When it came.
    pub received: Timestamp,
}

/// What came of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// An incident that was not known.
    New,
    /// A later word of a known one.
    Later,
    /// An earlier word than the newest known: history.
    Earlier,
    /// It was known.
    Repeat,
    /// The incident is another site's: nothing was kept.
    Foreign,
    /// It is at a new place or under a new heading, and there are too many: nothing was kept.
    Crowded(Crowd),
}

impl Store {
    /// Takes revisions, all in one commit; which of them came to what.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn take(&self, batch: Vec<Heard>) -> Result<Vec<Taken>, StoreError> {
        self.write(move |db| batch.iter().map(|heard| take(db, heard)).collect()).await
    }
}

/// What is known of an incident.
struct Known {
    key: i64,
    site: String,
    revision: u32,
    ahead: i64,
    cell: Cell,
}

fn known(db: &Connection, id: &str) -> rusqlite::Result<Option<Known>> {
    let sql = "SELECT key, site, revision, judgement, heading, state, severity, ahead FROM incident WHERE id = ?";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_row([id], |row| {
        let cell = Cell {
            judgement: row.get(3)?,
            heading: row.get(4)?,
            state: row.get(5)?,
            severity: row.get(6)?,
        };
        let (key, site, revision, ahead) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(7)?);
        Ok(Known { key, site, revision, ahead, cell })
    });
    found.optional()
}

fn take(db: &Connection, heard: &Heard) -> Result<Taken, StoreError> {
    let IncidentEvent { site, violation, incident } = &heard.event;
    let before = known(db, incident.incident.as_str())?;
    if before.as_ref().is_some_and(|known| known.site != site.as_str()) {
        return Ok(Taken::Foreign);
    }
    let place = place_of(&heard.event);
    if let Some(crowd) = crowd::of_place(db, &place)? {
        return Ok(Taken::Crowded(crowd));
    }
    let heading = Heading {
        violation: violation.as_str(),
        rule: incident.rule.as_str(),
        title: clipped(&incident.title),
        position: incident.position,
    };
    // An earlier word than the newest known is told under none.
    if before.as_ref().is_none_or(|known| known.revision < incident.revision)
        && let Some(crowd) = crowd::of_heading(db, &place, &heading)?
    {
        return Ok(Taken::Crowded(crowd));
    }
    if let Some(known) = &before
        && !add_revision(db, known.key, heard)?
    {
        return Ok(Taken::Repeat);
    }
    if let Some(known) = &before
        && known.revision > incident.revision
    {
        add_evidence(db, known.key, incident)?;
        return Ok(Taken::Earlier);
    }
    let severity = of_severity(incident.severity);
    let rest = match &before {
        Some(_) => Rest::Queue,
        None => rest::of_new(db, &place, (incident.rule.as_str(), severity), heard.received)?,
    };
    let ahead = before.as_ref().map_or(0, |known| known.ahead);
    let times = Times::of(incident, heard.received, ahead);
    let of = keep_place(db, &place, (incident, times.updated))?;
    let cell = Cell {
        judgement: before.as_ref().map_or(rest.code(), |known| known.cell.judgement),
        heading: headings::keep(db, of, &heading)?,
        state: of_state(incident.state),
        severity,
    };
    let graded = before.as_ref().map(|known| grades::of(db, known.key)).transpose()?;
    let known = before.as_ref().map(|known| known.key);
    let key = keep_incident(db, known, (site.as_str(), of, &heading, &cell), (incident, &times))?;
    match &before {
        None => {
            add_revision(db, key, heard)?;
            rest::came(db, (key, site.as_str()), rest, heard.received)?;
        }
        Some(known) => {
            tally::leave(db, &known.cell)?;
            if known.cell.heading != cell.heading {
                words::of_notes(db, key)?;
            }
        }
    }
    tally::enter(db, &cell, times.opened)?;
    grades::becomes(db, graded.as_ref(), &grades::of(db, key)?)?;
    add_evidence(db, key, incident)?;
    changes::note(db, "incident", site.as_str(), (Some(incident.incident.as_str()), Some(&place)))?;
    Ok(if before.is_none() { Taken::New } else { Taken::Later })
}

fn place_of(IncidentEvent { site, incident, .. }: &IncidentEvent) -> PlaceId {
    let name = |name: &Option<Name>| name.as_ref().map(ToString::to_string).unwrap_or_default();
    PlaceId { site: site.to_string(), camera: name(&incident.camera), zone: name(&incident.zone) }
}

/// False when it was there.
fn add_revision(db: &Connection, key: i64, heard: &Heard) -> rusqlite::Result<bool> {
    let sql = "INSERT OR IGNORE INTO revision (incident, revision, received, payload) VALUES (?, ?, ?, ?)";
    let values = params![key, heard.event.incident.revision, ms(heard.received), heard.payload];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

fn add_evidence(db: &Connection, key: i64, incident: &Incident) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO evidence
        (incident, sha256, moment, media_type, bytes, captured, offset_secs) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let mut statement = db.prepare_cached(sql)?;
    for file in &incident.evidence {
        statement.execute(params![
            key,
            file.sha256.to_string(),
            file.moment.label(),
            file.medium.media_type(),
            i64::try_from(file.bytes).unwrap_or(i64::MAX),
            ms(file.captured.at()),
            file.captured.offset_secs(),
        ])?;
    }
    Ok(())
}

/// The key of a place. What people call it may be new: then it is found by that.
fn keep_place(
    db: &Connection,
    place: &PlaceId,
    (incident, updated): (&Incident, i64),
) -> rusqlite::Result<i64> {
    let sql = "SELECT camera_name IS ?4 AND place_name IS ?5 FROM place
        WHERE site = ?1 AND camera = ?2 AND zone = ?3";
    let PlaceId { site, camera, zone } = place;
    let name = incident.camera_name.as_deref().map(clipped);
    let of_place = incident.place.as_deref().map(clipped);
    let values = params![site, camera, zone, name, of_place];
    let is_called_so: Option<bool> =
        db.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let sql =
        "INSERT INTO place (site, camera, zone, camera_name, place_name, last_updated, offset_secs)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        camera_name = excluded.camera_name, place_name = excluded.place_name,
        last_updated = MAX(last_updated, excluded.last_updated), offset_secs = excluded.offset_secs
        RETURNING key";
    let offset = incident.updated.offset_secs();
    let values = params![site, camera, zone, name, of_place, updated, offset];
    let key = db.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    if is_called_so == Some(false) {
        words::of_place(db, key)?;
    }
    Ok(key)
}

fn keep_incident(
    db: &Connection,
    key: Option<i64>,
    (site, place, heading, cell): (&str, i64, &Heading, &Cell),
    (incident, times): (&Incident, &Times),
) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO incident (key, id, site, heading, place, violation, rule, title, severity, state, revision,
            opened, updated, closed, offset_secs, stage, offence, lat, lon, judgement, ahead)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
        heading = excluded.heading, place = excluded.place, violation = excluded.violation, rule = excluded.rule, title = excluded.title,
        severity = excluded.severity, state = excluded.state, revision = excluded.revision,
        opened = excluded.opened, updated = excluded.updated, closed = excluded.closed,
        offset_secs = excluded.offset_secs, stage = excluded.stage, offence = excluded.offence,
        lat = excluded.lat, lon = excluded.lon, ahead = excluded.ahead
        RETURNING key";
    let stage = incident.stage.map(|stage| serde_json::to_string(&stage).unwrap_or_default());
    let mut statement = db.prepare_cached(sql)?;
    let values = params![
        key,
        incident.incident.as_str(),
        site,
        cell.heading,
        place,
        heading.violation,
        heading.rule,
        heading.title,
        cell.severity,
        cell.state,
        incident.revision,
        times.opened,
        times.updated,
        times.closed,
        incident.opened.offset_secs(),
        stage,
        incident.offence,
        incident.position.map(|position| position.lat),
        incident.position.map(|position| position.lon),
        cell.judgement,
        times.ahead,
    ];
    statement.query_row(values, |row| row.get(0))
}
