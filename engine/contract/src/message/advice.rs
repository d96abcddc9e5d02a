//! What should be known of a right pipeline all the same, as codes with numbers and names, of which each reader makes
//! words in its own language.

use super::seen_by::SeenBy;
use crate::class::Class;
use crate::id::Name;
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// A warning about a pipeline. New ones come with versions of viahe: a reader shows the text of those that it does
/// not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Advice {
    /// The file was changed on the box and is not what runs: with the edit that is taken up too.
    NotWhatRuns,
    /// A zone of `Etc/` counts the other way round than people write it.
    SignsOfZone {
        /// Which.
        zone: String,
        /// So far from UTC.
        hours: u32,
        /// It is behind UTC; else ahead.
        behind: bool,
    },
    /// Nothing comes of a camera without rules.
    NoRule {
        /// Which.
        camera: Name,
    },
    /// The model sees a part only of what the rule is about.
    Partial {
        /// Of which camera.
        camera: Name,
        /// Which.
        rule: Name,
        /// What looks at it.
        model: Name,
        /// What that does not see.
        classes: Vec<Class>,
        /// The installed models that see some of it; empty also of an older box.
        #[serde(default)]
        seen_by: Vec<SeenBy>,
    },
    /// Nobody has said who may use a model, and how: its description names no licence.
    NoLicence {
        /// Which.
        model: Name,
    },
    /// A line is so near to the edge of the picture that no crossing ever counts.
    LineAtEdge {
        /// Of which camera.
        camera: Name,
        /// Which.
        line: Name,
        /// Nothing is seen on its left side, from its first point; else on its right one.
        left: bool,
    },
    /// The recording that stands for a camera is not there or cannot be read.
    NoRecording {
        /// For which.
        camera: Name,
    },
    /// A permit is over.
    PermitOver {
        /// Which.
        permit: Name,
        /// Since when.
        until: LocalTime,
    },
    /// The calendar has no dates for the time that comes.
    CalendarEnds {
        /// What it is called.
        calendar: Name,
        /// The last year that it has.
        year: i32,
    },
}
