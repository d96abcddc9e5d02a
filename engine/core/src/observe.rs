//! The seam between the planes: what was seen where, when. Small, serialisable, replayable.
//!
//! As JSON they go over the pipe between a vision worker and the engine, inside the messages of
//! [`seam`](crate::seam), and into recordings, inside [`Event`](crate::engine::Event)s; a
//! recording's first line is a [`Header`].

use crate::detect::Confidence;
use crate::frame::FrameStamp;
use crate::geometry::UnitBox;
use crate::id::{Name, TrackId};
use crate::time::Timestamp;
use crate::view::Signature;
use serde::{Deserialize, Serialize};
pub use viahe_contract::class::Class;

/// Version of the observation stream; a reader refuses any other.
pub const STREAM_VERSION: u32 = 1;

/// First line of a recorded stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Always `observations`.
    pub viahe: String,
    /// [`STREAM_VERSION`].
    pub version: u32,
    /// What the engine that saw it remembered when the stream began, as
    /// [`Engine::save`](crate::engine::Engine::save) wrote it; none for a stream that stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Default for Header {
    fn default() -> Self {
        Self { viahe: "observations".into(), version: STREAM_VERSION, state: None }
    }
}

/// One tracked thing in one frame. Only things that were really detected in it are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Identity.
    pub track: TrackId,
    /// What it is.
    pub class: Class,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// Where, in fractions of the frame.
    #[serde(rename = "box")]
    pub bbox: UnitBox,
}

/// Everything seen in one analysed frame; `objects` may be empty, which is news as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Which camera.
    pub camera: Name,
    /// Which frame, and when.
    pub frame: FrameStamp,
    /// Frame width and height in px.
    pub size_px: [u32; 2],
    /// What was seen, by ascending track.
    pub objects: Vec<Object>,
}

/// What a camera's view looks like, every few seconds; see [`ViewWatch`](crate::view::ViewWatch).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewReport {
    /// Which camera.
    pub camera: Name,
    /// When the frame was taken.
    pub at: Timestamp,
    /// The frame, in little.
    pub signature: Signature,
}
