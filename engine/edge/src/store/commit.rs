//! Committing: rows, history and the engine's state in one transaction.

use super::file::{DAMAGED, FILE_NAME};
use super::held::{Fate, One};
use super::outbox::{bound, natural};
use super::rows::{Known, Waiting};
use super::{
    Committed, Judged, Limits, OutboxRow, Store, StoreCounters, StoreError, ballast, open, states,
    uploads, verdicts,
};
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};
use viahe_contract::message::Verdict;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;
use viahe_core::engine::Changes;

/// Part of a full outbox that one search for superseded rows may free.
const MERGE_PART: u64 = 20;

impl Store {
    /// Puts `rows`, in order, into the outbox and saves what changed of the engine's `state`, in one transaction that
    /// is on disk when this returns; before them the rows that are [held](Store::hold). Costs one
    /// sync: call it once for many rows.
    ///
    /// A row whose incident is known with the same or a newer revision is not added again. When
    /// the outbox is full, waiting revisions that a newer one replaces are removed, oldest
    /// first; a row that still finds no room is refused, the others are committed.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then. But for [`StoreError::Corrupt`] it may pass: hold
    /// the rows, or commit them again.
    pub fn commit(
        &mut self,
        rows: &[OutboxRow],
        state: Option<&Changes>,
    ) -> Result<Committed, StoreError> {
        self.open_again()?;
        if !ballast::allows_commit(&self.dir, self.limits.ballast_bytes) {
            self.counters.disk_full += 1;
            return Err(StoreError::DiskFull { path: self.dir.join(FILE_NAME) });
        }
        match self.try_commit(rows, state) {
            Ok((committed, counters, merged_out)) => {
                self.counters = counters;
                self.merged_out = merged_out;
                if let Some(changes) = state {
                    self.saves = changes.saves.clone();
                }
                report_refused(&committed);
                Ok(committed)
            }
            Err(source) => {
                let error = open::explain(&self.dir, source);
                if matches!(error, StoreError::DiskFull { .. }) {
                    self.counters.disk_full += 1;
                }
                Err(error)
            }
        }
    }

    /// Takes what was said of incidents; on disk when this returns. What became of each, in order. Costs one sync:
    /// call it once for many.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn judge(&mut self, verdicts: &[Verdict]) -> Result<Vec<Judged>, StoreError> {
        self.open_again()?;
        if !ballast::allows_commit(&self.dir, self.limits.ballast_bytes) {
            return Err(StoreError::DiskFull { path: self.dir.join(FILE_NAME) });
        }
        let Some(db) = &mut self.db else { return Ok(Vec::new()) };
        verdicts::judge(db, verdicts).map_err(|e| open::explain(&self.dir, e))
    }

    /// Notes a picture that no incident names and somebody asked for, so that it is sent to the console before all
    /// others: who asked waits. Nothing without a console.
    ///
    /// # Errors
    /// [`StoreError`]; it is not sent then.
    pub fn send_asked(&mut self, sha256: Sha256, asked: Timestamp) -> Result<(), StoreError> {
        if self.limits.uploads_max == 0 {
            return Ok(());
        }
        self.open_again()?;
        let Some(db) = &self.db else { return Ok(()) };
        uploads::note_asked(db, sha256, nanos(asked)).map_err(|e| open::explain(&self.dir, e))
    }

    /// Takes rows that cannot be committed now: the publisher sends them from memory, and the next
    /// commit writes them. Returns those that found no room: lost, and logged.
    pub fn hold(&mut self, rows: Vec<OutboxRow>) -> Vec<OutboxRow> {
        let lost = self.held.take(rows);
        self.held.named();
        for row in &lost {
            tracing::error!(
                event = format!("{}-r{}", row.incident, row.revision),
                "lost: the store takes nothing, and memory is full of what waits for it"
            );
        }
        lost
    }

    /// Gives up the ballast, so that something can be written; says whether there was any.
    pub fn give_up_ballast(&self) -> bool {
        let released = ballast::release(&self.dir);
        if released {
            tracing::error!(dir = %self.dir.display(), "the disk is full; the ballast is given up");
            // Best effort: the next commit says how it stands.
            if let Some(db) = &self.db {
                let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            }
        }
        released
    }

    fn try_commit(
        &mut self,
        rows: &[OutboxRow],
        state: Option<&Changes>,
    ) -> rusqlite::Result<(Committed, StoreCounters, bool)> {
        let Some(db) = &mut self.db else { return Ok(Default::default()) };
        // Nobody may acknowledge a held row while it moves from memory to the file. The publisher
        // takes this before it takes the file, or without it.
        let mut held = self.held.lock();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut done = Committed::default();
        let mut work = Work {
            tx: &tx,
            limits: self.limits,
            counters: self.counters,
            merged_out: self.merged_out,
            newest: held.newest,
            damaged: 0,
            not_sent: 0,
        };
        for (number, one) in &held.rows {
            work.add_held(*number, one, &mut done)?;
        }
        for row in rows {
            work.add(row, None, &mut done)?;
        }
        work.trim()?;
        if let Some(changes) = state {
            states::put(&tx, changes)?;
        }
        let (mut counters, merged_out) = (work.counters, work.merged_out);
        let (newest, damaged, not_sent) = (work.newest, work.damaged, work.not_sent);
        counters.commits += 1;
        counters.added += done.added as u64;
        counters.repeated += done.repeated as u64;
        counters.refused += done.refused.len() as u64;
        tx.commit()?;
        held.committed(newest, damaged, not_sent);
        Ok((done, counters, merged_out))
    }
}

/// One transaction and what it has done so far.
struct Work<'a> {
    tx: &'a Transaction<'a>,
    limits: Limits,
    counters: StoreCounters,
    merged_out: bool,
    /// Highest number of a row so far.
    newest: i64,
    /// Rows met whose bytes are not those that were written.
    damaged: u64,
    /// Pictures that are not sent because no more may wait.
    not_sent: u64,
}

impl Work<'_> {
    /// A row that waited in memory, under the number that it has there.
    fn add_held(&mut self, number: i64, one: &One, done: &mut Committed) -> rusqlite::Result<()> {
        match &one.fate {
            Fate::Waits => self.add(&one.row, Some(number), done),
            Fate::Delivered => {
                if !self.is_known(&one.row)? {
                    self.remember(&one.row)?;
                    self.settle(&one.row)?;
                }
                Ok(())
            }
            Fate::Aside(why) => {
                self.add(&one.row, Some(number), done)?;
                self.tx
                    .prepare_cached("UPDATE outbox SET quarantined = ?2 WHERE row = ?1")?
                    .execute(params![number, why])
                    .map(drop)
            }
        }
    }

    fn add(
        &mut self,
        row: &OutboxRow,
        number: Option<i64>,
        done: &mut Committed,
    ) -> rusqlite::Result<()> {
        if self.is_known(row)? {
            done.repeated += 1;
        } else if self.find_room(row)? {
            self.insert(row, number)?;
            done.added += 1;
        } else {
            done.refused.push((row.incident.clone(), row.revision));
        }
        Ok(())
    }

    fn is_known(&mut self, row: &OutboxRow) -> rusqlite::Result<bool> {
        let incident = row.incident.as_str();
        let sql = format!("SELECT {} FROM incidents WHERE incident = ?1", Known::COLUMNS);
        let known = self
            .tx
            .prepare_cached(&sql)?
            .query_row([incident], |r| Ok(Known::read(r)))
            .optional()?;
        if matches!(known, Some(None)) {
            // It would say of a new revision that it is an old one.
            tracing::error!(incident, "what is remembered of it is forgotten: {}", DAMAGED);
            self.damaged += 1;
            self.tx.execute("DELETE FROM incidents WHERE incident = ?1", [incident])?;
        }
        let waiting: Option<u32> = self
            .tx
            .prepare_cached("SELECT MAX(revision) FROM outbox WHERE incident = ?1")?
            .query_row([incident], |r| r.get(0))?;
        let newest = known.flatten().map(|known| known.revision).max(waiting);
        Ok(newest.is_some_and(|newest| newest >= row.revision))
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

    fn insert(&mut self, row: &OutboxRow, number: Option<i64>) -> rusqlite::Result<()> {
        self.merged_out = false;
        let waiting = Waiting {
            incident: row.incident.as_str(),
            revision: row.revision,
            topic: &row.topic,
            payload: &row.payload,
            created: nanos(row.created),
        };
        let number = waiting.insert(self.tx, number)?;
        self.newest = self.newest.max(number);
        self.remember(row)
    }

    fn remember(&self, row: &OutboxRow) -> rusqlite::Result<()> {
        let known = Known {
            incident: row.incident.as_str().to_owned(),
            revision: row.revision,
            closed: row.closed,
            updated: nanos(row.created),
            record: row.record.clone(),
        };
        known.put(self.tx)?;
        if self.limits.uploads_max > 0 {
            uploads::note(self.tx, &row.payload, nanos(row.created))?;
        }
        Ok(())
    }

    /// What was delivered from memory leaves no row whose deletion would say so.
    fn settle(&self, row: &OutboxRow) -> rusqlite::Result<()> {
        let sql = "DELETE FROM pictures WHERE incident = ?1
                   AND NOT EXISTS (SELECT 1 FROM outbox WHERE incident = ?1)";
        if row.closed {
            self.tx.prepare_cached(sql)?.execute([row.incident.as_str()])?;
        }
        Ok(())
    }

    fn trim(&mut self) -> rusqlite::Result<()> {
        self.not_sent += uploads::trim(self.tx, self.limits.uploads_max)?;
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

fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn report_refused(committed: &Committed) {
    if let Some((incident, revision)) = committed.refused.first() {
        tracing::error!(
            rows = committed.refused.len(), %incident, revision,
            "the outbox is full: incidents are lost. Bring the MQTT broker back."
        );
    }
}
