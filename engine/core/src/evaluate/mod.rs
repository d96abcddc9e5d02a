//! How good detectors and trackers are, by the definitions of their field, to the last digit: a figure that means something
//! else than everybody's is worse than none.
//!
//! [`tracks`] scores tracks as TrackEval does, [`detections`] boxes as pycocotools does, [`incidents`] what rules make of either. Pure: files are read elsewhere.
//! `fixtures/evaluate/` holds made-up scenes with what those two say of them. Why so: `docs/adr/0050-measuring-models.md`.

mod assignment;
pub mod detections;
pub mod incidents;
mod rect;
pub mod tracks;
