//! What a model wants to be fed, and how frames were fitted into it. Shapes only, no data.

use crate::geometry::{PxBox, PxRect};
use std::sync::Arc;

/// Order of the axes of the input tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[batch, channel, row, column]`.
    Nchw,
    /// `[batch, row, column, channel]`.
    Nhwc,
}

/// Order of the colour channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// How a frame is made to fit the model's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FitMode {
    /// Each axis scaled on its own.
    Stretch,
    /// Scaled by one factor, placed top-left, the rest filled with `pad` (a u8-scale value).
    Letterbox {
        /// Fill value before normalisation, 0 to 255.
        pad: f32,
    },
}

/// What is left free around parts of a frame where the model knows no padding: grey, as most letterboxed
/// models are padded.
const GREY: f32 = 114.0;

impl FitMode {
    /// What fills the input where no picture lies, 0 to 255.
    pub fn pad(self) -> f32 {
        match self {
            Self::Stretch => GREY,
            Self::Letterbox { pad } => pad,
        }
    }
}

/// Everything the preprocessing kernel must know of a model. One image; a batch is `n` of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputSpec {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Axis order.
    pub layout: Layout,
    /// Channel order.
    pub channels: Channels,
    /// Fitting.
    pub fit: FitMode,
    /// By how much the contrast of a picture that has little of it is multiplied at most; 1 leaves all pictures as
    /// they are.
    pub contrast_gain_max: f32,
    /// Subtracted from each 0–255 value, in the order of `channels`.
    pub mean: [f32; 3],
    /// Divides afterwards, in the order of `channels`; never zero.
    pub std: [f32; 3],
}

impl InputSpec {
    /// The same for images of another size: columns and rows.
    #[must_use]
    pub fn at(self, [width, height]: [usize; 2]) -> Self {
        Self { width, height, ..self }
    }

    /// Columns and rows.
    pub fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// Values of one image.
    pub fn len(&self) -> usize {
        self.width * self.height * 3
    }

    /// Never true for a validated model.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How a whole frame of this size is fitted.
    pub fn fit_frame(&self, frame_width: usize, frame_height: usize) -> Fit {
        self.fit_part(PxRect::of_size(frame_width, frame_height))
    }

    /// How a part of a frame is fitted, as if it were all of one.
    pub fn fit_part(&self, crop: PxRect) -> Fit {
        let (frame_width, frame_height) = (crop.width, crop.height);
        let (sx, sy) =
            (self.width as f32 / frame_width as f32, self.height as f32 / frame_height as f32);
        match self.fit {
            FitMode::Stretch => {
                let place = PxRect::of_size(self.width, self.height);
                Fit { scale: [sx, sy], crop, place }
            }
            FitMode::Letterbox { .. } => {
                let s = sx.min(sy);
                // Truncated and in 64 bits, as the reference implementations of letterboxed models
                // do: in 32 bits, 720 rows times 416/1280 are not 234 but 233.
                let exact = (self.width as f64 / frame_width as f64)
                    .min(self.height as f64 / frame_height as f64);
                let side = |px: usize, max: usize| ((px as f64 * exact) as usize).clamp(1, max);
                let place =
                    PxRect::of_size(side(frame_width, self.width), side(frame_height, self.height));
                Fit { scale: [s, s], crop, place }
            }
        }
    }
}

/// The mapping between a part of a frame (usually all of it) and a part of the model's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Model px per frame px, x and y; positive.
    pub scale: [f32; 2],
    /// The part of the frame.
    pub crop: PxRect,
    /// The columns and rows of the input that it fills.
    pub place: PxRect,
}

impl Fit {
    /// A part of a frame, stretched over a part of the input.
    pub fn part(crop: PxRect, place: PxRect) -> Self {
        let scale = [
            place.width as f32 / crop.width.max(1) as f32,
            place.height as f32 / crop.height.max(1) as f32,
        ];
        Self { scale, crop, place }
    }

    /// Maps corners in model px to a box in frame px, cut off at the edges of its part of the frame; `None`
    /// when a value is not finite or nothing is left of the box.
    pub fn to_frame(&self, x0: f32, y0: f32, x1: f32, y1: f32) -> Option<PxBox> {
        if ![x0, y0, x1, y1].iter().all(|v| v.is_finite()) {
            return None;
        }
        let along = |v: f32, scale: f32, place: usize, crop: usize, side: usize| {
            let (first, last) = (crop as f32, (crop + side) as f32);
            (first + (v - place as f32) / scale).clamp(first, last)
        };
        let Self { scale, crop, place } = self;
        let x = |v: f32| along(v, scale[0], place.x, crop.x, crop.width);
        let y = |v: f32| along(v, scale[1], place.y, crop.y, crop.height);
        PxBox::new(x(x0), y(y0), x(x1), y(y1)).filter(|b| b.width() > 0.0 && b.height() > 0.0)
    }
}

/// How one image of the input was filled: with a frame, or with parts of it that lie beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    size: [usize; 2],
    parts: Arc<[Fit]>,
}

impl Sheet {
    /// An image of so many columns and rows with these parts, whose places do not overlap.
    pub fn new(size: [usize; 2], parts: impl IntoIterator<Item = Fit>) -> Self {
        Self { size, parts: parts.into_iter().collect() }
    }

    /// A whole frame, alone.
    pub fn whole(input: &InputSpec, [width, height]: [usize; 2]) -> Self {
        Self::new(input.size(), [input.fit_frame(width, height)])
    }

    /// Its columns and rows.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// So many pixels it costs to look at it.
    pub fn px(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// What lies where; places do not overlap.
    pub fn parts(&self) -> &[Fit] {
        &self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letterbox_there_and_back() {
        let spec = InputSpec {
            width: 416,
            height: 416,
            layout: Layout::Nchw,
            channels: Channels::Bgr,
            fit: FitMode::Letterbox { pad: 114.0 },
            contrast_gain_max: 1.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let fit = spec.fit_frame(1920, 1080);
        assert_eq!(fit.place, PxRect::of_size(416, 234));
        assert_eq!(spec.fit_frame(1280, 720).place, PxRect::of_size(416, 234));
        let b = fit.to_frame(0.0, 0.0, 208.0, 117.0).unwrap();
        assert!((b.x1 - 960.0).abs() < 0.1 && (b.y1 - 540.0).abs() < 0.1, "{b:?}");
        assert!(fit.to_frame(f32::NAN, 0.0, 1.0, 1.0).is_none());
        assert!(fit.to_frame(0.0, 300.0, 400.0, 400.0).is_none(), "in the padding");
    }

    #[test]
    fn a_part_there_and_back() {
        let (crop, place) = (
            PxRect { x: 301, y: 77, width: 200, height: 50 },
            PxRect { x: 100, y: 16, width: 100, height: 100 },
        );
        let fit = Fit::part(crop, place);
        let all = fit.to_frame(100.0, 16.0, 200.0, 116.0);
        assert_eq!(all, PxBox::new(301.0, 77.0, 501.0, 127.0));
        let inner = fit.to_frame(110.0, 36.0, 120.0, 56.0);
        assert_eq!(inner, PxBox::new(321.0, 87.0, 341.0, 97.0));
        let cut = fit.to_frame(90.0, 36.0, 300.0, 56.0);
        assert_eq!(cut, PxBox::new(301.0, 87.0, 501.0, 97.0), "no further than its part");
        assert_eq!(fit.to_frame(0.0, 0.0, 99.0, 15.0), None, "beside its part");
    }
}
