//! The second stage: what kind of thing is it that a detector found? Pure: values of a classifier in, classes out.
//!
//! Each camera has a [`Refiner`] for each classifier that it refines with. Input: who is followed, as what and where; and
//! what the classifier says of the crops that [`Refiner::choose`] asked for. Output: [`Refiner::refined`], a kind of the class
//! that the detector told, or nothing. Invariants: the class told is covered by the detector's, a single look never
//! changes it, and whoever is not followed any more is forgotten. Not here: pixels, runs of models, time on a clock.

mod budget;
mod outcomes;
mod refiner;
mod votes;

pub use self::budget::{Budget, CROPS_MAX, SHARE};
pub use self::refiner::{Refiner, Shown};
pub use self::votes::LOOKS_MIN;
