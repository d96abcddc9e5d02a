//! Incidents one by one, and all that is known of one.

use super::codes::{local, read};
use super::error::StoreError;
use super::handle::Store;
use super::matching;
use super::shelves;
use super::summaries::{VERDICT, summaries, summary, verdict_of};
use super::wanted::{cursor, read_cursor};
use crate::model::{
    Detail, EscalationTold, EvidenceTold, Filter, Order, Page, PlaceId, RevisionTold, Summary,
    VerdictTold,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value as Json;

/// Others that are told beside an incident.
const SIMILAR_MAX: u32 = 6;
/// Of what was said of one incident, so much is told at most: an answer is to end, whatever a box or a person says.
const TOLD_MAX: u32 = 200;
/// How far apart two of a kind may be to be told beside each other, in ms.
const NEARBY_MS: i64 = 2 * 60 * 60 * 1_000;

impl Store {
    /// A page of incidents; none when `after` is no cursor of it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents(
        &self,
        filter: Filter,
        after: Option<String>,
        limit: usize,
    ) -> Result<Option<Page>, StoreError> {
        self.read(move |db| {
            let after = after.as_deref().map(read_cursor);
            if after == Some(None) {
                return Ok(None);
            }
            let after = after.flatten().map(|[_, opened, key]| (opened, key));
            let (mut found, at_least) =
                matching::first(db, &filter, Order::Newest, after, limit + 1)?;
            let more = found.len() > limit;
            found.truncate(limit);
            let last = found.last().filter(|_| more);
            let cursor = last.map(|last| cursor([0, last.opened, last.key]));
            let keys: Vec<i64> = found.iter().map(|found| found.key).collect();
            Ok(Some(Page { incidents: summaries(db, &keys)?, cursor, at_least }))
        })
        .await
    }

    /// The place of an incident; none when it is not known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn place_of(&self, id: String) -> Result<Option<PlaceId>, StoreError> {
        self.read(move |db| {
            let sql =
                "SELECT p.site, p.camera, p.zone FROM incident i JOIN place p ON p.key = i.place
                WHERE i.id = ?";
            let place = db.prepare_cached(sql)?.query_row([id], |row| {
                Ok(PlaceId { site: row.get(0)?, camera: row.get(1)?, zone: row.get(2)? })
            });
            Ok(place.optional()?)
        })
        .await
    }

    /// All that is known of an incident; none when it is not.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn detail(&self, id: String) -> Result<Option<Detail>, StoreError> {
        self.read(move |db| detail(db, &id)).await
    }
}

/// What is needed of an incident to tell the rest.
struct Core {
    key: i64,
    site: String,
    place: i64,
    violation: String,
    opened: i64,
    offset_secs: i32,
    payload: String,
}

fn detail(db: &Connection, id: &str) -> Result<Option<Detail>, StoreError> {
    let sql = "SELECT i.key, i.site, i.place, i.violation, i.opened, i.offset_secs, r.payload FROM incident i
        JOIN revision r ON r.incident = i.key AND r.revision = i.revision WHERE i.id = ?";
    let core = db.prepare_cached(sql)?.query_row([id], |row| {
        Ok(Core {
            key: row.get(0)?,
            site: row.get(1)?,
            place: row.get(2)?,
            violation: row.get(3)?,
            opened: row.get(4)?,
            offset_secs: row.get(5)?,
            payload: row.get(6)?,
        })
    });
    let Some(core) = core.optional()? else { return Ok(None) };
    Ok(Some(Detail {
        summary: summary(db, core.key)?,
        incident: read(&core.payload)?,
        revisions: revisions(db, &core)?,
        evidence: evidence(db, &core)?,
        verdicts: verdicts(db, &core)?,
        escalations: escalations(db, &core)?,
        similar: similar(db, &core)?,
        shelf: shelves::of(db, core.key)?,
    }))
}

/// The newest, first to last, by a statement that tells the newest first.
fn rows<T>(
    db: &Connection,
    sql: &str,
    key: i64,
    read: impl FnMut(&Row) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![key, TOLD_MAX], read)?;
    let mut found: Vec<T> = rows.collect::<Result<_, _>>()?;
    found.reverse();
    Ok(found)
}

fn revisions(db: &Connection, core: &Core) -> Result<Vec<RevisionTold>, StoreError> {
    let sql = "SELECT revision, received, payload FROM revision WHERE incident = ? ORDER BY revision DESC LIMIT ?";
    let found =
        rows(db, sql, core.key, |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
    let told = |(revision, received, payload): (u32, i64, String)| {
        let said: Json = read(&payload)?;
        let text = |name: &str| said.get(name).and_then(Json::as_str).map(str::to_owned);
        Ok(RevisionTold {
            revision,
            received: local(received, core.offset_secs),
            state: text("state"),
            updated: text("updated"),
        })
    };
    found.into_iter().map(told).collect()
}

fn evidence(db: &Connection, core: &Core) -> Result<Vec<EvidenceTold>, StoreError> {
    let sql = "SELECT e.sha256, e.moment, e.bytes, e.media_type, e.captured, e.offset_secs, f.arrived, e.gone
        FROM evidence e JOIN incident i ON i.key = e.incident
        LEFT JOIN file f ON f.sha256 = e.sha256 AND f.site = i.site WHERE e.incident = ?
        ORDER BY e.captured DESC, e.moment DESC, e.sha256 DESC LIMIT ?";
    rows(db, sql, core.key, |row| {
        let offset = row.get(5)?;
        let (arrived, gone): (Option<i64>, Option<i64>) = (row.get(6)?, row.get(7)?);
        Ok(EvidenceTold {
            sha256: row.get(0)?,
            moment: row.get(1)?,
            bytes: row.get(2)?,
            media_type: row.get(3)?,
            captured: local(row.get(4)?, offset),
            arrived: arrived.map(|ms| local(ms, offset)),
            gone: gone.filter(|_| arrived.is_none()).map(|ms| local(ms, offset)),
        })
    })
}

fn verdicts(db: &Connection, core: &Core) -> Result<Vec<VerdictTold>, StoreError> {
    let sql =
        format!("SELECT {VERDICT} FROM verdict v WHERE v.incident = ? ORDER BY v.no DESC LIMIT ?");
    rows(db, &sql, core.key, |row| verdict_of(row, 0, core.offset_secs))
}

fn escalations(db: &Connection, core: &Core) -> Result<Vec<EscalationTold>, StoreError> {
    let sql = "SELECT no, by, display_name, role, note, at FROM escalation WHERE incident = ?
        ORDER BY no DESC LIMIT ?";
    rows(db, sql, core.key, |row| {
        Ok(EscalationTold {
            no: row.get(0)?,
            by: row.get(1)?,
            display_name: row.get(2)?,
            role: row.get(3)?,
            note: row.get(4)?,
            at: local(row.get(5)?, core.offset_secs),
        })
    })
}

/// The last ones of the place before and after it; then those of its kind on its site, nearby in time.
fn similar(db: &Connection, core: &Core) -> Result<Vec<Summary>, StoreError> {
    let of_place =
        "SELECT key FROM incident INDEXED BY incident_place WHERE place = ?1 AND key <> ?2
        ORDER BY opened DESC LIMIT ?3";
    let of_kind =
        "SELECT key FROM incident INDEXED BY incident_violation WHERE violation = ?1 AND key <> ?2
        AND opened BETWEEN ?3 AND ?4 AND site = ?5 AND place <> ?6 ORDER BY opened DESC LIMIT ?7";
    let read = |row: &Row| row.get::<_, i64>(0);
    let mut statement = db.prepare_cached(of_place)?;
    let found = statement.query_map(params![core.place, core.key, SIMILAR_MAX], read)?;
    let mut keys: Vec<i64> = found.collect::<Result<_, _>>()?;
    let left = SIMILAR_MAX - keys.len() as u32;
    let [from, to] = [core.opened - NEARBY_MS, core.opened + NEARBY_MS];
    let values = params![core.violation, core.key, from, to, core.site, core.place, left];
    let mut statement = db.prepare_cached(of_kind)?;
    for key in statement.query_map(values, read)? {
        keys.push(key?);
    }
    summaries(db, &keys)
}
