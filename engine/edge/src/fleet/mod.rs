//! Several vision workers: each has a share of the cameras, and a supervisor.
//!
//! A worker that dies takes only its own cameras with it. What all say comes through one bounded channel;
//! what is meant for a camera goes to the worker that has it.

mod assign;
mod known;
mod plan;

pub(crate) use plan::tuned_for;
pub use plan::{installed, tuned, vision_plan};

use crate::clock;
use crate::telemetry::WorkerMemory;
use crate::vision::share::Share;
use crate::vision::supervise::{Epochs, FromFleet, Launch, Quarantine, STOP_WITHIN, Supervisor};
use assign::Seat;
use crossbeam_channel::Sender;
use known::Known;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use viahe_contract::id::{Name, WorkerId};
use viahe_contract::message::ModelRef;
use viahe_core::attention::Need;
use viahe_core::engine::Capture;
use viahe_core::plan::Plan;
use viahe_core::seam::ToWorker;

/// How many workers there are to be, and what each may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct FleetOptions {
    /// Workers at most; none when it follows from cores and cameras.
    pub workers: Option<usize>,
    /// Most bytes of memory that each may use; none when it follows from what it watches.
    pub memory_max: Option<u64>,
}

impl FleetOptions {
    /// As the plan says.
    pub fn of(plan: &Plan) -> Self {
        Self { workers: plan.engine.workers, memory_max: plan.engine.worker_memory_bytes_max }
    }
}

/// How many workers a plan has that are run so.
pub(crate) fn workers_for(launch: &Launch, plan: &Plan) -> usize {
    plan::workers(launch, plan.cameras.len(), plan.engine.workers)
}

/// The workers of a box.
pub struct Fleet {
    launch: Launch,
    places: BTreeMap<WorkerId, Place>,
    /// Those that were told to stop and have not ended: until when they have time for it. What they still say
    /// must not be taken for another's, so nobody has their numbers.
    leaving: BTreeMap<WorkerId, (Supervisor, Instant)>,
    /// Where each camera is.
    of_camera: BTreeMap<Name, WorkerId>,
    /// Workers that the plan asks for, if it does.
    asked: Option<usize>,
    epochs: Epochs,
    events: Sender<FromFleet>,
    /// What each camera needs, as far as that was said.
    needs: BTreeMap<Name, Need>,
    models: Known,
}

/// One worker, whoever it is at the moment.
struct Place {
    supervisor: Supervisor,
    cameras: Vec<Name>,
}

impl Fleet {
    /// Starts a worker for each share of the cameras of `plan`; none for a site of sensors alone.
    pub fn start(
        launch: Launch,
        plan: &Share,
        options: FleetOptions,
        events: Sender<FromFleet>,
    ) -> Self {
        let (places, of_camera, epochs) = (BTreeMap::new(), BTreeMap::new(), Epochs::default());
        let (needs, leaving) = (BTreeMap::new(), BTreeMap::new());
        let (asked, models) = (None, Known::default());
        let mut fleet =
            Self { launch, places, leaving, of_camera, asked, epochs, events, needs, models };
        fleet.apply(plan, options);
        fleet
    }

    /// Goes on under another plan: each worker is told of what is different in its share.
    pub fn apply(&mut self, plan: &Share, options: FleetOptions) {
        // Before any worker hears of them.
        self.models.apply(plan);
        let seats: Vec<Seat<'_>> =
            plan.cameras.values().map(|c| Seat { camera: &c.id, model: &c.model }).collect();
        let workers = plan::workers(&self.launch, seats.len(), options.workers);
        if options.workers != self.asked {
            // Somebody wants other shares.
            self.of_camera.clear();
        }
        self.look_at_leaving();
        let is_leaving = |worker| self.leaving.contains_key(&worker);
        let assigned = assign::assign(&seats, workers, &self.of_camera, is_leaving);
        let employed: BTreeSet<WorkerId> = assigned.values().copied().collect();
        for worker in employed.iter().copied() {
            let mut share = plan::share(plan, |camera| assigned.get(camera) == Some(&worker));
            self.needs.iter().for_each(|(camera, need)| share.attend(camera, *need));
            self.employ(worker, share, options.memory_max);
        }
        let until = clock::monotonic() + STOP_WITHIN;
        for (worker, place) in self.places.extract_if(.., |worker, _| !employed.contains(worker)) {
            place.supervisor.ask_to_stop();
            self.leaving.insert(worker, (place.supervisor, until));
        }
        self.asked = options.workers;
        self.of_camera = assigned.into_iter().map(|(c, worker)| (c.clone(), worker)).collect();
        self.needs.retain(|camera, _| self.of_camera.contains_key(camera));
    }

    /// How many workers there are under this plan, or will be.
    pub fn workers_for(&self, plan: &Plan) -> usize {
        workers_for(&self.launch, plan)
    }

    fn employ(&mut self, worker: WorkerId, share: Share, memory_max: Option<u64>) {
        let cameras: Vec<Name> = share.cameras.keys().cloned().collect();
        if let Some(place) = self.places.get_mut(&worker) {
            place.supervisor.direct(share, memory_max);
            place.cameras = cameras;
            return;
        }
        let (launch, epochs) = (self.launch.clone(), self.epochs.clone());
        let supervisor =
            Supervisor::start(worker, launch, share, epochs, memory_max, self.events.clone());
        self.places.insert(worker, Place { supervisor, cameras });
    }

    /// Does this worker have this camera? One that was just taken from it may still be told of.
    pub fn has(&self, worker: WorkerId, camera: &Name) -> bool {
        self.of_camera.get(camera) == Some(&worker)
    }

    /// The cameras of a worker.
    pub fn cameras_of(&self, worker: WorkerId) -> &[Name] {
        self.places.get(&worker).map_or(&[], |place| &place.cameras)
    }

    /// Each camera with its worker.
    pub fn seats(&self) -> impl Iterator<Item = (&Name, WorkerId)> {
        self.of_camera.iter().map(|(camera, worker)| (camera, *worker))
    }

    /// From now on a camera is looked at so, whoever has it.
    pub fn attend(&mut self, camera: &Name, need: Need) {
        if self.needs.insert(camera.clone(), need) == Some(need) {
            return;
        }
        let worker = self.of_camera.get(camera);
        if let Some(place) = worker.and_then(|worker| self.places.get(worker)) {
            place.supervisor.attend(camera, need);
        }
    }

    /// Asks the worker that has the camera for a picture, and says which that is.
    ///
    /// # Errors
    /// Why it cannot be asked, for people: nothing comes of it.
    pub fn capture(&self, capture: &Capture) -> Result<WorkerId, &'static str> {
        let at = |worker: &WorkerId| Some((*worker, self.places.get(worker)?));
        let place = self.of_camera.get(&capture.camera).and_then(at);
        let (worker, place) = place.ok_or("no vision worker has its camera")?;
        if place.supervisor.send(ToWorker::Capture(capture.clone())) {
            Ok(worker)
        } else {
            Err("its vision worker takes no orders now: another one is about to begin, or it hangs")
        }
    }

    /// Is, or was, this the model of that name on this box?
    pub fn knows(&mut self, model: &ModelRef) -> bool {
        self.models.has(model)
    }

    /// Ends workers that have been silent for long, where all that they said is heard up to then; and those that
    /// were told to stop and do not. To be called now and then.
    pub fn end_silent(&mut self, heard_up_to: Instant) {
        self.places.values().for_each(|place| place.supervisor.end_if_silent(heard_up_to));
        self.look_at_leaving();
    }

    fn look_at_leaving(&mut self) {
        self.leaving.retain(|_, (supervisor, _)| supervisor.is_at_work());
        let now = clock::monotonic();
        for (supervisor, until) in self.leaving.values() {
            if now >= *until {
                supervisor.end();
            }
        }
    }

    /// Cameras that are kept away from their workers, which die of them.
    pub fn quarantined(&self) -> BTreeMap<Name, Quarantine> {
        self.places.values().flat_map(|place| place.supervisor.quarantined()).collect()
    }

    /// What each worker uses.
    pub fn memory(&self) -> BTreeMap<WorkerId, WorkerMemory> {
        let of = |(worker, place): (&WorkerId, &Place)| {
            let (used, max) = place.supervisor.memory();
            (*worker, WorkerMemory { used, max })
        };
        self.places.iter().map(of).collect()
    }

    /// A worker that nobody keeps alive any more, if there is one.
    pub fn abandoned(&self) -> Option<WorkerId> {
        let lost = self.places.iter().find(|(_, place)| !place.supervisor.is_at_work());
        lost.map(|(worker, _)| *worker)
    }

    /// Ends all workers and waits until they are gone.
    pub fn stop(&mut self) {
        self.places.values().for_each(|place| place.supervisor.ask_to_stop());
        let deadline = clock::monotonic() + STOP_WITHIN;
        for place in std::mem::take(&mut self.places).into_values() {
            place.supervisor.stop_by(deadline);
        }
        for (supervisor, until) in std::mem::take(&mut self.leaving).into_values() {
            supervisor.stop_by(until);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::vision::share::plain;
    use crossbeam_channel::{Receiver, bounded};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;
    use viahe_core::seam::FromWorker;

    const SOON: Duration = Duration::from_secs(30);
    /// While it is held, workers that were told to stop go on.
    static STOPPING: Mutex<()> = Mutex::new(());

    fn slow_to_stop(inbox: &Receiver<ToWorker>, _says: Sender<FromWorker>) {
        while inbox.recv().is_ok_and(|message| message != ToWorker::Stop) {}
        drop(STOPPING.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn share(camera: Option<&str>) -> Share {
        let need = Need::steady(1.0);
        let cameras = camera.into_iter().map(|id| plain::camera(id, "street", need)).collect();
        let process = plain::process();
        Share { process, models: BTreeMap::new(), cameras }
    }

    #[test]
    fn the_number_of_a_worker_is_its_own_until_it_has_ended() {
        let (events, _heard) = bounded(64);
        let launch = Launch::InProcess(slow_to_stop);
        let (one, none, options) = (share(Some("kerb")), share(None), FleetOptions::default());
        let workers = |fleet: &Fleet| fleet.seats().map(|(_, worker)| worker.0).collect::<Vec<_>>();
        let held = STOPPING.lock().unwrap();
        let mut fleet = Fleet::start(launch, &one, options, events);
        assert_eq!(workers(&fleet), [0]);
        fleet.apply(&none, options);
        fleet.apply(&one, options);
        assert_eq!(workers(&fleet), [1], "the first has not ended");
        drop(held);
        let deadline = clock::monotonic() + SOON;
        while !fleet.leaving.is_empty() {
            fleet.end_silent(clock::monotonic());
            assert!(clock::monotonic() < deadline);
            std::thread::yield_now();
        }
        fleet.apply(&none, options);
        fleet.apply(&one, options);
        assert_eq!(workers(&fleet), [0], "it is free again");
        fleet.stop();
    }
}
