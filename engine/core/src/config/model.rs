//! `models/<name>/model.toml` → [`Model`]: all that the engine knows of a model.

use crate::id::Name;
use crate::observe::Class;
use crate::tensor::InputSpec;

/// A validated model description. There is no other way to get one than to parse a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Equals the folder's name.
    pub name: Name,
    /// Counts changes of the description or the weights.
    pub version: u32,
    /// For people.
    pub title: String,
    /// SPDX.
    pub licence: String,
    /// File name of the weights.
    pub file: String,
    /// Of the weights, lower-case hex.
    pub sha256: String,
    /// How to get the weights; printed when they are missing.
    pub recipe: String,
    /// Name of the input tensor.
    pub input_name: String,
    /// What it must be fed.
    pub input: InputSpec,
    /// How many images it takes at once.
    pub batch: Batch,
    /// How its output reads.
    pub head: Head,
    /// Boxes of one class that overlap more than this are one object.
    pub nms_iou: f32,
    /// Weaker candidates are ignored.
    pub confidence_min: f32,
    /// Meaning of each class; `None` is not of interest.
    pub labels: Vec<Option<Class>>,
}

/// Images per run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Any number.
    Any,
    /// Exactly so many.
    Fixed(usize),
}

/// How the output tensors read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// Two tensors, decoded: scores `[n, candidates, classes]` as probabilities, boxes
    /// `[n, candidates, 4]` as `y0, x0, y1, x1` in fractions of the input.
    Ssd {
        /// Score tensor.
        scores: String,
        /// Box tensor.
        boxes: String,
        /// Rows.
        candidates: usize,
        /// Columns of the scores.
        classes: usize,
    },
    /// One tensor `[n, candidates, 5 + classes]`: `cx, cy, log w, log h` in grid cells, then
    /// objectness, then class scores, all scores already sigmoided.
    Yolox {
        /// The tensor.
        tensor: String,
        /// Input px per grid cell, one grid after the other.
        strides: Vec<usize>,
        /// Rows; the sum of all grids.
        candidates: usize,
        /// Class columns.
        classes: usize,
    },
}
