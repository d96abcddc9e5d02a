//! Output tensors of one run → detections, one image at a time.

use super::candidate::{Scored, Wanted};
use super::detection::{Confidence, Detection};
use super::head::{Outputs, Reads, TensorView};
use super::nms::Nms;
use super::readers::reads;
use super::stats::DecodeStats;
use super::suspicion::Suspicion;
use crate::geometry::PxBox;
use crate::id::{ClassIx, Name};
use crate::model::{Model, Scores};
use crate::tensor::{Fit, Sheet};
use std::sync::Arc;

/// Candidates that suppression looks at, best first; weaker ones are dropped and counted. Bounds
/// the work of a hopeless picture (or model) to 131,000 comparisons, about half a millisecond.
pub const CANDIDATES_KEPT_MAX: usize = 512;

/// A box may be so many times as large as the input: one that is cut off by the frame's edges is
/// larger than it, but not much.
const SIDES_MAX: f32 = 4.0;

/// The model gave something that its description did not promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another number of tensors.
    #[error(
        "model {model}: {got} output tensors were handed over, its head reads {want}; correct \
         [output] in models/{model}/model.toml"
    )]
    Count {
        /// The model.
        model: Name,
        /// Tensors that the head reads.
        want: usize,
        /// Tensors there.
        got: usize,
    },
    /// Another shape, or fewer values than the shape says.
    #[error(
        "model {model}: output {tensor:?} has shape {got:?} ({values} values), its description \
         says {want:?}; export the model again, or correct candidates and classes in \
         models/{model}/model.toml"
    )]
    Shape {
        /// The model.
        model: Name,
        /// The tensor.
        tensor: String,
        /// Shape promised.
        want: Vec<usize>,
        /// Shape received.
        got: Vec<usize>,
        /// Values received.
        values: usize,
    },
    /// The batch has no such image.
    #[error("model {model}: image {image} of a batch of {batch} was asked for")]
    Image {
        /// The model.
        model: Name,
        /// Image asked for.
        image: usize,
        /// Images there.
        batch: usize,
    },
}

/// Reads the output of one model. Keeps its buffers, so a frame allocates nothing once they have
/// grown.
#[derive(Clone, Debug)]
pub struct Decoder {
    model: Name,
    head: Arc<dyn Reads>,
    input_px: [f32; 2],
    suspicion: Suspicion,
    scores: Option<Scores>,
    confidence_min: f32,
    labelled: Vec<u16>,
    /// Names and shapes of the outputs for one image.
    outputs: Vec<(String, Vec<usize>)>,
    nms: Nms,
    scored: Vec<Scored>,
    sorted: Vec<Detection>,
}

impl Decoder {
    /// A decoder for the output of `model`.
    pub fn new(model: &Model) -> Self {
        let labelled = (0u16..)
            .zip(&model.labels)
            .filter_map(|(class, label)| label.is_some().then_some(class))
            .collect();
        let outputs = model.head.tensors(1).into_iter().map(|(n, s)| (n.to_owned(), s)).collect();
        Self {
            model: model.name.clone(),
            head: reads(model),
            input_px: [model.input.width as f32, model.input.height as f32],
            suspicion: Suspicion::of(model),
            scores: model.scores,
            confidence_min: model.confidence_min,
            labelled,
            outputs,
            nms: Nms::new(model),
            scored: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// Reads image `image` of a batch into `out`, which is cleared first: detections in frame px,
    /// best first, after suppression.
    ///
    /// - `tensors`: what the model gave, in the order of [`Head::tensors`](crate::model::Head::tensors).
    /// - `sheet`: how that frame, or parts of it, were put into the input.
    ///
    /// A candidate counts as its best labelled class: class scores are independent, so a class
    /// without label says nothing about the others. Values that are not finite or out of range
    /// are skipped and counted; a bad export must not poison the tracker.
    ///
    /// # Errors
    /// [`DecodeError`] when the tensors do not have the promised shapes; `out` is then empty.
    pub fn decode(
        &mut self,
        tensors: &[TensorView<'_>],
        image: usize,
        sheet: &Sheet,
        out: &mut Vec<Detection>,
    ) -> Result<DecodeStats, DecodeError> {
        out.clear();
        self.check(tensors, image)?;
        self.scored.clear();
        let outputs = Outputs { tensors, image };
        let min = self.confidence_min;
        let score_min = self.scores.map_or(min, |scores| scores.score(min));
        let wanted = Wanted { labelled: &self.labelled, score_min };
        let found = self.head.scan(outputs, wanted, &mut self.scored);
        let candidates = self.scored.len();
        let mut suspicion = self.suspicion.begin(&self.scored);
        let over_limit = keep_best(&mut self.scored);
        let mut stats = DecodeStats {
            candidates: candidates as u32,
            over_limit: over_limit as u32,
            invalid: found.invalid,
            bad_scores: found.bad_rows,
            bad_classes: found.bad_classes,
            ..DecodeStats::default()
        };
        self.sorted.clear();
        for at in 0..self.scored.len() {
            let scored = self.scored[at];
            let corners = self.head.corners(outputs, scored.candidate as usize);
            // What just reaches the least score is not to fall below the least confidence by rounding.
            let calibrated = |scores: Scores| scores.confidence(scored.score).clamp(min, 1.0);
            let confidence = self.scores.map_or(scored.score, calibrated);
            let Ok(confidence) = Confidence::try_from(confidence) else {
                stats.invalid += 1;
                continue;
            };
            if !self.is_box(corners) {
                stats.invalid += 1;
                stats.bad_boxes += 1;
                continue;
            }
            if let Some((part, bbox)) = to_frame(sheet, corners) {
                suspicion.add(corners);
                let class = ClassIx(scored.class);
                self.sorted.push(Detection { class, confidence, bbox, part });
            } else {
                stats.outside += 1;
                stats.bad_boxes += 1;
            }
        }
        // Those beyond the limit were not looked at: of their boxes nothing is known.
        stats.sure = self.scored.len() as u32 + found.lost_rows;
        suspicion.tell(&mut stats);
        self.nms.keep(&self.sorted, out);
        stats.detections = out.len() as u32;
        stats.suppressed = (self.sorted.len() - out.len()) as u32;
        Ok(stats)
    }

    /// Ordered corners of something that a picture could show: not many times as large as it.
    fn is_box(&self, corners: [f32; 4]) -> bool {
        let fits = |axis: usize| {
            let side = corners[axis + 2] - corners[axis];
            (0.0..=SIDES_MAX * self.input_px[axis]).contains(&side)
        };
        is_finite(corners) && fits(0) && fits(1)
    }

    fn check(&self, tensors: &[TensorView<'_>], image: usize) -> Result<(), DecodeError> {
        if tensors.len() != self.outputs.len() {
            let (want, got) = (self.outputs.len(), tensors.len());
            return Err(DecodeError::Count { model: self.model.clone(), want, got });
        }
        for (tensor, (name, one)) in tensors.iter().zip(&self.outputs) {
            let batch = tensor.shape.first().copied().unwrap_or(0);
            let per_image: usize = one.iter().product();
            let as_promised = tensor.shape.get(1..) == Some(&one[1..])
                && Some(tensor.data.len()) == per_image.checked_mul(batch);
            if !as_promised {
                let mut want = one.clone();
                want[0] = batch;
                return Err(DecodeError::Shape {
                    model: self.model.clone(),
                    tensor: name.clone(),
                    want,
                    got: tensor.shape.to_vec(),
                    values: tensor.data.len(),
                });
            }
            if image >= batch {
                return Err(DecodeError::Image { model: self.model.clone(), image, batch });
            }
        }
        Ok(())
    }
}

/// The box in frame px, by the part of the sheet in which its middle lies, and which that is.
fn to_frame(sheet: &Sheet, [x0, y0, x1, y1]: [f32; 4]) -> Option<(u8, PxBox)> {
    let (x, y) = ((x0 + x1) * 0.5, (y0 + y1) * 0.5);
    let is_in = |fit: &Fit| {
        let inside = |v: f32, first: usize, last: usize| v >= first as f32 && v < last as f32;
        inside(x, fit.place.x, fit.place.right()) && inside(y, fit.place.y, fit.place.bottom())
    };
    let part = match sheet.parts() {
        // All that there is belongs to it: what reaches beyond the frame as well.
        [_] => 0,
        parts => parts.iter().position(is_in)?,
    };
    let bbox = sheet.parts()[part].to_frame(x0, y0, x1, y1)?;
    Some((u8::try_from(part).ok()?, bbox))
}

/// Sorts best first (ties by row, so that equal runs give equal results) and drops what is beyond
/// the limit; says how many.
fn keep_best(scored: &mut Vec<Scored>) -> usize {
    let better = |a: &Scored, b: &Scored| {
        b.score.total_cmp(&a.score).then_with(|| a.candidate.cmp(&b.candidate))
    };
    let dropped = scored.len().saturating_sub(CANDIDATES_KEPT_MAX);
    if dropped > 0 {
        scored.select_nth_unstable_by(CANDIDATES_KEPT_MAX, better);
        scored.truncate(CANDIDATES_KEPT_MAX);
    }
    scored.sort_unstable_by(better);
    dropped
}

fn is_finite(values: [f32; 4]) -> bool {
    values.iter().all(|v| v.is_finite())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
