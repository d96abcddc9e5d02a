//! The pure part of viahe: what was seen becomes what it means.
//!
//! Nothing here reads a clock, a file or the network, starts a thread or holds `unsafe` code.
//! Values, detections, tracks, rules, incidents, and the engine that joins them: the code map of
//! ARCHITECTURE.md lists them in their order, from what things are to what they mean.

pub mod version;

pub use viahe_contract::time;

pub mod id;

pub mod names;

pub mod random;

pub mod geometry;

pub mod frame;
pub mod tensor;

pub mod model;

pub mod onnx;

pub mod tune;

pub mod detect;

pub mod track;

pub mod evaluate;

pub mod view;

pub mod observe;

pub mod sensor;

pub mod adopt;
pub mod artefact;
pub mod config;
pub mod plan;
pub mod refine;
pub mod region;

pub mod rule;

pub mod story;

pub mod incident;

pub mod shadow;

pub mod attention;

pub mod engine;

pub mod driver;

pub mod scenario;

pub mod sampler;

pub mod gate;

mod sun;

pub mod seam;
