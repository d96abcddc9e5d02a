//! HOTA: how well objects are found, how long tracks stay on them, and both at once, over limits of overlap.

use super::sequence::Sequence;
use crate::evaluate::assignment::cheapest;
use std::collections::BTreeMap;

/// Limits of overlap: 0.05 to 0.95.
pub(super) const LIMITS: usize = 19;
/// Below this, TrackEval takes a sum of overlaps for nothing.
const NOTHING: f64 = 1e-10;

fn limit(at: usize) -> f64 {
    0.05 + at as f64 * 0.05
}

/// Counts and sums at one limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct AtLimit {
    hits: u64,
    misses: u64,
    false_alarms: u64,
    overlap: f64,
    /// Over all hits: how much of object and track the pair of ids shares, and of each alone.
    shared: f64,
    shared_of_object: f64,
    shared_of_track: f64,
}

/// Counts and sums.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Hota([AtLimit; LIMITS]);

/// An object and a track that met.
#[derive(Clone, Copy, Default)]
struct Pair {
    /// Frames together, each as far as they overlap with nobody else.
    weight: f64,
    hits: [u32; LIMITS],
}

/// All that meet, and how many frames each has.
struct Meetings {
    pairs: BTreeMap<(usize, usize), Pair>,
    truth_frames: Vec<f64>,
    track_frames: Vec<f64>,
}

impl Meetings {
    fn of(sequence: &Sequence) -> Self {
        let mut meetings = Self {
            pairs: BTreeMap::new(),
            truth_frames: vec![0.0; sequence.truths],
            track_frames: vec![0.0; sequence.tracks],
        };
        for moment in &sequence.moments {
            let cols = moment.tracks.len();
            let of_row =
                |row: usize| moment.overlap[row * cols..(row + 1) * cols].iter().sum::<f64>();
            let of_col = |col: usize| moment.overlap.iter().skip(col).step_by(cols).sum::<f64>();
            let rows: Vec<f64> = (0..moment.truths.len()).map(of_row).collect();
            let columns: Vec<f64> = (0..cols).map(of_col).collect();
            for (at, iou) in moment.overlap.iter().enumerate().filter(|(_, iou)| **iou > 0.0) {
                let (row, col) = (at / cols, at % cols);
                let all = columns[col] + rows[row] - iou;
                if all > f64::EPSILON {
                    let ids = (moment.truths[row], moment.tracks[col]);
                    meetings.pairs.entry(ids).or_default().weight += iou / all;
                }
            }
            for truth in &moment.truths {
                meetings.truth_frames[*truth] += 1.0;
            }
            for track in &moment.tracks {
                meetings.track_frames[*track] += 1.0;
            }
        }
        meetings
    }

    /// How much of both together a pair has in common, before it is known who stands for whom.
    fn alignment(&self, ids @ (truth, track): (usize, usize)) -> f64 {
        let weight = self.pairs.get(&ids).map_or(0.0, |pair| pair.weight);
        weight / (self.truth_frames[truth] + self.track_frames[track] - weight)
    }
}

impl Hota {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let mut hota = Self::default();
        let mut meetings = Meetings::of(sequence);
        for moment in &sequence.moments {
            let (truths, tracks) = (moment.truths.len(), moment.tracks.len());
            let ids = |at: usize| (moment.truths[at / tracks], moment.tracks[at % tracks]);
            let costs: Vec<f64> = moment
                .overlap
                .iter()
                .enumerate()
                .map(|(at, iou)| -(meetings.alignment(ids(at)) * iou))
                .collect();
            let pairs = cheapest(truths, tracks, &costs);
            for (at, of) in hota.0.iter_mut().enumerate() {
                let mut hits = 0;
                for (row, col) in &pairs {
                    let cell = row * tracks + col;
                    let iou = moment.overlap[cell];
                    if iou >= limit(at) - f64::EPSILON {
                        hits += 1;
                        of.overlap += iou;
                        meetings.pairs.entry(ids(cell)).or_default().hits[at] += 1;
                    }
                }
                of.hits += hits;
                of.misses += truths as u64 - hits;
                of.false_alarms += tracks as u64 - hits;
            }
        }
        for ((truth, track), pair) in &meetings.pairs {
            let (object, track) = (meetings.truth_frames[*truth], meetings.track_frames[*track]);
            for (of, hits) in hota.0.iter_mut().zip(pair.hits) {
                let hits = f64::from(hits);
                of.shared += hits * (hits / (object + track - hits).max(1.0));
                of.shared_of_object += hits * (hits / object.max(1.0));
                of.shared_of_track += hits * (hits / track.max(1.0));
            }
        }
        hota
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (of, other) in self.0.iter_mut().zip(&other.0) {
            of.hits += other.hits;
            of.misses += other.misses;
            of.false_alarms += other.false_alarms;
            of.overlap += other.overlap;
            of.shared += other.shared;
            of.shared_of_object += other.shared_of_object;
            of.shared_of_track += other.shared_of_track;
        }
    }

    /// The mean over all limits.
    pub(super) fn mean(&self, of: impl Fn(&AtLimit) -> f64) -> f64 {
        self.0.iter().map(of).sum::<f64>() / LIMITS as f64
    }
}

fn share(part: f64, of: u64) -> f64 {
    part / (of as f64).max(1.0)
}

impl AtLimit {
    pub(super) fn hota(&self) -> f64 {
        (self.det_a() * self.ass_a()).sqrt()
    }

    pub(super) fn det_a(&self) -> f64 {
        share(self.hits as f64, self.hits + self.misses + self.false_alarms)
    }

    pub(super) fn det_re(&self) -> f64 {
        share(self.hits as f64, self.hits + self.misses)
    }

    pub(super) fn det_pr(&self) -> f64 {
        share(self.hits as f64, self.hits + self.false_alarms)
    }

    pub(super) fn ass_a(&self) -> f64 {
        share(self.shared, self.hits)
    }

    pub(super) fn ass_re(&self) -> f64 {
        share(self.shared_of_object, self.hits)
    }

    pub(super) fn ass_pr(&self) -> f64 {
        share(self.shared_of_track, self.hits)
    }

    pub(super) fn loc_a(&self) -> f64 {
        self.overlap.max(NOTHING) / (self.hits as f64).max(NOTHING)
    }
}
