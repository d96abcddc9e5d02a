//! Rows of samples that are read, rows of pixels that are written.

use super::sampling::RowTap;
use viahe_core::frame::{FrameView, PixelFormat};
use viahe_core::geometry::PxRect;
use viahe_core::tensor::{InputSpec, Layout};

/// The samples that one output row reads: top and bottom row of luma, of the first channel's
/// chroma and of the last channel's.
pub(super) struct SourceRows<'a> {
    pub(super) planes: [[&'a [u8]; 2]; 3],
    pub(super) luma_weight: f32,
    pub(super) chroma_weight: f32,
}

/// A frame's planes as three planes of samples. Of interleaved chroma, the second plane is the
/// first one less its first byte.
pub(super) struct SamplePlanes<'a> {
    luma: SamplePlane<'a>,
    chroma: [SamplePlane<'a>; 2],
}

#[derive(Clone, Copy)]
struct SamplePlane<'a> {
    data: &'a [u8],
    stride: usize,
    row_bytes: usize,
}

impl<'a> SamplePlane<'a> {
    fn row(self, y: usize) -> &'a [u8] {
        let start = y * self.stride;
        &self.data[start..start + self.row_bytes]
    }

    fn pair(self, tap: RowTap) -> [&'a [u8]; 2] {
        [self.row(tap.top), self.row(tap.bottom)]
    }
}

impl<'a> SamplePlanes<'a> {
    /// `order` says which of Cb (0) and Cr (1) comes first.
    pub(super) fn new(frame: &FrameView<'a>, order: [usize; 2]) -> Self {
        let chroma_bytes = chroma_row_bytes(frame.width(), frame.format());
        let plane = |i: usize, skip: usize, row_bytes| {
            let plane = frame.plane(i);
            SamplePlane { data: &plane.data[skip..], stride: plane.stride, row_bytes }
        };
        let chroma = |i: usize| match frame.format() {
            PixelFormat::I420 => plane(1 + i, 0, chroma_bytes),
            PixelFormat::Nv12 => plane(1, i, chroma_bytes),
        };
        Self { luma: plane(0, 0, frame.width()), chroma: order.map(chroma) }
    }

    pub(super) fn rows(&self, luma: RowTap, chroma: RowTap) -> SourceRows<'a> {
        let [first, second] = self.chroma;
        SourceRows {
            planes: [self.luma.pair(luma), first.pair(chroma), second.pair(chroma)],
            luma_weight: luma.bottom_weight,
            chroma_weight: chroma.bottom_weight,
        }
    }
}

/// Where one row of pixels goes.
pub(super) enum OutRow<'a> {
    /// One row of each channel.
    Planar([&'a mut [f32]; 3]),
    /// Three values a pixel.
    Interleaved(&'a mut [f32]),
}

/// The pixels of row `row` of `place` in the tensor.
pub(super) fn out_row<'a>(
    spec: &InputSpec,
    out: &'a mut [f32],
    place: PxRect,
    row: usize,
) -> OutRow<'a> {
    let start = (place.y + row) * spec.width + place.x;
    let end = start + place.width;
    match spec.layout {
        Layout::Nchw => {
            let (a, rest) = out.split_at_mut(spec.width * spec.height);
            let (b, c) = rest.split_at_mut(spec.width * spec.height);
            OutRow::Planar([a, b, c].map(|plane| &mut plane[start..end]))
        }
        Layout::Nhwc => OutRow::Interleaved(&mut out[start * 3..end * 3]),
    }
}

/// Bytes from the first to the last sample of a chroma plane's row; interleaved samples are two
/// bytes apart.
pub(super) fn chroma_row_bytes(width: usize, format: PixelFormat) -> usize {
    let samples = width.div_ceil(2);
    match format {
        PixelFormat::I420 => samples,
        PixelFormat::Nv12 => samples * 2 - 1,
    }
}
