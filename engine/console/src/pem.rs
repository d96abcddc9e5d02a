//! Files of certificates and keys, in PEM.

use std::path::{Path, PathBuf};
use tokio_rustls::rustls::crypto::aws_lc_rs;

/// A file of TLS that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct TlsError {
    path: PathBuf,
    problem: String,
}

impl TlsError {
    /// What is wrong with which file.
    pub fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { path: path.to_path_buf(), problem: problem.into() }
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug)]
pub enum Holds {
    /// Certificates.
    Certificates,
    /// A private key, of whatever kind.
    Key,
    /// Lists of certificates that are revoked.
    Revoked,
}

impl Holds {
    fn label(self) -> &'static str {
        match self {
            Self::Certificates => "CERTIFICATE",
            Self::Key => "PRIVATE KEY",
            Self::Revoked => "X509 CRL",
        }
    }
}

/// The bytes of a file that holds such a thing.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn read(path: &Path, holds: Holds) -> Result<Vec<u8>, TlsError> {
    let bytes = std::fs::read(path).map_err(|e| TlsError::new(path, e.to_string()))?;
    let (text, label) = (String::from_utf8_lossy(&bytes), holds.label());
    let found = text.lines().any(|l| l.starts_with("-----BEGIN ") && l.contains(label));
    if found { Ok(bytes) } else { Err(TlsError::new(path, format!("has no {label} in PEM form"))) }
}

/// Libraries ask for the process's default of what encrypts; a second call changes nothing.
pub fn choose_cryptography() {
    let _ = aws_lc_rs::default_provider().install_default();
}
