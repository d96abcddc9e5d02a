//! The outbox and the way to the broker: real brokers, real disks, processes that are killed.

#![allow(clippy::unwrap_used)] // All of it is test code.

mod broker;
mod dialects;
mod loss;
mod outbox_crash;
mod outbox_rate;
mod refusals;
mod support;
mod wire;
