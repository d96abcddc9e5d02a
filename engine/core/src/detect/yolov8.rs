//! The YOLOv8 head: one tensor, a candidate a column.
//!
//! Layout of the exports of YOLOv8, 11 and 12 without suppression: `[n, 4 + classes, candidates]`, in which a column is
//! `cx, cy, w, h` and a probability for each class. Boxes are in px of the input; in fractions of it, where an export
//! came by way of TensorFlow. Read as it lies: scores of one class are beside each other.

use super::candidate::{Scale, Scan, ScanCount, Scored, Wanted};
use super::head::{Outputs, Reads};
use super::shape::around;

/// Candidates that are looked at together, class by class: few enough for the processor's registers and first cache.
const BLOCK: usize = 64;

#[derive(Debug)]
pub(super) struct Yolov8 {
    pub(super) candidates: usize,
    /// Input px to the unit of boxes.
    pub(super) scale: [f32; 2],
}

impl Reads for Yolov8 {
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let (n, values) = (self.candidates, outputs.values(0));
        let scores = &values[4 * n..];
        let mut scan = Scan::new(wanted, Scale::Probabilities, out);
        for first in (0..n).step_by(BLOCK) {
            let len = BLOCK.min(n - first);
            let mut reach = [false; BLOCK];
            for &class in wanted.labelled {
                let of_class = &scores[usize::from(class) * n + first..][..len];
                for (reach, score) in reach.iter_mut().zip(of_class) {
                    // A NaN must be seen, to be counted; no branch, so that it becomes vector code.
                    #[allow(clippy::neg_cmp_op_on_partial_ord)]
                    {
                        *reach |= !(*score < wanted.score_min);
                    }
                }
            }
            for candidate in (first..first + len).filter(|at| reach[at - first]) {
                scan.classes(candidate, 1.0, |class| scores[class * n + candidate]);
            }
        }
        scan.count()
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let value = |row: usize| outputs.values(0)[row * self.candidates + candidate];
        let [x, y] = self.scale;
        around([value(0) * x, value(1) * y], [value(2) * x, value(3) * y])
    }
}
