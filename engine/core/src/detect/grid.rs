//! Cells of the grids that candidates belong to.

/// Where a candidate's grid cell lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// Column and row.
    pub(super) at: [f32; 2],
    /// Model px per cell.
    pub(super) stride: f32,
}

/// The cells of all candidates: the grids in the order of their strides, each row by row.
pub(super) fn cells([width, height]: [usize; 2], strides: &[usize]) -> Vec<Cell> {
    strides
        .iter()
        .flat_map(|&stride| {
            let (columns, rows) = (width.div_ceil(stride), height.div_ceil(stride));
            (0..rows).flat_map(move |y| {
                (0..columns).map(move |x| Cell { at: [x as f32, y as f32], stride: stride as f32 })
            })
        })
        .collect()
}
