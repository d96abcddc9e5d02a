//! What a rule sees: detections from one confidence on.

use super::matching::{Matching, overlaps};
use super::pictures::{Kind, Pictures};

/// Overlap from which on a detection is of an object.
const IOU_MIN: f64 = 0.5;

/// What was found, and what was not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Of each object of [`Pictures::truths`]: was it found?
    pub found: Vec<bool>,
    /// By class, detections of nothing.
    pub false_alarms: Vec<usize>,
}

/// Judges detections of at least this confidence at an overlap of 0.5, the surest first.
pub fn judge(pictures: &Pictures, confidence: f64) -> Judged {
    let mut judged = Judged {
        found: vec![false; pictures.truths.len()],
        false_alarms: vec![0; pictures.classes],
    };
    for (class, cells) in pictures.cells(usize::MAX).into_iter().enumerate() {
        for mut cell in cells {
            cell.found.retain(|found| found.score >= confidence);
            let overlap = overlaps(&cell);
            let matching = Matching::new(&cell, &overlap, |_| true);
            for of in matching.at(IOU_MIN) {
                match of {
                    Some(at) => judged.found[cell.truths[at].0] = true,
                    None => judged.false_alarms[class] += 1,
                }
            }
        }
    }
    judged
}

impl Judged {
    /// Of these objects, how many must be found, and how many were.
    pub fn count(&self, pictures: &Pictures, class: usize) -> (usize, usize) {
        let objects = pictures.truths.iter().zip(&self.found);
        let objects =
            objects.filter(|(truth, _)| truth.class == class && truth.kind == Kind::Object);
        objects.fold((0, 0), |(of, found), (_, is)| (of + 1, found + usize::from(*is)))
    }
}
