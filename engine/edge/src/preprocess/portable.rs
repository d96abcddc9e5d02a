//! The kernel's row in plain Rust, for any processor.
//!
//! Two passes over rows that stay in the first-level cache: six rows of samples are interpolated
//! across (look-ups, which no compiler vectorises), then blended, converted and written (which it
//! does: SSE2 on x86-64, NEON on aarch64).

use super::color::Color;
use super::sampling::{ColumnTap, WEIGHT_ONE};
use super::{OutRow, SourceRows};

/// Tables and row buffers for one geometry.
#[derive(Debug)]
pub(super) struct Portable {
    luma: Vec<ColumnTap>,
    chroma: Vec<ColumnTap>,
    /// Luma top and bottom, then the same of both chroma planes; one value per output column.
    rows: [Vec<f32>; 6],
}

impl Portable {
    pub(super) fn new(luma: Vec<ColumnTap>, chroma: Vec<ColumnTap>) -> Self {
        let rows = std::array::from_fn(|_| vec![0.0; luma.len()]);
        Self { luma, chroma, rows }
    }

    /// Writes one output row.
    pub(super) fn row(&mut self, source: &SourceRows<'_>, color: &Color, out: OutRow<'_>) {
        let [luma, first, second] = &source.planes;
        for (buffer, row) in self.rows.iter_mut().zip(luma) {
            across(row, &self.luma, buffer);
        }
        for (buffer, row) in self.rows[2..].iter_mut().zip(first.iter().chain(second)) {
            across(row, &self.chroma, buffer);
        }
        let rows = self.rows.each_ref().map(Vec::as_slice);
        let weights = [source.luma_weight, source.chroma_weight];
        match out {
            OutRow::Planar([a, b, c]) => planar(rows, weights, color, a, b, c),
            OutRow::Interleaved(out) => interleaved(rows, weights, color, out),
        }
    }
}

/// Interpolates one row of samples across; values come out times [`WEIGHT_ONE`].
fn across(row: &[u8], taps: &[ColumnTap], out: &mut [f32]) {
    for (out, tap) in out.iter_mut().zip(taps) {
        let (left, right) = (i32::from(row[tap.left as usize]), i32::from(row[tap.right as usize]));
        let weight = i32::from(tap.right_weight);
        *out = (left * (i32::from(WEIGHT_ONE) - weight) + right * weight) as f32;
    }
}

/// One pixel: blend down, convert, clamp. Sums run in the order of the vector path.
#[inline(always)]
fn pixel(v: [f32; 6], [luma_weight, chroma_weight]: [f32; 2], c: &Color) -> [f32; 3] {
    let blend = |top: f32, bottom: f32, weight: f32| top + weight * (bottom - top);
    let y = blend(v[0], v[1], luma_weight);
    let first = blend(v[2], v[3], chroma_weight);
    let second = blend(v[4], v[5], chroma_weight);
    let sums = [
        y * c.luma[0] + (first * c.outer[0] + c.bias[0]),
        y * c.luma[1] + (first * c.green[0] + (second * c.green[1] + c.bias[1])),
        y * c.luma[2] + (second * c.outer[1] + c.bias[2]),
    ];
    std::array::from_fn(|i| sums[i].max(c.low[i]).min(c.high[i]))
}

fn planar(
    rows: [&[f32]; 6],
    weights: [f32; 2],
    color: &Color,
    a: &mut [f32],
    b: &mut [f32],
    c: &mut [f32],
) {
    // Equal lengths, said once, let the loop run without checks.
    let n = a.len();
    let (rows, b, c) = (rows.map(|r| &r[..n]), &mut b[..n], &mut c[..n]);
    for i in 0..n {
        [a[i], b[i], c[i]] = pixel(rows.map(|r| r[i]), weights, color);
    }
}

fn interleaved(rows: [&[f32]; 6], weights: [f32; 2], color: &Color, out: &mut [f32]) {
    let (pixels, _) = out.as_chunks_mut::<3>();
    let n = pixels.len();
    let rows = rows.map(|r| &r[..n]);
    for (i, out) in pixels.iter_mut().enumerate() {
        *out = pixel(rows.map(|r| r[i]), weights, color);
    }
}
