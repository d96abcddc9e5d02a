//! Why a simulated camera does not run.

use crate::ingest::IngestError;
use std::path::PathBuf;

/// Why a simulated camera does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The clip cannot be read.
    #[error(transparent)]
    Clip(#[from] IngestError),
    /// The clip has no key frame to begin with.
    #[error("{path:?} has no key frame; a client could not decode it")]
    NoKeyFrame {
        /// Which clip.
        path: PathBuf,
    },
    /// Nothing to serve.
    #[error("a camera needs at least one mount, such as \"cam\"")]
    NoMount,
    /// The certificate or its key is of no use.
    #[error("certificate {path:?}: {reason}; give PEM files of a certificate and of its key")]
    Certificate {
        /// Of the certificate.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The port is taken, or the server failed otherwise.
    #[error("no RTSP server on port {port} of the loopback: {reason}; choose another port, or 0")]
    Serve {
        /// Which port.
        port: u16,
        /// Why.
        reason: String,
    },
}
