//! The event plane at work: observations in, durable incidents out.
//!
//! One thread owns the pure [`Engine`], the store and the evidence. For each batch of events it
//! applies them in order, moves pictures to their place, commits, and only then wakes the
//! publisher: an incident is on disk before it is said, and its pictures before it names them.

use crate::evidence::{EvidenceStore, Mark, OverlayOptions, StoredFile, overlay_svg};
use crate::publish::Publisher;
use crate::store::{OutboxRow, Store, StoreError};
use crate::telemetry::{EngineStats, Metrics};
use crate::vision::supervise::{Supervisor, WorkerEvent};
use crate::{clock, record::Recorder};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_core::config::Plan;
use viahe_core::engine::{Capture, CaptureId, Effect, Engine, Event};
use viahe_core::id::Name;
use viahe_core::incident::{Evidence, EvidenceKind, ModelRef, Revision, State, Subject};
use viahe_core::seam::{
    CameraReport, CameraStatus, FromWorker, Picture, SEAM_VERSION, ToWorker, WorkerStats,
};

/// A picture that has not come after this never will.
const CAPTURE_WITHIN: Duration = Duration::from_secs(5);
/// The state is saved at least this often, with or without an incident: so much of a dwell is
/// lost with the power.
/// Each save is a sync to flash memory that has to last for years.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// How often gauges are read.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// Events applied before a commit; more wait for the next one.
const BATCH_MAX: usize = 256;
/// Rows kept in memory while the disk refuses them.
const ROWS_HELD_MAX: usize = 10_000;
/// How often time is looked at when nothing happens.
const TICK: Duration = Duration::from_millis(250);
/// How often a camera's state is told to the centre when nothing changes.
const STATE_EVERY: Duration = Duration::from_mins(1);

/// Who is told what happens, beside MQTT and metrics: the command line.
pub trait Observer: Send {
    /// The worker's counters, once a second.
    fn stats(&mut self, _stats: &WorkerStats) {}
    /// A camera went on or off line.
    fn camera(&mut self, _report: &CameraReport) {}
    /// An incident was committed.
    fn committed(&mut self, _revision: &Revision) {}
}

/// An observer that does not look.
pub struct Unobserved;

impl Observer for Unobserved {}

/// Everything that the event plane owns.
pub struct Parts {
    /// What runs.
    pub plan: Arc<Plan>,
    /// Outbox and saved state.
    pub store: Store,
    /// Pictures.
    pub evidence: EvidenceStore,
    /// The worker.
    pub supervisor: Supervisor,
    /// What it says.
    pub events: Receiver<WorkerEvent>,
    /// MQTT.
    pub publisher: Publisher,
    /// `/metrics`.
    pub metrics: Arc<Metrics>,
    /// Where observations are recorded, if anywhere.
    pub recorder: Option<Recorder>,
    /// The command line.
    pub observer: Box<dyn Observer>,
}

/// Why a run ended other than by being stopped.
#[derive(Debug, thiserror::Error)]
pub enum PlaneError {
    /// The worker cannot work here.
    #[error("{0}")]
    PartMissing(String),
    /// Saved state could not be read at the start.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Incidents opened, by violation.
    pub opened: BTreeMap<Name, u64>,
    /// Incidents closed, by violation.
    pub closed: BTreeMap<Name, u64>,
    /// Newest counters of the worker.
    pub worker: WorkerStats,
}

/// The running event plane.
pub struct EventPlane {
    parts: Parts,
    engine: Engine,
    /// Pictures asked for, with what they are for and until when to wait.
    captures: BTreeMap<CaptureId, (Capture, Instant)>,
    /// Revisions that are to be committed.
    rows: Vec<(OutboxRow, Revision)>,
    saved_at: Instant,
    stated_at: Instant,
    measured_at: Instant,
    reports: BTreeMap<Name, CameraReport>,
    totals: Totals,
    stats: EngineStats,
}

impl EventPlane {
    /// Goes on where the last run stopped.
    ///
    /// # Errors
    /// [`PlaneError::Store`] when the saved state cannot be read from disk. A state that is there
    /// but of another version is logged and left.
    pub fn new(parts: Parts) -> Result<Self, PlaneError> {
        let plan = Arc::clone(&parts.plan);
        let engine = match parts.store.engine_state()? {
            None => Engine::new(plan),
            Some(saved) => Engine::restore(Arc::clone(&plan), &saved).unwrap_or_else(|error| {
                tracing::error!(%error, "open incidents of the last run are forgotten");
                Engine::new(plan)
            }),
        };
        let known: BTreeSet<CaptureId> = engine.pictures().collect();
        if let Err(error) = parts.evidence.discard_unless(|id| known.contains(&id)) {
            tracing::warn!(%error, "pictures of the last run are left over");
        }
        parts.metrics.plan(parts.plan.cameras.iter().map(|c| c.id.clone()));
        let now = clock::monotonic();
        let mut plane = Self {
            parts,
            engine,
            captures: BTreeMap::new(),
            rows: Vec::new(),
            saved_at: now,
            stated_at: now,
            measured_at: now,
            reports: BTreeMap::new(),
            totals: Totals::default(),
            stats: EngineStats::default(),
        };
        // Pictures asked of a worker that is no more.
        for capture in plane.engine.awaited().collect::<Vec<_>>() {
            plane.apply(Event::Captured { capture, evidence: None });
        }
        Ok(plane)
    }

    /// Runs until `stop` says so or its sender is gone; then everything is committed and handed
    /// to the broker as far as it takes it within `drain`.
    ///
    /// # Errors
    /// [`PlaneError::PartMissing`] when the worker cannot work on this machine.
    pub fn run(mut self, stop: &Receiver<()>, drain: Duration) -> Result<Totals, PlaneError> {
        let result = loop {
            if !matches!(stop.try_recv(), Err(crossbeam_channel::TryRecvError::Empty)) {
                break Ok(());
            }
            match self.parts.events.recv_timeout(TICK) {
                Ok(event) => {
                    if let Err(error) = self.batch(event) {
                        break Err(error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(PlaneError::PartMissing(
                        "the vision worker's supervisor ended".into(),
                    ));
                }
            }
            self.tick();
        };
        self.commit(clock::monotonic());
        self.measure();
        let left = self.parts.publisher.shutdown(drain);
        if left > 0 {
            tracing::warn!(left, "incidents wait in the outbox for the next start");
        }
        self.parts.supervisor.stop();
        result.map(|()| self.totals)
    }

    fn batch(&mut self, first: WorkerEvent) -> Result<(), PlaneError> {
        self.hear(first)?;
        for _ in 1..BATCH_MAX {
            match self.parts.events.try_recv() {
                Ok(event) => self.hear(event)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn hear(&mut self, event: WorkerEvent) -> Result<(), PlaneError> {
        match event {
            WorkerEvent::Said(FromWorker::Hello { version, models }) => {
                if version != SEAM_VERSION {
                    return Err(PlaneError::PartMissing(format!(
                        "the vision worker speaks version {version} of the seam, this engine \
                         {SEAM_VERSION}; install both from one release"
                    )));
                }
                self.use_models(models);
            }
            WorkerEvent::Said(FromWorker::Observation(observation)) => {
                self.stats.observations += 1;
                if let Some(recorder) = &mut self.parts.recorder {
                    recorder.write(&observation);
                }
                self.apply(Event::Observed(observation));
            }
            WorkerEvent::Said(FromWorker::Captured { capture, kind, picture }) => {
                self.captures.remove(&capture);
                let taken = picture.and_then(|p| self.take_charge(capture, kind, p));
                let evidence = taken.map_or_else(|why| self.picture_lost(capture, &why), Some);
                self.apply(Event::Captured { capture, evidence });
            }
            WorkerEvent::Said(FromWorker::Camera(report)) => self.camera(report),
            WorkerEvent::Said(FromWorker::Stats(stats)) => {
                self.parts.metrics.worker(&stats);
                self.parts.observer.stats(&stats);
                let before = std::mem::replace(&mut self.totals.worker, stats);
                self.tell_new_sizes(&before);
            }
            WorkerEvent::Said(FromWorker::Failed { reason, missing_part }) => {
                if missing_part {
                    return Err(PlaneError::PartMissing(reason));
                }
                tracing::error!(reason, "vision worker failed");
            }
            WorkerEvent::Gone { reason } => self.worker_gone(&reason),
        }
        Ok(())
    }

    fn use_models(&mut self, models: BTreeMap<Name, ModelRef>) {
        self.parts.metrics.worker_started();
        let mut distinct: Vec<ModelRef> = models.values().cloned().collect();
        distinct.sort_by(|a, b| a.name.cmp(&b.name));
        distinct.dedup();
        self.parts.publisher.set_status(distinct);
        self.apply(Event::WorkerStarted { models });
    }

    fn take_charge(
        &self,
        capture: CaptureId,
        kind: EvidenceKind,
        picture: Picture,
    ) -> Result<Evidence, String> {
        let Picture { sha256, bytes, captured } = picture;
        let stored = StoredFile { sha256: sha256.clone(), bytes };
        self.parts.evidence.adopt(capture, stored).map_err(|e| e.to_string())?;
        let media_type = "image/jpeg".into();
        Ok(Evidence { kind, sha256, bytes, media_type, captured, capture })
    }

    fn picture_lost(&mut self, capture: CaptureId, reason: &str) -> Option<Evidence> {
        self.stats.captures_failed += 1;
        tracing::error!(capture, reason, "a picture is lost");
        None
    }

    fn camera(&mut self, report: CameraReport) {
        let (camera, reason) = (&report.camera, &report.reason);
        match report.status {
            CameraStatus::Online => tracing::info!(%camera, "online"),
            CameraStatus::Stalled => tracing::warn!(%camera, reason, "stalled"),
            CameraStatus::Offline => tracing::warn!(%camera, reason, "offline"),
        }
        self.parts.metrics.camera(&report);
        self.parts.observer.camera(&report);
        self.tell_camera(&report);
        self.reports.insert(report.camera.clone(), report);
    }

    /// `…/cam/{camera}/state`.
    fn tell_camera(&self, report: &CameraReport) {
        let known = self.totals.worker.cameras.get(&report.camera).cloned().unwrap_or_default();
        let state = serde_json::json!({
            "state": report.status,
            "reason": report.reason,
            "time": clock::now().rfc3339(&self.parts.plan.site.timezone),
            "fps": (f64::from(known.fps_in) * 10.0).round() / 10.0,
            "resolution": known.size_px,
            "clock_offset_ms": known.clock_offset_ms,
        });
        self.parts.publisher.set_camera_state(&report.camera, &state);
    }

    /// A camera goes online before its first numbers are there; its state is told again with them.
    fn tell_new_sizes(&self, before: &WorkerStats) {
        let now = &self.totals.worker.cameras;
        let changed = |report: &&CameraReport| {
            let [before, now] = [&before.cameras, now].map(|cameras| cameras.get(&report.camera));
            before.map(|c| c.size_px) != now.map(|c| c.size_px)
        };
        self.reports.values().filter(changed).for_each(|report| self.tell_camera(report));
    }

    fn worker_gone(&mut self, reason: &str) {
        self.parts.metrics.worker_restarted();
        for capture in std::mem::take(&mut self.captures).into_keys() {
            let evidence = self.picture_lost(capture, "the vision worker ended");
            self.apply(Event::Captured { capture, evidence });
        }
        let cameras: Vec<Name> = self.parts.plan.cameras.iter().map(|c| c.id.clone()).collect();
        for camera in cameras {
            let reason = format!("the vision worker restarts ({reason})");
            self.camera(CameraReport { camera, status: CameraStatus::Offline, reason });
        }
    }

    fn apply(&mut self, event: Event) {
        for effect in self.engine.apply(event) {
            match effect {
                Effect::Capture(capture) => self.capture(capture),
                Effect::Discard(id) => {
                    self.captures.remove(&id);
                    if let Err(error) = self.parts.evidence.discard(id) {
                        tracing::warn!(%error, "a picture that nobody wants stays");
                    }
                }
                Effect::Publish(revision) => self.prepare(*revision),
            }
        }
    }

    fn capture(&mut self, capture: Capture) {
        // One that cannot be sent now is answered when its time is up.
        self.parts.supervisor.send(ToWorker::Capture(capture.clone()));
        let until = clock::monotonic() + CAPTURE_WITHIN;
        self.captures.insert(capture.id, (capture, until));
    }

    /// Puts the pictures in their place and queues the revision for the next commit.
    fn prepare(&mut self, mut revision: Revision) {
        let evidence = &self.parts.evidence;
        let kept = |e: &Evidence| match evidence.path_of(&e.sha256) {
            Some(_) => evidence.discard(e.capture),
            None => evidence.promote(e.capture).map(|_| ()),
        };
        revision.evidence.retain(|e| match kept(e) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, incident = %revision.incident, "a picture is lost");
                self.stats.captures_failed += 1;
                false
            }
        });
        if revision.revision == 1 {
            self.draw_overlay(&revision);
        }
        match OutboxRow::new(&revision, &self.parts.plan.site.id, &self.parts.plan.site.timezone) {
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

    fn draw_overlay(&self, revision: &Revision) {
        let camera = self.parts.plan.cameras.iter().find(|c| c.id == revision.camera);
        let zone = camera.and_then(|c| c.zones.iter().find(|z| z.id == revision.zone));
        let picture = revision.evidence.iter().find(|e| e.kind == EvidenceKind::Opened);
        let size_px = self.totals.worker.cameras.get(&revision.camera).map(|c| c.size_px);
        let (Some(zone), Some(picture), Some(size_px)) = (zone, picture, size_px) else { return };
        let label = |s: &Subject| format!("{} {:.2}", s.class, s.confidence.get());
        let labels: Vec<String> = revision.subjects.iter().map(label).collect();
        let marks: Vec<Mark<'_>> = revision
            .subjects
            .iter()
            .zip(&labels)
            .map(|(s, label)| Mark { bbox: s.bbox, label, subject: true })
            .collect();
        let options = OverlayOptions {
            picture: &format!("{}.jpg", picture.sha256),
            size_px,
            title: revision.violation.as_str(),
        };
        let svg = overlay_svg(&options, Some(&zone.polygon), &marks);
        if let Err(error) = self.parts.evidence.put_overlay(&picture.sha256, &svg) {
            tracing::warn!(%error, "no overlay beside the picture");
        }
    }

    fn tick(&mut self) {
        let now = clock::monotonic();
        let late: Vec<CaptureId> = self
            .captures
            .iter()
            .filter(|(_, (_, until))| *until <= now)
            .map(|(id, _)| *id)
            .collect();
        for capture in late {
            self.captures.remove(&capture);
            let evidence = self.picture_lost(capture, "the vision worker did not answer in time");
            self.apply(Event::Captured { capture, evidence });
        }
        if !self.rows.is_empty() || now.duration_since(self.saved_at) >= SAVE_EVERY {
            self.commit(now);
        }
        if now.duration_since(self.stated_at) >= STATE_EVERY {
            self.stated_at = now;
            self.reports.values().for_each(|r| self.tell_camera(r));
        }
        if now.duration_since(self.measured_at) >= MEASURE_EVERY {
            self.measured_at = now;
            self.parts.supervisor.end_if_silent();
            self.measure();
        }
    }

    fn commit(&mut self, now: Instant) {
        let rows: Vec<OutboxRow> = self.rows.iter().map(|(row, _)| row.clone()).collect();
        match self.parts.store.commit(&rows, Some(&self.engine.save())) {
            Ok(committed) => {
                self.saved_at = now;
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
                    self.parts.observer.committed(&revision);
                }
                if !rows.is_empty() {
                    self.parts.publisher.wake();
                }
            }
            Err(error) => {
                self.stats.store_commit_errors += 1;
                self.stats.store_failing = true;
                tracing::error!(%error, waiting = rows.len(), "the store takes nothing; trying again");
            }
        }
    }

    fn measure(&mut self) {
        let publish = self.parts.publisher.counters();
        let depth = self.parts.store.depth().unwrap_or_default();
        self.stats.observations_late = self.engine.observations_late();
        self.stats.incidents_opened = self.totals.opened.clone();
        self.stats.incidents_closed = self.totals.closed.clone();
        self.stats.incidents_open = self.engine.open_incidents() as u64;
        self.stats.outbox_depth = depth.rows;
        self.stats.outbox_quarantined = publish.quarantined;
        self.stats.published = publish.published;
        self.stats.acknowledged = publish.acknowledged;
        self.stats.resent = publish.resent;
        let evidence = self.parts.evidence.counters();
        self.stats.evidence_bytes = evidence.bytes;
        self.stats.evidence_evicted = evidence.evicted;
        self.stats.queue_depths = BTreeMap::from([
            ("seam", self.parts.events.len() as u64),
            ("captures", self.captures.len() as u64),
            ("uncommitted", self.rows.len() as u64),
        ]);
        self.stats.mqtt_reconnects = publish.connections.saturating_sub(1);
        self.stats.mqtt_connected = publish.connected;
        self.parts.metrics.engine(&self.stats);
    }
}
