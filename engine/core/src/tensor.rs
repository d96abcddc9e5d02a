//! What a model wants to be fed, and how a frame was fitted into it. Shapes only, no data.

use crate::geometry::PxBox;

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
    /// Subtracted from each 0–255 value, in the order of `channels`.
    pub mean: [f32; 3],
    /// Divides afterwards, in the order of `channels`; never zero.
    pub std: [f32; 3],
}

impl InputSpec {
    /// Values of one image.
    pub fn len(&self) -> usize {
        self.width * self.height * 3
    }

    /// Never true for a validated model.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How a frame of this size is fitted.
    pub fn fit_frame(&self, frame_width: usize, frame_height: usize) -> Fit {
        let (w, h) = (frame_width as f32, frame_height as f32);
        let (sx, sy) = (self.width as f32 / w, self.height as f32 / h);
        match self.fit {
            FitMode::Stretch => {
                Fit { scale: [sx, sy], frame_px: [w, h], content: [self.width, self.height] }
            }
            FitMode::Letterbox { .. } => {
                let s = sx.min(sy);
                // Truncated and in 64 bits, as the reference implementations of letterboxed models
                // do: in 32 bits, 720 rows times 416/1280 are not 234 but 233.
                let exact = (self.width as f64 / frame_width as f64)
                    .min(self.height as f64 / frame_height as f64);
                let side = |px: usize, max: usize| ((px as f64 * exact) as usize).clamp(1, max);
                let content = [side(frame_width, self.width), side(frame_height, self.height)];
                Fit { scale: [s, s], frame_px: [w, h], content }
            }
        }
    }
}

/// The mapping between a frame and the model's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Model px per frame px, x and y; positive.
    pub scale: [f32; 2],
    /// Frame size in px.
    pub frame_px: [f32; 2],
    /// Columns and rows of the input that the frame fills, from the top-left corner.
    pub content: [usize; 2],
}

impl Fit {
    /// Maps corners in model px to a box in frame px, cut off at the frame's edges; `None` when a
    /// value is not finite or nothing is left of the box.
    pub fn to_frame(&self, x0: f32, y0: f32, x1: f32, y1: f32) -> Option<PxBox> {
        if ![x0, y0, x1, y1].iter().all(|v| v.is_finite()) {
            return None;
        }
        let x = |v: f32| (v / self.scale[0]).clamp(0.0, self.frame_px[0]);
        let y = |v: f32| (v / self.scale[1]).clamp(0.0, self.frame_px[1]);
        PxBox::new(x(x0), y(y0), x(x1), y(y1)).filter(|b| b.width() > 0.0 && b.height() > 0.0)
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
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let fit = spec.fit_frame(1920, 1080);
        assert_eq!(fit.content, [416, 234]);
        assert_eq!(spec.fit_frame(1280, 720).content, [416, 234]);
        let b = fit.to_frame(0.0, 0.0, 208.0, 117.0).unwrap();
        assert!((b.x1 - 960.0).abs() < 0.1 && (b.y1 - 540.0).abs() < 0.1, "{b:?}");
        assert!(fit.to_frame(f32::NAN, 0.0, 1.0, 1.0).is_none());
        assert!(fit.to_frame(0.0, 300.0, 400.0, 400.0).is_none(), "in the padding");
    }
}
