//! The YOLOX head: one tensor, boxes relative to grid cells.
//!
//! Layout of the YOLOX export without decoding (Ge et al., "YOLOX: Exceeding YOLO Series in 2021",
//! section 2.1): a row is `cx, cy, log w, log h` in units of its grid's stride, objectness, and a
//! score for each class, the last two as probabilities. Rows run over the grids in the order of
//! the strides, each grid row by row. With `gx, gy` the cell and `s` the stride:
//! `x = (cx + gx) s`, `y = (cy + gy) s`, `w = exp(log w) s`, `h = exp(log h) s`.

use super::candidate::{ScanCount, Scored, best_class, probability};

/// Where a candidate's grid cell lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// Column and row.
    at: [f32; 2],
    /// Model px per cell.
    stride: f32,
}

/// The cells of all candidates, in the order of the rows.
pub(super) fn cells(width: usize, height: usize, strides: &[usize]) -> Vec<Cell> {
    strides
        .iter()
        .flat_map(|&stride| {
            let (columns, rows) = (width / stride, height / stride);
            (0..rows).flat_map(move |y| {
                (0..columns).map(move |x| Cell { at: [x as f32, y as f32], stride: stride as f32 })
            })
        })
        .collect()
}

/// Finds the candidates of one image whose best labelled class, times objectness, reaches
/// `confidence_min`.
///
/// - `rows`: `[candidates, 5 + classes]` of one image.
/// - `labelled`: class columns of interest, counted from the first class.
pub(super) fn scan(
    rows: &[f32],
    classes: usize,
    labelled: &[u16],
    confidence_min: f32,
    out: &mut Vec<Scored>,
) -> ScanCount {
    let mut count = ScanCount::default();
    for (candidate, row) in rows.chunks_exact(5 + classes).enumerate() {
        // A class score is at most 1, so objectness alone rules out nearly all rows. NaN is not
        // less than anything: it goes on, and is counted.
        if row[4] < confidence_min {
            continue;
        }
        let Some(objectness) = probability(row[4]) else {
            count.add_row(1, 1, false);
            continue;
        };
        let (best, invalid) = best_class(&row[5..], labelled, objectness);
        let sure = best.filter(|(_, score)| *score >= confidence_min);
        count.add_row(invalid, labelled.len(), sure.is_some());
        if let Some((class, score)) = sure {
            out.push(Scored { score, candidate: candidate as u32, class });
        }
    }
    count
}

/// Corners `x0, y0, x1, y1` of a candidate in model px.
pub(super) fn corners(rows: &[f32], columns: usize, candidate: usize, cell: Cell) -> [f32; 4] {
    let row = &rows[candidate * columns..][..4];
    let centre = |axis: usize| (row[axis] + cell.at[axis]) * cell.stride;
    let half = |axis: usize| row[2 + axis].exp() * cell.stride * 0.5;
    let (x, y, w, h) = (centre(0), centre(1), half(0), half(1));
    [x - w, y - h, x + w, y + h]
}
