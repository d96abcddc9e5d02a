//! Which detection is of which object, in one picture and class.

use super::pictures::{Cell, Kind};
use crate::evaluate::rect::Rect;

/// Of limits of overlap, none is nearer to 1: a box is not asked to be equal to the last bit.
const LIMIT_MAX: f64 = 1.0 - 1e-10;

/// Overlaps of a cell, and which of its objects count.
#[derive(Debug)]
pub(super) struct Matching<'c> {
    cell: &'c Cell<'c>,
    /// Objects that count come first; else in the order given.
    order: Vec<usize>,
    ignored: Vec<bool>,
    /// Row-major, a row for each detection.
    overlap: &'c [f64],
}

/// Row-major, a row for each detection. In a crowd, the share of the detection that lies in it.
pub(super) fn overlaps(cell: &Cell<'_>) -> Vec<f64> {
    let truths: Vec<(Rect, Kind)> =
        cell.truths.iter().map(|(_, truth)| (Rect::of_sides(truth.sides), truth.kind)).collect();
    let of = |found: Rect, (truth, kind): &(Rect, Kind)| match kind {
        Kind::Crowd => {
            let shared = found.shared(truth);
            if shared > 0.0 { shared / found.area() } else { 0.0 }
        }
        Kind::Object | Kind::Ignored => found.iou(truth),
    };
    cell.found
        .iter()
        .map(|found| Rect::of_sides(found.sides))
        .flat_map(|found| truths.iter().map(move |truth| of(found, truth)))
        .collect()
}

impl<'c> Matching<'c> {
    /// `overlap` is that of [`overlaps`]; `counts` says of an object that is no crowd whether it must be found.
    pub(super) fn new(
        cell: &'c Cell<'c>,
        overlap: &'c [f64],
        counts: impl Fn(usize) -> bool,
    ) -> Self {
        let truths = cell.truths.iter().enumerate();
        let ignored: Vec<bool> =
            truths.map(|(at, (_, truth))| truth.kind != Kind::Object || !counts(at)).collect();
        let mut order: Vec<usize> = (0..ignored.len()).collect();
        order.sort_by_key(|at| ignored[*at]);
        Self { cell, order, ignored, overlap }
    }

    /// Objects that must be found.
    pub(super) fn wanted(&self) -> usize {
        self.ignored.iter().filter(|ignored| !**ignored).count()
    }

    /// Need this object not be found?
    pub(super) fn is_ignored(&self, truth: usize) -> bool {
        self.ignored[truth]
    }

    /// For each detection, best first, the object that it is of: the one that it overlaps with most, from `limit` on, and
    /// that no better one has. One that need not be found is only taken where no other is there. Of objects that overlap
    /// alike, the last.
    pub(super) fn at(&self, limit: f64) -> Vec<Option<usize>> {
        let mut taken = vec![false; self.ignored.len()];
        let objects = self.ignored.len();
        let rows = 0..self.cell.found.len();
        rows.map(|row| {
            let overlap = &self.overlap[row * objects..(row + 1) * objects];
            let found = self.best(overlap, limit.min(LIMIT_MAX), &taken);
            if let Some(at) = found {
                taken[at] = true;
            }
            found
        })
        .collect()
    }

    fn best(&self, overlap: &[f64], limit: f64, taken: &[bool]) -> Option<usize> {
        let (mut best, mut most) = (None, limit);
        for &at in &self.order {
            if taken[at] && self.cell.truths[at].1.kind != Kind::Crowd {
                continue;
            }
            if best.is_some_and(|best: usize| !self.ignored[best]) && self.ignored[at] {
                break;
            }
            if overlap[at] >= most {
                (best, most) = (Some(at), overlap[at]);
            }
        }
        best
    }
}
