//! What workers say becomes events.

use super::host::Live;
use super::parts::PlaneError;
use super::trust::{self, Given, Its};
use super::workers::Seat;
use crate::vision::supervise::{FromFleet, WorkerEvent};
use viahe_contract::id::WorkerId;
use viahe_core::engine::Event;
use viahe_core::frame::FrameStamp;
use viahe_core::id::Name;
use viahe_core::plan::Camera;
use viahe_core::seam::{Failure, FromWorker, Picture, SEAM_VERSION};

impl Live {
    /// Something that a worker said, or its end.
    ///
    /// # Errors
    /// [`PlaneError::PartMissing`] when it cannot work on this machine, and never could.
    pub(super) fn hear(&mut self, (worker, event): FromFleet) -> Result<Vec<Event>, PlaneError> {
        let said = match event {
            WorkerEvent::Said(said) => said,
            WorkerEvent::Gone(ended) => return Ok(self.worker_gone(worker, &ended)),
        };
        let Some(said) = self.believe(worker, said) else { return Ok(Vec::new()) };
        Ok(match said {
            FromWorker::Hello { version } => {
                if version != SEAM_VERSION {
                    return Err(PlaneError::PartMissing(format!(
                        "the vision worker speaks version {version} of the seam, this engine \
                         {SEAM_VERSION}; install both from one release"
                    )));
                }
                self.worker_up(worker);
                Vec::new()
            }
            FromWorker::Looks { camera, model } => vec![self.looks(worker, camera, model)],
            // Its supervisor keeps it in mind.
            FromWorker::Opening(_) => Vec::new(),
            FromWorker::Observation(mut observation) => {
                self.books.stats.observations += 1;
                let FrameStamp { captured, arrived, .. } = &mut observation.frame;
                (*captured, *arrived) = (self.time.at(*captured), self.time.at(*arrived));
                vec![Event::Observed(observation)]
            }
            FromWorker::View(mut report) => {
                report.at = self.time.at(report.at);
                vec![Event::Viewed(report)]
            }
            FromWorker::Captured { capture, picture } => {
                let picture = picture.map(|p| Picture { captured: self.time.at(p.captured), ..p });
                let now = self.time.monotonic();
                self.pictures.taken(capture, picture, now).into_iter().collect()
            }
            FromWorker::Camera(report) => self.camera_of(worker, report).into_iter().collect(),
            FromWorker::Stats(stats) => self.worker_stats(worker, stats)?,
            FromWorker::Failed { reason, failure } => {
                // What was there once is there again soon: a card that hangs, a file that is
                // being replaced. One camera's fault is no reason to leave the others.
                if failure == Failure::PartMissing && !self.workers.was_up(worker) {
                    return Err(PlaneError::PartMissing(reason));
                }
                tracing::error!(reason, %worker, "vision worker failed");
                Vec::new()
            }
        })
    }

    /// What is believed of a worker's word; the rest is counted and told.
    fn believe(&mut self, worker: WorkerId, said: FromWorker) -> Option<FromWorker> {
        let capture = match &said {
            FromWorker::Captured { capture, .. } => Some(*capture),
            _ => None,
        };
        let its_files = match &said {
            FromWorker::Looks { model, .. } => self.fleet.knows(model),
            _ => true,
        };
        let now = self.time.monotonic();
        let had = |is: &dyn Fn(&Seat) -> bool| self.workers.had(worker, is, now);
        let cameras = || self.plan.cameras.iter().filter(|c| self.fleet.has(worker, &c.id));
        let given = Given {
            work: Its::of(cameras().next().is_some(), || had(&|_| true)),
            camera: &|camera| {
                Its::of(self.fleet.has(worker, camera), || had(&|seat| seat.camera == *camera))
            },
            model: &|model, at| {
                let is_there = |camera: &Name| at.is_none_or(|at| at == camera);
                let looks = |c: &Camera| {
                    let refines = c.refine.contains(model);
                    refines || c.model == *model || self.workers.looks_with(&c.id, model)
                };
                let fits = cameras().any(|c| is_there(&c.id) && looks(c));
                Its::of(fits, || had(&|seat| seat.model == *model && is_there(&seat.camera)))
            },
            its_files,
            picture: &|capture| self.pictures.standing(worker, capture, now),
            greeted: self.workers.is_up(worker),
            now: self.time.event_time(),
        };
        let mut refused = Vec::new();
        let believed = trust::believed(said, &given, &mut refused);
        if let (None, Some(capture)) = (&believed, capture) {
            self.pictures.refuse(worker, capture, now);
        }
        for why in refused {
            self.refusals.note(worker, why, now);
        }
        believed
    }
}
