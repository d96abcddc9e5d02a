//! MOTChallenge text: detections in, tracks out; for `viahe track` and for measuring.
//!
//! A line is `frame,id,x,y,w,h,conf,…`: frame from 1 (0 is taken too), id −1 in detections, left,
//! top, width and height in px. Format: Leal-Taixé et al. 2015, "MOTChallenge 2015". A file is
//! known as a whole, so [`track_file`] may do what a live tracker may not: tell a track from its
//! first detection and bridge its short gaps; both are options.

mod confidence;
mod file;
mod read;

pub use confidence::normalise;
pub use file::{MotOptions, track_file};
pub use read::{MotError, MotLine, MotRow, parse, parse_lines, write};
