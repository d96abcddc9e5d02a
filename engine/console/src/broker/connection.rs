//! The connection to the broker: made anew, after longer and longer waits, for as long as the console runs.

use super::commands::{Commands, ToSend};
use super::intake::Intake;
use super::options::{REQUESTS_MAX, options};
use super::post::Post;
use super::room::{PLACES, Room, Waiting};
use crate::clock;
use crate::config::Mqtt;
use crate::pem::TlsError;
use crate::store::{Store, StoreError};
use crate::vitals::Vitals;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, PubAck, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop};
use std::time::Duration;
use tokio::sync::mpsc;

/// Waits between tries: from the first to the last, doubling.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(15)];
/// What is heard: of all sites.
const FILTERS: [&str; 5] = [
    "viahe/v1/+/cam/+/incident/#",
    "viahe/v1/+/incident/#",
    "viahe/v1/+/cam/+/state",
    "viahe/v1/+/status",
    "viahe/v1/+/reply/#",
];
/// The trouble of a broker that is away.
const AWAY: &str = "broker_away";
/// The trouble of a broker that does not let the console hear all.
const DEAF: &str = "broker_refuses";
/// The trouble of messages with QoS 0 that come faster than they are kept, what it means, and how long it goes on after
/// the last one.
const BURST: &str = "messages_dropped";
const BURST_TEXT: &str = "messages with QoS 0 come faster than they are kept, and some were dropped; boxes that wait \
    for the centre's acknowledgement say them again: let the broker take QoS 1, which loses none";
const BURST_FOR: Duration = Duration::from_mins(10);

/// Why a connection is over.
enum End {
    /// The broker, or the way there.
    Broker(String),
    /// Nothing can be kept.
    Store(StoreError),
}

/// A broker that is to be spoken with.
pub struct Broker {
    mqtt: Mqtt,
    client_id: String,
    store: Store,
    vitals: Vitals,
    commands: Commands,
}

impl Broker {
    /// With a session of this name; answers go to `commands`.
    ///
    /// # Errors
    /// When files of TLS cannot be used.
    pub fn new(
        mqtt: &Mqtt,
        client_id: String,
        store: Store,
        vitals: Vitals,
        commands: Commands,
    ) -> Result<Self, TlsError> {
        options(mqtt, &client_id)?;
        Ok(Self { mqtt: mqtt.clone(), client_id, store, vitals, commands })
    }

    /// Speaks with it without end; what is `to_send` goes whenever it can.
    pub async fn run(self, mut to_send: ToSend) {
        let [first, most] = WAITS;
        let (mut wait, mut keeps) = (first, true);
        loop {
            let (was_open, end) = self.connect(&mut to_send).await;
            let kept = keeps;
            keeps = matches!(end, End::Broker(_));
            // A disk that still takes nothing is tried more and more seldom, however well the broker is.
            if was_open && (keeps || kept) {
                wait = first;
            }
            match end {
                End::Broker(why) => {
                    let Mqtt { host, port, .. } = &self.mqtt;
                    self.vitals.raise(AWAY, &format!("{host}:{port}: {why}"));
                }
                // The store tells of itself.
                End::Store(error) => tracing::debug!(%error, "what came is not kept"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(most);
        }
    }

    /// One connection; was it ever open, and why is it over?
    async fn connect(&self, to_send: &mut ToSend) -> (bool, End) {
        let options = match options(&self.mqtt, &self.client_id) {
            Ok(options) => options,
            Err(error) => return (false, End::Broker(error.to_string())),
        };
        // A client for one connection only: what the library would carry over is the store's and the broker's.
        let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
        let (to_intake, came) = mpsc::channel(PLACES);
        let (to_post, answers) = mpsc::channel(1);
        let (store, vitals) = (self.store.clone(), self.vitals.clone());
        let commands = self.commands.clone();
        let intake = Intake::new(store.clone(), vitals.clone(), client.clone(), commands.clone());
        let post = Post { store, vitals, client: client.clone(), commands, to_send };
        let mut open = false;
        let polling = self.poll(&mut events, &client, (to_intake, to_post), &mut open);
        let end = tokio::select! {
            why = polling => End::Broker(why),
            Err(error) = intake.run(came) => End::Store(error),
            Err(error) = post.run(answers) => End::Store(error),
        };
        self.commands.set_open(false);
        (open, end)
    }

    async fn poll(
        &self,
        events: &mut EventLoop,
        client: &AsyncClient,
        (to_intake, to_post): (mpsc::Sender<Waiting>, mpsc::Sender<PubAck>),
        open: &mut bool,
    ) -> String {
        let room = Room::new();
        loop {
            let event = match events.poll().await {
                Ok(event) => event,
                Err(error) => return error.to_string(),
            };
            let Event::Incoming(packet) = event else { continue };
            let fits = match packet {
                Packet::ConnAck(_) => {
                    *open = true;
                    let filters = FILTERS.map(|filter| Filter::new(filter, QoS::AtLeastOnce));
                    client.try_subscribe_many(filters).is_ok()
                }
                Packet::SubAck(ack) => {
                    self.subscribed(&ack.return_codes);
                    true
                }
                Packet::Publish(publish) => {
                    let (qos, waiting) = (publish.qos, room.let_in(publish));
                    let is_in = waiting.is_some_and(|waiting| to_intake.try_send(waiting).is_ok());
                    if !is_in && qos == QoS::AtMostOnce {
                        self.vitals.count("messages", "dropped");
                        let until = clock::monotonic() + BURST_FOR;
                        self.vitals.raise_until(BURST, BURST_TEXT, until);
                    }
                    is_in || qos == QoS::AtMostOnce
                }
                Packet::PubAck(ack) => to_post.try_send(ack).is_ok(),
                Packet::Disconnect(said) => {
                    return format!("the broker ended it: {}", said.reason_code as u8);
                }
                _ => true,
            };
            if !fits {
                return "the broker sends more than it may".into();
            }
        }
    }

    fn subscribed(&self, codes: &[SubscribeReasonCode]) {
        let refused = codes.iter().filter(|code| !matches!(code, SubscribeReasonCode::Success(_)));
        if refused.count() > 0 {
            let text = "the broker does not let the console hear all that boxes say; let it read viahe/v1/#";
            self.vitals.raise(DEAF, text);
        } else {
            self.vitals.end(DEAF);
        }
        self.vitals.end(AWAY);
        self.commands.set_open(true);
        tracing::info!("boxes are heard");
    }
}
