//! Planes → JPEG. A JPEG holds full-range BT.601 `Y'CbCr`, so most frames need their range
//! stretched and some their matrix changed; chroma stays halved. No RGB on the way.

#![expect(
    clippy::inline_always,
    reason = "only what is inlined into the function with AVX2 is compiled for AVX2"
)]

use super::turbo::{Compressor, Planes};
use crate::ledger::{Ledger, Stage};
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};

/// A frame that cannot be a JPEG.
#[derive(Debug, thiserror::Error)]
#[error("frame of {width}x{height} px to JPEG: {reason}")]
pub struct JpegError {
    width: usize,
    height: usize,
    reason: String,
}

/// Encodes frames. What it works with is kept from picture to picture: fresh memory costs a sixth
/// of what encoding does.
#[derive(Default)]
pub struct JpegEncoder {
    /// Planes that had to be converted.
    room: Vec<u8>,
    compressor: Option<Compressor>,
}

impl JpegEncoder {
    /// Encodes a frame. `quality` is 1 to 100; values outside are moved to the nearest. Chroma stays
    /// halved in both directions, as it is in the frame.
    ///
    /// # Errors
    /// [`JpegError`] when the encoder fails; no frame that a `FrameView` admits is too large for it.
    pub fn encode(
        &mut self,
        view: &FrameView<'_>,
        quality: u8,
        ledger: &Ledger,
    ) -> Result<&[u8], JpegError> {
        let (width, height) = (view.width(), view.height());
        let failed = |reason| JpegError { width, height, reason };
        let planes = planes(view, &mut self.room);
        ledger.add(Stage::Evidence, planes.moved);
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new().map_err(failed)?),
        };
        compressor.encode(&planes, quality.clamp(1, 100)).map_err(failed)
    }

    /// What it encoded last; empty before that, and after an encoding that failed.
    pub fn latest(&self) -> &[u8] {
        self.compressor.as_ref().map_or(&[], Compressor::latest)
    }
}

/// Planes of a view: its own where they are already what a JPEG holds, else in `room`.
fn planes<'a>(view: &FrameView<'a>, room: &'a mut Vec<u8>) -> Planes<'a> {
    let needed = needed(view);
    let moved = needed.iter().sum();
    if room.len() < moved {
        room.resize(moved, 0);
    }
    let (luma, chroma) = room[..moved].split_at_mut(needed[0]);
    let (blue, red) = chroma.split_at_mut(needed[1]);
    convert(view, [&mut *luma, &mut *blue, &mut *red]);
    let columns = view.width().div_ceil(2);
    let plane = |index: usize, made: &'a [u8], stride: usize| match needed[index] {
        0 => view.plane(index),
        _ => Plane { data: made, stride },
    };
    let samples = [plane(0, luma, columns * 2), plane(1, blue, columns), plane(2, red, columns)];
    Planes { width: view.width(), height: view.height(), samples, moved }
}

/// Bytes of the planes that have to be made: none of a plane that can be taken as it is.
fn needed(view: &FrameView<'_>) -> [usize; 3] {
    let (width, height) = (view.width(), view.height());
    let pairs = width.div_ceil(2) * height.div_ceil(2);
    let same = Conversion::new(view.matrix(), view.range()).identity;
    // An odd last row or column has to be doubled.
    let luma = if same && width % 2 == 0 && height % 2 == 0 { 0 } else { pairs * 4 };
    let chroma = if same && view.format() == PixelFormat::I420 { 0 } else { pairs };
    [luma, chroma, chroma]
}

/// Converts the planes of a view for which there is room.
fn convert(view: &FrameView<'_>, to: [&mut [u8]; 3]) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "calls what needs AVX2 where it is there")]
    {
        #[target_feature(enable = "avx2")]
        fn wide(view: &FrameView<'_>, to: [&mut [u8]; 3]) {
            convert_rows(view, to);
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function needs.
            return unsafe { wide(view, to) };
        }
    }
    convert_rows(view, to);
}

#[inline(always)]
fn convert_rows(view: &FrameView<'_>, [luma, blue, red]: [&mut [u8]; 3]) {
    let [columns, rows] = [view.width().div_ceil(2), view.height().div_ceil(2)];
    let convert = Conversion::new(view.matrix(), view.range());
    let row = |plane: usize, y: usize, len: usize| {
        let plane = view.plane(plane);
        &plane.data[y * plane.stride..][..len]
    };
    let [mut blue_row, mut red_row] = [vec![0u8; columns], vec![0u8; columns]];
    let (mut once, mut shift) = (vec![0i16; columns], vec![0i16; columns * 2]);
    for y in 0..rows {
        let (cb, cr) = match view.format() {
            PixelFormat::I420 => (row(1, y, columns), row(2, y, columns)),
            PixelFormat::Nv12 => {
                let pairs = row(1, y, columns * 2).chunks_exact(2);
                for ((cb, cr), pair) in blue_row.iter_mut().zip(&mut red_row).zip(pairs) {
                    (*cb, *cr) = (pair[0], pair[1]);
                }
                (&*blue_row, &*red_row)
            }
        };
        if !blue.is_empty() {
            let out = y * columns..(y + 1) * columns;
            convert.chroma(cb, cr, &mut blue[out.clone()], &mut red[out]);
        }
        if luma.is_empty() {
            continue;
        }
        convert.luma_shift(cb, cr, &mut once, &mut shift);
        for line in 0..2 {
            // An odd last row is there twice, as an odd last column is.
            let from = row(0, (y * 2 + line).min(view.height() - 1), view.width());
            let out = &mut luma[(y * 2 + line) * columns * 2..][..columns * 2];
            convert.luma(from, &shift, &mut out[..view.width()]);
            if view.width() % 2 == 1 {
                out[view.width()] = out[view.width() - 1];
            }
        }
    }
}

/// Binary places of sums.
const PLACES: u32 = 5;

/// `Y'CbCr` of the frame → full-range BT.601 `Y'CbCr`, as an affine map in 16-bit fixed point: eight
/// samples at once with the instructions that every processor has. Exact to a third of a level.
struct Conversion {
    /// Rows Y', Cb, Cr; columns Y', Cb, Cr with 14 binary places.
    gain: [[i16; 3]; 3],
    /// Of the rows, with [`PLACES`] and a half for rounding.
    offset: [i16; 3],
    identity: bool,
}

impl Conversion {
    fn new(matrix: ColorMatrix, range: ColorRange) -> Self {
        // Normalised input: luma 0..1, chroma -0.5..0.5 (ITU-T H.273, equations for 8 bit).
        let (luma, luma_off, chroma) = match range {
            ColorRange::Limited => (1.0 / 219.0, 16.0, 1.0 / 224.0),
            ColorRange::Full => (1.0 / 255.0, 0.0, 1.0 / 255.0),
        };
        let n = between(matrix);
        let (mut gain, mut offset) = ([[0; 3]; 3], [0; 3]);
        for (i, row) in gain.iter_mut().enumerate() {
            let scale = [n[i][0] * luma, n[i][1] * chroma, n[i][2] * chroma].map(|v| v * 255.0);
            let centre = if i == 0 { 0.0 } else { 128.0 };
            let zero = centre - scale[0] * luma_off - (scale[1] + scale[2]) * 128.0;
            *row = scale.map(|v| (v * 16384.0).round() as i16);
            offset[i] = ((zero + 0.5) * f64::from(1 << PLACES)).round() as i16;
        }
        let identity = matrix == ColorMatrix::Bt601 && range == ColorRange::Full;
        Self { gain, offset, identity }
    }

    #[inline(always)]
    fn chroma(&self, cb: &[u8], cr: &[u8], blue: &mut [u8], red: &mut [u8]) {
        if self.identity {
            blue.copy_from_slice(cb);
            red.copy_from_slice(cr);
            return;
        }
        for (row, out) in [(1, blue), (2, red)] {
            let ([_, by_blue, by_red], offset) = (self.gain[row], self.offset[row]);
            for ((out, cb), cr) in out.iter_mut().zip(cb).zip(cr) {
                *out = level(times(*cb, by_blue) + times(*cr, by_red) + offset);
            }
        }
    }

    /// What chroma adds to the luma of its two columns.
    #[inline(always)]
    fn luma_shift(&self, cb: &[u8], cr: &[u8], once: &mut [i16], shift: &mut [i16]) {
        let ([_, by_blue, by_red], offset) = (self.gain[0], self.offset[0]);
        if self.identity {
            return;
        }
        if (by_blue, by_red) == (0, 0) {
            shift.fill(offset);
            return;
        }
        // In two passes, of which each is done for many samples at once.
        for ((once, cb), cr) in once.iter_mut().zip(cb).zip(cr) {
            *once = times(*cb, by_blue) + times(*cr, by_red) + offset;
        }
        for (pair, one) in shift.as_chunks_mut::<2>().0.iter_mut().zip(&*once) {
            *pair = [*one; 2];
        }
    }

    #[inline(always)]
    fn luma(&self, from: &[u8], shift: &[i16], out: &mut [u8]) {
        if self.identity {
            out.copy_from_slice(from);
            return;
        }
        let gain = self.gain[0][0];
        for ((out, y), shift) in out.iter_mut().zip(from).zip(shift) {
            *out = level(times(*y, gain) + shift);
        }
    }
}

/// A sample times a gain, with [`PLACES`]. Gains are below 2, so it fits.
#[inline(always)]
fn times(sample: u8, gain: i16) -> i16 {
    let sample = i16::from(sample) << 7;
    ((i32::from(sample) * i32::from(gain)) >> 16) as i16
}

#[inline(always)]
fn level(sum: i16) -> u8 {
    (sum >> PLACES).clamp(0, 255) as u8
}

/// Normalised `Y'CbCr` of `matrix` → that of BT.601, by way of `R'G'B'`, from the luma
/// weights of ITU-R BT.601-7 and BT.709-6.
fn between(matrix: ColorMatrix) -> [[f64; 3]; 3] {
    const KR_KB_601: (f64, f64) = (0.299, 0.114);
    let (kr, kb) = match matrix {
        ColorMatrix::Bt601 => return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        ColorMatrix::Bt709 => (0.2126, 0.0722),
    };
    let kg = 1.0 - kr - kb;
    // R' = Y' + 2(1-Kr)Cr, B' = Y' + 2(1-Kb)Cb, G' from Y' = KrR' + KgG' + KbB'.
    let rgb = [
        [1.0, 0.0, 2.0 * (1.0 - kr)],
        [1.0, -2.0 * kb * (1.0 - kb) / kg, -2.0 * kr * (1.0 - kr) / kg],
        [1.0, 2.0 * (1.0 - kb), 0.0],
    ];
    let (kr, kb) = KR_KB_601;
    let weights = [kr, 1.0 - kr - kb, kb];
    let mut out = [[0.0; 3]; 3];
    for col in 0..3 {
        let y: f64 = (0..3).map(|c| weights[c] * rgb[c][col]).sum();
        out[0][col] = y;
        out[1][col] = (rgb[2][col] - y) / (2.0 * (1.0 - kb));
        out[2][col] = (rgb[0][col] - y) / (2.0 * (1.0 - kr));
    }
    out
}

#[cfg(test)]
mod tests;
