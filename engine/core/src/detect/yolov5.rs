//! The YOLOv5 head: one tensor, boxes decoded in the graph, objectness.
//!
//! Layout of the exports of YOLOv5 and YOLOv7 without suppression: a row is `cx, cy, w, h`, objectness, and a score for
//! each class, the last two as probabilities. Boxes are in px of the input; in fractions of it, where an export came by
//! way of TensorFlow.

use super::candidate::{ScanCount, Scored, Wanted};
use super::head::{Outputs, Reads};
use super::objectness::scan_objectness;
use super::shape::around;

#[derive(Debug)]
pub(super) struct Yolov5 {
    pub(super) classes: usize,
    /// Input px to the unit of boxes.
    pub(super) scale: [f32; 2],
}

impl Yolov5 {
    fn columns(&self) -> usize {
        5 + self.classes
    }
}

impl Reads for Yolov5 {
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        scan_objectness(outputs.values(0).chunks_exact(self.columns()), wanted, out)
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let row = &outputs.values(0)[candidate * self.columns()..][..4];
        let [x, y] = self.scale;
        around([row[0] * x, row[1] * y], [row[2] * x, row[3] * y])
    }
}
