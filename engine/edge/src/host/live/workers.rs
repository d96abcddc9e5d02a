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
    /// Was one ever?
    ever_up: bool,
    /// What one was ended for, and how long the next must run until that is over.
    on_trial: Option<Trial>,
}

#[derive(Debug)]
struct Trial {
    lasts: Duration,
    text: String,
}

impl Lives {
    pub(super) fn began(&mut self, now: Instant) {
        (self.up_since, self.ever_up) = (Some(now), true);
    }

    /// `text` tells what it was ended for, when that was its memory.
    pub(super) fn ended(&mut self, text: Option<String>, now: Instant) {
        let lived = self.up_since.take().map_or(Duration::ZERO, |up| now.duration_since(up));
        if let Some(text) = text {
            let lasts = (lived * 2).clamp(WELL_AFTER, WELL_AFTER_MAX);
            self.on_trial = Some(Trial { lasts, text });
        }
    }

    /// What is still held against the worker.
    fn trial(&mut self, now: Instant) -> Option<&str> {
        let ran = self.up_since.map_or(Duration::ZERO, |up| now.duration_since(up));
        self.on_trial.take_if(|trial| self.up_since.is_some() && ran >= trial.lasts);
        self.on_trial.as_ref().map(|trial| trial.text.as_str())
    }
}

/// What is known of all workers.
#[derive(Debug, Default)]
pub(super) struct Workers {
    pub(super) lives: BTreeMap<WorkerId, Lives>,
    /// What each one said last.
    stats: BTreeMap<WorkerId, WorkerStats>,
    /// By camera.
    models: BTreeMap<Name, ModelRef>,
    /// Models that anybody has looked with in this run.
    looked: BTreeSet<Name>,
}

impl Workers {
    /// It has said so, and has not ended since.
    pub(super) fn is_up(&self, worker: WorkerId) -> bool {
        self.lives.get(&worker).is_some_and(|lives| lives.up_since.is_some())
    }

    pub(super) fn was_up(&self, worker: WorkerId) -> bool {
        self.lives.get(&worker).is_some_and(|lives| lives.ever_up)
    }

    /// A camera is looked at with a model; true when that changes which models look.
    pub(super) fn looks(&mut self, camera: &Name, model: &ModelRef) -> bool {
        let before = self.distinct_models();
        self.looked.insert(model.name.clone());
        self.models.insert(camera.clone(), model.clone());
        self.distinct_models() != before
    }

    pub(super) fn has_looked(&self, model: &Name) -> bool {
        self.looked.contains(model)
    }

    /// What a worker says, together with what the others said.
    pub(super) fn report(&mut self, worker: WorkerId, stats: WorkerStats) -> WorkerStats {
        self.stats.insert(worker, stats);
        let mut all = WorkerStats::default();
        for of in self.stats.values().cloned() {
            all.cameras.extend(of.cameras);
            for (stage, bytes) in of.copied_bytes {
                let sum = all.copied_bytes.entry(stage).or_default();
                *sum = sum.saturating_add(bytes);
            }
            all.seam_dropped = all.seam_dropped.saturating_add(of.seam_dropped);
            all.models_wrong.extend(of.models_wrong);
            all.models_refused.extend(of.models_refused);
        }
        all
    }

    /// Forgets workers and cameras that are no more.
    pub(super) fn keep(&mut self, is_there: impl Fn(WorkerId) -> bool, watched: &BTreeSet<Name>) {
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

    /// What is held against workers for their memory, all in one text.
    pub(super) fn trials(&mut self, now: Instant) -> Option<String> {
        let held = self.lives.values_mut().filter_map(|lives| lives.trial(now));
        let held: Vec<&str> = held.collect();
        (!held.is_empty()).then(|| held.join("; "))
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
        let memory = || Some("too much".to_owned());
        lives.began(at(0));
        assert_eq!(lives.trial(at(2000)), None, "there was none");
        let mut lives = Lives::default();
        lives.ended(memory(), at(0));
        assert!(lives.trial(at(60)).is_some(), "none is up");
        lives.began(at(60));
        assert!(lives.trial(at(69)).is_some());
        lives.ended(None, at(69));
        lives.began(at(70));
        assert!(lives.trial(at(79)).is_some(), "another end: it did not run well");
        assert_eq!(lives.trial(at(80)), None);
        lives.ended(memory(), at(100));
        lives.began(at(100));
        assert!(lives.trial(at(159)).is_some(), "the last one had run for half an hour");
        assert_eq!(lives.trial(at(160)), None);
    }

    #[test]
    fn the_trouble_has_the_words_of_each_worker_until_its_own_is_over() {
        let (mut workers, zero) = (Workers::default(), clock::monotonic());
        let at = |minutes: u64| zero + Duration::from_mins(minutes);
        for (n, ended) in [(0, 0), (1, 5)] {
            let lives = workers.lives.entry(WorkerId(n)).or_default();
            lives.ended(Some(format!("worker {n}")), at(ended));
            lives.began(at(ended));
        }
        assert_eq!(workers.trials(at(9)).as_deref(), Some("worker 0; worker 1"));
        assert_eq!(workers.trials(at(10)).as_deref(), Some("worker 1"));
        assert_eq!(workers.trials(at(15)), None);
    }
}
