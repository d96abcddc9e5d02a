//! Where pictures come from, and how they travel.

use super::secret::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Where pictures come from. `Display` and `Debug` show neither login, path nor query of a live
/// camera: many cameras take their password there.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A live camera.
    Rtsp {
        /// `rtsp://` or `rtsps://`, without credentials before the host; never log it.
        url: String,
        /// User name and password.
        login: Option<(String, Secret)>,
        /// Of the media.
        transport: Transport,
        /// PEM file with what the certificate of an `rtsps://` camera is checked against, instead
        /// of the box's authorities.
        #[serde(default)]
        ca: Option<PathBuf>,
    },
    /// A recording; read once from start to end.
    File {
        /// MP4, Matroska or AVI with H.264 or H.265.
        path: PathBuf,
    },
    /// A moving test picture, made by the box itself.
    Pattern {
        /// Frame size in px.
        size_px: [u32; 2],
        /// Frames per second.
        fps: u32,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtsp { url, .. } => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("rtsp", ""));
                let host = rest.split(['/', '?', '#']).next().unwrap_or("");
                // The last `@`, should credentials ever have stayed in.
                let host = host.rsplit('@').next().unwrap_or("");
                write!(f, "{scheme}://{host}/…")
            }
            Self::File { path } => write!(f, "file {}", path.display()),
            Self::Pattern { size_px: [width, height], fps } => {
                write!(f, "pattern {width}x{height} at {fps} fps")
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

/// How RTSP media is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Over TCP; over UDP from a camera that does not offer that.
    #[default]
    Auto,
    /// Over TCP only.
    Tcp,
    /// Over UDP only.
    Udp,
}
