//! The copy ledger: every byte of pixels or tensor that the engine moves, by stage.
//!
//! A frame is read once, in place, by the preprocessing kernel, which writes the tensor that ONNX
//! Runtime reads. Beside it, a few samples of luma are read for the view's signature. Whoever moves
//! such bytes says so here; a stage that should move none has an
//! entry that stays 0, so a regression is seen.

use std::sync::atomic::{AtomicU64, Ordering};
pub use viahe_core::seam::Stage;

/// Bytes moved since start. Shared by reference; adding is one relaxed atomic.
#[derive(Debug, Default)]
pub struct Ledger {
    bytes: [AtomicU64; Stage::ALL.len()],
}

impl Ledger {
    /// Says that `bytes` were moved at `stage`.
    pub fn add(&self, stage: Stage, bytes: usize) {
        self.bytes[stage as usize].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes moved at `stage` so far.
    pub fn bytes(&self, stage: Stage) -> u64 {
        self.bytes[stage as usize].load(Ordering::Relaxed)
    }
}
