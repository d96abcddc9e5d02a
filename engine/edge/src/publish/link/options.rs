//! What both clients have in common: timeouts and certificates.

use super::terms::CONNECT_TIMEOUT_SECS;
use crate::publish::PublishError;
use rumqttc::tokio_rustls::rustls;
use rumqttc::{NetworkOptions, Transport};
use std::path::Path;
use viahe_core::plan::{Mqtt, MqttTls};

/// Reads the TLS files once, so that a wrong path is told at the start.
pub(in crate::publish) fn check_tls(mqtt: &Mqtt) -> Result<(), PublishError> {
    mqtt.tls.as_ref().map_or(Ok(()), |tls| transport(tls).map(|_| ()))
}

/// The broker's host, as the library wants it.
pub(super) fn host(mqtt: &Mqtt) -> String {
    let is_v6 = mqtt.host.contains(':') && mqtt.tls.is_none();
    if is_v6 { format!("[{}]", mqtt.host) } else { mqtt.host.clone() }
}

pub(super) fn network() -> NetworkOptions {
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_TIMEOUT_SECS);
    network
}

/// Libraries ask for the process's default of what encrypts, and there is to be one; a second call changes nothing.
pub(crate) fn choose_cryptography() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

pub(super) fn transport(tls: &MqttTls) -> Result<Transport, PublishError> {
    choose_cryptography();
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
