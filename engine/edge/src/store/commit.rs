//! Committing: rows, history and the engine's state in one transaction.

use super::outbox::{bound, natural};
use super::{Committed, Limits, OutboxRow, Store, StoreCounters, StoreError, ballast, open};
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

/// Part of a full outbox that one search for superseded rows may free.
const MERGE_PART: u64 = 20;

impl Store {
    /// Puts `rows`, in order, into the outbox and saves `engine_state`, in one transaction that
    /// is on disk when this returns. Costs one sync: call it once for many rows.
    ///
    /// A row whose incident is known with the same or a newer revision is not added again. When
    /// the outbox is full, waiting revisions that a newer one replaces are removed, oldest
    /// first; a row that still finds no room is refused, the others are committed.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then. [`StoreError::DiskFull`] and
    /// [`StoreError::Sqlite`] may pass: call again with the same rows.
    pub fn commit(
        &mut self,
        rows: &[OutboxRow],
        engine_state: Option<&[u8]>,
    ) -> Result<Committed, StoreError> {
        if !ballast::allows_commit(&self.dir, self.limits.ballast_bytes) {
            self.counters.disk_full += 1;
            return Err(StoreError::DiskFull { path: self.dir.join(super::FILE_NAME) });
        }
        match self.try_commit(rows, engine_state) {
            Ok((committed, counters, merged_out)) => {
                self.counters = counters;
                self.merged_out = merged_out;
                report_refused(&committed);
                Ok(committed)
            }
            Err(source) => {
                let error = open::explain(&self.dir, source);
                if matches!(error, StoreError::DiskFull { .. }) {
                    self.counters.disk_full += 1;
                    self.make_room();
                }
                Err(error)
            }
        }
    }

    fn try_commit(
        &mut self,
        rows: &[OutboxRow],
        engine_state: Option<&[u8]>,
    ) -> rusqlite::Result<(Committed, StoreCounters, bool)> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut done = Committed::default();
        let mut work = Work {
            tx: &tx,
            limits: self.limits,
            counters: self.counters,
            merged_out: self.merged_out,
        };
        for row in rows {
            if work.is_known(row)? {
                done.repeated += 1;
            } else if work.find_room(row)? {
                work.insert(row)?;
                done.added += 1;
            } else {
                done.refused.push((row.incident.clone(), row.revision));
            }
        }
        work.trim_history()?;
        if let Some(state) = engine_state {
            tx.prepare_cached("INSERT OR REPLACE INTO engine_state (one, state) VALUES (1, ?1)")?
                .execute([state])?;
        }
        let (mut counters, merged_out) = (work.counters, work.merged_out);
        counters.commits += 1;
        counters.added += done.added as u64;
        counters.repeated += done.repeated as u64;
        counters.refused += done.refused.len() as u64;
        tx.commit()?;
        Ok((done, counters, merged_out))
    }

    /// Gives up the ballast and writes the log back, so that the publisher can delete.
    fn make_room(&self) {
        let released = ballast::release(&self.dir);
        tracing::error!(
            dir = %self.dir.display(), released,
            "the disk is full; incidents wait in memory until there is space"
        );
        // Best effort: the next commit says how it stands.
        let _ = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// One transaction and what it has done so far.
struct Work<'a> {
    tx: &'a Transaction<'a>,
    limits: Limits,
    counters: StoreCounters,
    merged_out: bool,
}

impl Work<'_> {
    fn is_known(&self, row: &OutboxRow) -> rusqlite::Result<bool> {
        let known: Option<u32> = self
            .tx
            .prepare_cached(
                "SELECT MAX(revision) FROM (
                     SELECT revision FROM incidents WHERE incident = ?1
                     UNION ALL SELECT revision FROM outbox WHERE incident = ?1)",
            )?
            .query_row([row.incident.as_str()], |r| r.get(0))
            .optional()?
            .flatten();
        Ok(known.is_some_and(|known| known >= row.revision))
    }

    fn has_room(&self, row: &OutboxRow) -> rusqlite::Result<bool> {
        let (rows, bytes): (u64, u64) = self
            .tx
            .prepare_cached("SELECT rows, bytes FROM totals")?
            .query_row([], |r| Ok((natural(r, 0)?, natural(r, 1)?)))?;
        Ok(rows < self.limits.outbox_rows_max
            && bytes + row.payload.len() as u64 <= self.limits.outbox_bytes_max)
    }

    /// Makes room by removing superseded rows: those that `row` itself replaces, or any.
    fn find_room(&mut self, row: &OutboxRow) -> rusqlite::Result<bool> {
        if self.has_room(row)? || self.replace_older(row)? {
            return Ok(true);
        }
        while !self.merged_out && !self.has_room(row)? {
            let most = (self.limits.outbox_rows_max / MERGE_PART).max(1);
            let merged = self.merge_superseded(most)?;
            // A search of the whole outbox is slow; one that found all need not be repeated
            // until a row was added beside an older revision of its incident.
            self.merged_out = merged < most;
        }
        Ok(self.has_room(row)? || self.replace_older(row)?)
    }

    /// Removes the older revisions of `row`'s incident, if that makes room for it.
    fn replace_older(&mut self, row: &OutboxRow) -> rusqlite::Result<bool> {
        self.tx.execute_batch("SAVEPOINT older")?;
        let older = self
            .tx
            .prepare_cached("DELETE FROM outbox WHERE incident = ?1 AND quarantined IS NULL")?
            .execute([row.incident.as_str()])?;
        let has_room = older > 0 && self.has_room(row)?;
        if has_room {
            self.counters.merged += older as u64;
        } else {
            self.tx.execute_batch("ROLLBACK TO older")?;
        }
        self.tx.execute_batch("RELEASE older")?;
        Ok(has_room)
    }

    fn merge_superseded(&mut self, most: u64) -> rusqlite::Result<u64> {
        let merged = self
            .tx
            .prepare_cached(
                "DELETE FROM outbox WHERE row IN (
                     SELECT old.row FROM outbox old WHERE old.quarantined IS NULL
                     AND EXISTS (SELECT 1 FROM outbox new
                                 WHERE new.incident = old.incident
                                 AND new.revision > old.revision
                                 AND new.quarantined IS NULL)
                     ORDER BY old.row LIMIT ?1)",
            )?
            .execute([bound(most)])? as u64;
        self.counters.merged += merged;
        Ok(merged)
    }

    fn insert(&mut self, row: &OutboxRow) -> rusqlite::Result<()> {
        self.merged_out = false;
        let created = i64::try_from(row.created.0).unwrap_or(i64::MAX);
        self.tx
            .prepare_cached(
                "INSERT INTO outbox (incident, revision, topic, payload, created)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                row.incident.as_str(),
                row.revision,
                row.topic,
                row.payload,
                created
            ])?;
        self.tx
            .prepare_cached(
                "INSERT INTO incidents (incident, revision, closed, updated, record)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (incident) DO UPDATE SET revision = excluded.revision,
                 closed = excluded.closed, updated = excluded.updated, record = excluded.record",
            )?
            .execute(params![
                row.incident.as_str(),
                row.revision,
                row.closed,
                created,
                row.record
            ])?;
        Ok(())
    }

    fn trim_history(&mut self) -> rusqlite::Result<()> {
        let kept: u64 = self
            .tx
            .prepare_cached("SELECT incidents FROM totals")?
            .query_row([], |r| natural(r, 0))?;
        let over = kept.saturating_sub(self.limits.history_rows_max);
        if over > 0 {
            self.counters.history_dropped += self
                .tx
                .prepare_cached(
                    "DELETE FROM incidents WHERE incident IN (
                         SELECT incident FROM incidents ORDER BY closed DESC, updated LIMIT ?1)",
                )?
                .execute([bound(over)])? as u64;
        }
        Ok(())
    }
}

fn report_refused(committed: &Committed) {
    if let Some((incident, revision)) = committed.refused.first() {
        tracing::error!(
            rows = committed.refused.len(), %incident, revision,
            "the outbox is full: incidents are lost. Bring the MQTT broker back."
        );
    }
}
