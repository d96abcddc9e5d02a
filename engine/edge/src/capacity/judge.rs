//! What follows from what was seen.

use super::figures::{CameraFigures, Cost, SHARE_MAX};
use super::helps::{self, Help};
use super::watch::Measured;
use serde::Serialize;
use viahe_contract::message::DecodeReason;

/// A camera takes this much memory at least.
const CAMERA_BYTES_MIN: f64 = 8e6;
/// Other programs are worth a word from so much of the cores on.
const OTHERS_SHARE: f64 = 0.1;

/// How many cameras a box bears, and why not more. Times are CPU-ms in each second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Such cameras, with these rules; none when it cannot be told.
    pub bears_cameras: Option<u64>,
    /// Why it cannot be told, for people; empty when it can.
    pub cannot_tell: String,
    /// By what it is bound.
    pub bound_by: Option<Bound>,
    /// What would help, the most helpful first.
    pub helps: Vec<Help>,
    /// What an average camera takes, all in all.
    pub cpu_ms_per_camera: Option<f64>,
    /// Of this, decoding.
    pub decode_ms: f64,
    /// Of this, inference.
    pub inference_ms: f64,
    /// Of this, connections, the seam between the processes, and the engine.
    pub rest_ms: f64,
    /// The cameras, as they were seen.
    pub cameras: Vec<CameraFigures>,
    /// Cores of the box.
    pub cores: usize,
    /// Cores that other programs used meanwhile, on average; none where it is not known.
    pub others_cores: Option<f64>,
    /// Bytes of memory that the vision workers used.
    pub memory_bytes: u64,
    /// How long was counted.
    pub seconds: f64,
    /// What one must know beside, for people.
    pub notes: Vec<String>,
}

/// By what a box is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Decoding pictures.
    Decoding,
    /// Looking at them.
    Inference,
    /// Connections, and what lies between the processes.
    Connections,
    /// Memory.
    Memory,
}

impl Report {
    /// Judges what was seen.
    pub fn of(measured: &Measured) -> Self {
        let secs = measured.lasted.as_secs_f64();
        let figures = |(name, seen)| CameraFigures::of(name, seen, secs.max(0.001));
        let cameras: Vec<CameraFigures> = measured.cameras.iter().map(figures).collect();
        let mut report = Self {
            bears_cameras: None,
            cannot_tell: cannot_tell(measured, &cameras),
            bound_by: None,
            helps: Vec::new(),
            cpu_ms_per_camera: None,
            decode_ms: 0.0,
            inference_ms: 0.0,
            rest_ms: 0.0,
            notes: Vec::new(),
            others_cores: others(measured),
            cameras,
            cores: measured.cores,
            memory_bytes: measured.memory,
            seconds: secs,
        };
        if report.cannot_tell.is_empty() {
            report.judge(measured);
        }
        report.note();
        report
    }

    fn judge(&mut self, measured: &Measured) {
        let at_work: Vec<&CameraFigures> = self.cameras.iter().filter(|c| c.is_at_work()).collect();
        let mean = |of: fn(&CameraFigures) -> f64| {
            at_work.iter().map(|camera| of(camera)).sum::<f64>() / at_work.len() as f64
        };
        let sending = self.cameras.iter().filter(|camera| camera.fps > 0.0).count().max(1) as f64;
        let stages: f64 = self.cameras.iter().map(|c| c.decode_ms + c.inference_ms).sum();
        let ours =
            (measured.workers_cpu + measured.engine_cpu).as_secs_f64() * 1000.0 / self.seconds;
        let cost = Cost {
            decode: mean(|camera| camera.decode_needed),
            inference: mean(|camera| camera.inference_needed),
            rest: (ours - stages).max(0.0) / sending,
        };
        let by_cpu = cost.bears(self.cores);
        let each = measured.memory.saturating_sub(measured.memory_before) as f64 / sending;
        let each = each.max(CAMERA_BYTES_MIN);
        let by_memory =
            measured.available.map(|free| (sending + SHARE_MAX * free as f64 / each) as u64);
        let bound_by = match by_memory {
            Some(by_memory) if by_memory < by_cpu => Bound::Memory,
            _ if cost.decode >= cost.inference.max(cost.rest) => Bound::Decoding,
            _ if cost.inference >= cost.rest => Bound::Inference,
            _ => Bound::Connections,
        };
        let helps = helps::of(&at_work, cost, self.cores);
        self.bears_cameras = Some(by_cpu.min(by_memory.unwrap_or(u64::MAX)));
        self.bound_by = Some(bound_by);
        self.cpu_ms_per_camera = Some(cost.sum());
        (self.decode_ms, self.inference_ms, self.rest_ms) =
            (cost.decode, cost.inference, cost.rest);
        if bound_by == Bound::Memory {
            self.notes.push(format!(
                "each camera took {:.0} MB of memory beside the model: smaller streams take less",
                each / 1e6
            ));
        } else {
            self.helps = helps;
        }
    }

    /// What makes the figures mean less than they seem to.
    fn note(&mut self) {
        let told = self.cannot_tell.is_empty();
        let names = |is: fn(&CameraFigures) -> bool| {
            let of = self.cameras.iter().filter(|camera| is(camera));
            of.map(|camera| camera.camera.to_string()).collect::<Vec<_>>().join(", ")
        };
        let dark = names(|camera| camera.fps <= 0.0);
        if told && !dark.is_empty() {
            self.notes.push(format!("not counted, since no pictures came: {dark}"));
        }
        let idle = names(|camera| camera.fps > 0.0 && !camera.is_at_work());
        if told && !idle.is_empty() {
            self.notes.push(format!("not counted, since no rule looked at it: {idle}"));
        }
        let resting: usize = self.cameras.iter().map(|camera| camera.resting).sum();
        if resting > 0 {
            self.notes.push(format!(
                "{resting} rules rest at this hour, by their schedule, a permit or an order; when they apply, \
                 cameras cost more: measure then as well"
            ));
        }
        let unknown = names(|camera| {
            camera.decoding.is_some_and(|of| of.reason == DecodeReason::NotMeasured)
        });
        if told && !unknown.is_empty() {
            self.notes.push(format!(
                "how far the key frames of {unknown} are apart was not seen yet, so everything was decoded: \
                 measure longer (--seconds)"
            ));
        }
        let others = self.others_cores.filter(|used| *used >= OTHERS_SHARE * self.cores as f64);
        if let Some(others) = others {
            self.notes.push(format!(
                "other programs used {others:.1} of {} cores meanwhile (another viahe, simulated cameras?); \
                 where they stay, the box bears less",
                self.cores
            ));
        }
    }
}

/// Cores that others used.
fn others(measured: &Measured) -> Option<f64> {
    let ours = measured.workers_cpu + measured.engine_cpu;
    let others = measured.box_cpu?.saturating_sub(ours).as_secs_f64();
    let secs = measured.lasted.as_secs_f64();
    (secs > 0.0).then(|| others / secs)
}

fn cannot_tell(measured: &Measured, cameras: &[CameraFigures]) -> String {
    let because = if cameras.is_empty() {
        "the pipeline has no cameras"
    } else if measured.restarted {
        "a vision worker ended meanwhile; the log says why: mend that first"
    } else if measured.lasted.is_zero() {
        "it was ended before anything was counted"
    } else if cameras.iter().all(|camera| camera.fps <= 0.0) {
        "no camera sent pictures; `viahe check --connect` says why"
    } else if cameras.iter().all(|camera| camera.wanted_hz <= 0.0) {
        "no rule needs looks now (hours, permits, orders, or none at all): measure when the rules apply"
    } else if !cameras.iter().any(CameraFigures::is_at_work) {
        "no look took place at a camera that its rules want looked at: measure longer (--seconds), or \
         look at the log"
    } else {
        ""
    };
    because.to_owned()
}
