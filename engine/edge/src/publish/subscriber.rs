//! A small reader of a site's messages, for the demo and for tests.

use super::{PublishError, backoff::Backoff, link};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use viahe_core::config::plan::Mqtt;

/// Messages that may wait for the reader.
const MESSAGES_MAX: usize = 4_096;

/// Largest message taken.
const INCOMING_BYTES_MAX: u32 = 4 << 20;

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
    let mut backoff = Backoff::new(bounds, 1);
    while !shared.stop.load(Ordering::Relaxed) {
        tokio::select! {
            () = connection(options, to, shared, &mut backoff) => {}
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
) {
    let Ok(mut mqtt) = link::base(&options.mqtt, &options.client_id) else { return };
    mqtt.set_max_packet_size(Some(INCOMING_BYTES_MAX));
    let (client, mut events) = AsyncClient::new(mqtt, 8);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                // One request into an empty queue of eight: there is room.
                let _ = client.try_subscribe(&options.filter, QoS::AtLeastOnce);
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                backoff.reset();
                shared.subscribed.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let message = Message {
                    topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                    payload: publish.payload.to_vec(),
                    retained: publish.retain,
                };
                match to.try_send(message) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_)) => {
                        shared.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(TrySendError::Disconnected(_)) => return,
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "subscription lost");
                return;
            }
        }
    }
}
