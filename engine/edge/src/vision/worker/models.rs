//! Which models a worker has: each is loaded beside the one that it replaces, and takes over when it is
//! whole. Pure: what is to be opened is handed out, what was opened is handed in.

use crate::vision::slots::{ModelId, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use viahe_contract::message::ModelRef;
use viahe_contract::sha256::Sha256;
use viahe_core::detect::{DecodeStats, Sanity};
use viahe_core::id::Name;
use viahe_core::model::Model;
use viahe_core::seam::{ModelFiles, ModelRun, Use};
use viahe_core::tune::Running;

/// A session to be opened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) id: ModelId,
    pub(super) name: Name,
    pub(super) files: ModelFiles,
    /// How; none for the default.
    pub(super) run: Option<Running>,
}

/// What became of an order.
pub(super) struct Opened<E> {
    pub(super) order: Order,
    pub(super) result: Result<Made<E>, String>,
}

/// A session of a model, as it was opened.
pub(super) struct Made<E> {
    pub(super) eye: E,
    pub(super) batch_max: usize,
    pub(super) model: Model,
    /// How it runs, as often as somebody asks.
    pub(super) run: RunNow,
}

pub(super) type RunNow = Box<dyn Fn() -> ModelRun + Send + Sync>;

/// A session whose output is watched together with that of the model's others.
pub(super) struct Sight<E> {
    pub(super) eye: E,
    pub(super) watched: Arc<Watched>,
}

/// A model, and whether its output is what its description says.
pub(super) struct Watched {
    pub(super) model: Model,
    run: RunNow,
    sanity: Mutex<Sanity>,
}

impl Watched {
    pub(super) fn add(&self, decoded: &DecodeStats) {
        self.sanity.lock().unwrap_or_else(PoisonError::into_inner).add(decoded);
    }

    fn complaint(&self) -> Option<String> {
        let sanity = self.sanity.lock().unwrap_or_else(PoisonError::into_inner);
        sanity.complaint(&self.model.head)
    }

    pub(super) fn told(&self) -> ModelRef {
        self.model.fingerprint()
    }
}

/// A model that can be looked with.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) name: Name,
    pub(super) id: ModelId,
    pub(super) epoch: u32,
    pub(super) watched: Arc<Watched>,
}

/// Files that were loaded, or are being.
struct Generation<E> {
    id: ModelId,
    of: Use,
    watched: Option<Arc<Watched>>,
    opened: usize,
    /// A session could not be opened; no more are tried.
    failed: bool,
    /// Sessions that wait until all are there.
    waiting: Vec<Session<Sight<E>>>,
}

/// A model by its name.
struct Entry<E> {
    wanted: Use,
    at_work: Option<Generation<E>>,
    next: Option<Generation<E>>,
    /// Sessions that are wanted: no more than threads, nor than cameras of it, nor than are worth it.
    need: usize,
    /// Why the wanted files cannot be used.
    refused: Option<String>,
}

/// All of them.
pub(super) struct Models<E> {
    entries: BTreeMap<Name, Entry<E>>,
    threads: usize,
    /// By the hash of a description.
    running: BTreeMap<Sha256, Running>,
    next_id: u64,
    /// One session is opened at a time.
    opening: bool,
}

impl<E> Models<E> {
    /// For so many threads that look.
    pub(super) fn new(threads: usize, running: BTreeMap<Sha256, Running>) -> Self {
        Self { entries: BTreeMap::new(), threads, running, next_id: 0, opening: false }
    }

    /// Where a model lies. One whose files are those at work goes on; one that was refused is tried
    /// again.
    pub(super) fn take(&mut self, wanted: Use) {
        let Some(entry) = self.entries.get_mut(&wanted.name) else {
            let name = wanted.name.clone();
            let entry = Entry { wanted, at_work: None, next: None, need: 0, refused: None };
            self.entries.insert(name, entry);
            return;
        };
        entry.refused = None;
        if entry.wanted.files != wanted.files {
            entry.next = None;
            entry.wanted = wanted;
        }
        if let Some(at_work) = &mut entry.at_work {
            at_work.failed = false;
        }
    }

    /// So many cameras are looked at with each model, or are to be. Those of none are given up.
    fn wanted_by(&mut self, cameras: &BTreeMap<Name, usize>) {
        // Where some are run as they were measured, the threads are theirs.
        let plain = if self.running.is_empty() { self.threads } else { 1 };
        for (name, entry) in &mut self.entries {
            let run = self.running.get(&entry.wanted.files.sha256);
            let most = run.map_or(plain, |run| run.sessions.min(self.threads)).max(1);
            entry.need = cameras.get(name).copied().unwrap_or(0).min(most);
            if entry.need == 0 {
                (entry.at_work, entry.next, entry.refused) = (None, None, None);
            }
        }
    }

    /// So many cameras are looked at with each model, or are to be: the next session to be opened, if
    /// one is wanted and none is being opened.
    pub(super) fn order(&mut self, cameras: &BTreeMap<Name, usize>) -> Option<Order> {
        self.wanted_by(cameras);
        if self.opening {
            return None;
        }
        for (name, entry) in &mut self.entries {
            if entry.need == 0 || entry.refused.is_some() {
                continue;
            }
            let is_wanted = |g: &&mut Generation<E>| g.of.files == entry.wanted.files;
            let generation = match entry.at_work.as_mut().filter(is_wanted) {
                Some(at_work) => at_work,
                None => entry.next.get_or_insert_with(|| {
                    let id = ModelId(self.next_id);
                    self.next_id += 1;
                    Generation::new(id, entry.wanted.clone())
                }),
            };
            if generation.failed || generation.opened >= entry.need {
                continue;
            }
            self.opening = true;
            let files = generation.of.files.clone();
            let run = self.running.get(&files.sha256).copied();
            return Some(Order { id: generation.id, name: name.clone(), files, run });
        }
        None
    }

    /// A session was opened, or could not be. Sessions that can be worked with from now on.
    pub(super) fn opened(&mut self, opened: Opened<E>) -> Vec<(ModelId, Session<Sight<E>>)> {
        self.opening = false;
        let Opened { order, result } = opened;
        // Nobody wants it any more, if there is none.
        let Some(entry) = self.entries.get_mut(&order.name) else { return Vec::new() };
        if let Some(at_work) = entry.at_work.as_mut().filter(|g| g.id == order.id) {
            at_work.add(&order.name, result);
            return at_work.ready();
        }
        let Some(next) = entry.next.as_mut().filter(|g| g.id == order.id) else {
            return Vec::new();
        };
        if let Some(why) = next.add(&order.name, result).filter(|_| next.opened == 0) {
            entry.refused = Some(why);
            entry.next = None;
            return Vec::new();
        }
        let whole = next.failed || next.opened >= entry.need || entry.at_work.is_none();
        let Some(mut next) = entry.next.take_if(|_| whole) else { return Vec::new() };
        let ready = next.ready();
        entry.at_work = Some(next);
        ready
    }

    /// What cameras of this model are looked at with now.
    pub(super) fn current(&self, name: &Name) -> Option<Current> {
        let at_work = self.entries.get(name)?.at_work.as_ref()?;
        let watched = Arc::clone(at_work.watched.as_ref()?);
        let (name, id, epoch) = (name.clone(), at_work.id, at_work.of.epoch);
        Some(Current { name, id, epoch, watched })
    }

    /// Those at work.
    pub(super) fn at_work(&self) -> BTreeSet<ModelId> {
        self.entries.values().filter_map(|entry| Some(entry.at_work.as_ref()?.id)).collect()
    }

    /// Why a model cannot be used as it is wanted.
    pub(super) fn refused(&self) -> BTreeMap<Name, String> {
        let why = |(name, entry): (&Name, &Entry<E>)| Some((name.clone(), entry.refused.clone()?));
        self.entries.iter().filter_map(why).collect()
    }

    /// How models at work are run.
    pub(super) fn runs(&self) -> BTreeMap<Name, ModelRun> {
        let of = |(name, entry): (&Name, &Entry<E>)| {
            let watched = entry.at_work.as_ref()?.watched.as_ref()?;
            Some((name.clone(), (watched.run)()))
        };
        self.entries.iter().filter_map(of).collect()
    }

    /// Models at work whose output is not what their description says.
    pub(super) fn wrong(&self) -> BTreeMap<Name, String> {
        let of = |(name, entry): (&Name, &Entry<E>)| {
            let watched = entry.at_work.as_ref()?.watched.as_ref()?;
            Some((name.clone(), watched.complaint()?))
        };
        self.entries.iter().filter_map(of).collect()
    }
}

impl<E> Generation<E> {
    fn new(id: ModelId, of: Use) -> Self {
        Self { id, of, watched: None, opened: 0, failed: false, waiting: Vec::new() }
    }

    /// Why it could not be opened, if so.
    fn add(&mut self, name: &Name, result: Result<Made<E>, String>) -> Option<String> {
        match result {
            Ok(Made { eye, batch_max, model, run }) => {
                let first = || Arc::new(Watched { model, run, sanity: Mutex::default() });
                let watched = Arc::clone(self.watched.get_or_insert_with(first));
                self.opened += 1;
                self.waiting.push(Session { eye: Sight { eye, watched }, batch_max });
                None
            }
            Err(why) => {
                tracing::error!(model = %name, why, sessions = self.opened, "a model could not be loaded");
                self.failed = true;
                Some(why)
            }
        }
    }

    fn ready(&mut self) -> Vec<(ModelId, Session<Sight<E>>)> {
        let id = self.id;
        std::mem::take(&mut self.waiting).into_iter().map(|session| (id, session)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use viahe_core::config::Taxonomy;
    use viahe_testing::model::TINY;

    fn day() -> Name {
        Name::try_from("day").unwrap()
    }

    fn model() -> Model {
        viahe_core::config::model::parse_with("model.toml", TINY, &Taxonomy::builtin()).unwrap()
    }

    fn wanted(epoch: u32, files: u8) -> Use {
        let sha256 = Sha256::from_bytes([files; 32]);
        let files = ModelFiles { description: "model.toml".into(), weights: "w".into(), sha256 };
        Use { epoch, name: day(), files }
    }

    fn cameras(count: usize) -> BTreeMap<Name, usize> {
        [(day(), count)].into()
    }

    fn made(order: &Order) -> Opened<u32> {
        let run = Box::new(ModelRun::default);
        let result = Ok(Made { eye: 7, batch_max: 1, model: model(), run });
        Opened { order: order.clone(), result }
    }

    fn failed(order: &Order) -> Opened<u32> {
        Opened { order: order.clone(), result: Err("no room".into()) }
    }

    /// Opens all that is wanted; how many sessions became ready at each.
    fn open_all(models: &mut Models<u32>, count: usize) -> Vec<usize> {
        let mut ready = Vec::new();
        while let Some(order) = models.order(&cameras(count)) {
            assert!(models.order(&cameras(count)).is_none(), "one at a time");
            ready.push(models.opened(made(&order)).len());
        }
        ready
    }

    #[test]
    fn as_many_sessions_are_opened_as_can_be_used_and_the_first_is_used_at_once() {
        for (threads, count, want) in [(4, 2, 2), (2, 8, 2), (1, 1, 1), (4, 0, 0)] {
            let mut models = Models::new(threads, BTreeMap::new());
            models.take(wanted(1, 1));
            assert_eq!(open_all(&mut models, count), vec![1; want], "{threads} {count}");
        }
        let mut models = Models::new(4, BTreeMap::new());
        models.take(wanted(1, 1));
        assert_eq!(open_all(&mut models, 1).len(), 1);
        assert_eq!(open_all(&mut models, 3).len(), 2, "two more cameras, two more sessions");
    }

    #[test]
    fn no_more_sessions_are_opened_than_were_measured_to_be_worth_it() {
        let run = Running { sessions: 2, batch: 4, threads: 1 };
        let running = [(Sha256::from_bytes([1; 32]), run)].into();
        let mut models = Models::new(3, running);
        models.take(wanted(1, 1));
        let outdated = models.order(&cameras(8)).unwrap();
        assert_eq!(outdated.run, Some(run));
        models.take(wanted(2, 2));
        assert!(models.opened(made(&outdated)).is_empty());
        assert_eq!(open_all(&mut models, 8).len(), 1, "of other files nothing is known");
        let running = [(Sha256::from_bytes([1; 32]), run)].into();
        let mut models = Models::new(3, running);
        models.take(wanted(1, 1));
        assert_eq!(open_all(&mut models, 8).len(), 2);
    }

    #[test]
    fn another_model_takes_over_when_it_is_whole() {
        let mut models = Models::new(2, BTreeMap::new());
        models.take(wanted(1, 1));
        open_all(&mut models, 4);
        let old = models.current(&day()).unwrap();
        models.take(wanted(2, 2));
        let first = models.order(&cameras(4)).unwrap();
        assert!(models.opened(made(&first)).is_empty());
        assert_eq!(models.current(&day()).unwrap().id, old.id, "half of it is not enough");
        let second = models.order(&cameras(4)).unwrap();
        assert_eq!(models.opened(made(&second)).len(), 2);
        let new = models.current(&day()).unwrap();
        assert!(new.id != old.id && (old.epoch, new.epoch) == (1, 2));
        assert_eq!(models.at_work(), [new.id].into());
        models.take(wanted(3, 2));
        assert!(models.order(&cameras(4)).is_none(), "it is there already");
    }

    #[test]
    fn a_model_that_cannot_be_opened_leaves_the_old_one_at_work() {
        let mut models = Models::new(1, BTreeMap::new());
        models.take(wanted(1, 1));
        open_all(&mut models, 1);
        let old = models.current(&day()).unwrap().id;
        models.take(wanted(2, 2));
        let order = models.order(&cameras(1)).unwrap();
        assert!(models.opened(failed(&order)).is_empty());
        assert_eq!(models.current(&day()).unwrap().id, old);
        assert_eq!(models.refused()[&day()], "no room");
        assert!(models.order(&cameras(1)).is_none(), "not again and again");
        // Told once more, it is tried once more.
        models.take(wanted(3, 2));
        assert_eq!(open_all(&mut models, 1), [1]);
        assert!(models.refused().is_empty() && models.current(&day()).unwrap().id != old);
    }

    #[test]
    fn with_fewer_sessions_than_could_be_used_it_goes_on() {
        let mut models = Models::new(2, BTreeMap::new());
        models.take(wanted(1, 1));
        open_all(&mut models, 2);
        models.take(wanted(2, 2));
        let first = models.order(&cameras(2)).unwrap();
        models.opened(made(&first));
        let second = models.order(&cameras(2)).unwrap();
        assert_eq!(models.opened(failed(&second)).len(), 1);
        assert_eq!(models.current(&day()).unwrap().epoch, 2);
        assert!(models.order(&cameras(2)).is_none() && models.refused().is_empty());
    }

    #[test]
    fn what_nobody_wants_any_more_is_given_up_also_while_it_is_opened() {
        let mut models = Models::new(1, BTreeMap::new());
        models.take(wanted(1, 1));
        let outdated = models.order(&cameras(1)).unwrap();
        models.take(wanted(2, 2));
        assert!(models.opened(made(&outdated)).is_empty());
        assert!(models.current(&day()).is_none());
        open_all(&mut models, 1);
        assert!(models.current(&day()).is_some());
        assert!(models.order(&cameras(0)).is_none());
        assert!(models.current(&day()).is_none() && models.at_work().is_empty());
    }
}
