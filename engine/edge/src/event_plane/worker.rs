//! Vision workers come and go.

use super::EventPlane;
use crate::clock;
use crate::trouble::Trouble;
use crate::vision::supervise::Ended;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::message::{CameraStatus, ModelRef};
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::seam::CameraReport;

/// A worker that has run for so long after one was ended for its memory runs well; for twice as long as
/// that one had, if that is longer: what leaks slowly is one trouble, not one each night.
const WELL_AFTER: Duration = Duration::from_mins(10);
/// Longest time that is waited for.
const WELL_AFTER_MAX: Duration = Duration::from_hours(24);

/// Whether workers are ended for their memory.
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

impl EventPlane {
    pub(super) fn use_models(&mut self, models: BTreeMap<Name, ModelRef>) {
        self.lives.began(clock::monotonic());
        self.metrics.worker_started();
        let mut distinct: Vec<ModelRef> = models.values().cloned().collect();
        distinct.sort_by(|a, b| a.name.cmp(&b.name));
        distinct.dedup();
        self.publisher.set_status(distinct);
        self.see(Event::WorkerStarted { models });
    }

    pub(super) fn worker_gone(&mut self, ended: &Ended) {
        let reason = &ended.reason;
        self.metrics.worker_restarted();
        self.lives.ended(ended.for_memory, clock::monotonic());
        if ended.for_memory {
            let text = format!("the vision worker ended and was started again: {reason}");
            self.troubles.raise(Trouble::WorkerMemory, text);
        }
        for capture in self.pictures.outstanding() {
            self.give_up(capture, "the vision worker ended");
        }
        let cameras: Vec<Name> = self.plan.cameras.iter().map(|c| c.id.clone()).collect();
        for camera in cameras {
            let reason = format!("the vision worker restarts ({reason})");
            self.camera(CameraReport { camera, status: CameraStatus::Offline, reason });
        }
    }

    /// Once a second.
    pub(super) fn look_at_worker(&mut self, now: Instant) {
        // With a full inbox it is we who are slow.
        if self.events.is_empty() {
            self.supervisor.end_if_silent();
        }
        if self.lives.is_over(now) {
            self.troubles.end(Trouble::WorkerMemory);
        }
        (self.stats.worker_memory_bytes, self.stats.worker_memory_bytes_max) =
            self.supervisor.memory();
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
