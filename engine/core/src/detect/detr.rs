//! The DETR head: two tensors, one row for each query.
//!
//! Layout of RT-DETR, D-FINE and RF-DETR before their own sorting: scores `[n, candidates, classes]` as logits of each
//! class by itself (Zhao et al. 2023), boxes `[n, candidates, 4]` as `cx, cy, w, h` in fractions of the input. DETR
//! itself (Carion et al. 2020) has one column more, for no object, and a softmax over all of them.

use super::candidate::{Scale, Scan, ScanCount, Scored, Wanted, any_reaches};
use super::head::{Outputs, Reads};
use super::shape::around;
use crate::model::Activation;

#[derive(Debug)]
pub(super) struct Detr {
    /// Columns of the scores.
    pub(super) classes: usize,
    pub(super) activation: Activation,
    /// Columns and rows of the input.
    pub(super) input_px: [f32; 2],
}

impl Reads for Detr {
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount {
        let rows = outputs.values(0).chunks_exact(self.classes);
        let scale = match self.activation {
            Activation::None => Scale::Probabilities,
            Activation::Sigmoid => Scale::Logits,
            Activation::Softmax => return scan_softmax(rows, wanted, out),
        };
        let mut scan = Scan::new(wanted, scale, out);
        scan.rows(rows);
        scan.count()
    }

    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4] {
        let b = &outputs.values(1)[candidate * 4..][..4];
        let [width, height] = self.input_px;
        around([b[0] * width, b[1] * height], [b[2] * width, b[3] * height])
    }
}

/// Of rows of logits whose last one is that of no object.
fn scan_softmax<'r>(
    rows: impl Iterator<Item = &'r [f32]>,
    wanted: Wanted<'_>,
    out: &mut Vec<Scored>,
) -> ScanCount {
    // Against no object alone a class is likelier than against all others.
    let ahead = Scale::Logits.least(wanted.score_min);
    let mut scan = Scan::new(wanted, Scale::Probabilities, out);
    for (candidate, row) in rows.enumerate() {
        let Some((nothing, objects)) = row.split_last() else { continue };
        // Also where the sum is not a number.
        if !any_reaches(objects, nothing + ahead) {
            continue;
        }
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mass: f32 = row.iter().map(|logit| (logit - largest).exp()).sum();
        scan.classes(candidate, 1.0, |class| (row[class] - largest).exp() / mass);
    }
    scan.count()
}
