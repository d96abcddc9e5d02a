//! How models are run on this box: measured on it, kept, and looked up.
//!
//! - [`Subject`]: a model of a pipeline on this box, and what is known of it.
//! - [`Subject::measure`]: what runs of it cost here, side by side.
//! - [`tuned`]: what follows for the workers of a plan. The file is in the state folder ([`shelf`]).
//! - [`costs`]: what one run of a model costs by itself, for whoever chooses among models.
//! - [`Tuner`]: measures beside a box at work, in a process of its own that gives way to everything.
//!
//! What follows from measurements is `core/tune`'s to say. Where nothing was measured, or nothing that holds
//! here, models run by default, and that is told.

mod background;
mod cost;
mod machine;
mod measure;
mod precise;
pub mod shelf;
mod standing;

pub use background::{Tuner, TunerLaunch};
pub use cost::{Cost, Costs, costs};
pub use machine::{cores, give_way};
pub use measure::{MeasureError, has_room};
pub use standing::{Standing, Subject, Tuned, in_words, precision_in_words, subjects, tuned};
