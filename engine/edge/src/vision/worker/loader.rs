//! Opens sessions of models, on a thread of its own: it takes long, and nobody may wait for it.
//! Those of one model share its weights.

use super::models::{Made, Opened, Order};
use super::trial::tried;
use crate::infer::{self, DetectorOptions, Network, RunsOn, Runtime};
use crate::models::Package;
use crate::vision::analyse::Eye;
use crate::vision::slots::{ModelId, SharedFrame};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use viahe_core::seam::ModelRun;
use viahe_core::tune::Provider;

/// One order at a time.
pub(super) struct Loader {
    orders: Sender<(Order, Vec<SharedFrame>)>,
    opened: Receiver<Opened<Eye>>,
}

impl Loader {
    pub(super) fn start(
        runtime: Runtime,
        taxonomies: Vec<PathBuf>,
        provider: Provider,
    ) -> Result<Self, std::io::Error> {
        let (orders, wanted) = bounded::<(Order, Vec<SharedFrame>)>(1);
        let (done, opened) = bounded(1);
        std::thread::Builder::new().name("models".into()).spawn(move || {
            let mut loaded = Networks { runtime, taxonomies, provider, loaded: BTreeMap::new() };
            for (order, frames) in wanted {
                let result = loaded.open(&order, &frames);
                drop(frames);
                if done.send(Opened { order, result }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { orders, opened })
    }

    /// To be answered before the next one. A model that is not loaded yet is tried on these frames.
    pub(super) fn open(&self, order: Order, frames: Vec<SharedFrame>) {
        // There is room: one order at a time.
        let _ = self.orders.try_send((order, frames));
    }

    pub(super) fn opened(&self) -> &Receiver<Opened<Eye>> {
        &self.opened
    }
}

/// What is loaded, as long as somebody looks with it.
struct Networks {
    runtime: Runtime,
    taxonomies: Vec<PathBuf>,
    provider: Provider,
    loaded: BTreeMap<ModelId, Weak<Network>>,
}

impl Networks {
    fn open(&mut self, order: &Order, frames: &[SharedFrame]) -> Result<Made<Eye>, String> {
        self.loaded.retain(|_, network| network.strong_count() > 0);
        let (network, frames) = match self.loaded.get(&order.id).and_then(Weak::upgrade) {
            Some(network) => (network, [].as_slice()),
            None => (self.load(order)?, frames),
        };
        let mut eye = Eye::on(&network).map_err(|e| e.to_string())?;
        tried(&mut eye, network.model(), frames)?;
        self.loaded.insert(order.id, Arc::downgrade(&network));
        let model = network.model().clone();
        let run = Box::new(move || run_of(&network));
        Ok(Made { batch_max: eye.batch_max(), eye, model, run })
    }

    fn load(&self, order: &Order) -> Result<Arc<Network>, String> {
        let package = Package::read(&order.name, &order.files, &self.taxonomies)
            .map_err(|e| e.to_string())?;
        let run = order.run.map_or_else(DetectorOptions::default, DetectorOptions::from);
        let options = DetectorOptions { provider: self.provider, ..run };
        infer::load(&self.runtime, &package.model, &package.weights, options)
            .map_err(|e| e.to_string())
    }
}

/// As it is now.
fn run_of(network: &Network) -> ModelRun {
    let RunsOn { asked, used, why, .. } = network.runs_on();
    let arena = network.arena().unwrap_or_default();
    ModelRun {
        asked: *asked,
        used: *used,
        why: why.clone().unwrap_or_default(),
        precision: network.model().precision,
        held_bytes: arena.held,
        used_bytes_max: arena.used_max,
    }
}
