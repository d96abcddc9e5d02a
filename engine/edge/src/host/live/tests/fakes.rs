//! The world around the event plane.

mod beside;
mod disk;

use super::super::outside::{Arrival, Arrivals, Centre, Clock, Finish, Lookers, Retraces, Storage};
use crate::disk::Room;
use crate::evidence::{EvidenceStore, Finished, Step};
use crate::fleet::FleetOptions;
use crate::publish::{Heard, PublishCounters, Said};
use crate::retrace::{Job, Retraced};
use crate::store::{
    Committed, Depth, FILE_NAME, Held, Judged, Outbox, OutboxRow, Store, StoreError, StoredState,
    Unread,
};
use crate::telemetry::WorkerMemory;
use crate::vision::share::Share;
use crate::vision::supervise::{Ended, FromFleet, Quarantine, WorkerEvent};
use crossbeam_channel::{Receiver, Sender, bounded};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use viahe_contract::id::{CommandId, Name, WorkerId};
use viahe_contract::message::{CameraState, ModelRef, Verdict};
use viahe_contract::sha256::Sha256;
use viahe_core::attention::Need;
use viahe_core::engine::{Capture, Changes, Saves};
use viahe_core::incident::Revision;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

pub(super) use beside::{AtOnce, Librarian};
pub(super) use disk::Disk;

/// When the world begins: 2026-11-22 08:14 at the site.
pub(super) const BEGIN: Timestamp = Timestamp::from_secs(1_795_310_040);

/// Clones are one and the same.
#[derive(Clone)]
pub(super) struct World(Arc<Mutex<State>>);

/// What will happen.
enum Due {
    Worker(FromFleet),
    Heard(Heard),
    Other(Box<dyn FnOnce(&World) + Send>),
}

/// What a worker does with an order to take a picture.
type Answers = dyn FnMut(&World, &Capture) + Send;

#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own that a test sets")]
pub(super) struct State {
    zero: Instant,
    /// Since the beginning.
    passed: Duration,
    /// By how much the box's clock was set, in ms.
    set_ms: i64,
    due: BTreeMap<(Duration, u64), Due>,
    number: u64,
    answers: Option<Box<Answers>>,
    /// The workers, with their cameras.
    pub(super) workers: BTreeMap<WorkerId, Vec<Name>>,
    /// With those of a plan that is read again; with all of its cameras, the first worker alone.
    pub(super) workers_next: Option<BTreeMap<WorkerId, Vec<Name>>>,
    /// Workers that say nothing, and since when; they are ended after 15 s.
    pub(super) silent: BTreeMap<WorkerId, Duration>,
    /// How long it takes to hear a message of a worker.
    pub(super) hearing_takes: Duration,
    /// They take no orders.
    pub(super) deaf: bool,
    /// Weights that are no model's on this box.
    pub(super) unknown: Option<Sha256>,
    /// Cameras that are kept away from them.
    pub(super) quarantined: BTreeMap<Name, Quarantine>,
    /// What cameras were said to need, oldest first.
    pub(super) needs: Vec<(Name, Need)>,
    /// The disk takes nothing.
    pub(super) disk_full: bool,
    /// The damage that verdicts meet in the store's file.
    pub(super) damage: Option<String>,
    /// Room on it; the test's own disk is no matter.
    pub(super) room: Option<Room>,
    /// How many revisions the broker takes at a time.
    pub(super) broker_takes: usize,
    outbox: Option<Outbox>,
    /// Incident messages that the broker took, and when.
    pub(super) taken: Vec<(Duration, Value)>,
    /// What was said beside, and when.
    pub(super) said: Vec<(Duration, Said)>,
    /// How many commits there had been then.
    pub(super) commits_when_said: Vec<u64>,
    /// States of cameras, and when they were told.
    pub(super) states: Vec<(Duration, Name, CameraState)>,
    /// Commits that the disk took.
    pub(super) commits: u64,
    /// The workers were ended.
    pub(super) stopped: bool,
    /// Nobody answers questions about the history.
    pub(super) nobody_answers: bool,
}

impl State {
    fn is_heard(&mut self) {
        self.passed += self.hearing_takes;
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            zero: crate::clock::monotonic(),
            passed: Duration::ZERO,
            set_ms: 0,
            due: BTreeMap::new(),
            number: 0,
            answers: None,
            workers: BTreeMap::new(),
            workers_next: None,
            silent: BTreeMap::new(),
            hearing_takes: Duration::ZERO,
            deaf: false,
            unknown: None,
            quarantined: BTreeMap::new(),
            needs: Vec::new(),
            disk_full: false,
            damage: None,
            room: None,
            broker_takes: usize::MAX,
            outbox: None,
            taken: Vec::new(),
            said: Vec::new(),
            commits_when_said: Vec::new(),
            states: Vec::new(),
            commits: 0,
            stopped: false,
            nobody_answers: false,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn passed(&self) -> Duration {
        self.state().passed
    }

    fn will(&self, at: Duration, due: Due) {
        let mut state = self.state();
        state.number += 1;
        let number = state.number;
        state.due.insert((at, number), due);
    }

    /// A worker says something.
    pub(super) fn worker(&self, at: Duration, said: FromFleet) {
        self.will(at, Due::Worker(said));
    }

    /// A message comes over MQTT.
    pub(super) fn heard(&self, at: Duration, heard: Heard) {
        self.will(at, Due::Heard(heard));
    }

    /// Something else happens.
    pub(super) fn then(&self, at: Duration, does: impl FnOnce(&Self) + Send + 'static) {
        self.will(at, Due::Other(Box::new(does)));
    }

    /// How workers answer from now on.
    pub(super) fn answers(&self, does: impl FnMut(&Self, &Capture) + Send + 'static) {
        self.state().answers = Some(Box::new(does));
    }

    /// Somebody sets the box's clock.
    pub(super) fn set_clock(&self, by_ms: i64) {
        self.state().set_ms += by_ms;
    }

    /// The broker takes what waits, as much as it does.
    fn deliver(&self) {
        let mut state = self.state();
        let (now, most) = (state.passed, state.broker_takes);
        let Some(outbox) = &mut state.outbox else { return };
        let rows = outbox.pending(most, 0).unwrap();
        let numbers: Vec<i64> = rows.iter().map(|row| row.row).collect();
        outbox.acknowledge(&numbers).unwrap();
        let message = |payload: &[u8]| serde_json::from_slice(payload).unwrap();
        let taken = rows.iter().map(|row| (now, message(&row.payload)));
        state.taken.extend(taken);
    }
}

impl Clock for World {
    fn monotonic(&self) -> Instant {
        let state = self.state();
        state.zero + state.passed
    }

    fn now(&self) -> Timestamp {
        let state = self.state();
        BEGIN.plus(state.passed).shifted(state.set_ms * 1_000_000)
    }

    fn event_time(&self) -> Timestamp {
        BEGIN.plus(self.passed())
    }
}

impl Arrivals for World {
    fn next(&mut self, finished: &Receiver<Finished>, within: Duration) -> Arrival {
        if let Ok(done) = finished.try_recv() {
            return Arrival::Finished(Some(done));
        }
        let next = {
            let mut state = self.state();
            let until = state.passed + within;
            let due = state.due.first_key_value().map(|(key, _)| *key).filter(|key| key.0 <= until);
            state.passed = state.passed.max(due.map_or(until, |key| key.0));
            due.and_then(|key| state.due.remove(&key))
        };
        match next {
            Some(Due::Worker(said)) => {
                self.state().is_heard();
                Arrival::Worker(said)
            }
            Some(Due::Heard(heard)) => Arrival::Heard(heard),
            Some(Due::Other(does)) => {
                does(self);
                Arrival::Nothing
            }
            None => Arrival::Nothing,
        }
    }

    fn of_workers(&mut self) -> Option<FromFleet> {
        let mut state = self.state();
        let passed = state.passed;
        let next = state.due.first_entry().filter(|due| due.key().0 <= passed)?;
        match next.get() {
            Due::Worker(_) => match next.remove() {
                Due::Worker(said) => {
                    state.is_heard();
                    Some(said)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn of_wire(&mut self) -> Option<Heard> {
        let mut state = self.state();
        let passed = state.passed;
        let here = |((at, _), due): &(&(Duration, u64), &Due)| {
            *at <= passed && matches!(due, Due::Heard(_))
        };
        let key = state.due.iter().find(here).map(|(key, _)| *key)?;
        match state.due.remove(&key) {
            Some(Due::Heard(heard)) => Some(heard),
            _ => None,
        }
    }

    fn waiting(&self) -> usize {
        let state = self.state();
        let here = state.due.iter().take_while(|((at, _), _)| *at <= state.passed);
        here.filter(|(_, due)| matches!(due, Due::Worker(_))).count()
    }

    fn close(&mut self) {}
}

impl Lookers for World {
    fn attend(&mut self, camera: &Name, need: Need) {
        self.state().needs.push((camera.clone(), need));
    }

    fn capture(&self, capture: &Capture) -> Result<WorkerId, &'static str> {
        if self.state().deaf {
            return Err("it takes no orders");
        }
        let seat = self.seats().into_iter().find(|(camera, _)| *camera == capture.camera);
        let answers = self.state().answers.take();
        if let Some(mut answers) = answers {
            answers(self, capture);
            self.state().answers.get_or_insert(answers);
        }
        seat.map(|(_, worker)| worker).ok_or("no worker has its camera")
    }

    fn knows(&mut self, model: &ModelRef) -> bool {
        self.state().unknown != Some(model.sha256)
    }

    fn has(&self, worker: WorkerId, camera: &Name) -> bool {
        self.cameras_of(worker).contains(camera)
    }

    fn cameras_of(&self, worker: WorkerId) -> Vec<Name> {
        self.state().workers.get(&worker).cloned().unwrap_or_default()
    }

    fn seats(&self) -> Vec<(Name, WorkerId)> {
        let state = self.state();
        let seats = state
            .workers
            .iter()
            .flat_map(|(worker, cameras)| cameras.iter().map(|camera| (camera.clone(), *worker)));
        seats.collect()
    }

    fn workers_for(&self, _plan: &Plan) -> usize {
        self.state().workers.len()
    }

    fn apply(&mut self, plan: &Share, _options: FleetOptions) {
        let mut state = self.state();
        let all = || BTreeMap::from([(WorkerId(0), plan.cameras.keys().cloned().collect())]);
        state.workers = state.workers_next.take().unwrap_or_else(all);
    }

    fn quarantined(&self) -> BTreeMap<Name, Quarantine> {
        self.state().quarantined.clone()
    }

    fn end_silent(&mut self, heard_up_to: Instant) {
        let mut state = self.state();
        let (now, zero) = (state.passed, state.zero);
        let for_long = |_: &WorkerId, since: &mut Duration| {
            heard_up_to.saturating_duration_since(zero + *since) > Duration::from_secs(15)
        };
        let ended: Vec<WorkerId> = state.silent.extract_if(.., for_long).map(|one| one.0).collect();
        drop(state);
        for worker in ended {
            let ended = Ended { reason: "it was silent".to_owned(), for_memory: false };
            self.worker(now, (worker, WorkerEvent::Gone(ended)));
        }
    }

    fn memory(&self) -> BTreeMap<WorkerId, WorkerMemory> {
        BTreeMap::new()
    }

    fn abandoned(&self) -> Option<WorkerId> {
        None
    }

    fn stop(&mut self) {
        self.state().stopped = true;
    }
}

impl Centre for World {
    fn wake(&self) {
        self.deliver();
    }

    fn camera_state(&self, camera: &Name, told: &CameraState) {
        let mut state = self.state();
        let passed = state.passed;
        state.states.push((passed, camera.clone(), told.clone()));
    }

    fn status(&self, _models: Vec<ModelRef>) {}

    fn say(&self, message: Said) {
        let mut state = self.state();
        let (passed, commits) = (state.passed, state.commits);
        state.said.push((passed, message));
        state.commits_when_said.push(commits);
    }

    fn subscribed(&self) -> u64 {
        1
    }

    fn dropped(&self) -> [u64; 2] {
        [0, 0]
    }

    fn counters(&self) -> PublishCounters {
        PublishCounters::default()
    }

    fn hand_over(&mut self, drain: Duration) -> usize {
        self.deliver();
        let mut state = self.state();
        state.passed += drain;
        let outbox = state.outbox.take();
        outbox.map_or(0, |outbox| outbox.depth().unwrap().rows as usize)
    }
}
