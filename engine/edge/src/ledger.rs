//! The copy ledger: every byte of pixels or tensor that the engine moves, by stage.
//!
//! A frame is read once, in place, by the preprocessing kernel, which writes the tensor that ONNX
//! Runtime reads. Beside it, a few samples of luma are read for the view's signature. Whoever moves
//! such bytes says so here; a stage that should move none has an
//! entry that stays 0, so a regression is seen.

use std::sync::atomic::{AtomicU64, Ordering};

/// Where bytes are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Stage {
    /// Decoder to engine: 0, planes are mapped where the decoder put them.
    Ingest,
    /// Tensor bytes written by the kernel: the one move there is.
    Preprocess,
    /// Kernel to ONNX Runtime: 0, it reads what the kernel wrote.
    InferInput,
    /// ONNX Runtime to head decoding: 0, outputs are read in place.
    InferOutput,
    /// Frame to JPEG encoder, for pictures kept as evidence only.
    Evidence,
    /// Luma samples read in place for a view's signature: some 20 kB of a frame every 2 s, whatever
    /// its size.
    View,
}

/// All stages, in the order of the flow.
pub const STAGES: [Stage; 6] = [
    Stage::Ingest,
    Stage::Preprocess,
    Stage::InferInput,
    Stage::InferOutput,
    Stage::Evidence,
    Stage::View,
];

impl Stage {
    /// Label of `viahe_copied_bytes_total`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Preprocess => "preprocess",
            Self::InferInput => "infer_input",
            Self::InferOutput => "infer_output",
            Self::Evidence => "evidence",
            Self::View => "view",
        }
    }
}

/// Bytes moved since start. Shared by reference; adding is one relaxed atomic.
#[derive(Debug, Default)]
pub struct Ledger {
    bytes: [AtomicU64; STAGES.len()],
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
