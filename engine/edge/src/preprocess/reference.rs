//! The definition of the kernel, written to be read: one pixel at a time in 64-bit floats, with
//! nothing folded, tabulated or shared with the kernel.

use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
use viahe_core::geometry::PxRect;
use viahe_core::tensor::{Channels, Fit, InputSpec, Layout, Sheet};

/// When chroma is interpolated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    /// Interpolate Y, Cb, Cr, then convert: the definition.
    InterpolateFirst,
    /// Repeat chroma, convert all pixels (clamping each), then interpolate R'G'B': what converters
    /// followed by a resize do.
    ConvertFirst,
}

/// One image, `spec.len()` values on the 0–255 scale before normalisation.
pub(super) fn levels(spec: &InputSpec, frame: &FrameView<'_>, order: Order) -> Vec<f64> {
    levels_of(spec, frame, &Sheet::whole(spec, [frame.width(), frame.height()]), order)
}

/// The same of parts of a frame.
pub(super) fn levels_of(
    spec: &InputSpec,
    frame: &FrameView<'_>,
    sheet: &Sheet,
    order: Order,
) -> Vec<f64> {
    let mut out = vec![f64::NAN; spec.len()];
    let is_in = |x: usize, y: usize| {
        move |fit: &&Fit| {
            let PxRect { x: x0, y: y0, width, height } = fit.place;
            (x0..x0 + width).contains(&x) && (y0..y0 + height).contains(&y)
        }
    };
    for y in 0..spec.height {
        for x in 0..spec.width {
            let rgb = if let Some(Fit { crop, place, .. }) = sheet.parts().iter().find(is_in(x, y))
            {
                let at = |i: usize, n: usize, start: usize, side: usize| {
                    start as f64 + (i as f64 + 0.5) * side as f64 / n as f64 - 0.5
                };
                let fx = at(x - place.x, place.width, crop.x, crop.width);
                let fy = at(y - place.y, place.height, crop.y, crop.height);
                match order {
                    Order::InterpolateFirst => interpolate_then_convert(frame, fx, fy),
                    Order::ConvertFirst => convert_then_interpolate(frame, fx, fy),
                }
            } else {
                [f64::from(spec.fit.pad()); 3]
            };
            for c in 0..3 {
                let value = match spec.channels {
                    Channels::Rgb => rgb[c],
                    Channels::Bgr => rgb[2 - c],
                };
                let i = match spec.layout {
                    Layout::Nchw => (c * spec.height + y) * spec.width + x,
                    Layout::Nhwc => (y * spec.width + x) * 3 + c,
                };
                out[i] = value;
            }
        }
    }
    out
}

fn interpolate_then_convert(frame: &FrameView<'_>, fx: f64, fy: f64) -> [f64; 3] {
    let (w, h) = (frame.width(), frame.height());
    let luma = bilinear(w, h, fx, fy, |x, y| luma(frame, x, y));
    // Chroma sample i covers luma samples 2i and 2i + 1, so it lies at luma 2i + 0.5.
    let (cx, cy) = ((fx - 0.5) / 2.0, (fy - 0.5) / 2.0);
    let chroma = [0, 1]
        .map(|i| bilinear(w.div_ceil(2), h.div_ceil(2), cx, cy, |x, y| chroma(frame, i, x, y)));
    convert(frame, luma, chroma)
}

fn convert_then_interpolate(frame: &FrameView<'_>, fx: f64, fy: f64) -> [f64; 3] {
    let pixel = |x: usize, y: usize| {
        convert(frame, luma(frame, x, y), [0, 1].map(|i| chroma(frame, i, x / 2, y / 2)))
    };
    [0, 1, 2].map(|c| bilinear(frame.width(), frame.height(), fx, fy, |x, y| pixel(x, y)[c]))
}

/// Bilinear with edges repeated.
fn bilinear(w: usize, h: usize, x: f64, y: f64, sample: impl Fn(usize, usize) -> f64) -> f64 {
    let (x, y) = (x.clamp(0.0, (w - 1) as f64), y.clamp(0.0, (h - 1) as f64));
    let (x0, y0) = (x.floor() as usize, y.floor() as usize);
    let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
    let (rx, ry) = (x - x0 as f64, y - y0 as f64);
    (sample(x0, y0) * (1.0 - rx) + sample(x1, y0) * rx) * (1.0 - ry)
        + (sample(x0, y1) * (1.0 - rx) + sample(x1, y1) * rx) * ry
}

fn byte(plane: Plane<'_>, x: usize, y: usize) -> f64 {
    f64::from(plane.data[y * plane.stride + x])
}

fn luma(frame: &FrameView<'_>, x: usize, y: usize) -> f64 {
    byte(frame.plane(0), x, y)
}

/// `i` is 0 for Cb and 1 for Cr.
fn chroma(frame: &FrameView<'_>, i: usize, x: usize, y: usize) -> f64 {
    match frame.format() {
        PixelFormat::I420 => byte(frame.plane(1 + i), x, y),
        PixelFormat::Nv12 => byte(frame.plane(1), 2 * x + i, y),
    }
}

/// Codes to R'G'B', 0 to 255. ITU-R BT.601-7 and BT.709-6: `E'Cr = (R' - Y') / (2 (1 - Kr))`, the
/// same for blue, and `Y' = Kr R' + Kg G' + Kb B'`.
fn convert(frame: &FrameView<'_>, luma: f64, [cb, cr]: [f64; 2]) -> [f64; 3] {
    let (kr, kb) = match frame.matrix() {
        ColorMatrix::Bt601 => (0.299, 0.114),
        ColorMatrix::Bt709 => (0.2126, 0.0722),
    };
    let (y, pb, pr) = match frame.range() {
        ColorRange::Limited => ((luma - 16.0) / 219.0, (cb - 128.0) / 224.0, (cr - 128.0) / 224.0),
        ColorRange::Full => (luma / 255.0, (cb - 128.0) / 255.0, (cr - 128.0) / 255.0),
    };
    let r = y + 2.0 * (1.0 - kr) * pr;
    let b = y + 2.0 * (1.0 - kb) * pb;
    let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
    [r, g, b].map(|v| v.clamp(0.0, 1.0) * 255.0)
}
