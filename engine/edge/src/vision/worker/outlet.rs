//! The way from a worker to the engine.

use crate::vision::shadow::Lane;
use crate::vision::slots::SharedFrame;
use crossbeam_channel::Sender;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use viahe_core::engine::Capture;
use viahe_core::observe::Observation;
use viahe_core::seam::{FromWorker, Picture};

/// What all threads of a worker say goes through it.
pub(super) struct Outlet {
    to_engine: Sender<FromWorker>,
    dropped: AtomicU64,
    /// Where a candidate may look too.
    shadow: Option<Lane>,
}

impl Outlet {
    pub(super) fn new(to_engine: Sender<FromWorker>) -> Self {
        Self { to_engine, dropped: AtomicU64::new(0), shadow: None }
    }

    /// What is seen is offered to a candidate as well.
    pub(super) fn shadowed(self, shadow: Option<Lane>) -> Self {
        Self { shadow, ..self }
    }

    /// Tells what was seen, in which frame and for how much of the processor; none where the picture was that of the look
    /// before.
    pub(super) fn seen(&self, observation: Observation, frame: Option<(&SharedFrame, Duration)>) {
        if let Some(shadow) = &self.shadow {
            shadow.offer(&observation, frame);
        }
        self.tell(FromWorker::Observation(observation));
    }

    /// Tells, unless the pipe is full.
    pub(super) fn tell(&self, message: FromWorker) {
        if self.to_engine.try_send(message).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells, and waits for the pipe: for what is said once.
    pub(super) fn must_tell(&self, message: FromWorker) {
        // The engine is gone; the worker notices by its input.
        let _ = self.to_engine.send(message);
    }

    /// What became of a picture that was asked for.
    pub(super) fn answer(&self, capture: &Capture, picture: Result<Picture, String>) {
        self.must_tell(FromWorker::Captured { capture: capture.id, picture });
    }

    /// Messages that the pipe had no room for.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
