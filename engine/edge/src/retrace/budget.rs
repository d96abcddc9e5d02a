//! How long a question may take.

use super::error::RetraceError;
use crate::clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The end of an answer's time, or of all time.
pub(super) struct Budget {
    within: Duration,
    until: Instant,
    stop: Arc<AtomicBool>,
}

impl Budget {
    /// From now on; `stop` ends it before.
    pub(super) fn new(within: Duration, stop: Arc<AtomicBool>) -> Self {
        Self { within, until: clock::monotonic() + within, stop }
    }

    /// Is there time left?
    ///
    /// # Errors
    /// [`RetraceError::Stopped`], [`RetraceError::TooLong`].
    pub(super) fn check(&self) -> Result<(), RetraceError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(RetraceError::Stopped);
        }
        if clock::monotonic() >= self.until {
            return Err(RetraceError::TooLong(self.within.as_secs()));
        }
        Ok(())
    }
}
