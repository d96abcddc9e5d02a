//! Rules over event time: looks of one camera and values of sensors in, signals about incidents
//! out.
//!
//! A rule is a [`Program`]: things, and conditions over time. One [`RuleState`] per rule sees
//! every look, also the empty ones: a gap in *seeing* (the detector blinked, a bus stood in front)
//! is told from a gap in *looking* (the camera was away), and only the first makes a subject
//! absent.
//!
//! Each look goes one way: [`Scene`] (who is who, and how things move) → members of things → subjects (places or
//! movers) → conditions → signals. Not here: incident ids, evidence, publishing (see
//! [`crate::engine`]).

mod bears;
pub mod beat;
mod course;
mod due;
mod evaluate;
pub mod explain;
mod lineage;
mod lines;
mod look;
mod measure;
mod movers;
mod path;
mod places;
mod report;
mod riders;
mod ruled_out;
mod scene;
mod select;
mod signal;
mod state;
mod temporal;

pub use bears::{Bears, Scrutiny};
pub use beat::Beat;
pub use look::{Adjust, Look, Prepared, Values, View};
pub use scene::Scene;
pub use signal::{Concerned, SUBJECTS_MAX, Signal, SubjectKey};
pub use state::{HINDSIGHT, RuleState, Scratch};
