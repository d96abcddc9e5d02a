//! What the centre was told of cameras and orders, so that it is told again when it changes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_core::engine::Orders;
use viahe_core::id::Name;
use viahe_core::plan::program::CameraTrouble;
use viahe_core::seam::CameraReport;
use viahe_core::time::Timestamp;

/// How often a camera's state is told to the centre when nothing changes.
const STATE_EVERY: Duration = Duration::from_mins(1);

/// What was told last.
pub(super) struct Told {
    /// Of each camera.
    pub(super) reports: BTreeMap<Name, CameraReport>,
    /// Cameras whose rules are suspended, why and since when.
    pub(super) suspended: BTreeMap<Name, (CameraTrouble, Timestamp)>,
    /// What stands by order.
    pub(super) orders: Orders,
    stated_at: Instant,
}

impl Told {
    pub(super) fn nothing(now: Instant) -> Self {
        Self {
            reports: BTreeMap::new(),
            suspended: BTreeMap::new(),
            orders: Orders::default(),
            stated_at: now,
        }
    }

    /// Is it time to say all again?
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = now.duration_since(self.stated_at) >= STATE_EVERY;
        if due {
            self.stated_at = now;
        }
        due
    }
}
