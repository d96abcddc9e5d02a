//! Does a model's output say what its description says?
//!
//! An export with another head (boxes decoded already, scores before their sigmoid, pixels instead
//! of fractions) has the right shape and means something else. Its candidates are then dropped one
//! by one, and the street looks empty for ever. So those that claim to be sure are counted, and how
//! many of them cannot be used: of a right model hardly any, of a wrong one nearly all. A street
//! where nothing is sure says nothing about the model.

use super::decode::DecodeStats;
use crate::model::Head;

/// Sure candidates before which nothing is said: judgement; a vehicle gives ten or so a look.
const SURE_MIN: u64 = 30;
/// Looks with sure candidates before which nothing is said: one broken frame is no complaint.
const LOOKS_MIN: u32 = 3;
/// This share of them unusable is a contradiction, and half of it is none any more: a right model
/// has next to none, a wrong one next to all, so the numbers between hardly matter.
const SHARE_BAD: f64 = 0.9;
const SHARE_GOOD: f64 = 0.45;
/// Older looks count half after so many sure candidates, so that a mended model is believed.
const SURE_KEPT: u64 = 1_000;

/// Watches what a decoder counts of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sanity {
    sure: u64,
    bad_scores: u64,
    bad_boxes: u64,
    looks: u32,
    wrong: bool,
}

impl Sanity {
    /// Adds the counts of a look.
    pub fn add(&mut self, of: &DecodeStats) {
        if of.sure == 0 {
            return;
        }
        self.looks = self.looks.saturating_add(1);
        self.sure += u64::from(of.sure);
        self.bad_scores += u64::from(of.bad_scores);
        self.bad_boxes += u64::from(of.bad_boxes);
        if self.sure > SURE_KEPT {
            self.sure /= 2;
            self.bad_scores /= 2;
            self.bad_boxes /= 2;
        }
        let enough = self.sure >= SURE_MIN && self.looks >= LOOKS_MIN;
        let bar = if self.wrong { SHARE_GOOD } else { SHARE_BAD };
        self.wrong = enough && self.share() >= bar;
    }

    /// A row may be bad in both ways, and is one row.
    fn unusable(&self) -> u64 {
        (self.bad_scores + self.bad_boxes).min(self.sure)
    }

    fn share(&self) -> f64 {
        self.unusable() as f64 / self.sure.max(1) as f64
    }

    /// What is wrong with the output, in words; none while it may be right.
    pub fn complaint(&self, head: &Head) -> Option<String> {
        self.wrong.then(|| self.words(head))
    }

    /// As [`Sanity::complaint`], of few pictures that somebody looks at: any sure candidates will do.
    pub fn of_pictures(&self, head: &Head) -> Option<String> {
        (self.sure > 0 && self.share() >= SHARE_BAD).then(|| self.words(head))
    }

    fn words(&self, head: &Head) -> String {
        let name = head.name();
        let boxes = match head {
            Head::Ssd { .. } => {
                "its boxes are no fractions of the input (pixels? centre and size?)"
            }
            Head::Yolox { .. } => {
                "its boxes are not relative to their grid cells (an export with decoding?)"
            }
            Head::Nanodet { .. } => {
                "the distances of its boxes' sides are no numbers (another number of bins or classes?)"
            }
        };
        let scores = "its scores are no probabilities (logits, without sigmoid?)";
        let why = if self.bad_scores >= self.bad_boxes { scores } else { boxes };
        format!(
            "{} of {} sure candidates are unusable: {why}; export the model as head = \"{name}\" of \
             models/README.md wants it, or correct [output] in its model.toml; until then it sees \
             nothing",
            self.unusable(),
            self.sure
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(sanity: &mut Sanity, count: u32, [sure, bad_scores, bad_boxes]: [u32; 3]) {
        for _ in 0..count {
            sanity.add(&DecodeStats { sure, bad_scores, bad_boxes, ..DecodeStats::default() });
        }
    }

    fn head() -> Head {
        let (scores, boxes) = ("s".to_owned(), "b".to_owned());
        Head::Ssd { scores, boxes, candidates: 10, classes: 2 }
    }

    #[test]
    fn nearly_all_sure_candidates_decide() {
        for (each, count, want) in [
            ([0, 0, 0], 10_000, false),
            ([10, 0, 0], 1_000, false),
            ([10, 1, 1], 1_000, false),
            ([10, 0, 10], 2, false),
            ([500, 500, 0], 2, false),
            ([1, 1, 0], 29, false),
            ([1, 1, 0], 30, true),
            ([10, 0, 10], 3, true),
            ([10, 10, 10], 3, true),
            ([20, 0, 18], 5, true),
        ] {
            let mut sanity = Sanity::default();
            looks(&mut sanity, count, each);
            assert_eq!(sanity.complaint(&head()).is_some(), want, "{each:?} {count}");
        }
    }

    #[test]
    fn a_mended_model_is_believed_and_an_empty_street_changes_nothing() {
        let mut sanity = Sanity::default();
        looks(&mut sanity, 1_000, [20, 0, 20]);
        looks(&mut sanity, 10_000, [0, 0, 0]);
        let told = sanity.complaint(&head()).unwrap();
        assert!(told.contains("no fractions of the input") && told.contains("ssd"), "{told}");
        looks(&mut sanity, 100, [20, 0, 0]);
        assert_eq!(sanity.complaint(&head()), None);
    }
}
