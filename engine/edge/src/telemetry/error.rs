//! Why telemetry does not start.

use std::net::SocketAddr;

/// Telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Logging is set up once per process.
    #[error("logging was set up before: {reason}; call init_logging once, first thing in main")]
    Logging {
        /// What the logging library says.
        reason: String,
    },
    /// The address is taken.
    #[error(
        "{addr} is in use, perhaps by another viahe on this box; stop it, or set another address \
         or \"off\" for `listen` under [engine]"
    )]
    InUse {
        /// The address.
        addr: SocketAddr,
    },
    /// The address cannot be bound.
    #[error(
        "cannot listen on {addr}: {source}; set an address of this box, or \"off\", for `listen` \
         under [engine]"
    )]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The server's thread cannot be started.
    #[error("cannot start the metrics server: {source}; raise the limits on tasks and open files")]
    Start {
        /// Why.
        source: std::io::Error,
    },
}
