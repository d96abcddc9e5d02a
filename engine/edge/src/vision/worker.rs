//! The vision worker: N cameras, a pool of inference threads, observations out.
//!
//! What is wanted is held against what is at work, at each message: cameras are opened, closed and
//! changed, models are loaded beside those at work, and none of the other cameras notices. Nothing here
//! waits for the engine: what does not fit into the pipe is dropped and counted. A panic anywhere ends
//! the process; the supervisor starts another.

mod camera;
mod eyes;
mod lenses;
mod loader;
mod models;
mod outlet;
mod peeks;
mod sink;
mod tally;
mod trial;
mod twin;

use super::analyse::{Eye, Gaze};
use super::areas::{About, Areas};
use super::photographer::{Photographers, Shot};
use super::shadow::Lane;
use super::slots::{Seat, SharedFrame};
use crate::clock;
use crate::infer::{InferError, Runtime};
use crate::ledger::{Ledger, Stage};
use camera::Camera;
use crossbeam_channel::{Receiver, Sender, after, bounded, select};
use eyes::{Desk, View};
use lenses::Lenses;
use loader::Loader;
use models::{Current, Models};
use outlet::Outlet;
use peeks::Peeks;
use sink::{Place, Way};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tally::Tally;
use trial::FRAMES_MAX;
use viahe_contract::message::{CameraFault, Moment};
use viahe_core::engine::Capture;
use viahe_core::gate::{Proof, Sizes};
use viahe_core::id::Name;
use viahe_core::seam::{
    Assign, CameraReport, Failure, FromWorker, ProcessPlan, SEAM_VERSION, ToWorker, VisionCamera,
    WorkerStats,
};

/// How often counters are told.
const STATS_EVERY: Duration = Duration::from_secs(1);
/// A frame that no thread has taken for so long: inference hangs, and only a new process helps.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// A camera that could not even be begun is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A worker that cannot start.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(
        "this worker speaks version {SEAM_VERSION} of the seam, the engine {0}; install both from one release"
    )]
    Version(u32),
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl WorkerError {
    fn failure(&self) -> Failure {
        match self {
            Self::Infer(_) | Self::Version(_) => Failure::PartMissing,
            Self::Thread(_) => Failure::Passing,
        }
    }
}

/// Runs a worker until it is told to stop or nobody listens.
pub fn serve(inbox: &Receiver<ToWorker>, outbox: Sender<FromWorker>) {
    let Ok(ToWorker::Start(plan)) = inbox.recv() else { return };
    let shadow = plan.shadow_dir.clone().map(Lane::start).transpose();
    let shadow = shadow.unwrap_or_else(|error| {
        tracing::warn!(%error, "there is no thread for a candidate in the shadow");
        None
    });
    let outlet = Arc::new(Outlet::new(outbox).shadowed(shadow));
    match Worker::start(&plan, &outlet) {
        Ok(worker) => worker.run(inbox),
        Err(error) => {
            let (reason, failure) = (error.to_string(), error.failure());
            outlet.must_tell(FromWorker::Failed { reason, failure });
        }
    }
}

struct Worker {
    way: Way,
    /// What is to be looked at.
    wanted: BTreeMap<Name, Assign>,
    at_work: BTreeMap<Name, Camera>,
    /// Cameras that are being closed, or could not be begun: not before then.
    not_before: BTreeMap<Name, Wait>,
    /// Of cameras that are not looked at, what was told last.
    told: BTreeMap<Name, String>,
    models: Models<Eye>,
    loader: Loader,
    lenses: Lenses,
    photographers: Photographers,
    threads: Vec<std::thread::JoinHandle<()>>,
    closed: (Sender<Name>, Receiver<Name>),
    /// Pictures of now that are waited for, and cameras of which they have come.
    peeks: Peeks,
    fresh: Receiver<Name>,
}

/// What a camera waits for before it is opened.
enum Wait {
    Closed,
    Until(Instant),
}

impl Worker {
    fn start(plan: &ProcessPlan, outlet: &Arc<Outlet>) -> Result<Self, WorkerError> {
        if plan.version != SEAM_VERSION {
            return Err(WorkerError::Version(plan.version));
        }
        clock::go_on_from(plan.axis_zero);
        let runtime = Runtime::load(&plan.library)?;
        let (desk, ledger) = (Arc::new(Desk::default()), Arc::new(Ledger::default()));
        let lenses = Lenses::new(runtime.clone(), plan.taxonomies.clone(), plan.provider);
        let loader = Loader::start(runtime, plan.taxonomies.clone(), plan.provider)?;
        let threads = eyes::start(plan.threads, &desk, outlet)?;
        let of = Arc::clone(outlet);
        let answer = move |capture: &Capture, picture| of.answer(capture, picture);
        let photographers = Photographers::start(&plan.evidence_dir, &ledger, answer)?;
        outlet.must_tell(FromWorker::Hello { version: SEAM_VERSION });
        let (to, fresh) = bounded(64);
        Ok(Self {
            way: Way {
                desk,
                outlet: Arc::clone(outlet),
                ledger,
                strain: Arc::default(),
                fresh: to,
            },
            wanted: BTreeMap::new(),
            at_work: BTreeMap::new(),
            not_before: BTreeMap::new(),
            told: BTreeMap::new(),
            models: Models::new(plan.threads, plan.running.clone()),
            loader,
            lenses,
            photographers,
            threads,
            closed: bounded(64),
            peeks: Peeks::default(),
            fresh,
        })
    }

    fn run(mut self, inbox: &Receiver<ToWorker>) {
        let mut next_stats = clock::monotonic() + STATS_EVERY;
        loop {
            select! {
                recv(inbox) -> message => match message {
                    Ok(ToWorker::Stop) | Err(_) => break,
                    Ok(message) => if !self.hear_all(message, inbox) { break },
                },
                recv(self.loader.opened()) -> opened => {
                    // The loader goes only with us.
                    let Ok(opened) = opened else { break };
                    for (model, session) in self.models.opened(opened) {
                        self.way.desk.add_session(model, session);
                    }
                }
                recv(self.lenses.opened()) -> opened => if let Ok(opened) = opened {
                    self.lenses.take(opened);
                },
                recv(self.fresh) -> camera => if let Ok(camera) = camera {
                    self.fresh_came(&camera);
                },
                recv(self.closed.1) -> closed => if let Ok(camera) = closed {
                    self.not_before.remove(&camera);
                },
                recv(after(next_stats.saturating_duration_since(clock::monotonic()))) -> _ => {
                    next_stats = clock::monotonic() + STATS_EVERY;
                    if !self.tick() {
                        // Its threads will not end; the process does.
                        return;
                    }
                }
            }
            self.reconcile();
        }
        drop(self.at_work);
        self.way.desk.close();
        self.photographers.finish();
        for thread in self.threads {
            let _ = thread.join();
        }
    }

    /// Takes a message and those that wait behind it; false at the end.
    fn hear_all(&mut self, first: ToWorker, inbox: &Receiver<ToWorker>) -> bool {
        for message in std::iter::once(first).chain(inbox.try_iter()) {
            match message {
                ToWorker::Use(model) => {
                    self.models.take(model);
                    self.lenses.again();
                }
                ToWorker::Assign(assign) => {
                    self.told.remove(&assign.camera.id);
                    self.wanted.insert(assign.camera.id.clone(), assign);
                }
                ToWorker::Unassign(camera) => drop(self.wanted.remove(&camera)),
                ToWorker::Capture(capture) => self.order(capture),
                ToWorker::Start(_) => {}
                ToWorker::Stop => return false,
            }
        }
        true
    }

    /// Brings what is at work to what is wanted, as far as that can be now.
    fn reconcile(&mut self) {
        let gone = |camera: &Name, _: &mut Camera| !self.wanted.contains_key(camera);
        let gone: Vec<_> = self.at_work.extract_if(.., gone).collect();
        for (name, camera) in gone {
            self.close(&name, camera);
        }
        self.lenses.want(self.wanted.values().map(|wanted| &wanted.camera));
        let wanted: Vec<Assign> = self.wanted.values().cloned().collect();
        for wanted in wanted {
            self.bring(&wanted);
        }
        // Before the models they were looked at with go.
        let mut cameras: BTreeMap<Name, usize> = BTreeMap::new();
        for (name, wanted) in &self.wanted {
            let now = self.at_work.get(name).map(|camera| &camera.plan.model);
            let other = now.filter(|model| **model != wanted.camera.model);
            for model in other.into_iter().chain([&wanted.camera.model]) {
                *cameras.entry(model.clone()).or_default() += 1;
            }
        }
        if let Some(order) = self.models.order(&cameras) {
            let frames = self.shown(&order.name);
            self.loader.open(order, frames);
        }
        drop(self.way.desk.keep_models(&self.models.at_work()));
    }

    /// What cameras that are to be looked at with this model have shown last.
    fn shown(&self, model: &Name) -> Vec<SharedFrame> {
        let cameras = self.wanted.values().filter(|wanted| wanted.camera.model == *model);
        let at_work = cameras.filter_map(|wanted| self.at_work.get(&wanted.camera.id));
        // No frame has this number: the newest.
        let newest = at_work.filter_map(|camera| self.way.desk.kept(camera.slot, u64::MAX));
        newest.take(FRAMES_MAX).collect()
    }

    /// Brings one camera to what is wanted of it.
    fn bring(&mut self, wanted: &Assign) {
        let name = &wanted.camera.id;
        let VisionCamera { source, substream, .. } = &wanted.camera;
        let is_other =
            |camera: &Camera| (&camera.plan.source, &camera.plan.substream) != (source, substream);
        if self.at_work.get(name).is_some_and(is_other)
            && let Some(camera) = self.at_work.remove(name)
        {
            self.close(name, camera);
            let why = "it is opened anew, as the pipeline says now";
            self.tell_dark(name, why, CameraFault::Reopening);
        }
        let model = self.models.current(&wanted.camera.model);
        // While the model that is wanted is not there, the one at work goes on.
        let before = self.at_work.get(name).map(|camera| &camera.plan.model);
        let model = model.or_else(|| self.models.current(before?));
        match (self.at_work.get_mut(name), model) {
            (Some(camera), model) => change(camera, wanted, model, (&self.way, &self.lenses)),
            (None, Some(model)) => self.open(wanted, &model),
            (None, None) => {
                let model = &wanted.camera.model;
                let (why, code) = match self.models.refused().remove(model) {
                    Some(why) => (
                        format!("its model cannot be used: {why}"),
                        CameraFault::ModelUnusable { model: model.clone() },
                    ),
                    None => ("its model is being loaded".to_owned(), CameraFault::ModelLoading),
                };
                self.tell_dark(name, &why, code);
            }
        }
    }

    fn open(&mut self, wanted: &Assign, model: &Current) {
        let name = &wanted.camera.id;
        match self.not_before.get(name) {
            Some(Wait::Closed) => return,
            Some(Wait::Until(then)) if *then > clock::monotonic() => return,
            Some(Wait::Until(_)) | None => {}
        }
        let Way { desk, outlet, .. } = &self.way;
        let tally = Arc::new(Tally::default());
        let areas = Arc::new(Areas::new(about(&wanted.camera, &self.lenses)));
        let sizes = Arc::new(Mutex::new(Sizes::new(Proof::default())));
        let recorded = wanted.camera.recorded;
        let of = Of { name, tally: &tally, sizes: &sizes, areas: &areas, recorded };
        let view = view(of, model, wanted.epoch, &self.way);
        let need = wanted.camera.need;
        let slot = desk.add(Seat { model: model.id, need, state: view });
        outlet.must_tell(looks(name, model));
        match Camera::open(
            wanted,
            (model.id, areas),
            Place { slot, tally, sizes },
            self.way.clone(),
        ) {
            Ok(camera) => {
                self.not_before.remove(name);
                self.told.remove(name);
                self.at_work.insert(name.clone(), camera);
            }
            Err(error) => {
                desk.remove(slot);
                let then = clock::monotonic() + AGAIN_AFTER;
                self.not_before.insert(name.clone(), Wait::Until(then));
                self.tell_dark(name, &error.to_string(), error.code());
            }
        }
    }

    /// It takes a while, and the others must not wait for it.
    fn close(&mut self, name: &Name, camera: Camera) {
        self.way.desk.remove(camera.slot);
        self.not_before.insert(name.clone(), Wait::Closed);
        let (feed, closed, camera) = (camera.into_feed(), self.closed.0.clone(), name.clone());
        let spawned = std::thread::Builder::new().name("closing".into()).spawn(move || {
            drop(feed);
            // The worker may have ended meanwhile.
            let _ = closed.send(camera);
        });
        if let Err(error) = spawned {
            // With the thread that was not to be had the feed went, here and now.
            tracing::warn!(camera = %name, %error, "no thread to close it on; the others waited for it");
            self.not_before.remove(name);
        }
    }

    fn tell_dark(&mut self, name: &Name, reason: &str, fault: CameraFault) {
        if self.told.get(name).is_some_and(|told| told == reason) {
            return;
        }
        self.told.insert(name.clone(), reason.to_owned());
        let report = CameraReport::offline(name.clone(), reason.to_owned(), fault);
        self.way.outlet.must_tell(FromWorker::Camera(report));
    }

    /// Once a second; false when inference hangs.
    fn tick(&mut self) -> bool {
        for capture in self.peeks.overdue(clock::monotonic()) {
            self.capture(capture);
        }
        self.way.outlet.tell(FromWorker::Stats(self.stats()));
        let stuck = self.way.desk.longest_wait(clock::monotonic()) > STUCK_AFTER;
        if stuck {
            let reason = format!("inference has hung for {} s", STUCK_AFTER.as_secs());
            let failure = Failure::Passing;
            self.way.outlet.must_tell(FromWorker::Failed { reason, failure });
        }
        !stuck
    }

    /// Evidence is of the frame that was looked at. Who asks for a picture means now, and so does a rule
    /// that does not look.
    fn order(&mut self, capture: Capture) {
        let desk = &self.way.desk;
        let means_now = |camera: &Camera| {
            capture.moment == Moment::Commanded || !desk.keeps(camera.slot, capture.seq)
        };
        match self.at_work.get(&capture.camera) {
            Some(camera) if means_now(camera) && camera.peek(desk) => {
                self.peeks.wait(capture, clock::monotonic());
            }
            _ => self.capture(capture),
        }
    }

    /// The picture of now is there, for all who asked.
    fn fresh_came(&mut self, camera: &Name) {
        let slot = self.at_work.get(camera).map(|camera| camera.slot);
        let frame = slot.and_then(|slot| self.way.desk.take_fresh(slot));
        for capture in self.peeks.came(camera) {
            match &frame {
                Some(frame) => self.photograph(capture, Some(Arc::clone(frame))),
                None => self.capture(capture),
            }
        }
    }

    fn capture(&self, capture: Capture) {
        let camera = self.at_work.get(&capture.camera);
        let frame = camera.and_then(|camera| self.way.desk.kept(camera.slot, capture.seq));
        self.photograph(capture, frame);
    }

    fn photograph(&self, capture: Capture, frame: Option<SharedFrame>) {
        let Some(frame) = frame else {
            return self.way.outlet.answer(&capture, Err("its frame is gone".to_owned()));
        };
        let shot = match self.at_work.get(&capture.camera) {
            Some(camera) => camera.shot(frame),
            None => Shot::Frame(frame),
        };
        if let Err((capture, why)) = self.photographers.take(capture, shot) {
            self.way.outlet.answer(&capture, Err(why));
        }
    }

    fn stats(&self) -> WorkerStats {
        let Way { desk, outlet, ledger, .. } = &self.way;
        let of = |(name, camera): (&Name, &Camera)| (name.clone(), camera.stats(desk));
        let bytes = Stage::ALL.into_iter().map(|stage| (stage, ledger.bytes(stage)));
        WorkerStats {
            cameras: self.at_work.iter().map(of).collect(),
            copied_bytes: bytes.collect(),
            seam_dropped: outlet.dropped(),
            cpu_ms: clock::process_cpu().as_secs_f64() * 1000.0,
            models_wrong: self.models.wrong().into_iter().chain(self.lenses.wrong()).collect(),
            models_refused: self.models.refused(),
            classifiers_refused: self.lenses.refused(),
            models: self.models.runs(),
        }
    }
}

/// Changes of a camera whose pictures go on.
fn change(
    camera: &mut Camera,
    wanted: &Assign,
    model: Option<Current>,
    (way, lenses): (&Way, &Lenses),
) {
    if camera.plan.need != wanted.camera.need {
        camera.plan.need = wanted.camera.need;
        way.desk.attend(camera.slot, camera.plan.need, clock::event_time());
        camera.attend();
    }
    camera.plan.refine.clone_from(&wanted.camera.refine);
    let new = about(&wanted.camera, lenses);
    if *camera.areas.now() != new {
        if camera.plan.areas != new.areas {
            // What they have shown was of other areas.
            camera.sizes.lock().unwrap_or_else(PoisonError::into_inner).forget();
        }
        camera.plan.areas.clone_from(&new.areas);
        (camera.plan.closely, camera.plan.confidence_min) = (new.closely, new.confidence_min);
        camera.areas.set(new);
    }
    let Some(model) = model.filter(|model| model.id != camera.model) else { return };
    // One for each beginning: that of the order, else that of the model.
    let epoch = if wanted.epoch == camera.epoch { model.epoch } else { wanted.epoch };
    let Camera { tally, sizes, areas, .. } = &*camera;
    let of = Of { name: &camera.plan.id, tally, sizes, areas, recorded: camera.plan.recorded };
    let mut view = view(of, &model, epoch, way);
    view.news = Some(looks(&camera.plan.id, &model));
    way.desk.change_model(camera.slot, model.id, view);
    (camera.model, camera.epoch) = (model.id, wanted.epoch);
    camera.plan.model = model.name;
}

/// What outlives a camera's views.
#[derive(Clone, Copy)]
struct Of<'a> {
    name: &'a Name,
    tally: &'a Arc<Tally>,
    sizes: &'a Arc<Mutex<Sizes>>,
    areas: &'a Arc<Areas>,
    recorded: bool,
}

fn view(of: Of<'_>, model: &Current, epoch: u32, way: &Way) -> View {
    let Of { name, tally, sizes, areas, recorded } = of;
    let (areas, ledger) = (Arc::clone(areas), Arc::clone(&way.ledger));
    let gaze = Gaze::new(name.clone(), &model.watched.model, epoch, areas, ledger).in_time();
    let gaze = if recorded { gaze } else { gaze.gated(Proof::default()) };
    View { gaze, tally: Arc::clone(tally), sizes: Arc::clone(sizes), news: None }
}

fn about(camera: &VisionCamera, lenses: &Lenses) -> About {
    let VisionCamera { closely, confidence_min, .. } = *camera;
    About { areas: camera.areas.clone(), closely, confidence_min, lenses: lenses.of(camera) }
}

fn looks(camera: &Name, model: &Current) -> FromWorker {
    FromWorker::Looks { camera: camera.clone(), model: model.watched.told() }
}
