//! What was seen, as figures.

use super::watch::CameraSeen;
use serde::Serialize;
use std::time::Duration;
use viahe_contract::message::{CameraStatus, Decoding};
use viahe_core::id::Name;
use viahe_core::seam::{CameraStats, DropReason};

/// So much of the processor and of the memory may be in use: what is left is for a street that is fuller
/// than this one.
pub(super) const SHARE_MAX: f64 = 0.8;
/// One camera.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CameraFigures {
    /// Which.
    pub camera: Name,
    /// How it was at the end.
    pub status: CameraStatus,
    /// Why no pictures come, for people.
    pub reason: String,
    /// Pictures a second that it sends.
    pub fps: f64,
    /// Width and height in px.
    pub size_px: [u32; 2],
    /// How its stream is decoded.
    pub decoding: Option<Decoding>,
    /// Looks a second that took place.
    pub looks_hz: f64,
    /// Looks a second that its rules ask for.
    pub wanted_hz: f64,
    /// Seconds between two looks that its rules bear.
    pub gap_max_secs: f64,
    /// How often that passed without a look.
    pub late: u64,
    /// Its rules that were looked for too rarely.
    pub below_need: Vec<Name>,
    /// Rules that need no looks now.
    pub resting: usize,
    /// CPU-ms a second of decoding.
    pub decode_ms: f64,
    /// CPU-ms a second of inference.
    pub inference_ms: f64,
    /// As [`Self::decode_ms`], had nothing been left out because the box was too slow.
    #[serde(skip)]
    pub(super) decode_needed: f64,
    /// As [`Self::inference_ms`], likewise.
    #[serde(skip)]
    pub(super) inference_needed: f64,
    /// Pictures a second that were decoded.
    #[serde(skip)]
    pub(super) decoded_hz: f64,
    #[serde(skip)]
    pub(super) steady: bool,
}

impl CameraFigures {
    pub(super) fn of(camera: &Name, seen: &CameraSeen, secs: f64) -> Self {
        let last = seen.last.clone().unwrap_or_default();
        let first = seen.first.clone().unwrap_or_default();
        let rate = |count: fn(&CameraStats) -> f64| (count(&last) - count(&first)).max(0.0) / secs;
        let drops = |why| {
            let of =
                |stats: &CameraStats| stats.frames_dropped.get(&why).copied().unwrap_or_default();
            of(&last).saturating_sub(of(&first)) as f64 / secs
        };
        let [spared, overload] = [drops(DropReason::Spared), drops(DropReason::Overload)];
        let (fps, looks_hz) = (rate(|c| c.frames_in as f64), rate(|c| c.looks() as f64));
        let (decode_ms, inference_ms) = (rate(|c| c.decode_cpu_ms), rate(|c| c.infer_cpu_ms));
        let decoded_hz = (fps - spared - overload).max(0.0);
        let more = |missed: f64, done: f64| if done > 0.0 { 1.0 + missed / done } else { 1.0 };
        let gap_max_secs = f64::from(seen.need.gap_max_ms) / 1000.0;
        let is_below = seen.late.is_below(Duration::from_secs_f64(secs));
        Self {
            camera: camera.clone(),
            status: last.status,
            reason: seen.reason.clone(),
            fps,
            size_px: last.size_px,
            decoding: last.decoding,
            looks_hz,
            wanted_hz: f64::from(seen.need.looks_hz),
            gap_max_secs,
            late: seen.late.looks(),
            below_need: if is_below { seen.rules.clone() } else { Vec::new() },
            resting: seen.resting,
            decode_ms,
            inference_ms,
            decode_needed: decode_ms * more(overload, decoded_hz),
            inference_needed: inference_ms * more(drops(DropReason::Superseded), looks_hz),
            decoded_hz,
            steady: seen.steady,
        }
    }

    /// It sent, and was looked at.
    pub(super) fn is_at_work(&self) -> bool {
        self.fps > 0.0 && self.wanted_hz > 0.0 && self.looks_hz > 0.0
    }
}

/// What an average camera takes, in CPU-ms each second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) decode: f64,
    pub(super) inference: f64,
    pub(super) rest: f64,
}

impl Cost {
    pub(super) fn sum(self) -> f64 {
        self.decode + self.inference + self.rest
    }

    /// So many such cameras.
    pub(super) fn bears(self, cores: usize) -> u64 {
        (SHARE_MAX * 1000.0 * cores as f64 / self.sum().max(0.01)) as u64
    }
}
