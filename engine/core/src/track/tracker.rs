//! The tracker itself: one [`Tracker::update`] a frame.

use super::assign::{Assigner, Pair};
use super::camera_shift::{self, CameraShift, Mark};
use super::motion::{Model, Shape};
use super::one::{Candidate, Stage, Track, Tracked};
use super::options::{START_CONFIDENCE, START_LEAST, TrackerOptions};
use super::price::{fast_gain, motion_gain, place_gain};
use crate::detect::Detection;
use crate::geometry::PxBox;
use crate::id::TrackId;
use crate::time::Timestamp;

/// A camera whose time steps back by more has set its clock; event time starts afresh there.
const STEP_BACK_SECS: f64 = 5.0;
/// Each asks who is still free on both sides.
const STAGES: [Stage; 5] =
    [Stage::Strong, Stage::Weak, Stage::Tentative, Stage::Place, Stage::Fast];

/// What a tracker did since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackerCounts {
    /// Tracks started.
    pub started: u64,
    /// Tracks that were confirmed.
    pub confirmed: u64,
    /// Detections under `low_confidence`.
    pub ignored_low: u64,
    /// Detections dropped as a second telling of one object.
    pub ignored_duplicate: u64,
    /// Tracks dropped because `tracks_max` were held, or because ids ran out.
    pub dropped_full: u64,
    /// Frames in which the camera itself was found to have moved.
    pub camera_shifts: u64,
    /// Frames whose time was before an earlier frame's.
    pub stepped_back: u64,
}

/// A multi-object tracker for one camera. Pure: time comes with the detections.
#[derive(Debug)]
pub struct Tracker {
    options: TrackerOptions,
    model: Model,
    epoch: u32,
    next: u32,
    latest: Option<Timestamp>,
    now_secs: f64,
    tracks: Vec<Track>,
    counts: TrackerCounts,
    // Buffers kept between frames, so that a steady scene allocates nothing.
    candidates: Vec<Candidate>,
    owner_of_candidate: Vec<Option<(u32, Stage)>>,
    taken: Vec<bool>,
    rows: Vec<u32>,
    cols: Vec<u32>,
    pairs: Vec<Pair>,
    assigner: Assigner,
    camera: CameraShift,
    told: Vec<Tracked>,
}

impl Tracker {
    /// A tracker that has seen nothing. `epoch` becomes the high half of every [`TrackId`].
    pub fn new(options: TrackerOptions, epoch: u32) -> Self {
        Self {
            model: options.model(),
            options,
            epoch,
            next: 1,
            latest: None,
            now_secs: 0.0,
            tracks: Vec::new(),
            counts: TrackerCounts::default(),
            candidates: Vec::new(),
            owner_of_candidate: Vec::new(),
            taken: Vec::new(),
            rows: Vec::new(),
            cols: Vec::new(),
            pairs: Vec::new(),
            assigner: Assigner::default(),
            camera: CameraShift::default(),
            told: Vec::new(),
        }
    }

    /// From now on things start a track that are seen as surely as rules ask for, where that is less than by default, but
    /// not less than what a detector flickers at: a rule is shown nothing that has no track.
    pub fn start_as_asked(&mut self, confidence_min: Option<f32>) {
        let asked = confidence_min.unwrap_or(START_CONFIDENCE);
        self.options.start_confidence = asked.clamp(START_LEAST, START_CONFIDENCE);
    }

    /// What happened since the start.
    pub fn counts(&self) -> TrackerCounts {
        self.counts
    }

    /// What the last update told.
    pub fn told(&self) -> &[Tracked] {
        &self.told
    }

    /// Of all that are held, lost and tentative ones included.
    pub fn ids(&self) -> impl Iterator<Item = TrackId> + '_ {
        self.tracks.iter().map(|track| track.id)
    }

    /// Tracks held now, lost and tentative ones included.
    pub fn held(&self) -> usize {
        self.tracks.len()
    }

    /// Takes one frame's detections and tells who they are, by ascending id.
    ///
    /// Call it for frames without detections too: a miss is news. Steps of time may be of any
    /// length. A frame that is not later than the latest counts as simultaneous with it, unless
    /// it lies more than five seconds back: then the camera's clock was set, and time goes on
    /// from there with all tracks kept.
    pub fn update(&mut self, at: Timestamp, detections: &[Detection]) -> &[Tracked] {
        self.update_part(at, detections, |_| true)
    }

    /// As [`Tracker::update`], of a frame of which only a part was looked at: where `looked` is true of
    /// a box. Who was seen elsewhere is not missed.
    pub fn update_part(
        &mut self,
        at: Timestamp,
        detections: &[Detection],
        looked: impl Fn(&PxBox) -> bool,
    ) -> &[Tracked] {
        let dt_secs = self.elapse(at);
        let steps = self.model.steps(dt_secs);
        for track in &mut self.tracks {
            track.motion.predict(&self.model, &steps);
        }
        self.take_candidates(detections);
        self.follow_camera();
        for (track, taken) in self.tracks.iter().zip(&mut self.taken) {
            // What is told again where rules look is nobody's who is elsewhere.
            *taken = !looked(&track.bbox);
        }
        for stage in STAGES {
            self.associate(stage, detections);
        }
        for track in &mut self.tracks {
            track.miss(self.now_secs, looked(&track.bbox));
        }
        self.apply(dt_secs, detections);
        self.bury();
        self.told.sort_unstable_by_key(|t| t.id);
        &self.told
    }

    fn elapse(&mut self, at: Timestamp) -> f32 {
        let Some(latest) = self.latest else {
            self.latest = Some(at);
            return 0.0;
        };
        let dt_secs = if at >= latest {
            self.latest = Some(at);
            at.since(latest).as_secs_f64()
        } else {
            self.counts.stepped_back += 1;
            if latest.since(at).as_secs_f64() > STEP_BACK_SECS {
                self.latest = Some(at);
            }
            0.0
        };
        self.now_secs += dt_secs;
        dt_secs as f32
    }

    /// Sorts out what takes part: strong enough, and no second telling of a stronger one.
    fn take_candidates(&mut self, detections: &[Detection]) {
        self.candidates.clear();
        for (index, d) in detections.iter().enumerate() {
            let confidence = d.confidence.get();
            if confidence < self.options.low_confidence {
                self.counts.ignored_low += 1;
                continue;
            }
            self.candidates.push(Candidate {
                shape: Shape::of(&d.bbox),
                group: self.options.group(d.class),
                confidence,
                index: index as u32,
            });
        }
        self.candidates.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        let mut kept = 0;
        for k in 0..self.candidates.len() {
            let one = self.candidates[k];
            let bbox = &detections[one.index as usize].bbox;
            let duplicate = self.candidates[..kept].iter().any(|other| {
                other.group == one.group
                    && (other.shape.x - one.shape.x).abs() < other.shape.size
                    && detections[other.index as usize].bbox.iou(bbox) > self.options.duplicate_iou
            });
            if duplicate {
                self.counts.ignored_duplicate += 1;
            } else {
                self.candidates[kept] = one;
                kept += 1;
            }
        }
        self.candidates.truncate(kept);
        self.owner_of_candidate.clear();
        self.owner_of_candidate.resize(kept, None);
        self.taken.clear();
        self.taken.resize(self.tracks.len(), false);
    }

    /// Moves everything by the camera's own movement, where enough tracks agree on one.
    fn follow_camera(&mut self) {
        self.camera.clear();
        let fresh = self.tracks.iter().filter(|t| t.settled && t.missed == 0);
        for track in fresh.take(camera_shift::TRACKS_MAX) {
            let m = &track.motion;
            let (x, y, log_size) = (m.x.value, m.y.value, m.size.ln());
            self.camera.tracks.push(Mark { x, y, log_size, size: m.size });
        }
        let strong = |c: &&Candidate| c.confidence >= self.options.high_confidence;
        for c in self.candidates.iter().filter(strong) {
            let (x, y, size) = (c.shape.x, c.shape.y, c.shape.size);
            self.camera.seen.push(Mark { x, y, log_size: size.ln(), size });
        }
        let Some([dx, dy]) = self.camera.estimate() else { return };
        self.counts.camera_shifts += 1;
        for track in &mut self.tracks {
            track.motion.x.value += dx;
            track.motion.y.value += dy;
            track.first = [track.first[0] + dx, track.first[1] + dy];
            track.still.shift(dx, dy);
        }
    }

    /// Matches what is still free on both sides, under one stage's rules.
    fn associate(&mut self, stage: Stage, detections: &[Detection]) {
        let high = self.options.high_confidence;
        self.cols.clear();
        self.cols.extend((0..self.candidates.len() as u32).filter(|&c| {
            let confidence = self.candidates[c as usize].confidence;
            self.owner_of_candidate[c as usize].is_none()
                && match stage {
                    Stage::Strong | Stage::Tentative => confidence >= high,
                    Stage::Fast => confidence >= self.options.start_confidence,
                    Stage::Weak => confidence < high,
                    Stage::Place => true,
                }
        }));
        self.rows.clear();
        if !self.cols.is_empty() {
            self.rows.extend((0..self.tracks.len() as u32).filter(|&t| {
                !self.taken[t as usize]
                    && self.tracks[t as usize].asks(stage, self.now_secs, &self.options)
            }));
        }
        self.pairs.clear();
        for (row, &t) in self.rows.iter().enumerate() {
            let track = &self.tracks[t as usize];
            for (col, &c) in self.cols.iter().enumerate() {
                let candidate = &self.candidates[c as usize];
                if candidate.group != track.group {
                    continue;
                }
                let gain = match stage {
                    Stage::Place => {
                        let bbox = &detections[candidate.index as usize].bbox;
                        place_gain(&self.options, track, bbox)
                    }
                    Stage::Fast => {
                        let since_secs = (self.now_secs - track.first_secs) as f32;
                        fast_gain(&self.options, track, candidate, since_secs)
                    }
                    _ => motion_gain(&self.options, track, &candidate.shape),
                };
                if let Some(gain) = gain {
                    self.pairs.push(Pair { row: row as u32, col: col as u32, gain });
                }
            }
        }
        for &(row, col) in self.assigner.solve(self.rows.len(), self.cols.len(), &self.pairs) {
            let (t, c) = (self.rows[row as usize], self.cols[col as usize]);
            self.owner_of_candidate[c as usize] = Some((t, stage));
            self.taken[t as usize] = true;
        }
    }

    /// Carries the matches into the tracks, starts new ones, and fills `told`.
    fn apply(&mut self, dt_secs: f32, detections: &[Detection]) {
        self.told.clear();
        // The first look of all waits for none.
        let seldom = dt_secs <= 0.0 || dt_secs >= self.options.alone_secs;
        for c in 0..self.candidates.len() {
            let candidate = self.candidates[c];
            let d = &detections[candidate.index as usize];
            let t = match self.owner_of_candidate[c] {
                Some((t, stage)) => {
                    let track = &mut self.tracks[t as usize];
                    track.see(self.now_secs, d, &candidate, stage, &self.options, &self.model);
                    Some(t as usize)
                }
                None if candidate.confidence >= self.options.start_confidence => {
                    self.start(d, &candidate)
                }
                None => None,
            };
            if let Some(t) = t {
                let track = &mut self.tracks[t];
                let sure = seldom && candidate.confidence >= self.options.alone_confidence;
                self.counts.confirmed += u64::from(track.judge(sure, &self.options));
                let stands = track.stands(&self.options);
                self.told.push(track.tell(d, candidate.index as usize, stands));
            }
        }
    }

    fn start(&mut self, d: &Detection, candidate: &Candidate) -> Option<usize> {
        let next = self.next.checked_add(1);
        let (Some(next), true) = (next, self.tracks.len() < self.options.tracks_max.max(1) * 2)
        else {
            self.counts.dropped_full += 1;
            return None;
        };
        let id = TrackId::new(self.epoch, self.next);
        self.next = next;
        self.counts.started += 1;
        let top_speed = self.options.top_speed(d.class);
        self.tracks.push(Track::new(id, self.now_secs, d, candidate, top_speed, &self.model));
        Some(self.tracks.len() - 1)
    }

    /// Drops what was not seen for too long, and the longest unseen beyond the bound.
    fn bury(&mut self) {
        let (now_secs, options) = (self.now_secs, &self.options);
        self.tracks.retain(|t| (now_secs - t.seen_secs) as f32 <= t.keep_secs(options));
        let over = self.tracks.len().saturating_sub(self.options.tracks_max.max(1));
        if over > 0 {
            self.counts.dropped_full += over as u64;
            self.tracks.sort_by(|a, b| {
                b.seen_secs.total_cmp(&a.seen_secs).then(b.hits.cmp(&a.hits)).then(a.id.cmp(&b.id))
            });
            self.tracks.truncate(self.options.tracks_max.max(1));
            self.tracks.sort_unstable_by_key(|t| t.id);
        }
    }
}
