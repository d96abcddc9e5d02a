//! The SSD head: two decoded tensors, scores and boxes.
//!
//! Layout of the TensorFlow Object Detection API's SSD export, before its own suppression: scores
//! `[n, candidates, classes]` as independent probabilities (sigmoid, background left out), boxes
//! `[n, candidates, 4]` as `y0, x0, y1, x1` in fractions of the input, possibly past its edges.

use super::candidate::{ScanCount, Scored, best_class};

/// Finds the candidates of one image whose best labelled class reaches `confidence_min`.
///
/// - `scores`: `[candidates, classes]` of one image.
/// - `labelled`: class columns of interest.
pub(super) fn scan(
    scores: &[f32],
    classes: usize,
    labelled: &[u16],
    confidence_min: f32,
    out: &mut Vec<Scored>,
) -> ScanCount {
    let mut count = ScanCount::default();
    for (candidate, row) in scores.chunks_exact(classes).enumerate() {
        if !any_reaches(row, confidence_min) {
            continue;
        }
        let (best, invalid) = best_class(row, labelled, 1.0);
        let sure = best.filter(|(_, score)| *score >= confidence_min);
        count.add_row(invalid, labelled.len(), sure.is_some());
        if let Some((class, score)) = sure {
            out.push(Scored { score, candidate: candidate as u32, class });
        }
    }
    count
}

/// Is any value at least `min`, or not a number? No early exit and no branch, so that it becomes
/// vector code: nearly all rows hold nothing, and this is all that is done for them.
fn any_reaches(row: &[f32], min: f32) -> bool {
    // `!(v < min)` and not `v >= min`: a NaN must be seen, to be counted.
    #[allow(clippy::neg_cmp_op_on_partial_ord, clippy::needless_bitwise_bool)]
    row.iter().fold(false, |any, &v| any | !(v < min))
}

/// Corners `x0, y0, x1, y1` of a candidate in model px.
pub(super) fn corners(boxes: &[f32], candidate: usize, input_px: [f32; 2]) -> [f32; 4] {
    let b = &boxes[candidate * 4..][..4];
    [b[1] * input_px[0], b[0] * input_px[1], b[3] * input_px[0], b[2] * input_px[1]]
}
