//! MQTT 3.1.1 by rumqttc's older client.

use super::options::{host, network, transport};
use super::v5::dropped;
use super::{Event, Failure, Incoming, NoRoom, Offer, Outgoing, Terms};
use crate::publish::PublishError;
use rumqttc::mqttbytes::Error as CodecError;
use rumqttc::{
    AsyncClient, ConnectionError, Event as LibraryEvent, EventLoop, LastWill, MqttOptions,
    NetworkOptions, Packet, Publish, QoS, StateError, SubscribeReasonCode,
};
use viahe_core::plan::Mqtt;

/// Largest packet sent; the broker does not tell its own limit.
const OUTGOING_BYTES_MAX: usize = 8 << 20;

pub(super) fn options(
    mqtt: &Mqtt,
    terms: &Terms,
) -> Result<(MqttOptions, NetworkOptions), PublishError> {
    let mut options = MqttOptions::new(&terms.client_id, host(mqtt), mqtt.port);
    options
        .set_clean_session(true)
        .set_keep_alive(terms.keep_alive)
        .set_inflight(terms.inflight)
        .set_max_packet_size(terms.incoming_bytes_max as usize, OUTGOING_BYTES_MAX);
    if let Some((topic, payload)) = &terms.will {
        let qos = qos(terms.at_least_once);
        options.set_last_will(LastWill::new(topic, payload.clone(), qos, terms.retain));
    }
    if let Some((user, password)) = &mqtt.login {
        options.set_credentials(user, password.reveal());
    }
    if let Some(tls) = &mqtt.tls {
        options.set_transport(transport(tls)?);
    }
    Ok((options, network()))
}

fn qos(at_least_once: bool) -> QoS {
    if at_least_once { QoS::AtLeastOnce } else { QoS::AtMostOnce }
}

pub(super) fn size(message: &Outgoing) -> usize {
    let Outgoing { topic, payload, at_least_once, .. } = message;
    Publish::new(topic, qos(*at_least_once), payload.clone()).size()
}

pub(super) fn publish(client: &AsyncClient, message: Outgoing) -> Result<(), NoRoom> {
    let Outgoing { topic, payload, retain, at_least_once, .. } = message;
    client.try_publish(topic, qos(at_least_once), retain, payload).map_err(|_| NoRoom)
}

/// What happened next, and whether that was the end.
pub(super) async fn poll(events: &mut EventLoop) -> (Vec<Event>, Option<Failure>) {
    match events.poll().await {
        Ok(event) => (event_of(event).into_iter().collect(), None),
        Err(error) => {
            // Packets that were read together with what ended the connection.
            let last = events.state.events.drain(..).filter_map(event_of).collect();
            (last, Some(failure(&error)))
        }
    }
}

fn event_of(event: LibraryEvent) -> Option<Event> {
    use rumqttc::Outgoing as Out;
    Some(match event {
        LibraryEvent::Incoming(Packet::ConnAck(_)) => Event::Connected(Offer {
            receive_max: None,
            packet_bytes_max: None,
            retain: true,
            at_least_once: true,
        }),
        LibraryEvent::Incoming(Packet::PubAck(ack)) => Event::Answered { pkid: ack.pkid, code: 0 },
        LibraryEvent::Incoming(Packet::SubAck(ack)) => {
            let granted = |code: &SubscribeReasonCode| match code {
                SubscribeReasonCode::Success(qos) => *qos as u8,
                SubscribeReasonCode::Failure => 0x80,
            };
            let code = ack.return_codes.iter().map(granted).max().unwrap_or(0x80);
            Event::Subscribed { pkid: ack.pkid, code }
        }
        LibraryEvent::Incoming(Packet::PingResp) => Event::Ponged,
        LibraryEvent::Incoming(Packet::Publish(publish)) => Event::Came(Incoming {
            topic: publish.topic,
            payload: publish.payload.to_vec(),
            retained: publish.retain,
            answer_to: None,
        }),
        LibraryEvent::Outgoing(Out::Publish(pkid) | Out::Subscribe(pkid)) => Event::Sent(pkid),
        LibraryEvent::Outgoing(Out::AwaitAck(pkid)) => Event::Held(pkid),
        LibraryEvent::Outgoing(Out::PingReq) => Event::Pinged,
        _ => return None,
    })
}

fn failure(error: &ConnectionError) -> Failure {
    match error {
        ConnectionError::ConnectionRefused(code) => Failure::Refused(*code as u8),
        ConnectionError::MqttState(state) => match state {
            StateError::ConnectionAborted => Failure::Dropped("without a word".into()),
            StateError::Io(error) => dropped(error),
            StateError::Deserialization(codec) => of_codec(codec),
            other => Failure::Other(other.to_string()),
        },
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => Failure::Silent,
        ConnectionError::Tls(error) => Failure::Tls(error.to_string()),
        ConnectionError::NotConnAck(packet) => {
            let text = format!("{packet:?}");
            let kind = text.split(['(', ' ']).next().unwrap_or_default();
            Failure::Garbled(format!("{kind} instead of CONNACK"))
        }
        other => Failure::Other(other.to_string()),
    }
}

fn of_codec(error: &CodecError) -> Failure {
    match error {
        CodecError::InvalidConnectReturnCode(code) => Failure::UnknownCode(*code),
        CodecError::InvalidSubscribeReasonCode(code) => Failure::UnknownSubscription(*code),
        // What we send is far below our own limit, so it came.
        CodecError::PayloadSizeLimitExceeded(bytes) => {
            Failure::Other(format!("a message of {bytes} bytes came, more than the box takes"))
        }
        CodecError::Io(error) => dropped(error),
        other => Failure::Garbled(other.to_string()),
    }
}
