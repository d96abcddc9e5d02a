//! The queue: one line a place.
//!
//! What says nothing of words and times is counted from the tally, of which there are thousands of rows
//! however many incidents there are. What does is counted from the incidents themselves, the newest
//! [`MATCHES_MAX`] of those that match; the answer says when there may be more.

use super::codes::{local, severity, some};
use super::error::StoreError;
use super::handle::Store;
use super::summaries::summary;
use super::wanted::{Wanted, cursor, has_words, is_narrow, read_cursor};
use crate::model::{Filter, Line, Order, PlaceId, Queue};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Incidents that are counted of those that match words or times: of more a person would narrow the search.
pub(super) const MATCHES_MAX: u32 = 5_000;

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

/// What is known of a place before it is told.
struct Found {
    place: i64,
    incidents: u32,
    waiting: u32,
    first: i64,
    newest: i64,
    severity: i64,
}

fn queue(
    db: &Connection,
    filter: &Filter,
    order: Order,
    after: Option<[i64; 3]>,
    limit: usize,
) -> Result<Queue, StoreError> {
    let (lines, values) = lines(filter, order);
    let totals = format!("{lines} SELECT COUNT(*), COALESCE(SUM(incidents), 0) FROM line");
    let mut statement = db.prepare_cached(&totals)?;
    let totals = statement.query_row(params_from_iter(&values), |row| {
        Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))
    });
    let (total_lines, total_incidents) = totals?;
    let mut found = page(db, (&lines, values), order, after, limit + 1)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let cursor = last.map(|last| cursor([grave(order, last), last.newest, last.place]));
    let lines = found.iter().map(|found| line(db, filter, found)).collect::<Result<_, _>>()?;
    let at_least = is_narrow(filter) && total_incidents >= MATCHES_MAX;
    Ok(Queue { lines, cursor, total_lines, total_incidents, at_least })
}

/// What lines are ordered by first.
fn grave(order: Order, found: &Found) -> i64 {
    if order == Order::Severity { found.severity } else { 0 }
}

/// `WITH line AS (…)`: one row a place that matches.
pub(super) fn lines(filter: &Filter, order: Order) -> (String, Vec<Value>) {
    let (cells, values) = if is_narrow(filter) {
        let wanted = Wanted::of_incidents(filter, "i");
        // The newest came last: their keys are in the order in which they came.
        let (from, newest) = match (has_words(filter), order) {
            (true, _) => {
                ("incident_text t CROSS JOIN incident i ON i.key = t.rowid", "t.rowid DESC")
            }
            (false, Order::Newest) => ("incident i", "i.opened DESC"),
            (false, Order::Severity) => ("incident i", "i.severity DESC, i.opened DESC"),
        };
        let sql = format!(
            "SELECT i.place, i.judgement, i.severity, 1 AS count, i.opened AS first, i.opened AS newest
            FROM {from}{} ORDER BY {newest} LIMIT {MATCHES_MAX}",
            wanted.sql()
        );
        (sql, wanted.values)
    } else {
        let wanted = Wanted::of_cells(filter, "t");
        let sql = format!(
            "SELECT t.place, t.judgement, t.severity, t.count, t.first, t.newest FROM tally t{}",
            wanted.sql()
        );
        (sql, wanted.values)
    };
    let sql = format!(
        "WITH line AS (SELECT place, SUM(count) AS incidents, SUM(IIF(judgement IN (0, 4), count, 0)) AS waiting,
            MIN(first) AS first, MAX(newest) AS newest, MAX(severity) AS severity FROM ({cells}) GROUP BY place)"
    );
    (sql, values)
}

fn page(
    db: &Connection,
    (lines, mut values): (&str, Vec<Value>),
    order: Order,
    after: Option<[i64; 3]>,
    limit: usize,
) -> Result<Vec<Found>, StoreError> {
    let grave = if order == Order::Severity { "severity" } else { "0" };
    let beyond = if let Some(after) = after {
        values.extend(after.map(Value::from));
        format!("WHERE ({grave}, newest, place) < (?, ?, ?)")
    } else {
        String::new()
    };
    let sql = format!(
        "{lines} SELECT place, incidents, waiting, first, newest, severity, {grave} AS grave FROM line {beyond}
        ORDER BY grave DESC, newest DESC, place DESC LIMIT {limit}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&values), |row| {
        Ok(Found {
            place: row.get(0)?,
            incidents: row.get(1)?,
            waiting: row.get(2)?,
            first: row.get(3)?,
            newest: row.get(4)?,
            severity: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn line(db: &Connection, filter: &Filter, found: &Found) -> Result<Line, StoreError> {
    let newest = summary(db, newest_of(db, filter, found)?)?;
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

/// The key of the newest incident of a line.
fn newest_of(db: &Connection, filter: &Filter, found: &Found) -> Result<i64, StoreError> {
    let mut wanted = Wanted::of_incidents(filter, "i");
    wanted.and_value("i.place = ?", found.place);
    wanted.and_value("i.opened = ?", found.newest);
    let from = if has_words(filter) {
        "incident i INDEXED BY incident_place CROSS JOIN incident_text t ON t.rowid = i.key"
    } else {
        "incident i INDEXED BY incident_place"
    };
    let sql = format!("SELECT i.key FROM {from}{} ORDER BY i.key DESC LIMIT 1", wanted.sql());
    let mut statement = db.prepare_cached(&sql)?;
    Ok(statement.query_row(params_from_iter(&wanted.values), |row| row.get(0))?)
}
