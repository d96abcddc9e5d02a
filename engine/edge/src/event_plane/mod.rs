//! The event plane at work: observations in, durable incidents out.
//!
//! One thread owns the pure [`Engine`], the store and the evidence. For each batch of events it
//! applies them in order, moves pictures to their place, commits, and only then wakes the
//! publisher: an incident is on disk before it is said, and its pictures before it names them.

mod cameras;
mod commands;
mod commit;
mod day;
mod disk;
mod inbound;
mod orders;
mod pace;
mod pictures;
mod readings;
mod standing;
mod take_up;
mod words;
mod worker;

use crate::evidence::{EvidenceStore, Finished};
use crate::fleet::Fleet;
use crate::publish::{Publisher, Said, Wire};
use crate::store::{OutboxRow, Store, StoreError};
use crate::telemetry::{EngineStats, Metrics};
use crate::trouble::Troubles;
use crate::vision::supervise::{FromFleet, WorkerEvent};
use crate::{clock, history::History, record::Recorder};
use crossbeam_channel::{Receiver, TryRecvError, never, select};
pub(crate) use day::EventTime;
use day::{Clocks, Day};
use disk::{Price, Watch};
use inbound::Inbox;
pub(crate) use inbound::filters;
pub use orders::Reload;
use pictures::Pictures;
#[cfg(test)]
pub(crate) use standing::raise as raise_standing;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_contract::id::{CaptureId, WorkerId};
use viahe_core::engine::{Capture, Effect, Engine, Event, Orders};
use viahe_core::frame::FrameStamp;
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::plan::Plan;
use viahe_core::plan::program::CameraTrouble;
use viahe_core::seam::{CameraReport, FromWorker, Picture, SEAM_VERSION, WorkerStats};
use viahe_core::time::Timestamp;

/// The state is saved at least this often, with or without an incident: so much of a dwell is
/// lost with the power.
/// Each save is a sync to flash memory that has to last for years.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// How often gauges are read.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// Events applied before a commit; more wait for the next one.
const BATCH_MAX: usize = 256;
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
    /// The workers.
    pub fleet: Fleet,
    /// What they say.
    pub events: Receiver<FromFleet>,
    /// MQTT.
    pub publisher: Publisher,
    /// `/metrics`.
    pub metrics: Arc<Metrics>,
    /// What does not work.
    pub troubles: Troubles,
    /// Why the outbox could not be opened, if it could not.
    pub store_error: Option<StoreError>,
    /// Where observations are recorded, if anywhere.
    pub recorder: Option<Recorder>,
    /// What was seen lately, if it is kept.
    pub history: Option<History>,
    /// By which events are timed.
    pub(crate) event_time: EventTime,
    /// Readings and commands in, replies and results out; none without a broker.
    pub wire: Option<Wire>,
    /// How the pipeline is read again; none when there is no file.
    pub reload: Option<Reload>,
    /// The command line.
    pub observer: Box<dyn Observer>,
}

/// Why a run ended other than by being stopped.
#[derive(Debug, thiserror::Error)]
pub enum PlaneError {
    /// The worker cannot work here.
    #[error("{0}")]
    PartMissing(String),
    /// Nobody keeps a worker alive any more.
    #[error("the supervisor of a vision worker ended; start viahe again")]
    Supervisor,
    /// Saved state cannot be read, or nothing can be saved any more.
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
    /// Revisions that neither disk nor broker took before the end.
    pub lost: u64,
}

/// The running event plane.
pub struct EventPlane {
    plan: Arc<Plan>,
    engine: Engine,
    store: Store,
    pictures: Pictures,
    fleet: Fleet,
    workers: worker::Workers,
    events: Receiver<FromFleet>,
    publisher: Publisher,
    metrics: Arc<Metrics>,
    troubles: Troubles,
    disk: Watch,
    recorder: Option<Recorder>,
    history: Option<History>,
    observer: Box<dyn Observer>,
    day: Day,
    clocks: Clocks,
    wire: Option<Wire>,
    inbox: Inbox,
    reload: Option<Reload>,
    /// Answers to commands that changed something; they wait for the next commit.
    replies: Vec<Said>,
    /// What stands by order, as it was told last.
    orders: Orders,
    /// What the store knows as open was held against what the engine knows.
    forgotten_closed: bool,
    /// Revisions that are to be committed.
    rows: Vec<(OutboxRow, Revision)>,
    saved_at: Instant,
    /// After the store took nothing: when to try again, and how long to wait after that.
    retry: Option<(Instant, Duration)>,
    stated_at: Instant,
    measured_at: Instant,
    reports: BTreeMap<Name, CameraReport>,
    /// Cameras whose rules are suspended, why and since when.
    suspended: BTreeMap<Name, (CameraTrouble, Timestamp)>,
    totals: Totals,
    stats: EngineStats,
}

impl EventPlane {
    /// Goes on where the last run stopped.
    ///
    /// # Errors
    /// [`PlaneError::Store`] when the file with the saved state cannot be read. A state that is there
    /// and makes no sense is kept aside, and told.
    pub fn new(parts: Parts) -> Result<Self, PlaneError> {
        let plan = Arc::clone(&parts.plan);
        let (engine, ended) = take_up::take_up(&plan, &parts.store)?;
        let (day, set_back) = parts.event_time.day(engine.ahead_ns(), engine.newest());
        let known: BTreeSet<CaptureId> = engine.pictures().collect();
        parts.metrics.plan(parts.fleet.seats().map(|(camera, worker)| (camera.clone(), worker)));
        let now = clock::monotonic();
        let held = parts.store.held().clone();
        let mut plane = Self {
            plan,
            engine,
            store: parts.store,
            pictures: Pictures::new(parts.evidence, held, |id| known.contains(&id)),
            fleet: parts.fleet,
            workers: worker::Workers::default(),
            events: parts.events,
            publisher: parts.publisher,
            metrics: parts.metrics,
            troubles: parts.troubles,
            disk: Watch::default(),
            recorder: parts.recorder,
            history: parts.history,
            observer: parts.observer,
            day,
            clocks: Clocks::default(),
            wire: parts.wire,
            inbox: Inbox::default(),
            reload: parts.reload,
            replies: Vec::new(),
            orders: Orders::default(),
            forgotten_closed: false,
            rows: Vec::new(),
            saved_at: now,
            retry: None,
            stated_at: now,
            measured_at: now,
            reports: BTreeMap::new(),
            suspended: BTreeMap::new(),
            totals: Totals::default(),
            stats: EngineStats::default(),
        };
        if let Some(by_ms) = set_back {
            plane.clock_was_set(by_ms);
        }
        if let Some(error) = parts.store_error {
            plane.disk.committed(Some(&error));
            plane.retry = Some((now, Duration::ZERO));
        }
        plane.look_at_disk(now);
        // Incidents of rules that are no more, or were changed.
        plane.carry_out(ended);
        plane.close_forgotten();
        // Pictures asked of a worker that is no more.
        for capture in plane.engine.awaited().collect::<Vec<_>>() {
            plane.pictures.discard(capture);
            plane.apply(Event::Captured { capture, evidence: None });
        }
        if plane.plan.cameras.is_empty() {
            // No worker will say which models look.
            plane.publisher.set_status(Vec::new());
        }
        plane.tell_orders();
        // Health and metrics are right from the first answer on.
        plane.measure();
        Ok(plane)
    }

    /// Runs until `stop` says so or its sender is gone; then everything is committed and handed
    /// to the broker as far as it takes it within `drain`.
    ///
    /// # Errors
    /// [`PlaneError::PartMissing`] when the worker cannot work on this machine.
    pub fn run(mut self, stop: &Receiver<()>, drain: Duration) -> Result<Totals, PlaneError> {
        let result = self.until_stopped(stop);
        let totals = self.finish(drain);
        result.map(|()| totals)
    }

    fn until_stopped(&mut self, stop: &Receiver<()>) -> Result<(), PlaneError> {
        while matches!(stop.try_recv(), Err(TryRecvError::Empty)) {
            let heard = self.wire.as_ref().map_or_else(never, |wire| wire.heard().clone());
            let finished = self.pictures.done().clone();
            select! {
                recv(self.events) -> event => match event {
                    Ok(event) => self.batch(event)?,
                    Err(_) => return Err(PlaneError::Supervisor),
                },
                recv(finished) -> done => self.finished(done.ok()),
                // The wire goes only with us.
                recv(heard) -> message => if let Ok(message) = message {
                    self.heard(message);
                },
                default(TICK) => {}
            }
            self.reload_if_asked();
            self.tick()?;
        }
        Ok(())
    }

    fn batch(&mut self, first: FromFleet) -> Result<(), PlaneError> {
        self.hear(first)?;
        for _ in 1..BATCH_MAX {
            match self.events.try_recv() {
                Ok(event) => self.hear(event)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn hear(&mut self, (worker, event): FromFleet) -> Result<(), PlaneError> {
        if !self.is_of_its_cameras(worker, &event) {
            return Ok(());
        }
        match event {
            WorkerEvent::Said(FromWorker::Hello { version, models }) => {
                if version != SEAM_VERSION {
                    return Err(PlaneError::PartMissing(format!(
                        "the vision worker speaks version {version} of the seam, this engine \
                         {SEAM_VERSION}; install both from one release"
                    )));
                }
                self.worker_up(worker, models);
            }
            WorkerEvent::Said(FromWorker::Observation(mut observation)) => {
                self.stats.observations += 1;
                let FrameStamp { captured, arrived, .. } = &mut observation.frame;
                (*captured, *arrived) = (self.day.at(*captured), self.day.at(*arrived));
                self.see(Event::Observed(observation));
            }
            WorkerEvent::Said(FromWorker::View(mut report)) => {
                report.at = self.day.at(report.at);
                self.see(Event::Viewed(report));
            }
            WorkerEvent::Said(FromWorker::Captured { capture, picture }) => {
                let picture = picture.map(|p| Picture { captured: self.day.at(p.captured), ..p });
                let outcome = self.pictures.taken(capture, picture, clock::monotonic());
                self.captured(outcome);
            }
            WorkerEvent::Said(FromWorker::Camera(report)) => self.camera(report),
            WorkerEvent::Said(FromWorker::Stats(stats)) => self.worker_stats(worker, stats),
            WorkerEvent::Said(FromWorker::Failed { reason, missing_part }) => {
                // What was there once is there again soon: a card that hangs, a file that is
                // being replaced. One camera's fault is no reason to leave the others.
                if missing_part && !self.workers.was_up(worker) {
                    return Err(PlaneError::PartMissing(reason));
                }
                tracing::error!(reason, %worker, "vision worker failed");
            }
            WorkerEvent::Gone(ended) => self.worker_gone(worker, &ended),
        }
        Ok(())
    }

    /// What a worker says of a camera that it does not have (any more) is not heard.
    fn is_of_its_cameras(&self, worker: WorkerId, event: &WorkerEvent) -> bool {
        let camera = match event {
            WorkerEvent::Said(FromWorker::Observation(observation)) => &observation.camera,
            WorkerEvent::Said(FromWorker::View(report)) => &report.camera,
            WorkerEvent::Said(FromWorker::Camera(report)) => &report.camera,
            WorkerEvent::Said(_) | WorkerEvent::Gone(_) => return true,
        };
        self.fleet.has(worker, camera)
    }

    /// Applies what comes from outside, and records it.
    fn see(&mut self, event: Event) {
        if let Some(history) = &mut self.history {
            history.write(&event, || self.engine.save().to_text());
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.write(&event);
        }
        self.apply(event);
    }

    fn apply(&mut self, event: Event) {
        // What the frame shows of which a picture is asked for; the engine takes the event.
        let seen = match &event {
            Event::Observed(observation) => Some(observation.clone()),
            _ => None,
        };
        let effects = self.engine.apply(event);
        if let Some(seen) = seen {
            self.pictures.asked(&effects, &seen);
        }
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Capture(capture) => self.capture(&capture),
                Effect::Discard(id) => self.pictures.discard(id),
                Effect::Publish(revision) => self.prepare(*revision),
                Effect::View { camera, trouble, since } => {
                    self.view_changed(&camera, trouble, since);
                }
                Effect::Sensor { sensor, state, at, ever } => {
                    self.tell_sensor(&sensor, state, at, ever);
                }
                Effect::TooLate(told) => self.inbox.readings.too_late(&told, clock::monotonic()),
                Effect::Window(told) => self.tell_window(&told),
                Effect::Answer(answer) => self.answer(answer),
            }
        }
    }

    fn capture(&mut self, capture: &Capture) {
        self.pictures.ask(capture, clock::monotonic());
        // One that cannot be sent now is answered when its time is up.
        self.fleet.capture(capture);
    }

    /// A picture that was waited for is there, or lost.
    fn captured(&mut self, outcome: Option<pictures::Outcome>) {
        if let Some((capture, evidence)) = outcome {
            self.apply(Event::Captured { capture, evidence });
        }
    }

    /// What the thread that finishes pictures has done.
    fn finished(&mut self, done: Option<Finished>) {
        match done {
            Some(finished) => {
                let outcome = self.pictures.finished(finished);
                self.captured(outcome);
            }
            None => self.pictures.revive(),
        }
    }

    fn give_up(&mut self, capture: CaptureId, reason: &str) {
        self.pictures.lost(capture, reason);
        self.apply(Event::Captured { capture, evidence: None });
    }

    fn tick(&mut self) -> Result<(), PlaneError> {
        let now = clock::monotonic();
        if let Some(by_ms) = self.day.follow(clock::now(), clock::event_time()) {
            self.clock_was_set(by_ms);
        }
        // An answer may already wait to be heard.
        if self.events.is_empty() && self.pictures.done().is_empty() {
            for capture in self.pictures.overdue(now) {
                self.give_up(capture, "the vision worker did not answer in time");
            }
        }
        if let Some(detail) = self.store.held().corrupt() {
            let path = self.plan.engine.state_dir.join(crate::store::FILE_NAME);
            return Err(StoreError::Corrupt { path, detail }.into());
        }
        let save = self.retry.is_some() || now.duration_since(self.saved_at) >= SAVE_EVERY;
        let due = save || !self.rows.is_empty() || !self.replies.is_empty();
        if due && self.retry.is_none_or(|(at, _)| now >= at) {
            self.commit(now, Price::Some)?;
        } else if !self.rows.is_empty() {
            self.hold();
        }
        self.say_replies();
        if now.duration_since(self.stated_at) >= STATE_EVERY {
            self.stated_at = now;
            self.reports.values().for_each(|r| self.tell_camera(r));
        }
        if now.duration_since(self.measured_at) >= MEASURE_EVERY {
            self.measured_at = now;
            self.see(Event::Tick(self.day.now()));
            self.tell_orders();
            self.tell_kept_commands(now);
            if let Some(history) = &mut self.history {
                history.tick(now);
            }
            self.look_at_workers(now)?;
            self.look_at_disk(now);
            self.measure();
        }
        Ok(())
    }
}
