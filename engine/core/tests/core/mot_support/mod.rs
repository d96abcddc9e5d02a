//! Scores of tracking: CLEAR-MOT (Bernardin and Stiefelhagen 2008) and IDF1 (Ristani et al.
//! 2016), both at an overlap of 0.5. Checked against another implementation on real sequences.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

pub mod synth;

use std::collections::{BTreeMap, BTreeSet};
use viahe_core::geometry::PxBox;
use viahe_core::track::mot::{MotRow, parse};

const IOU_MIN: f32 = 0.5;

/// What a tracker got right and wrong on one or more sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    pub objects: u64,
    pub told: u64,
    pub false_positives: u64,
    pub misses: u64,
    pub switches: u64,
    pub identity_hits: u64,
}

impl Score {
    /// Percent.
    pub fn mota(&self) -> f64 {
        let wrong = self.false_positives + self.misses + self.switches;
        100.0 * (1.0 - wrong as f64 / self.objects as f64)
    }

    /// Percent.
    pub fn idf1(&self) -> f64 {
        200.0 * self.identity_hits as f64 / (self.objects + self.told) as f64
    }

    pub fn add(&mut self, other: &Self) {
        self.objects += other.objects;
        self.told += other.told;
        self.false_positives += other.false_positives;
        self.misses += other.misses;
        self.switches += other.switches;
        self.identity_hits += other.identity_hits;
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "MOTA {:5.1}  IDF1 {:5.1}  IDs {:3}  FP {:4}  FN {:4}  of {}",
            self.mota(),
            self.idf1(),
            self.switches,
            self.false_positives,
            self.misses,
            self.objects
        )
    }
}

type ByFrame = BTreeMap<u32, Vec<(i64, PxBox)>>;

fn by_frame(rows: &[MotRow]) -> ByFrame {
    let mut frames = ByFrame::new();
    for row in rows {
        frames.entry(row.frame).or_default().push((row.id, row.bbox));
    }
    frames
}

/// Scores a text of tracks against a text of truth; truth with confidence 0 does not count.
pub fn score_text(truth: &str, told: &str) -> Score {
    let truth: Vec<MotRow> =
        parse(truth).unwrap().into_iter().filter(|r| r.confidence > 0.0).collect();
    score(&truth, &parse(told).unwrap())
}

/// Scores told tracks against the truth.
pub fn score(truth: &[MotRow], told: &[MotRow]) -> Score {
    let (truth, told) = (by_frame(truth), by_frame(told));
    let mut result = Score { identity_hits: identity_hits(&truth, &told), ..Score::default() };
    let frames: BTreeSet<u32> = truth.keys().chain(told.keys()).copied().collect();
    let mut last: BTreeMap<i64, i64> = BTreeMap::new();
    let none = Vec::new();
    for frame in frames {
        let (objects, guesses) =
            (truth.get(&frame).unwrap_or(&none), told.get(&frame).unwrap_or(&none));
        let matched = match_frame(objects, guesses, &last);
        for &(o, g) in &matched {
            let (object, guess) = (objects[o].0, guesses[g].0);
            let before = last.insert(object, guess);
            result.switches += u64::from(before.is_some_and(|b| b != guess));
        }
        result.objects += objects.len() as u64;
        result.told += guesses.len() as u64;
        result.misses += (objects.len() - matched.len()) as u64;
        result.false_positives += (guesses.len() - matched.len()) as u64;
    }
    result
}

/// Yesterday's pairs stay while they still overlap; the rest goes by largest count, then overlap.
fn match_frame(
    objects: &[(i64, PxBox)],
    guesses: &[(i64, PxBox)],
    last: &BTreeMap<i64, i64>,
) -> Vec<(usize, usize)> {
    let mut matched = Vec::new();
    for (o, object) in objects.iter().enumerate() {
        let Some(before) = last.get(&object.0) else { continue };
        let same = guesses.iter().position(|g| g.0 == *before && g.1.iou(&object.1) >= IOU_MIN);
        if let Some(g) = same.filter(|g| matched.iter().all(|(_, taken)| taken != g)) {
            matched.push((o, g));
        }
    }
    let free_objects: Vec<usize> =
        (0..objects.len()).filter(|o| matched.iter().all(|m| m.0 != *o)).collect();
    let free_guesses: Vec<usize> =
        (0..guesses.len()).filter(|g| matched.iter().all(|m| m.1 != *g)).collect();
    let gains: Vec<Vec<f64>> = free_objects
        .iter()
        .map(|&o| {
            let worth = |g: &usize| {
                let iou = guesses[*g].1.iou(&objects[o].1);
                if iou >= IOU_MIN { 1000.0 + f64::from(iou) } else { 0.0 }
            };
            free_guesses.iter().map(worth).collect()
        })
        .collect();
    matched.extend(best_pairs(&gains).into_iter().map(|(r, c)| (free_objects[r], free_guesses[c])));
    matched
}

fn identity_hits(truth: &ByFrame, told: &ByFrame) -> u64 {
    let index = |frames: &ByFrame| -> BTreeMap<i64, usize> {
        let ids: BTreeSet<i64> = frames.values().flatten().map(|r| r.0).collect();
        ids.into_iter().zip(0..).collect()
    };
    let (rows, cols) = (index(truth), index(told));
    let mut hits = vec![vec![0.0; cols.len()]; rows.len()];
    for (frame, objects) in truth {
        for (guess, guess_box) in told.get(frame).into_iter().flatten() {
            for (object, bbox) in objects {
                if bbox.iou(guess_box) >= IOU_MIN {
                    hits[rows[object]][cols[guess]] += 1.0;
                }
            }
        }
    }
    best_pairs(&hits).iter().map(|&(r, c)| hits[r][c] as u64).sum()
}

/// The pairs of largest total gain; pairs of gain 0 are left out. Hungarian method, written
/// apart from the tracker's so that one mistake cannot hide in both.
pub fn best_pairs(gains: &[Vec<f64>]) -> Vec<(usize, usize)> {
    let (rows, cols) = (gains.len(), gains.first().map_or(0, Vec::len));
    if rows == 0 || cols == 0 {
        return Vec::new();
    }
    let n = rows.max(cols);
    let cost = |r: usize, c: usize| -gains.get(r).and_then(|g| g.get(c)).copied().unwrap_or(0.0);
    let (mut u, mut v) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let (mut owner, mut way) = (vec![0usize; n + 1], vec![0usize; n + 1]);
    for row in 1..=n {
        owner[0] = row;
        let (mut slack, mut used) = (vec![f64::INFINITY; n + 1], vec![false; n + 1]);
        let mut col = 0;
        while owner[col] != 0 {
            used[col] = true;
            let (mut delta, mut next) = (f64::INFINITY, 0);
            for c in 1..=n {
                if used[c] {
                    continue;
                }
                let reduced = cost(owner[col] - 1, c - 1) - u[owner[col]] - v[c];
                if reduced < slack[c] {
                    (slack[c], way[c]) = (reduced, col);
                }
                if slack[c] < delta {
                    (delta, next) = (slack[c], c);
                }
            }
            for c in 0..=n {
                if used[c] {
                    u[owner[c]] += delta;
                    v[c] -= delta;
                } else {
                    slack[c] -= delta;
                }
            }
            col = next;
        }
        while col != 0 {
            owner[col] = owner[way[col]];
            col = way[col];
        }
    }
    (1..=n)
        .map(|c| (owner[c] - 1, c - 1))
        .filter(|&(r, c)| r < rows && c < cols && gains[r][c] > 0.0)
        .collect()
}
