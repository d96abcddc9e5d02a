//! The messages between the engine and a vision worker.
//!
//! The worker is a process that may die of a bad stream; the engine goes on and starts another.
//! Messages are JSON lines over the worker's standard input and output. The engine's first line is
//! [`ToWorker::Start`], the worker's [`FromWorker::Hello`]; a worker of another version is refused.
//! Cameras and models come and go by messages of their own while it runs. A worker whose input ends
//! stops: it never outlives its engine.

use crate::attention::Need;
use crate::engine::Capture;
use crate::geometry::UnitBox;
use crate::id::{CaptureId, Name};
use crate::observe::{Observation, ViewReport};
use crate::plan::Source;
use crate::time::Timestamp;
use crate::tune::Running;
use crate::versions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use viahe_contract::message::{
    CameraFault, CameraStatus, Carrier, Cause, DecodeMode, Decoding, Medium, ModelRef, StreamRole,
    Streams,
};
use viahe_contract::sha256::Sha256;

versions! {
    /// Of these messages. Both ends are of one release, so none but the newest is spoken; of another one
    /// [`version_of`] reads as much as it takes to refuse it by name.
    SeamVersion, "a seam":
    /// 0.1.
    V1 = 1,
    /// The engine says where the files lie that the worker opens.
    V2 = 2,
    /// Files of models have the hash of their description.
    V3 = 3,
    /// A picture says its medium; what it is to show is the engine's own knowledge.
    V4 = 4,
    /// Cameras and models come and go in messages of their own; a worker says which camera it opens.
    V5 = 5,
    /// A camera's need says also the longest gap between looks; a worker says how much it decodes.
    V6 = 6,
    /// A worker says how many looks were spared because nothing had changed, and how both streams of a camera are. A
    /// camera's need says how grave it is, and a camera what of its picture its rules are about. Models may be run
    /// otherwise than by default. An observation has also what is not believed yet; why a camera is so, has codes.
    V7 = 7,
    /// A camera says how sure its rules ask to be of a thing.
    V8 = 8,
}

/// The version that is spoken.
pub const SEAM_VERSION: u32 = SeamVersion::NEWEST.number();

/// What the first line of either end says of its version, also where the rest is of a version that
/// nobody here knows; none for other lines.
pub fn version_of(line: &[u8]) -> Option<u32> {
    let line: serde_json::Value = serde_json::from_slice(line).ok()?;
    let first = line.get("start").or_else(|| line.get("hello"))?;
    first.get("version")?.as_u64()?.try_into().ok()
}

/// Longest line in bytes; a longer one is an error, not an allocation.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Engine to worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    /// What its process needs; sent once, first.
    Start(ProcessPlan),
    /// Where a model lies. One of other files than those at work is loaded beside them and takes over
    /// between two frames; when it cannot be loaded, those at work go on.
    Use(Use),
    /// Look at a camera, or go on otherwise with one.
    Assign(Assign),
    /// Look at a camera no longer.
    Unassign(Name),
    /// Take a picture.
    Capture(Capture),
    /// Finish.
    Stop,
}

/// What the process of a worker needs, whatever it looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessPlan {
    /// [`SEAM_VERSION`] of the engine.
    pub version: u32,
    /// Event time when the box's monotonic clock was at zero: engine and worker count alike, and
    /// the worker asks no other clock when something was.
    pub axis_zero: Timestamp,
    /// Inference threads.
    pub threads: usize,
    /// How models are run, by the hashes of their descriptions; others by default: with one session if any was measured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub running: BTreeMap<Sha256, Running>,
    /// ONNX Runtime. The engine has looked for it: a worker does not search.
    pub library: PathBuf,
    /// Files with classes beside those of this release.
    pub taxonomies: Vec<PathBuf>,
    /// Pictures are written here.
    pub evidence_dir: PathBuf,
}

/// A model that cameras are looked at with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Of the tracks of cameras that go over to it; see [`crate::id::TrackId`].
    pub epoch: u32,
    /// As cameras name it.
    pub name: Name,
    /// Where it lies.
    pub files: ModelFiles,
}

/// A camera that is to be looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assign {
    /// Of its tracks, when they begin anew; see [`crate::id::TrackId`].
    pub epoch: u32,
    /// The camera.
    pub camera: VisionCamera,
}

/// The files of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFiles {
    /// Its `model.toml`.
    pub description: PathBuf,
    /// Its weights.
    pub weights: PathBuf,
    /// Of the description, which has the hash of the weights.
    pub sha256: Sha256,
}

/// A camera, as a worker looks at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VisionCamera {
    /// Its id.
    pub id: Name,
    /// Where its pictures come from, with credentials: this goes through a private pipe only.
    pub source: Source,
    /// A smaller picture of the same view, to be looked at instead.
    #[serde(default)]
    pub substream: Option<Source>,
    /// Folder under `models/`.
    pub model: Name,
    /// How much it is to be looked at, as the engine says now.
    pub need: Need,
    /// What of its picture its rules are about; all of it when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<UnitBox>,
    /// These are shown to the model closely.
    #[serde(default)]
    pub closely: bool,
    /// The least confidence that its rules ask of a thing; none when no rule looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence_min: Option<f32>,
    /// What is seen is written down for other rules: all of each picture is really looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
}

/// Worker to engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWorker {
    /// The worker is up.
    Hello {
        /// [`SEAM_VERSION`] of the worker.
        version: u32,
    },
    /// A camera is looked at with a model from now on; its tracks begin anew.
    Looks {
        /// Which camera.
        camera: Name,
        /// With what.
        model: ModelRef,
    },
    /// A connection to a camera is about to be made. What ends the worker before the next
    /// [`FromWorker::Camera`] of it may come of that.
    Opening(Name),
    /// A frame was analysed.
    Observation(Observation),
    /// What a camera's view looks like.
    View(ViewReport),
    /// A picture was taken, or could not be.
    Captured {
        /// Which.
        capture: CaptureId,
        /// The file, or why there is none.
        picture: Result<Picture, String>,
    },
    /// A camera went on or off line.
    Camera(CameraReport),
    /// How it goes; once a second.
    Stats(WorkerStats),
    /// The worker cannot work; it ends after this.
    Failed {
        /// Why, and what to do; for people.
        reason: String,
        /// Will another start help?
        failure: Failure,
    },
}

/// Why a worker cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// A part is missing or wrong: somebody has to mend that first.
    PartMissing,
    /// Another start may help.
    Passing,
}

/// A picture that waits to become evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Of the file.
    pub sha256: Sha256,
    /// Size of the file.
    pub bytes: u64,
    /// What kind of file it is.
    pub medium: Medium,
    /// Of the frame.
    pub captured: Timestamp,
    /// Which frame; another one than asked for when that was gone.
    pub seq: u64,
    /// Width and height of the frame in px.
    pub size_px: [u32; 2],
}

/// A camera's status and why, without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraReport {
    /// Which camera.
    pub camera: Name,
    /// How it is.
    pub status: CameraStatus,
    /// Why, for people; empty when it is well.
    pub reason: String,
    /// The same, for who makes words of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
}

impl CameraReport {
    /// No pictures come, for this reason.
    pub fn offline(camera: Name, reason: String, fault: CameraFault) -> Self {
        let causes = vec![Cause { stream: None, fault }];
        Self { camera, status: CameraStatus::Offline, reason, causes }
    }
}

/// A clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStep {
    /// When, in event time.
    pub at: Timestamp,
    /// By how many ms.
    pub by_ms: i64,
}

/// Where bytes of pixels or tensors are moved, in the order of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(usize)]
pub enum Stage {
    /// Decoder to engine: 0, planes are mapped where the decoder put them.
    Ingest,
    /// Tensor bytes written by the kernel: the one move there is.
    Preprocess,
    /// Kernel to ONNX Runtime: 0, it reads what the kernel wrote.
    InferInput,
    /// ONNX Runtime to head decoding: 0, outputs are read in place.
    InferOutput,
    /// Frame to JPEG encoder, for pictures kept as evidence only.
    Evidence,
    /// Luma samples read in place for a view's signature: some 20 kB of a frame every 2 s, whatever
    /// its size.
    View,
    /// Luma read in place to know whether a picture is that of the last look: half of its rows, for each
    /// look that is due.
    Gate,
}

impl Stage {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Ingest,
        Self::Preprocess,
        Self::InferInput,
        Self::InferOutput,
        Self::Evidence,
        Self::View,
        Self::Gate,
    ];

    /// In messages and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Preprocess => "preprocess",
            Self::InferInput => "infer_input",
            Self::InferOutput => "infer_output",
            Self::Evidence => "evidence",
            Self::View => "view",
            Self::Gate => "gate",
        }
    }
}

/// Why a frame was not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The rules look less often than the camera films. This is no loss.
    NotDue,
    /// No rule needs looks now, neither is this.
    NotNeeded,
    /// A look was due and did not take place before the next one was: the box is too slow. One
    /// for each look missed; a look that takes place within its interval, at a newer frame than
    /// the first that was due, misses nothing.
    Superseded,
    /// The model failed on it.
    InferFailed,
    /// The decoder flagged it as damaged: data was lost on the way.
    Corrupt,
    /// It came before the connection's first key frame.
    LeadIn,
    /// Format, size or planes that the engine does not take.
    Unusable,
    /// Left out before the decoder, up to the next key frame, because decoding fell behind.
    Overload,
    /// Not decoded: the rules look less often than the camera films. This is no loss.
    Spared,
    /// A look was due, and the picture was that of the last analysed frame: what that one showed was told
    /// with this frame's time. This is no loss.
    Unchanged,
}

impl DropReason {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::NotDue,
        Self::NotNeeded,
        Self::Superseded,
        Self::InferFailed,
        Self::Corrupt,
        Self::LeadIn,
        Self::Unusable,
        Self::Overload,
        Self::Spared,
        Self::Unchanged,
    ];

    /// Is it work that was saved, not a frame that was lost?
    pub fn is_saving(self) -> bool {
        match self {
            Self::NotDue | Self::NotNeeded | Self::Spared | Self::Unchanged => true,
            Self::Superseded
            | Self::InferFailed
            | Self::Corrupt
            | Self::LeadIn
            | Self::Unusable
            | Self::Overload => false,
        }
    }

    /// In messages and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotDue => "not_due",
            Self::NotNeeded => "not_needed",
            Self::Superseded => "superseded",
            Self::InferFailed => "infer_failed",
            Self::Corrupt => "corrupt",
            Self::LeadIn => "lead_in",
            Self::Unusable => "unusable",
            Self::Overload => "overload",
            Self::Spared => "spared",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Counters since the worker's start, and gauges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerStats {
    /// By camera.
    pub cameras: BTreeMap<Name, CameraStats>,
    /// Bytes moved, by stage of the copy ledger.
    pub copied_bytes: BTreeMap<Stage, u64>,
    /// Messages to the engine that were dropped because the pipe was full.
    pub seam_dropped: u64,
    /// Processor time of the whole worker, in ms: also what is no stage of a camera.
    pub cpu_ms: f64,
    /// Models whose output is not what their description says, and why; for people.
    #[serde(default)]
    pub models_wrong: BTreeMap<Name, String>,
    /// Models that cannot be used as they are wanted, and why; for people.
    #[serde(default)]
    pub models_refused: BTreeMap<Name, String>,
}

impl CameraStats {
    /// Looks: frames analysed, and those that showed what the last of these did.
    pub fn looks(&self) -> u64 {
        self.frames_inferred.saturating_add(self.gated())
    }

    /// Looks that needed no inference.
    pub fn gated(&self) -> u64 {
        let unchanged = self.frames_dropped.get(&DropReason::Unchanged).copied();
        self.looks_told.saturating_add(unchanged.unwrap_or_default())
    }
}

/// Bounds of [`CameraStats::look_ages`]: a look is usually there after 50 to 200 ms; rules that
/// watch for seconds do not mind one; beyond ten an operator sees yesterday's street.
pub const LOOK_AGES_MS: [u64; 12] =
    [25, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000];

/// Of one camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CameraStats {
    /// How it is.
    pub status: CameraStatus,
    /// Frames that the camera sent, as far as it is known what became of them.
    pub frames_in: u64,
    /// Frames analysed.
    pub frames_inferred: u64,
    /// Frames not analysed, by reason.
    pub frames_dropped: BTreeMap<DropReason, u64>,
    /// How often the longest gap that the rules bear passed without a look while pictures came.
    pub looks_late: u64,
    /// Looks told without a picture, by the sizes of coded ones.
    #[serde(default)]
    pub looks_told: u64,
    /// Times that pictures came back after a connection was lost.
    pub reconnects: u64,
    /// Connections that were tried.
    pub tries: u64,
    /// How media travels, or did last; none before the first picture and for what is no RTSP.
    pub carrier: Option<Carrier>,
    /// Sum over frames of preprocessing, inference and head decoding, in ms.
    pub infer_ms_sum: f64,
    /// Processor time of parsing, decoding and handing on its pictures, in ms.
    pub decode_cpu_ms: f64,
    /// Processor time of the looks at it, in ms.
    pub infer_cpu_ms: f64,
    /// Looks by how long after its frame's arrival the observation was there: up to each of
    /// [`LOOK_AGES_MS`], and longer.
    #[serde(default)]
    pub look_ages: Vec<u64>,
    /// Sum of these ages, in ms.
    #[serde(default)]
    pub look_age_ms_sum: f64,
    /// Age of the newest frame in ms; none before the first.
    pub frame_age_ms: Option<u64>,
    /// Frames per second that it sends, over the last seconds.
    pub fps_in: f32,
    /// How much of its stream is decoded; none before it sends, and for what is no coded stream.
    pub decoding: Option<Decoding>,
    /// Seconds in each mode of decoding.
    pub decoded_secs: BTreeMap<DecodeMode, f64>,
    /// Frame width and height in px.
    pub size_px: [u32; 2],
    /// The box's clock less the camera's, in ms; none while the camera does not tell its own.
    pub clock_offset_ms: Option<i64>,
    /// How often the camera's clock was set.
    pub clock_steps: u64,
    /// The last time.
    pub clock_step: Option<ClockStep>,
    /// Live tracks.
    pub tracks: u32,
    /// Of a camera that has a substream: how both are.
    #[serde(default)]
    pub streams: Option<Streams>,
    /// Of a camera that has a substream: pictures for people that came from each.
    #[serde(default)]
    pub pictures: BTreeMap<StreamRole, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_they_are_written() {
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.label());
        }
        for why in DropReason::ALL {
            assert_eq!(serde_json::to_value(why).unwrap(), why.label());
        }
    }
}
