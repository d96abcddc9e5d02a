//! Outbox → MQTT, at least once.
//!
//! One thread with its own small runtime. It reads the outbox by its own connection, keeps at
//! most a window of rows in flight, and deletes a row only for its acknowledgement: the broker's
//! PUBACK or, with `ack = "centre"`, the centre's message on `…/ack`. Why a fresh client for each
//! connection, and what else the client library makes necessary: `docs/adr/0006-delivery.md`. What
//! brokers answer and offer, and how each is met: `docs/adr/0012-brokers.md`.
//!
//! Nobody waits for this thread: rows are committed first ([`crate::store`]), then it is woken.
//! What may be lost has a connection of its own: commands, readings and verdicts in, replies and
//! results of windows out ([`Wire`]).

#[cfg(test)]
mod contract;
mod dialect;
mod error;
mod flow;
mod link;
mod options;
mod probe;
mod reason;
mod session;
mod shared;
mod subscriber;
mod subscriptions;
mod told;
mod wire;

pub use error::PublishError;
pub(crate) use link::choose_cryptography;
pub use options::{PublishOptions, Tuning};
pub use probe::try_broker;
pub use shared::PublishCounters;
pub use subscriber::{Message, Subscriber, SubscriberOptions};
pub use told::{
    RulesState, camera_state, disaster, reply, sensor_state, suspension, window_result,
};
pub use wire::{Heard, Said, Wire, WireOptions};

use crate::store::Outbox;
use shared::{Outgoing, Shared};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use viahe_contract::message::{self, ModelRef};
use viahe_core::id::Name;

/// Most cameras whose state is kept; a box has far fewer.
const CAMERAS_MAX: usize = 1_024;

/// A running publisher. Dropping it stops the thread without draining.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<usize>>,
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
