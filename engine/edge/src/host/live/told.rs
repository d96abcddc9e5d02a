//! What the centre was told of cameras and orders, so that it is told again when it changes.

use crate::vision::supervise::Quarantine;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::message;
use viahe_core::attention::Attention;
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
    /// Cameras that are kept away from their workers.
    pub(super) quarantined: Quarantined,
    /// How much cameras are looked at.
    pub(super) attention: BTreeMap<Name, Attention>,
    /// What stands by order.
    pub(super) orders: Orders,
    stated_at: Instant,
}

impl Told {
    pub(super) fn nothing(now: Instant) -> Self {
        Self {
            reports: BTreeMap::new(),
            suspended: BTreeMap::new(),
            quarantined: Quarantined::default(),
            attention: BTreeMap::new(),
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

/// A camera that is kept away, and the event time of its next try.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) quarantine: Quarantine,
    pub(super) next_try: Timestamp,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Quarantined(BTreeMap<Name, Kept>);

impl Quarantined {
    pub(super) fn has(&self, camera: &Name) -> bool {
        self.0.contains_key(camera)
    }

    /// Are they these?
    pub(super) fn is(&self, these: &BTreeMap<Name, Quarantine>) -> bool {
        self.0.iter().map(|(camera, kept)| (camera, &kept.quarantine)).eq(these)
    }

    pub(super) fn take(&mut self) -> BTreeMap<Name, Kept> {
        std::mem::take(&mut self.0)
    }

    pub(super) fn set(&mut self, kept: BTreeMap<Name, Kept>) {
        self.0 = kept;
    }

    /// For `…/cam/{camera}/state`.
    pub(super) fn told(&self, camera: &Name, zone: &TimeZone) -> Option<message::Quarantine> {
        let Kept { quarantine, next_try } = self.0.get(camera)?;
        let (deaths, next_try) = (quarantine.deaths, next_try.local(zone));
        Some(message::Quarantine { deaths, next_try })
    }
}
