//! A street in a test's words: what happens there, and what the centre was told of it.

use super::super::day::EventTime;
use super::super::outside::Clock;
use super::super::parts::{Parts, Reload, Totals, Unobserved};
use super::super::plane::EventPlane;
use super::fakes::{AtOnce, BEGIN, Disk, Librarian, World};
use crate::evidence::{EvidenceStore, PendingWriter, evidence_dir};
use crate::history::{History, history_dir};
use crate::publish::Heard;
use crate::record::{RecordOptions, Recorder};
use crate::store::{Limits, Store};
use crate::telemetry::{Metrics, series};
use crate::trouble::{Trouble, Troubles};
use crate::tune::Tuned;
use crate::vision::supervise::{Ended, WorkerEvent};
use crossbeam_channel::{Sender, bounded};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use viahe_contract::id::{Name, TrackId, WorkerId};
use viahe_contract::message::{CameraStatus, Medium, ModelRef};
use viahe_contract::sha256::Sha256;
use viahe_core::engine::Capture;
use viahe_core::frame::FrameStamp;
use viahe_core::observe::{Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::seam::{CameraReport, FromWorker, Picture, SEAM_VERSION};
use viahe_core::time::ClockSource;

/// The only worker, unless a test has more.
pub(super) const WORKER: WorkerId = WorkerId(0);
const SIZE_PX: [u32; 2] = [1280, 720];

/// A camera that looks at a kerb once a second; a vehicle that stands there for 10 s is an incident, and it
/// is over when none was seen for 20 s.
pub(super) struct Street {
    pub(super) world: World,
    pub(super) troubles: Troubles,
    pub(super) limits: Limits,
    /// What the engine sees is recorded there.
    pub(super) record: Option<PathBuf>,
    /// So much history is kept.
    pub(super) history_bytes_max: u64,
    pub(super) metrics: Arc<Metrics>,
    _dir: tempfile::TempDir,
    /// What the box may write to, below `dir`.
    state_dir: PathBuf,
    /// What it begins with.
    pub(super) plan: Plan,
    /// As it is on disk.
    written: Arc<Mutex<Plan>>,
    reload: (Sender<()>, Option<Reload>),
}

/// Clones are one and the same.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

pub(super) fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

impl Street {
    pub(super) fn new() -> Self {
        let street = Self::silent();
        street.up(0.0);
        street
    }

    /// No worker has said anything yet.
    pub(super) fn silent() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let street =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats/street.toml");
        let mut plan = crate::project::load(&street).unwrap();
        let state_dir = dir.path().join("state");
        std::fs::create_dir(&state_dir).unwrap();
        state_dir.clone_into(&mut plan.engine.state_dir);
        let world = World::new();
        let cameras = plan.cameras.iter().map(|camera| camera.id.clone()).collect();
        world.state().workers.insert(WORKER, cameras);
        let (ask, asked) = bounded(1);
        let written = Arc::new(Mutex::new(plan.clone()));
        let read = Arc::clone(&written);
        let load = Box::new(move || Ok(read.lock().unwrap().clone()));
        let troubles = Troubles::default();
        let reload = (ask, Some(Reload { load, asked, clerk: None }));
        let limits = Limits { ballast_bytes: 0, ..Limits::default() };
        let metrics = Metrics::new("test", troubles.clone());
        let record = None;
        let street = Self {
            world,
            troubles,
            limits,
            record,
            history_bytes_max: 0,
            metrics,
            _dir: dir,
            state_dir,
            plan,
            written,
            reload,
        };
        street.pictures_after(0.02);
        street
    }

    pub(super) fn plan(&self) -> Arc<Plan> {
        Arc::new(self.plan.clone())
    }

    /// The state folder.
    pub(super) fn dir(&self) -> &Path {
        &self.state_dir
    }

    /// The worker is ready, and the camera is there.
    pub(super) fn up(&self, at: f64) {
        let model = ModelRef {
            name: name("ssdlite-coco"),
            sha256: Sha256::from_bytes([7; 32]),
            licence: None,
        };
        self.says(at, FromWorker::Hello { version: SEAM_VERSION });
        self.says(at, FromWorker::Looks { camera: name("gate"), model });
        let report = CameraReport {
            camera: name("gate"),
            status: CameraStatus::Online,
            reason: String::new(),
            causes: Vec::new(),
        };
        self.says(at, FromWorker::Camera(report));
    }

    /// The worker says something.
    pub(super) fn says(&self, at: f64, said: FromWorker) {
        self.world.worker(secs(at), (WORKER, WorkerEvent::Said(said)));
    }

    /// The worker is gone.
    pub(super) fn gone(&self, at: f64) {
        let ended = Ended { reason: "it was killed".to_owned(), for_memory: false };
        self.world.worker(secs(at), (WORKER, WorkerEvent::Gone(ended)));
    }

    /// The camera looks each second of a time; a vehicle stands there, or nothing is to be seen.
    pub(super) fn looks(&self, from: u64, until: u64, vehicle: bool) {
        for second in from..until {
            self.says(second as f64, FromWorker::Observation(look("gate", second, vehicle)));
        }
    }

    /// A vehicle stands there for a time, and the camera goes on to look for a while.
    pub(super) fn vehicle(&self, from: u64, until: u64) {
        self.looks(from, until, true);
        self.looks(until, until + 30, false);
    }

    /// A worker's answer to each order for a picture: it is there after so long.
    pub(super) fn pictures_after(&self, after: f64) {
        self.world.answers(self.answering(after));
    }

    /// See [`Street::pictures_after`].
    pub(super) fn answering(&self, after: f64) -> impl FnMut(&World, &Capture) + Send + 'static {
        let writer = self.writer();
        move |world, capture| {
            let said = picture(&writer, capture);
            world.worker(world.passed() + secs(after), (WORKER, WorkerEvent::Said(said)));
        }
    }

    /// No worker answers any more.
    pub(super) fn no_pictures(&self) {
        self.world.answers(|_, _| {});
    }

    pub(super) fn writer(&self) -> PendingWriter {
        PendingWriter::new(&evidence_dir(&self.state_dir))
    }

    /// An order of the centre.
    pub(super) fn order(&self, at: f64, name: &str, mut body: Value) {
        body["id"] = json!(format!("{name}-{at}").replace('.', "_"));
        let heard = Heard {
            topic: format!("viahe/v1/formats/cmd/{name}"),
            payload: body.to_string().into_bytes(),
            at: BEGIN.plus(secs(at)),
            retained: false,
            answer_to: None,
        };
        self.world.heard(secs(at), heard);
    }

    /// Somebody on the box asks for the pipeline to be read again.
    pub(super) fn hang_up(&self, at: f64) {
        let ask = self.reload.0.clone();
        self.world.then(secs(at), move |_| ask.try_send(()).unwrap());
    }

    /// Somebody changes the pipeline and asks for it to be read again; these are the workers then.
    pub(super) fn reloads(
        &self,
        at: f64,
        workers: &[(WorkerId, &[&str])],
        change: impl FnOnce(&mut Plan) + Send + 'static,
    ) {
        let of = |(worker, cameras): &(WorkerId, &[&str])| {
            (*worker, cameras.iter().map(|camera| name(camera)).collect())
        };
        let workers = workers.iter().map(of).collect();
        let written = Arc::clone(&self.written);
        self.world.then(secs(at), move |world| {
            change(&mut written.lock().unwrap());
            world.state().workers_next = Some(workers);
        });
        self.hang_up(at);
    }

    /// What was refused of workers, as series.
    pub(super) fn refused(&self) -> Vec<String> {
        let mut all = series(&self.metrics);
        all.retain(|series| series.starts_with("viahe_worker_refused_total"));
        all
    }

    /// Runs until `stop`.
    pub(super) fn run(&mut self, stop: f64) -> Totals {
        self.try_run(stop).unwrap()
    }

    /// As [`Street::run`]; what was logged, a line each.
    pub(super) fn run_logged(&mut self, stop: f64) -> String {
        let log = Log::default();
        let to = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_writer(move || to.clone())
            .finish();
        // With one alone, `tracing` asks the thread that meets a line first, and that may be another test's.
        let _second = tracing::Dispatch::new(tracing_subscriber::registry());
        tracing::subscriber::with_default(subscriber, || self.run(stop));
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    pub(super) fn try_run(&mut self, until: f64) -> Result<Totals, String> {
        let (stopper, stop) = bounded(1);
        self.world.then(secs(until), move |_| drop(stopper));
        let dir = self.dir();
        let store = Store::open_with(dir, self.limits).unwrap();
        let evidence = evidence_dir(dir);
        let evidence = Arc::new(EvidenceStore::open(&evidence, 1 << 30).unwrap());
        let recorder = self
            .record
            .clone()
            .map(|path| Recorder::create(&RecordOptions { path, bytes_max: u64::MAX }).unwrap());
        let now = Clock::monotonic(&self.world);
        let plane = EventPlane::new(Parts {
            plan: self.plan(),
            clock: Box::new(self.world.clone()),
            event_time: EventTime::open(dir),
            arrivals: Box::new(self.world.clone()),
            store: Box::new(Disk::new(store, &self.world, dir.to_owned())),
            store_error: None,
            finisher: Box::new(AtOnce::new(Arc::clone(&evidence))),
            evidence,
            fleet: Box::new(self.world.clone()),
            centre: Box::new(self.world.clone()),
            metrics: Arc::clone(&self.metrics),
            troubles: self.troubles.clone(),
            recorder,
            history: History::open(&history_dir(dir), self.history_bytes_max, now).unwrap(),
            retracer: Box::new(Librarian::new(&self.world)),
            shadow: None,
            tuned: Tuned::default(),
            reload: self.reload.1.take(),
            observer: Box::new(Unobserved),
        });
        plane.unwrap().run(&stop, secs(5.0)).map_err(|error| error.to_string())
    }

    /// What the centre was told of incidents: `10 s: r1 open, 2 pictures`, or `1 pictures, awaited`.
    pub(super) fn told(&self) -> Vec<String> {
        let state = self.world.state();
        let told = state.taken.iter().map(|(at, message)| {
            let data = &message["data"];
            let pictures = data["evidence"].as_array().unwrap().len();
            let (revision, state) = (&data["revision"], data["state"].as_str().unwrap());
            let more = match data["evidence_state"].as_str().unwrap() {
                "complete" => String::new(),
                more => format!(", {more}"),
            };
            format!("{} s: r{revision} {state}, {pictures} pictures{more}", at.as_secs())
        });
        told.collect()
    }

    /// Messages of incidents.
    pub(super) fn messages(&self) -> Vec<Value> {
        self.world.state().taken.iter().map(|(_, message)| message.clone()).collect()
    }

    /// Answers to orders, with whether they were carried out and when: `10 s: true suspend-5`.
    pub(super) fn answers(&self) -> Vec<String> {
        let state = self.world.state();
        let answers = state.said.iter().filter(|(_, said)| said.topic.contains("/reply/"));
        let told = answers.map(|(at, said)| {
            let reply: Value = serde_json::from_slice(&said.payload).unwrap();
            format!("{} s: {} {}", at.as_secs(), reply["ok"], reply["id"].as_str().unwrap())
        });
        told.collect()
    }

    /// Does something not work now?
    pub(super) fn lasts(&self, trouble: Trouble) -> bool {
        self.troubles.lasting().iter().any(|lasting| lasting.trouble == trouble)
    }

    /// The store, once a run is over.
    pub(super) fn store(&self) -> Store {
        Store::open_with(&self.state_dir, self.limits).unwrap()
    }

    /// Is there a kept picture with this hash?
    pub(super) fn has_picture(&self, sha256: &str) -> bool {
        let store = EvidenceStore::open(&evidence_dir(&self.state_dir), 1 << 30).unwrap();
        store.path_of(sha256.try_into().unwrap()).is_some()
    }

    /// Pictures on disk: kept, and undecided.
    pub(super) fn files(&self) -> [usize; 2] {
        let counters =
            EvidenceStore::open(&evidence_dir(&self.state_dir), 1 << 30).unwrap().counters();
        [counters.pictures, counters.pending].map(|n| n as usize)
    }
}

/// What a camera saw.
pub(super) fn look(camera: &str, second: u64, vehicle: bool) -> Observation {
    let at = BEGIN.plus(Duration::from_secs(second));
    let object = Object {
        track: TrackId::new(0, 1),
        class: "vehicle.car".try_into().unwrap(),
        confidence: 0.9.try_into().unwrap(),
        bbox: [0.4, 0.5, 0.6, 0.7].try_into().unwrap(),
    };
    let (clock, offset_ms) = (ClockSource::Arrival, 0);
    Observation {
        camera: name(camera),
        frame: FrameStamp { seq: second, captured: at, arrived: at, clock, offset_ms },
        size_px: SIZE_PX,
        objects: if vehicle { vec![object] } else { Vec::new() },
        undecided: Vec::new(),
    }
}

/// A picture of the frame, on disk.
pub(super) fn picture(writer: &PendingWriter, capture: &Capture) -> FromWorker {
    let stored = writer.put(capture.id, Medium::Jpeg, &capture.id.0.to_le_bytes()).unwrap();
    let picture = Picture {
        sha256: stored.sha256,
        bytes: stored.bytes,
        medium: stored.medium,
        captured: BEGIN.plus(Duration::from_secs(capture.seq)),
        seq: capture.seq,
        size_px: SIZE_PX,
    };
    FromWorker::Captured { capture: capture.id, picture: Ok(picture) }
}
