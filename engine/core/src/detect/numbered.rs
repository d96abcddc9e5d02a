//! Heads whose classes are numbers: what is left when repeats are removed in the graph, or never arise.
//!
//! `yolov10`: rows `x0, y0, x1, y1, score, class` of one tensor, as YOLOv10 and YOLO26 and exports with suppression have
//! them. `efficientdet`: boxes `y0, x0, y1, x1`, scores and class numbers in a tensor each, as exports of TensorFlow's
//! detectors have them. Scores are probabilities; rows of score 0 are padding.

use super::candidate::{Scale, Scan, ScanCount, Scored, Wanted};
use super::head::{Outputs, Reads};

const COLUMNS: usize = 6;

#[derive(Debug)]
pub(super) struct Yolov10 {
    pub(super) classes: usize,
    /// Input px to the unit of boxes.
    pub(super) scale: [f32; 2],
}

impl Reads for Yolov10 {
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let mut scan = Scan::new(wanted, Scale::Probabilities, out);
        for (candidate, row) in outputs.values(0).chunks_exact(COLUMNS).enumerate() {
            scan.numbered(candidate, row[4], row[5], self.classes);
        }
        scan.count()
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let b = &outputs.values(0)[candidate * COLUMNS..][..4];
        let [x, y] = self.scale;
        [b[0] * x, b[1] * y, b[2] * x, b[3] * y]
    }
}

#[derive(Debug)]
pub(super) struct Efficientdet {
    pub(super) classes: usize,
    /// Input px to the unit of boxes.
    pub(super) scale: [f32; 2],
}

impl Reads for Efficientdet {
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let mut scan = Scan::new(wanted, Scale::Probabilities, out);
        let rows = outputs.values(1).iter().zip(outputs.values(2));
        for (candidate, (score, class)) in rows.enumerate() {
            scan.numbered(candidate, *score, *class, self.classes);
        }
        scan.count()
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let b = &outputs.values(0)[candidate * 4..][..4];
        let [x, y] = self.scale;
        [b[1] * x, b[0] * y, b[3] * x, b[2] * y]
    }
}
