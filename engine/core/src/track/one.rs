//! One track: what is known of it, what it takes, and how long it is remembered.

use super::class_vote::ClassVote;
use super::motion::{Model, Motion, Shape};
use super::options::TrackerOptions;
use super::stillness::Stillness;
use crate::detect::{Confidence, Detection};
use crate::geometry::PxBox;
use crate::id::{ClassIx, TrackId};

/// A tentative track is dropped after so many misses at the earliest.
const TENTATIVE_MISSES: u32 = 2;

/// How one moves that was seen so often is not yet known; at a high rate the first looks are too
/// close together to tell.
const NEW_HITS: u32 = 4;

/// `lost_keep_updates` stretches `lost_keep_secs` by at most so much.
const SLOW_FACTOR: f32 = 10.0;

/// No detector is surer.
const SURE: f32 = 0.99;

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
    /// Seen often or surely enough to be believed; stays true.
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
    /// Sizes a second.
    pub(super) top_speed: f32,
    pub(super) motion: Motion,
    pub(super) still: Stillness,
    pub(super) vote: ClassVote,
    pub(super) evidence: f32,
    pub(super) hits: u32,
    /// Seen often enough to have the first say in who takes what.
    pub(super) settled: bool,
    /// Believed: settled, or so sure that once was enough.
    pub(super) confirmed: bool,
    /// Where its centre was first, px.
    pub(super) first: [f32; 2],
    pub(super) first_secs: f64,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Strong,
    Weak,
    Tentative,
    Place,
    Fast,
}

impl Track {
    /// Begins with its first detection.
    pub(super) fn new(
        id: TrackId,
        now_secs: f64,
        d: &Detection,
        candidate: &Candidate,
        top_speed: f32,
        model: &Model,
    ) -> Self {
        Self {
            id,
            group: candidate.group,
            top_speed,
            motion: Motion::new(&candidate.shape, model),
            still: Stillness::new(now_secs, &d.bbox),
            vote: ClassVote::new(d.class, candidate.confidence),
            evidence: evidence(candidate.confidence),
            hits: 1,
            settled: false,
            confirmed: false,
            first: [candidate.shape.x, candidate.shape.y],
            first_secs: now_secs,
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
        stage: Stage,
        options: &TrackerOptions,
        model: &Model,
    ) {
        let apart_secs = (now_secs - self.seen_secs) as f32;
        if stage == Stage::Fast {
            let since_secs = (now_secs - self.first_secs) as f32;
            self.motion.launch(&candidate.shape, self.first, since_secs, model);
        } else {
            self.motion.correct(&candidate.shape, apart_secs, model);
        }
        self.still.add(now_secs, &d.bbox, &candidate.shape, options.still_radius);
        self.vote.add(d.class, candidate.confidence);
        let news = (apart_secs / options.evidence_secs).min(1.0);
        self.evidence = (self.evidence + evidence(candidate.confidence) * news).min(1e6);
        self.hits = self.hits.saturating_add(1);
        self.seen_secs = now_secs;
        self.missed = 0;
        self.bbox = d.bbox;
    }

    /// Settles what was seen enough, and believes that and what is `sure`; true when it was not
    /// believed before.
    pub(super) fn judge(&mut self, sure: bool, options: &TrackerOptions) -> bool {
        self.settled |= self.hits >= 2 && self.evidence >= options.confirm_evidence;
        let news = !self.confirmed && (self.settled || sure);
        self.confirmed |= news;
        news
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
            Stage::Strong => self.settled && by_motion,
            // An unsure detector may well see a newcomer strongly once and weakly from then on.
            Stage::Weak => by_motion,
            Stage::Tentative => !self.settled && by_motion,
            Stage::Place => {
                self.settled && self.stands(options) && lost_secs <= self.keep_secs(options)
            }
            Stage::Fast => self.hits <= NEW_HITS && self.missed <= 1 && now_secs > self.first_secs,
        }
    }

    /// At a low frame rate a few misses last long. Not for ever: after an outage nobody that
    /// moved is where he was.
    fn keep_by_misses(&self, options: &TrackerOptions) -> f32 {
        let misses = if self.settled { options.lost_keep_updates } else { TENTATIVE_MISSES - 1 };
        let few = self.missed <= misses;
        if few { options.lost_keep_secs * SLOW_FACTOR } else { 0.0 }
    }

    pub(super) fn stands(&self, options: &TrackerOptions) -> bool {
        self.still.hits() >= 3.0 && self.still.stood_secs() >= options.still_min_secs
    }

    /// How long it may stay unseen, s.
    pub(super) fn keep_secs(&self, options: &TrackerOptions) -> f32 {
        let by_misses = self.keep_by_misses(options);
        if !self.settled {
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

/// What a hit tells: −ln of the chance that it is wrong.
fn evidence(confidence: f32) -> f32 {
    -(1.0 - confidence.min(SURE)).ln()
}
