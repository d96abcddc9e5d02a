//! Opens sessions of models, on a thread of its own: it takes long, and nobody may wait for it.

use super::models::{Made, Opened, Order};
use crate::infer::{DetectorOptions, Runtime};
use crate::models::Package;
use crate::vision::analyse::Eye;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::path::PathBuf;

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
            for order in wanted {
                let result = open(&runtime, &order, &taxonomies);
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

fn open(runtime: &Runtime, order: &Order, taxonomies: &[PathBuf]) -> Result<Made<Eye>, String> {
    let package =
        Package::read(&order.name, &order.files, taxonomies).map_err(|e| e.to_string())?;
    let run = order.run.map_or_else(DetectorOptions::default, DetectorOptions::from);
    let eye = Eye::open(runtime, &package, run).map_err(|e| e.to_string())?;
    let batch_max = eye.batch_max();
    Ok(Made { eye, batch_max, model: package.model })
}
