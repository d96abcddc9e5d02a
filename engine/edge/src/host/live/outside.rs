//! What the event plane needs of the world around it: a clock, a store, a centre, workers, and what arrives
//! from them. Each trait has only what is used here, so that a test can be the world.

use crate::disk::Room;
use crate::evidence::{Finished, Finisher, Step};
use crate::fleet::{Fleet, FleetOptions};
use crate::publish::{Heard, PublishCounters, Publisher, Said, Wire};
use crate::refused::Refused;
use crate::retrace::{Job, Retraced, Retracer};
use crate::store::{
    Committed, Depth, Held, Judged, OutboxRow, Store, StoreError, StoredState, Unread,
};
use crate::telemetry::WorkerMemory;
use crate::vision::share::Share;
use crate::vision::supervise::{FromFleet, Quarantine};
use crossbeam_channel::{Receiver, never, select};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use viahe_contract::id::{CommandId, Name, WorkerId};
use viahe_contract::message::{CameraState, ModelRef, Verdict};
use viahe_contract::sha256::Sha256;
use viahe_core::attention::Need;
use viahe_core::engine::{Capture, Changes, Saves};
use viahe_core::incident::Revision;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

/// Clocks.
pub(crate) trait Clock: Send {
    /// For intervals.
    fn monotonic(&self) -> Instant;
    /// The time of day; it may be set.
    fn now(&self) -> Timestamp;
    /// The time of events; it is never set.
    fn event_time(&self) -> Timestamp;
}

/// Those of the box.
pub(crate) struct BoxClock;

impl Clock for BoxClock {
    fn monotonic(&self) -> Instant {
        crate::clock::monotonic()
    }

    fn now(&self) -> Timestamp {
        crate::clock::now()
    }

    fn event_time(&self) -> Timestamp {
        crate::clock::event_time()
    }
}

/// Something that arrived.
pub(crate) enum Arrival {
    /// A worker said something.
    Worker(FromFleet),
    /// A message came over MQTT.
    Heard(Heard),
    /// A step of what is done apart from this thread; none when nobody does any more.
    Finished(Option<Finished>),
    /// Nothing, in the time that it was waited for.
    Nothing,
    /// No worker will ever say anything again.
    NoWorkers,
}

/// What arrives.
pub(crate) trait Arrivals: Send {
    /// Waits for the next, also for what is `finished`, but no longer than so.
    fn next(&mut self, finished: &Receiver<Finished>, within: Duration) -> Arrival;
    /// What a worker said, if it is here already.
    fn of_workers(&mut self) -> Option<FromFleet>;
    /// A message, if it is here already.
    fn of_wire(&mut self) -> Option<Heard>;
    /// How much of workers is here already.
    fn waiting(&self) -> usize;
    /// Workers are not listened to any more. One that waits to be heard must not wait for ever.
    fn close(&mut self);
}

/// Channels from fleet and wire.
pub(crate) struct Channels {
    /// Of workers.
    pub(crate) events: Receiver<FromFleet>,
    /// Of MQTT; silent for ever without a wire.
    pub(crate) heard: Receiver<Heard>,
}

impl Arrivals for Channels {
    fn next(&mut self, finished: &Receiver<Finished>, within: Duration) -> Arrival {
        select! {
            recv(finished) -> done => Arrival::Finished(done.ok()),
            recv(self.events) -> event => event.map_or(Arrival::NoWorkers, Arrival::Worker),
            // The wire goes only with us.
            recv(self.heard) -> heard => heard.map_or(Arrival::Nothing, Arrival::Heard),
            default(within) => Arrival::Nothing,
        }
    }

    fn of_workers(&mut self) -> Option<FromFleet> {
        self.events.try_recv().ok()
    }

    fn of_wire(&mut self) -> Option<Heard> {
        self.heard.try_recv().ok()
    }

    fn waiting(&self) -> usize {
        self.events.len()
    }

    fn close(&mut self) {
        self.events = never();
    }
}

/// Where incidents and state are kept: see [`Store`].
pub(crate) trait Storage: Send {
    /// See [`Store::state`].
    fn state(&self) -> Result<StoredState, StoreError>;
    /// See [`Store::keep_unread`].
    fn keep_unread(&self, unread: &[Unread]) -> Result<PathBuf, StoreError>;
    /// See [`Store::unread_states`].
    fn unread_states(&self) -> Vec<PathBuf>;
    /// See [`Store::open_incidents`].
    fn open_incidents(&self) -> Result<Vec<Result<Revision, String>>, StoreError>;
    /// See [`Store::saves`].
    fn saves(&self) -> &Saves;
    /// See [`Store::commit`].
    fn commit(&mut self, rows: &[OutboxRow], state: &Changes) -> Result<Committed, StoreError>;
    /// See [`Store::judge`].
    fn judge(&mut self, verdicts: &[Verdict]) -> Result<Vec<Judged>, StoreError>;
    /// See [`Store::send_asked`].
    fn send_asked(&mut self, sha256: Sha256, asked: Timestamp) -> Result<(), StoreError>;
    /// See [`Store::hold`].
    fn hold(&mut self, rows: Vec<OutboxRow>) -> Vec<OutboxRow>;
    /// See [`Store::held`].
    fn held(&self) -> &Held;
    /// See [`Store::depth`].
    fn depth(&self) -> Result<Depth, StoreError>;
    /// See [`Store::give_up_ballast`].
    fn give_up_ballast(&self) -> bool;
    /// See [`Store::begin_anew`].
    fn begin_anew(&mut self) -> Result<(), StoreError>;
    /// See [`Store::copies_set_aside`].
    fn copies_set_aside(&self) -> Vec<PathBuf>;
    /// Room on its disk; none when that cannot be told.
    fn room(&self) -> Option<Room>;
}

impl Storage for Store {
    fn state(&self) -> Result<StoredState, StoreError> {
        Self::state(self)
    }

    fn keep_unread(&self, unread: &[Unread]) -> Result<PathBuf, StoreError> {
        Self::keep_unread(self, unread)
    }

    fn unread_states(&self) -> Vec<PathBuf> {
        Self::unread_states(self)
    }

    fn open_incidents(&self) -> Result<Vec<Result<Revision, String>>, StoreError> {
        Self::open_incidents(self)
    }

    fn saves(&self) -> &Saves {
        Self::saves(self)
    }

    fn commit(&mut self, rows: &[OutboxRow], state: &Changes) -> Result<Committed, StoreError> {
        Self::commit(self, rows, Some(state))
    }

    fn judge(&mut self, verdicts: &[Verdict]) -> Result<Vec<Judged>, StoreError> {
        Self::judge(self, verdicts)
    }

    fn send_asked(&mut self, sha256: Sha256, asked: Timestamp) -> Result<(), StoreError> {
        Self::send_asked(self, sha256, asked)
    }

    fn hold(&mut self, rows: Vec<OutboxRow>) -> Vec<OutboxRow> {
        Self::hold(self, rows)
    }

    fn held(&self) -> &Held {
        Self::held(self)
    }

    fn depth(&self) -> Result<Depth, StoreError> {
        Self::depth(self)
    }

    fn give_up_ballast(&self) -> bool {
        Self::give_up_ballast(self)
    }

    fn begin_anew(&mut self) -> Result<(), StoreError> {
        Self::begin_anew(self)
    }

    fn copies_set_aside(&self) -> Vec<PathBuf> {
        Self::copies_set_aside(self)
    }

    fn room(&self) -> Option<Room> {
        Room::of(self.dir())
    }
}

/// Does what is to be done to pictures: see [`Finisher`].
pub(crate) trait Finish: Send {
    /// See [`Finisher::take`].
    fn take(&mut self, step: Step) -> Result<(), String>;
    /// See [`Finisher::finished`].
    fn finished(&self) -> &Receiver<Finished>;
    /// See [`Finisher::waiting`].
    fn waiting(&self) -> usize;
    /// See [`Finisher::revive`].
    fn revive(&mut self);
    /// See [`Finisher::end`].
    fn end(self: Box<Self>, within: Duration) -> bool;
}

impl Finish for Finisher {
    fn take(&mut self, step: Step) -> Result<(), String> {
        Self::take(self, step)
    }

    fn finished(&self) -> &Receiver<Finished> {
        Self::finished(self)
    }

    fn waiting(&self) -> usize {
        Self::waiting(self)
    }

    fn revive(&mut self) {
        Self::revive(self);
    }

    fn end(self: Box<Self>, within: Duration) -> bool {
        Self::end(*self, within)
    }
}

/// Goes through the history beside this thread: see [`Retracer`].
pub(crate) trait Retraces: Send {
    /// See [`Retracer::begin`].
    fn begin(&mut self, job: Job) -> Result<(), Refused>;
    /// See [`Retracer::answer`].
    fn answer(&mut self) -> Option<Retraced>;
    /// See [`Retracer::give_up`].
    fn give_up(&mut self) -> Option<CommandId>;
}

impl Retraces for Retracer {
    fn begin(&mut self, job: Job) -> Result<(), Refused> {
        Self::begin(self, job)
    }

    fn answer(&mut self) -> Option<Retraced> {
        Self::answer(self)
    }

    fn give_up(&mut self) -> Option<CommandId> {
        Self::give_up(self)
    }
}

/// The operations centre: what is told there. Nobody here ever waits for it.
pub(crate) trait Centre: Send {
    /// There are new rows.
    fn wake(&self);
    /// `…/cam/{camera}/state`.
    fn camera_state(&self, camera: &Name, state: &CameraState);
    /// Which models look, in `…/status`.
    fn status(&self, models: Vec<ModelRef>);
    /// A message that may be lost with the link.
    fn say(&self, message: Said);
    /// How often all was subscribed.
    fn subscribed(&self) -> u64;
    /// Messages dropped, heard and said.
    fn dropped(&self) -> [u64; 2];
    /// How incidents fare.
    fn counters(&self) -> PublishCounters;
    /// Hands over what incidents it can within this time; how many rows are left.
    fn hand_over(&mut self, drain: Duration) -> usize;
}

/// By MQTT.
pub(crate) struct Mqtt {
    /// What must arrive; gone once it has handed over.
    publisher: Option<Publisher>,
    /// What may be lost.
    wire: Wire,
}

impl Mqtt {
    pub(crate) fn new(publisher: Publisher, wire: Wire) -> Self {
        Self { publisher: Some(publisher), wire }
    }
}

impl Centre for Mqtt {
    fn wake(&self) {
        self.publisher.iter().for_each(Publisher::wake);
    }

    fn camera_state(&self, camera: &Name, state: &CameraState) {
        self.publisher.iter().for_each(|publisher| publisher.set_camera_state(camera, state));
    }

    fn status(&self, models: Vec<ModelRef>) {
        if let Some(publisher) = &self.publisher {
            publisher.set_status(models);
        }
    }

    fn say(&self, message: Said) {
        self.wire.say(message);
    }

    fn subscribed(&self) -> u64 {
        self.wire.subscribed()
    }

    fn dropped(&self) -> [u64; 2] {
        self.wire.dropped()
    }

    fn counters(&self) -> PublishCounters {
        self.publisher.as_ref().map(Publisher::counters).unwrap_or_default()
    }

    fn hand_over(&mut self, drain: Duration) -> usize {
        self.publisher.take().map_or(0, |publisher| publisher.shutdown(drain))
    }
}

/// No centre: what is told is told to nobody.
pub(crate) struct Nobody;

impl Centre for Nobody {
    fn wake(&self) {}

    fn camera_state(&self, _camera: &Name, _state: &CameraState) {}

    fn status(&self, _models: Vec<ModelRef>) {}

    fn say(&self, _message: Said) {}

    fn subscribed(&self) -> u64 {
        0
    }

    fn dropped(&self) -> [u64; 2] {
        [0; 2]
    }

    fn counters(&self) -> PublishCounters {
        PublishCounters::default()
    }

    fn hand_over(&mut self, _drain: Duration) -> usize {
        0
    }
}

/// Those who look: see [`Fleet`].
pub(crate) trait Lookers: Send {
    /// See [`Fleet::attend`].
    fn attend(&mut self, camera: &Name, need: Need);
    /// See [`Fleet::capture`].
    fn capture(&self, capture: &Capture) -> Result<WorkerId, &'static str>;
    /// See [`Fleet::knows`].
    fn knows(&mut self, model: &ModelRef) -> bool;
    /// See [`Fleet::has`].
    fn has(&self, worker: WorkerId, camera: &Name) -> bool;
    /// See [`Fleet::cameras_of`].
    fn cameras_of(&self, worker: WorkerId) -> Vec<Name>;
    /// See [`Fleet::seats`].
    fn seats(&self) -> Vec<(Name, WorkerId)>;
    /// See [`Fleet::workers_for`].
    fn workers_for(&self, plan: &Plan) -> usize;
    /// See [`Fleet::apply`].
    fn apply(&mut self, plan: &Share, options: FleetOptions);
    /// See [`Fleet::quarantined`].
    fn quarantined(&self) -> BTreeMap<Name, Quarantine>;
    /// See [`Fleet::end_silent`].
    fn end_silent(&mut self, heard_up_to: Instant);
    /// See [`Fleet::memory`].
    fn memory(&self) -> BTreeMap<WorkerId, WorkerMemory>;
    /// See [`Fleet::abandoned`].
    fn abandoned(&self) -> Option<WorkerId>;
    /// See [`Fleet::stop`].
    fn stop(&mut self);
}

impl Lookers for Fleet {
    fn attend(&mut self, camera: &Name, need: Need) {
        Self::attend(self, camera, need);
    }

    fn capture(&self, capture: &Capture) -> Result<WorkerId, &'static str> {
        Self::capture(self, capture)
    }

    fn knows(&mut self, model: &ModelRef) -> bool {
        Self::knows(self, model)
    }

    fn has(&self, worker: WorkerId, camera: &Name) -> bool {
        Self::has(self, worker, camera)
    }

    fn cameras_of(&self, worker: WorkerId) -> Vec<Name> {
        Self::cameras_of(self, worker).to_vec()
    }

    fn seats(&self) -> Vec<(Name, WorkerId)> {
        Self::seats(self).map(|(camera, worker)| (camera.clone(), worker)).collect()
    }

    fn workers_for(&self, plan: &Plan) -> usize {
        Self::workers_for(self, plan)
    }

    fn apply(&mut self, plan: &Share, options: FleetOptions) {
        Self::apply(self, plan, options);
    }

    fn quarantined(&self) -> BTreeMap<Name, Quarantine> {
        Self::quarantined(self)
    }

    fn end_silent(&mut self, heard_up_to: Instant) {
        Self::end_silent(self, heard_up_to);
    }

    fn memory(&self) -> BTreeMap<WorkerId, WorkerMemory> {
        Self::memory(self)
    }

    fn abandoned(&self) -> Option<WorkerId> {
        Self::abandoned(self)
    }

    fn stop(&mut self) {
        Self::stop(self);
    }
}
