//! Which parts of a camera's picture are looked at closely, and what is made of it.
//!
//! Input: the zones and lines of a camera's rules, the frame's size and the model's input. Output: the
//! [`Sheet`](crate::tensor::Sheet)s that a look feeds the model with, and of what was found on them one
//! detection for each object, in frame px. Not here: pixels, and who is who over time.
//!
//! Why so: `docs/adr/0030-regions.md`.

mod areas;
mod context;
mod focus;
mod layout;
mod merge;

pub use self::areas::areas;
pub(crate) use self::context::{Span, contexts};
pub use self::focus::{Focus, View};
pub use self::layout::Shown;

#[cfg(test)]
mod tests;
