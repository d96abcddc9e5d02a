//! Incidents that are somewhere on the earth: for maps.

use super::codes::{judgement, local, severity, some, state};
use super::error::StoreError;
use super::handle::Store;
use super::wanted::Wanted;
use crate::model::{Bounds, Filter, IncidentOnMap, Phase};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use viahe_contract::message::Judgement;
use viahe_contract::place::Position;

impl Store {
    /// The newest that match within `bounds`, and whether there are more than `limit`. Of `ids` only these, if there
    /// are any.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents_on_map(
        &self,
        filter: Filter,
        bounds: Bounds,
        ids: Vec<String>,
        limit: usize,
    ) -> Result<(Vec<IncidentOnMap>, bool), StoreError> {
        self.read(move |db| {
            // Each state has a range of the index of its own, in the order of time.
            let phases = match filter.phase {
                Phase::All => vec![Phase::Open, Phase::Closed],
                one => vec![one],
            };
            let mut found = Vec::new();
            for phase in phases {
                let filter = Filter { phase, ..filter.clone() };
                found.extend(newest(db, &filter, bounds, &ids, limit + 1)?);
            }
            found.sort_by_key(|(opened, key, _)| std::cmp::Reverse((*opened, *key)));
            let more = found.len() > limit;
            found.truncate(limit);
            Ok((found.into_iter().map(|(.., told)| told).collect(), more))
        })
        .await
    }
}

/// With times of opening and keys.
type Found = (i64, i64, IncidentOnMap);

fn newest(
    db: &Connection,
    filter: &Filter,
    bounds: Bounds,
    ids: &[String],
    limit: usize,
) -> Result<Vec<Found>, StoreError> {
    let (sql, values) = on_map(filter, bounds, ids, limit);
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&values), told)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The statement and its values.
pub(super) fn on_map(
    filter: &Filter,
    Bounds { west, south, east, north }: Bounds,
    ids: &[String],
    limit: usize,
) -> (String, Vec<Value>) {
    let mut wanted = Wanted::new(filter, "i");
    wanted.times(filter, ["i.opened"; 2]);
    wanted.and("i.lat IS NOT NULL AND i.lat BETWEEN ? AND ?");
    wanted.values.extend([south, north].map(Value::from));
    wanted.and(if west <= east {
        "i.lon BETWEEN ? AND ?"
    } else {
        "(i.lon BETWEEN ? AND 180 OR i.lon BETWEEN -180 AND ?)"
    });
    wanted.values.extend([west, east].map(Value::from));
    let from = if ids.is_empty() {
        "incident i INDEXED BY incident_where"
    } else {
        let places = vec!["?"; ids.len()].join(", ");
        wanted.and(&format!("i.id IN ({places})"));
        wanted.values.extend(ids.iter().map(|id| Value::from(id.clone())));
        "incident i"
    };
    let sql = format!(
        "SELECT i.opened, i.key, i.id, i.site, i.violation, i.title, i.severity, i.state, i.judgement, i.escalated,
            p.camera, p.camera_name, p.zone, p.place_name, i.updated, i.closed, i.offset_secs, i.lat, i.lon
        FROM (SELECT i.key FROM {from}{} ORDER BY i.opened DESC, i.key DESC LIMIT {limit}) found
        CROSS JOIN incident i ON i.key = found.key CROSS JOIN place p ON p.key = i.place",
        wanted.sql()
    );
    (sql, wanted.values)
}

fn told(row: &Row) -> rusqlite::Result<Found> {
    let (opened, offset) = (row.get(0)?, row.get(16)?);
    let closed: Option<i64> = row.get(15)?;
    let told = IncidentOnMap {
        id: row.get(2)?,
        position: Position { lat: row.get(17)?, lon: row.get(18)? },
        site: row.get(3)?,
        violation: row.get(4)?,
        title: row.get(5)?,
        severity: severity(row.get(6)?),
        state: state(row.get(7)?),
        judgement: Some(judgement(row.get(8)?)).filter(|given| *given != Judgement::Withdrawn),
        escalated: row.get(9)?,
        camera: some(row.get(10)?),
        camera_name: row.get(11)?,
        zone: some(row.get(12)?),
        place_name: row.get(13)?,
        opened: local(opened, offset),
        updated: local(row.get(14)?, offset),
        closed: closed.map(|ms| local(ms, offset)),
    };
    Ok((opened, row.get(1)?, told))
}
