//! How many crops a look may show to a classifier.

use std::time::Duration;

/// A second stage may cost so much of what looks cost: judgement. Where it is all spent, a look of a camera with a
/// classifier costs half as much again.
pub const SHARE: f64 = 0.5;
/// Crops of one look at most, however cheap they are.
pub const CROPS_MAX: usize = 8;

/// What one camera may spend on one classifier. What a look leaves is kept for the next ones, up to [`CROPS_MAX`] crops: a
/// classifier that costs more than the share of one look has its crop every few looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    /// Crops, and parts of one.
    left: f64,
}

impl Budget {
    /// A look has cost so much, and a crop costs so much: crops that it may show.
    pub fn after(&mut self, look: Duration, crop: Duration) -> usize {
        let crops = SHARE * look.as_secs_f64() / crop.as_secs_f64().max(f64::EPSILON);
        self.left = (self.left + crops).min(CROPS_MAX as f64);
        self.left as usize
    }

    /// So many were shown.
    pub fn spend(&mut self, crops: usize) {
        self.left = (self.left - crops as f64).max(0.0);
    }
}
