//! What decoding asks of a head, whatever its layout.

use super::candidate::{ScanCount, Scored, Wanted};
use std::fmt::Debug;

/// A borrowed output tensor, row-major: a view onto the memory that it was written to.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    /// Sizes of the axes, slowest first.
    pub shape: &'a [usize],
    /// The values.
    pub data: &'a [f32],
}

impl<'a> TensorView<'a> {
    /// The values of one image of a checked tensor, whose first axis is the batch.
    fn of_image(self, image: usize) -> &'a [f32] {
        let len: usize = self.shape[1..].iter().product();
        &self.data[image * len..][..len]
    }
}

/// The checked tensors of one run, of which one image is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outputs<'a> {
    pub(super) tensors: &'a [TensorView<'a>],
    pub(super) image: usize,
}

impl<'a> Outputs<'a> {
    /// That image's values of a tensor, by its place in [`Head::tensors`](crate::model::Head::tensors).
    pub(super) fn values(&self, tensor: usize) -> &'a [f32] {
        self.tensors[tensor].of_image(self.image)
    }
}

/// A head at one size of the input. It may meet any bits: what is no number is skipped or handed on, never a panic.
pub(super) trait Reads: Debug + Send + Sync {
    /// Adds to `out` the candidates whose best labelled class reaches the least score.
    fn scan(&self, outputs: Outputs<'_>, wanted: Wanted<'_>, out: &mut Vec<Scored>) -> ScanCount;

    /// Corners `x0, y0, x1, y1` of a candidate in model px; whatever comes out, where the values are none.
    fn corners(&self, outputs: Outputs<'_>, candidate: usize) -> [f32; 4];
}
