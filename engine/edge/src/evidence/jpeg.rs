//! Planes → JPEG. A JPEG holds full-range BT.601 `Y'CbCr`, so most frames need their range
//! stretched and some their matrix changed; chroma stays halved. No RGB on the way.

use super::turbo;
use crate::ledger::{Ledger, Stage};
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat};

/// A frame that cannot be a JPEG.
#[derive(Debug, thiserror::Error)]
#[error("frame of {width}x{height} px to JPEG: {reason}")]
pub struct JpegError {
    width: usize,
    height: usize,
    reason: String,
}

/// Encodes a frame. `quality` is 1 to 100; values outside are moved to the nearest. Chroma stays
/// halved in both directions, as it is in the frame.
///
/// # Errors
/// [`JpegError`] when the encoder fails; no frame that a `FrameView` admits is too large for it.
pub fn encode_jpeg(
    view: &FrameView<'_>,
    quality: u8,
    ledger: &Ledger,
) -> Result<Vec<u8>, JpegError> {
    let (width, height) = (view.width(), view.height());
    let planes = converted(view, ROOM.take());
    ledger.add(Stage::Evidence, planes.bytes.len());
    let encoded = turbo::encode(&planes, quality.clamp(1, 100)).map_err(|reason| JpegError {
        width,
        height,
        reason,
    });
    ROOM.set(planes.bytes);
    encoded
}

thread_local! {
    /// Of the last picture of this thread: fresh memory costs a quarter of what encoding does.
    static ROOM: std::cell::Cell<Vec<u8>> = const { std::cell::Cell::new(Vec::new()) };
}

/// Three planes as the encoder takes them: without gaps, sides rounded up to whole chroma samples.
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Luma, then Cb, then Cr.
    pub(super) bytes: Vec<u8>,
}

impl Planes {
    /// Chroma samples in a row, and rows of them.
    pub(super) fn pairs(&self) -> [usize; 2] {
        [self.width.div_ceil(2), self.height.div_ceil(2)]
    }
}

/// Planes of a view, in `room` where it is large enough.
fn converted(view: &FrameView<'_>, room: Vec<u8>) -> Planes {
    let mut planes = Planes { width: view.width(), height: view.height(), bytes: Vec::new() };
    let [columns, rows] = planes.pairs();
    let convert = Conversion::new(view.matrix(), view.range());
    let mut bytes = room;
    bytes.resize(columns * rows * 6, 0);
    let (luma, chroma) = bytes.split_at_mut(columns * rows * 4);
    let (blue, red) = chroma.split_at_mut(columns * rows);
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
        let out = y * columns..(y + 1) * columns;
        convert.chroma(cb, cr, &mut blue[out.clone()], &mut red[out]);
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
    planes.bytes = bytes;
    planes
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
fn times(sample: u8, gain: i16) -> i16 {
    let sample = i16::from(sample) << 7;
    ((i32::from(sample) * i32::from(gain)) >> 16) as i16
}

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
mod tests {
    use super::*;

    fn converted(matrix: ColorMatrix, range: ColorRange, [y, u, v]: [u8; 3]) -> [u8; 3] {
        let convert = Conversion::new(matrix, range);
        let ([mut to_y, mut to_u, mut to_v], mut shift) = ([[0]; 3], [0; 2]);
        convert.chroma(&[u], &[v], &mut to_u, &mut to_v);
        convert.luma_shift(&[u], &[v], &mut [0], &mut shift);
        convert.luma(&[y], &shift, &mut to_y);
        [to_y[0], to_u[0], to_v[0]]
    }

    #[test]
    fn known_colours() {
        use ColorMatrix::{Bt601, Bt709};
        use ColorRange::{Full, Limited};
        let cases = [
            ("black", Bt601, Limited, [16, 128, 128], [0, 128, 128]),
            ("white", Bt601, Limited, [235, 128, 128], [255, 128, 128]),
            ("white 709", Bt709, Limited, [235, 128, 128], [255, 128, 128]),
            ("beyond white", Bt601, Limited, [255, 128, 128], [255, 128, 128]),
            ("grey, full", Bt709, Full, [77, 128, 128], [77, 128, 128]),
            // Pure red of BT.709, limited: Y' 63, Cb 102, Cr 240. In full-range BT.601 pure red
            // is Y' 76, Cb 85, Cr 255.
            ("red 709", Bt709, Limited, [63, 102, 240], [76, 85, 255]),
            ("blue 709", Bt709, Limited, [32, 240, 118], [29, 255, 107]),
            ("green 709", Bt709, Limited, [173, 42, 26], [150, 44, 21]),
        ];
        for (name, matrix, range, from, want) in cases {
            let got = converted(matrix, range, from);
            for (g, w) in got.iter().zip(want) {
                assert!(g.abs_diff(w) <= 1, "{name}: {got:?}, want {want:?}");
            }
        }
    }

    #[test]
    fn what_a_jpeg_holds_already_is_left_alone() {
        for value in [[0, 0, 255], [255, 13, 200], [90, 128, 127]] {
            assert_eq!(converted(ColorMatrix::Bt601, ColorRange::Full, value), value);
        }
    }
}
