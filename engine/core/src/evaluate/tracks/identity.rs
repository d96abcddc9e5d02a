//! Identity: which track is taken for which object over the whole sequence, and how much of both that explains.

use super::sequence::{IOU_MIN, Sequence};
use crate::evaluate::assignment::cheapest;
use std::collections::{BTreeMap, BTreeSet};

/// Boxes, by whether the one track that stands for their object explains them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Identity {
    pub(super) right: u64,
    pub(super) missed: u64,
    pub(super) wrong: u64,
}

impl Identity {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let (mut truths, mut tracks) = (0, 0);
        let mut together: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for moment in &sequence.moments {
            truths += moment.truths.len() as u64;
            tracks += moment.tracks.len() as u64;
            for (at, iou) in moment.overlap.iter().enumerate() {
                if *iou >= IOU_MIN {
                    let (row, col) = (at / moment.tracks.len(), at % moment.tracks.len());
                    *together.entry((moment.truths[row], moment.tracks[col])).or_default() += 1;
                }
            }
        }
        let right = parts(&together).iter().map(most).sum();
        Self { right, missed: truths - right, wrong: tracks - right }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.missed += other.missed;
        self.wrong += other.wrong;
    }
}

type Pairs = BTreeMap<(usize, usize), u64>;

/// Objects and tracks that met, directly or by others: what never met cannot change who stands for whom.
fn parts(together: &Pairs) -> Vec<Pairs> {
    let mut tracks_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut truths_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (truth, track) in together.keys() {
        tracks_of.entry(*truth).or_default().push(*track);
        truths_of.entry(*track).or_default().push(*truth);
    }
    let (mut done, mut parts) = (BTreeSet::new(), Vec::new());
    for first in tracks_of.keys() {
        let (mut part, mut todo) = (Pairs::new(), vec![*first]);
        while let Some(truth) = todo.pop() {
            if !done.insert(truth) {
                continue;
            }
            for track in &tracks_of[&truth] {
                part.insert((truth, *track), together[&(truth, *track)]);
                todo.extend(&truths_of[track]);
            }
        }
        if !part.is_empty() {
            parts.push(part);
        }
    }
    parts
}

/// Most boxes that are explained when each track stands for one object.
fn most(part: &Pairs) -> u64 {
    let of = |side: fn(&(usize, usize)) -> usize| {
        let all: BTreeSet<usize> = part.keys().map(side).collect();
        all.into_iter().collect::<Vec<_>>()
    };
    let (truths, tracks) = (of(|pair| pair.0), of(|pair| pair.1));
    let count = |truth: usize, track: usize| part.get(&(truth, track)).copied().unwrap_or(0);
    let costs: Vec<f64> = truths
        .iter()
        .flat_map(|truth| tracks.iter().map(move |track| -(count(*truth, *track) as f64)))
        .collect();
    let pairs = cheapest(truths.len(), tracks.len(), &costs);
    pairs.into_iter().map(|(row, col)| count(truths[row], tracks[col])).sum()
}
