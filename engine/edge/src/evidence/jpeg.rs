//! Planes → JPEG. A JPEG holds full-range BT.601 `Y'CbCr`, so most frames need their range
//! stretched and some their matrix changed, row by row, on the way into the encoder.

use crate::ledger::{Ledger, Stage};
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};
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
    let fail = |reason: String| JpegError { width, height, reason };
    let size = |v: usize| u16::try_from(v).map_err(|e| fail(e.to_string()));
    let rows = Rows {
        view: *view,
        convert: Conversion::new(view.matrix(), view.range()),
        width: size(width)?,
        height: size(height)?,
    };
    let mut out = Vec::with_capacity(width * height / 4);
    let mut encoder = Encoder::new(&mut out, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode_image(rows).map_err(|e| fail(e.to_string()))?;
    // The encoder works on rows of its own, three bytes a pixel.
    ledger.add(Stage::Evidence, width * height * 3);
    Ok(out)
}

struct Rows<'a> {
    view: FrameView<'a>,
    convert: Conversion,
    width: u16,
    height: u16,
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (y, width) = (usize::from(y), usize::from(self.width));
        let plane = self.view.plane(0);
        let luma = &plane.data[y * plane.stride..][..width];
        let pairs = width.div_ceil(2);
        let row = |i: usize, bytes: usize| {
            let plane = self.view.plane(i);
            &plane.data[y / 2 * plane.stride..][..bytes]
        };
        match self.view.format() {
            PixelFormat::I420 => {
                let chroma = row(1, pairs).iter().zip(row(2, pairs)).map(|(u, v)| (*u, *v));
                self.convert.row(luma, chroma, buffers);
            }
            PixelFormat::Nv12 => {
                let chroma = row(1, pairs * 2).chunks_exact(2).map(|uv| (uv[0], uv[1]));
                self.convert.row(luma, chroma, buffers);
            }
        }
    }
}

/// `Y'CbCr` of the frame → full-range BT.601 `Y'CbCr`, as an affine map in 16.16 fixed point.
struct Conversion {
    /// Rows Y', Cb, Cr; columns Y', Cb, Cr, one.
    m: [[i32; 4]; 3],
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
        let mut m = [[0i32; 4]; 3];
        for (i, row) in m.iter_mut().enumerate() {
            let scale = [n[i][0] * luma, n[i][1] * chroma, n[i][2] * chroma].map(|v| v * 255.0);
            let centre = if i == 0 { 0.0 } else { 128.0 };
            let offset = centre - scale[0] * luma_off - (scale[1] + scale[2]) * 128.0;
            let fixed = |v: f64| (v * 65536.0).round() as i32;
            // The half makes the shift round to the nearest.
            *row = [fixed(scale[0]), fixed(scale[1]), fixed(scale[2]), fixed(offset) + 32768];
        }
        let identity = matrix == ColorMatrix::Bt601 && range == ColorRange::Full;
        Self { m, identity }
    }

    /// Converts one row; each chroma pair is of two pixels.
    fn row(&self, luma: &[u8], chroma: impl Iterator<Item = (u8, u8)>, buffers: &mut [Vec<u8>; 4]) {
        let [out_y, out_u, out_v, _] = buffers;
        if self.identity {
            out_y.extend_from_slice(luma);
            for (pair, (u, v)) in luma.chunks(2).zip(chroma) {
                out_u.extend(std::iter::repeat_n(u, pair.len()));
                out_v.extend(std::iter::repeat_n(v, pair.len()));
            }
            return;
        }
        let clamp = |v: i32| (v >> 16).clamp(0, 255) as u8;
        let [y, u, v] = &self.m;
        for (pair, (cb, cr)) in luma.chunks(2).zip(chroma) {
            let (cb, cr) = (i32::from(cb), i32::from(cr));
            let rest = |row: &[i32; 4]| row[1] * cb + row[2] * cr + row[3];
            // Luma has no part in chroma: the first column of those rows is zero.
            let (to_y, to_u, to_v) = (rest(y), clamp(rest(u)), clamp(rest(v)));
            for luma in pair {
                out_y.push(clamp(y[0] * i32::from(*luma) + to_y));
                out_u.push(to_u);
                out_v.push(to_v);
            }
        }
    }
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
        let mut out: [Vec<u8>; 4] = Default::default();
        Conversion::new(matrix, range).row(&[y], std::iter::once((u, v)), &mut out);
        [out[0][0], out[1][0], out[2][0]]
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
