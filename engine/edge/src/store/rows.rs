//! How rows lie in the file, and whether their bytes are those that were written.
//!
//! SQLite notices a page that is no page; it does not notice a letter that became another. So each row
//! carries a checksum of what it says, made when it is written and looked at whenever it is read.

use super::row::Pending;
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Deserializer};
use sha2::Digest as _;
use viahe_contract::message::Severity;
use viahe_contract::sha256::Sha256;

/// Bytes of a checksum: the first half of a SHA-256.
pub(super) const SUM_BYTES: usize = 16;

/// The columns that [`read`] wants, in its order.
pub(super) const COLUMNS: &str = "row, incident, revision, topic, payload, created, sum";

/// A checksum over `parts`, each with its length so that no two cuts look the same.
pub(super) fn sum(parts: &[&[u8]]) -> [u8; SUM_BYTES] {
    let mut hash = sha2::Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut short = [0; SUM_BYTES];
    short.copy_from_slice(&hash.finalize()[..SUM_BYTES]);
    short
}

/// A row of the outbox, but for its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting<'a> {
    pub(super) incident: &'a str,
    pub(super) revision: u32,
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    /// ns since 1970.
    pub(super) created: i64,
}

impl Waiting<'_> {
    fn sum(&self) -> [u8; SUM_BYTES] {
        let Self { incident, revision, topic, payload, created } = self;
        let (revision, created) = (revision.to_le_bytes(), created.to_le_bytes());
        sum(&[incident.as_bytes(), &revision, topic.as_bytes(), payload, &created])
    }

    /// Puts it into the outbox, under `number` or the next one that is free; which it was.
    pub(super) fn insert(&self, db: &Connection, number: Option<i64>) -> rusqlite::Result<i64> {
        let Self { incident, revision, topic, payload, created } = self;
        db.prepare_cached(
            "INSERT INTO outbox (row, incident, revision, topic, payload, created, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            number,
            incident,
            revision,
            topic,
            payload,
            created,
            self.sum()
        ])?;
        let number = db.last_insert_rowid();
        self.note_pictures(db)?;
        Ok(number)
    }

    fn note_pictures(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut note =
            db.prepare_cached("INSERT OR IGNORE INTO pictures (incident, sha256) VALUES (?1, ?2)")?;
        named(self.payload)
            .pictures
            .iter()
            .try_for_each(|p| note.execute([self.incident, &p.to_string()]).map(drop))
    }
}

/// What a message says of pictures.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) severity: Severity,
    #[serde(rename = "evidence", deserialize_with = "hashes")]
    pub(super) pictures: Vec<Sha256>,
}

impl Default for Named {
    fn default() -> Self {
        Self { severity: Severity::Info, pictures: Vec::new() }
    }
}

fn hashes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Sha256>, D::Error> {
    #[derive(Deserialize)]
    struct Evidence {
        sha256: Sha256,
    }
    let all = Vec::<Evidence>::deserialize(from)?;
    Ok(all.into_iter().map(|evidence| evidence.sha256).collect())
}

/// The pictures that a message names.
pub(super) fn named(payload: &[u8]) -> Named {
    #[derive(Default, Deserialize)]
    struct Message {
        #[serde(default)]
        data: Named,
    }
    serde_json::from_slice::<Message>(payload).unwrap_or_default().data
}

/// A value of the type that it must have; none when the file says otherwise.
fn typed<T: FromSql>(row: &Row<'_>, column: usize) -> Option<T> {
    row.get_ref(column).ok().and_then(|value| T::column_result(value).ok())
}

/// Reads a row of [`COLUMNS`], whatever its checksum says.
///
/// # Errors
/// The number of one whose values are of other types.
pub(super) fn read_unchecked(row: &Row<'_>) -> Result<(Pending, i64), i64> {
    let number = typed(row, 0).unwrap_or_default();
    let read = || {
        let pending = Pending {
            row: number,
            incident: typed(row, 1)?,
            revision: typed(row, 2)?,
            topic: typed(row, 3)?,
            payload: typed(row, 4)?,
        };
        Some((pending, typed(row, 5)?))
    };
    read().ok_or(number)
}

/// Reads a row of [`COLUMNS`].
///
/// # Errors
/// Outer, of SQLite; inner, the number of a row whose bytes are not those that were written.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Result<(Pending, i64), i64>> {
    let number: i64 = row.get(0)?;
    let read = read_unchecked(row).ok().filter(|(pending, created)| {
        let sum = pending.waiting(*created).sum();
        matches!(row.get_ref(6), Ok(ValueRef::Blob(written)) if written == sum)
    });
    Ok(read.ok_or(number))
}

impl Pending {
    pub(super) fn waiting(&self, created: i64) -> Waiting<'_> {
        let Self { incident, revision, topic, payload, .. } = self;
        Waiting { incident, revision: *revision, topic, payload, created }
    }
}

/// What is remembered of an incident.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) incident: String,
    pub(super) revision: u32,
    pub(super) closed: bool,
    /// ns since 1970.
    pub(super) updated: i64,
    /// The revision as JSON.
    pub(super) record: Vec<u8>,
}

impl Known {
    /// The columns that [`Known::read`] wants, in its order.
    pub(super) const COLUMNS: &'static str = "incident, revision, closed, updated, record, sum";

    fn sum(&self) -> [u8; SUM_BYTES] {
        let Self { incident, revision, closed, updated, record } = self;
        let (revision, updated) = (revision.to_le_bytes(), updated.to_le_bytes());
        sum(&[incident.as_bytes(), &revision, &[u8::from(*closed)], &updated, record])
    }

    /// Whatever its checksum says; none when its values are of other types.
    pub(super) fn read_unchecked(row: &Row<'_>) -> Option<Self> {
        Some(Self {
            incident: typed(row, 0)?,
            revision: typed(row, 1)?,
            closed: typed(row, 2)?,
            updated: typed(row, 3)?,
            record: typed(row, 4)?,
        })
    }

    /// None when the bytes are not those that were written.
    pub(super) fn read(row: &Row<'_>) -> Option<Self> {
        Self::read_unchecked(row).filter(|known| {
            let sum = known.sum();
            matches!(row.get_ref(5), Ok(ValueRef::Blob(written)) if written == sum)
        })
    }

    /// Remembers it in place of what was known.
    pub(super) fn put(&self, db: &Connection) -> rusqlite::Result<()> {
        let Self { incident, revision, closed, updated, record } = self;
        db.prepare_cached(
            "INSERT INTO incidents (incident, revision, closed, updated, record, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (incident) DO UPDATE SET revision = excluded.revision,
             closed = excluded.closed, updated = excluded.updated, record = excluded.record,
             sum = excluded.sum",
        )?
        .execute(params![incident, revision, closed, updated, record, self.sum()])?;
        Ok(())
    }
}

/// Gives rows of a file of version 1, which had none, their checksums and pictures.
pub(super) fn add_sums(db: &Connection) -> rusqlite::Result<()> {
    let mut numbers = db.prepare("SELECT row FROM outbox")?;
    let numbers = numbers.query_map([], |r| r.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    for number in numbers {
        let mut select = db.prepare_cached(
            "SELECT incident, revision, topic, payload, created FROM outbox WHERE row = ?1",
        )?;
        select.query_row([number], |r| {
            let (incident, topic): (String, String) = (r.get(0)?, r.get(2)?);
            let payload: Vec<u8> = r.get(3)?;
            let (revision, created) = (r.get(1)?, r.get(4)?);
            let (incident, topic, payload) = (&*incident, &*topic, &*payload);
            let row = Waiting { incident, revision, topic, payload, created };
            db.prepare_cached("UPDATE outbox SET sum = ?2 WHERE row = ?1")?
                .execute(params![number, row.sum()])?;
            row.note_pictures(db)
        })?;
    }
    let mut select =
        db.prepare("SELECT incident, revision, closed, updated, record FROM incidents")?;
    let known = select.query_map([], |r| {
        Ok(Known {
            incident: r.get(0)?,
            revision: r.get(1)?,
            closed: r.get(2)?,
            updated: r.get(3)?,
            record: r.get(4)?,
        })
    })?;
    for known in known.collect::<rusqlite::Result<Vec<_>>>()? {
        known.put(db)?;
    }
    let state = db.query_row("SELECT state FROM engine_state", [], |r| r.get::<_, Vec<u8>>(0));
    match state {
        Ok(state) => {
            db.execute("UPDATE engine_state SET sum = ?1", [sum(&[&state])])?;
            Ok(())
        }
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
        Err(error) => Err(error),
    }
}
