//! The YOLOX head: one tensor, boxes relative to grid cells.
//!
//! Layout of the YOLOX export without decoding (Ge et al., "YOLOX: Exceeding YOLO Series in 2021",
//! section 2.1): a row is `cx, cy, log w, log h` in units of its grid's stride, objectness, and a
//! score for each class, the last two as probabilities. Rows run over the grids in the order of
//! the strides, each grid row by row. With `gx, gy` the cell and `s` the stride:
//! `x = (cx + gx) s`, `y = (cy + gy) s`, `w = exp(log w) s`, `h = exp(log h) s`.

use super::candidate::{ScanCount, Scored, Wanted};
use super::grid::Cell;
use super::head::{Outputs, Reads};
use super::objectness::scan_objectness;
use super::shape::around;

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
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        scan_objectness(outputs.values(0).chunks_exact(self.columns()), wanted, out)
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let row = &outputs.values(0)[candidate * self.columns()..][..4];
        let cell = self.cells[candidate];
        let centre = |axis: usize| (row[axis] + cell.at[axis]) * cell.stride;
        let side = |axis: usize| row[2 + axis].exp() * cell.stride;
        around([centre(0), centre(1)], [side(0), side(1)])
    }
}
