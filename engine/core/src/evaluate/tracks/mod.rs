//! Tracks against the truth.
//!
//! Input: two MOTChallenge texts, as [`Boxes`]. Output: [`Score`], which may be added to those of other sequences.
//! The definitions are TrackEval's (Luiten and Hoffhues; 1.3.0 was read and run): CLEAR MOT (Bernardin and Stiefelhagen 2008),
//! identity (Ristani et al. 2016), HOTA (Luiten et al. 2021). Where it is surprising, we follow it:
//!
//! - A frame without any tracks keeps who was tracked by whom; one with a false alarm alone does not, and who is found
//!   after it is a fragment.
//! - The truth's lines with flag 0 are no objects; a track on such a person is a false alarm. Only objects of a
//!   distractor class take tracks away with them.

mod boxes;
mod clear;
mod hota;
mod identity;
mod score;
mod sequence;

pub use boxes::{Boxes, BoxesError};
pub use score::{Figures, Score};
pub use sequence::{Sequence, Wanted};
