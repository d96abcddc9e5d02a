//! Several vision workers: each has a share of the cameras, and a supervisor.
//!
//! A worker that dies takes only its own cameras with it. What all say comes through one bounded channel;
//! what is meant for a camera goes to the worker that has it.

mod assign;
mod plan;

pub use plan::{installed, vision_plan};

use crate::clock;
use crate::telemetry::WorkerMemory;
use crate::vision::share::Share;
use crate::vision::supervise::{Epochs, FromFleet, Launch, Quarantine, STOP_WITHIN, Supervisor};
use assign::Seat;
use crossbeam_channel::Sender;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use viahe_contract::id::{Name, WorkerId};
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

/// The workers of a box.
pub struct Fleet {
    launch: Launch,
    places: BTreeMap<WorkerId, Place>,
    /// Where each camera is.
    of_camera: BTreeMap<Name, WorkerId>,
    /// Workers that the plan asks for, if it does.
    asked: Option<usize>,
    epochs: Epochs,
    events: Sender<FromFleet>,
    /// What each camera needs, as far as that was said.
    needs: BTreeMap<Name, Need>,
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
        let needs = BTreeMap::new();
        let mut fleet = Self { launch, places, of_camera, asked: None, epochs, events, needs };
        fleet.apply(plan, options);
        fleet
    }

    /// Goes on under another plan: each worker is told of what is different in its share.
    pub fn apply(&mut self, plan: &Share, options: FleetOptions) {
        let seats: Vec<Seat<'_>> =
            plan.cameras.values().map(|c| Seat { camera: &c.id, model: &c.model }).collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let asked = match self.launch {
            Launch::Process { .. } => options.workers,
            // All in one process, where several would gain nothing.
            Launch::InProcess(_) => Some(1),
        };
        let workers = assign::workers_for(seats.len(), cores, asked);
        if options.workers != self.asked {
            // Somebody wants other shares.
            self.of_camera.clear();
        }
        let assigned = assign::assign(&seats, workers, &self.of_camera);
        let employed: BTreeSet<WorkerId> = assigned.values().copied().collect();
        for worker in employed.iter().copied() {
            let mut share = plan::share(plan, |camera| assigned.get(camera) == Some(&worker));
            self.needs.iter().for_each(|(camera, need)| share.attend(camera, *need));
            self.employ(worker, share, options.memory_max);
        }
        for (_, place) in self.places.extract_if(.., |worker, _| !employed.contains(worker)) {
            place.supervisor.ask_to_stop();
            // It takes a moment, and nobody needs to wait for it.
            std::thread::spawn(move || place.supervisor.stop());
        }
        self.asked = options.workers;
        self.of_camera = assigned.into_iter().map(|(c, worker)| (c.clone(), worker)).collect();
        self.needs.retain(|camera, _| self.of_camera.contains_key(camera));
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

    /// Asks the worker that has the camera for a picture, and says which that is. One that cannot be asked now
    /// is not heard of again.
    pub fn capture(&self, capture: &Capture) -> Option<WorkerId> {
        let worker = *self.of_camera.get(&capture.camera)?;
        if let Some(place) = self.places.get(&worker) {
            place.supervisor.send(ToWorker::Capture(capture.clone()));
        }
        Some(worker)
    }

    /// Ends workers that have been silent for long; all that they said is heard up to then. To be called now and
    /// then.
    pub fn end_silent(&self, heard_up_to: Instant) {
        self.places.values().for_each(|place| place.supervisor.end_if_silent(heard_up_to));
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
    }
}
