//! What is known of vision workers: who was up, for how long, and what each said last.

use super::lately::Lately;
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

/// A camera at a worker, and a model that it is looked at with there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    pub(super) worker: WorkerId,
    pub(super) camera: Name,
    pub(super) model: Name,
}

/// What is known of all workers.
#[derive(Debug, Default)]
pub(super) struct Workers {
    pub(super) lives: BTreeMap<WorkerId, Lives>,
    /// What each one said last.
    stats: BTreeMap<WorkerId, WorkerStats>,
    /// By camera.
    models: BTreeMap<Name, ModelRef>,
    /// The worker that looks at each camera, or did when it was heard of last.
    begun: BTreeMap<Name, WorkerId>,
    /// Models that anybody has looked with in this run.
    looked: BTreeSet<Name>,
    /// What was taken from workers.
    taken: Lately<Seat>,
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
    pub(super) fn looks(
        &mut self,
        worker: WorkerId,
        camera: &Name,
        model: &ModelRef,
        now: Instant,
    ) -> bool {
        let before = self.distinct_models();
        self.looked.insert(model.name.clone());
        self.begun.insert(camera.clone(), worker);
        let was = self.models.insert(camera.clone(), model.clone());
        if let Some(was) = was.filter(|was| was.name != model.name) {
            self.taken.note(Seat { worker, camera: camera.clone(), model: was.name }, now);
        }
        self.distinct_models() != before
    }

    /// Has a worker begun to look at a camera, and not ended since?
    pub(super) fn has_begun(&self, worker: WorkerId, camera: &Name) -> bool {
        self.begun.get(camera) == Some(&worker)
    }

    /// A worker is gone; `text` tells what it was ended for, when that was its memory.
    pub(super) fn ended(&mut self, worker: WorkerId, text: Option<String>, now: Instant) {
        self.begun.retain(|_, begun| *begun != worker);
        self.lives.entry(worker).or_default().ended(text, now);
    }

    /// Is a camera looked at with this model, as far as is known?
    pub(super) fn looks_with(&self, camera: &Name, model: &Name) -> bool {
        self.model_of(camera) == Some(model)
    }

    /// The model that a camera is looked at with.
    pub(super) fn model_of(&self, camera: &Name) -> Option<&Name> {
        self.models.get(camera).map(|model| &model.name)
    }

    /// These were taken from workers.
    pub(super) fn taken(&mut self, seats: impl Iterator<Item = Seat>, now: Instant) {
        seats.for_each(|seat| self.taken.note(seat, now));
    }

    /// Had a worker such a seat until a moment ago?
    pub(super) fn had(&self, worker: WorkerId, is: impl Fn(&Seat) -> bool, now: Instant) -> bool {
        self.taken.any(now, |seat| seat.worker == worker && is(seat))
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
            all.cpu_ms += of.cpu_ms;
            all.models_wrong.extend(of.models_wrong);
            all.models_refused.extend(of.models_refused);
            all.classifiers_refused.extend(of.classifiers_refused);
            all.models.extend(of.models);
        }
        all
    }

    /// Forgets workers and cameras that are no more, and what a worker said of a camera that is another's now.
    pub(super) fn keep(&mut self, seats: &BTreeMap<Name, WorkerId>) {
        let employed: BTreeSet<WorkerId> = seats.values().copied().collect();
        self.lives.retain(|worker, _| employed.contains(worker));
        self.stats.retain(|worker, _| employed.contains(worker));
        for (worker, of) in &mut self.stats {
            of.cameras.retain(|camera, _| seats.get(camera) == Some(worker));
        }
        self.begun.retain(|camera, worker| seats.get(camera) == Some(worker));
        self.models.retain(|camera, _| seats.contains_key(camera));
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
    use viahe_contract::sha256::Sha256;
    use viahe_core::seam::CameraStats;

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
    fn what_a_worker_said_of_a_camera_does_not_stand_before_what_the_next_one_says() {
        let (mut workers, gate) = (Workers::default(), Name::try_from("gate").unwrap());
        let said = |frames_in| {
            let camera = CameraStats { frames_in, ..CameraStats::default() };
            let cameras = [(gate.clone(), camera)].into();
            WorkerStats { cameras, ..WorkerStats::default() }
        };
        workers.report(WorkerId(0), WorkerStats::default());
        workers.report(WorkerId(1), said(1000));
        let market = Name::try_from("market").unwrap();
        workers.keep(&[(gate.clone(), WorkerId(0)), (market, WorkerId(1))].into());
        assert_eq!(workers.report(WorkerId(0), said(1)).cameras[&gate].frames_in, 1);
    }

    /// The worker may still name it.
    #[test]
    fn a_model_that_another_took_over_from_was_its_until_a_moment_ago() {
        let (mut workers, zero) = (Workers::default(), clock::monotonic());
        let name = |text: &str| Name::try_from(text).unwrap();
        let (gate, worker) = (name("gate"), WorkerId(0));
        let mut looks = |model: &str| {
            let model =
                ModelRef { name: name(model), sha256: Sha256::from_bytes([7; 32]), licence: None };
            workers.looks(worker, &gate, &model, zero)
        };
        assert!(looks("old") && looks("new") && !looks("new"));
        assert!(workers.looks_with(&gate, &name("new")));
        let had = |worker, model: &str, secs| {
            let now = zero + Duration::from_secs(secs);
            workers.had(worker, |seat| seat.model == name(model) && seat.camera == gate, now)
        };
        assert!(had(worker, "old", 9) && !had(worker, "new", 9) && !had(WorkerId(1), "old", 9));
        assert!(!had(worker, "old", 60));
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
