//! What operators said of incidents, beside what is remembered of these.

use super::file::DAMAGED;
use super::rows::{Known, SUM_BYTES, sum};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::Deserialize;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::Verdict;

/// Most of one incident. Judgement: people change their mind twice; more is a fault or worse.
const PER_INCIDENT_MAX: i64 = 16;

/// What became of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It is in the file; on an incident of this violation.
    New(Name),
    /// It was known.
    Again,
    /// Of an incident that is not known, or not any more.
    UnknownIncident,
    /// Of a revision that there never was.
    UnknownRevision,
    /// Too much was said of this incident.
    TooMany,
}

/// Takes what was said of incidents, in one transaction; what became of each, in order.
pub(super) fn judge(db: &mut Connection, verdicts: &[Verdict]) -> rusqlite::Result<Vec<Judged>> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let judged = verdicts.iter().map(|verdict| judge_one(&tx, verdict));
    let judged = judged.collect::<rusqlite::Result<Vec<_>>>()?;
    tx.commit()?;
    Ok(judged)
}

fn judge_one(db: &Connection, verdict: &Verdict) -> rusqlite::Result<Judged> {
    #[derive(Deserialize)]
    struct Told {
        violation: Name,
    }
    let incident = verdict.incident.as_str();
    let sql = format!("SELECT {} FROM incidents WHERE incident = ?1", Known::COLUMNS);
    let known =
        db.prepare_cached(&sql)?.query_row([incident], |r| Ok(Known::read(r))).optional()?;
    let known = known.flatten();
    let told = known.as_ref().and_then(|known| serde_json::from_slice(&known.record).ok());
    let (Some(known), Some(Told { violation })) = (&known, told) else {
        return Ok(Judged::UnknownIncident);
    };
    if !(1..=known.revision).contains(&verdict.revision) {
        return Ok(Judged::UnknownRevision);
    }
    let row = Row::of(verdict);
    if db
        .prepare_cached("SELECT 1 FROM verdicts WHERE incident = ?1 AND at = ?2 AND revision = ?3")?
        .exists(params![row.incident, row.at, row.revision])?
    {
        return Ok(Judged::Again);
    }
    let said: i64 = db
        .prepare_cached("SELECT COUNT(*) FROM verdicts WHERE incident = ?1")?
        .query_row([incident], |r| r.get(0))?;
    if said >= PER_INCIDENT_MAX {
        return Ok(Judged::TooMany);
    }
    row.put(db)?;
    Ok(Judged::New(violation))
}

/// What was said of an incident, oldest first.
pub(super) fn read(db: &Connection, incident: &IncidentId) -> rusqlite::Result<Vec<Verdict>> {
    let mut select = db.prepare(&format!(
        "SELECT {COLUMNS} FROM verdicts WHERE incident = ?1 ORDER BY at, revision"
    ))?;
    let rows = select.query_map([incident.as_str()], |row| Ok(Row::read(row)))?;
    let verdict = |row: Option<Row>| {
        let read = row.and_then(|row| serde_json::from_slice(&row.record).ok());
        if read.is_none() {
            tracing::error!(%incident, "a verdict is left out: {DAMAGED}");
        }
        read
    };
    rows.filter_map(|row| row.map(verdict).transpose()).collect()
}

/// Copies what can be read of a database that was set aside, from one end; of an older one there is nothing. Adds
/// those whose bytes are not those that were written to `damaged`.
pub(super) fn copy(
    old: &Connection,
    new: &Connection,
    order: &str,
    damaged: &mut u64,
) -> rusqlite::Result<()> {
    let mut select = old.prepare(&format!(
        "SELECT {COLUMNS} FROM verdicts ORDER BY incident {order}, at {order}"
    ))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        match Row::read(row) {
            Some(row) => row.put(new)?,
            // Met from the other end too.
            None => *damaged += u64::from(order == "ASC"),
        }
    }
    Ok(())
}

/// The columns that [`Row::read`] wants, in its order.
const COLUMNS: &str = "incident, at, revision, record, sum";

/// As it lies in the file.
struct Row {
    incident: String,
    /// ns since 1970.
    at: i64,
    revision: u32,
    record: Vec<u8>,
}

impl Row {
    fn of(verdict: &Verdict) -> Self {
        Self {
            incident: verdict.incident.as_str().to_owned(),
            at: i64::try_from(verdict.time.at().0).unwrap_or(i64::MAX),
            revision: verdict.revision,
            record: viahe_contract::message::to_bytes(verdict),
        }
    }

    fn sum(&self) -> [u8; SUM_BYTES] {
        let Self { incident, at, revision, record } = self;
        sum(&[incident.as_bytes(), &at.to_le_bytes(), &revision.to_le_bytes(), record])
    }

    /// None when the bytes are not those that were written.
    fn read(row: &rusqlite::Row<'_>) -> Option<Self> {
        let read = Self {
            incident: row.get(0).ok()?,
            at: row.get(1).ok()?,
            revision: row.get(2).ok()?,
            record: row.get(3).ok()?,
        };
        let intact = matches!(row.get_ref(4), Ok(ValueRef::Blob(s)) if s == read.sum());
        intact.then_some(read)
    }

    fn put(&self, db: &Connection) -> rusqlite::Result<()> {
        let Self { incident, at, revision, record } = self;
        db.prepare_cached(
            "INSERT OR IGNORE INTO verdicts (incident, at, revision, record, sum)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![incident, at, revision, record, self.sum()])?;
        Ok(())
    }
}
