//! What leaves the event plane for the disk: rows and state in one commit, gauges, the last words.

use super::{EventPlane, PlaneError, TICK, Totals};
use crate::clock;
use crate::publish::Wire;
use crate::store::{OutboxRow, StoreError};
use crossbeam_channel::RecvTimeoutError;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_core::id::Name;
use viahe_core::incident::{Revision, State};
use viahe_core::seam::{CameraReport, CameraStatus};

/// First and longest wait after the store took nothing.
const RETRY_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// How long a stop waits for pictures that are on their way.
const LAST_PICTURES_WITHIN: Duration = Duration::from_secs(2);
/// Rows kept in memory while the disk refuses them.
const ROWS_HELD_MAX: usize = 10_000;

impl EventPlane {
    /// Waits for pictures that are on their way, ends the worker, commits, and hands over.
    pub(super) fn finish(mut self, drain: Duration) -> Totals {
        let until = clock::monotonic() + LAST_PICTURES_WITHIN;
        while !self.pictures.outstanding().is_empty() && clock::monotonic() < until {
            let heard = match self.events.recv_timeout(TICK) {
                Ok(event) => self.hear(event).is_ok(),
                Err(error) => error == RecvTimeoutError::Timeout,
            };
            if !heard {
                break;
            }
        }
        if let Err(error) = self.commit(clock::monotonic()) {
            tracing::error!(%error, "the last events are not saved");
        }
        self.measure();
        let cameras: Vec<Name> = self.plan.cameras.iter().map(|c| c.id.clone()).collect();
        for camera in cameras {
            let reason = "the engine was stopped".to_owned();
            self.tell_camera(&CameraReport { camera, status: CameraStatus::Offline, reason });
        }
        let Self { events, supervisor, publisher, totals, .. } = self;
        // Nobody listens any more; a supervisor that waits to be heard must not wait for ever.
        drop(events);
        supervisor.stop();
        let left = publisher.shutdown(drain);
        if left > 0 {
            tracing::warn!(left, "incidents wait in the outbox for the next start");
        }
        totals
    }

    /// Puts the pictures in their place and queues the revision for the next commit.
    pub(super) fn prepare(&mut self, mut revision: Revision) {
        self.pictures.keep(&mut revision);
        let camera = self.plan.cameras.iter().find(|c| Some(&c.id) == revision.camera.as_ref());
        let zone =
            camera.and_then(|c| c.zones.iter().find(|z| Some(&z.id) == revision.zone.as_ref()));
        if let Some(zone) = zone.filter(|_| revision.revision == 1) {
            self.pictures.draw(&revision, zone);
        }
        match OutboxRow::new(&revision, &self.plan.site.id, &self.plan.site.timezone) {
            Ok(row) if self.rows.len() < ROWS_HELD_MAX => self.rows.push((row, revision)),
            Ok(_) => {
                self.stats.outbox_refused += 1;
                tracing::error!(event = revision.event_id(), "lost: the store takes nothing");
            }
            Err(error) => {
                self.stats.outbox_refused += 1;
                tracing::error!(%error, "lost: an incident that cannot be written");
            }
        }
    }

    /// # Errors
    /// When trying again cannot help; what passes is tried again after a while.
    pub(super) fn commit(&mut self, now: Instant) -> Result<(), PlaneError> {
        let rows: Vec<OutboxRow> = self.rows.iter().map(|(row, _)| row.clone()).collect();
        match self.store.commit(&rows, Some(&self.engine.save())) {
            Ok(committed) => {
                self.saved_at = now;
                self.retry = None;
                self.stats.store_failing = false;
                self.stats.outbox_refused += committed.refused.len() as u64;
                for (_, revision) in std::mem::take(&mut self.rows) {
                    let count = match revision.state {
                        State::Closed => Some(&mut self.totals.closed),
                        State::Open if revision.revision == 1 => Some(&mut self.totals.opened),
                        State::Open => None,
                    };
                    if let Some(count) = count {
                        *count.entry(revision.violation.clone()).or_default() += 1;
                    }
                    self.observer.committed(&revision);
                }
                if !rows.is_empty() {
                    self.publisher.wake();
                }
            }
            Err(error) => {
                self.stats.store_commit_errors += 1;
                self.stats.store_failing = true;
                if matches!(error, StoreError::Corrupt { .. } | StoreError::CorruptAgain { .. }) {
                    return Err(error.into());
                }
                let [first, longest] = RETRY_AFTER;
                let wait = self.retry.map_or(first, |(_, waited)| (waited * 2).min(longest));
                self.retry = Some((now + wait, wait));
                tracing::error!(%error, waiting = rows.len(), ?wait, "the store takes nothing");
            }
        }
        Ok(())
    }

    pub(super) fn measure(&mut self) {
        let publish = self.publisher.counters();
        let depth = self.store.depth().unwrap_or_default();
        self.stats.observations_late = self.engine.observations_late();
        self.stats.readings_late = self.engine.readings_late();
        self.stats.readings_repeated = self.engine.readings_repeated();
        self.stats.readings_corrected = self.engine.readings_corrected();
        self.stats.readings_passed_over = self.inbox.readings.passed_over;
        self.stats.readings_bad = self.inbox.readings.bad.values().sum();
        self.stats.subjects_dropped = self.engine.subjects_dropped();
        self.stats.wire_dropped = self.wire.as_ref().map(Wire::dropped).unwrap_or_default();
        self.stats.disaster_level = self.engine.disaster_level();
        self.stats.incidents_opened = self.totals.opened.clone();
        self.stats.incidents_closed = self.totals.closed.clone();
        self.stats.incidents_open = self.engine.open_incidents() as u64;
        self.stats.outbox_depth = depth.rows;
        self.stats.outbox_quarantined = publish.quarantined;
        self.stats.published = publish.published;
        self.stats.acknowledged = publish.acknowledged;
        self.stats.resent = publish.resent;
        self.stats.not_taken = [publish.refused, publish.unheard];
        self.stats.mqtt_version = publish.version;
        let evidence = self.pictures.store().counters();
        self.stats.captures_failed = self.pictures.failed();
        self.stats.evidence_bytes = evidence.bytes;
        self.stats.evidence_evicted = evidence.evicted;
        self.stats.queue_depths = BTreeMap::from([
            ("seam", self.events.len() as u64),
            ("captures", self.pictures.outstanding().len() as u64),
            ("uncommitted", self.rows.len() as u64),
        ]);
        self.stats.mqtt_reconnects = publish.connections.saturating_sub(1);
        self.stats.mqtt_connected = publish.connected;
        self.metrics.engine(&self.stats);
    }
}
