//! Opens sessions of models, on a thread of its own: it takes long, and nobody may wait for it.
//! Those of one model share its weights.

use super::models::{Made, Opened, Order};
use crate::infer::{DetectorOptions, Network, Runtime};
use crate::models::Package;
use crate::vision::analyse::Eye;
use crate::vision::slots::ModelId;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

/// One order at a time.
pub(super) struct Loader {
    orders: Sender<Order>,
    opened: Receiver<Opened<Eye>>,
}

impl Loader {
    pub(super) fn start(
        runtime: Runtime,
        taxonomies: Vec<PathBuf>,
    ) -> Result<Self, std::io::Error> {
        let (orders, wanted) = bounded::<Order>(1);
        let (done, opened) = bounded(1);
        std::thread::Builder::new().name("models".into()).spawn(move || {
            let mut loaded = Networks { runtime, taxonomies, loaded: BTreeMap::new() };
            for order in wanted {
                let result = loaded.open(&order);
                if done.send(Opened { order, result }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { orders, opened })
    }

    /// To be answered before the next one.
    pub(super) fn open(&self, order: Order) {
        // There is room: one order at a time.
        let _ = self.orders.try_send(order);
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
    fn open(&mut self, order: &Order) -> Result<Made<Eye>, String> {
        self.loaded.retain(|_, network| network.strong_count() > 0);
        let network = match self.loaded.get(&order.id).and_then(Weak::upgrade) {
            Some(network) => network,
            None => Arc::new(self.load(order)?),
        };
        let eye = Eye::on(&network).map_err(|e| e.to_string())?;
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
