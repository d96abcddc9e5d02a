//! When rules apply, and what is lawful nevertheless.

use crate::config::Calendar;
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

/// Weekly hours in the site's time zone; empty means always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Any of these.
    pub spans: Vec<WeekSpan>,
}

/// `Mon-Fri 06:00-22:00`; a span whose end is not after its start goes on past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekSpan {
    /// Days on which it starts, any of them: bit 0 is Monday, and [`WeekSpan::HOLIDAY`],
    /// [`WeekSpan::FESTIVAL`], [`WeekSpan::WORKDAY`].
    pub days: u16,
    /// Minutes after midnight, 0 to 1439.
    pub start_min: u16,
    /// Minutes after midnight, 1 to 1440; exclusive.
    pub end_min: u16,
}

impl WeekSpan {
    /// `Hol`: a holiday of the site's calendar, whatever day of the week.
    pub const HOLIDAY: u16 = 1 << 7;
    /// `Fest`: a festival of the site's calendar.
    pub const FESTIVAL: u16 = 1 << 8;
    /// `Work`: Monday to Friday, but no holiday.
    pub const WORKDAY: u16 = 1 << 9;

    /// Can it only be understood with a calendar?
    pub fn needs_calendar(self) -> bool {
        self.days & (Self::HOLIDAY | Self::FESTIVAL | Self::WORKDAY) != 0
    }
}
