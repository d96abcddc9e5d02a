//! All input and output of an edge box. Each module implements one small thing that the pure core
//! asks for.
//!
//! Only `ingest`, `camera_sim` and `doctor` see GStreamer's types, only `infer` ONNX Runtime's.

#![deny(unsafe_code)] // but for the kernel, the checks before a library is loaded, what its binding lacks, the heap, the pool of decoders, the JPEG encoder

pub mod advice;
mod backoff;
pub mod bounded;
pub mod broker;
pub mod camera_sim;
pub mod capacity;
pub mod clerk;
pub mod clock;
pub mod dataset;
pub mod demo;
pub mod disk;
pub mod doctor;
pub mod evidence;
pub mod fleet;
pub mod harvest;
pub mod history;
pub mod host;
pub mod infer;
pub mod ingest;
pub mod ledger;
mod load;
pub mod models;
pub mod preprocess;
pub mod probe;
pub mod project;
pub mod publish;
pub mod record;
mod redact;
pub mod refused;
mod retrace;
pub mod shadow;
pub mod station;
pub mod store;
pub mod telemetry;
pub mod trouble;
pub mod tune;
pub mod upload;
pub mod vision;
