//! Rows of an output that may be objects, as a scan finds them.

use crate::model::{log_odds, share};

/// Scores may pass 1 by so much and are then 1: vectorised sigmoids round.
const SCORE_SLACK: f32 = 1e-3;
/// From here on an `f32` probability is 1 up to two roundings: a least score of 1 asks for no larger logit.
const LOGIT_SURE: f32 = 15.0;
/// A logit so much too small is still looked at: whether its probability reaches the least score, rounding decides.
const LOGIT_SLACK: f32 = 1e-2;

/// Which candidates count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Class columns of interest, in order.
    pub(super) labelled: &'a [u16],
    /// As the model gives scores, before they are calibrated.
    pub(super) score_min: f32,
}

/// A candidate and its best labelled class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) score: f32,
    pub(super) candidate: u32,
    pub(super) class: u16,
}

/// How a graph gives scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Probabilities,
    /// Each class by itself.
    Logits,
}

impl Scale {
    /// What is below this does not reach the least score. What is not, may.
    pub(super) fn least(self, score_min: f32) -> f32 {
        match self {
            Self::Probabilities => score_min,
            Self::Logits => log_odds(score_min).min(LOGIT_SURE) - LOGIT_SLACK,
        }
    }

    /// A value that can be compared with others; none, when it is no score.
    pub(super) fn value(self, value: f32) -> Option<f32> {
        match self {
            Self::Probabilities => probability(value),
            // A class that cannot be has minus infinity.
            Self::Logits => (value < f32::INFINITY).then_some(value),
        }
    }

    /// The probability that such a value stands for.
    pub(super) fn score(self, value: f32) -> f32 {
        match self {
            Self::Probabilities => value,
            Self::Logits => share(value),
        }
    }
}

/// What a scan met.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScanCount {
    pub(super) invalid: u32,
    /// Rows that claim to be sure, where half of the scores or more are no probabilities.
    pub(super) bad_rows: u32,
    /// Rows that claim to be sure, of a class that there is not.
    pub(super) bad_classes: u32,
    /// Of both, those that gave no candidate.
    pub(super) lost_rows: u32,
}

/// One look at all candidates of an image.
#[derive(Debug)]
pub(super) struct Scan<'s> {
    wanted: Wanted<'s>,
    scale: Scale,
    /// See [`Scale::least`].
    least: f32,
    out: &'s mut Vec<Scored>,
    count: ScanCount,
}

impl<'s> Scan<'s> {
    /// Candidates go to `out`.
    pub(super) fn new(wanted: Wanted<'s>, scale: Scale, out: &'s mut Vec<Scored>) -> Self {
        let least = scale.least(wanted.score_min);
        Self { wanted, scale, least, out, count: ScanCount::default() }
    }

    pub(super) fn count(self) -> ScanCount {
        self.count
    }

    pub(super) fn least(&self) -> f32 {
        self.least
    }

    /// Rows of class scores, a column for each class.
    pub(super) fn rows<'r>(&mut self, rows: impl Iterator<Item = &'r [f32]>) {
        for (candidate, row) in rows.enumerate() {
            if any_reaches(row, self.least) {
                self.classes(candidate, 1.0, |class| row[class]);
            }
        }
    }

    /// A row of class scores, which may hold an object: of its best labelled class, whose score is to be multiplied by
    /// `factor`.
    pub(super) fn classes(&mut self, candidate: usize, factor: f32, value: impl Fn(usize) -> f32) {
        let mut best: Option<(u16, f32)> = None;
        let mut invalid = 0;
        for &class in self.wanted.labelled {
            match self.scale.value(value(usize::from(class))) {
                Some(value) if best.is_none_or(|(_, so_far)| value > so_far) => {
                    best = Some((class, value));
                }
                Some(_) => {}
                None => invalid += 1,
            }
        }
        let sure = best
            .map(|(class, value)| (class, self.scale.score(value) * factor))
            .filter(|(_, score)| *score >= self.wanted.score_min);
        self.add_row(invalid, self.wanted.labelled.len(), sure.is_some());
        if let Some((class, score)) = sure {
            self.out.push(Scored { score, candidate: candidate as u32, class });
        }
    }

    /// One class at one place, which may be an object.
    pub(super) fn one(&mut self, candidate: usize, class: u16, value: f32) {
        let score = self.scale.score(value);
        if score >= self.wanted.score_min {
            self.out.push(Scored { score, candidate: candidate as u32, class });
        }
    }

    /// A row of a score and a class by its number, of so many classes.
    pub(super) fn numbered(&mut self, candidate: usize, score: f32, number: f32, classes: usize) {
        // NaN is not less than anything: it goes on, and is counted.
        if score < self.least {
            return;
        }
        let Some(score) = self.scale.value(score) else { return self.add_row(1, 1, false) };
        // Also of what is no number.
        if !(number >= 0.0 && number < classes as f32 && number.fract() == 0.0) {
            self.count.invalid += 1;
            self.count.bad_classes += 1;
            self.count.lost_rows += 1;
            return;
        }
        let class = number as u16;
        if self.wanted.labelled.binary_search(&class).is_ok() {
            self.one(candidate, class, score);
        }
    }

    /// Counts a row that claims to be sure, with so many scores that are none.
    pub(super) fn add_row(&mut self, invalid: u32, scores: usize, usable: bool) {
        self.count.invalid += invalid;
        let bad = invalid > 0 && 2 * invalid as usize >= scores;
        self.count.bad_rows += u32::from(bad);
        self.count.lost_rows += u32::from(bad && !usable);
    }
}

/// Is any value at least `min`, or not a number? No early exit and no branch, so that it becomes
/// vector code: nearly all rows hold nothing, and this is all that is done for them.
pub(super) fn any_reaches(row: &[f32], min: f32) -> bool {
    // `!(v < min)` and not `v >= min`: a NaN must be seen, to be counted.
    #[allow(clippy::neg_cmp_op_on_partial_ord, clippy::needless_bitwise_bool)]
    row.iter().fold(false, |any, &v| any | !(v < min))
}

/// A value as a probability; `None` when it is none, even allowing for rounding.
pub(super) fn probability(value: f32) -> Option<f32> {
    let range = -SCORE_SLACK..=1.0 + SCORE_SLACK;
    range.contains(&value).then(|| value.clamp(0.0, 1.0))
}
