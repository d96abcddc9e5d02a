//! What boxes are to be told: kept until it went twice.
//!
//! A broker says that somebody got a message, not who: a box that had just gone may be another listener's success. So it
//! goes once more when the box says later that it is there, and only then it is gone. Boxes take repeats.

use super::codes::ms;
use super::error::StoreError;
use super::handle::Store;
use rusqlite::{Connection, params};
use std::time::Duration;
use tokio::sync::watch;
use viahe_contract::time::Timestamp;
use viahe_contract::topic::Topic;

/// A box that says so long after a message went that it is there hears it now, if it did not then.
const AGAIN: Duration = Duration::from_mins(1);

/// A message that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// In the order in which they are to go.
    pub no: i64,
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
}

pub(super) fn add(
    db: &Connection,
    topic: &Topic,
    payload: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO outgoing (site, topic, payload, at) VALUES (?, ?, ?, ?)";
    let values = params![topic.site.as_str(), topic.to_string(), payload, ms(now)];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

impl Store {
    /// Changes when there may be letters to send.
    pub fn letters_changed(&self) -> watch::Receiver<u64> {
        self.post().subscribe()
    }

    /// Letters after number `after` to boxes that are there, at most so many.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn letters(&self, after: i64, most: u32) -> Result<Vec<Letter>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT no, topic, payload FROM outgoing JOIN box USING (site) WHERE no > ?
                AND online AND (went IS NULL OR heard >= went + ?) ORDER BY no LIMIT ?";
            let mut statement = db.prepare_cached(sql)?;
            let again = AGAIN.as_millis() as i64;
            let rows = statement.query_map(params![after, again, most], |row| {
                Ok(Letter { no: row.get(0)?, topic: row.get(1)?, payload: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The broker has it, and somebody got it. Was that the second time, so that it is gone now?
    ///
    /// # Errors
    /// When that was not kept: it goes once more then.
    pub async fn delivered(&self, no: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |db| {
            let sql = "DELETE FROM outgoing WHERE no = ? AND went IS NOT NULL";
            if db.prepare_cached(sql)?.execute([no])? > 0 {
                return Ok(true);
            }
            let sql = "UPDATE outgoing SET went = ? WHERE no = ?";
            db.prepare_cached(sql)?.execute(params![ms(now), no])?;
            Ok(false)
        })
        .await
    }

    /// How many nobody got yet; those that are older than `before` are given up first, and counted.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn letters_waiting(&self, before: Timestamp) -> Result<(u32, usize), StoreError> {
        self.write(move |db| {
            let never = "DELETE FROM outgoing WHERE at < ? AND went IS NULL";
            let given_up = db.execute(never, [ms(before)])?;
            db.execute("DELETE FROM outgoing WHERE at < ?", [ms(before)])?;
            let sql = "SELECT COUNT(*) FROM outgoing WHERE went IS NULL";
            Ok((db.query_row(sql, [], |row| row.get(0))?, given_up))
        })
        .await
    }
}
