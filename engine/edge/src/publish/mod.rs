//! Outbox → MQTT, at least once.
//!
//! One thread with its own small runtime. It reads the outbox by its own connection, keeps at
//! most a window of rows in flight, and deletes a row only for its acknowledgement: the broker's
//! PUBACK or, with `ack = "centre"`, the centre's message on `…/ack`. Why a fresh client for each
//! connection, and what else the client library makes necessary: `docs/adr/0006-delivery.md`. What
//! brokers answer and offer, and how each is met: `docs/adr/0012-brokers.md`.
//!
//! Nobody waits for this thread: rows are committed first ([`crate::store`]), then it is woken.
//! What may be lost has a connection of its own: commands and readings in, replies and results of
//! windows out ([`Wire`]).

#[cfg(test)]
mod contract;
mod dialect;
mod flow;
mod link;
mod probe;
mod reason;
mod session;
mod subscriber;
mod subscriptions;
mod told;
mod wire;

pub use probe::try_broker;
pub use subscriber::{Message, Subscriber, SubscriberOptions};
pub use told::{
    RulesState, camera_state, disaster, reply, sensor_state, suspension, window_result,
};
pub use wire::{Heard, Said, Wire, WireOptions};

use crate::store::{Outbox, StoreError};
use crate::trouble::Troubles;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use viahe_contract::message::{self, ModelRef};
use viahe_core::id::Name;
use viahe_core::plan::Mqtt;

/// Most cameras whose state is kept; a box has far fewer.
const CAMERAS_MAX: usize = 1_024;

/// A connection of this length was of use: the next failure is a first one.
const LASTING: Duration = Duration::from_secs(10);

/// After so long on one connection there is no trouble with it any more.
const STEADY: Duration = Duration::from_secs(5);

/// Two boxes with one client id, in words.
const CLIENT_ID_TAKEN: &str = "another client connects with this box's client id and takes its \
                               place; give each box its own [site] id";

/// Why the publisher could not start.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The outbox cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of `[mqtt]` cannot be used.
    #[error("mqtt: {path}: {problem}; give a PEM file that viahe may read")]
    Tls {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The thread could not be made.
    #[error("publisher thread: {0}; the system has no resources left")]
    Thread(#[from] std::io::Error),
}

/// Numbers of delivery; the defaults are right for a box on a mobile link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Most messages in flight.
    pub window: u16,
    /// Largest message sent; larger ones are set aside.
    pub packet_bytes_max: u32,
    /// Wait before a row that the centre did not confirm is sent again; doubles up to 16 times.
    pub resend_after: Duration,
    /// Wait before a row that the broker refused is sent again; doubles up to 16 times.
    pub retry_after: Duration,
    /// Shortest and longest wait between connections.
    pub reconnect_after: [Duration; 2],
    /// A connection on which nothing was acknowledged for so long is given up.
    pub ack_timeout: Duration,
    /// The retained status is sent again after so long.
    pub status_every: Duration,
    /// MQTT keep-alive, at least 5 s.
    pub keep_alive: Duration,
    /// Of the jitter between connections.
    pub seed: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            window: 50,
            packet_bytes_max: 1 << 20,
            resend_after: Duration::from_mins(1),
            retry_after: Duration::from_secs(15),
            reconnect_after: [Duration::from_millis(200), Duration::from_secs(10)],
            ack_timeout: Duration::from_mins(1),
            status_every: Duration::from_mins(1),
            keep_alive: Duration::from_secs(20),
            seed: 0,
        }
    }
}

/// What the publisher must know.
#[derive(Clone, Debug)]
pub struct PublishOptions {
    /// The broker.
    pub mqtt: Mqtt,
    /// Of the topics.
    pub site: Name,
    /// Unique at the broker; `viahe-{site}` unless two boxes share a site.
    pub client_id: String,
    /// Of times in messages.
    pub zone: TimeZone,
    /// Of this program.
    pub version: String,
    /// What the box's status tells beside.
    pub troubles: Troubles,
    /// Numbers.
    pub tuning: Tuning,
}

impl PublishOptions {
    /// The usual options for `site`.
    pub fn new(mqtt: Mqtt, site: Name, zone: TimeZone, troubles: Troubles) -> Self {
        let client_id = format!("viahe-{site}");
        let version = env!("CARGO_PKG_VERSION").to_owned();
        // Boxes must not come back in step after the broker was away.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let seed = client_id.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
        let tuning = Tuning { seed, ..Tuning::default() };
        Self { mqtt, site, client_id, zone, version, troubles, tuning }
    }
}

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

/// A running publisher. Dropping it stops the thread without draining.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<usize>>,
}

/// Between the handle and the thread.
#[derive(Debug, Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    counters: Mutex<PublishCounters>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct Inbox {
    models: Vec<ModelRef>,
    status_changed: bool,
    /// Newest state of each camera, and whether it was sent on this connection.
    cameras: BTreeMap<Name, Outgoing>,
    /// Stop, at the latest after so long.
    shutdown: Option<Duration>,
}

#[derive(Debug)]
struct Outgoing {
    payload: Vec<u8>,
    sent: bool,
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut PublishCounters)) {
        change(&mut self.counters.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Publisher {
    /// Starts the thread. The broker may be away; the store in `store_dir` must be open.
    ///
    /// # Errors
    /// [`PublishError`] when the outbox or a TLS file cannot be read, or no thread can be made.
    pub fn start(options: PublishOptions, store_dir: &Path) -> Result<Self, PublishError> {
        Self::start_with(options, Outbox::open(store_dir)?)
    }

    /// As [`Publisher::start`], with the outbox of an open store.
    ///
    /// # Errors
    /// [`PublishError`] when a TLS file cannot be read, or no thread can be made.
    pub fn start_with(options: PublishOptions, outbox: Outbox) -> Result<Self, PublishError> {
        link::check_tls(&options.mqtt)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared::default());
        let worker = session::Worker::new(options, outbox, Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("publish".into())
            .spawn(move || session::run(&runtime, worker))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// New rows were committed.
    pub fn wake(&self) {
        self.shared.woken.notify_one();
    }

    /// Tells the newest `state` of `camera`, retained, on `…/cam/{camera}/state`.
    pub fn set_camera_state(&self, camera: &Name, state: &message::CameraState) {
        let mut inbox = self.shared.inbox();
        if inbox.cameras.len() >= CAMERAS_MAX && !inbox.cameras.contains_key(camera) {
            self.shared.count(|c| c.states_dropped += 1);
            return;
        }
        let payload = message::to_bytes(state);
        inbox.cameras.insert(camera.clone(), Outgoing { payload, sent: false });
        drop(inbox);
        self.wake();
    }

    /// Tells which models run, in the retained `…/status`.
    pub fn set_status(&self, models: Vec<ModelRef>) {
        let mut inbox = self.shared.inbox();
        inbox.models = models;
        inbox.status_changed = true;
        drop(inbox);
        self.wake();
    }

    /// How it is doing.
    pub fn counters(&self) -> PublishCounters {
        self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Delivers what waits for at most `drain_deadline`, says goodbye and stops. Returns the rows
    /// that are left for the next start.
    pub fn shutdown(mut self, drain_deadline: Duration) -> usize {
        self.stop(drain_deadline)
    }

    fn stop(&mut self, deadline: Duration) -> usize {
        self.shared.inbox().shutdown = Some(deadline);
        self.wake();
        // The thread catches its own panics; a failed join would only mean "unknown".
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or(0)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.stop(Duration::ZERO);
        }
    }
}
