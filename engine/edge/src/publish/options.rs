//! What the publisher must know, and numbers of delivery.

use crate::trouble::Troubles;
use jiff::tz::TimeZone;
use std::time::Duration;
use viahe_core::id::Name;
use viahe_core::plan::Mqtt;

/// A connection of this length was of use: the next failure is a first one.
pub(super) const LASTING: Duration = Duration::from_secs(10);

/// After so long on one connection there is no trouble with it any more.
pub(super) const STEADY: Duration = Duration::from_secs(5);

/// Two boxes with one client id, in words.
pub(super) const CLIENT_ID_TAKEN: &str = "another client connects with this box's client id and takes its \
                               place; give each box its own [site] id";

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
        let seed = crate::backoff::seed(&client_id);
        let tuning = Tuning { seed, ..Tuning::default() };
        Self { mqtt, site, client_id, zone, version, troubles, tuning }
    }
}
