//! An ONNX file, read before ONNX Runtime sees it.
//!
//! A model comes from somebody. So its outline is read here, in place: versions, inputs, outputs, operators, what its
//! exporter wrote down, and how much its weights claim to be; the weights themselves are skipped over. Whatever the bytes are, the answer
//! is an [`Outline`] or a [`Refused`], in time and memory that the length of the file bounds. [`changed`] writes a file anew with other edges
//! or versions, where that changes nothing of what it computes.
//!
//! Field numbers: `onnx/onnx.proto` of ONNX 1.23; wire format: Protocol Buffers encoding.

mod change;
mod element;
mod guard;
mod outline;
mod read;
mod refused;
#[cfg(test)]
mod tests;
mod walk;
mod wire;

pub use self::change::{Changes, Renamed, changed};
pub use self::element::Element;
pub use self::guard::{Limits, check, lowered};
pub use self::outline::{Axis, Outlet, Outline};
pub use self::read::read;
pub use self::refused::Refused;
