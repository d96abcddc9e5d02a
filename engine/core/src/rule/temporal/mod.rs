//! The temporal operators: each turns what holds at each look into what holds over time.
//!
//! Every operator is a small state machine that is told of each look, in time order, and is
//! checked against its definition over the whole history, written out slowly. Times between looks
//! count as [`Pace`] says: a camera that was away has neither seen a thing stay nor leave.

mod absent;
mod hits;
mod hold;
mod hysteresis;
mod level;
#[cfg(test)]
mod oracle;
mod queue;
mod rate;
mod sequence;

pub(super) use absent::{Absent, AbsentParams};
pub(super) use hits::{Hits, HitsParams};
pub(super) use hold::{Hold, HoldParams, Phase, Step};
pub(super) use hysteresis::{Hysteresis, Thresholds};
pub(super) use level::{Level, Pace};
pub(super) use queue::{Around, PASSED_KEEP, Queue};
pub(super) use rate::{Rate, RateParams};
pub(super) use sequence::{Sequence, SequenceParams};
