//! Does a camera still see what its zones were drawn on?
//!
//! A worker sends a [`Signature`] of a frame now and then; a [`ViewWatch`] for each camera learns
//! the view from the first of them and says when it has changed: turned away, covered, or back.
//! What is compared is where edges are and which way they go, not how bright it is, so that dusk,
//! lamps, rain and what passes by are no changes. Apart from that it says when it is too dark to
//! see anything. Not here: what follows for rules, and soft focus, which a picture this coarse
//! does not show.

mod darkness;
mod judge;
mod run;
mod signature;
mod structure;
mod text;
mod watch;

#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;

pub use signature::{COLUMNS, ROWS, Signature};
pub use watch::{ViewChange, ViewState, ViewWatch, fingerprint};
