//! What a worker counts of one camera.

use crate::ingest::CameraCounters;
use crate::vision::slots::Counts;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use viahe_contract::message::{CameraStatus, DecodeMode, StreamRole};
use viahe_core::seam::{CameraStats, CropStats, DropReason, LOOK_AGES_MS};

/// Counted by the threads that look, read by the one that reports.
#[derive(Debug, Default)]
pub(super) struct Tally {
    infer_us: AtomicU64,
    infer_cpu_us: AtomicU64,
    ages: [AtomicU64; LOOK_AGES_MS.len() + 1],
    ages_ms: AtomicU64,
    tracks: AtomicU64,
    crops: Mutex<CropStats>,
    /// Pictures for people, in the order of [`StreamRole::ALL`].
    pictures: [AtomicU64; StreamRole::ALL.len()],
    status: Mutex<CameraStatus>,
}

/// What a look costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// On the clock.
    pub(super) took: Duration,
    /// Of the processor.
    pub(super) cpu: Duration,
}

impl Tally {
    /// A frame was analysed: so old was it then, and that did it cost.
    pub(super) fn looked(&self, age: Duration, cost: Cost, tracks: u32) {
        self.unchanged(age, cost.cpu);
        self.infer_us.fetch_add(cost.took.as_micros() as u64, Ordering::Relaxed);
        self.tracks.store(u64::from(tracks), Ordering::Relaxed);
    }

    /// A frame was found to show what the last one did: so old was it then, and so much of the processor did
    /// that cost.
    pub(super) fn unchanged(&self, age: Duration, cpu: Duration) {
        let ms = age.as_millis() as u64;
        let bucket = LOOK_AGES_MS.partition_point(|most| *most < ms);
        self.ages[bucket].fetch_add(1, Ordering::Relaxed);
        self.ages_ms.fetch_add(ms, Ordering::Relaxed);
        self.infer_cpu_us.fetch_add(cpu.as_micros() as u64, Ordering::Relaxed);
    }

    /// What became of its crops, by who looks at it now and by those before.
    pub(super) fn cropped(&self, more: CropStats) {
        let mut crops = self.crops.lock().unwrap_or_else(PoisonError::into_inner);
        crops.looked_at += more.looked_at;
        crops.left_out += more.left_out;
        crops.failed += more.failed;
    }

    /// A picture for people came from this stream.
    pub(super) fn pictured(&self, of: StreamRole) {
        self.pictures[of as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many came from each.
    pub(super) fn pictures(&self) -> BTreeMap<StreamRole, u64> {
        let counts = self.pictures.iter().map(|count| count.load(Ordering::Relaxed));
        StreamRole::ALL.into_iter().zip(counts).collect()
    }

    /// How the camera is.
    pub(super) fn is(&self, status: CameraStatus) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// All that is known.
    pub(super) fn stats(&self, counters: &CameraCounters, counts: Counts) -> CameraStats {
        let mut frames_dropped = counts.dropped;
        for (why, n) in [
            (DropReason::Corrupt, counters.dropped.corrupt),
            (DropReason::LeadIn, counters.dropped.lead_in),
            (DropReason::Unusable, counters.dropped.unusable),
            (DropReason::Overload, counters.dropped.overload),
            (DropReason::Spared, counters.dropped.spared),
        ] {
            if n > 0 {
                frames_dropped.insert(why, n);
            }
        }
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CameraStats {
            status: *self.status.lock().unwrap_or_else(PoisonError::into_inner),
            frames_in: counters.frames_in,
            frames_inferred: counts.inferred,
            looks_late: counts.late,
            looks_told: counts.told,
            frames_dropped,
            reconnects: counters.reconnects,
            tries: counters.tries,
            carrier: counters.carrier,
            look_ages: self.ages.iter().map(read).collect(),
            look_age_ms_sum: read(&self.ages_ms) as f64,
            infer_ms_sum: read(&self.infer_us) as f64 / 1000.0,
            decode_cpu_ms: counters.cpu.as_secs_f64() * 1000.0,
            infer_cpu_ms: read(&self.infer_cpu_us) as f64 / 1000.0,
            frame_age_ms: counters.last_frame_age.map(|age| age.as_millis() as u64),
            fps_in: counters.fps,
            decoding: counters.decoding,
            decoded_secs: (DecodeMode::ALL.into_iter().zip(counters.decoded))
                .map(|(mode, time)| (mode, time.as_secs_f64()))
                .collect(),
            size_px: counters.size_px.unwrap_or_default(),
            clock_offset_ms: counters.clock_offset_ms,
            clock_steps: counters.clock_steps,
            clock_step: counters.clock_step,
            tracks: read(&self.tracks) as u32,
            crops: *self.crops.lock().unwrap_or_else(PoisonError::into_inner),
            streams: None,
            pictures: BTreeMap::new(),
        }
    }
}
