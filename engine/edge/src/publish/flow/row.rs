//! What is delivered, and how.

use std::time::Duration;

/// Settings; see [`Tuning`](crate::publish::Tuning).
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowOptions {
    /// Most packets in flight.
    pub(crate) window: usize,
    /// Rows stay until the centre's own acknowledgement.
    pub(crate) centre: bool,
    /// Wait before a row that the broker has, and the centre has not confirmed, is sent again.
    pub(crate) resend_after: Duration,
    /// Wait before a row that the broker refused is sent again.
    pub(crate) retry_after: Duration,
    /// Of the jitter.
    pub(crate) seed: u64,
}

/// A row and the incident it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowRef {
    pub(crate) row: i64,
    pub(crate) incident: String,
    pub(crate) topic: String,
}
