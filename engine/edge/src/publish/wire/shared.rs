//! What goes over a wire, and what its handle and its thread share.

use crate::trouble::Troubles;
use std::sync::atomic::{AtomicBool, AtomicU64};
use tokio::sync::Notify;
use viahe_core::id::Name;
use viahe_core::plan::Mqtt;
use viahe_core::time::Timestamp;

/// What a [`Wire`](super::Wire) must know.
#[derive(Clone, Debug)]
pub struct WireOptions {
    /// The broker.
    pub mqtt: Mqtt,
    /// Of the topics that are answered to.
    pub site: Name,
    /// Unique at the broker.
    pub client_id: String,
    /// Topics and filters to subscribe to.
    pub filters: Vec<String>,
    /// Where it is told that the link does not work.
    pub troubles: Troubles,
}

impl WireOptions {
    /// The usual options for `site`.
    pub fn new(mqtt: Mqtt, site: Name, filters: Vec<String>, troubles: Troubles) -> Self {
        let client_id = format!("viahe-{site}-wire");
        Self { mqtt, site, client_id, filters, troubles }
    }
}

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// When, by the box's clock.
    pub at: Timestamp,
    /// The broker kept it: it is of an unknown time ago.
    pub retained: bool,
    /// Where an answer is wanted, and what it must carry; below the box's own `reply/`.
    pub answer_to: Option<(String, Option<Vec<u8>>)>,
}

/// A message that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// The broker keeps it for who comes later.
    pub retained: bool,
    /// Of the command that it answers.
    pub correlation: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
pub(super) struct WireShared {
    pub(super) stop: AtomicBool,
    /// Wakes whoever waits for the stop, and whoever has to say the last words.
    pub(super) stopped: Notify,
    pub(super) leaving: Notify,
    pub(super) subscribed: AtomicU64,
    pub(super) heard_dropped: AtomicU64,
    pub(super) said_dropped: AtomicU64,
}
