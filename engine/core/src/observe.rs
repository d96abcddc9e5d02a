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
use crate::version::UnknownVersion;
use crate::versions;
use crate::view::Signature;
use serde::{Deserialize, Serialize};
pub use viahe_contract::class::Class;

versions! {
    /// Of recordings: lines of [`Event`](crate::engine::Event)s after a [`Header`].
    StreamVersion, "a recording":
    /// 0.1. What came later is told apart by what a line says: it needs no step.
    V1 = 1,
}

versions! {
    /// Of history: the ring of recordings that a box keeps.
    HistoryVersion, "a history":
    /// 0.1: recordings with a state in their header.
    V1 = 1,
    /// Segments say that they are history, and of which version; that of the recording is its own.
    V2 = 2,
    /// With a state of version 4.
    V3 = 3,
}

/// First line of a recorded stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always [`Header::KIND`].
    pub viahe: String,
    /// [`StreamVersion`] of what follows.
    pub version: u32,
    /// [`HistoryVersion`], of a segment of history; none of another recording, and none of one of
    /// [`HistoryVersion::V1`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<u32>,
    /// What the engine that saw it remembered when the stream began, as
    /// [`Saved::to_text`](crate::engine::Saved::to_text) wrote it; none for a stream that stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Default for Header {
    fn default() -> Self {
        let version = StreamVersion::NEWEST.number();
        Self { viahe: Self::KIND.into(), version, history: None, state: None }
    }
}

impl Header {
    /// What a recording says of itself.
    pub const KIND: &str = "observations";

    /// Of a segment of history that begins with this state.
    pub fn of_history(state: String) -> Self {
        let history = Some(HistoryVersion::NEWEST.number());
        Self { history, state: Some(state), ..Self::default() }
    }

    /// Can this viahe read what follows?
    ///
    /// # Errors
    /// [`UnknownVersion`] when a newer one wrote it.
    pub fn check(&self) -> Result<(), UnknownVersion> {
        StreamVersion::try_from(self.version)?;
        self.history.map_or(Ok(()), |version| HistoryVersion::try_from(version).map(drop))
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
    /// What was seen as well, and not often enough to be believed, likewise. It is a reason to look again soon, and nothing
    /// else: no rule, incident or picture knows of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<Object>,
}

impl Observation {
    /// Width over height of the frame.
    pub fn aspect(&self) -> f32 {
        let [width, height] = self.size_px;
        if height == 0 { 1.0 } else { width as f32 / height as f32 }
    }
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
