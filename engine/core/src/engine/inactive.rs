//! Why a rule does not apply.

use crate::id::Name;
use crate::plan::program::CameraTrouble;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use viahe_contract::message::EndReason;

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

    /// For people, with the offset of this zone.
    pub(super) fn told(&self, zone: &TimeZone) -> String {
        match self {
            Self::Schedule => "its schedule does not apply".to_owned(),
            Self::Permit(id) => format!("the permit {id} applies"),
            Self::Suspended(until) => {
                format!("an operator suspended it until {}", until.rfc3339(zone))
            }
            Self::Disaster(level) => format!("it is relaxed at disaster level {level}"),
            Self::View(trouble) => format!("the camera is {trouble}"),
        }
    }
}
