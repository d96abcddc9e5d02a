//! What is asked of a broker.

use crate::config::{Mqtt, Tls};
use crate::pem::{Holds, TlsError, choose_cryptography, read};
use rumqttc::v5::MqttOptions;
use rumqttc::{NetworkOptions, Transport};
use std::time::Duration;

/// To reach the broker and be let in.
const CONNECT_SECS: u64 = 15;
/// A sign of life at least so often.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Messages that may be on their way into the store; the broker holds the others back.
pub(super) const UNACKNOWLEDGED_MAX: u16 = 1_000;
/// Largest packet taken: boxes send less than 1 MiB.
const PACKET_BYTES_MAX: u32 = 1 << 20;
/// How long the broker keeps what is said while the console is away: as long as it can.
const SESSION_SECS: u32 = u32::MAX;
/// Requests that may wait for the wire: an acknowledgement at the broker and one for the box each.
pub(super) const REQUESTS_MAX: usize = 2 * UNACKNOWLEDGED_MAX as usize + 16;

/// Reads the files of TLS anew: certificates are renewed while the console runs.
pub(super) fn options(mqtt: &Mqtt, client_id: &str) -> Result<MqttOptions, TlsError> {
    let host = if mqtt.host.contains(':') && mqtt.tls.is_none() {
        format!("[{}]", mqtt.host)
    } else {
        mqtt.host.clone()
    };
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_SECS);
    let mut options = MqttOptions::new(client_id, host, mqtt.port);
    options
        .set_clean_start(false)
        .set_session_expiry_interval(Some(SESSION_SECS))
        .set_receive_maximum(Some(UNACKNOWLEDGED_MAX))
        // The client has room for as many from the start: unless it is said, for 65,535, which takes 13 MB.
        .set_outgoing_inflight_upper_limit(UNACKNOWLEDGED_MAX)
        .set_max_packet_size(Some(PACKET_BYTES_MAX))
        .set_manual_acks(true)
        .set_keep_alive(KEEP_ALIVE)
        .set_connection_timeout(CONNECT_SECS)
        .set_network_options(network);
    if let Some((name, password)) = &mqtt.login {
        options.set_credentials(name, password.reveal());
    }
    if let Some(tls) = &mqtt.tls {
        options.set_transport(transport(tls)?);
    }
    Ok(options)
}

fn transport(tls: &Tls) -> Result<Transport, TlsError> {
    choose_cryptography();
    let client = match &tls.client {
        Some((cert, key)) => Some((read(cert, Holds::Certificates)?, read(key, Holds::Key)?)),
        None => None,
    };
    Ok(Transport::tls(read(&tls.ca, Holds::Certificates)?, client, None))
}
