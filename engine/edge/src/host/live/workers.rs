//! What is known of vision workers: who was up, for how long, and what each said last.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;
use viahe_contract::message::ModelRef;
use viahe_core::id::Name;
use viahe_core::seam::WorkerStats;

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
    pub(super) fn began(&mut self, now: Instant) {
        self.up_since = Some(now);
    }

    pub(super) fn ended(&mut self, for_memory: bool, now: Instant) {
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
    pub(super) up: BTreeSet<WorkerId>,
    pub(super) lives: BTreeMap<WorkerId, Lives>,
    /// What each one said last.
    stats: BTreeMap<WorkerId, WorkerStats>,
    /// By camera.
    pub(super) models: BTreeMap<Name, ModelRef>,
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
    pub(super) fn keep(&mut self, is_there: impl Fn(WorkerId) -> bool, watched: &BTreeSet<Name>) {
        self.up.retain(|worker| is_there(*worker));
        self.lives.retain(|worker, _| is_there(*worker));
        self.stats.retain(|worker, _| is_there(*worker));
        for of in self.stats.values_mut() {
            of.cameras.retain(|camera, _| watched.contains(camera));
        }
        self.models.retain(|camera, _| watched.contains(camera));
    }

    /// Each model that looks, once.
    pub(super) fn distinct_models(&self) -> Vec<ModelRef> {
        let mut distinct: Vec<ModelRef> = self.models.values().cloned().collect();
        distinct.sort_by(|a, b| a.name.cmp(&b.name));
        distinct.dedup();
        distinct
    }

    /// True once, when none is on trial for its memory any more.
    pub(super) fn trials_are_over(&mut self, now: Instant) -> bool {
        let over =
            self.lives.values_mut().map(|lives| lives.is_over(now)).filter(|over| *over).count()
                > 0;
        over && self.lives.values().all(|lives| lives.on_trial.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

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
