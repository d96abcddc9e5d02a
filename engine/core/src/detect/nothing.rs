//! The head of a classifier, read as a detector's: no candidates, so nothing is found. Where models are taken for
//! detectors a classifier is refused before; see [`Described`](crate::model::Described).

use super::candidate::{ScanCount, Scored, Wanted};
use super::head::{Outputs, Reads};

#[derive(Debug)]
pub(super) struct Nothing;

impl Reads for Nothing {
    fn scan(&self, _: Outputs<'_>, _: Wanted<'_>, _: &mut Vec<Scored>) -> ScanCount {
        ScanCount::default()
    }

    fn corners(&self, _: Outputs<'_>, _: usize) -> [f32; 4] {
        [f32::NAN; 4]
    }
}
