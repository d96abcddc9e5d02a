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
mod error;
mod events;
mod exposition;
pub(crate) mod foreign;
mod health;
mod log;
mod metrics;
mod page;
mod server;
mod shadowed;
mod uploads;

pub use crate::redact::{RedactingWriter, redact, redact_in_path, redact_source, redacted};
pub use error::TelemetryError;
#[cfg(test)]
pub(crate) use exposition::series;
pub(crate) use log::relayed;
pub use log::{LogFormat, init_logging, log_format};
pub use metrics::{EngineStats, Metrics, WorkerMemory};
pub use server::{Server, serve};
pub use shadowed::Shadowed;
pub use uploads::Uploads;
