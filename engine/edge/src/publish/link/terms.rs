//! What is asked of a broker, what it offers, what happens, and how it ends.

use crate::publish::reason::{self, Blame, Refusal, Then};
use std::time::Duration;
use viahe_core::plan::{Mqtt, MqttVersion};

/// To reach the broker and be let in, in seconds.
pub(in crate::publish) const CONNECT_TIMEOUT_SECS: u64 = 15;

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::publish) struct Wanted {
    pub(in crate::publish) version: MqttVersion,
    pub(in crate::publish) client_id: String,
    pub(in crate::publish) retain: bool,
    pub(in crate::publish) at_least_once: bool,
    pub(in crate::publish) will: bool,
}

/// What a broker is asked for on connecting.
#[derive(Clone, Debug)]
pub(in crate::publish) struct Terms {
    /// Which MQTT.
    pub(in crate::publish) version: MqttVersion,
    /// Unique at the broker.
    pub(in crate::publish) client_id: String,
    /// What the broker says when the connection breaks: topic and payload.
    pub(in crate::publish) will: Option<(String, Vec<u8>)>,
    /// Messages may be kept.
    pub(in crate::publish) retain: bool,
    /// QoS 1, not 0.
    pub(in crate::publish) at_least_once: bool,
    /// A sign of life at least so often, from 5 s.
    pub(in crate::publish) keep_alive: Duration,
    /// Packet ids: most unanswered packets.
    pub(in crate::publish) inflight: u16,
    /// Requests that may wait for the wire.
    pub(in crate::publish) requests: usize,
    /// Largest packet taken.
    pub(in crate::publish) incoming_bytes_max: u32,
}

impl Terms {
    /// Of who listens at most, and tells nothing.
    pub(in crate::publish) fn of_a_guest(
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
pub(in crate::publish) struct Offer {
    /// Unanswered packets that it takes.
    pub(in crate::publish) receive_max: Option<u16>,
    /// Largest packet that it takes.
    pub(in crate::publish) packet_bytes_max: Option<u32>,
    /// It keeps messages.
    pub(in crate::publish) retain: bool,
    /// It takes QoS 1.
    pub(in crate::publish) at_least_once: bool,
}

/// What happens on a connection.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::publish) enum Event {
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
pub(in crate::publish) struct Incoming {
    pub(in crate::publish) topic: String,
    pub(in crate::publish) payload: Vec<u8>,
    pub(in crate::publish) retained: bool,
    /// Where an answer is wanted, and what it must carry.
    pub(in crate::publish) answer_to: Option<(String, Option<Vec<u8>>)>,
}

/// A message that is to go.
#[derive(Clone, Debug)]
pub(in crate::publish) struct Outgoing {
    pub(in crate::publish) topic: String,
    pub(in crate::publish) payload: Vec<u8>,
    pub(in crate::publish) retain: bool,
    pub(in crate::publish) at_least_once: bool,
    /// Told with MQTT 5 only.
    pub(in crate::publish) content_type: &'static str,
    /// Told with MQTT 5 only.
    pub(in crate::publish) correlation: Option<Vec<u8>>,
}

/// Why a connection is over, or never was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::publish) enum Failure {
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
pub(in crate::publish) enum RetainFlag {
    /// The message was kept by the broker, from before the subscription.
    Kept,
    /// So, or it came just now and the broker keeps it too. With MQTT 3.1.1 as [`RetainFlag::Kept`].
    AsPublished,
}

/// The library takes no more messages.
#[derive(Debug)]
pub(in crate::publish) struct NoRoom;

impl Failure {
    /// What a message can be blamed for; `up` is whether the broker had let us in.
    pub(in crate::publish) fn blame(&self, up: bool) -> Blame {
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
    pub(in crate::publish) fn then(&self, version: MqttVersion, up: bool) -> Then {
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
    pub(in crate::publish) fn describe(
        &self,
        mqtt: &Mqtt,
        version: MqttVersion,
        up: bool,
    ) -> String {
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
