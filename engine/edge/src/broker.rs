//! An MQTT 5 broker inside the process, on loopback, for `viahe demo` and quick tests.
//!
//! For a few local clients and a short life only: no TLS, no login, nothing on disk. Boxes and
//! centres use a real broker; `docs/adr/0006-delivery.md` says why.

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Largest payload that it takes.
const PAYLOAD_BYTES_MAX: usize = 4 << 20;

/// Most clients.
const CONNECTIONS_MAX: usize = 64;

/// Within this it listens, or something is wrong.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the broker does not run.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The port is taken, or there is none.
    #[error("127.0.0.1:{port}: {source}; choose another port, or 0 for a free one")]
    Port {
        /// Which.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// It was started and does not listen.
    #[error("the embedded broker does not listen on 127.0.0.1:{port}; start it again")]
    Silent {
        /// Which.
        port: u16,
    },
}

/// A running broker. The library has no way to stop it: it lives as long as the process.
#[derive(Debug)]
pub struct EmbeddedBroker {
    address: SocketAddr,
}

impl EmbeddedBroker {
    /// Starts a broker on loopback; `port` 0 takes a free one.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub fn start(port: u16) -> Result<Self, BrokerError> {
        let failed = |source| BrokerError::Port { port, source };
        // The library binds by itself and does not tell the port, so a free one is found first.
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        let address = probe.local_addr().map_err(failed)?;
        drop(probe);
        let mut broker = Broker::new(config(address));
        std::thread::Builder::new()
            .name("broker".into())
            .spawn(move || {
                if let Err(error) = broker.start() {
                    tracing::error!(%error, "the embedded broker stopped");
                }
            })
            .map_err(failed)?;
        let started = crate::clock::monotonic();
        while TcpStream::connect(address).is_err() {
            if started.elapsed() > START_TIMEOUT {
                return Err(BrokerError::Silent { port: address.port() });
            }
            std::thread::yield_now();
        }
        Ok(Self { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn config(address: SocketAddr) -> Config {
    let connections = ConnectionSettings {
        connection_timeout_ms: 5_000,
        max_payload_size: PAYLOAD_BYTES_MAX,
        max_inflight_count: 200,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings {
        name: "embedded".into(),
        listen: address,
        tls: None,
        next_connection_delay_ms: 1,
        connections,
    };
    Config {
        router: RouterConfig {
            max_connections: CONNECTIONS_MAX,
            max_outgoing_packet_count: 200,
            max_segment_size: 8 << 20,
            max_segment_count: 4,
            ..RouterConfig::default()
        },
        v5: Some(HashMap::from([("embedded".to_owned(), server)])),
        ..Config::default()
    }
}
