//! What 8-bit colours become before a network sees them.

use crate::tensor::Channels;

/// (8-bit value - mean) / std, in the order of `channels`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) channels: Channels,
    pub(super) mean: [f64; 3],
    pub(super) std: [f64; 3],
}

impl Scale {
    pub(super) const fn new(channels: Channels, mean: [f64; 3], std: [f64; 3]) -> Self {
        Self { channels, mean, std }
    }

    /// As fractions of 1, from which a mean is taken, in RGB.
    pub(super) fn of_fractions(mean: [f64; 3], std: [f64; 3], rescale: f64) -> Self {
        let rounded = |v: f64| (v / rescale * 1e4).round() / 1e4;
        Self::new(Channels::Rgb, mean.map(rounded), std.map(rounded))
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let channels = if self.channels == Channels::Rgb { "rgb" } else { "bgr" };
        let all = |values: [f64; 3], of: f64| values.iter().all(|v| (v - of).abs() < STEP);
        let (mean, std) = (self.mean, self.std);
        if all(mean, 0.0) && all(std, 1.0) {
            format!("{channels}, 0 to 255")
        } else if all(mean, 0.0) && all(std, 255.0) {
            format!("{channels}, 0 to 1")
        } else {
            format!("{channels}, minus {mean:?}, by {std:?}")
        }
    }
}

/// Nobody means less of a colour.
const STEP: f64 = 1e-4;

pub(super) const RGB_255: Scale = Scale::new(Channels::Rgb, [0.0; 3], [1.0; 3]);
pub(super) const BGR_255: Scale = Scale::new(Channels::Bgr, [0.0; 3], [1.0; 3]);
pub(super) const RGB_1: Scale = Scale::new(Channels::Rgb, [0.0; 3], [255.0; 3]);
/// -1 to 1, as `TensorFlow`'s `MobileNets` have it.
pub(super) const RGB_BOTH: Scale = Scale::new(Channels::Rgb, [127.5; 3], [127.5; 3]);
/// `ImageNet`'s, as torchvision has it.
pub(super) const IMAGENET: Scale =
    Scale::new(Channels::Rgb, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]);
/// `NanoDet`'s.
pub(super) const IMAGENET_BGR: Scale =
    Scale::new(Channels::Bgr, [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]);
/// `CenterNet`'s (COCO).
pub(super) const CENTERNET: Scale =
    Scale::new(Channels::Bgr, [104.01, 113.98, 119.85], [73.69, 69.87, 70.89]);

/// What a graph of whole numbers from 0 to 255 is fed: a cast cuts fractions off, and half a step more makes it round.
pub(super) const ROUNDED: [f64; 3] = [-0.5; 3];

/// What such a head is usually fed, the likeliest first.
pub(super) fn usual(head: &str) -> &'static [Scale] {
    match head {
        "yolox" => &[BGR_255, RGB_1, IMAGENET],
        "nanodet" => &[IMAGENET_BGR, BGR_255],
        "yolov5" | "yolov8" | "yolov10" => &[RGB_1, RGB_255, BGR_255],
        "detr" => &[RGB_1, IMAGENET],
        "centernet" => &[CENTERNET, IMAGENET, RGB_1],
        _ => &[RGB_255, RGB_BOTH, IMAGENET, RGB_1],
    }
}
