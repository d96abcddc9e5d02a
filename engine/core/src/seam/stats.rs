//! What a worker counts, and how it goes.

use crate::id::Name;
use crate::model::Precision;
use crate::time::Timestamp;
use crate::tune::Provider;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use viahe_contract::message::{CameraStatus, Carrier, DecodeMode, Decoding, StreamRole, Streams};

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
    /// Classifiers that cannot be used, and why; for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classifiers_refused: BTreeMap<Name, String>,
    /// How those at work are run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<Name, ModelRun>,
}

/// How a worker runs a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRun {
    /// What it is to run on.
    pub asked: Provider,
    /// What it runs on.
    pub used: Provider,
    /// Why that is another one, for people; empty where it is not.
    pub why: String,
    /// Of the weights that are loaded.
    pub precision: Precision,
    /// What its runs work in: memory that ONNX Runtime holds for them on the processor, used or not, in bytes.
    pub held_bytes: u64,
    /// The most that was in use at once, usually while it was loaded.
    pub used_bytes_max: u64,
}

/// What became of crops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CropStats {
    /// A classifier looked at so many.
    pub looked_at: u64,
    /// Left out, because looks had no more time for them.
    pub left_out: u64,
    /// Of which a classifier said nothing that could be used.
    pub failed: u64,
}

impl CropStats {
    /// With their labels in metrics.
    pub fn labelled(&self) -> [(&'static str, u64); 3] {
        [("looked_at", self.looked_at), ("left_out", self.left_out), ("failed", self.failed)]
    }

    /// Has there been none?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
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
    /// What became of crops of what was seen, where there is a classifier.
    #[serde(default, skip_serializing_if = "CropStats::is_none")]
    pub crops: CropStats,
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
