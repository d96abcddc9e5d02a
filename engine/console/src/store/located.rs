//! Incidents that are somewhere on the earth: for maps.

use super::codes::{judgement, local, severity, some, state};
use super::error::StoreError;
use super::handle::Store;
use super::matching;
use crate::model::{Filter, IncidentOnMap, Order};
use rusqlite::{Connection, Row};
use viahe_contract::message::Judgement;
use viahe_contract::place::Position;

impl Store {
    /// The newest that match, and whether there are more than `limit`; all of them are to be within bounds. Of `ids`
    /// only these, if there are any.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents_on_map(
        &self,
        filter: Filter,
        ids: Vec<String>,
        limit: usize,
    ) -> Result<(Vec<IncidentOnMap>, bool), StoreError> {
        self.read(move |db| {
            let (mut found, others) = if ids.is_empty() {
                matching::first(db, &filter, Order::Newest, None, limit + 1)?
            } else {
                (matching::of_ids(db, &filter, &ids, limit + 1)?, false)
            };
            let more = others || found.len() > limit;
            found.truncate(limit);
            let on_map = found.into_iter().map(|found| on_map(db, found.key));
            Ok((on_map.collect::<Result<_, _>>()?, more))
        })
        .await
    }
}

fn on_map(db: &Connection, key: i64) -> Result<IncidentOnMap, StoreError> {
    let sql = "SELECT i.id, i.site, i.violation, i.title, i.severity, i.state, i.judgement, i.escalated,
            p.camera, p.camera_name, p.zone, i.opened, i.updated, i.closed, i.offset_secs, i.lat, i.lon, p.place_name
        FROM incident i JOIN place p ON p.key = i.place WHERE i.key = ?";
    Ok(db.prepare_cached(sql)?.query_row([key], told)?)
}

fn told(row: &Row) -> rusqlite::Result<IncidentOnMap> {
    let offset = row.get(14)?;
    let closed: Option<i64> = row.get(13)?;
    Ok(IncidentOnMap {
        id: row.get(0)?,
        position: Position { lat: row.get(15)?, lon: row.get(16)? },
        site: row.get(1)?,
        violation: row.get(2)?,
        title: row.get(3)?,
        severity: severity(row.get(4)?),
        state: state(row.get(5)?),
        judgement: Some(judgement(row.get(6)?)).filter(|given| *given != Judgement::Withdrawn),
        escalated: row.get(7)?,
        camera: some(row.get(8)?),
        camera_name: row.get(9)?,
        zone: some(row.get(10)?),
        place_name: row.get(17)?,
        opened: local(row.get(11)?, offset),
        updated: local(row.get(12)?, offset),
        closed: closed.map(|ms| local(ms, offset)),
    })
}
