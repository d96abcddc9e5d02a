//! One track: what is known of it, what it takes, and how long it is remembered.

use super::class_vote::ClassVote;
use super::motion::{Model, Motion, Shape};
use super::options::TrackerOptions;
use super::stillness::Stillness;
use crate::detect::{Confidence, Detection};
use crate::geometry::PxBox;
use crate::id::{ClassIx, TrackId};
use std::f32::consts::TAU;

/// A tentative track is dropped after so many misses at the earliest.
const TENTATIVE_MISSES: u32 = 2;

/// `lost_keep_updates` stretches `lost_keep_secs` by at most so much.
const SLOW_FACTOR: f32 = 10.0;

/// The longest gap between two looks that any rule bears.
const UNSEEN_SECS: f64 = 5.0;

/// One object in one frame: a detection with its identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracked {
    /// Who; never given twice.
    pub id: TrackId,
    /// The track's class by majority of confidence, not this one detection's.
    pub class: ClassIx,
    /// The detection's confidence.
    pub confidence: Confidence,
    /// The detection's own box: on real sequences the filtered one scores no better, and evidence
    /// must show what was detected.
    pub bbox: PxBox,
    /// Seen often enough to be believed; stays true.
    pub confirmed: bool,
    /// Index into the detections given.
    pub detection: usize,
    /// Filtered speed of the centre in px/s, right and down; near zero for the first frames.
    pub velocity_px_s: [f32; 2],
    /// How long it has stood at one place, s; 0 while it moves.
    pub still_secs: f32,
}

/// One who is followed.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) id: TrackId,
    pub(super) group: u32,
    pub(super) motion: Motion,
    pub(super) still: Stillness,
    pub(super) vote: ClassVote,
    pub(super) evidence: f32,
    pub(super) hits: u32,
    pub(super) confirmed: bool,
    pub(super) seen_secs: f64,
    pub(super) missed: u32,
    /// As it was detected last.
    pub(super) bbox: PxBox,
}

/// A detection that takes part, with what is computed once for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) shape: Shape,
    pub(super) group: u32,
    pub(super) confidence: f32,
    pub(super) index: u32,
}

/// Which tracks a stage of association asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Strong,
    Weak,
    Tentative,
    Place,
}

impl Track {
    /// Begins with its first detection.
    pub(super) fn new(
        id: TrackId,
        now_secs: f64,
        d: &Detection,
        candidate: &Candidate,
        model: &Model,
    ) -> Self {
        Self {
            id,
            group: candidate.group,
            motion: Motion::new(&candidate.shape, model),
            still: Stillness::new(now_secs, &d.bbox),
            vote: ClassVote::new(d.class, candidate.confidence),
            evidence: candidate.confidence,
            hits: 1,
            confirmed: false,
            seen_secs: now_secs,
            missed: 0,
            bbox: d.bbox,
        }
    }

    /// It was not seen; `looked`: where it was seen last was looked at.
    pub(super) fn miss(&mut self, now_secs: f64, looked: bool) {
        // Where nobody looks nobody is missed, but it was not seen just now; and for no longer than between two
        // looks of the slowest camera: who moves may be anywhere then.
        let missed = looked || now_secs - self.seen_secs > UNSEEN_SECS;
        self.missed = if missed { self.missed.saturating_add(1) } else { self.missed.max(1) };
    }

    pub(super) fn see(
        &mut self,
        now_secs: f64,
        d: &Detection,
        candidate: &Candidate,
        options: &TrackerOptions,
        model: &Model,
    ) {
        self.motion.correct(&candidate.shape, model);
        self.still.add(now_secs, &d.bbox, &candidate.shape, options.still_radius);
        self.vote.add(d.class, candidate.confidence);
        let apart_secs = (now_secs - self.seen_secs) as f32;
        let news = (apart_secs / options.evidence_secs).min(1.0);
        self.evidence = (self.evidence + candidate.confidence * news).min(1e6);
        self.hits = self.hits.saturating_add(1);
        self.seen_secs = now_secs;
        self.missed = 0;
        self.bbox = d.bbox;
    }

    pub(super) fn tell(&self, d: &Detection, detection: usize, stands: bool) -> Tracked {
        Tracked {
            id: self.id,
            class: self.vote.told(),
            confidence: d.confidence,
            bbox: d.bbox,
            confirmed: self.confirmed,
            detection,
            velocity_px_s: [self.motion.x.rate, self.motion.y.rate],
            still_secs: if stands { self.still.stood_secs() } else { 0.0 },
        }
    }

    /// Does it take part in this stage?
    pub(super) fn asks(&self, stage: Stage, now_secs: f64, options: &TrackerOptions) -> bool {
        let lost_secs = (now_secs - self.seen_secs) as f32;
        let by_motion = lost_secs <= options.lost_keep_secs.max(self.keep_by_misses(options));
        match stage {
            Stage::Strong => self.confirmed && by_motion,
            // An unsure detector may well see a newcomer strongly once and weakly from then on.
            Stage::Weak => by_motion,
            Stage::Tentative => !self.confirmed && by_motion,
            Stage::Place => {
                self.confirmed && self.stands(options) && lost_secs <= self.keep_secs(options)
            }
        }
    }

    /// At a low frame rate a few misses last long. Not for ever: after an outage nobody that
    /// moved is where he was.
    fn keep_by_misses(&self, options: &TrackerOptions) -> f32 {
        let misses = if self.confirmed { options.lost_keep_updates } else { TENTATIVE_MISSES - 1 };
        let few = self.missed <= misses;
        if few { options.lost_keep_secs * SLOW_FACTOR } else { 0.0 }
    }

    pub(super) fn stands(&self, options: &TrackerOptions) -> bool {
        self.still.hits() >= 3.0 && self.still.stood_secs() >= options.still_min_secs
    }

    /// How long it may stay unseen, s.
    pub(super) fn keep_secs(&self, options: &TrackerOptions) -> f32 {
        let by_misses = self.keep_by_misses(options);
        if !self.confirmed {
            return by_misses.max(options.tentative_keep_secs);
        }
        let by_place = if self.stands(options) {
            (self.still.stood_secs() * options.stationary_keep_ratio)
                .min(options.stationary_keep_secs)
        } else {
            0.0
        };
        by_place.max(options.lost_keep_secs).max(by_misses)
    }
}

/// What the pair is worth: how much better the track explains the detection than a stranger
/// would, as −2 × log-likelihood; `None` where a stranger is the better explanation.
///
/// With d² the squared distance in standard deviations, S the covariance of the centre in sizes
/// and λ the density of strangers, the track says d² + ln det(2πS), a stranger −2 ln λ (the score
/// of multi-hypothesis tracking, Reid 1979). So a lost track, whose S has grown, must be hit the
/// better, and loses a contest to a certain one.
pub(super) fn motion_gain(options: &TrackerOptions, track: &Track, seen: &Shape) -> Option<f32> {
    let motion = &track.motion;
    let noise = options.place_noise * motion.size.min(seen.size);
    let (dx, dy) = (seen.x - motion.x.value, seen.y - motion.y.value);
    let (var_x, var_y) = (motion.x.var + noise * noise, motion.y.var + noise * noise);
    let place = dx * dx / var_x + dy * dy / var_y;
    if place > options.gate {
        return None;
    }
    let scale_noise = options.scale_noise * options.scale_noise;
    let (dw, dh) = (seen.log_w - motion.log_w.value, seen.log_h - motion.log_h.value);
    let shape =
        dw * dw / (motion.log_w.var + scale_noise) + dh * dh / (motion.log_h.var + scale_noise);
    let distance = place + shape;
    if distance > options.gate {
        return None;
    }
    let spread = (var_x * var_y).sqrt() / (motion.size * motion.size);
    let stranger = -2.0 * (TAU * spread * options.stranger_density).ln();
    // A low frame rate alone makes every prediction poor; that is no reason to lose who was seen
    // in the frame before.
    let just_seen = track.missed <= 1;
    let limit = if just_seen { stranger.max(options.just_seen_gate) } else { stranger };
    (limit > distance).then_some(limit - distance)
}

/// What it is worth to be what stood at this place: the overlap with it.
pub(super) fn place_gain(options: &TrackerOptions, track: &Track, seen: &PxBox) -> Option<f32> {
    let iou = track.still.place()?.iou(seen);
    (iou >= options.place_iou).then_some(iou)
}
