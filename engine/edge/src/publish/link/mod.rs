//! One connection to a broker, in either version of MQTT.
//!
//! The client library has a client for each version, alike and not the same. Here they become one:
//! what is asked of a broker ([`Terms`]), what it offers ([`Offer`]), what happens ([`Event`]) and
//! how it ends ([`Failure`]), with reason codes as their numbers. A client is used for one
//! connection only: its own reconnection loses what it had accepted.

mod options;
mod terms;
mod v311;
mod v5;

pub(super) use options::check_tls;
pub(crate) use options::choose_cryptography;
pub(super) use terms::{
    Event, Failure, Incoming, NoRoom, Offer, Outgoing, RetainFlag, Terms, Wanted,
};

use super::PublishError;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use viahe_core::plan::{Mqtt, MqttVersion};

/// Events that may wait between the polling task and the one that acts on them.
const EVENTS_MAX: usize = 1_024;

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
