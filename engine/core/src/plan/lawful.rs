//! What is lawful although a rule means it.

use super::calendar::Calendar;
use super::schedule::Schedule;
use crate::geometry::{Polygon, UnitPoint};
use crate::id::Name;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Why something is lawful that otherwise is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermitReason {
    /// A street is a market at night.
    NightMarket,
    /// A wedding with its tent.
    Wedding,
    /// A funeral with its tent.
    Funeral,
    /// Goods may be loaded.
    Loading,
    /// A painted parking bay.
    ParkingBay,
    /// A festival, a run, a parade.
    Event,
    /// Road works.
    Works,
}

/// `[[permit]]`: incidents of some rules are lawful for a time, or in a part of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Permit {
    /// Unique in the file.
    pub id: Name,
    /// Why.
    pub reason: PermitReason,
    /// Cameras that it is for; empty means all.
    pub cameras: Vec<Name>,
    /// Zones of these cameras that it is for; empty means all.
    pub zones: Vec<Name>,
    /// Catalogue entries that it excepts; at least one.
    pub uses: Vec<Name>,
    /// Weekly hours.
    pub schedule: Schedule,
    /// It does not hold before.
    pub from: Option<Timestamp>,
    /// It does not hold from then on; later than `from`.
    pub until: Option<Timestamp>,
    /// Only what stands in here is excepted, in fractions of the frame of its one camera.
    pub polygon: Option<Polygon>,
}

impl Permit {
    /// Does it hold at this time? `calendar` is that of the site.
    pub fn applies(&self, at: Timestamp, zone: &TimeZone, calendar: Option<&Calendar>) -> bool {
        self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at < until)
            && self.schedule.active(at, zone, calendar)
    }

    /// Is it for this violation in this zone of this camera?
    pub fn covers(&self, camera: &Name, zone: &Name, violation: &Name) -> bool {
        let named = |names: &[Name], name| names.is_empty() || names.contains(name);
        named(&self.cameras, camera) && named(&self.zones, zone) && self.uses.contains(violation)
    }

    /// Is it for what touches the ground here? Always, where it has no polygon.
    pub fn holds_at(&self, ground: UnitPoint) -> bool {
        self.polygon.as_ref().is_none_or(|polygon| polygon.contains(ground))
    }
}
