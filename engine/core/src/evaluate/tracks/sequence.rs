//! Truth and tracks of one sequence, frame by frame.

use super::boxes::{Boxed, Boxes};
use crate::evaluate::assignment::cheapest;
use std::collections::{BTreeMap, BTreeSet};

/// Overlap from which on a track is on its object.
pub(super) const IOU_MIN: f64 = 0.5;

/// Which objects of a truth with classes must be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Their class.
    pub class: i64,
    /// Classes that may be taken for it: tracks on such objects count neither for nor against.
    pub distractors: BTreeSet<i64>,
}

impl Default for Wanted {
    /// MOT16 and MOT17: pedestrians, not those on vehicles (2), in posters (8) and mirrors (12), nor those that never move (7).
    fn default() -> Self {
        Self { class: 1, distractors: BTreeSet::from([2, 7, 8, 12]) }
    }
}

/// One frame: who is there, by numbers from 0 on, and how much each overlaps with each.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment {
    pub(super) truths: Vec<usize>,
    pub(super) tracks: Vec<usize>,
    /// Row-major, a row for each truth.
    pub(super) overlap: Vec<f64>,
}

/// Truth and tracks of one sequence.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub(super) moments: Vec<Moment>,
    pub(super) truths: usize,
    pub(super) tracks: usize,
}

impl Sequence {
    /// Brings both together. Frames that only one of them has count as well.
    pub fn new(truth: &Boxes, tracks: &Boxes, wanted: &Wanted) -> Self {
        let frames: BTreeSet<u32> =
            truth.frames.keys().chain(tracks.frames.keys()).copied().collect();
        let (mut truth_ids, mut track_ids) = (Numbers::default(), Numbers::default());
        let mut moments = Vec::with_capacity(frames.len());
        for frame in frames {
            let there = truth.frames.get(&frame).map_or(&[][..], Vec::as_slice);
            let told = tracks.frames.get(&frame).map_or(&[][..], Vec::as_slice);
            let told = if truth.has_classes { without(told, there, wanted) } else { told.to_vec() };
            let is_wanted = |boxed: &&Boxed| {
                boxed.flag != 0 && (!truth.has_classes || boxed.class == Some(wanted.class))
            };
            let there: Vec<Boxed> = there.iter().filter(is_wanted).copied().collect();
            moments.push(Moment {
                truths: there.iter().map(|boxed| truth_ids.of(boxed.id)).collect(),
                tracks: told.iter().map(|boxed| track_ids.of(boxed.id)).collect(),
                overlap: overlaps(&there, &told),
            });
        }
        Self { moments, truths: truth_ids.0.len(), tracks: track_ids.0.len() }
    }

    /// Objects that must be found.
    pub fn objects(&self) -> usize {
        self.truths
    }
}

/// Ids as numbers from 0 on, in the order in which they come.
#[derive(Default)]
struct Numbers(BTreeMap<i64, usize>);

impl Numbers {
    fn of(&mut self, id: i64) -> usize {
        let next = self.0.len();
        *self.0.entry(id).or_insert(next)
    }
}

fn overlaps(truths: &[Boxed], tracks: &[Boxed]) -> Vec<f64> {
    let row = |truth: &Boxed| {
        let rect = truth.rect;
        tracks.iter().map(move |track| rect.iou(&track.rect))
    };
    truths.iter().flat_map(row).collect()
}

/// Tracks that are not on a distractor. All objects of the truth compete for them, whatever their flag.
fn without(tracks: &[Boxed], truths: &[Boxed], wanted: &Wanted) -> Vec<Boxed> {
    let overlap = overlaps(truths, tracks);
    let enough = |iou: &f64| if *iou < IOU_MIN - f64::EPSILON { 0.0 } else { -iou };
    let costs: Vec<f64> = overlap.iter().map(enough).collect();
    let pairs = cheapest(truths.len(), tracks.len(), &costs);
    let on_distractor: BTreeSet<usize> = pairs
        .into_iter()
        .filter(|(truth, track)| costs[truth * tracks.len() + track] < -f64::EPSILON)
        .filter(|(truth, _)| truths[*truth].class.is_some_and(|c| wanted.distractors.contains(&c)))
        .map(|(_, track)| track)
        .collect();
    let left = tracks.iter().enumerate().filter(|(at, _)| !on_distractor.contains(at));
    left.map(|(_, track)| *track).collect()
}
