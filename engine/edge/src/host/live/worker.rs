//! Vision workers come and go.

use super::host::Live;
use super::parts::PlaneError;
use super::workers::Seat;
use crate::trouble::Trouble;
use crate::vision::supervise::Ended;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use viahe_contract::id::WorkerId;
use viahe_contract::message::{CameraFault, ModelRef};
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::seam::CameraReport;

impl Live {
    /// A worker is ready.
    pub(super) fn worker_up(&mut self, worker: WorkerId) {
        self.workers.lives.entry(worker).or_default().began(self.time.monotonic());
        self.books.metrics.worker_started(worker);
    }

    /// A camera is looked at anew.
    pub(super) fn looks(&mut self, worker: WorkerId, camera: Name, model: ModelRef) -> Event {
        tracing::info!(%camera, model = %model.name, "its model took over");
        if self.workers.looks(worker, &camera, &model, self.time.monotonic()) {
            self.centre.status(self.workers.distinct_models());
        }
        Event::WorkerStarted { models: [(camera, model)].into() }
    }

    /// Each camera at its worker, with the model that it is to be looked at with and the one that it is.
    pub(super) fn seats(&self) -> BTreeSet<Seat> {
        let at = |(camera, worker): (Name, WorkerId)| {
            let planned = self.plan.cameras.iter().find(|planned| planned.id == camera);
            let models = planned.map(|planned| &planned.model).into_iter();
            let models = models.chain(self.workers.model_of(&camera));
            let seat = |model: &Name| Seat { worker, camera: camera.clone(), model: model.clone() };
            models.map(seat).collect::<Vec<Seat>>()
        };
        self.fleet.seats().into_iter().flat_map(at).collect()
    }

    /// The cameras are other ones, or with other workers than in these seats.
    pub(super) fn fleet_changed(&mut self, before: &BTreeSet<Seat>) -> Vec<Event> {
        self.books.metrics.plan(self.fleet.seats());
        let watched: BTreeMap<Name, WorkerId> = self.fleet.seats().into_iter().collect();
        let gone: Vec<Name> = self
            .told
            .reports
            .keys()
            .filter(|camera| !watched.contains_key(*camera))
            .cloned()
            .collect();
        for camera in &gone {
            tracing::info!(%camera, "is no longer watched");
            let reason = "the pipeline has no such camera any more".to_owned();
            let fault = CameraFault::Removed;
            self.tell_camera(&CameraReport::offline(camera.clone(), reason, fault));
            self.told.reports.remove(camera);
            self.told.suspended.remove(camera);
            self.told.attention.remove(camera);
            self.books.totals.worker.cameras.remove(camera);
        }
        self.time.keep(|camera| watched.contains_key(camera));
        self.workers.keep(&watched);
        self.below.keep(|camera| watched.contains_key(camera));
        let seats = self.seats();
        self.workers.taken(before.difference(&seats).cloned(), self.time.monotonic());
        self.centre.status(self.workers.distinct_models());
        let lost = self.pictures.unanswered_of(|camera| !watched.contains_key(camera));
        let why = "its camera is no longer watched";
        lost.into_iter().map(|id| self.pictures.give_up(id, why)).collect()
    }

    /// Its cameras are dark until another one is there; those of the others are not.
    pub(super) fn worker_gone(&mut self, worker: WorkerId, ended: &Ended) -> Vec<Event> {
        let reason = &ended.reason;
        let lost = self.pictures.unanswered_by(worker).into_iter();
        let lost: Vec<Event> =
            lost.map(|id| self.pictures.give_up(id, "the vision worker ended")).collect();
        let mut cameras = self.fleet.cameras_of(worker);
        if cameras.is_empty() {
            // A reload has taken it out; this was on its way.
            return lost;
        }
        self.books.metrics.worker_restarted(worker);
        let now = self.time.monotonic();
        let text = || format!("vision worker {worker} ended and was started again: {reason}");
        self.workers.ended(worker, ended.for_memory.then(text), now);
        self.troubles.set(Trouble::WorkerMemory, self.workers.trials(now));
        self.troubles.set(Trouble::WorkerRefused, self.refusals.lasting(now));
        let mut events = self.look_at_quarantine();
        events.extend(lost);
        cameras.retain(|camera| !self.told.quarantined.has(camera));
        for camera in cameras {
            let reason = format!("the vision worker restarts ({reason})");
            let report = CameraReport::offline(camera, reason, CameraFault::WorkerRestarts);
            events.extend(self.camera(report));
        }
        events
    }

    /// Once a second.
    ///
    /// # Errors
    /// [`PlaneError::Supervisor`] when nobody keeps a worker alive any more.
    pub(super) fn look_at_workers(
        &mut self,
        now: Instant,
        heard_up_to: Instant,
    ) -> Result<Vec<Event>, PlaneError> {
        if self.fleet.abandoned().is_some() {
            return Err(PlaneError::Supervisor);
        }
        self.fleet.end_silent(heard_up_to);
        self.troubles.set(Trouble::WorkerMemory, self.workers.trials(now));
        self.troubles.set(Trouble::RulesBelowNeed, self.below.lasting(now));
        self.troubles.set(Trouble::WorkerRefused, self.refusals.lasting(now));
        let memory = self.fleet.memory();
        self.observer.memory(&memory);
        self.books.stats.worker_memory = memory;
        Ok(self.look_at_quarantine())
    }
}
