//! Commands, readings and verdicts in, replies and results out: what may be lost when the link is.
//!
//! A connection of its own beside the publisher's, whose every packet is accounted for. Nothing
//! here is kept for later but a short queue: a result of yesterday's window is of no use, and a
//! command that was not heard is sent again by whoever gave it. That the link is gone, or that the
//! broker does not let us hear or answer, is told ([`Trouble::CommandLink`](crate::trouble::Trouble)).

mod connection;
mod shared;

pub use shared::{Heard, Said, WireOptions};

use super::{PublishError, link};
use crossbeam_channel::{Receiver, bounded};
use shared::WireShared;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// Messages that may wait for the event plane.
const HEARD_MAX: usize = 4_096;
/// Messages that may wait for the link.
const SAID_MAX: usize = 1_024;
/// A running connection; it comes back by itself. Dropped while it is up, it first says what waits, for a
/// moment.
#[derive(Debug)]
pub struct Wire {
    heard: Receiver<Heard>,
    said: mpsc::Sender<Said>,
    shared: Arc<WireShared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Wire {
    /// Starts the thread. The broker may be away.
    ///
    /// # Errors
    /// [`PublishError`] when a TLS file cannot be read or no thread can be made.
    pub fn start(options: WireOptions) -> Result<Self, PublishError> {
        link::check_tls(&options.mqtt)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (to, heard) = bounded(HEARD_MAX);
        let (said, queue) = mpsc::channel(SAID_MAX);
        let shared = Arc::new(WireShared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("wire".into())
            .spawn(move || runtime.block_on(connection::run(options, to, queue, &theirs)))?;
        Ok(Self { heard, said, shared, thread: Some(thread) })
    }

    /// Where messages arrive, for use in a `select!`.
    pub fn heard(&self) -> &Receiver<Heard> {
        &self.heard
    }

    /// Queues a message; one that finds no room is counted and dropped.
    pub fn say(&self, message: Said) {
        if self.said.try_send(message).is_err() {
            self.shared.said_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the broker has confirmed all subscriptions.
    pub fn subscribed(&self) -> u64 {
        self.shared.subscribed.load(Ordering::Relaxed)
    }

    /// Messages dropped because the event plane, or the link, was too slow.
    pub fn dropped(&self) -> [u64; 2] {
        [&self.shared.heard_dropped, &self.shared.said_dropped].map(|n| n.load(Ordering::Relaxed))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.stopped.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
