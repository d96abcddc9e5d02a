//! What a worker is to do, what the present one was told of it, and what it is to be told next.

use super::suspects::Suspects;
use crate::vision::memory;
use crate::vision::share::Share;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
use viahe_contract::id::Name;
use viahe_core::attention::Need;
use viahe_core::seam::{Assign, FromWorker, ModelFiles, ToWorker, Use, VisionCamera};

/// Counts beginnings of cameras over all workers of an engine: none has the epoch of another, so neither
/// have their tracks.
#[derive(Clone, Debug, Default)]
pub struct Epochs(Arc<AtomicU32>);

impl Epochs {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Of one place in the fleet; workers come and go.
pub(super) struct Orders {
    share: Share,
    /// Bytes, as the pipeline says.
    memory_max: Option<u64>,
    limits: Limits,
    epochs: Epochs,
    told: Told,
    pub(super) suspects: Suspects,
}

/// Bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// The most that a worker may use.
    pub(super) used: u64,
    /// Behind it: the most that it may have mapped. What is mapped and not used grows with the plan,
    /// and is less than the usual limit.
    pub(super) mapped: u64,
}

impl Limits {
    fn new(share: &Share, memory_max: Option<u64>) -> Self {
        let usual = memory::usual_max(share);
        let used = memory_max.unwrap_or(usual);
        Self { used, mapped: used.saturating_add(usual) }
    }
}

/// What the present worker was told.
#[derive(Debug, Default)]
struct Told {
    models: BTreeMap<Name, ModelFiles>,
    /// With the epochs of their beginnings.
    cameras: BTreeMap<Name, (u32, VisionCamera)>,
}

/// What new orders ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that a message could not say.
    Told,
    /// Another process.
    Process,
}

impl Orders {
    pub(super) fn new(share: Share, memory_max: Option<u64>, epochs: Epochs) -> Self {
        let limits = Limits::new(&share, memory_max);
        let (told, suspects) = (Told::default(), Suspects::default());
        Self { share, memory_max, limits, epochs, told, suspects }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes other orders. Cameras that are others, or of another model, are no suspects any more.
    pub(super) fn take(&mut self, share: Share, memory_max: Option<u64>) -> Change {
        let old = std::mem::replace(&mut self.share, share);
        let memory_was = std::mem::replace(&mut self.memory_max, memory_max);
        self.limits = Limits::new(&self.share, memory_max);
        let process = old.process != self.share.process;
        for (camera, was) in &old.cameras {
            let same = self.share.cameras.get(camera) == Some(was)
                && old.models.get(&was.model) == self.share.models.get(&was.model);
            if !same || process || memory_was != memory_max {
                self.suspects.acquit(camera);
            }
        }
        // A model that was refused may have been mended since.
        self.told.models.clear();
        if process { Change::Process } else { Change::Told }
    }

    /// From now on a camera is looked at so. It is no other camera for that: a suspect stays one.
    pub(super) fn attend(&mut self, camera: &Name, need: Need) {
        self.share.attend(camera, need);
    }

    /// All that a new worker is told.
    pub(super) fn begin(&mut self, now: Instant) -> Vec<ToWorker> {
        self.told = Told::default();
        self.suspects.ended();
        let mut all = vec![ToWorker::Start(self.share.process.clone())];
        all.extend(self.due(now, usize::MAX));
        all
    }

    /// What the present worker is to be told now, at most `room` messages. The rest stays due.
    pub(super) fn due(&mut self, now: Instant, room: usize) -> Vec<ToWorker> {
        let (share, told) = (&self.share, &mut self.told);
        let mut all = Vec::new();
        told.models.retain(|name, _| share.models.contains_key(name));
        for (name, files) in &share.models {
            if all.len() < room && told.models.get(name) != Some(files) {
                told.models.insert(name.clone(), files.clone());
                let (epoch, name, files) = (self.epochs.next(), name.clone(), files.clone());
                all.push(ToWorker::Use(Use { epoch, name, files }));
            }
        }
        let gone = told.cameras.extract_if(.., |camera, _| !share.cameras.contains_key(camera));
        for (camera, _) in gone.take(room - all.len()) {
            self.suspects.closed(&camera);
            all.push(ToWorker::Unassign(camera));
        }
        let (given, waiting): (Vec<_>, Vec<_>) =
            share.cameras.keys().partition(|camera| told.cameras.contains_key(*camera));
        let differs = |camera: &&Name| {
            let was = told.cameras.get(*camera).map(|(_, was)| was);
            was != share.cameras.get(*camera)
        };
        let mut due: Vec<&Name> =
            given.into_iter().filter(differs).take(room - all.len()).collect();
        let left = room - all.len() - due.len();
        due.extend(self.suspects.due(waiting.into_iter(), now, left));
        for name in due {
            let camera = &share.cameras[name];
            // Who is looked at more or less, or elsewhere in the picture, goes on.
            let goes_on = |(_, was): &&(u32, VisionCamera)| {
                let VisionCamera { need, closely, confidence_min, .. } = *camera;
                let (areas, refine) = (camera.areas.clone(), camera.refine.clone());
                let was = was.clone();
                VisionCamera { need, areas, closely, confidence_min, refine, ..was } == *camera
            };
            let began = told.cameras.get(name).filter(goes_on).map(|(epoch, _)| *epoch);
            let epoch = began.unwrap_or_else(|| self.epochs.next());
            told.cameras.insert(name.clone(), (epoch, camera.clone()));
            let camera = camera.clone();
            all.push(ToWorker::Assign(Assign { epoch, camera }));
        }
        all
    }

    /// Looks at what the present worker says.
    pub(super) fn hear(&mut self, message: &FromWorker, now: Instant) {
        match message {
            FromWorker::Opening(camera) => self.suspects.opening(camera, now),
            FromWorker::Camera(report) => {
                self.suspects.reported(&report.camera, report.status, now);
            }
            _ => {}
        }
        self.suspects.look(now);
    }

    /// The present worker has died. Cameras that are kept away for it.
    pub(super) fn died(&mut self, reason: &str, for_memory: bool, now: Instant) -> Vec<Name> {
        // With one camera alone it may be the limit that is wrong, and nobody else is made dark.
        if for_memory && self.share.cameras.len() < 2 {
            self.suspects.ended();
            return Vec::new();
        }
        self.suspects.died(reason, now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::vision::share::plain;

    /// The epochs of cameras that are to be told.
    fn epochs(orders: &mut Orders, now: Instant) -> Vec<u32> {
        let due = orders.due(now, usize::MAX);
        let of = |message| match message {
            ToWorker::Assign(Assign { epoch, .. }) => Some(epoch),
            _ => None,
        };
        due.into_iter().filter_map(of).collect()
    }

    #[test]
    fn each_beginning_of_a_camera_has_its_epoch_and_another_need_is_none() {
        let (name, camera) = plain::camera("gate", "street", Need::NONE);
        let (process, cameras) = (plain::process(), [(name.clone(), camera)].into());
        let mut share = Share { process, models: BTreeMap::new(), cameras };
        let now = crate::clock::monotonic();
        let mut orders = Orders::new(share.clone(), None, Epochs::default());
        assert_eq!(epochs(&mut orders, now), [0]);
        for looks_hz in 1..50 {
            orders.attend(&name, Need::steady(looks_hz as f32));
            assert_eq!(epochs(&mut orders, now), [0], "its tracks go on");
        }
        let zone = [0.1, 0.2, 0.3, 0.4].try_into().unwrap();
        let gate = share.cameras.get_mut(&name).unwrap();
        (gate.areas, gate.confidence_min) = (vec![zone], Some(0.35));
        orders.take(share.clone(), None);
        assert_eq!(epochs(&mut orders, now), [0], "nor does another zone or another rule end them");
        share.cameras.get_mut(&name).unwrap().model = "night".try_into().unwrap();
        orders.take(share.clone(), None);
        assert_eq!(epochs(&mut orders, now), [1]);
        orders.attend(&name, Need::steady(2.0));
        assert_eq!(epochs(&mut orders, now), [1]);
        let away = Share { cameras: BTreeMap::new(), ..share.clone() };
        orders.take(away, None);
        assert_eq!(epochs(&mut orders, now), [0; 0]);
        orders.take(share, None);
        assert_eq!(epochs(&mut orders, now), [2]);
        orders.begin(now);
        orders.attend(&name, Need::steady(1.0));
        assert_eq!(epochs(&mut orders, now), [3], "another worker begins anew");
    }
}
