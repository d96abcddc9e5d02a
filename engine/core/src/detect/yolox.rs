//! The YOLOX head: one tensor, boxes relative to grid cells.
//!
//! Layout of the YOLOX export without decoding (Ge et al., "YOLOX: Exceeding YOLO Series in 2021",
//! section 2.1): a row is `cx, cy, log w, log h` in units of its grid's stride, objectness, and a
//! score for each class, the last two as probabilities. Rows run over the grids in the order of
//! the strides, each grid row by row. With `gx, gy` the cell and `s` the stride:
//! `x = (cx + gx) s`, `y = (cy + gy) s`, `w = exp(log w) s`, `h = exp(log h) s`.

use super::candidate::{ScanCount, Scored, Wanted, best_class, probability};
use super::grid::Cell;
use super::head::{Outputs, Reads};

#[derive(Debug)]
pub(super) struct Yolox {
    pub(super) classes: usize,
    /// Of each row.
    pub(super) cells: Vec<Cell>,
}

impl Yolox {
    fn columns(&self) -> usize {
        5 + self.classes
    }
}

impl Reads for Yolox {
    /// By the best labelled class times objectness.
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let Wanted { labelled, score_min } = wanted;
        let mut count = ScanCount::default();
        for (candidate, row) in outputs.values(0).chunks_exact(self.columns()).enumerate() {
            // A class score is at most 1, so objectness alone rules out nearly all rows. NaN is not
            // less than anything: it goes on, and is counted.
            if row[4] < score_min {
                continue;
            }
            let Some(objectness) = probability(row[4]) else {
                count.add_row(1, 1, false);
                continue;
            };
            let (best, invalid) = best_class(&row[5..], labelled, objectness);
            let sure = best.filter(|(_, score)| *score >= score_min);
            count.add_row(invalid, labelled.len(), sure.is_some());
            if let Some((class, score)) = sure {
                out.push(Scored { score, candidate: candidate as u32, class });
            }
        }
        count
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let row = &outputs.values(0)[candidate * self.columns()..][..4];
        let cell = self.cells[candidate];
        let centre = |axis: usize| (row[axis] + cell.at[axis]) * cell.stride;
        let half = |axis: usize| row[2 + axis].exp() * cell.stride * 0.5;
        let (x, y, w, h) = (centre(0), centre(1), half(0), half(1));
        [x - w, y - h, x + w, y + h]
    }
}
