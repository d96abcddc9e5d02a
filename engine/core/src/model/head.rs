//! How the output tensors of a model read.

/// What boxes are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxUnit {
    /// Pixels of the input.
    Px,
    /// Fractions of its width and height.
    Fractions,
}

/// What makes probabilities of the scores that a graph gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing: they are probabilities.
    None,
    /// Each class by itself.
    Sigmoid,
    /// All columns together; of a detector the last one is no object.
    Softmax,
}

/// A place in a cell of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellPoint {
    /// The upper left corner.
    Corner,
    /// The middle.
    Middle,
}

/// How the output tensors read. `candidates` are rows, or cells of a map; `classes` are class columns, or how many
/// class numbers there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// Scores `[n, candidates, classes]` as probabilities, boxes `[n, candidates, 4]` as `y0, x0, y1, x1` in fractions
    /// of the input.
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
    /// One tensor `[n, candidates, classes + 4 * bins]`: class scores as probabilities, then for left, top, right and
    /// bottom the logits of each distance from the cell's point.
    Nanodet {
        /// The tensor.
        tensor: String,
        /// Input px per grid cell, one grid after the other.
        strides: Vec<usize>,
        /// Rows; the sum of all grids.
        candidates: usize,
        /// Class columns.
        classes: usize,
        /// Distances that a side may have: 0, 1, 2 … cells.
        bins: usize,
        /// From where distances are.
        point: CellPoint,
    },
    /// One tensor `[n, candidates, 5 + classes]`: `cx, cy, w, h`, objectness, then class scores, the last two as
    /// probabilities.
    Yolov5 {
        /// The tensor.
        tensor: String,
        /// Of the boxes.
        unit: BoxUnit,
        /// Rows.
        candidates: usize,
        /// Class columns.
        classes: usize,
    },
    /// One tensor `[n, 4 + classes, candidates]`, each candidate a column: `cx, cy, w, h`, then class scores as
    /// probabilities.
    Yolov8 {
        /// The tensor.
        tensor: String,
        /// Of the boxes.
        unit: BoxUnit,
        /// Columns.
        candidates: usize,
        /// Rows of class scores.
        classes: usize,
    },
    /// One tensor `[n, candidates, 6]`: `x0, y0, x1, y1`, the score as a probability, the number of the class; rows of
    /// score 0 are padding.
    Yolov10 {
        /// The tensor.
        tensor: String,
        /// Of the boxes.
        unit: BoxUnit,
        /// Rows.
        candidates: usize,
        /// Class numbers.
        classes: usize,
    },
    /// Scores `[n, candidates, classes]`, boxes `[n, candidates, 4]` as `cx, cy, w, h` in fractions of the input.
    Detr {
        /// Score tensor.
        scores: String,
        /// Box tensor.
        boxes: String,
        /// Of the scores.
        activation: Activation,
        /// Rows.
        candidates: usize,
        /// Columns of the scores; with softmax the last one is no object.
        classes: usize,
    },
    /// Maps of the input's cells, row by row: heatmap `[n, classes, rows, columns]`, sizes `[n, 2, rows, columns]` as
    /// `w, h` and offsets `[n, 2, rows, columns]` as `x, y`, both in cells.
    Centernet {
        /// Score tensor.
        heatmap: String,
        /// Tensor of widths and heights.
        sizes: String,
        /// Tensor of where in its cell a centre lies.
        offsets: String,
        /// Of the heatmap; never softmax.
        activation: Activation,
        /// Input px per cell.
        stride: usize,
        /// Columns and rows of the maps.
        cells: [usize; 2],
        /// Channels of the heatmap.
        classes: usize,
    },
    /// Boxes `[n, candidates, 4]` as `y0, x0, y1, x1`, scores `[n, candidates]` as probabilities, class numbers
    /// `[n, candidates]`; rows of score 0 are padding.
    Efficientdet {
        /// Box tensor.
        boxes: String,
        /// Score tensor.
        scores: String,
        /// Tensor of the class numbers.
        class_numbers: String,
        /// Of the boxes.
        unit: BoxUnit,
        /// Rows.
        candidates: usize,
        /// Class numbers.
        classes: usize,
    },
    /// Of a second stage, which says what one image shows and where nothing: one tensor `[n, classes]`.
    Classifier {
        /// The tensor.
        tensor: String,
        /// Of its values.
        activation: Activation,
        /// Columns; with softmax all of them are classes.
        classes: usize,
    },
}

impl Head {
    /// What `model.toml` calls them.
    pub const NAMES: &'static [&'static str] = &[
        "ssd",
        "yolox",
        "nanodet",
        "yolov5",
        "yolov8",
        "yolov10",
        "detr",
        "centernet",
        "efficientdet",
        "classifier",
    ];

    /// Those of detectors, which find things in a picture.
    pub const DETECTORS: &'static [&'static str] = Self::NAMES.split_at(Self::NAMES.len() - 1).0;

    /// The same for an input of another size. A head whose boxes are made for one size stays as it is.
    #[must_use]
    pub fn at(&self, size: [usize; 2]) -> Self {
        let mut head = self.clone();
        match &mut head {
            Self::Yolox { strides, candidates, .. } | Self::Nanodet { strides, candidates, .. } => {
                *candidates = grid_cells(size, strides);
            }
            Self::Centernet { stride, cells, .. } => {
                *cells = size.map(|side| side.div_ceil(*stride));
            }
            _ => {}
        }
        head
    }

    /// Input px per cell of each of its grids, where its candidates are cells, so that it follows the size of its input.
    pub fn strides(&self) -> Option<&[usize]> {
        match self {
            Self::Yolox { strides, .. } | Self::Nanodet { strides, .. } => Some(strides),
            Self::Centernet { stride, .. } => Some(std::slice::from_ref(stride)),
            _ => None,
        }
    }

    /// As `model.toml` calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ssd { .. } => "ssd",
            Self::Yolox { .. } => "yolox",
            Self::Nanodet { .. } => "nanodet",
            Self::Yolov5 { .. } => "yolov5",
            Self::Yolov8 { .. } => "yolov8",
            Self::Yolov10 { .. } => "yolov10",
            Self::Detr { .. } => "detr",
            Self::Centernet { .. } => "centernet",
            Self::Efficientdet { .. } => "efficientdet",
            Self::Classifier { .. } => "classifier",
        }
    }

    /// Candidates of one image.
    pub fn candidates(&self) -> usize {
        match self {
            Self::Ssd { candidates, .. }
            | Self::Yolox { candidates, .. }
            | Self::Nanodet { candidates, .. }
            | Self::Yolov5 { candidates, .. }
            | Self::Yolov8 { candidates, .. }
            | Self::Yolov10 { candidates, .. }
            | Self::Detr { candidates, .. }
            | Self::Efficientdet { candidates, .. } => *candidates,
            Self::Centernet { cells: [columns, rows], .. } => columns * rows,
            Self::Classifier { .. } => 0,
        }
    }

    /// Classes of the output; with softmax also the one that is none.
    pub fn classes(&self) -> usize {
        match self {
            Self::Ssd { classes, .. }
            | Self::Yolox { classes, .. }
            | Self::Nanodet { classes, .. }
            | Self::Yolov5 { classes, .. }
            | Self::Yolov8 { classes, .. }
            | Self::Yolov10 { classes, .. }
            | Self::Detr { classes, .. }
            | Self::Centernet { classes, .. }
            | Self::Efficientdet { classes, .. }
            | Self::Classifier { classes, .. } => *classes,
        }
    }

    /// Classes that are objects: all of them, but for the last one with softmax.
    pub fn object_classes(&self) -> usize {
        let none = matches!(self, Self::Detr { activation: Activation::Softmax, .. });
        self.classes() - usize::from(none)
    }

    /// Names of the output tensors and the shape of each for `batch` images, in the order in
    /// which [`Decoder::decode`](crate::detect::Decoder::decode) takes them; three at most.
    pub fn tensors(&self, batch: usize) -> Vec<(&str, Vec<usize>)> {
        let n = self.candidates();
        match self {
            Self::Ssd { scores, boxes, classes, .. }
            | Self::Detr { scores, boxes, classes, .. } => {
                vec![(scores, vec![batch, n, *classes]), (boxes, vec![batch, n, 4])]
            }
            Self::Yolox { tensor, classes, .. } | Self::Yolov5 { tensor, classes, .. } => {
                vec![(tensor, vec![batch, n, 5 + classes])]
            }
            Self::Nanodet { tensor, classes, bins, .. } => {
                vec![(tensor, vec![batch, n, classes + 4 * bins])]
            }
            Self::Yolov8 { tensor, classes, .. } => vec![(tensor, vec![batch, 4 + classes, n])],
            Self::Yolov10 { tensor, .. } => vec![(tensor, vec![batch, n, 6])],
            Self::Centernet {
                heatmap, sizes, offsets, cells: [columns, rows], classes, ..
            } => {
                let map = |channels| vec![batch, channels, *rows, *columns];
                vec![(heatmap, map(*classes)), (sizes, map(2)), (offsets, map(2))]
            }
            Self::Efficientdet { boxes, scores, class_numbers, .. } => vec![
                (boxes, vec![batch, n, 4]),
                (scores, vec![batch, n]),
                (class_numbers, vec![batch, n]),
            ],
            Self::Classifier { tensor, classes, .. } => vec![(tensor, vec![batch, *classes])],
        }
        .into_iter()
        .map(|(name, shape)| (name.as_str(), shape))
        .collect()
    }
}

/// Cells of all grids of an input of this size; one that the edge cuts is one too.
pub fn grid_cells([width, height]: [usize; 2], strides: &[usize]) -> usize {
    strides.iter().map(|stride| width.div_ceil(*stride) * height.div_ceil(*stride)).sum()
}
