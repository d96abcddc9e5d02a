//! Several vision workers: each has a share of the cameras, and a supervisor.
//!
//! A worker that dies takes only its own cameras with it. What all say comes through one bounded channel;
//! what is meant for a camera goes to the worker that has it.

mod assign;

use crate::clock;
use crate::telemetry::WorkerMemory;
use crate::vision::supervise::{Epochs, FromFleet, Launch, STOP_WITHIN, Supervisor};
use assign::Seat;
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use viahe_contract::id::{Name, WorkerId};
use viahe_core::engine::Capture;
use viahe_core::seam::{ToWorker, VisionPlan};

/// How many workers there are to be, and what each may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct FleetOptions {
    /// Workers at most; none when it follows from cores and cameras.
    pub workers: Option<usize>,
    /// Most bytes of memory that each may use; none when it follows from what it watches.
    pub memory_max: Option<u64>,
}

/// The workers of a box.
pub struct Fleet {
    places: BTreeMap<WorkerId, Place>,
    /// Where each camera is.
    of_camera: BTreeMap<Name, WorkerId>,
    /// Somebody may be heard as long as there is a fleet, even one without workers.
    _events: Sender<FromFleet>,
}

/// One worker, whoever it is at the moment.
struct Place {
    supervisor: Supervisor,
    cameras: Vec<Name>,
}

impl Fleet {
    /// Starts a worker for each share of the cameras of `plan`; none for a site of sensors alone.
    pub fn start(
        launch: &Launch,
        plan: &VisionPlan,
        options: FleetOptions,
        events: &Sender<FromFleet>,
    ) -> Self {
        let seats: Vec<Seat<'_>> =
            plan.cameras.iter().map(|c| Seat { camera: &c.id, model: &c.model }).collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let asked = match launch {
            Launch::Process { .. } => options.workers,
            // All in one process, where several would gain nothing.
            Launch::InProcess(_) => Some(1),
        };
        let workers = assign::workers_for(seats.len(), cores, asked);
        let assigned = assign::assign(&seats, workers, &BTreeMap::new());
        let epochs = Epochs::default();
        let places = (0..workers as u16).map(WorkerId).map(|worker| {
            let has = |camera: &Name| assigned.get(camera) == Some(&worker);
            let cameras = plan.cameras.iter().filter(|c| has(&c.id)).cloned().collect();
            let mut share = VisionPlan { cameras, ..plan.clone() };
            let needed = |model: &Name| share.cameras.iter().any(|c| c.model == *model);
            share.installed.models.retain(|model, _| needed(model));
            let cameras: Vec<Name> = share.cameras.iter().map(|c| c.id.clone()).collect();
            let supervisor = Supervisor::start(
                worker,
                launch.clone(),
                share,
                epochs.clone(),
                options.memory_max,
                events.clone(),
            );
            (worker, Place { supervisor, cameras })
        });
        let places = places.collect();
        let of_camera = assigned.into_iter().map(|(camera, worker)| (camera.clone(), worker));
        Self { places, of_camera: of_camera.collect(), _events: events.clone() }
    }

    /// The cameras of a worker.
    pub fn cameras_of(&self, worker: WorkerId) -> &[Name] {
        self.places.get(&worker).map_or(&[], |place| &place.cameras)
    }

    /// Each camera with its worker.
    pub fn seats(&self) -> impl Iterator<Item = (&Name, WorkerId)> {
        self.of_camera.iter().map(|(camera, worker)| (camera, *worker))
    }

    /// Asks the worker that has the camera for a picture. One that cannot be asked now is not heard of again.
    pub fn capture(&self, capture: &Capture) {
        let worker = self.of_camera.get(&capture.camera);
        if let Some(place) = worker.and_then(|worker| self.places.get(worker)) {
            place.supervisor.send(ToWorker::Capture(capture.clone()));
        }
    }

    /// Ends workers that have been silent for long. To be called now and then.
    pub fn end_silent(&self) {
        self.places.values().for_each(|place| place.supervisor.end_if_silent());
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
    pub fn stop(self) {
        self.places.values().for_each(|place| place.supervisor.ask_to_stop());
        let deadline = clock::monotonic() + STOP_WITHIN;
        self.places.into_values().for_each(|place| place.supervisor.stop_by(deadline));
    }
}
