//! The event plane in a world that a test holds in its hand: no process, no broker, no camera, and a clock
//! that goes on only when somebody waits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agree;
mod anything;
mod fakes;
mod hostile;
mod orders;
mod pictures;
mod publisher;
mod questions;
mod reload;
mod store;
mod street;
mod verdicts;
mod workers;
