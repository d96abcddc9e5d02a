//! What can go wrong between a source and its frames.

use std::path::PathBuf;
use std::time::Duration;
use viahe_contract::message::CameraFault;
use viahe_core::id::Name;

/// A source that cannot be read. No text holds a user name, a password or an address.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The library did not start.
    #[error("GStreamer does not start: {0}; install GStreamer 1.22 or later")]
    Init(String),
    /// A plugin is not installed.
    #[error("the GStreamer element {element:?} is missing; install the package {package:?}")]
    MissingElement {
        /// Element.
        element: &'static str,
        /// Debian package.
        package: &'static str,
    },
    /// Two elements do not fit together.
    #[error("the elements of a pipeline do not fit together: {0}; this is a fault of viahe")]
    Graph(String),
    /// The address is not one of a camera.
    #[error("camera {camera}: {problem}")]
    Address {
        /// Which camera.
        camera: Name,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// The file that a camera's certificate is to be checked against is of no use.
    #[error(
        "`ca` {path:?} cannot be used: {reason}; give a readable PEM file with the certificate \
         of the camera, or of the authority that signed it"
    )]
    Authority {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A recording was given where a live source is wanted.
    #[error("camera {camera}: a recording has no live picture; read it with FileReader")]
    NotLive {
        /// Which camera.
        camera: Name,
    },
    /// No socket or thread between GStreamer and a camera.
    #[error("no socket or thread for a camera: {0}; the limit of files or tasks may be reached")]
    Relay(#[source] std::io::Error),
    /// No thread could be started.
    #[error("camera {camera}: no thread for it: {source}; the limit of tasks may be reached")]
    Thread {
        /// Which camera.
        camera: Name,
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be opened.
    #[error("{path:?} cannot be read: {source}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is of no known kind.
    #[error("{path:?} is not MP4, Matroska, AVI, .h264 or .h265; convert it to one of these")]
    Container {
        /// Which file.
        path: PathBuf,
    },
    /// A picture beyond the end of a recording was asked for.
    #[error(
        "{path:?} has no picture {:.1} s from its beginning: its last one stands at {:.1} s",
        at.as_secs_f64(),
        last.as_secs_f64()
    )]
    Beyond {
        /// Which file.
        path: PathBuf,
        /// Which picture.
        at: Duration,
        /// Where the last one stands.
        last: Duration,
    },
    /// Reading or decoding stopped.
    #[error("{path:?} after {frames} frames: {reason}")]
    Decode {
        /// Which file.
        path: PathBuf,
        /// Frames that were read before.
        frames: u64,
        /// Why.
        reason: String,
    },
}

impl IngestError {
    /// The same of a camera, for who makes words of it.
    pub(crate) fn code(&self) -> CameraFault {
        match self {
            Self::Authority { .. } => CameraFault::AuthorityUnusable,
            Self::Address { .. } => CameraFault::AddressWrong,
            Self::Open { .. } | Self::Container { .. } | Self::Decode { .. } => {
                CameraFault::RecordingUnreadable
            }
            _ => CameraFault::BoxFails,
        }
    }
}

/// A graph of elements cannot be built.
pub(super) fn fault(text: &str) -> IngestError {
    IngestError::Graph(text.into())
}
