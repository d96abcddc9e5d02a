//! A detector or a classifier, described: what it is fed, how its output reads, and what its classes mean.

mod crop;
mod head;
mod precision;

use crate::id::Name;
use crate::tensor::InputSpec;
use viahe_contract::class::Class;
use viahe_contract::message::ModelRef;
use viahe_contract::sha256::Sha256;

pub use self::crop::Crop;
pub use self::head::{Activation, BoxUnit, CellPoint, Head, grid_cells};
pub use self::precision::{Precision, Variant};

/// Largest side of a model's input, in px.
pub const INPUT_SIDE_PX_MAX: usize = 4096;
/// Most sizes of a model's images, its own among them: each is memory, and a trial when it is loaded.
pub const SIZES_MAX: usize = 4;
/// Most images of a fixed batch.
pub const BATCH_MAX: usize = 64;
/// Most candidates of one image.
pub const CANDIDATES_MAX: usize = 200_000;
/// Most classes.
pub const CLASSES_MAX: usize = 10_000;
/// Most classes of a classifier.
pub const KINDS_MAX: usize = 64;
/// Most distances that a side of a box is a distribution over.
pub const BINS_MAX: usize = 64;
/// Most score values of one image: candidates times classes.
pub const SCORES_MAX: usize = 20_000_000;

/// As SPDX says that nobody knows.
pub const LICENCE_UNKNOWN: &str = "NOASSERTION";

/// A thing that is looked at again and again is surely found where half of its looks find it.
const HALF: f64 = 0.5;

/// A validated model description. `config` makes it of a `model.toml`.
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
    /// Of the weights.
    pub sha256: Sha256,
    /// What these are numbers of.
    pub precision: Precision,
    /// The same weights in other precisions, one of each at most.
    pub variants: Vec<Variant>,
    /// How to get the weights; printed when they are missing.
    pub recipe: String,
    /// Name of the input tensor.
    pub input_name: String,
    /// What it must be fed, at its own size, the largest.
    pub input: InputSpec,
    /// Other sizes that it takes as well, columns and rows: each of fewer pixels.
    pub sizes: Vec<[usize; 2]>,
    /// How many images it takes at once.
    pub batch: Batch,
    /// How its output reads.
    pub head: Head,
    /// Boxes of one class that overlap more than this are one object.
    pub nms_iou: f32,
    /// Weaker candidates are ignored; of the calibrated confidence, where scores are calibrated.
    pub confidence_min: f32,
    /// What a confidence is of its scores, where somebody fitted it.
    pub scores: Option<Scores>,
    /// Meaning of each class; `None` is not of interest.
    pub labels: Vec<Option<Class>>,
    /// Which people it finds, where somebody measured it.
    pub recall: Option<Recall>,
}

impl Model {
    /// What incidents name it by.
    pub fn fingerprint(&self) -> ModelRef {
        let (name, licence) = (self.name.clone(), Some(self.licence.clone()));
        ModelRef { name, sha256: self.sha256, licence }
    }

    /// Has somebody said who may use it, and how?
    pub fn has_licence(&self) -> bool {
        self.licence != LICENCE_UNKNOWN
    }
}

/// A validated model of the head `classifier`: it finds nothing, and says of a thing that a detector found what kind of
/// it that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// Its files, what it is fed, and what its columns mean; each label is a kind of a class in `crop.of`.
    pub model: Model,
    /// What it is shown.
    pub crop: Crop,
}

/// What a `model.toml` describes.
#[derive(Clone, Debug, PartialEq)]
pub enum Described {
    /// Finds things in pictures.
    Detector(Model),
    /// Says what kind of thing one is.
    Classifier(Classifier),
}

impl Described {
    /// What both have: files, input, and labels.
    pub fn model(&self) -> &Model {
        match self {
            Self::Detector(model) | Self::Classifier(Classifier { model, .. }) => model,
        }
    }

    /// The same, alone.
    pub fn into_model(self) -> Model {
        match self {
            Self::Detector(model) | Self::Classifier(Classifier { model, .. }) => model,
        }
    }
}

/// Which share of people a model finds in a single look, by how tall they are on its input.
#[derive(Clone, Debug, PartialEq)]
pub struct Recall {
    /// `[height in px, share]`, the least height first.
    pub by_height: Vec<[f64; 2]>,
}

impl Recall {
    /// The least height that was measured from which on, at each that was, at least half are found; none when not even
    /// the tallest are.
    pub fn height_min_px(&self) -> Option<f64> {
        let enough = self.by_height.iter().rev().take_while(|[_, share]| *share >= HALF);
        enough.last().map(|[height_px, _]| *height_px)
    }
}

/// What makes scores of one model mean what those of another do (Platt 1999): the log-odds of a confidence are
/// `slope` times those of the score, and `offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// More than 0.
    pub slope: f32,
    /// More than 0 for a model that is too unsure of itself.
    pub offset: f32,
}

impl Scores {
    /// The confidence that a score of 0 to 1 stands for.
    pub fn confidence(self, score: f32) -> f32 {
        share(self.slope * log_odds(score) + self.offset)
    }

    /// The score that stands for a confidence of 0 to 1.
    pub fn score(self, confidence: f32) -> f32 {
        share((log_odds(confidence) - self.offset) / self.slope)
    }
}

/// Of 0 and 1: without end.
pub(crate) fn log_odds(share: f32) -> f32 {
    (share / (1.0 - share)).ln()
}

/// The probability that has these log-odds: the sigmoid.
pub(crate) fn share(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl Model {
    /// The same model with its weights in this precision; none where it has no such.
    #[must_use]
    pub fn in_precision(&self, precision: Precision) -> Option<Self> {
        if precision == self.precision {
            return Some(self.clone());
        }
        let variant = self.variants.iter().find(|variant| variant.precision == precision)?;
        let Variant { file, sha256, .. } = variant.clone();
        Some(Self { file, sha256, precision, ..self.clone() })
    }

    /// The same weights, as if this size were its only one.
    #[must_use]
    pub fn at(&self, size: [usize; 2]) -> Self {
        let (input, head) = (self.input.at(size), self.head.at(size));
        Self { input, head, sizes: Vec::new(), ..self.clone() }
    }
}

/// Images per run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Any number.
    Any,
    /// Exactly so many.
    Fixed(usize),
}

/// What a pipeline must know of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Classes that it tells apart.
    pub labels: Vec<Class>,
    /// Of a classifier: the classes that it narrows down. None of a detector.
    pub refines: Vec<Class>,
}

impl From<&Model> for ModelInfo {
    fn from(model: &Model) -> Self {
        let labels = model.labels.iter().flatten().cloned().collect();
        Self { labels, refines: Vec::new() }
    }
}

impl From<&Described> for ModelInfo {
    fn from(described: &Described) -> Self {
        let refines = match described {
            Described::Detector(_) => Vec::new(),
            Described::Classifier(classifier) => classifier.crop.of.clone(),
        };
        Self { refines, ..Self::from(described.model()) }
    }
}

impl ModelInfo {
    /// Is one of its labels `class` or a kind of it?
    pub fn knows(&self, class: &Class) -> bool {
        self.labels.iter().any(|label| class.covers(label))
    }
}
