//! Why a connection to the broker cannot be set up.

use crate::store::StoreError;
use std::path::PathBuf;

/// Why the publisher could not start.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The outbox cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of `[mqtt]` cannot be used.
    #[error("mqtt: {path}: {problem}; give a PEM file that viahe may read")]
    Tls {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The thread could not be made.
    #[error("publisher thread: {0}; the system has no resources left")]
    Thread(#[from] std::io::Error),
}
