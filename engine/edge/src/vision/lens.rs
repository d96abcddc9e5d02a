//! A classifier that is loaded, for all threads and cameras that ask it.

use crate::infer::{self, DetectorOptions, InferError, Judge, Network, Runtime};
use crate::models::ClassifierPackage;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viahe_core::model::Classifier;
use viahe_core::tune::Provider;

/// A classifier that says nothing of so many crops in a row is told: judgement. One that is sound says something of each.
const USELESS_MAX: u32 = 20;

/// Shared; each thread that looks takes a judge of it for as long as it asks.
#[derive(Debug)]
pub(super) struct Lens {
    classifier: Classifier,
    network: Arc<Network>,
    /// As many as were ever needed at once: no more than threads.
    spare: Mutex<Vec<Judge>>,
    run: Duration,
    useless: Streak,
}

/// Crops in a row of which nothing was said that could be used.
#[derive(Debug, Default)]
struct Streak(AtomicU32);

impl Streak {
    fn heard(&self, usable: bool) {
        if usable {
            self.0.store(0, Ordering::Relaxed);
        } else {
            // In 2^32 crops without a word it begins anew, and is told again.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn complaint(&self) -> Option<String> {
        let is_long = self.0.load(Ordering::Relaxed) >= USELESS_MAX;
        is_long.then(|| {
            format!(
                "it said nothing that can be used of the last {USELESS_MAX} crops and more (no numbers, or none from 0 to 1 where its \
                 `activation` promises such): things stay what the detector says; correct `activation`, or export it again"
            )
        })
    }
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
        Ok(Arc::new(Self { classifier, network, spare, run, useless: Streak::default() }))
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

    /// Of one crop it said something that can be used, or not.
    pub(super) fn heard(&self, usable: bool) {
        self.useless.heard(usable);
    }

    /// Why it is of no use as it is; for people.
    pub(super) fn complaint(&self) -> Option<String> {
        self.useless.complaint()
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Judge>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_says_nothing_for_long_is_told_until_it_says_something() {
        let streak = Streak::default();
        let useless = |times| (0..times).for_each(|_| streak.heard(false));
        useless(USELESS_MAX - 1);
        assert_eq!(streak.complaint(), None);
        streak.heard(true);
        useless(USELESS_MAX - 1);
        assert_eq!(streak.complaint(), None);
        useless(1);
        assert!(streak.complaint().is_some_and(|text| text.contains("activation")));
        streak.heard(true);
        assert_eq!(streak.complaint(), None);
    }
}
