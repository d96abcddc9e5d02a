//! Tensors → outputs: ONNX Runtime, and nothing of it outside.
//!
//! - [`Runtime`]: the library, found and checked before anything of it runs; one a process.
//! - [`Network`]: one model in one session, with its weights; threads share it. [`load`] makes one that runs on other hardware
//!   if it sees the same there as on the processor, and on the processor if not.
//! - [`Judge`]: what a thread asks a classifier with, of crops.
//! - [`Detector`]: what one worker thread runs it with. Its input buffers are the tensors that ONNX
//!   Runtime reads, its outputs are read where ONNX Runtime wrote them; nothing is copied on the way.
//!
//! Invariant: a library or a model that fails to load changes nothing; what was loaded before
//! goes on serving. Not here: finding files ([`crate::models`]), pixels ([`crate::preprocess`]),
//! what outputs mean ([`viahe_core::detect`]).
//!
//! A model is code of a kind: its hash, its outline ([`viahe_core::onnx`]) and its shapes are checked before a session
//! is made of it; ONNX Runtime is trusted with what such a model computes. It runs in the vision worker, which
//! may crash without loss.

mod detector;
mod error;
mod heap;
mod judge;
mod library;
mod load;
mod network;
mod parity;
mod provider;
mod runtime;
mod slot;

pub use self::detector::{Detector, Fill, RunStats};
pub use self::error::{BoxError, InferError, LibraryError};
pub use self::judge::Judge;
pub use self::load::{in_words, load};
pub use self::network::{DetectorOptions, Network, Parity, RunsOn, read_weights};
pub use self::provider::Arena;
pub use self::runtime::Runtime;
