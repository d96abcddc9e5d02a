//! The event plane at work: observations in, durable incidents out.
//!
//! One thread owns the pure engine, the store and the evidence. For each batch of events it
//! applies them in order, moves pictures to their place, commits, and only then wakes the
//! publisher: an incident is on disk before it is said, and its pictures before it names them.
//!
//! The data goes one way: what is needed of the world (`outside`, `parts`), what is known and owed (`day`,
//! `pictures`, `owed`, `told`, …), the [host](viahe_core::driver::Host) that has it all (`host`), a file for each thing that
//! it does (`hearing`, `cameras`, `commit`, …), and the loop above all (`plane`).

mod backlog;
mod below;
mod books;
mod cameras;
mod clocks;
mod commands;
mod commit;
mod day;
mod disk;
mod edits;
mod effects;
mod ending;
mod hearing;
mod host;
mod inbound;
mod journal;
mod late;
mod lately;
mod measure;
mod orders;
mod outside;
mod owed;
mod pace;
mod parts;
mod pictures;
mod plane;
mod quarantine;
mod questions;
mod readings;
mod refusals;
mod reload;
mod replies;
mod standing;
mod take_up;
#[cfg(test)]
mod tests;
mod told;
mod trust;
mod verdicts;
mod watch;
mod words;
mod worker;
mod workers;

pub(crate) use day::EventTime;
pub(crate) use inbound::filters;
pub use late::Late;
pub(crate) use outside::{BoxClock, Centre, Channels, Mqtt, Nobody};
pub(crate) use parts::Parts;
pub use parts::{Observer, PlaneError, Reload, Totals, Unobserved};
pub use plane::EventPlane;
#[cfg(test)]
pub(crate) use standing::raise as raise_standing;
