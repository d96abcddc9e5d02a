//! Gauges, read from everybody once a second.

use super::host::Live;
use super::standing;
use std::collections::BTreeMap;
use viahe_core::engine::Engine;

impl Live {
    /// Reads all gauges.
    pub(super) fn measure(&mut self, engine: &Engine, arrivals: usize) {
        let publish = self.centre.counters();
        // Of a file that cannot be read, what was known last: it is still there.
        let depth = self.owed.store.depth();
        let held = self.owed.store.held();
        self.books.stats.unsaved = held.waiting();
        self.books.stats.rows_damaged = held.damaged();
        if let Ok(depth) = depth {
            self.books.stats.outbox_depth = depth.rows;
        }
        self.books.stats.given_up_bytes = self.disk.given_up;
        self.books.stats.write_errors = BTreeMap::from([
            ("database", self.books.stats.store_commit_errors),
            ("evidence", self.disk.evidence_errors),
            ("history", self.journal.history_errors()),
            ("recording", u64::from(self.journal.recording_failed().is_some())),
        ]);
        self.books.stats.observations_late = engine.observations_late();
        self.books.stats.readings_late = engine.readings_late();
        self.books.stats.readings_repeated = engine.readings_repeated();
        self.books.stats.readings_corrected = engine.readings_corrected();
        self.books.stats.readings_passed_over = self.inbox.readings.passed_over;
        self.books.stats.readings_bad = self.inbox.readings.bad.values().sum();
        self.books.stats.subjects_dropped = engine.subjects_dropped();
        self.books.stats.wire_dropped = self.centre.dropped();
        self.books.stats.disaster_level = self.told.orders.disaster.as_ref().map_or(0, |d| d.level);
        self.books.stats.rules_silent = standing::counts(&self.told.orders);
        let lost = self.told.suspended.iter().map(|(camera, (why, _))| (camera.clone(), *why));
        self.books.stats.views_lost = lost.collect();
        self.books.stats.commands_refused = self.inbox.desk.refused;
        let verdicts = &self.inbox.verdicts;
        self.books.stats.verdicts.clone_from(&verdicts.kept);
        self.books.stats.verdicts_refused.clone_from(&verdicts.refused);
        self.books.stats.incidents_opened = self.books.totals.opened.clone();
        self.books.stats.incidents_closed = self.books.totals.closed.clone();
        self.books.stats.incidents_open = engine.open_incidents() as u64;
        self.books.stats.outbox_quarantined = publish.quarantined;
        self.books.stats.published = publish.published;
        self.books.stats.acknowledged = publish.acknowledged;
        self.books.stats.resent = publish.resent;
        self.books.stats.not_taken = [publish.refused, publish.unheard];
        self.books.stats.mqtt_version = publish.version;
        self.books.stats.worker_refused = self.refusals.counts();
        let evidence = self.pictures.store().counters();
        self.books.stats.captures_failed = self.pictures.failed();
        self.books.stats.captures_late = self.pictures.late_so_far();
        self.books.stats.evidence_bytes = evidence.bytes;
        self.books.stats.evidence_evicted = evidence.evicted;
        self.books.stats.queue_depths = BTreeMap::from([
            ("seam", arrivals as u64),
            ("captures", self.pictures.outstanding() as u64),
            ("finish", self.pictures.unfinished() as u64),
            ("uncommitted", self.owed.rows.len() as u64 + self.books.stats.unsaved),
        ]);
        self.books.stats.mqtt_reconnects = publish.connections.saturating_sub(1);
        self.books.stats.mqtt_connected = publish.connected;
        self.books.metrics.engine(&self.books.stats);
    }
}
