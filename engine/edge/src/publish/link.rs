//! One connection: options for the client library, and what its errors mean.

use super::flow::{Answer, Death};
use super::{PublishError, PublishOptions, topics};
use rumqttc::tokio_rustls::rustls;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode, LastWill, PubAckReason};
use rumqttc::v5::mqttbytes::{Error as CodecError, QoS};
use rumqttc::v5::{ConnectionError, Event, EventLoop, MqttOptions, StateError};
use rumqttc::{NetworkOptions, Transport};
use std::path::Path;
use tokio::sync::mpsc;
use viahe_core::config::plan::{Mqtt, MqttTls};

/// Largest message that the box takes; acknowledgements are small.
const INCOMING_BYTES_MAX: u32 = 64 << 10;

/// To reach the broker and be let in, in seconds.
const CONNECT_TIMEOUT_SECS: u64 = 15;

/// Reads the TLS files once, so that a wrong path is told at the start.
pub(super) fn check_tls(mqtt: &Mqtt) -> Result<(), PublishError> {
    mqtt.tls.as_ref().map_or(Ok(()), |tls| transport(tls).map(|_| ()))
}

/// Options of the publisher's next connection. TLS files are read anew: certificates are renewed
/// while the box runs.
pub(super) fn options(of: &PublishOptions, now: &str) -> Result<MqttOptions, PublishError> {
    let mut options = base(&of.mqtt, &of.client_id)?;
    let offline = topics::offline(&of.version, topics::Offline::Lost { connected: now });
    let status = topics::site_topic(&of.site, "status");
    options
        .set_last_will(LastWill::new(status, offline, QoS::AtLeastOnce, true, None))
        .set_keep_alive(of.tuning.keep_alive.max(std::time::Duration::from_secs(5)))
        // One id more than the window, for the farewell.
        .set_outgoing_inflight_upper_limit(of.tuning.window.clamp(1, 1_000) + 1)
        .set_max_packet_size(Some(INCOMING_BYTES_MAX));
    Ok(options)
}

/// What every client of ours has in common. A clean session each time: the outbox is the session.
pub(super) fn base(mqtt: &Mqtt, client_id: &str) -> Result<MqttOptions, PublishError> {
    let is_v6 = mqtt.host.contains(':') && mqtt.tls.is_none();
    let host = if is_v6 { format!("[{}]", mqtt.host) } else { mqtt.host.clone() };
    let mut options = MqttOptions::new(client_id, host, mqtt.port);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_TIMEOUT_SECS);
    options
        .set_clean_start(true)
        .set_connection_timeout(CONNECT_TIMEOUT_SECS)
        .set_network_options(network);
    if let Some((user, password)) = &mqtt.login {
        options.set_credentials(user, password.reveal());
    }
    if let Some(tls) = &mqtt.tls {
        options.set_transport(transport(tls)?);
    }
    Ok(options)
}

fn transport(tls: &MqttTls) -> Result<Transport, PublishError> {
    // The library asks for the process's default; a second call changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let pem = |path: &Path, label: &str| {
        let problem = |problem: String| PublishError::Tls { path: path.to_path_buf(), problem };
        let bytes = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let found = text.lines().any(|l| l.starts_with("-----BEGIN ") && l.contains(label));
        if found { Ok(bytes) } else { Err(problem(format!("has no {label} in PEM form"))) }
    };
    let ca = pem(&tls.ca, "CERTIFICATE")?;
    let client = match &tls.client {
        Some((cert, key)) => Some((pem(cert, "CERTIFICATE")?, pem(key, "PRIVATE KEY")?)),
        None => None,
    };
    Ok(Transport::tls(ca, client, None))
}

/// Polls the library, and nothing else: it must never wait for room in the library's own queue.
/// Ends with the connection; the library's own reconnection loses what it had accepted.
pub(super) async fn poll(mut events: EventLoop, to: mpsc::Sender<Result<Event, ConnectionError>>) {
    loop {
        let event = events.poll().await;
        let last = event.is_err();
        if to.send(event).await.is_err() || last {
            return;
        }
    }
}

/// What a PUBACK says.
pub(super) fn answer(reason: PubAckReason) -> Answer {
    match reason {
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => Answer::Accepted,
        PubAckReason::TopicNameInvalid | PubAckReason::PayloadFormatInvalid => Answer::Invalid,
        PubAckReason::UnspecifiedError
        | PubAckReason::ImplementationSpecificError
        | PubAckReason::NotAuthorized
        | PubAckReason::PacketIdentifierInUse
        | PubAckReason::QuotaExceeded => Answer::Refused,
    }
}

/// May a message be blamed for the end of a connection?
pub(super) fn death(error: &ConnectionError) -> Death {
    use DisconnectReasonCode as Code;
    let ConnectionError::MqttState(state) = error else { return Death::Innocent };
    match state {
        StateError::ServerDisconnect { reason_code, .. } => match reason_code {
            Code::MalformedPacket
            | Code::ProtocolError
            | Code::ImplementationSpecificError
            | Code::TopicNameInvalid
            | Code::PacketTooLarge
            | Code::QuotaExceeded
            | Code::PayloadFormatInvalid
            | Code::QoSNotSupported => Death::Blamed,
            Code::UnspecifiedError | Code::NotAuthorized => Death::Unexplained,
            _ => Death::Innocent,
        },
        // The second: a PUBACK with a reason that MQTT does not know for it; mosquitto answers so
        // to a message above its message_size_limit.
        StateError::OutgoingPacketTooLarge { .. }
        | StateError::Deserialization(
            CodecError::InvalidConnectReturnCode(_) | CodecError::InvalidReason(_),
        ) => Death::Blamed,
        StateError::Io(_)
        | StateError::ConnectionAborted
        | StateError::Deserialization(CodecError::Io(_)) => Death::Unexplained,
        _ => Death::Innocent,
    }
}

/// The error in words, with what to do where that is known. Holds no secret.
pub(super) fn describe(error: &ConnectionError, mqtt: &Mqtt) -> String {
    use ConnectReturnCode as Code;
    let broker = format!("{}:{}", mqtt.host, mqtt.port);
    match error {
        ConnectionError::ConnectionRefused(Code::BadUserNamePassword | Code::NotAuthorized) => {
            format!("{broker} refused the login; check user and password in [mqtt]")
        }
        ConnectionError::ConnectionRefused(
            Code::UnsupportedProtocolVersion | Code::RefusedProtocolVersion,
        ) => format!("{broker} does not speak MQTT 5; use a broker that does"),
        ConnectionError::Timeout(_) => {
            format!("{broker} did not answer within {CONNECT_TIMEOUT_SECS} s; check host and port")
        }
        ConnectionError::MqttState(StateError::ServerDisconnect {
            reason_code: DisconnectReasonCode::SessionTakenOver,
            ..
        }) => format!("{broker}: another client uses the same client id; each box needs its own"),
        ConnectionError::Tls(source) => {
            format!("{broker}: {source}; check ca, cert and key in [mqtt], and the box's clock")
        }
        other => format!("{broker}: {other}"),
    }
}
