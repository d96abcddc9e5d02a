//! What the tests of several crates need: waits, child processes, a real broker, certificates, incidents, a small model and
//! the ONNX file of one.
//!
//! It uses nothing of the product, so every crate's tests may use it.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test fails by panicking")]

pub mod certificates;
pub mod incident;
pub mod machine;
pub mod model;
pub mod mosquitto;
pub mod onnx;
pub mod program;
pub mod wait;
