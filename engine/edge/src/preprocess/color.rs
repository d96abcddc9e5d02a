//! `Y'CbCr` codes to normalised model values as one affine map and a clamp.
//!
//! `(R'G'B' - mean) / std` is affine in the codes, so matrix, range, mean and deviation fold into
//! three rows of coefficients; the clamp of R'G'B' to 0–255 becomes bounds of the normalised value.

use super::contrast::Contrast;
use super::sampling::WEIGHT_ONE;
use viahe_core::frame::{ColorMatrix, ColorRange};
use viahe_core::tensor::{Channels, InputSpec};

/// Coefficients in the model's channel order. Inputs are codes times [`WEIGHT_ONE`], which is what
/// the horizontal pass yields.
///
/// The outer channels are red and blue and each needs one chroma plane only: `outer[0]` is for
/// channel 0 and `outer[1]` for channel 2. So the caller gives the chroma planes in the order of
/// the channels that need them: Cr, Cb for RGB and Cb, Cr for BGR ([`chroma_order`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color {
    /// Luma, by channel.
    pub(super) luma: [f32; 3],
    /// First chroma plane in channel 0, second one in channel 2.
    pub(super) outer: [f32; 2],
    /// First and second chroma plane in channel 1, green.
    pub(super) green: [f32; 2],
    /// Added, by channel.
    pub(super) bias: [f32; 3],
    /// Normalised value of 0 or 255, whichever is less.
    pub(super) low: [f32; 3],
    /// The other one.
    pub(super) high: [f32; 3],
}

/// Luma weights of red and blue: ITU-R BT.601-7 2.5.1, ITU-R BT.709-6 3.2.
pub(super) fn luma_weights(matrix: ColorMatrix) -> (f64, f64) {
    match matrix {
        ColorMatrix::Bt601 => (0.299, 0.114),
        ColorMatrix::Bt709 => (0.2126, 0.0722),
    }
}

/// Which chroma plane (0 is Cb, 1 is Cr) the first and the last channel need.
pub(super) fn chroma_order(channels: Channels) -> [usize; 2] {
    match channels {
        Channels::Rgb => [1, 0],
        Channels::Bgr => [0, 1],
    }
}

impl Color {
    /// Folds everything into coefficients. `spec` has finite means and finite deviations that are
    /// not zero.
    pub(super) fn new(
        matrix: ColorMatrix,
        range: ColorRange,
        contrast: Contrast,
        spec: &InputSpec,
    ) -> Self {
        let (kr, kb) = luma_weights(matrix);
        let kg = 1.0 - kr - kb;
        // Codes to 0–255 luma and ±127.5 chroma.
        let (luma_gain, chroma_gain) = match range {
            ColorRange::Limited => (255.0 / 219.0, 255.0 / 224.0),
            ColorRange::Full => (1.0, 1.0),
        };
        let (luma_zero, stretch) = (f64::from(contrast.black), f64::from(contrast.gain));
        let (luma_gain, chroma_gain) = (luma_gain * stretch, chroma_gain * stretch);
        let (red, blue) = (2.0 * (1.0 - kr) * chroma_gain, 2.0 * (1.0 - kb) * chroma_gain);
        // [Cb, Cr] coefficients.
        let green = [-blue * kb / kg, -red * kr / kg];
        let outer = [blue, red];
        let order = chroma_order(spec.channels);
        let (outer, green) = (order.map(|i| outer[i]), order.map(|i| green[i]));
        let chroma_zero = 128.0;
        let offset = [outer[0], green[0] + green[1], outer[1]]
            .map(|chroma| -luma_gain * luma_zero - chroma * chroma_zero);

        let std = spec.std.map(f64::from);
        let normalise = |c: usize, v: f64| (v - f64::from(spec.mean[c])) / std[c];
        let ends = |c: usize| (normalise(c, 0.0) as f32, normalise(c, 255.0) as f32);
        let gain = |c: usize, v: f64| (v / (std[c] * f64::from(WEIGHT_ONE))) as f32;
        let each = [0, 1, 2];
        Self {
            luma: each.map(|c| gain(c, luma_gain)),
            outer: [gain(0, outer[0]), gain(2, outer[1])],
            green: green.map(|v| gain(1, v)),
            bias: each.map(|c| normalise(c, offset[c]) as f32),
            low: each.map(|c| ends(c).0.min(ends(c).1)),
            high: each.map(|c| ends(c).0.max(ends(c).1)),
        }
    }
}
