//! What workers say becomes events.

use super::host::Live;
use super::parts::PlaneError;
use crate::vision::supervise::{FromFleet, WorkerEvent};
use viahe_core::engine::Event;
use viahe_core::frame::FrameStamp;
use viahe_core::id::Name;
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
        if camera_of(&said).is_some_and(|camera| !self.fleet.has(worker, camera)) {
            // It does not have this camera, or not any more.
            return Ok(Vec::new());
        }
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
            FromWorker::Looks { camera, model } => vec![self.looks(camera, model)],
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
            FromWorker::Camera(report) => self.camera(report).into_iter().collect(),
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
}

/// Of which camera something is said.
fn camera_of(said: &FromWorker) -> Option<&Name> {
    match said {
        FromWorker::Looks { camera, .. } | FromWorker::Opening(camera) => Some(camera),
        FromWorker::Observation(observation) => Some(&observation.camera),
        FromWorker::View(report) => Some(&report.camera),
        FromWorker::Camera(report) => Some(&report.camera),
        FromWorker::Hello { .. }
        | FromWorker::Captured { .. }
        | FromWorker::Stats(_)
        | FromWorker::Failed { .. } => None,
    }
}
