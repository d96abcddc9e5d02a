//! What a live camera is to do, and to whom it tells what comes of it.

use super::IngestError;
use super::decode::{Demand, Strain};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::CameraFault;
use viahe_core::frame::{Frame, FrameStamp};
use viahe_core::gate::Sort;
use viahe_core::id::Name;
use viahe_core::plan::Source;
use viahe_core::time::Timestamp;

/// One camera's settings.
#[derive(Clone, Debug)]
pub struct CameraOptions {
    /// For messages.
    pub name: Name,
    /// `Rtsp` or `Pattern`.
    pub source: Source,
    /// No media for so long is a stall; 3 s is good for cameras of 1 fps and more.
    pub stall_after: Duration,
    /// Of the jitter between connections.
    pub rng_seed: u64,
    /// What pictures are needed for at first.
    pub demand: Demand,
    /// What it sends is kept for some seconds, so that pictures can be had of moments that nobody looked at.
    pub keeps_film: bool,
    /// Shared with the other cameras of this process.
    pub strain: Arc<Strain>,
}

impl CameraOptions {
    /// Options with a stall after 3 s, every picture decoded.
    pub fn new(name: Name, source: Source, rng_seed: u64) -> Self {
        let (stall_after, demand) = (Duration::from_secs(3), Demand::ALL);
        let strain = Arc::default();
        Self { name, source, stall_after, rng_seed, demand, keeps_film: false, strain }
    }

    pub(super) fn check(&self) -> Result<(), IngestError> {
        let refuse = |problem| Err(IngestError::Address { camera: self.name.clone(), problem });
        match &self.source {
            Source::File { .. } => Err(IngestError::NotLive { camera: self.name.clone() }),
            Source::Rtsp { url, .. } => {
                let rest = url.strip_prefix("rtsp://").or_else(|| url.strip_prefix("rtsps://"));
                let Some(rest) = rest else {
                    return refuse("its address must begin with rtsp:// or rtsps://");
                };
                match rest.split('/').next() {
                    Some(host) if host.contains('@') => refuse(
                        "its address holds a second user name or password; write / of a password in \
                         its `url` as %2F, and @ as %40",
                    ),
                    None | Some("") => refuse("its address has no host"),
                    Some(_) => Ok(()),
                }
            }
            Source::Pattern { .. } => Ok(()),
        }
    }
}

/// Takes what a camera gives. Called from threads of GStreamer and of the supervision; both wait
/// for it, so it keeps the newest frame and returns.
pub trait FrameSink: Send + Sync {
    /// A new frame.
    fn frame(&self, frame: Arc<dyn Frame>);
    /// The camera's state has changed.
    fn state(&self, state: FeedState);
    /// A coded picture came, decoded or not; of `_at` it is a frame when it is decoded. True when it is to be seen at once.
    fn sized(&self, _at: Timestamp, _sort: Sort, _bytes: usize) -> bool {
        false
    }
    /// Of what is kept as it comes, groups of pictures have become more than is kept, or fit again.
    fn film_cut(&self, _cut: bool) {}
    /// A picture is due and has not been decoded. True when what it shows is known without it.
    fn spares(&self, _stamp: FrameStamp) -> bool {
        false
    }
}

/// How a camera is. Reasons hold no login and no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedState {
    /// A connection is being made.
    Connecting,
    /// Pictures come. Said again when their size changes.
    Online {
        /// Width and height in px.
        size_px: [u32; 2],
        /// `h264` or `h265`; none for a test picture.
        codec: Option<&'static str>,
        /// The decoder's element.
        decoder: Option<&'static str>,
    },
    /// Pictures came and now do not.
    Stalled {
        /// Why.
        reason: String,
        /// The same, for who makes words of it.
        code: CameraFault,
    },
    /// There is no connection.
    Offline {
        /// Why.
        reason: String,
        /// The same, for who makes words of it.
        code: CameraFault,
        /// Until the next try.
        retry_in: Duration,
    },
}
