//! Numbers from a seed, the same on every machine.

use viahe_core::random::SplitMix64;

/// What the seed decides.
pub(crate) struct Random(SplitMix64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f32 {
        self.0.unit_f32()
    }

    /// From `-most` to `most`, small ones more often.
    pub(crate) fn around(&mut self, most: f32) -> f32 {
        (self.unit() + self.unit() - 1.0) * most
    }
}
