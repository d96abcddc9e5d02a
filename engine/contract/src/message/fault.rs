//! What is wrong with an edit, as a code with numbers and names, of which each reader makes words in its own
//! language.

use super::seen_by::SeenBy;
use crate::class::Class;
use crate::id::Name;
use serde::{Deserialize, Serialize};

/// What people can get wrong who edit a pipeline from afar. Which key it is about is the problem's `field`.
/// New ones come with versions of viahe: a reader shows the text of those that it does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum EditFault {
    /// A number, or one of several, is not in its range.
    OutOfRange {
        /// Least.
        min: f64,
        /// Most.
        max: f64,
    },
    /// A number has decimals and may not.
    NotWhole,
    /// A text is empty.
    Empty,
    /// A key must be there, or must name something.
    Missing {
        /// Which.
        key: String,
    },
    /// A key is there that nothing comes of.
    OfNoUse,
    /// There is nothing of this name.
    Unknown {
        /// As it was written.
        name: Name,
    },
    /// Something else is called so.
    NameTaken {
        /// As it was written.
        name: Name,
    },
    /// The site has no sensor, or no window, for this.
    NoneMeasures {
        /// What is to be measured, such as `water_level`.
        quantity: String,
    },
    /// Speeds are asked for, and nobody has said where the ground is.
    NotCalibrated,
    /// Day or night is asked for, and nobody has said where the camera stands.
    NoPosition,
    /// The camera's model does not see what the rule is about.
    ModelBlind {
        /// What it is called.
        model: Name,
        /// What it does not see.
        classes: Vec<Class>,
        /// Installed ones that see all of it.
        others: Vec<Name>,
        /// Installed ones that see some of it, those that see all too; empty also of an older box.
        #[serde(default)]
        seen_by: Vec<SeenBy>,
    },
    /// Somebody would be gone between one look and the next.
    AbsenceTooShort {
        /// So long at least.
        least_secs: f64,
    },
    /// A sensor's value would count no more before it counts.
    OffBeyondOn {
        /// It counts from `on` upwards; else downwards.
        above: bool,
    },
    /// It is to be seen in more looks than there are, or in none.
    HitsBeyondLooks {
        /// So many there are.
        looks: u32,
    },
    /// It cannot be read as hours of the week.
    BadHours {
        /// As it was written.
        text: String,
    },
    /// These hours need a calendar, and the site names none.
    NoCalendar {
        /// As it was written.
        text: String,
    },
    /// A polygon has fewer than three corners.
    FewCorners,
    /// A polygon has more corners than there may be.
    ManyCorners,
    /// Edges of a polygon cross.
    Crossing,
    /// All corners lie on one line.
    NoArea,
    /// A corner is outside the picture.
    OutsidePicture,
    /// Both ends of a line are the same point.
    OnePoint,
    /// Four points do not tell where the ground is.
    NoGround,
}
