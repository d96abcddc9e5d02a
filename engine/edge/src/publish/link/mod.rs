//! One connection to a broker, in either version of MQTT.
//!
//! The client library has a client for each version, alike and not the same. Here they become one:
//! what is asked of a broker ([`Terms`]), what it offers ([`Offer`]), what happens ([`Event`]) and
//! how it ends ([`Failure`]), with reason codes as their numbers. A client is used for one
//! connection only: its own reconnection loses what it had accepted.

mod options;
mod v311;
mod v5;

pub(super) use options::check_tls;

use super::PublishError;
use super::dialect::Wanted;
use super::reason::{self, Blame, Refusal, Then};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use viahe_core::plan::{Mqtt, MqttVersion};

/// To reach the broker and be let in, in seconds.
pub(super) const CONNECT_TIMEOUT_SECS: u64 = 15;

/// Events that may wait between the polling task and the one that acts on them.
const EVENTS_MAX: usize = 1_024;

/// What a broker is asked for on connecting.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Which MQTT.
    pub(super) version: MqttVersion,
    /// Unique at the broker.
    pub(super) client_id: String,
    /// What the broker says when the connection breaks: topic and payload.
    pub(super) will: Option<(String, Vec<u8>)>,
    /// Messages may be kept.
    pub(super) retain: bool,
    /// QoS 1, not 0.
    pub(super) at_least_once: bool,
    /// A sign of life at least so often, from 5 s.
    pub(super) keep_alive: Duration,
    /// Packet ids: most unanswered packets.
    pub(super) inflight: u16,
    /// Requests that may wait for the wire.
    pub(super) requests: usize,
    /// Largest packet taken.
    pub(super) incoming_bytes_max: u32,
}

impl Terms {
    /// Of who listens at most, and tells nothing.
    pub(super) fn of_a_guest(
        wanted: Wanted,
        keep_alive: Duration,
        incoming_bytes_max: u32,
    ) -> Self {
        Self {
            version: wanted.version,
            client_id: wanted.client_id,
            will: None,
            retain: false,
            at_least_once: true,
            keep_alive,
            inflight: 1,
            requests: 8,
            incoming_bytes_max,
        }
    }
}

/// What a broker offers once it is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// Unanswered packets that it takes.
    pub(super) receive_max: Option<u16>,
    /// Largest packet that it takes.
    pub(super) packet_bytes_max: Option<u32>,
    /// It keeps messages.
    pub(super) retain: bool,
    /// It takes QoS 1.
    pub(super) at_least_once: bool,
}

/// What happens on a connection.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// The broker let us in.
    Connected(Offer),
    /// The next message or subscription handed over is on the wire, under this packet id; 0 with QoS 0.
    Sent(u16),
    /// The library holds a packet back because its id is taken.
    Held(u16),
    /// A message was answered.
    Answered {
        /// Which.
        pkid: u16,
        /// How.
        code: u8,
    },
    /// A subscription was answered.
    Subscribed {
        /// Which.
        pkid: u16,
        /// How, for its one filter.
        code: u8,
    },
    /// A sign of life was sent.
    Pinged,
    /// And answered: the broker has read all that went before it.
    Ponged,
    /// A message came.
    Came(Incoming),
}

/// A message that came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Incoming {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) retained: bool,
    /// Where an answer is wanted, and what it must carry.
    pub(super) answer_to: Option<(String, Option<Vec<u8>>)>,
}

/// A message that is to go.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) retain: bool,
    pub(super) at_least_once: bool,
    /// Told with MQTT 5 only.
    pub(super) content_type: &'static str,
    /// Told with MQTT 5 only.
    pub(super) correlation: Option<Vec<u8>>,
}

/// Why a connection is over, or never was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Refused on connecting, with a code.
    Refused(u8),
    /// Ended by the broker, with a code, its own words and the address of another server.
    Told { code: u8, words: Option<String>, elsewhere: Option<String> },
    /// An answer with a code that the library does not know.
    UnknownCode(u8),
    /// The same, to a subscription.
    UnknownSubscription(u8),
    /// A message was larger than the broker had said.
    TooLarge,
    /// Closed without a word.
    Dropped(String),
    /// What came is no MQTT.
    Garbled(String),
    /// Nothing came.
    Silent,
    /// No certificate that both accept.
    Tls(String),
    /// Never reached, or broken on our side.
    Other(String),
}

/// What [`Incoming::retained`] means on a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetainFlag {
    /// The message was kept by the broker, from before the subscription.
    Kept,
    /// So, or it came just now and the broker keeps it too. With MQTT 3.1.1 as [`RetainFlag::Kept`].
    AsPublished,
}

/// The library takes no more messages.
#[derive(Debug)]
pub(super) struct NoRoom;

enum Client {
    V5(rumqttc::v5::AsyncClient),
    V311(rumqttc::AsyncClient),
}

enum Poller {
    V5(Box<rumqttc::v5::EventLoop>),
    V311(Box<rumqttc::EventLoop>),
}

/// A client for one connection. A task polls the library and does nothing else: it must never
/// wait for room in the library's own queue.
pub(super) struct Connection {
    client: Client,
    pub(super) events: mpsc::Receiver<Result<Event, Failure>>,
    _poller: JoinSet<()>,
}

impl Connection {
    /// Begins to connect. TLS files are read anew: certificates are renewed while the box runs.
    pub(super) fn open(mqtt: &Mqtt, terms: &Terms) -> Result<Self, PublishError> {
        let (client, poller) = match terms.version {
            MqttVersion::V5 => {
                let (client, events) =
                    rumqttc::v5::AsyncClient::new(v5::options(mqtt, terms)?, terms.requests);
                (Client::V5(client), Poller::V5(Box::new(events)))
            }
            MqttVersion::V311 => {
                let (options, network) = v311::options(mqtt, terms)?;
                let (client, mut events) = rumqttc::AsyncClient::new(options, terms.requests);
                events.set_network_options(network);
                (Client::V311(client), Poller::V311(Box::new(events)))
            }
        };
        let (to, events) = mpsc::channel(EVENTS_MAX);
        let mut task = JoinSet::new();
        task.spawn(poll(poller, (mqtt.host.clone(), mqtt.port), to));
        Ok(Self { client, events, _poller: task })
    }

    /// Bytes of `message` on the wire.
    pub(super) fn size(&self, message: &Outgoing) -> usize {
        // The packet id, 2 bytes, is not in it yet.
        2 + match &self.client {
            Client::V5(_) => v5::size(message),
            Client::V311(_) => v311::size(message),
        }
    }

    /// Hands `message` over.
    pub(super) fn publish(&self, message: Outgoing) -> Result<(), NoRoom> {
        match &self.client {
            Client::V5(client) => v5::publish(client, message),
            Client::V311(client) => v311::publish(client, message),
        }
    }

    /// Asks for what is said on `filter`.
    pub(super) fn subscribe(&self, filter: &str, flag: RetainFlag) -> Result<(), NoRoom> {
        match &self.client {
            Client::V5(client) => v5::subscribe(client, filter, flag),
            // Has no such choice.
            Client::V311(client) => {
                client.try_subscribe(filter, rumqttc::QoS::AtLeastOnce).map_err(|_| NoRoom)
            }
        }
    }

    /// Says goodbye: the broker forgets the last will.
    pub(super) fn disconnect(&self) -> Result<(), NoRoom> {
        match &self.client {
            Client::V5(client) => client.try_disconnect().map_err(|_| NoRoom),
            Client::V311(client) => client.try_disconnect().map_err(|_| NoRoom),
        }
    }

    /// The next event; none when the polling task is gone.
    pub(super) async fn next(&mut self) -> Result<Event, Failure> {
        let gone = || Failure::Other("the MQTT client stopped".into());
        self.events.recv().await.unwrap_or_else(|| Err(gone()))
    }
}

async fn poll(
    mut poller: Poller,
    address: (String, u16),
    to: mpsc::Sender<Result<Event, Failure>>,
) {
    loop {
        let (events, failure) = match &mut poller {
            Poller::V5(events) => v5::poll(events).await,
            Poller::V311(events) => v311::poll(events).await,
        };
        for event in events {
            if to.send(Ok(event)).await.is_err() {
                return;
            }
        }
        if let Some(failure) = failure {
            let failure = reached(failure, &address).await;
            // Nobody is there to hear it: then it is of no interest.
            let _ = to.send(Err(failure)).await;
            return;
        }
    }
}

/// A broker that is silent, or one that is not there? The library does not tell.
async fn reached(failure: Failure, (host, port): &(String, u16)) -> Failure {
    if failure != Failure::Silent {
        return failure;
    }
    let connect = tokio::net::TcpStream::connect((host.as_str(), *port));
    match tokio::time::timeout(Duration::from_secs(5), connect).await {
        Ok(Ok(_)) => Failure::Silent,
        Ok(Err(error)) => Failure::Other(error.to_string()),
        Err(_) => Failure::Other("no connection; check host and port".into()),
    }
}

impl Failure {
    /// What a message can be blamed for; `up` is whether the broker had let us in.
    pub(super) fn blame(&self, up: bool) -> Blame {
        match self {
            _ if !up => Blame::Nobody,
            Self::Told { code, .. } => reason::disconnect(*code).1,
            Self::UnknownCode(code) => match reason::puback(*code) {
                reason::Fate::Never => Blame::Message,
                _ => Blame::Rights,
            },
            Self::TooLarge => Blame::Message,
            Self::Dropped(_) => Blame::Unknown,
            _ => Blame::Nobody,
        }
    }

    /// What to change before the next connection.
    pub(super) fn then(&self, version: MqttVersion, up: bool) -> Then {
        match self.refusal(version) {
            Some(refusal) => refusal.then,
            // Nothing that speaks our version of MQTT hangs up on its first packet.
            None if !up => match self {
                Self::Dropped(_) | Self::Garbled(_) | Self::Silent | Self::UnknownCode(_) => {
                    Then::OtherVersion
                }
                _ => Then::Again,
            },
            None => Then::Again,
        }
    }

    fn refusal(&self, version: MqttVersion) -> Option<Refusal> {
        match self {
            Self::Refused(code) => Some(reason::connack(version, *code)),
            Self::Told { code, .. } => Some(reason::disconnect(*code).0),
            _ => None,
        }
    }

    /// In words, with what to do. Holds no secret.
    pub(super) fn describe(&self, mqtt: &Mqtt, version: MqttVersion, up: bool) -> String {
        let broker = format!("{}:{}", mqtt.host, mqtt.port);
        if let Some(Refusal { says, remedy, .. }) = self.refusal(version) {
            let code = match self {
                Self::Told { code, words: Some(words), .. } => {
                    format!("{}, \"{words}\"", reason::told(*code))
                }
                Self::Refused(code) | Self::Told { code, .. }
                    if version == MqttVersion::V5 || *code > 5 =>
                {
                    reason::told(*code)
                }
                Self::Refused(code) | Self::Told { code, .. } => format!("return code {code}"),
                _ => String::new(),
            };
            let elsewhere = match self {
                Self::Told { elsewhere: Some(address), .. } => format!("; it names {address}"),
                _ => String::new(),
            };
            return format!("{broker} {says}: {code}{elsewhere}; {remedy}");
        }
        let mute = format!(
            "does it speak MQTT? (asked in MQTT {}; a port for TLS needs mqtts://)",
            version.label()
        );
        match self {
            Self::UnknownCode(code) if !up => {
                format!("{broker} refused the connection: code {code}; look into its log")
            }
            Self::UnknownCode(code) => {
                format!(
                    "{broker} answered a message with {}; look into its log",
                    reason::told(*code)
                )
            }
            Self::UnknownSubscription(code) => {
                format!("{broker} answered a subscription with {}", reason::told(*code))
            }
            Self::TooLarge => format!("{broker}: a message is larger than the broker takes"),
            Self::Dropped(what) if up => format!("{broker} closed the connection: {what}"),
            Self::Dropped(what) => {
                format!("{broker} closed the connection before it said a word ({what}); {mute}")
            }
            Self::Garbled(what) if up => {
                format!("{broker} sent what is no MQTT ({what}); look for a proxy between")
            }
            Self::Garbled(what) => format!("{broker} answered in no MQTT ({what}); {mute}"),
            Self::Silent => {
                format!("{broker} did not answer within {CONNECT_TIMEOUT_SECS} s; {mute}")
            }
            Self::Tls(what) => {
                format!("{broker}: {what}; check ca, cert and key in [mqtt], and the box's clock")
            }
            Self::Other(what) => format!("{broker}: {what}"),
            Self::Refused(_) | Self::Told { .. } => broker,
        }
    }
}
