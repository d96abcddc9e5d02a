//! MQTT 5 by rumqttc's newer client.

use super::options::{host, network, transport};
use super::terms::CONNECT_TIMEOUT_SECS;
use super::{Event, Failure, Incoming, NoRoom, Offer, Outgoing, RetainFlag, Terms};
use crate::publish::PublishError;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectReturnCode as Connect, Disconnect, Filter, LastWill, Packet,
    PubAckReason as Ack, Publish, PublishProperties, SubscribeReasonCode as Sub,
};
use rumqttc::v5::mqttbytes::{Error as CodecError, QoS};
use rumqttc::v5::{
    AsyncClient, ConnectionError, Event as LibraryEvent, EventLoop, MqttOptions, StateError,
};
use std::io::ErrorKind;
use std::time::Duration;
use viahe_core::plan::Mqtt;

/// Where the broker wishes for no signs of life.
const KEEP_ALIVE_UNASKED: Duration = Duration::from_mins(1);

pub(super) fn options(mqtt: &Mqtt, terms: &Terms) -> Result<MqttOptions, PublishError> {
    let mut options = MqttOptions::new(&terms.client_id, host(mqtt), mqtt.port);
    options
        // A clean session each time: the outbox is the session.
        .set_clean_start(true)
        .set_connection_timeout(CONNECT_TIMEOUT_SECS)
        .set_network_options(network())
        .set_keep_alive(terms.keep_alive)
        .set_outgoing_inflight_upper_limit(terms.inflight)
        .set_max_packet_size(Some(terms.incoming_bytes_max));
    if let Some((topic, payload)) = &terms.will {
        let qos = qos(terms.at_least_once);
        options.set_last_will(LastWill::new(topic, payload.clone(), qos, terms.retain, None));
    }
    if let Some((user, password)) = &mqtt.login {
        options.set_credentials(user, password.reveal());
    }
    if let Some(tls) = &mqtt.tls {
        options.set_transport(transport(tls)?);
    }
    Ok(options)
}

fn qos(at_least_once: bool) -> QoS {
    if at_least_once { QoS::AtLeastOnce } else { QoS::AtMostOnce }
}

fn properties(message: &Outgoing) -> PublishProperties {
    PublishProperties {
        payload_format_indicator: Some(1),
        content_type: Some(message.content_type.into()),
        correlation_data: message.correlation.clone().map(Into::into),
        ..PublishProperties::default()
    }
}

pub(super) fn size(message: &Outgoing) -> usize {
    let properties = properties(message);
    let Outgoing { topic, payload, at_least_once, .. } = message;
    Publish::new(topic, qos(*at_least_once), payload.clone(), Some(properties)).size()
}

pub(super) fn publish(client: &AsyncClient, message: Outgoing) -> Result<(), NoRoom> {
    let properties = properties(&message);
    let Outgoing { topic, payload, retain, at_least_once, .. } = message;
    client
        .try_publish_with_properties(topic, qos(at_least_once), retain, payload, properties)
        .map_err(|_| NoRoom)
}

pub(super) fn subscribe(
    client: &AsyncClient,
    filter: &str,
    flag: RetainFlag,
) -> Result<(), NoRoom> {
    let mut filter = Filter::new(filter, QoS::AtLeastOnce);
    filter.preserve_retain = flag == RetainFlag::AsPublished;
    client.try_subscribe_many([filter]).map_err(|_| NoRoom)
}

/// What happened next, and whether that was the end.
pub(super) async fn poll(events: &mut EventLoop) -> (Vec<Event>, Option<Failure>) {
    match events.poll().await {
        Ok(event) => {
            // The broker may wish for no signs of life at all; the library would send them without a
            // pause. And we need some, to find out that a link is dead.
            if events.options.keep_alive().is_zero() {
                events.options.set_keep_alive(KEEP_ALIVE_UNASKED);
            }
            (event_of(event).into_iter().collect(), None)
        }
        Err(error) => {
            // Packets that were read together with what ended the connection.
            let last: Vec<LibraryEvent> = events.state.events.drain(..).collect();
            let elsewhere = last.iter().find_map(|event| match event {
                LibraryEvent::Incoming(Packet::Disconnect(said)) => another_server(said),
                _ => None,
            });
            let last = last.into_iter().filter_map(event_of).collect();
            (last, Some(failure(&error, elsewhere)))
        }
    }
}

fn another_server(said: &Disconnect) -> Option<String> {
    said.properties.as_ref()?.server_reference.clone()
}

fn event_of(event: LibraryEvent) -> Option<Event> {
    use rumqttc::Outgoing as Out;
    Some(match event {
        LibraryEvent::Incoming(Packet::ConnAck(ack)) => Event::Connected(offer(&ack)),
        LibraryEvent::Incoming(Packet::PubAck(ack)) => {
            Event::Answered { pkid: ack.pkid, code: puback(ack.reason) }
        }
        LibraryEvent::Incoming(Packet::SubAck(ack)) => {
            let code = ack.return_codes.iter().copied().map(suback).max().unwrap_or(0x80);
            Event::Subscribed { pkid: ack.pkid, code }
        }
        LibraryEvent::Incoming(Packet::PingResp(_)) => Event::Ponged,
        LibraryEvent::Incoming(Packet::Publish(publish)) => Event::Came(incoming(publish)),
        LibraryEvent::Outgoing(Out::Publish(pkid) | Out::Subscribe(pkid)) => Event::Sent(pkid),
        LibraryEvent::Outgoing(Out::AwaitAck(pkid)) => Event::Held(pkid),
        LibraryEvent::Outgoing(Out::PingReq) => Event::Pinged,
        _ => return None,
    })
}

fn offer(ack: &ConnAck) -> Offer {
    let told = ack.properties.as_ref();
    Offer {
        receive_max: told.and_then(|p| p.receive_max),
        packet_bytes_max: told.and_then(|p| p.max_packet_size),
        retain: told.and_then(|p| p.retain_available) != Some(0),
        at_least_once: told.and_then(|p| p.max_qos) != Some(0),
    }
}

fn incoming(publish: Publish) -> Incoming {
    let properties = publish.properties.unwrap_or_default();
    let correlation = properties.correlation_data.map(|data| data.to_vec());
    Incoming {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload.to_vec(),
        retained: publish.retain,
        answer_to: properties.response_topic.map(|topic| (topic, correlation)),
    }
}

fn puback(reason: Ack) -> u8 {
    match reason {
        Ack::Success => 0x00,
        Ack::NoMatchingSubscribers => 0x10,
        Ack::UnspecifiedError => 0x80,
        Ack::ImplementationSpecificError => 0x83,
        Ack::NotAuthorized => 0x87,
        Ack::TopicNameInvalid => 0x90,
        Ack::PacketIdentifierInUse => 0x91,
        Ack::QuotaExceeded => 0x97,
        Ack::PayloadFormatInvalid => 0x99,
    }
}

fn suback(reason: Sub) -> u8 {
    match reason {
        Sub::Success(QoS::AtMostOnce) => 0x00,
        Sub::Success(QoS::AtLeastOnce) => 0x01,
        Sub::Success(QoS::ExactlyOnce) => 0x02,
        Sub::Failure | Sub::Unspecified => 0x80,
        Sub::ImplementationSpecific => 0x83,
        Sub::NotAuthorized => 0x87,
        Sub::TopicFilterInvalid => 0x8F,
        Sub::PkidInUse => 0x91,
        Sub::QuotaExceeded => 0x97,
        Sub::SharedSubscriptionsNotSupported => 0x9E,
        Sub::SubscriptionIdNotSupported => 0xA1,
        Sub::WildcardSubscriptionsNotSupported => 0xA2,
    }
}

fn connack(code: Connect) -> u8 {
    match code {
        Connect::Success => 0x00,
        Connect::RefusedProtocolVersion => 0x01,
        Connect::UnspecifiedError => 0x80,
        Connect::MalformedPacket => 0x81,
        Connect::ProtocolError => 0x82,
        Connect::ImplementationSpecificError => 0x83,
        Connect::UnsupportedProtocolVersion => 0x84,
        Connect::BadClientId | Connect::ClientIdentifierNotValid => 0x85,
        Connect::BadUserNamePassword => 0x86,
        Connect::NotAuthorized => 0x87,
        Connect::ServiceUnavailable | Connect::ServerUnavailable => 0x88,
        Connect::ServerBusy => 0x89,
        Connect::Banned => 0x8A,
        Connect::BadAuthenticationMethod => 0x8C,
        Connect::TopicNameInvalid => 0x90,
        Connect::PacketTooLarge => 0x95,
        Connect::QuotaExceeded => 0x97,
        Connect::PayloadFormatInvalid => 0x99,
        Connect::RetainNotSupported => 0x9A,
        Connect::QoSNotSupported => 0x9B,
        Connect::UseAnotherServer => 0x9C,
        Connect::ServerMoved => 0x9D,
        Connect::ConnectionRateExceeded => 0x9F,
    }
}

fn failure(error: &ConnectionError, elsewhere: Option<String>) -> Failure {
    match error {
        ConnectionError::ConnectionRefused(code) => Failure::Refused(connack(*code)),
        ConnectionError::MqttState(state) => of_state(state, elsewhere),
        ConnectionError::Timeout(_) => Failure::Silent,
        ConnectionError::Tls(error) => Failure::Tls(error.to_string()),
        ConnectionError::NotConnAck(packet) => {
            let text = format!("{packet:?}");
            let kind = text.split(['(', ' ']).next().unwrap_or_default();
            Failure::Garbled(format!("{kind} instead of CONNACK"))
        }
        other => Failure::Other(other.to_string()),
    }
}

fn of_state(state: &StateError, elsewhere: Option<String>) -> Failure {
    match state {
        StateError::ServerDisconnect { reason_code, reason_string } => {
            Failure::Told { code: *reason_code as u8, words: reason_string.clone(), elsewhere }
        }
        StateError::OutgoingPacketTooLarge { .. } => Failure::TooLarge,
        StateError::ConnFail { reason } => Failure::Refused(connack(*reason)),
        StateError::ConnectionAborted => Failure::Dropped("without a word".into()),
        StateError::Io(error) => dropped(error),
        StateError::Deserialization(codec) => match codec {
            // Of a PUBACK, a DISCONNECT or a CONNACK.
            CodecError::InvalidConnectReturnCode(code) | CodecError::InvalidReason(code) => {
                Failure::UnknownCode(*code)
            }
            CodecError::InvalidSubscribeReasonCode(code) => Failure::UnknownSubscription(*code),
            CodecError::OutgoingPacketTooLarge { .. } => Failure::TooLarge,
            CodecError::Io(error) => dropped(error),
            other => Failure::Garbled(other.to_string()),
        },
        other => Failure::Other(other.to_string()),
    }
}

pub(super) fn dropped(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Failure::Other(error.to_string())
        }
        // Rustls: an alert of the broker, which does not like our certificate.
        ErrorKind::InvalidData => Failure::Tls(error.to_string()),
        _ => Failure::Dropped(error.to_string()),
    }
}
