//! The box's history gone through again, to say why an incident was told, or what edited rules would have told.
//!
//! It is done beside the event plane and never by it: by a thread of its own that gets what nobody else wants of the
//! processor, one question at a time, within a bound of time. It holds a line of the history, one camera's part of an
//! engine, and an answer of bounded length. What the event plane has not yet written is brought to the disk before.
//!
//! `budget` · `error` → `pieces` (of the history, from a time on) · `rerun` (an engine of one camera) → `explain`,
//! `preview` → `retracer` (the thread).

mod budget;
mod error;
mod explain;
mod pieces;
mod preview;
mod rerun;
mod retracer;
#[cfg(test)]
mod tests;

pub(crate) use retracer::{Job, Question, Retraced, Retracer};
