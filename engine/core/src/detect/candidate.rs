//! Rows of an output that may be objects, as a scan finds them.

/// Scores may pass 1 by so much and are then 1: vectorised sigmoids round.
const SCORE_SLACK: f32 = 1e-3;

/// Which candidates count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Class columns of interest.
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

/// What a scan met.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScanCount {
    pub(super) invalid: u32,
    /// Rows that claim to be sure, where half of the scores or more are no probabilities.
    pub(super) bad_rows: u32,
    /// Of these, those that gave no candidate.
    pub(super) lost_rows: u32,
}

impl ScanCount {
    /// Counts a row that claims to be sure, with so many scores that are no probabilities.
    pub(super) fn add_row(&mut self, invalid: u32, scores: usize, usable: bool) {
        self.invalid += invalid;
        let bad = invalid > 0 && 2 * invalid as usize >= scores;
        self.bad_rows += u32::from(bad);
        self.lost_rows += u32::from(bad && !usable);
    }
}

/// Finds the rows of class scores whose best labelled class reaches the least score.
pub(super) fn scan_scores<'r>(
    rows: impl Iterator<Item = &'r [f32]>,
    wanted: Wanted<'_>,
    out: &mut Vec<Scored>,
) -> ScanCount {
    let Wanted { labelled, score_min } = wanted;
    let mut count = ScanCount::default();
    for (candidate, row) in rows.enumerate() {
        if !any_reaches(row, score_min) {
            continue;
        }
        let (best, invalid) = best_class(row, labelled, 1.0);
        let sure = best.filter(|(_, score)| *score >= score_min);
        count.add_row(invalid, labelled.len(), sure.is_some());
        if let Some((class, score)) = sure {
            out.push(Scored { score, candidate: candidate as u32, class });
        }
    }
    count
}

/// Is any value at least `min`, or not a number? No early exit and no branch, so that it becomes
/// vector code: nearly all rows hold nothing, and this is all that is done for them.
fn any_reaches(row: &[f32], min: f32) -> bool {
    // `!(v < min)` and not `v >= min`: a NaN must be seen, to be counted.
    #[allow(clippy::neg_cmp_op_on_partial_ord, clippy::needless_bitwise_bool)]
    row.iter().fold(false, |any, &v| any | !(v < min))
}

/// The best of the labelled classes with its score times `factor`, and how many scores were no
/// probabilities.
pub(super) fn best_class(row: &[f32], labelled: &[u16], factor: f32) -> (Option<(u16, f32)>, u32) {
    let mut best: Option<(u16, f32)> = None;
    let mut invalid = 0;
    for &class in labelled {
        match probability(row[usize::from(class)]) {
            Some(score) if best.is_none_or(|(_, so_far)| score > so_far) => {
                best = Some((class, score));
            }
            Some(_) => {}
            None => invalid += 1,
        }
    }
    (best.map(|(class, score)| (class, score * factor)), invalid)
}

/// A value as a probability; `None` when it is none, even allowing for rounding.
pub(super) fn probability(value: f32) -> Option<f32> {
    let range = -SCORE_SLACK..=1.0 + SCORE_SLACK;
    range.contains(&value).then(|| value.clamp(0.0, 1.0))
}
