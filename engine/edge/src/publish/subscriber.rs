//! A small reader of a site's messages, for the demo and for tests.

use super::dialect::Dialect;
use super::link::{self, Connection, Event, Incoming, RetainFlag, Terms};
use super::{PublishError, reason};
use crate::backoff::{Backoff, Growth};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use viahe_core::plan::Mqtt;

/// Messages that may wait for the reader.
const MESSAGES_MAX: usize = 4_096;

/// Largest message taken.
const INCOMING_BYTES_MAX: u32 = 4 << 20;

/// A sign of life is sent this often.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// What a [`Subscriber`] must know.
#[derive(Clone, Debug)]
pub struct SubscriberOptions {
    /// The broker.
    pub mqtt: Mqtt,
    /// Unique at the broker.
    pub client_id: String,
    /// MQTT filter, such as `viahe/v1/hue/#`.
    pub filter: String,
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Vec<u8>,
    /// It was kept by the broker, not sent just now.
    pub retained: bool,
}

/// A running subscription. It reconnects; what is sent meanwhile is missed.
#[derive(Debug)]
pub struct Subscriber {
    messages: Receiver<Message>,
    shared: Arc<SubscriberShared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct SubscriberShared {
    stop: AtomicBool,
    stopped: Notify,
    subscribed: AtomicU64,
    dropped: AtomicU64,
}

impl Subscriber {
    /// Starts a thread that subscribes.
    ///
    /// # Errors
    /// [`PublishError`] when a TLS file cannot be read or no thread can be made.
    pub fn start(options: SubscriberOptions) -> Result<Self, PublishError> {
        link::check_tls(&options.mqtt)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (to, messages) = bounded(MESSAGES_MAX);
        let shared = Arc::new(SubscriberShared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("subscribe".into())
            .spawn(move || runtime.block_on(subscribe(&options, &to, &theirs)))?;
        Ok(Self { messages, shared, thread: Some(thread) })
    }

    /// The next message, waiting at most `timeout`; `None` when none came.
    pub fn next(&self, timeout: Duration) -> Option<Message> {
        self.messages.recv_timeout(timeout).ok()
    }

    /// Where messages arrive, for use in a `select!`.
    pub fn messages(&self) -> &Receiver<Message> {
        &self.messages
    }

    /// How often the broker has confirmed the subscription.
    pub fn subscribed(&self) -> u64 {
        self.shared.subscribed.load(Ordering::Relaxed)
    }

    /// Messages dropped because the reader was too slow.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.stopped.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn subscribe(options: &SubscriberOptions, to: &Sender<Message>, shared: &SubscriberShared) {
    let bounds = [Duration::from_millis(100), Duration::from_secs(2)];
    let mut backoff = Backoff::new(Growth::between(bounds), 1);
    let mut dialect = Dialect::new(options.mqtt.version, &options.client_id);
    while !shared.stop.load(Ordering::Relaxed) {
        tokio::select! {
            () = connection(options, to, shared, &mut backoff, &mut dialect) => {}
            () = shared.stopped.notified() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next()) => {}
            () = shared.stopped.notified() => return,
        }
    }
}

/// Reads until the connection is lost.
async fn connection(
    options: &SubscriberOptions,
    to: &Sender<Message>,
    shared: &SubscriberShared,
    backoff: &mut Backoff,
    dialect: &mut Dialect,
) {
    let terms = Terms::of_a_guest(dialect.wanted(), KEEP_ALIVE, INCOMING_BYTES_MAX);
    let Ok(mut link) = Connection::open(&options.mqtt, &terms) else { return };
    let mut up = false;
    loop {
        match link.next().await {
            Ok(Event::Connected(_)) => {
                up = true;
                // One request into an empty queue of eight: there is room.
                let _ = link.subscribe(&options.filter, RetainFlag::Kept);
            }
            Ok(Event::Subscribed { code, .. }) if reason::suback(code) => {
                backoff.reset();
                shared.subscribed.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Event::Subscribed { code, .. }) => {
                let (filter, code) = (&options.filter, reason::told(code));
                tracing::warn!(filter, code, "the broker refused the subscription");
            }
            Ok(Event::Came(incoming)) => {
                let Incoming { topic, payload, retained, .. } = incoming;
                match to.try_send(Message { topic, payload, retained }) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_)) => {
                        shared.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(TrySendError::Disconnected(_)) => return,
                }
            }
            Ok(_) => {}
            Err(failure) => {
                let why = failure.describe(&options.mqtt, dialect.version(), up);
                tracing::debug!(why, "subscription lost");
                dialect.failed(&failure, up);
                return;
            }
        }
    }
}
