//! What boxes are to be told: kept until the broker has it.

use super::codes::ms;
use super::error::StoreError;
use super::handle::Store;
use rusqlite::{Connection, params};
use tokio::sync::watch;
use viahe_contract::time::Timestamp;
use viahe_contract::topic::Topic;

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
            let sql = "SELECT no, topic, payload FROM outgoing WHERE no > ?
                AND site IN (SELECT site FROM box WHERE online) ORDER BY no LIMIT ?";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, most], |row| {
                Ok(Letter { no: row.get(0)?, topic: row.get(1)?, payload: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The broker has it.
    ///
    /// # Errors
    /// When that was not kept: it goes once more then.
    pub async fn delivered(&self, no: i64) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM outgoing WHERE no = ?")?.execute([no])?;
            Ok(())
        })
        .await
    }

    /// How many wait; those that are older than `before` are given up first, and counted.
    ///
    /// # Errors
    /// When that was not kept.
    pub async fn letters_waiting(&self, before: Timestamp) -> Result<(u32, usize), StoreError> {
        self.write(move |db| {
            let given_up = db.execute("DELETE FROM outgoing WHERE at < ?", [ms(before)])?;
            let sql = "SELECT COUNT(*) FROM outgoing";
            Ok((db.query_row(sql, [], |row| row.get(0))?, given_up))
        })
        .await
    }
}
