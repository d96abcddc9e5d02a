//! A classifier that is loaded, for all threads and cameras that ask it.

use crate::infer::{self, DetectorOptions, InferError, Judge, Network, Runtime};
use crate::models::ClassifierPackage;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viahe_core::model::Classifier;
use viahe_core::tune::Provider;

/// Shared; each thread that looks takes a judge of it for as long as it asks.
#[derive(Debug)]
pub(super) struct Lens {
    classifier: Classifier,
    network: Arc<Network>,
    /// As many as were ever needed at once: no more than threads.
    spare: Mutex<Vec<Judge>>,
    run: Duration,
}

/// The same lens, not one that is alike.
impl PartialEq for Lens {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Lens {
    /// Loads what is installed, and tries it.
    pub(super) fn load(
        runtime: &Runtime,
        package: &ClassifierPackage,
        provider: Provider,
    ) -> Result<Arc<Self>, InferError> {
        let classifier = package.classifier.clone();
        let options = DetectorOptions { provider, ..DetectorOptions::default() };
        let network = infer::load(runtime, &classifier.model, &package.weights, options)?;
        let judge = Judge::on(&network)?;
        let (run, spare) = (judge.run(), Mutex::new(vec![judge]));
        Ok(Arc::new(Self { classifier, network, spare, run }))
    }

    pub(super) fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// What a crop costs.
    pub(super) fn run(&self) -> Duration {
        self.run
    }

    /// For one thread; to be given back.
    pub(super) fn take(&self) -> Result<Judge, InferError> {
        let spare = self.spare().pop();
        spare.map_or_else(|| Judge::on(&self.network), Ok)
    }

    pub(super) fn give_back(&self, judge: Judge) {
        self.spare().push(judge);
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Judge>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
