//! The SSD head: two decoded tensors, scores and boxes.
//!
//! Layout of the TensorFlow Object Detection API's SSD export, before its own suppression: scores
//! `[n, candidates, classes]` as independent probabilities (sigmoid, background left out), boxes
//! `[n, candidates, 4]` as `y0, x0, y1, x1` in fractions of the input, possibly past its edges.

use super::candidate::{Scale, Scan, ScanCount, Scored, Wanted};
use super::head::{Outputs, Reads};

#[derive(Debug)]
pub(super) struct Ssd {
    pub(super) classes: usize,
    /// Columns and rows of the input.
    pub(super) input_px: [f32; 2],
}

impl Reads for Ssd {
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let mut scan = Scan::new(wanted, Scale::Probabilities, out);
        scan.rows(outputs.values(0).chunks_exact(self.classes));
        scan.count()
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let b = &outputs.values(1)[candidate * 4..][..4];
        let [width, height] = self.input_px;
        [b[1] * width, b[0] * height, b[3] * width, b[2] * height]
    }
}
