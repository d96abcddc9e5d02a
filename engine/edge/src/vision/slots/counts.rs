//! What became of the frames of a camera.

use std::collections::BTreeMap;
use viahe_core::seam::DropReason;

/// What became of a frame that a thread took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    Analysed,
    /// Its picture is that of the last one.
    Unchanged,
    Failed,
}

/// Analysed frames, and frames dropped by reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) inferred: u64,
    /// Looks that were told without a frame.
    pub(crate) told: u64,
    /// How often the longest gap that the rules bear passed without a look.
    pub(crate) late: u64,
    pub(crate) dropped: BTreeMap<DropReason, u64>,
}
