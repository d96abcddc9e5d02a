//! How often rules are right: what became of incidents, counted with each commit by day, rule, camera and hour.

use super::codes::{judgement, ms};
use super::error::StoreError;
use super::handle::Store;
use super::summaries::summaries;
use crate::model::Summary;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use viahe_contract::message::Judgement;
use viahe_contract::time::Timestamp;

/// Nobody has judged it.
pub(crate) const WAITING: &str = "waiting";
/// It is one.
pub(crate) const CONFIRMED: &str = "confirmed";
/// It was judged with a flood.
pub(crate) const TOGETHER: &str = "together";
/// Why somebody dismissed it who did not say.
const OTHER: &str = "other";

const DAY_SECS: i64 = 86_400;

/// What became of an incident, and of what it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grade {
    day: i64,
    hour: i64,
    site: String,
    rule: String,
    camera: String,
    outcome: String,
}

/// That of an incident as it stands now.
pub(super) fn of(db: &Connection, key: i64) -> rusqlite::Result<Grade> {
    let sql = "SELECT i.opened, i.offset_secs, i.site, i.rule, p.camera, v.judgement, v.reason, v.flood
        FROM incident i JOIN place p ON p.key = i.place LEFT JOIN verdict v ON v.no = i.verdict WHERE i.key = ?";
    db.prepare_cached(sql)?.query_row([key], |row| {
        let secs = row.get::<_, i64>(0)?.div_euclid(1_000) + row.get::<_, i64>(1)?;
        let said = row.get::<_, Option<i64>>(5)?.map_or(Judgement::Withdrawn, judgement);
        let outcome = match said {
            Judgement::Withdrawn => WAITING.to_owned(),
            _ if row.get::<_, Option<i64>>(7)?.is_some() => TOGETHER.to_owned(),
            Judgement::Confirmed => CONFIRMED.to_owned(),
            Judgement::Dismissed => row.get::<_, Option<String>>(6)?.unwrap_or(OTHER.to_owned()),
        };
        Ok(Grade {
            day: secs.div_euclid(DAY_SECS),
            hour: secs.rem_euclid(DAY_SECS) / 3_600,
            site: row.get(2)?,
            rule: row.get(3)?,
            camera: row.get(4)?,
            outcome,
        })
    })
}

/// It is another one now than it was, if it was any.
pub(super) fn becomes(
    db: &Connection,
    before: Option<&Grade>,
    now: &Grade,
) -> rusqlite::Result<()> {
    if before == Some(now) {
        return Ok(());
    }
    if let Some(before) = before {
        add(db, before, -1)?;
    }
    add(db, now, 1)
}

fn add(db: &Connection, grade: &Grade, more: i64) -> rusqlite::Result<()> {
    let Grade { day, hour, site, rule, camera, outcome } = grade;
    let sql = "INSERT INTO grade_camera (day, site, rule, camera, outcome, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET count = count + ?6";
    db.prepare_cached(sql)?.execute(params![day, site, rule, camera, outcome, more])?;
    let sql = "INSERT INTO grade_hour (day, site, hour, outcome, count) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET count = count + ?5";
    db.prepare_cached(sql)?.execute(params![day, site, hour, outcome, more])?;
    Ok(())
}

/// So many incidents of a camera's rule came to this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whose.
    pub site: String,
    /// Of which rule.
    pub rule: String,
    /// Empty when only sensors tell of it.
    pub camera: String,
    /// What became of them.
    pub outcome: String,
    /// So many.
    pub count: u64,
}

/// A proposal that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAside {
    /// Whose.
    pub site: String,
    /// Which rule.
    pub rule: String,
    /// At this camera; empty for all of the site.
    pub camera: String,
    /// Who.
    pub by: String,
    /// What people call them.
    pub display_name: String,
    /// When, in ms.
    pub at: i64,
    /// Until when, in ms.
    pub until: i64,
    /// Why.
    pub reason: String,
}

/// What became of the incidents of some days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graded {
    /// By rule and camera.
    pub cameras: Vec<Outcome>,
    /// By hour of the day.
    pub hours: Vec<(i64, String, u64)>,
}

impl Store {
    /// The day, counted from 1970, that it is now at the site which told something last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn today(&self, now: Timestamp) -> Result<i64, StoreError> {
        self.read(move |db| {
            let sql = "SELECT offset_secs FROM incident ORDER BY key DESC LIMIT 1";
            let offset: Option<i64> = db.query_row(sql, [], |row| row.get(0)).optional()?;
            Ok((ms(now).div_euclid(1_000) + offset.unwrap_or_default()).div_euclid(DAY_SECS))
        })
        .await
    }

    /// What became of the incidents of the days from `first` to `last` of these sites (none for all).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn grades(
        &self,
        sites: Option<Vec<String>>,
        (first, last): (i64, i64),
    ) -> Result<Graded, StoreError> {
        self.read(move |db| {
            let (cameras, hours) = statements(sites.as_deref());
            let days = [first, last].map(Value::from);
            let values: Vec<Value> =
                days.into_iter().chain(sites.into_iter().flatten().map(Value::from)).collect();
            let mut statement = db.prepare_cached(&cameras)?;
            let rows = statement.query_map(params_from_iter(&values), |row| {
                Ok(Outcome {
                    site: row.get(0)?,
                    rule: row.get(1)?,
                    camera: row.get(2)?,
                    outcome: row.get(3)?,
                    count: row.get::<_, i64>(4)? as u64,
                })
            })?;
            let cameras = rows.collect::<Result<_, _>>()?;
            let mut statement = db.prepare_cached(&hours)?;
            let rows = statement.query_map(params_from_iter(&values), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64))
            })?;
            Ok(Graded { cameras, hours: rows.collect::<Result<_, _>>()? })
        })
        .await
    }

    /// What an incident of each of these rules of sites is called.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn titles(
        &self,
        rules: Vec<(String, String)>,
    ) -> Result<Vec<Option<String>>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(TITLE)?;
            let title = |(site, rule): &(String, String)| {
                Ok(statement.query_row([site, rule], |row| row.get(0)).optional()?)
            };
            rules.iter().map(title).collect()
        })
        .await
    }

    /// Dismissed incidents of a rule that opened since, the newest first, at one camera or all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn dismissed(
        &self,
        (site, rule, camera): (String, String, Option<String>),
        since: Timestamp,
        most: u32,
    ) -> Result<Vec<Summary>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(DISMISSED)?;
            let values = params![site, rule, ms(since), camera, most];
            let rows = statement.query_map(values, |row| row.get(0))?;
            let keys: Vec<i64> = rows.collect::<Result<_, _>>()?;
            summaries(db, &keys)
        })
        .await
    }

    /// Puts a proposal aside.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn put_aside(
        &self,
        aside: KeptAside,
        doer: super::people::Doer,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let KeptAside { site, rule, camera, by, display_name, at, until, reason } = &aside;
            let sql = "INSERT INTO aside (site, rule, camera, by, display_name, at, until, reason)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
            let values = params![site, rule, camera, by, display_name, at, until, reason];
            db.prepare_cached(sql)?.execute(values)?;
            let about = if camera.is_empty() { rule.clone() } else { format!("{camera}/{rule}") };
            Ok(doer.notes(db, super::audit::What::ProposalAside, &about, Some(site))?)
        })
        .await
    }

    /// Proposals that are aside now, the last word on each last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn asides(&self, now: Timestamp) -> Result<Vec<KeptAside>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT site, rule, camera, by, display_name, at, until, reason FROM aside
                WHERE until > ? ORDER BY no";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([ms(now)], |row| {
                Ok(KeptAside {
                    site: row.get(0)?,
                    rule: row.get(1)?,
                    camera: row.get(2)?,
                    by: row.get(3)?,
                    display_name: row.get(4)?,
                    at: row.get(5)?,
                    until: row.get(6)?,
                    reason: row.get(7)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// The statement that names a rule.
pub(super) const TITLE: &str =
    "SELECT title FROM incident INDEXED BY incident_rule WHERE site = ? AND rule = ? LIMIT 1";
/// The statement that finds cases of a proposal.
pub(super) const DISMISSED: &str = "SELECT i.key FROM incident i INDEXED BY incident_rule JOIN place p ON p.key = i.place
    WHERE i.site = ?1 AND i.rule = ?2 AND i.judgement = 2 AND i.opened >= ?3 AND (?4 IS NULL OR p.camera = ?4)
    ORDER BY i.opened DESC LIMIT ?5";

/// The statements that sum up days, by camera and by hour.
pub(super) fn statements(sites: Option<&[String]>) -> (String, String) {
    let of = sites.map_or(String::new(), |sites| {
        format!(" AND site IN ({})", vec!["?"; sites.len()].join(", "))
    });
    let sum = |columns: &str, table: &str| {
        format!(
            "SELECT {columns}, outcome, SUM(count) FROM {table} WHERE day BETWEEN ? AND ?{of}
            GROUP BY {columns}, outcome HAVING SUM(count) > 0 ORDER BY {columns}, outcome"
        )
    };
    (sum("site, rule, camera", "grade_camera"), sum("hour", "grade_hour"))
}
