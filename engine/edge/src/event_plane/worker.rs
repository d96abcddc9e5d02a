//! Vision workers come and go.

use super::{EventPlane, PlaneError};
use crate::clock;
use crate::trouble::Trouble;
use crate::vision::supervise::Ended;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;
use viahe_contract::message::{CameraStatus, ModelRef};
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::seam::{CameraReport, WorkerStats};

/// A worker that has run for so long after one was ended for its memory runs well; for twice as long as
/// that one had, if that is longer: what leaks slowly is one trouble, not one each night.
const WELL_AFTER: Duration = Duration::from_mins(10);
/// Longest time that is waited for.
const WELL_AFTER_MAX: Duration = Duration::from_hours(24);

/// Whether the workers of one place are ended for their memory.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// When the present worker was ready.
    up_since: Option<Instant>,
    /// How long one must run until the trouble is over, if there is one.
    on_trial: Option<Duration>,
}

impl Lives {
    fn began(&mut self, now: Instant) {
        self.up_since = Some(now);
    }

    fn ended(&mut self, for_memory: bool, now: Instant) {
        let lived = self.up_since.take().map_or(Duration::ZERO, |up| now.duration_since(up));
        if for_memory {
            self.on_trial = Some((lived * 2).clamp(WELL_AFTER, WELL_AFTER_MAX));
        }
    }

    /// True once, when a worker has run for long enough.
    fn is_over(&mut self, now: Instant) -> bool {
        let ran = self.up_since.map(|up| now.duration_since(up));
        let over = self.on_trial.zip(ran).is_some_and(|(trial, ran)| ran >= trial);
        if over {
            self.on_trial = None;
        }
        over
    }
}

/// What is known of all workers.
#[derive(Debug, Default)]
pub(super) struct Workers {
    /// Those that were up in this run.
    up: BTreeSet<WorkerId>,
    lives: BTreeMap<WorkerId, Lives>,
    /// What each one said last.
    stats: BTreeMap<WorkerId, WorkerStats>,
    /// By camera.
    models: BTreeMap<Name, ModelRef>,
}

impl Workers {
    pub(super) fn was_up(&self, worker: WorkerId) -> bool {
        self.up.contains(&worker)
    }

    /// What a worker says, together with what the others said.
    pub(super) fn report(&mut self, worker: WorkerId, stats: WorkerStats) -> WorkerStats {
        self.stats.insert(worker, stats);
        let mut all = WorkerStats::default();
        for of in self.stats.values().cloned() {
            all.cameras.extend(of.cameras);
            for (stage, bytes) in of.copied_bytes {
                *all.copied_bytes.entry(stage).or_default() += bytes;
            }
            all.seam_dropped += of.seam_dropped;
            all.models_wrong.extend(of.models_wrong);
        }
        all
    }

    /// Forgets workers and cameras that are no more.
    fn keep(&mut self, is_there: impl Fn(WorkerId) -> bool, watched: &BTreeSet<Name>) {
        self.up.retain(|worker| is_there(*worker));
        self.lives.retain(|worker, _| is_there(*worker));
        self.stats.retain(|worker, _| is_there(*worker));
        for of in self.stats.values_mut() {
            of.cameras.retain(|camera, _| watched.contains(camera));
        }
        self.models.retain(|camera, _| watched.contains(camera));
    }

    /// Each model that looks, once.
    fn distinct_models(&self) -> Vec<ModelRef> {
        let mut distinct: Vec<ModelRef> = self.models.values().cloned().collect();
        distinct.sort_by(|a, b| a.name.cmp(&b.name));
        distinct.dedup();
        distinct
    }

    /// True once, when none is on trial for its memory any more.
    fn trials_are_over(&mut self, now: Instant) -> bool {
        let over =
            self.lives.values_mut().map(|lives| lives.is_over(now)).filter(|over| *over).count()
                > 0;
        over && self.lives.values().all(|lives| lives.on_trial.is_none())
    }
}

impl EventPlane {
    pub(super) fn worker_up(&mut self, worker: WorkerId, mut models: BTreeMap<Name, ModelRef>) {
        // It was started for others, and is being replaced.
        models.retain(|camera, _| self.fleet.has(worker, camera));
        if models.is_empty() {
            return;
        }
        self.workers.up.insert(worker);
        self.workers.lives.entry(worker).or_default().began(clock::monotonic());
        self.metrics.worker_started(worker);
        self.workers.models.extend(models.clone());
        self.publisher.set_status(self.workers.distinct_models());
        self.see(Event::WorkerStarted { models });
    }

    /// The cameras are other ones, or with other workers.
    pub(super) fn fleet_changed(&mut self) {
        let seats = self.fleet.seats().map(|(camera, worker)| (camera.clone(), worker));
        self.metrics.plan(seats);
        let watched: BTreeSet<Name> = self.plan.cameras.iter().map(|c| c.id.clone()).collect();
        let gone: Vec<Name> =
            self.reports.keys().filter(|camera| !watched.contains(*camera)).cloned().collect();
        for camera in gone {
            tracing::info!(%camera, "is no longer watched");
            let reason = "the pipeline has no such camera any more".to_owned();
            let status = CameraStatus::Offline;
            self.tell_camera(&CameraReport { camera: camera.clone(), status, reason });
            self.reports.remove(&camera);
            self.suspended.remove(&camera);
            self.totals.worker.cameras.remove(&camera);
            for capture in self.pictures.unanswered_of(&[camera]) {
                self.give_up(capture, "its camera is no longer watched");
            }
        }
        self.workers.keep(|worker| !self.fleet.cameras_of(worker).is_empty(), &watched);
        self.publisher.set_status(self.workers.distinct_models());
    }

    /// Its cameras are dark until another one is there; those of the others are not.
    pub(super) fn worker_gone(&mut self, worker: WorkerId, ended: &Ended) {
        let reason = &ended.reason;
        self.metrics.worker_restarted(worker);
        let lives = self.workers.lives.entry(worker).or_default();
        lives.ended(ended.for_memory, clock::monotonic());
        if ended.for_memory {
            let text = format!("vision worker {worker} ended and was started again: {reason}");
            self.troubles.raise(Trouble::WorkerMemory, text);
        }
        let cameras = self.fleet.cameras_of(worker).to_vec();
        for capture in self.pictures.unanswered_of(&cameras) {
            self.give_up(capture, "the vision worker ended");
        }
        for camera in cameras {
            let reason = format!("the vision worker restarts ({reason})");
            self.camera(CameraReport { camera, status: CameraStatus::Offline, reason });
        }
    }

    /// Once a second.
    ///
    /// # Errors
    /// [`PlaneError::Supervisor`] when nobody keeps a worker alive any more.
    pub(super) fn look_at_workers(&mut self, now: Instant) -> Result<(), PlaneError> {
        if self.fleet.abandoned().is_some() {
            return Err(PlaneError::Supervisor);
        }
        // With a full inbox it is we who are slow.
        if self.events.is_empty() {
            self.fleet.end_silent();
        }
        if self.workers.trials_are_over(now) {
            self.troubles.end(Trouble::WorkerMemory);
        }
        self.stats.worker_memory = self.fleet.memory();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trouble_is_over_when_a_worker_has_run_longer_than_the_one_that_was_ended() {
        let (mut lives, zero) = (Lives::default(), clock::monotonic());
        let at = |minutes: u64| zero + Duration::from_mins(minutes);
        lives.began(at(0));
        assert!(!lives.is_over(at(2000)), "there was none");
        let mut lives = Lives::default();
        lives.ended(true, at(0));
        assert!(!lives.is_over(at(60)), "none is up");
        lives.began(at(60));
        assert!(!lives.is_over(at(69)));
        lives.ended(false, at(69));
        lives.began(at(70));
        assert!(!lives.is_over(at(79)), "another end: it did not run well");
        assert!(lives.is_over(at(80)) && !lives.is_over(at(81)), "once");
        lives.ended(true, at(100));
        lives.began(at(100));
        assert!(!lives.is_over(at(159)), "the last one had run for half an hour");
        assert!(lives.is_over(at(160)));
    }
}
