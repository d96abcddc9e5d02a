//! The vision worker: N cameras, a pool of inference threads, observations out.
//!
//! Each inference thread owns its sessions. Nothing here waits for the engine: what does not fit
//! into the pipe is dropped and counted. A panic anywhere ends the process; the supervisor starts
//! another.

use super::analyse::{Eye, Gaze};
use super::glance::Glance;
use super::photographer::Photographers;
use super::playback::Playback;
use super::slots::{Job, SharedFrame, Slots};
use crate::clock;
use crate::infer::{InferError, Runtime};
use crate::ingest::{CameraCounters, CameraOptions, FeedState, FrameSink, IngestError, LiveCamera};
use crate::ledger::{Ledger, STAGES};
use crate::models::{Looked, ModelError, Package};
use crate::telemetry::redact_source;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viahe_contract::message::{CameraStatus, ModelRef};
use viahe_core::attention::Need;
use viahe_core::detect::Sanity;
use viahe_core::engine::Capture;
use viahe_core::id::Name;
use viahe_core::model::{Head, Model};
use viahe_core::observe::Observation;
use viahe_core::plan::Source;
use viahe_core::seam::{
    CameraReport, CameraStats, FromWorker, Installed, LOOK_AGES_MS, Picture, SEAM_VERSION,
    ToWorker, VisionPlan, WorkerStats,
};

/// How often counters are told.
const STATS_EVERY: Duration = Duration::from_secs(1);
/// A frame that no thread has taken for so long: inference hangs, and only a new process helps.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// Frames in one run at most. Beyond four the gain is small and the wait is long.
const BATCH_MAX: usize = 4;

/// A worker that cannot start.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(
        "this worker speaks version {SEAM_VERSION} of the seam, the engine {0}; install both from one release"
    )]
    Version(u32),
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl WorkerError {
    /// Will another start fail alike until somebody mends the machine?
    fn is_of_the_machine(&self) -> bool {
        match self {
            Self::Model(_) | Self::Infer(_) | Self::Version(_) => true,
            Self::Ingest(_) | Self::Thread(_) => false,
        }
    }
}

/// Runs a worker until it is told to stop or nobody listens.
pub fn serve(inbox: &Receiver<ToWorker>, outbox: Sender<FromWorker>) {
    let Ok(ToWorker::Start(plan)) = inbox.recv() else { return };
    let outlet = Arc::new(Outlet { to_engine: outbox, dropped: AtomicU64::new(0) });
    match Worker::start(&plan, &outlet) {
        Ok(worker) => worker.run(inbox),
        Err(error) => {
            let missing_part = error.is_of_the_machine();
            outlet.must_tell(FromWorker::Failed { reason: error.to_string(), missing_part });
        }
    }
}

/// The way to the engine.
struct Outlet {
    to_engine: Sender<FromWorker>,
    dropped: AtomicU64,
}

impl Outlet {
    /// Tells, unless the pipe is full.
    fn tell(&self, message: FromWorker) {
        if self.to_engine.try_send(message).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells, and waits for the pipe: for what is said once.
    fn must_tell(&self, message: FromWorker) {
        // The engine is gone; the worker notices by its input.
        let _ = self.to_engine.send(message);
    }
}

/// What all threads share.
struct Shared {
    slots: Slots<Gaze>,
    outlet: Arc<Outlet>,
    ledger: Arc<Ledger>,
    infer_us: Vec<AtomicU64>,
    ages: Vec<Ages>,
    tracks: Vec<AtomicU64>,
    status: Vec<Mutex<CameraStatus>>,
    /// By model.
    models: Vec<Watched>,
}

/// A model whose output is watched.
struct Watched {
    name: Name,
    head: Head,
    sanity: Mutex<Sanity>,
}

/// How old frames were when what they show was known.
#[derive(Debug, Default)]
struct Ages {
    counts: [AtomicU64; LOOK_AGES_MS.len() + 1],
    ms_sum: AtomicU64,
}

impl Ages {
    fn add(&self, age: Duration) {
        let ms = age.as_millis() as u64;
        let bucket = LOOK_AGES_MS.partition_point(|most| *most < ms);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.ms_sum.fetch_add(ms, Ordering::Relaxed);
    }

    fn counts(&self) -> Vec<u64> {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

/// Where a camera's frames come from; ends when dropped.
enum Feed {
    Live(LiveCamera),
    Recorded(Playback),
}

impl Feed {
    fn counters(&self) -> CameraCounters {
        match self {
            Self::Live(camera) => camera.counters(),
            Self::Recorded(playback) => playback.counters(),
        }
    }
}

struct Worker {
    plan: VisionPlan,
    shared: Arc<Shared>,
    cameras: Vec<Feed>,
    photographers: Photographers,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Worker {
    fn start(plan: &VisionPlan, outlet: &Arc<Outlet>) -> Result<Self, WorkerError> {
        if plan.version != SEAM_VERSION {
            return Err(WorkerError::Version(plan.version));
        }
        clock::go_on_from(plan.axis_zero);
        plan.cameras.iter().for_each(|camera| redact_source(&camera.source));
        let runtime = Runtime::load(&plan.installed.library)?;
        let packages = Packages::load(plan)?;
        let ledger = Arc::new(Ledger::default());
        let shared = Arc::new(Shared {
            slots: Slots::new(plan.cameras.iter().zip(&packages.of_camera).map(|(camera, &p)| {
                let model = &packages.loaded[p].model;
                let gaze = Gaze::new(camera.id.clone(), model, plan.epoch, Arc::clone(&ledger));
                (p, Need { looks_hz: camera.analyse_hz }, gaze)
            })),
            outlet: Arc::clone(outlet),
            ledger: Arc::clone(&ledger),
            infer_us: plan.cameras.iter().map(|_| AtomicU64::new(0)).collect(),
            ages: plan.cameras.iter().map(|_| Ages::default()).collect(),
            tracks: plan.cameras.iter().map(|_| AtomicU64::new(0)).collect(),
            status: plan.cameras.iter().map(|_| Mutex::default()).collect(),
            models: packages.loaded.iter().map(Watched::new).collect(),
        });
        let threads = start_eyes(plan, &runtime, &packages.loaded, &shared)?;
        outlet.must_tell(FromWorker::Hello { version: SEAM_VERSION, models: packages.refs(plan) });
        let of = Arc::clone(&shared);
        let answer = move |capture: &Capture, picture| of.answer(capture, picture);
        let photographers = Photographers::start(&plan.evidence_dir, &ledger, answer)?;
        let cameras = start_cameras(plan, &shared)?;
        Ok(Self { plan: plan.clone(), shared, cameras, photographers, threads })
    }

    fn run(self, inbox: &Receiver<ToWorker>) {
        let mut next_stats = clock::monotonic() + STATS_EVERY;
        loop {
            let wait = next_stats.saturating_duration_since(clock::monotonic());
            match inbox.recv_timeout(wait) {
                Ok(ToWorker::Capture(capture)) => self.capture(capture),
                Ok(ToWorker::Start(_)) => {}
                Ok(ToWorker::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    next_stats = clock::monotonic() + STATS_EVERY;
                    self.shared.outlet.tell(FromWorker::Stats(self.stats()));
                    if self.shared.slots.longest_wait(clock::monotonic()) > STUCK_AFTER {
                        let secs = STUCK_AFTER.as_secs();
                        let reason = format!("inference has hung for {secs} s");
                        self.shared
                            .outlet
                            .must_tell(FromWorker::Failed { reason, missing_part: false });
                        // Its threads will not end; the process does.
                        return;
                    }
                }
            }
        }
        drop(self.cameras);
        self.shared.slots.close();
        self.photographers.finish();
        for thread in self.threads {
            let _ = thread.join();
        }
    }

    fn capture(&self, capture: Capture) {
        let camera = self.plan.cameras.iter().position(|c| c.id == capture.camera);
        let frame = camera.and_then(|i| self.shared.slots.kept(i, capture.seq));
        let Some(frame) = frame else {
            return self.shared.answer(&capture, Err("its frame is gone".to_owned()));
        };
        if let Err((capture, why)) = self.photographers.take(capture, frame) {
            self.shared.answer(&capture, Err(why));
        }
    }

    fn stats(&self) -> WorkerStats {
        let shared = &self.shared;
        let cameras = self
            .plan
            .cameras
            .iter()
            .enumerate()
            .map(|(i, camera)| (camera.id.clone(), shared.camera_stats(i, &self.cameras[i])));
        WorkerStats {
            cameras: cameras.collect(),
            copied_bytes: STAGES
                .iter()
                .map(|s| (s.label().to_owned(), shared.ledger.bytes(*s)))
                .collect(),
            seam_dropped: shared.outlet.dropped.load(Ordering::Relaxed),
            models_wrong: shared.models.iter().filter_map(Watched::wrong).collect(),
        }
    }
}

impl Watched {
    fn new(package: &Package) -> Self {
        let Model { name, head, .. } = &package.model;
        Self { name: name.clone(), head: head.clone(), sanity: Mutex::default() }
    }

    fn sanity(&self) -> MutexGuard<'_, Sanity> {
        self.sanity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrong(&self) -> Option<(Name, String)> {
        Some((self.name.clone(), self.sanity().complaint(&self.head)?))
    }
}

impl Shared {
    fn camera_stats(&self, i: usize, camera: &Feed) -> CameraStats {
        let counters = camera.counters();
        let (inferred, dropped) = self.slots.counts(i);
        let mut frames_dropped: BTreeMap<String, u64> =
            dropped.into_iter().map(|(why, n)| (why.label().to_owned(), n)).collect();
        for (why, n) in [
            ("corrupt", counters.dropped.corrupt),
            ("lead_in", counters.dropped.lead_in),
            ("unusable", counters.dropped.unusable),
            ("overload", counters.dropped.overload),
        ] {
            if n > 0 {
                frames_dropped.insert(why.to_owned(), n);
            }
        }
        CameraStats {
            status: *self.status[i].lock().unwrap_or_else(PoisonError::into_inner),
            frames_in: counters.frames_in,
            frames_inferred: inferred,
            frames_dropped,
            reconnects: counters.reconnects,
            tries: counters.tries,
            carrier: counters.carrier,
            look_ages: self.ages[i].counts(),
            look_age_ms_sum: self.ages[i].ms_sum.load(Ordering::Relaxed) as f64,
            infer_ms_sum: self.infer_us[i].load(Ordering::Relaxed) as f64 / 1000.0,
            frame_age_ms: counters.last_frame_age.map(|age| age.as_millis() as u64),
            fps_in: counters.fps,
            size_px: counters.size_px.unwrap_or_default(),
            clock_offset_ms: counters.clock_offset_ms,
            clock_steps: counters.clock_steps,
            clock_step: counters.clock_step,
            tracks: self.tracks[i].load(Ordering::Relaxed) as u32,
        }
    }

    fn answer(&self, capture: &Capture, picture: Result<Picture, String>) {
        self.outlet.must_tell(FromWorker::Captured { capture: capture.id, picture });
    }
}

/// The models of a plan, each once.
struct Packages {
    loaded: Vec<Package>,
    of_camera: Vec<usize>,
}

impl Packages {
    fn load(plan: &VisionPlan) -> Result<Self, ModelError> {
        let Installed { models, taxonomies, .. } = &plan.installed;
        let place = |name| models.keys().position(|known| known == name);
        let missing = |name: &Name| ModelError::Unknown {
            name: name.to_string(),
            installed: models.keys().map(Name::to_string).collect(),
            looked: Looked::default(),
        };
        let places = plan.cameras.iter().map(|c| place(&c.model).ok_or_else(|| missing(&c.model)));
        let of_camera = places.collect::<Result<_, _>>()?;
        let load = |(name, files)| Package::read(name, files, taxonomies);
        let loaded = models.iter().map(load).collect::<Result<_, _>>()?;
        Ok(Self { loaded, of_camera })
    }

    fn refs(&self, plan: &VisionPlan) -> BTreeMap<Name, ModelRef> {
        let of = |p: usize| ModelRef {
            name: self.loaded[p].model.name.clone(),
            sha256: self.loaded[p].model.sha256,
        };
        plan.cameras.iter().zip(&self.of_camera).map(|(c, &p)| (c.id.clone(), of(p))).collect()
    }
}

/// The inference threads; their models are loaded before any of them runs.
fn start_eyes(
    plan: &VisionPlan,
    runtime: &Runtime,
    packages: &[Package],
    shared: &Arc<Shared>,
) -> Result<Vec<std::thread::JoinHandle<()>>, WorkerError> {
    let batch_max = plan.cameras.len().clamp(1, BATCH_MAX);
    let threads = plan.threads.clamp(1, plan.cameras.len().max(1));
    let mut handles = Vec::with_capacity(threads);
    for n in 0..threads {
        let mut eyes = packages
            .iter()
            .map(|package| Eye::open(runtime, package, batch_max))
            .collect::<Result<Vec<_>, _>>()?;
        let shared = Arc::clone(shared);
        let thread = std::thread::Builder::new().name(format!("infer-{n}"));
        handles.push(thread.spawn(move || analyse(&mut eyes, &shared))?);
    }
    Ok(handles)
}

fn analyse(eyes: &mut [Eye], shared: &Shared) {
    let batch_max = eyes.iter().map(Eye::batch_max).max().unwrap_or(1);
    while let Some((model, mut jobs)) = shared.slots.take(batch_max) {
        let started = clock::monotonic();
        let looked = look(&mut eyes[model], &mut jobs);
        shared.models[model].sanity().add(&eyes[model].take_decoded());
        let each = clock::monotonic().duration_since(started) / jobs.len().max(1) as u32;
        for (job, looked) in jobs.into_iter().zip(looked) {
            shared.infer_us[job.camera].fetch_add(each.as_micros() as u64, Ordering::Relaxed);
            shared.tracks[job.camera].store(u64::from(job.state.tracks()), Ordering::Relaxed);
            let analysed = looked.is_ok();
            shared.ages[job.camera].add(clock::event_time().since(job.frame.stamp().captured));
            match looked {
                Ok(observation) => shared.say(observation),
                Err(error) => tracing::error!(%error, "a frame could not be analysed"),
            }
            shared.slots.finish(job, analysed);
        }
    }
}

/// Looks at all jobs at once. When that fails, at each alone: one camera's bad frames must not
/// take those of the others with them.
fn look(eye: &mut Eye, jobs: &mut [Job<Gaze>]) -> Vec<Result<Observation, InferError>> {
    let mut looks: Vec<_> = jobs.iter_mut().map(|job| (&*job.frame, &mut job.state)).collect();
    match eye.look(&mut looks) {
        Ok(observations) => observations.into_iter().map(Ok).collect(),
        Err(error) if looks.len() == 1 => vec![Err(error)],
        Err(_) => looks.iter_mut().map(|(frame, gaze)| eye.look_at(*frame, gaze)).collect(),
    }
}

impl Shared {
    fn say(&self, observation: Observation) {
        self.outlet.tell(FromWorker::Observation(observation));
    }
}

/// A camera's end of the slots.
struct Sink {
    camera: usize,
    name: Name,
    /// On the camera's own thread: a view is told whether the camera is looked at or not.
    glance: Mutex<Glance>,
    shared: Arc<Shared>,
}

impl FrameSink for Sink {
    fn frame(&self, frame: SharedFrame) {
        let view = self.glance.lock().unwrap_or_else(PoisonError::into_inner).at(&*frame);
        if let Some(report) = view {
            self.shared.outlet.tell(FromWorker::View(report));
        }
        self.shared.slots.offer(self.camera, frame, clock::monotonic());
    }

    fn state(&self, state: FeedState) {
        let (status, reason) = match state {
            FeedState::Connecting => return,
            FeedState::Online { .. } => (CameraStatus::Online, String::new()),
            FeedState::Stalled { reason } => (CameraStatus::Stalled, reason),
            FeedState::Offline { reason, .. } => (CameraStatus::Offline, reason),
        };
        *self.shared.status[self.camera].lock().unwrap_or_else(PoisonError::into_inner) = status;
        let report = CameraReport { camera: self.name.clone(), status, reason };
        self.shared.outlet.tell(FromWorker::Camera(report));
    }
}

fn start_cameras(plan: &VisionPlan, shared: &Arc<Shared>) -> Result<Vec<Feed>, WorkerError> {
    let seed = u64::from(plan.epoch) << 16;
    plan.cameras
        .iter()
        .enumerate()
        .map(|(camera, of)| {
            let ledger = Arc::clone(&shared.ledger);
            let shared = Arc::clone(shared);
            let glance = Mutex::new(Glance::new(of.id.clone(), Arc::clone(&ledger)));
            let sink = Arc::new(Sink { camera, name: of.id.clone(), glance, shared });
            if let Source::File { path } = &of.source {
                return Ok(Feed::Recorded(Playback::start(&of.id, path, sink, ledger)?));
            }
            let options =
                CameraOptions::new(of.id.clone(), of.source.clone(), seed | camera as u64);
            Ok(Feed::Live(LiveCamera::start(options, sink, ledger)?))
        })
        .collect()
}
