//! How incidents leave the box.

use super::secret::Secret;
use std::path::PathBuf;

/// `[mqtt]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mqtt {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `mqtts`, with what it needs.
    pub tls: Option<MqttTls>,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// Whose acknowledgement removes an incident from the outbox.
    pub ack: Ack,
    /// The dialect of the broker; none: found out on connecting.
    pub version: Option<MqttVersion>,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MqttVersion {
    /// MQTT 5.
    V5,
    /// MQTT 3.1.1: without reasons, response topics and limits that are told.
    V311,
}

impl MqttVersion {
    /// As it is written in a pipeline file, and said in messages.
    pub fn label(self) -> &'static str {
        match self {
            Self::V5 => "5",
            Self::V311 => "3.1.1",
        }
    }
}

/// Files of an `mqtts` connection.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttTls {
    /// PEM file of the authority that signed the broker's certificate.
    pub ca: PathBuf,
    /// PEM files of this box's certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Whose acknowledgement removes an incident from the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ack {
    /// The broker's PUBACK.
    #[default]
    Broker,
    /// The operations centre's message on `…/ack`, sent after its own commit.
    Centre,
}
