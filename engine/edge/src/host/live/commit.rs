//! Revisions and state to the disk, in one commit.

use super::host::Live;
use super::parts::PlaneError;
use super::watch::Price;
use super::words;
use crate::disk::Fault;
use crate::store::{OutboxRow, StoreError};
use std::time::Instant;
use viahe_contract::message::{EvidenceState, State};
use viahe_core::engine::Engine;
use viahe_core::incident::Revision;

impl Live {
    /// Once a turn: commits what there is when it is time, and says what waited for it.
    ///
    /// # Errors
    /// As [`Live::commit`].
    pub(super) fn keep_up(&mut self, engine: &Engine, now: Instant) -> Result<(), PlaneError> {
        if self.owed.is_due(now) {
            self.commit(engine, now, Price::Some)?;
        } else if !self.owed.rows.is_empty() {
            self.hold();
        }
        self.say_replies();
        Ok(())
    }

    /// Puts the pictures in their place and queues the revision for the next commit.
    pub(super) fn prepare(&mut self, mut revision: Revision) {
        self.pictures.keep(&mut revision);
        self.pictures.draw(&revision, &self.plan);
        self.queue(revision);
    }

    /// Queues a revision for the next commit; one that cannot be written is lost, and counted.
    pub(super) fn queue(&mut self, revision: Revision) {
        match OutboxRow::new(&revision, &self.plan.site.id, &self.plan.site.timezone) {
            Ok(row) => self.owed.rows.push((row, revision)),
            Err(error) => {
                self.books.stats.outbox_refused += 1;
                tracing::error!(%error, "lost: an incident that cannot be written");
            }
        }
    }

    /// Commits what there is, also what is held; what the disk does not take is held, and sent from
    /// memory.
    ///
    /// # Errors
    /// When trying again cannot help; what passes is tried again after a while.
    pub(super) fn commit(
        &mut self,
        engine: &Engine,
        now: Instant,
        price: Price,
    ) -> Result<(), PlaneError> {
        let rows = self.owed.rows();
        let state = engine.changes(self.owed.store.saves());
        let bytes = rows.iter().map(|row| row.payload.len() + row.record.len()).sum::<usize>();
        let bytes = (bytes + state.bytes()) as u64;
        let mut done = self.owed.store.commit(&rows, &state);
        for _ in 0..price.steps() {
            let lacks_room = |e: &StoreError| e.fault().is_some_and(Fault::is_lack_of_room);
            if !done.as_ref().is_err_and(lacks_room) || !self.make_room(bytes) {
                break;
            }
            done = self.owed.store.commit(&rows, &state);
        }
        self.disk.committed(done.as_ref().err());
        match done {
            Ok(committed) => {
                self.owed.committed(now);
                self.books.stats.outbox_refused += committed.refused.len() as u64;
                self.handed_over();
                if !self.owed.forgotten_closed {
                    // The file could not be read before; what this finds goes with the next commit.
                    self.close_forgotten(engine);
                }
                Ok(())
            }
            Err(error) => {
                self.books.stats.store_commit_errors += 1;
                self.hold();
                let waiting = self.owed.store.held().waiting();
                if error.is_damage() {
                    return Err(error.into());
                }
                let wait_secs = self.owed.wait(now).as_secs();
                tracing::error!(%error, waiting, wait_secs, "the store takes nothing");
                Ok(())
            }
        }
    }

    /// Brings what operators said to the disk, unless that takes nothing now: an incident that is only in memory is
    /// not known there yet.
    ///
    /// # Errors
    /// As [`Live::commit`].
    pub(super) fn keep_verdicts(&mut self, now: Instant) -> Result<(), PlaneError> {
        let verdicts = &mut self.inbox.verdicts;
        if verdicts.waiting().is_empty() || !self.owed.is_taken() {
            return Ok(());
        }
        match self.owed.store.judge(verdicts.waiting()) {
            Ok(judged) => verdicts.all_judged(judged, now),
            Err(error) if error.is_damage() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "verdicts wait");
                self.owed.try_at_once(now);
            }
        }
        Ok(())
    }

    /// What is to be said is said from memory, until it can be committed.
    pub(super) fn hold(&mut self) {
        let rows = self.owed.rows();
        self.books.stats.outbox_refused += self.owed.store.hold(rows).len() as u64;
        self.handed_over();
    }

    /// The store has all rows, in the file or in memory.
    fn handed_over(&mut self) {
        if self.owed.rows.is_empty() {
            return;
        }
        for (_, revision) in std::mem::take(&mut self.owed.rows) {
            let count = match revision.state {
                _ if revision.evidence_state == EvidenceState::Added => None,
                State::Closed => Some(&mut self.books.totals.closed),
                State::Open if revision.revision == 1 => Some(&mut self.books.totals.opened),
                State::Open => None,
            };
            if let Some(count) = count {
                *count.entry(revision.violation.clone()).or_default() += 1;
            }
            if let Some(said) = words::incident(&revision, &self.plan.site.timezone) {
                tracing::info!("{said}");
            }
            self.observer.committed(&revision);
        }
        self.centre.wake();
    }
}
