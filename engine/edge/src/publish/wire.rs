//! Readings and commands in, replies and results out: what may be lost when the link is.
//!
//! A connection of its own beside the publisher's, whose every packet is accounted for. Nothing
//! here is kept for later but a short queue: a result of yesterday's window is of no use, and a
//! command that was not heard is sent again by whoever gave it.

use super::{PublishError, backoff::Backoff, link};
use crate::clock;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish, PublishProperties};
use rumqttc::v5::{AsyncClient, Event};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use viahe_core::config::plan::Mqtt;
use viahe_core::time::Timestamp;

/// Messages that may wait for the event plane.
const HEARD_MAX: usize = 4_096;
/// Messages that may wait for the link.
const SAID_MAX: usize = 1_024;
/// Largest message taken; readings and commands are small.
const INCOMING_BYTES_MAX: u32 = 64 << 10;

/// What a [`Wire`] must know.
#[derive(Clone, Debug)]
pub struct WireOptions {
    /// The broker.
    pub mqtt: Mqtt,
    /// Unique at the broker.
    pub client_id: String,
    /// Topics and filters to subscribe to.
    pub filters: Vec<String>,
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
    /// Where an answer is wanted, and what it must carry.
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

/// A running connection; it comes back by itself.
#[derive(Debug)]
pub struct Wire {
    heard: Receiver<Heard>,
    said: mpsc::Sender<Said>,
    shared: Arc<WireShared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct WireShared {
    stop: AtomicBool,
    stopped: Notify,
    subscribed: AtomicU64,
    heard_dropped: AtomicU64,
    said_dropped: AtomicU64,
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
        let (said, mut queue) = mpsc::channel(SAID_MAX);
        let shared = Arc::new(WireShared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("wire".into())
            .spawn(move || runtime.block_on(run(&options, &to, &mut queue, &theirs)))?;
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

async fn run(
    options: &WireOptions,
    to: &Sender<Heard>,
    queue: &mut mpsc::Receiver<Said>,
    shared: &WireShared,
) {
    let bounds = [Duration::from_millis(200), Duration::from_secs(10)];
    let mut backoff = Backoff::new(bounds, 2);
    while !shared.stop.load(Ordering::Relaxed) {
        tokio::select! {
            () = connection(options, to, queue, shared, &mut backoff) => {}
            () = shared.stopped.notified() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next()) => {}
            () = shared.stopped.notified() => return,
        }
    }
}

/// Reads and writes until the connection is lost.
async fn connection(
    options: &WireOptions,
    to: &Sender<Heard>,
    queue: &mut mpsc::Receiver<Said>,
    shared: &WireShared,
    backoff: &mut Backoff,
) {
    let Ok(mut mqtt) = link::base(&options.mqtt, &options.client_id) else { return };
    mqtt.set_max_packet_size(Some(INCOMING_BYTES_MAX));
    // Room for all subscriptions and some messages, so that asking never waits.
    let (client, mut events) = AsyncClient::new(mqtt, options.filters.len() + 64);
    let (mut is_up, mut confirmed) = (false, 0);
    loop {
        tokio::select! {
            event = events.poll() => match event {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    is_up = true;
                    for filter in &options.filters {
                        let _ = client.try_subscribe(filter, QoS::AtLeastOnce);
                    }
                }
                Ok(Event::Incoming(Packet::SubAck(_))) => {
                    confirmed += 1;
                    if confirmed == options.filters.len() {
                        backoff.reset();
                        shared.subscribed.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => hear(publish, to, shared),
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "readings and commands: connection lost");
                    return;
                }
            },
            message = queue.recv(), if is_up => match message {
                Some(message) => say(&client, message, shared),
                None => return,
            },
        }
    }
}

fn hear(publish: Publish, to: &Sender<Heard>, shared: &WireShared) {
    let properties = publish.properties.unwrap_or_default();
    let correlation = properties.correlation_data.map(|data| data.to_vec());
    let message = Heard {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload.to_vec(),
        at: clock::event_time(),
        retained: publish.retain,
        answer_to: properties.response_topic.map(|topic| (topic, correlation)),
    };
    if let Err(TrySendError::Full(_)) = to.try_send(message) {
        shared.heard_dropped.fetch_add(1, Ordering::Relaxed);
    }
}

fn say(client: &AsyncClient, message: Said, shared: &WireShared) {
    let Said { topic, payload, retained, correlation } = message;
    let properties = PublishProperties {
        correlation_data: correlation.map(Into::into),
        ..PublishProperties::default()
    };
    let sent =
        client.try_publish_with_properties(topic, QoS::AtLeastOnce, retained, payload, properties);
    if sent.is_err() {
        shared.said_dropped.fetch_add(1, Ordering::Relaxed);
    }
}
