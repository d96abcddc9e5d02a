//! The outbox and the way to the broker: real brokers, real disks, processes that are killed.

mod broker;
mod dialects;
mod loss;
mod outbox_crash;
mod outbox_rate;
mod refusals;
mod support;
mod wire;
