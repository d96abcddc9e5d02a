//! What a rule says, and about whom.

use crate::geometry::UnitPoint;
use crate::incident::Subject;
use crate::observe::Object;
use crate::time::Timestamp;

/// Most subjects that one rule follows at once; the least interesting one goes first.
pub const SUBJECTS_MAX: usize = 256;
/// Number of a subject within one rule; never used twice.
pub type SubjectKey = u64;

/// Whom a signal is about, as seen at its look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Concerned {
    /// Best first.
    pub subjects: Vec<Subject>,
    /// Where the ground point of the first went since it was first seen, oldest first; none of what did not move, and of
    /// the members of a zone.
    pub path: Vec<UnitPoint>,
}

/// What a rule says about one subject or zone, in the order in which it can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// The trigger has begun to hold; it may yet come to nothing.
    Began {
        /// Whom it is about.
        key: SubjectKey,
        /// Who is concerned.
        who: Concerned,
    },
    /// It came to nothing.
    Lapsed(SubjectKey),
    /// It holds: there is an incident.
    Fired {
        /// Whom it is about.
        key: SubjectKey,
        /// When it began.
        first_seen: Timestamp,
        /// Who is concerned.
        who: Concerned,
    },
    /// The incident goes on, and this is how it looks now.
    Continues {
        /// Whom it is about.
        key: SubjectKey,
        /// Who is concerned.
        who: Concerned,
    },
    /// The incident is over.
    Ended {
        /// Whom it was about.
        key: SubjectKey,
        /// When the trigger last held.
        last_seen: Timestamp,
    },
}

pub(super) fn subject(object: &Object) -> Subject {
    Subject {
        track: object.track,
        class: object.class.clone(),
        confidence: object.confidence,
        bbox: object.bbox,
    }
}
