//! What the publisher's handle and its thread share.

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use viahe_contract::message::ModelRef;
use viahe_core::id::Name;

/// How the publisher is doing; totals since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublishCounters {
    /// The broker is there now.
    pub connected: bool,
    /// Connections made; all but the first are reconnections.
    pub connections: u64,
    /// Rows sent for the first time.
    pub published: u64,
    /// Rows sent again.
    pub resent: u64,
    /// Rows deleted because they were acknowledged.
    pub acknowledged: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// Rows dropped because too many had been set aside: lost.
    pub quarantine_dropped: u64,
    /// Answers by which the broker refused a row for now.
    pub refused: u64,
    /// Answers by which the broker had nobody to give a row to.
    pub unheard: u64,
    /// The version of MQTT spoken last; empty before the first connection.
    pub version: &'static str,
    /// Messages on `…/ack` that could not be read.
    pub bad_acks: u64,
    /// Camera states not kept, because there were too many cameras.
    pub states_dropped: u64,
    /// What last went wrong; empty when nothing did. Holds no secret.
    pub last_error: String,
}

/// Between the handle and the thread.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) inbox: Mutex<Inbox>,
    pub(super) counters: Mutex<PublishCounters>,
    pub(super) woken: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) models: Vec<ModelRef>,
    pub(super) status_changed: bool,
    /// Newest state of each camera, and whether it was sent on this connection.
    pub(super) cameras: BTreeMap<Name, Outgoing>,
    /// Stop, at the latest after so long.
    pub(super) shutdown: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) payload: Vec<u8>,
    pub(super) sent: bool,
}

impl Shared {
    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut PublishCounters)) {
        change(&mut self.counters.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
