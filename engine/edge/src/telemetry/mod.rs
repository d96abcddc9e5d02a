//! What the engine says about itself: log lines, metrics, health.
//!
//! - [`init_logging`]: structured lines on standard error, with secrets taken out.
//! - [`Metrics`]: the engine loop hands in snapshots; counters never go back, whatever the worker
//!   does.
//! - [`serve`]: `/metrics` (`OpenMetrics` text) and `/healthz` (JSON) over HTTP.
//!
//! Invariants: no secret that was given to [`redact`] leaves the process in a log line or a health
//! answer; nothing here can stop the engine (a log that cannot be written is not an error); names
//! and numbers of series are bounded. Not here: what counts as an incident, MQTT's own status
//! message.

mod connections;
mod counter;
mod exposition;
pub(crate) mod foreign;
mod health;
mod log;
mod metrics;
mod redact;
mod server;

pub(crate) use log::relayed;
pub use log::{LogFormat, init_logging, log_format};
pub use metrics::{EngineStats, Metrics, WorkerMemory};
pub use redact::{RedactingWriter, redact, redact_in_path, redact_source, redacted};
pub use server::{Server, serve};

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
