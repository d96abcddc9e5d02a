//! The queue: one line a place.
//!
//! It is counted from the tally, of which there are thousands of rows however many incidents there are. Those that
//! match by what people wrote on them are counted one by one, and so are all when times or a flood are asked for: of each
//! the newest [`MATCHES_MAX`]; the answer says when there may be more, also because not all with these notes were looked at.

use super::codes::{FOLDED, NOT_JUDGED, local, severity, some};
use super::error::StoreError;
use super::handle::Store;
use super::matching::{self, Asked, Match};
use super::summaries::summaries;
use super::wanted::{Wanted, cursor, is_narrow, read_cursor};
use crate::model::{Filter, Line, Order, PlaceId, Queue, Summary};
use rusqlite::{Connection, params, params_from_iter};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Incidents that are counted one by one: of more a person would narrow the search.
pub(super) const MATCHES_MAX: usize = 5_000;

impl Store {
    /// A page of the queue; none when `after` is no cursor of it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn queue(
        &self,
        filter: Filter,
        order: Order,
        after: Option<String>,
        limit: usize,
    ) -> Result<Option<Queue>, StoreError> {
        self.read(move |db| {
            let after = after.as_deref().map(read_cursor);
            if after == Some(None) {
                return Ok(None);
            }
            queue(db, &filter, order, after.flatten(), limit).map(Some)
        })
        .await
    }
}

/// Of these somebody is to judge: they stand in the queue, or wait in a flood.
const WAITS: [i64; 2] = [NOT_JUDGED, FOLDED];

/// What is known of a place before it is told.
struct Found {
    place: i64,
    incidents: u32,
    waiting: u32,
    first: i64,
    newest: i64,
    severity: i64,
    /// The newest is this one.
    last: Last,
}

impl Found {
    /// What lines are ordered by, the greatest first; a cursor is one of them.
    fn rank(&self, order: Order) -> [i64; 3] {
        [if order == Order::Severity { self.severity } else { 0 }, self.newest, self.place]
    }

    fn add(&mut self, more: Self) {
        self.incidents += more.incidents;
        self.waiting += more.waiting;
        self.first = self.first.min(more.first);
        self.severity = self.severity.max(more.severity);
        if more.newest > self.newest {
            (self.newest, self.last) = (more.newest, more.last);
        }
    }
}

/// An incident, as it is found again.
enum Last {
    /// By its key.
    Key(i64),
    /// The newest of a cell: judgement, heading, state, severity.
    OfCell([i64; 4]),
}

fn queue(
    db: &Connection,
    filter: &Filter,
    order: Order,
    after: Option<[i64; 3]>,
    limit: usize,
) -> Result<Queue, StoreError> {
    let (mut found, at_least) = places(db, filter, order)?;
    let total_lines = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let total_incidents = found.iter().map(|found| found.incidents).sum();
    found.sort_unstable_by_key(|found| Reverse(found.rank(order)));
    let page = found.iter().filter(|found| after.is_none_or(|after| found.rank(order) < after));
    let mut page: Vec<&Found> = page.take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let last = page.last().filter(|_| more);
    let cursor = last.map(|last| cursor(last.rank(order)));
    let newest: Vec<i64> =
        page.iter().map(|found| newest_of(db, found)).collect::<Result<_, _>>()?;
    let newest = summaries(db, &newest)?.into_iter();
    let lines = page.into_iter().zip(newest).map(|(found, newest)| line(db, found, newest));
    let lines = lines.collect::<Result<_, _>>()?;
    Ok(Queue { lines, cursor, total_lines, total_incidents, at_least })
}

/// All places with something that matches; and may there be more than was counted?
fn places(
    db: &Connection,
    filter: &Filter,
    order: Order,
) -> Result<(Vec<Found>, bool), StoreError> {
    let mut places: BTreeMap<i64, Found> = BTreeMap::new();
    let mut add = |found: Found| {
        if let Some(place) = places.get_mut(&found.place) {
            place.add(found);
        } else {
            places.insert(found.place, found);
        }
    };
    let (matches, others) = if is_narrow(filter) {
        matching::first(db, filter, order, None, MATCHES_MAX)?
    } else {
        let (sql, values) = cells(filter);
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(&values))?;
        while let Some(row) = rows.next()? {
            add(of_cell(row)?);
        }
        matching::single(db, filter, order, None, MATCHES_MAX)?
    };
    matches.iter().map(of_match).for_each(add);
    Ok((places.into_values().collect(), others || matches.len() >= MATCHES_MAX))
}

/// The cells that match.
pub(super) fn cells(filter: &Filter) -> Asked {
    let wanted = Wanted::new(filter, "t");
    let sql = format!(
        "SELECT t.place, t.judgement, t.heading, t.state, t.severity, t.count, t.first, t.newest FROM tally t{}",
        wanted.sql()
    );
    (sql, wanted.values)
}

fn of_cell(row: &rusqlite::Row) -> rusqlite::Result<Found> {
    let (judgement, severity, count) = (row.get(1)?, row.get(4)?, row.get(5)?);
    Ok(Found {
        place: row.get(0)?,
        incidents: count,
        waiting: if WAITS.contains(&judgement) { count } else { 0 },
        first: row.get(6)?,
        newest: row.get(7)?,
        severity,
        last: Last::OfCell([judgement, row.get(2)?, row.get(3)?, severity]),
    })
}

fn of_match(found: &Match) -> Found {
    Found {
        place: found.place,
        incidents: 1,
        waiting: u32::from(WAITS.contains(&found.judgement)),
        first: found.opened,
        newest: found.opened,
        severity: found.severity,
        last: Last::Key(found.key),
    }
}

fn line(db: &Connection, found: &Found, newest: Summary) -> Result<Line, StoreError> {
    let sql = "SELECT site, camera, zone, camera_name, place_name, last_updated, offset_secs
        FROM place WHERE key = ?";
    let mut statement = db.prepare_cached(sql)?;
    let line = statement.query_row([found.place], |row| {
        let place = PlaceId { site: row.get(0)?, camera: row.get(1)?, zone: row.get(2)? };
        let offset = row.get(6)?;
        Ok(Line {
            place: place.to_string(),
            site: place.site,
            camera: some(place.camera),
            camera_name: row.get(3)?,
            zone: some(place.zone),
            place_name: row.get(4)?,
            incidents: found.incidents,
            waiting: found.waiting,
            newest,
            severity: severity(found.severity),
            first_opened: local(found.first, offset),
            last_updated: local(row.get(5)?, offset),
        })
    });
    Ok(line?)
}

/// The newest of a cell.
pub(super) const NEWEST_OF_CELL: &str = "SELECT key FROM incident INDEXED BY incident_cell
    WHERE judgement = ? AND heading = ? AND state = ? AND severity = ? AND opened = ? ORDER BY key DESC LIMIT 1";

fn newest_of(db: &Connection, found: &Found) -> Result<i64, StoreError> {
    let [judgement, heading, state, severity] = match found.last {
        Last::Key(key) => return Ok(key),
        Last::OfCell(cell) => cell,
    };
    let values = params![judgement, heading, state, severity, found.newest];
    Ok(db.prepare_cached(NEWEST_OF_CELL)?.query_row(values, |row| row.get(0))?)
}
