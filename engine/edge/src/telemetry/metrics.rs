//! The engine's numbers as last reported.

use super::counter::{Labelled, Total};
use super::shadowed::Shadowed;
use super::uploads::Uploads;
use crate::clock;
use crate::trouble::Troubles;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;
use viahe_contract::message::{CameraStatus, DecodeMode, Decoding, Judgement, StreamRole, Streams};
use viahe_core::attention::Need;
use viahe_core::id::Name;
use viahe_core::plan::program::CameraTrouble;
use viahe_core::seam::{
    CameraReport, CameraStats, DropReason, LOOK_AGES_MS, ModelRun, Stage, WorkerStats,
};

/// More cameras than one box can watch; a worker cannot invent more.
const CAMERAS_MAX: usize = 1024;

/// A worker that lived so long was up; one that dies sooner, again and again, was not.
const STEADY: Duration = Duration::from_secs(10);

/// Totals since the start of the engine, and how it is now. Times and sizes have their unit in
/// the name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineStats {
    /// Observations applied.
    pub observations: u64,
    /// Observations dropped because they came after their time had been decided.
    pub observations_late: u64,
    /// Readings of sensors applied.
    pub readings: u64,
    /// Readings that came too late to correct what rules made of others.
    pub readings_late: u64,
    /// Readings that came again: the same time and value.
    pub readings_repeated: u64,
    /// Readings that came after newer ones, in time to correct.
    pub readings_corrected: u64,
    /// Messages of sensors' topics that were of another kind.
    pub readings_passed_over: u64,
    /// Payloads of sensors that could not be read.
    pub readings_bad: u64,
    /// Subjects that rules had no room for.
    pub subjects_dropped: u64,
    /// Times that the pipeline was read again.
    pub reloads: u64,
    /// Times that it was not, because it could not be used.
    pub reloads_refused: u64,
    /// Messages of the wire dropped: heard and said.
    pub wire_dropped: [u64; 2],
    /// How often the box's clock was set.
    pub clock_steps: u64,
    /// Level of the disaster that was declared.
    pub disaster_level: u8,
    /// Rules that say nothing by order, by camera (empty for the site's own) and reason.
    pub rules_silent: BTreeMap<(String, &'static str), u64>,
    /// Cameras whose rules say nothing because of what they show, and why.
    pub views_lost: BTreeMap<Name, CameraTrouble>,
    /// Commands that were not carried out.
    pub commands_refused: u64,
    /// What operators said, by judgement and violation.
    pub verdicts: BTreeMap<(Judgement, Name), u64>,
    /// Verdicts that were not kept, by reason.
    pub verdicts_refused: BTreeMap<&'static str, u64>,
    /// Incidents opened, by violation.
    pub incidents_opened: BTreeMap<Name, u64>,
    /// Incidents closed, by violation.
    pub incidents_closed: BTreeMap<Name, u64>,
    /// Incidents open now.
    pub incidents_open: u64,
    /// What each vision worker uses of the box's memory.
    pub worker_memory: BTreeMap<WorkerId, WorkerMemory>,
    /// Pictures that incidents asked for and that were not taken or not kept.
    pub captures_failed: u64,
    /// Pictures that incidents asked for and did not wait for.
    pub captures_late: u64,
    /// What vision workers said and nobody believed, by worker and reason.
    pub worker_refused: BTreeMap<(WorkerId, &'static str), u64>,
    /// Bytes of evidence pictures on disk now.
    pub evidence_bytes: u64,
    /// Evidence pictures deleted to keep the budget.
    pub evidence_evicted: u64,
    /// Commits of the store that failed.
    pub store_commit_errors: u64,
    /// Writes that the disk refused, by what was to be written.
    pub write_errors: BTreeMap<&'static str, u64>,
    /// Bytes of history and pictures deleted early, because the disk was full.
    pub given_up_bytes: u64,
    /// Incident revisions that wait for their acknowledgement now, on disk and in memory.
    pub outbox_depth: u64,
    /// Of these, those that are only in memory.
    pub unsaved: u64,
    /// Rows whose bytes had changed on the disk.
    pub rows_damaged: u64,
    /// Revisions set aside because they cannot be delivered.
    pub outbox_quarantined: u64,
    /// Revisions lost because the outbox was full.
    pub outbox_refused: u64,
    /// Revisions sent for the first time.
    pub published: u64,
    /// Revisions acknowledged.
    pub acknowledged: u64,
    /// Revisions sent again.
    pub resent: u64,
    /// Answers by which the broker did not take a revision: refused, and nobody to give it to.
    pub not_taken: [u64; 2],
    /// Connections to the broker after the first.
    pub mqtt_reconnects: u64,
    /// The broker is there now.
    pub mqtt_connected: bool,
    /// The version of MQTT spoken last; empty before the first connection.
    pub mqtt_version: &'static str,
    /// Items that wait now, by queue; the names are few and fixed.
    pub queue_depths: BTreeMap<&'static str, u64>,
}

/// What a vision worker uses of the box's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerMemory {
    /// Bytes now, swapped out or not; none without a process.
    pub used: Option<u64>,
    /// The most that it may.
    pub max: u64,
}

/// What the engine tells about itself; shared by the engine loop, which hands in snapshots, and
/// the [`Server`](super::Server), which shows them.
#[derive(Debug)]
pub struct Metrics {
    state: Mutex<State>,
}

impl Metrics {
    /// Of an engine of this `version` that starts now, with what `troubles` it.
    pub fn new(version: impl Into<String>, troubles: Troubles) -> Arc<Self> {
        let state = State::new(version.into(), troubles, clock::monotonic());
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// The cameras of the plan and their workers: shown from the start, as offline; others are no
    /// longer shown as being there, though their counts stay.
    pub fn plan(&self, cameras: impl IntoIterator<Item = (Name, WorkerId)>) {
        self.state().plan(cameras, clock::monotonic());
    }

    /// A worker started and has loaded its models.
    pub fn worker_started(&self, worker: WorkerId) {
        self.state().worker_started(worker, clock::monotonic());
    }

    /// A worker's report, once a second; it also says that the worker is up.
    pub fn worker(&self, worker: WorkerId, stats: &WorkerStats) {
        self.state().worker(worker, stats, clock::monotonic());
    }

    /// A worker ended, and another will be started. Reports of the old one that come after
    /// this would be counted twice.
    pub fn worker_restarted(&self, worker: WorkerId) {
        self.state().worker_restarted(worker, clock::monotonic());
    }

    /// A camera went on or off line.
    pub fn camera(&self, report: &CameraReport) {
        self.state().camera(report);
    }

    /// The cameras that are kept away from their workers.
    pub fn quarantine(&self, cameras: BTreeSet<Name>) {
        self.state().quarantined = cameras;
    }

    /// So much is a camera to be looked at now.
    pub fn attend(&self, camera: &Name, need: Need) {
        if let Some(of) = self.state().slot(camera) {
            of.need = Some(need);
        }
    }

    /// How pictures for the console fare.
    pub fn uploads(&self, uploads: Uploads) {
        self.state().uploads = Some(uploads);
    }

    /// How the trial of a candidate goes; none without one.
    pub fn shadow(&self, shadowed: Option<Shadowed>) {
        self.state().shadowed = shadowed;
    }

    /// The engine's own numbers.
    pub fn engine(&self, stats: &EngineStats) {
        self.state().engine = stats.clone();
    }

    /// How many looks have been late up to now, at all cameras.
    pub fn looks_late(&self) -> u64 {
        self.state().cameras.values().map(|camera| camera.looks_late.get()).sum()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A snapshot is whole between any two statements, so a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is a worker at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Presence {
    /// None so far, since the engine's start.
    Starting { since: Instant },
    /// Up; last heard of at `heard`. Before that, there was none since `absent_since`.
    Up { since: Instant, heard: Instant, absent_since: Instant },
    /// There is none any more, by plan.
    Retired,
    /// The last one ended, the next is not up. One that lived only for a moment does not count.
    Down { since: Instant },
}

/// Everything that is shown. Pure: times come in as arguments.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) version: String,
    pub(super) troubles: Troubles,
    pub(super) started: Instant,
    pub(super) workers: BTreeMap<WorkerId, Worker>,
    pub(super) cameras: BTreeMap<Name, Camera>,
    pub(super) quarantined: BTreeSet<Name>,
    pub(super) engine: EngineStats,
    /// None without a console.
    pub(super) uploads: Option<Uploads>,
    /// None without a candidate.
    pub(super) shadowed: Option<Shadowed>,
}

/// Of one worker: of the present one, and of those that were in its place.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) presence: Presence,
    pub(super) restarts: u64,
    pub(super) copied_bytes: Labelled<Stage>,
    pub(super) seam_dropped: Total<u64>,
    pub(super) cpu_ms: Total<f64>,
    /// How it runs its models; none while there is none.
    pub(super) models: BTreeMap<Name, ModelRun>,
}

impl Worker {
    fn starting(since: Instant) -> Self {
        Self {
            presence: Presence::Starting { since },
            restarts: 0,
            copied_bytes: Labelled::default(),
            seam_dropped: Total::default(),
            cpu_ms: Total::default(),
            models: BTreeMap::new(),
        }
    }

    fn started(&mut self, now: Instant) {
        let (Presence::Starting { since: absent_since }
        | Presence::Down { since: absent_since }
        | Presence::Up { absent_since, .. }) = self.presence
        else {
            return;
        };
        self.presence = Presence::Up { since: now, heard: now, absent_since };
    }

    fn reports(&mut self, stats: &WorkerStats, now: Instant) {
        match &mut self.presence {
            Presence::Up { heard, .. } => *heard = now,
            Presence::Starting { .. } | Presence::Down { .. } => self.started(now),
            // Its last words.
            Presence::Retired => {}
        }
        self.copied_bytes.observe(&stats.copied_bytes);
        self.seam_dropped.observe(stats.seam_dropped);
        self.cpu_ms.observe(stats.cpu_ms);
        self.models.clone_from(&stats.models);
    }

    fn ended(&mut self, now: Instant) {
        let since = match self.presence {
            Presence::Starting { since } | Presence::Down { since } => since,
            Presence::Up { since, .. } if now.saturating_duration_since(since) >= STEADY => now,
            Presence::Up { absent_since, .. } => absent_since,
            Presence::Retired => return,
        };
        self.presence = Presence::Down { since };
        self.restarts += 1;
        self.copied_bytes.restart();
        self.seam_dropped.restart();
        self.cpu_ms.restart();
        self.models.clear();
    }
}

/// Of one camera.
#[derive(Clone, Debug, Default)]
pub(super) struct Camera {
    /// Which worker looks at it; none before one was named.
    pub(super) worker: Option<WorkerId>,
    /// In the plan, or reported by the present worker.
    pub(super) watched: bool,
    pub(super) status: CameraStatus,
    pub(super) reason: String,
    pub(super) frames_in: Total<u64>,
    pub(super) frames_inferred: Total<u64>,
    pub(super) frames_dropped: Labelled<DropReason>,
    pub(super) looks_late: Total<u64>,
    pub(super) looks_told: Total<u64>,
    pub(super) reconnects: Total<u64>,
    pub(super) tries: Total<u64>,
    pub(super) infer_ms: Total<f64>,
    pub(super) decode_cpu_ms: Total<f64>,
    pub(super) infer_cpu_ms: Total<f64>,
    pub(super) look_ages: [Total<u64>; LOOK_AGES_MS.len() + 1],
    pub(super) look_age_ms: Total<f64>,
    pub(super) fps_in: f32,
    pub(super) decoding: Option<Decoding>,
    pub(super) decoded_secs: [Total<f64>; DecodeMode::ALL.len()],
    /// As the engine says; none before it did.
    pub(super) need: Option<Need>,
    pub(super) size_px: [u32; 2],
    pub(super) clock_offset_ms: Option<i64>,
    pub(super) clock_steps: Total<u64>,
    pub(super) tracks: u32,
    /// As [`CropStats::labelled`](viahe_core::seam::CropStats::labelled) has them.
    pub(super) crops: [Total<u64>; 3],
    /// Of a camera that has two: how they are, and pictures of each.
    pub(super) streams: Option<Streams>,
    pub(super) pictures: Labelled<StreamRole>,
    /// When the newest frame came.
    pub(super) newest_frame: Option<Instant>,
}

impl State {
    pub(super) fn new(version: String, troubles: Troubles, now: Instant) -> Self {
        Self {
            version,
            troubles,
            started: now,
            workers: BTreeMap::new(),
            cameras: BTreeMap::new(),
            quarantined: BTreeSet::new(),
            engine: EngineStats::default(),
            uploads: None,
            shadowed: None,
        }
    }

    pub(super) fn plan(
        &mut self,
        cameras: impl IntoIterator<Item = (Name, WorkerId)>,
        now: Instant,
    ) {
        self.cameras.values_mut().for_each(|camera| camera.watched = false);
        let mut needed = BTreeSet::new();
        for (name, worker) in cameras {
            if needed.insert(worker) {
                let there = self.workers.entry(worker).or_insert_with(|| Worker::starting(now));
                if there.presence == Presence::Retired {
                    there.presence = Presence::Starting { since: now };
                }
            }
            let camera = self.cameras.entry(name).or_default();
            (camera.watched, camera.worker) = (true, Some(worker));
        }
        for (id, worker) in &mut self.workers {
            if !needed.contains(id) {
                worker.presence = Presence::Retired;
            }
        }
    }

    /// The workers that there are to be.
    pub(super) fn employed(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        let there = self.workers.iter().filter(|(_, w)| w.presence != Presence::Retired);
        there.map(|(id, worker)| (*id, worker))
    }

    /// A worker that nobody has named is starting since the engine did.
    fn at(&mut self, worker: WorkerId) -> &mut Worker {
        self.workers.entry(worker).or_insert_with(|| Worker::starting(self.started))
    }

    pub(super) fn worker_started(&mut self, worker: WorkerId, now: Instant) {
        self.at(worker).started(now);
    }

    pub(super) fn worker(&mut self, worker: WorkerId, stats: &WorkerStats, now: Instant) {
        self.at(worker).reports(stats, now);
        for (name, of) in &stats.cameras {
            if let Some(camera) = self.slot(name) {
                camera.worker = Some(worker);
                camera.observe(of, now);
            }
        }
    }

    pub(super) fn worker_restarted(&mut self, worker: WorkerId, now: Instant) {
        self.at(worker).ended(now);
        for (name, camera) in self.cameras.iter_mut().filter(|(_, c)| c.worker == Some(worker)) {
            camera.restart();
            if !self.quarantined.contains(name) {
                "the vision worker ended and is being started again".clone_into(&mut camera.reason);
            }
        }
    }

    pub(super) fn camera(&mut self, report: &CameraReport) {
        if let Some(camera) = self.slot(&report.camera) {
            camera.status = report.status;
            camera.reason = super::redacted(&report.reason).into_owned();
        }
    }

    fn slot(&mut self, name: &Name) -> Option<&mut Camera> {
        if !self.cameras.contains_key(name) {
            if self.cameras.len() >= CAMERAS_MAX {
                return None;
            }
            self.cameras.insert(name.clone(), Camera { watched: true, ..Camera::default() });
        }
        self.cameras.get_mut(name)
    }
}

impl Camera {
    fn observe(&mut self, stats: &CameraStats, now: Instant) {
        if self.status != stats.status {
            // The reason belongs to the status that it came with.
            self.reason.clear();
        }
        self.status = stats.status;
        self.frames_in.observe(stats.frames_in);
        self.frames_inferred.observe(stats.frames_inferred);
        self.frames_dropped.observe(&stats.frames_dropped);
        self.looks_late.observe(stats.looks_late);
        self.looks_told.observe(stats.looks_told);
        self.reconnects.observe(stats.reconnects);
        self.tries.observe(stats.tries);
        self.infer_ms.observe(stats.infer_ms_sum);
        self.decode_cpu_ms.observe(stats.decode_cpu_ms);
        self.infer_cpu_ms.observe(stats.infer_cpu_ms);
        for (total, now) in self.look_ages.iter_mut().zip(&stats.look_ages) {
            total.observe(*now);
        }
        self.look_age_ms.observe(stats.look_age_ms_sum);
        self.fps_in = if stats.fps_in.is_finite() { stats.fps_in.max(0.0) } else { 0.0 };
        self.decoding = stats.decoding;
        for (mode, total) in DecodeMode::ALL.iter().zip(&mut self.decoded_secs) {
            total.observe(stats.decoded_secs.get(mode).copied().unwrap_or_default());
        }
        self.size_px = stats.size_px;
        self.clock_offset_ms = stats.clock_offset_ms;
        self.clock_steps.observe(stats.clock_steps);
        self.tracks = stats.tracks;
        self.crops.iter_mut().zip(stats.crops.labelled()).for_each(|(of, (_, n))| of.observe(n));
        self.streams.clone_from(&stats.streams);
        self.pictures.observe(&stats.pictures);
        if let Some(age_ms) = stats.frame_age_ms {
            self.newest_frame = now.checked_sub(Duration::from_millis(age_ms));
        }
    }

    /// No worker: the camera is not looked at, and gauges say so. The frame's age goes on.
    fn restart(&mut self) {
        self.status = CameraStatus::Offline;
        self.frames_in.restart();
        self.frames_inferred.restart();
        self.frames_dropped.restart();
        self.looks_late.restart();
        self.looks_told.restart();
        self.reconnects.restart();
        self.tries.restart();
        self.infer_ms.restart();
        self.decode_cpu_ms.restart();
        self.infer_cpu_ms.restart();
        self.look_ages.iter_mut().for_each(Total::restart);
        self.look_age_ms.restart();
        self.clock_steps.restart();
        self.decoded_secs.iter_mut().for_each(Total::restart);
        self.pictures.restart();
        self.crops.iter_mut().for_each(Total::restart);
        (self.decoding, self.streams) = (None, None);
        self.fps_in = 0.0;
        self.tracks = 0;
    }

    /// Age of the newest frame; it grows also while nobody reports.
    pub(super) fn frame_age(&self, now: Instant) -> Option<Duration> {
        self.newest_frame.map(|at| now.saturating_duration_since(at))
    }
}
