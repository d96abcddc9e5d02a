//! Why a rule does not apply.

use crate::id::Name;
use crate::plan::program::CameraTrouble;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use viahe_contract::message::{EndReason, Rest, WhyRests};

/// Why a rule does not apply.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Inactive {
    /// Not at these hours.
    Schedule,
    /// What it forbids is permitted for now.
    Permit(Name),
    /// An operator said so.
    Suspended(Timestamp),
    /// It is relaxed because of a disaster.
    Disaster(u8),
    /// The camera does not see what its zones were drawn on.
    View(CameraTrouble),
}

impl Inactive {
    pub(super) fn reason(&self) -> EndReason {
        match self {
            Self::View(_) => EndReason::ViewLost,
            _ => EndReason::RuleInactive,
        }
    }

    /// Why the rule needs no looks; none for what comes back without notice.
    pub(super) fn rest(&self) -> Option<Rest> {
        match self {
            Self::Schedule => Some(Rest::Schedule),
            Self::Permit(_) => Some(Rest::Permit),
            Self::Suspended(_) => Some(Rest::Ordered),
            Self::Disaster(_) => Some(Rest::Disaster),
            Self::View(_) => None,
        }
    }

    /// For who wants it explained, with the offset of this zone.
    pub(super) fn why(&self, zone: &TimeZone) -> WhyRests {
        match self {
            Self::Schedule => WhyRests::Schedule,
            Self::Permit(permit) => WhyRests::Permit { permit: permit.clone() },
            Self::Suspended(until) => WhyRests::Suspended { until: until.local(zone) },
            Self::Disaster(level) => WhyRests::Disaster { level: *level },
            Self::View(CameraTrouble::Moved) => WhyRests::Moved,
            Self::View(CameraTrouble::Blinded) => WhyRests::Blinded,
            Self::View(CameraTrouble::TooDark) => WhyRests::TooDark,
            Self::View(CameraTrouble::Offline) => WhyRests::Offline,
        }
    }
}
