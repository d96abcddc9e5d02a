//! What an uploader must know, and what its handle and its thread share.

use crate::telemetry::Metrics;
use crate::trouble::Troubles;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viahe_core::id::Name;
use viahe_core::plan::Console;

pub use crate::telemetry::Uploads;

/// First and longest wait after a failure.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];

/// What an uploader must know.
#[derive(Debug)]
pub struct UploadOptions {
    /// Where pictures go.
    pub console: Console,
    /// Where it is told that they do not.
    pub troubles: Troubles,
    /// Where numbers are shown.
    pub metrics: Arc<Metrics>,
    /// First and longest wait after a failure.
    pub again_after: [Duration; 2],
    /// Of the jitter between tries.
    pub seed: u64,
}

impl UploadOptions {
    /// The usual ones.
    pub fn new(console: Console, troubles: Troubles, metrics: Arc<Metrics>, site: &Name) -> Self {
        let seed = crate::backoff::seed(site.as_str());
        Self { console, troubles, metrics, again_after: AGAIN_AFTER, seed }
    }
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stop: bool,
    stopped: bool,
    counters: Uploads,
}

impl Shared {
    pub(super) fn counters(&self) -> Uploads {
        self.state().counters
    }

    pub(super) fn set_counters(&self, counters: Uploads) {
        self.state().counters = counters;
    }

    /// Waits for so long, or until the thread is to stop; says whether it is.
    pub(super) fn rest(&self, wait: Duration) -> bool {
        let state = self.state();
        let woken = self.changed.wait_timeout_while(state, wait, |state| !state.stop);
        woken.unwrap_or_else(PoisonError::into_inner).0.stop
    }

    /// The thread has ended.
    pub(super) fn ended(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Has the thread end, and waits for it for so long.
    pub(super) fn stop(&self, within: Duration) {
        let mut state = self.state();
        state.stop = true;
        self.changed.notify_all();
        // One that is in the middle of a request ends after it; the next start asks again.
        drop(self.changed.wait_timeout_while(state, within, |state| !state.stopped));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
