//! What the rules of a camera would have told.

use super::incident::Severity;
use crate::class::Class;
use crate::id::Name;
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
    /// What the pipeline as it is tells of it.
    pub now: Previewed,
    /// What the edited one tells.
    pub then: Previewed,
}

/// Incidents of a camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Previewed {
    /// Oldest first; bounded.
    pub incidents: Vec<PreviewIncident>,
    /// So many more are left out.
    pub left_out: u32,
}

/// An incident that would have been told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewIncident {
    /// Its rule.
    pub rule: Name,
    /// Where.
    pub zone: Option<Name>,
    /// When it would have opened.
    pub opened: LocalTime,
    /// When it would have ended; none while it stands.
    pub closed: Option<LocalTime>,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, as it was when it opened.
    pub subjects: Vec<PreviewSubject>,
}

/// A thing, and where it stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewSubject {
    /// What it is.
    pub class: Class,
    /// Left, top, right, bottom in fractions of the frame.
    #[serde(rename = "box")]
    pub bbox: [f64; 4],
}
