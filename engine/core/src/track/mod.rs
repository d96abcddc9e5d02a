//! Detections → tracks: who is who over time.
//!
//! Input: the detections of one frame of one camera, any order, any confidence, with the event
//! time. Output: the same detections with identities. Invariants: an id is never given twice; a
//! detection belongs to at most one track and a track takes at most one detection of a frame; the
//! same calls give the same answers; memory is bounded by [`TrackerOptions::tracks_max`]. Not
//! here: pixels, appearance, clocks.
//!
//! In the class of SORT (Bewley et al. 2016) and ByteTrack (Zhang et al. 2022): a Kalman filter a
//! track, optimal assignment, weak detections only for known tracks. What differs, because
//! roadside cameras are looked at once to five times a second and cars stand for hours:
//!
//! - Every gate and age is in seconds and in sizes of the object, never in frames or pixels, so
//!   1 Hz and 30 Hz work with the same constants ([`motion`]).
//! - The price of a pair is its likelihood under the predicted motion, not bare overlap: at 1 Hz
//!   a walker does not overlap with himself.
//! - What stood still is remembered *by place*, much longer than what moved: behind a bus a
//!   parked car keeps its identity ([`TrackerOptions::stationary_keep_secs`]).
//!
//! Why so, and the measurements: `docs/adr/0003-tracker.md`.

mod assign;
mod camera_shift;
mod class_vote;
pub mod mot;
mod motion;
mod one;
mod options;
mod price;
mod stillness;
mod tracker;

pub use one::Tracked;
pub use options::TrackerOptions;
pub use tracker::{Tracker, TrackerCounts};
