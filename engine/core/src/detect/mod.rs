//! Tensors → detections. Pure: no ONNX Runtime types, no I/O, no clock.
//!
//! Input: borrowed output tensors, the model's description, and the
//! [`Sheet`](crate::tensor::Sheet) on which the frame lies. Output: [`Detection`]s in frame pixels, best first, after non-maximum
//! suppression. Invariant: every box is finite and lies inside the frame, every confidence is in
//! 0 to 1. Not here: identity over time.

mod candidate;
mod centernet;
mod decode;
mod detection;
mod detr;
mod grid;
mod head;
mod kinds;
mod nanodet;
mod nms;
mod nothing;
mod numbered;
mod objectness;
mod readers;
mod sanity;
mod shape;
mod ssd;
mod stats;
mod suspicion;
mod yolov5;
mod yolov8;
mod yolox;

pub use self::decode::{CANDIDATES_KEPT_MAX, DecodeError, Decoder};
pub use self::detection::{Confidence, Detection};
pub use self::head::TensorView;
pub use self::kinds::Kinds;
pub use self::nms::GROUP_IOU;
pub use self::sanity::Sanity;
pub use self::stats::DecodeStats;
