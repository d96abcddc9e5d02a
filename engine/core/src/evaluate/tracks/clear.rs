//! CLEAR MOT: hits, misses, false alarms, switches and fragments.

use super::sequence::{IOU_MIN, Moment, Sequence};
use crate::evaluate::assignment::cheapest;

/// Who was paired in the frame before goes on, however well others overlap: more than any overlap is worth.
const GOES_ON: f64 = 1000.0;
/// An object is mostly tracked above, and mostly lost below, these shares of its frames.
const MOSTLY_TRACKED: f64 = 0.8;
const MOSTLY_LOST: f64 = 0.2;

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Clear {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) false_alarms: u64,
    pub(super) switches: u64,
    pub(super) fragments: u64,
    pub(super) mostly_tracked: u64,
    pub(super) mostly_lost: u64,
    /// Of all hits.
    pub(super) overlap: f64,
}

impl Clear {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let mut clear = Self::default();
        let mut objects = vec![Object::default(); sequence.truths];
        for moment in &sequence.moments {
            if moment.tracks.is_empty() || moment.truths.is_empty() {
                // Who was tracked by whom is kept.
                clear.misses += moment.truths.len() as u64;
                clear.false_alarms += moment.tracks.len() as u64;
                for truth in &moment.truths {
                    objects[*truth].frames += 1;
                }
                continue;
            }
            clear.add_moment(moment, &mut objects);
        }
        for object in &objects {
            let share = object.hits as f64 / object.frames as f64;
            clear.mostly_tracked += u64::from(share > MOSTLY_TRACKED);
            clear.mostly_lost += u64::from(share < MOSTLY_LOST);
            clear.fragments += object.begins.saturating_sub(1);
        }
        clear
    }

    fn add_moment(&mut self, moment: &Moment, objects: &mut [Object]) {
        let Moment { truths, tracks, overlap } = moment;
        let pairs = pairs(moment, objects);
        let mut by = vec![None; truths.len()];
        for (row, col) in &pairs {
            by[*row] = Some(tracks[*col]);
            self.overlap += overlap[row * tracks.len() + col];
        }
        for (truth, by) in truths.iter().zip(&by) {
            let object = &mut objects[*truth];
            object.frames += 1;
            let Some(track) = *by else { continue };
            object.hits += 1;
            self.switches += u64::from(object.last.is_some_and(|last| last != track));
            object.begins += u64::from(object.just_before.is_none());
            object.last = Some(track);
        }
        for object in objects.iter_mut() {
            object.just_before = None;
        }
        for (truth, by) in truths.iter().zip(by) {
            objects[*truth].just_before = by;
        }
        let hits = pairs.len() as u64;
        self.hits += hits;
        self.misses += truths.len() as u64 - hits;
        self.false_alarms += tracks.len() as u64 - hits;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.false_alarms += other.false_alarms;
        self.switches += other.switches;
        self.fragments += other.fragments;
        self.mostly_tracked += other.mostly_tracked;
        self.mostly_lost += other.mostly_lost;
        self.overlap += other.overlap;
    }
}

/// What is known of an object of the truth.
#[derive(Clone, Copy, Debug, Default)]
struct Object {
    frames: u64,
    hits: u64,
    begins: u64,
    /// Who had it last.
    last: Option<usize>,
    /// Who had it in the last frame that had objects and tracks.
    just_before: Option<usize>,
}

/// Rows and columns of who is on whom.
fn pairs(moment: &Moment, objects: &[Object]) -> Vec<(usize, usize)> {
    let Moment { truths, tracks, overlap } = moment;
    let mut costs = Vec::with_capacity(overlap.len());
    for (row, truth) in truths.iter().enumerate() {
        for (col, track) in tracks.iter().enumerate() {
            let iou = overlap[row * tracks.len() + col];
            let goes_on = objects[*truth].just_before == Some(*track);
            let worth = if goes_on { GOES_ON + iou } else { iou };
            costs.push(if iou < IOU_MIN - f64::EPSILON { 0.0 } else { -worth });
        }
    }
    let mut pairs = cheapest(truths.len(), tracks.len(), &costs);
    pairs.retain(|(row, col)| costs[row * tracks.len() + col] < -f64::EPSILON);
    pairs
}
