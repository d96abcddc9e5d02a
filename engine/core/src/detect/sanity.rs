//! Does a model's output say what its description says?
//!
//! An export with another head (boxes decoded already, scores before their sigmoid, pixels instead
//! of fractions) has the right shape and means something else. Its candidates are then dropped one
//! by one, and the street looks empty for ever; or they are believed, and it is full of things that are not there. So
//! those that claim to be sure are counted, and how many of them cannot be used: of a right model hardly any, of a
//! wrong one nearly all. A street where nothing is sure says nothing about the model.

use super::stats::DecodeStats;
use crate::model::{Activation, BoxUnit, Head};

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

/// Why candidates that claim to be sure are unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Scores,
    Classes,
    Boxes,
    Specks,
    Whole,
    Everywhere,
}

/// Of faults that count alike, the first is told.
const FAULTS: [Fault; 6] =
    [Fault::Scores, Fault::Classes, Fault::Boxes, Fault::Specks, Fault::Whole, Fault::Everywhere];

/// In the order of [`FAULTS`].
fn counts(of: &DecodeStats) -> [u32; FAULTS.len()] {
    [of.bad_scores, of.bad_classes, of.bad_boxes, of.specks, of.whole, of.everywhere]
}

/// Watches what a decoder counts of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sanity {
    sure: u64,
    /// In the order of [`FAULTS`].
    faults: [u64; FAULTS.len()],
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
        for (sum, count) in self.faults.iter_mut().zip(counts(of)) {
            *sum += u64::from(count);
        }
        if self.sure > SURE_KEPT {
            self.sure /= 2;
            self.faults = self.faults.map(|count| count / 2);
        }
        let enough = self.sure >= SURE_MIN && self.looks >= LOOKS_MIN;
        let bar = if self.wrong { SHARE_GOOD } else { SHARE_BAD };
        self.wrong = enough && self.share() >= bar;
    }

    /// A candidate may be bad in several ways, and is one.
    fn unusable(&self) -> u64 {
        self.faults.iter().sum::<u64>().min(self.sure)
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
        let most = self.faults.iter().max().copied().unwrap_or_default();
        let first = FAULTS.iter().zip(self.faults).find(|(_, count)| *count == most);
        let why = why(first.map_or(Fault::Scores, |(fault, _)| *fault), head);
        format!(
            "{} of {} sure candidates are unusable: {why}; export the model as head = \"{}\" of \
             models/README.md wants it, or correct [output] in its model.toml; until then it sees \
             nothing",
            self.unusable(),
            self.sure,
            head.name(),
        )
    }
}

/// What is wrong, and what it may be.
fn why(fault: Fault, head: &Head) -> &'static str {
    match fault {
        Fault::Scores => scores_in_words(head),
        Fault::Classes => {
            "its class numbers are no whole numbers below `classes` (another order of columns or tensors?)"
        }
        Fault::Boxes => boxes_in_words(head),
        Fault::Specks => "its boxes are smaller than a pixel (fractions, read as pixels?)",
        Fault::Whole => "its boxes cover the whole picture (another order or unit of its numbers?)",
        Fault::Everywhere => {
            "nearly every candidate claims to be sure (probabilities, of which a sigmoid is taken again?)"
        }
    }
}

fn scores_in_words(head: &Head) -> &'static str {
    match head {
        Head::Detr { activation: Activation::Sigmoid | Activation::Softmax, .. }
        | Head::Centernet { activation: Activation::Sigmoid, .. } => "its scores are no numbers",
        Head::Detr { .. } | Head::Centernet { .. } => {
            "its scores are no probabilities (logits? then write `activation = \"sigmoid\"`)"
        }
        _ => "its scores are no probabilities (logits, without sigmoid?)",
    }
}

fn boxes_in_words(head: &Head) -> &'static str {
    let fractions = |unit: &BoxUnit| *unit == BoxUnit::Fractions;
    match head {
        Head::Ssd { .. } => "its boxes are no fractions of the input (pixels? centre and size?)",
        Head::Yolox { .. } => {
            "its boxes are not relative to their grid cells (an export with decoding?)"
        }
        Head::Nanodet { .. } => {
            "the distances of its boxes' sides are no numbers (another number of bins or classes?)"
        }
        Head::Yolov5 { unit, .. } | Head::Yolov8 { unit, .. } if fractions(unit) => {
            "its boxes are no centre and size in fractions of the input (pixels? corners?)"
        }
        Head::Yolov5 { .. } | Head::Yolov8 { .. } => {
            "its boxes are no centre and size in pixels (an export without decoding? corners?)"
        }
        Head::Yolov10 { unit, .. } if fractions(unit) => {
            "its boxes are no corners x0, y0, x1, y1 in fractions of the input (pixels? centre and size?)"
        }
        Head::Yolov10 { .. } => {
            "its boxes are no corners x0, y0, x1, y1 in pixels (centre and size?)"
        }
        Head::Detr { .. } => {
            "its boxes are no centre and size in fractions of the input (pixels? corners?)"
        }
        Head::Centernet { .. } => "its boxes have no width and height (another order of tensors?)",
        Head::Efficientdet { unit, .. } if fractions(unit) => {
            "its boxes are no corners y0, x0, y1, x1 in fractions of the input (pixels?)"
        }
        Head::Efficientdet { .. } => "its boxes are no corners y0, x0, y1, x1 in pixels",
        Head::Classifier { .. } => "it is a classifier, which has no boxes",
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
