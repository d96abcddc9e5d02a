//! The kernel's row in plain Rust, for any processor.
//!
//! Short loops over rows that stay in the first-level cache. Interpolating across is a look-up a
//! value, which no compiler vectorises; blending, converting and clamping are loops over equal
//! slices, which it does (SSE2 on x86-64, NEON on aarch64).

use super::color::Color;
use super::rows::{OutRow, SourceRows};
use super::sampling::{ColumnTap, WEIGHT_ONE};

/// Tables and row buffers for one geometry.
#[derive(Debug)]
pub(super) struct Portable {
    luma: Vec<ColumnTap>,
    chroma: Vec<ColumnTap>,
    /// Luma, first and second chroma plane of the output row, one value per column.
    samples: [Vec<f32>; 3],
    /// The lower of the two rows that are blended; then a channel that waits to be interleaved.
    scratch: Vec<f32>,
}

impl Portable {
    pub(super) fn new(luma: Vec<ColumnTap>, chroma: Vec<ColumnTap>) -> Self {
        let row = vec![0.0; luma.len()];
        Self { luma, chroma, samples: [row.clone(), row.clone(), row.clone()], scratch: row }
    }

    /// Writes one output row.
    pub(super) fn row(&mut self, source: &SourceRows<'_>, color: &Color, out: OutRow<'_>) {
        let [luma, first, second] = source.planes;
        let (wl, wc) = (source.luma_weight, source.chroma_weight);
        let jobs = [(luma, &self.luma, wl), (first, &self.chroma, wc), (second, &self.chroma, wc)];
        for (samples, ([top, bottom], taps, weight)) in self.samples.iter_mut().zip(jobs) {
            across(top, taps, samples);
            if weight > 0.0 {
                across(bottom, taps, &mut self.scratch);
                blend(samples, &self.scratch, weight);
            }
        }
        let samples = self.samples.each_ref().map(Vec::as_slice);
        match out {
            OutRow::Planar(planes) => {
                for (channel, out) in planes.into_iter().enumerate() {
                    convert(samples, color, channel, out);
                }
            }
            OutRow::Interleaved(out) => {
                for channel in 0..3 {
                    convert(samples, color, channel, &mut self.scratch);
                    let (pixels, _) = out.as_chunks_mut::<3>();
                    for (pixel, value) in pixels.iter_mut().zip(&self.scratch) {
                        pixel[channel] = *value;
                    }
                }
            }
        }
    }
}

/// Interpolates one row of samples across; values come out times [`WEIGHT_ONE`].
fn across(row: &[u8], taps: &[ColumnTap], out: &mut [f32]) {
    for (out, tap) in out.iter_mut().zip(taps) {
        let (left, right) = (i32::from(row[tap.left as usize]), i32::from(row[tap.right as usize]));
        *out = (left * i32::from(WEIGHT_ONE) + (right - left) * i32::from(tap.right_weight)) as f32;
    }
}

/// Blends the lower row into the upper one.
fn blend(top: &mut [f32], bottom: &[f32], weight: f32) {
    for (top, bottom) in top.iter_mut().zip(bottom) {
        *top += weight * (bottom - *top);
    }
}

/// One channel of a row. Sums run in the order of the vector path.
fn convert([y, first, second]: [&[f32]; 3], c: &Color, channel: usize, out: &mut [f32]) {
    let (gain, bias, ends) = (c.luma[channel], c.bias[channel], [c.low[channel], c.high[channel]]);
    let clamped = |v: f32| {
        // Not `f32::clamp`: this form is one instruction a bound, and nothing here is NaN.
        let v = if v > ends[0] { v } else { ends[0] };
        if v < ends[1] { v } else { ends[1] }
    };
    let outer = |out: &mut [f32], chroma: &[f32], chroma_gain: f32| {
        for ((out, y), chroma) in out.iter_mut().zip(y).zip(chroma) {
            *out = clamped(y * gain + (chroma * chroma_gain + bias));
        }
    };
    match channel {
        0 => outer(out, first, c.outer[0]),
        1 => {
            for (((out, y), first), second) in out.iter_mut().zip(y).zip(first).zip(second) {
                let chroma = first * c.green[0] + (second * c.green[1] + bias);
                *out = clamped(y * gain + chroma);
            }
        }
        _ => outer(out, second, c.outer[1]),
    }
}
