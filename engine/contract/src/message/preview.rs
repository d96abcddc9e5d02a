//! What the rules of a camera would have told.

use super::incident::{Severity, Subject};
use crate::id::{IncidentId, Name};
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// What answers `preview`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// What was seen is known from here.
    pub from: LocalTime,
    /// To here.
    pub to: LocalTime,
    /// That is as long as was asked for.
    pub complete: bool,
    /// For so much of it the camera was looked at, in s.
    pub looked_secs: u64,
    /// What the pipeline as it is tells of it.
    pub now: Previewed,
    /// What the edited one tells.
    pub then: Previewed,
}

/// Incidents of a camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Previewed {
    /// Those that opened in this time, oldest first; bounded.
    pub incidents: Vec<PreviewIncident>,
    /// So many more are left out.
    pub left_out: u64,
}

/// An incident that would have been told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewIncident {
    /// Its id: what has the same in both is the same incident.
    pub incident: IncidentId,
    /// Its rule.
    pub rule: Name,
    /// The catalogue entry.
    pub violation: Name,
    /// Where.
    pub zone: Option<Name>,
    /// When the condition first held.
    pub first_seen: LocalTime,
    /// When it would have opened.
    pub opened: LocalTime,
    /// When it would have ended; none while it stands.
    pub closed: Option<LocalTime>,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, as it was when it opened; best first, a few.
    pub subjects: Vec<Subject>,
}
