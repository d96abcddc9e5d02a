//! Opens sessions of models, on a thread of its own: it takes long, and nobody may wait for it.
//! Those of one model share its weights.

use super::models::{Made, Opened, Order};
use super::trial::tried;
use crate::infer::{DetectorOptions, Network, Runtime};
use crate::models::Package;
use crate::vision::analyse::Eye;
use crate::vision::slots::{ModelId, SharedFrame};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

/// One order at a time.
pub(super) struct Loader {
    orders: Sender<(Order, Vec<SharedFrame>)>,
    opened: Receiver<Opened<Eye>>,
}

impl Loader {
    pub(super) fn start(
        runtime: Runtime,
        taxonomies: Vec<PathBuf>,
    ) -> Result<Self, std::io::Error> {
        let (orders, wanted) = bounded::<(Order, Vec<SharedFrame>)>(1);
        let (done, opened) = bounded(1);
        std::thread::Builder::new().name("models".into()).spawn(move || {
            let mut loaded = Networks { runtime, taxonomies, loaded: BTreeMap::new() };
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
    loaded: BTreeMap<ModelId, Weak<Network>>,
}

impl Networks {
    fn open(&mut self, order: &Order, frames: &[SharedFrame]) -> Result<Made<Eye>, String> {
        self.loaded.retain(|_, network| network.strong_count() > 0);
        let (network, frames) = match self.loaded.get(&order.id).and_then(Weak::upgrade) {
            Some(network) => (network, [].as_slice()),
            None => (Arc::new(self.load(order)?), frames),
        };
        let mut eye = Eye::on(&network).map_err(|e| e.to_string())?;
        tried(&mut eye, network.model(), frames)?;
        self.loaded.insert(order.id, Arc::downgrade(&network));
        Ok(Made { batch_max: eye.batch_max(), eye, model: network.model().clone() })
    }

    fn load(&self, order: &Order) -> Result<Network, String> {
        let package = Package::read(&order.name, &order.files, &self.taxonomies)
            .map_err(|e| e.to_string())?;
        let run = order.run.map_or_else(DetectorOptions::default, DetectorOptions::from);
        Eye::load(&self.runtime, &package, run).map_err(|e| e.to_string())
    }
}
