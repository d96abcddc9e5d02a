//! The centre's console, which gets pictures over HTTP.

use super::secret::Secret;
use std::path::PathBuf;

/// `[console]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Console {
    /// `http://host:port` or `https://host:port`, nothing behind it.
    pub url: String,
    /// What says that this box may; this, or a certificate, or both.
    pub token: Option<Secret>,
    /// PEM files of this box's certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// PEM file of the authorities that may sign its certificate; those of the system without it.
    pub ca: Option<PathBuf>,
}
