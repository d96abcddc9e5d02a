//! What is seen of a box at work, from when its cameras have settled.

use crate::clock;
use crate::host::live::{Late, Observer};
use crate::load;
use crate::telemetry::WorkerMemory;
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;
use viahe_contract::message::{CameraStatus, DecodeReason};
use viahe_core::attention::{Attention, Need};
use viahe_core::id::Name;
use viahe_core::plan::Plan;
use viahe_core::seam::{CameraReport, CameraStats, WorkerStats};

/// Cameras that have not settled by then are counted as they are.
const SETTLE_MAX: Duration = Duration::from_secs(25);

/// A camera that has not answered so often is not waited for.
const TRIES_MIN: u64 = 2;

/// A camera, as far as it was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraSeen {
    /// What its rules need.
    pub need: Need,
    /// Rules that look and do not rest.
    pub rules: Vec<Name>,
    /// Rules that need no looks now.
    pub resting: usize,
    /// Its looks have a rate of their own (`analyse_hz`).
    pub steady: bool,
    /// Why no pictures come, when none do; for people.
    pub reason: String,
    /// Counters when counting began; none when it was not there.
    pub first: Option<CameraStats>,
    /// Counters at the end.
    pub last: Option<CameraStats>,
    /// Looks that came late between.
    pub late: Late,
}

/// All that was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// For so long.
    pub lasted: Duration,
    /// Cores of the box.
    pub cores: usize,
    /// All of the pipeline.
    pub cameras: BTreeMap<Name, CameraSeen>,
    /// Processor time of the workers.
    pub workers_cpu: Duration,
    /// Processor time of this process, which has the event plane.
    pub engine_cpu: Duration,
    /// Processor time of the whole box, when it is known.
    pub box_cpu: Option<Duration>,
    /// Bytes of memory of the workers.
    pub memory: u64,
    /// Of these, what they had before any picture came: models and libraries.
    pub memory_before: u64,
    /// Bytes that programs may still have.
    pub available: Option<u64>,
    /// A vision worker ended meanwhile.
    pub restarted: bool,
}

/// Watches a box; its clones are one and the same.
#[derive(Clone)]
pub struct Watcher(Arc<Mutex<State>>);

struct State {
    seen: Measured,
    /// When it was first told of anything.
    told: Option<Instant>,
    began: Option<Began>,
    newest_cpu_ms: f64,
    period: Duration,
    /// Told when it has seen enough.
    enough: Sender<()>,
}

/// How things stood when counting began.
struct Began {
    at: Instant,
    workers_cpu_ms: f64,
    engine_cpu: Duration,
    box_cpu: Option<Duration>,
}

impl Watcher {
    /// Counts for `period`, and says `enough` after it.
    pub fn new(plan: &Plan, period: Duration, enough: Sender<()>) -> Self {
        let seen = |camera: &viahe_core::plan::Camera| {
            let seen = CameraSeen {
                reason: "no vision worker has looked at it yet".to_owned(),
                steady: camera.steady,
                ..CameraSeen::default()
            };
            (camera.id.clone(), seen)
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cameras = plan.cameras.iter().map(seen).collect();
        let seen = Measured { cores, cameras, ..Measured::default() };
        let (told, began, newest_cpu_ms) = (None, None, 0.0);
        let state = State { seen, told, began, newest_cpu_ms, period, enough };
        Self(Arc::new(Mutex::new(state)))
    }

    /// What was seen so far.
    pub fn measured(&self) -> Measured {
        self.state().seen.clone()
    }

    /// Seconds of the period that have passed; none before counting began.
    pub fn progress(&self) -> Option<u64> {
        self.state().began.as_ref().map(|began| (clock::monotonic() - began.at).as_secs())
    }

    /// The period is over.
    pub fn has_enough(&self) -> bool {
        let state = self.state();
        state.began.is_some() && state.seen.lasted >= state.period
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn stats(&mut self, stats: &WorkerStats, now: Instant) {
        if stats.cpu_ms < self.newest_cpu_ms && self.began.is_some() {
            self.seen.restarted = true;
        }
        self.newest_cpu_ms = stats.cpu_ms;
        let told = *self.told.get_or_insert(now);
        for (name, of) in &stats.cameras {
            if let Some(camera) = self.seen.cameras.get_mut(name) {
                let before = camera.last.as_ref().map_or(of.looks_late, |last| last.looks_late);
                camera.late.add(of.looks_late.saturating_sub(before), camera.need);
                camera.last = Some(of.clone());
            }
        }
        let Some(began) = &self.began else {
            if self.settled() || now.duration_since(told) >= SETTLE_MAX {
                self.begin(now);
            }
            return;
        };
        let lasted = now.duration_since(began.at);
        self.seen.lasted = lasted;
        let workers_cpu_ms = (stats.cpu_ms - began.workers_cpu_ms).max(0.0);
        self.seen.workers_cpu = Duration::from_secs_f64(workers_cpu_ms / 1000.0);
        self.seen.engine_cpu = clock::process_cpu().saturating_sub(began.engine_cpu);
        self.seen.box_cpu =
            load::busy().zip(began.box_cpu).map(|(now, before)| now.saturating_sub(before));
        self.seen.available = load::available();
        if lasted >= self.period {
            // Nobody may listen any more.
            let _ = self.enough.try_send(());
        }
    }

    /// Every camera sends, and it is known how its stream is built; or it does not answer.
    fn settled(&self) -> bool {
        let is_known = |of: &CameraStats| {
            let measures = of.decoding.is_some_and(|of| of.reason == DecodeReason::NotMeasured);
            of.status == CameraStatus::Online && of.frames_in > 0 && !measures
        };
        let is_away = |of: &CameraStats| of.status != CameraStatus::Online && of.tries >= TRIES_MIN;
        let known = |of: &CameraStats| is_known(of) || is_away(of);
        self.seen.cameras.values().all(|camera| camera.last.as_ref().is_some_and(known))
    }

    fn begin(&mut self, now: Instant) {
        let (engine_cpu, box_cpu) = (clock::process_cpu(), load::busy());
        let workers_cpu_ms = self.newest_cpu_ms;
        self.began = Some(Began { at: now, workers_cpu_ms, engine_cpu, box_cpu });
        for camera in self.seen.cameras.values_mut() {
            camera.first.clone_from(&camera.last);
            camera.late = Late::default();
        }
    }
}

impl Observer for Watcher {
    fn stats(&mut self, stats: &WorkerStats) {
        self.state().stats(stats, clock::monotonic());
    }

    fn camera(&mut self, report: &CameraReport) {
        if let Some(camera) = self.state().seen.cameras.get_mut(&report.camera) {
            camera.reason.clone_from(&report.reason);
        }
    }

    fn attends(&mut self, camera: &viahe_core::plan::Camera, attention: &Attention) {
        if let Some(seen) = self.state().seen.cameras.get_mut(&camera.id) {
            seen.need = attention.need;
            seen.resting = attention.resting.len();
            let rests = |rule: &Name| attention.resting.iter().any(|rest| rest.rule == *rule);
            let looks = camera.rules.iter().filter(|rule| rule.program.looks());
            seen.rules = looks.map(|rule| rule.id.clone()).filter(|rule| !rests(rule)).collect();
        }
    }

    fn memory(&mut self, workers: &BTreeMap<WorkerId, WorkerMemory>) {
        let used: u64 = workers.values().filter_map(|worker| worker.used).sum();
        let mut state = self.state();
        let any = |camera: &CameraSeen| camera.last.as_ref().is_some_and(|of| of.frames_in > 0);
        if !state.seen.cameras.values().any(any) {
            state.seen.memory_before = state.seen.memory_before.max(used);
        }
        state.seen.memory = state.seen.memory.max(used);
    }
}
