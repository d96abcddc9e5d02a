//! The `NanoDet` head: one tensor, sides as distributions of their distance.
//!
//! Layout of the exports of `NanoDet` and `NanoDet-Plus` (generalised focal loss: Li et al. 2020, section 3.2): a row is a
//! probability for each class, then, for left, top, right and bottom in turn, the logits of `bins` distances from the
//! cell's point: 0, 1, 2 … cells. A side's distance is the mean of its distribution. Rows run over the grids in the
//! order of the strides, each grid row by row. With `x, y` the point in px, `s` the stride and
//! `d = s Σ i softmax(l)_i`: `x0 = x - d_left`, `y0 = y - d_top`, `x1 = x + d_right`, `y1 = y + d_bottom`.

use super::candidate::{Scale, Scan, ScanCount, Scored, Wanted};
use super::grid::Cell;
use super::head::{Outputs, Reads};

#[derive(Debug)]
pub(super) struct Nanodet {
    pub(super) classes: usize,
    /// Distances of a side's distribution.
    pub(super) bins: usize,
    /// Of each row.
    pub(super) cells: Vec<Cell>,
    /// Where in its cell a row's point lies: 0 is the upper left corner, 0.5 the middle.
    pub(super) point: f32,
}

impl Nanodet {
    fn columns(&self) -> usize {
        self.classes + 4 * self.bins
    }
}

impl Reads for Nanodet {
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let rows = outputs.values(0).chunks_exact(self.columns());
        let mut scan = Scan::new(wanted, Scale::Probabilities, out);
        scan.rows(rows.map(|row| &row[..self.classes]));
        scan.count()
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let row = &outputs.values(0)[candidate * self.columns()..][..self.columns()];
        let cell = self.cells[candidate];
        let distance = |side: usize| {
            let logits = &row[self.classes + side * self.bins..][..self.bins];
            mean_distance(logits) * cell.stride
        };
        let [x, y] = cell.at.map(|at| (at + self.point) * cell.stride);
        [x - distance(0), y - distance(1), x + distance(2), y + distance(3)]
    }
}

/// Mean of the distribution that these logits are, in cells; not a number where one of them is none, or too large.
fn mean_distance(logits: &[f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut mass, mut moment) = (0.0f32, 0.0f32);
    for (distance, logit) in logits.iter().enumerate() {
        let share = (logit - largest).exp();
        mass += share;
        moment += share * distance as f32;
    }
    moment / mass
}
