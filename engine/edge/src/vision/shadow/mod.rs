//! A candidate model looks at what cameras show, in a process of its own.
//!
//! `wire` (frames and what was seen in them, over a socket) → `lane` (the worker's end: offers looks and never waits) ·
//! `candidate` (the other end's eyes) · `small` (small pictures). Why so: `docs/adr/0055-models-in-the-shadow.md`.

mod candidate;
mod lane;
mod small;
mod wire;

pub use candidate::{Candidate, CandidateError};
pub(super) use lane::Lane;
pub use small::small_jpeg;
pub use wire::{
    Asked, Look, Pixels, Said, SentFrame, WireError, answer, ask, listen, next, shadow_dir,
};
