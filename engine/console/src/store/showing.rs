//! What came in each ten minutes, counted with each commit: nobody counts a million incidents to show a figure.

use super::codes::{ms, read};
use super::error::StoreError;
use super::handle::Store;
use super::rows;
use crate::model::{Person, Scope};
use crate::workload::{Counts, Stretch, WINDOW_MS};
use rusqlite::{Connection, params};
use std::time::Duration;
use viahe_contract::time::Timestamp;

/// For so long somebody is at work who does nothing more: on a quiet day there is nothing to do. Judgement.
const AT_WORK: Duration = Duration::from_hours(1);
/// Acts within this time are not written down one by one.
const EXACT: Duration = Duration::from_mins(1);

/// What happened to an incident that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showing {
    /// It came, and shows itself.
    Came,
    /// It came into a flood.
    CameFolded,
    /// It came onto a shelf.
    CameShelved,
    /// It shows itself that came before.
    Shows,
}

/// Counts one.
pub(super) fn count(
    db: &Connection,
    site: &str,
    what: Showing,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let [told, alerts, folded, shelved] = match what {
        Showing::Came => [1, 1, 0, 0],
        Showing::CameFolded => [1, 0, 1, 0],
        Showing::CameShelved => [1, 0, 0, 1],
        Showing::Shows => [0, 1, 0, 0],
    };
    let sql = "INSERT INTO showing (site, window, told, alerts, folded, shelved) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET told = told + ?3, alerts = alerts + ?4, folded = folded + ?5, shelved = shelved + ?6";
    let mut statement = db.prepare_cached(sql)?;
    for site in [site, ""] {
        statement.execute(params![site, ms(at) / WINDOW_MS, told, alerts, folded, shelved])?;
    }
    Ok(())
}

/// A person did something as an operator. Tokens are machines, and never at work.
pub(super) fn acts(db: &Connection, person: &Person, now: Timestamp) -> rusqlite::Result<()> {
    let Person { name, scope, .. } = person;
    let until = ms(now.plus(AT_WORK));
    let fresh = "SELECT 1 FROM stretch WHERE person = ? AND until >= ? LIMIT 1";
    let exact = until - EXACT.as_millis() as i64;
    if db.prepare_cached(fresh)?.exists(params![name, exact])? {
        return Ok(());
    }
    let sites = rows::scope_text(scope);
    let on = "UPDATE stretch SET until = ?1 WHERE person = ?2 AND until >= ?3 AND sites IS ?4";
    if db.prepare_cached(on)?.execute(params![until, name, ms(now), sites])? == 0 {
        let begins = "INSERT INTO stretch (person, sites, begun, until)
            SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM person WHERE name = ?1)";
        db.prepare_cached(begins)?.execute(params![name, sites, ms(now), until])?;
    }
    Ok(())
}

/// Somebody goes.
pub(super) fn goes(db: &Connection, name: &str, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE stretch SET until = ?1 WHERE person = ?2 AND until > ?1";
    db.prepare_cached(sql)?.execute(params![ms(now), name])?;
    Ok(())
}

/// What came in each ten minutes of a period, and who was at work in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// By the number of the window.
    pub counts: Vec<(i64, Counts)>,
    /// Of operators to whom one of the sites is open.
    pub stretches: Vec<Stretch>,
}

impl Store {
    /// Somebody did something as an operator.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn acts(&self, person: Person, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Ok(acts(db, &person, now)?)).await
    }

    /// What came to these sites (none for all) in a period, and who was at work.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shown(
        &self,
        sites: Option<Vec<String>>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Shown, StoreError> {
        self.read(move |db| {
            let mut shown = Shown::default();
            for site in sites.clone().unwrap_or_else(|| vec![String::new()]) {
                read_counts(db, &site, (ms(from), ms(to)), &mut shown.counts)?;
            }
            shown.stretches = stretches(db, sites.as_deref(), (ms(from), ms(to)))?;
            Ok(shown)
        })
        .await
    }
}

/// The statement that finds what came to a site.
pub(super) const COUNTS: &str = "SELECT window, told, alerts, folded, shelved FROM showing WHERE site = ? AND window BETWEEN ? AND ?";
/// The statement that finds who was at work: nobody is for longer than a day without signing out or resting.
pub(super) const STRETCHES: &str = "SELECT begun, until, sites FROM stretch INDEXED BY stretch_until WHERE until > ? AND begun < ?";

fn read_counts(
    db: &Connection,
    site: &str,
    (from, to): (i64, i64),
    into: &mut Vec<(i64, Counts)>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(COUNTS)?;
    let windows = params![site, from.div_euclid(WINDOW_MS), (to - 1).div_euclid(WINDOW_MS)];
    let rows = statement.query_map(windows, |row| {
        let [told, alerts, folded, shelved] =
            [row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?, row.get(4)?].map(|n| n as u64);
        Ok((row.get(0)?, Counts { told, alerts, folded, shelved }))
    })?;
    for row in rows {
        into.push(row?);
    }
    Ok(())
}

fn stretches(
    db: &Connection,
    sites: Option<&[String]>,
    (from, to): (i64, i64),
) -> Result<Vec<Stretch>, StoreError> {
    let mut statement = db.prepare_cached(STRETCHES)?;
    let rows = statement.query_map(params![from, to], |row| {
        Ok((Stretch { begun: row.get(0)?, until: row.get(1)? }, row.get::<_, Option<String>>(2)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (stretch, scope) = row?;
        let scope = scope.map(|text| read(&text)).transpose()?.map_or(Scope::All, Scope::Sites);
        if sites.is_none_or(|sites| sites.iter().any(|site| scope.covers(site))) {
            found.push(stretch);
        }
    }
    Ok(found)
}
