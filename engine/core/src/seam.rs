//! The messages between the engine and a vision worker.
//!
//! The worker is a process that may die of a bad stream; the engine goes on and starts another.
//! Messages are JSON lines over the worker's standard input and output. The engine's first line is
//! [`ToWorker::Start`], the worker's [`FromWorker::Hello`]; a worker of another version is refused.
//! Cameras and models come and go by messages of their own while it runs. A worker whose input ends
//! stops: it never outlives its engine.

mod stats;

use crate::attention::Need;
use crate::engine::Capture;
use crate::geometry::UnitBox;
use crate::id::{CaptureId, Name};
use crate::observe::{Observation, ViewReport};
use crate::plan::Source;
use crate::time::Timestamp;
use crate::tune::{Provider, Running};
use crate::versions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use viahe_contract::message::{CameraFault, CameraStatus, Cause, Medium, ModelRef};
use viahe_contract::sha256::Sha256;

pub use self::stats::{
    CameraStats, ClockStep, CropStats, DropReason, LOOK_AGES_MS, ModelRun, Stage, WorkerStats,
};

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
    /// What models are to run on; a worker says how it runs them.
    V9 = 9,
    /// A worker is told where a candidate model may listen.
    V10 = 10,
    /// A camera has classifiers that narrow down what is seen; a worker says which cannot be used, and counts crops.
    V11 = 11,
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
    /// What models are to run on. What cannot run there runs on the processor, and that is told.
    #[serde(default, skip_serializing_if = "Provider::is_cpu")]
    pub provider: Provider,
    /// ONNX Runtime. The engine has looked for it: a worker does not search.
    pub library: PathBuf,
    /// Files with classes beside those of this release.
    pub taxonomies: Vec<PathBuf>,
    /// Pictures are written here.
    pub evidence_dir: PathBuf,
    /// A candidate model may listen here for what is seen; none where there is nobody to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow_dir: Option<PathBuf>,
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

/// A classifier that narrows down what a camera's model sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refine {
    /// Folder under `models/`.
    pub name: Name,
    /// Where it lies.
    pub files: ModelFiles,
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
    /// What is seen is shown to these too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refine: Vec<Refine>,
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
