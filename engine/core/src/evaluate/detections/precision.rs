//! Average precision.

use super::matching::{Matching, overlaps};
use super::pictures::{Cell, Pictures};
use serde::Serialize;

/// Limits of overlap, 0.5 to 0.95.
const LIMITS: usize = 10;
/// Which of them is 0.75.
const LIMIT_75: usize = 5;
/// Shares of recall at which precision is taken, 0 to 1.
const RECALLS: usize = 101;
/// Of a class in a picture, no more detections count.
const FOUND_MAX: usize = 100;

/// COCO's sizes: names, and areas in px² from and to, both included.
pub const SIZES: [(&str, [f64; 2]); 4] = [
    ("all", [0.0, 1e10]),
    ("small", [0.0, 1024.0]),
    ("medium", [1024.0, 9216.0]),
    ("large", [9216.0, 1e10]),
];

/// Average precision of a class at one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Average {
    /// Over limits of overlap of 0.5 to 0.95.
    pub ap: f64,
    /// At 0.5.
    pub ap50: f64,
    /// At 0.75.
    pub ap75: f64,
    /// Recall over all limits, of 100 detections a picture.
    pub ar: f64,
    /// Objects that must be found.
    pub objects: usize,
}

impl Average {
    /// The mean of several classes; none of none.
    pub fn mean<'a>(of: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let (mut sum, mut count) = (Self::default(), 0.0_f64);
        for one in of {
            sum.ap += one.ap;
            sum.ap50 += one.ap50;
            sum.ap75 += one.ap75;
            sum.ar += one.ar;
            sum.objects += one.objects;
            count += 1.0;
        }
        let mean = |sum: f64| sum / count;
        (count > 0.0).then(|| Self {
            ap: mean(sum.ap),
            ap50: mean(sum.ap50),
            ap75: mean(sum.ap75),
            ar: mean(sum.ar),
            objects: sum.objects,
        })
    }
}

/// For each class its figures at each of [`SIZES`]; none where nothing must be found.
pub fn average_precision(pictures: &Pictures) -> Vec<[Option<Average>; SIZES.len()]> {
    let of_class = |cells: Vec<Cell<'_>>| {
        let overlaps: Vec<Vec<f64>> = cells.iter().map(overlaps).collect();
        SIZES.map(|(_, areas)| of_size(&cells, &overlaps, areas))
    };
    pictures.cells(FOUND_MAX).into_iter().map(of_class).collect()
}

/// What became of a detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Hit,
    False,
    Ignored,
}

fn limit(at: usize) -> f64 {
    // As NumPy spaces them: the last bit of a limit decides where a box is made to overlap by just so much.
    if at + 1 == LIMITS { 0.95 } else { at as f64 * ((0.95 - 0.5) / 9.0) + 0.5 }
}

fn of_size(cells: &[Cell<'_>], overlaps: &[Vec<f64>], [from, to]: [f64; 2]) -> Option<Average> {
    let outside = |area: f64| area < from || area > to;
    let (mut wanted, mut found) = (0, Vec::new());
    for (cell, overlap) in cells.iter().zip(overlaps) {
        let counts = |at: usize| !outside(cell.truths[at].1.area);
        let matching = Matching::new(cell, overlap, counts);
        wanted += matching.wanted();
        let first = found.len();
        found.extend(cell.found.iter().map(|found| (found.score, [Outcome::False; LIMITS])));
        for at in 0..LIMITS {
            for (k, of) in matching.at(limit(at)).into_iter().enumerate() {
                let [_, _, width, height] = cell.found[k].sides;
                found[first + k].1[at] = match of {
                    Some(truth) if matching.is_ignored(truth) => Outcome::Ignored,
                    Some(_) => Outcome::Hit,
                    None if outside(width * height) => Outcome::Ignored,
                    None => Outcome::False,
                };
            }
        }
    }
    if wanted == 0 {
        return None;
    }
    // Equal scores stay in the order of the pictures.
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let at = |at: usize| curve(found.iter().map(|(_, outcomes)| outcomes[at]), wanted);
    let curves: Vec<(f64, f64)> = (0..LIMITS).map(at).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| curves.iter().map(of).sum::<f64>() / LIMITS as f64;
    Some(Average {
        ap: mean(|curve| curve.0),
        ap50: curves[0].0,
        ap75: curves[LIMIT_75].0,
        ar: mean(|curve| curve.1),
        objects: wanted,
    })
}

/// The mean of the precision at all shares of recall, each the best that is had at so much recall or more, and the recall of
/// all detections.
fn curve(outcomes: impl Iterator<Item = Outcome>, wanted: usize) -> (f64, f64) {
    let (mut hits, mut alarms) = (0.0_f64, 0.0_f64);
    let (mut recalls, mut precisions) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Outcome::Hit => hits += 1.0,
            Outcome::False => alarms += 1.0,
            Outcome::Ignored => {}
        }
        recalls.push(hits / wanted as f64);
        precisions.push(hits / (alarms + hits + f64::EPSILON));
    }
    for at in (1..precisions.len()).rev() {
        precisions[at - 1] = precisions[at - 1].max(precisions[at]);
    }
    let at = |share: usize| {
        let least = share as f64 * 0.01;
        let first = recalls.partition_point(|recall| *recall < least);
        precisions.get(first).copied().unwrap_or(0.0)
    };
    let mean = (0..RECALLS).map(at).sum::<f64>() / RECALLS as f64;
    (mean, recalls.last().copied().unwrap_or(0.0))
}
