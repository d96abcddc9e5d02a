//! What is possible for each candidate by itself, and cannot be for all of them.
//!
//! A tensor of another head or unit may hold values that are boxes and probabilities all the same: fractions read as
//! pixels, probabilities read as logits. [`Sanity`](super::Sanity) weighs what is counted here.

use super::candidate::Scored;
use super::stats::DecodeStats;
use crate::model::{Head, Model};

/// From here on a candidate is confident, whatever the least score: it says that there is rather something than nothing.
const CONFIDENT: f32 = 0.5;
/// Fewer candidates may all be confident: a graph that removes repeats itself may give no others. Judgement.
const CROWD_MIN: usize = 100;
/// Where so many of ten candidates are confident, scores say nothing. Of a right model, one in a hundred is.
const CROWD_OF_TEN: usize = 9;
/// Of a heatmap only peaks are candidates: of noise, one cell in nine is one.
const CELLS_FOR_A_PEAK: usize = 12;
/// A box that covers this share of the input's width and of its height covers all of it.
const WHOLE: f32 = 0.95;
/// One thing that fills the picture is seen by ten or so candidates. Judgement.
const WHOLE_MIN: u32 = 32;

/// What is suspicious of a model's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspicion {
    input_px: [f32; 2],
    crowd: usize,
}

/// The same of one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfImage {
    input_px: [f32; 2],
    crowded: bool,
    specks: u32,
    whole: u32,
}

impl Suspicion {
    pub(super) fn of(model: &Model) -> Self {
        let candidates = model.head.candidates();
        let crowd = match model.head {
            Head::Centernet { .. } => candidates / CELLS_FOR_A_PEAK,
            _ => candidates / 10 * CROWD_OF_TEN,
        };
        let input_px = model.input.size().map(|side| side as f32);
        Self { input_px, crowd: crowd.max(CROWD_MIN) }
    }

    /// `scored` are all candidates of an image.
    pub(super) fn begin(self, scored: &[Scored]) -> OfImage {
        let confident = scored.iter().filter(|scored| scored.score >= CONFIDENT).count();
        let crowded = confident >= self.crowd;
        OfImage { input_px: self.input_px, crowded, specks: 0, whole: 0 }
    }
}

impl OfImage {
    /// A box that lies in the frame, by its corners in px of the input.
    pub(super) fn add(&mut self, [x0, y0, x1, y1]: [f32; 4]) {
        let [width, height] = self.input_px;
        let covers = |from: f32, to: f32, side: f32| to.min(side) - from.max(0.0) >= WHOLE * side;
        self.specks += u32::from(x1 - x0 < 1.0 && y1 - y0 < 1.0);
        self.whole += u32::from(covers(x0, x1, width) && covers(y0, y1, height));
    }

    /// `stats` has counted who is sure.
    pub(super) fn tell(self, stats: &mut DecodeStats) {
        stats.specks = self.specks;
        stats.whole = if self.whole >= WHOLE_MIN { self.whole } else { 0 };
        stats.everywhere = if self.crowded { stats.sure } else { 0 };
    }
}
