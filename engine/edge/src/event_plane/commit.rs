//! What leaves the event plane for the disk: rows and state in one commit, gauges, the last words.

use super::disk::Price;
use super::{EventPlane, PlaneError, TICK, Totals, standing, words};
use crate::clock;
use crate::disk::Fault;
use crate::history::History;
use crate::publish::Wire;
use crate::store::{OutboxRow, Store, StoreError};
use crossbeam_channel::select;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::message::{CameraStatus, State};
use viahe_core::engine::Changes;
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::seam::CameraReport;

/// First and longest wait after the store took nothing.
const RETRY_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];
/// How long a stop waits for pictures that are on their way.
const LAST_PICTURES_WITHIN: Duration = Duration::from_secs(2);
/// Lost revisions that are named in the log.
const LOST_NAMED_MAX: usize = 100;

impl EventPlane {
    /// Waits for pictures that are on their way, ends the worker, commits, and hands over.
    pub(super) fn finish(mut self, drain: Duration) -> Totals {
        let until = clock::monotonic() + LAST_PICTURES_WITHIN;
        while self.pictures.outstanding() > 0 && clock::monotonic() < until {
            let finished = self.pictures.done().clone();
            let heard = select! {
                recv(self.events) -> event => event.is_ok_and(|event| self.hear(event).is_ok()),
                recv(finished) -> done => {
                    self.finished(done.ok());
                    true
                }
                default(TICK) => true,
            };
            if !heard {
                break;
            }
        }
        if let Err(error) = self.commit(clock::monotonic(), Price::All) {
            tracing::error!(%error, "the last events are not saved");
        }
        self.say_replies();
        self.measure();
        self.look_at_disk(clock::monotonic());
        let cameras: Vec<Name> = self.plan.cameras.iter().map(|c| c.id.clone()).collect();
        for camera in cameras {
            let reason = "the engine was stopped".to_owned();
            self.tell_camera(&CameraReport { camera, status: CameraStatus::Offline, reason });
        }
        let state = Changes::from(self.engine.save());
        let Self {
            events, fleet, publisher, pictures, mut store, mut totals, mut recorder, ..
        } = self;
        if let Some(recorder) = &mut recorder {
            recorder.finish();
        }
        // Nobody listens any more; a supervisor that waits to be heard must not wait for ever.
        drop(events);
        fleet.stop();
        pictures.end(LAST_PICTURES_WITHIN);
        // What is only in memory goes to the broker too, if it is there.
        let left = publisher.shutdown(drain);
        last_try(&mut store, &state);
        totals.lost = store.held().waiting();
        if totals.lost > 0 {
            let lost = totals.lost;
            let events = store.held().ids(LOST_NAMED_MAX).join(" ");
            tracing::error!(lost, events, "lost: incidents that neither disk nor broker took");
        }
        let left = (left as u64).saturating_sub(totals.lost);
        if left > 0 {
            tracing::warn!(left, "incidents wait in the outbox for the next start");
        }
        totals
    }

    /// Puts the pictures in their place and queues the revision for the next commit.
    pub(super) fn prepare(&mut self, mut revision: Revision) {
        self.pictures.keep(&mut revision);
        self.pictures.draw(&revision, &self.plan);
        match OutboxRow::new(&revision, &self.plan.site.id, &self.plan.site.timezone) {
            Ok(row) => self.rows.push((row, revision)),
            Err(error) => {
                self.stats.outbox_refused += 1;
                tracing::error!(%error, "lost: an incident that cannot be written");
            }
        }
    }

    /// Commits what there is, also what is held; what the disk does not take is held, and sent from
    /// memory.
    ///
    /// # Errors
    /// When trying again cannot help; what passes is tried again after a while.
    pub(super) fn commit(&mut self, now: Instant, price: Price) -> Result<(), PlaneError> {
        let rows: Vec<OutboxRow> = self.rows.iter().map(|(row, _)| row.clone()).collect();
        let state = self.engine.changes(self.store.saves());
        let bytes = rows.iter().map(|row| row.payload.len() + row.record.len()).sum::<usize>();
        let bytes = (bytes + state.bytes()) as u64;
        let mut done = self.store.commit(&rows, Some(&state));
        for _ in 0..price.steps() {
            let lacks_room = |e: &StoreError| e.fault().is_some_and(Fault::is_lack_of_room);
            if !done.as_ref().is_err_and(lacks_room) || !self.make_room(bytes) {
                break;
            }
            done = self.store.commit(&rows, Some(&state));
        }
        self.disk.committed(done.as_ref().err());
        match done {
            Ok(committed) => {
                self.saved_at = now;
                self.retry = None;
                self.stats.outbox_refused += committed.refused.len() as u64;
                self.handed_over();
                if !self.forgotten_closed {
                    // The file could not be read before; what this finds goes with the next commit.
                    self.close_forgotten();
                }
                Ok(())
            }
            Err(error) => {
                self.stats.store_commit_errors += 1;
                self.hold();
                let waiting = self.store.held().waiting();
                if matches!(error, StoreError::Corrupt { .. } | StoreError::CorruptAgain { .. }) {
                    return Err(error.into());
                }
                let [first, longest] = RETRY_AFTER;
                let wait =
                    self.retry.map_or(first, |(_, waited)| (waited * 2).clamp(first, longest));
                self.retry = Some((now + wait, wait));
                let wait_secs = wait.as_secs();
                tracing::error!(%error, waiting, wait_secs, "the store takes nothing");
                Ok(())
            }
        }
    }

    /// What is to be said is said from memory, until it can be committed.
    pub(super) fn hold(&mut self) {
        let rows = self.rows.iter().map(|(row, _)| row.clone()).collect();
        self.stats.outbox_refused += self.store.hold(rows).len() as u64;
        self.handed_over();
    }

    /// The store has all rows, in the file or in memory.
    fn handed_over(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        for (_, revision) in std::mem::take(&mut self.rows) {
            let count = match revision.state {
                State::Closed => Some(&mut self.totals.closed),
                State::Open if revision.revision == 1 => Some(&mut self.totals.opened),
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
        self.publisher.wake();
    }

    pub(super) fn measure(&mut self) {
        let publish = self.publisher.counters();
        // Of a file that cannot be read, what was known last: it is still there.
        let depth = self.store.depth();
        let held = self.store.held();
        self.stats.unsaved = held.waiting();
        self.stats.rows_damaged = held.damaged();
        if let Ok(depth) = depth {
            self.stats.outbox_depth = depth.rows;
        }
        self.stats.given_up_bytes = self.disk.given_up;
        self.stats.write_errors = BTreeMap::from([
            ("database", self.stats.store_commit_errors),
            ("evidence", self.disk.evidence_errors),
            ("history", self.history.as_ref().map_or(0, History::errors)),
            ("recording", self.recorder.as_ref().map_or(0, |r| u64::from(r.failed().is_some()))),
        ]);
        self.stats.observations_late = self.engine.observations_late();
        self.stats.readings_late = self.engine.readings_late();
        self.stats.readings_repeated = self.engine.readings_repeated();
        self.stats.readings_corrected = self.engine.readings_corrected();
        self.stats.readings_passed_over = self.inbox.readings.passed_over;
        self.stats.readings_bad = self.inbox.readings.bad.values().sum();
        self.stats.subjects_dropped = self.engine.subjects_dropped();
        self.stats.wire_dropped = self.wire.as_ref().map(Wire::dropped).unwrap_or_default();
        self.stats.disaster_level = self.orders.disaster.as_ref().map_or(0, |d| d.level);
        self.stats.rules_silent = standing::counts(&self.orders);
        self.stats.commands_refused = self.inbox.desk.refused;
        self.stats.incidents_opened = self.totals.opened.clone();
        self.stats.incidents_closed = self.totals.closed.clone();
        self.stats.incidents_open = self.engine.open_incidents() as u64;
        self.stats.outbox_quarantined = publish.quarantined;
        self.stats.published = publish.published;
        self.stats.acknowledged = publish.acknowledged;
        self.stats.resent = publish.resent;
        self.stats.not_taken = [publish.refused, publish.unheard];
        self.stats.mqtt_version = publish.version;
        self.stats.worker_unasked = self.pictures.unasked();
        let evidence = self.pictures.store().counters();
        self.stats.captures_failed = self.pictures.failed();
        self.stats.evidence_bytes = evidence.bytes;
        self.stats.evidence_evicted = evidence.evicted;
        self.stats.queue_depths = BTreeMap::from([
            ("seam", self.events.len() as u64),
            ("captures", self.pictures.outstanding() as u64),
            ("finish", self.pictures.unfinished() as u64),
            ("uncommitted", self.rows.len() as u64 + self.stats.unsaved),
        ]);
        self.stats.mqtt_reconnects = publish.connections.saturating_sub(1);
        self.stats.mqtt_connected = publish.connected;
        self.metrics.engine(&self.stats);
    }
}

/// Before the end: the disk may take now what it did not, and a damaged file is no reason to lose what
/// is in memory.
fn last_try(store: &mut Store, state: &Changes) {
    if store.held().is_empty() {
        return;
    }
    let mut done = store.commit(&[], Some(state)).map(drop);
    if matches!(done, Err(StoreError::Corrupt { .. })) {
        done = store.begin_anew().and_then(|()| store.commit(&[], Some(state)).map(drop));
    }
    if let Err(error) = done {
        tracing::error!(%error, "the last events are not saved");
    }
}
