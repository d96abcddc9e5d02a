//! STUB
#![allow(missing_docs)]
use std::collections::BTreeMap;
use std::sync::Arc;
use viahe_core::id::Name;
use viahe_core::seam::*;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct TelemetryError;
#[derive(Default,Debug,Clone)]
pub struct EngineStats { pub observations: u64, pub observations_late: u64, pub incidents_opened: BTreeMap<Name,u64>, pub incidents_closed: BTreeMap<Name,u64>, pub incidents_open: u64, pub captures_failed: u64, pub evidence_bytes: u64, pub evidence_evicted: u64, pub store_commit_errors: u64, pub store_failing: bool, pub outbox_depth: u64, pub outbox_quarantined: u64, pub outbox_refused: u64, pub published: u64, pub acknowledged: u64, pub resent: u64, pub mqtt_reconnects: u64, pub mqtt_connected: bool, pub queue_depths: BTreeMap<&'static str, u64> }
pub struct Metrics;
impl Metrics { pub fn new(_: impl Into<String>) -> Arc<Self> { Arc::new(Self) } pub fn plan(&self, _: impl IntoIterator<Item=Name>) {} pub fn worker_started(&self) {} pub fn worker(&self, _: &WorkerStats) {} pub fn worker_restarted(&self) {} pub fn camera(&self, _: &CameraReport) {} pub fn engine(&self, _: &EngineStats) {} }
pub struct Server(std::net::SocketAddr);
impl Server { pub fn addr(&self) -> std::net::SocketAddr { self.0 } }
pub fn serve(a: std::net::SocketAddr, _: Arc<Metrics>) -> Result<Server, TelemetryError> { Ok(Server(a)) }
pub enum LogFormat { Plain, Json }
pub fn init_logging(_: LogFormat, level: &str) { tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(format!("{level},rumqttd=off")).init(); }
