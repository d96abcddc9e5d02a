//! What is drawn over the pictures of an incident: small, bounded, and of the moment that each shows.

use serde::{Deserialize, Serialize};

/// Where an incident was, in fractions of the picture, `[x, y]` and `[x0, y0, x1, y1]`. Zone and line are those
/// under which it opened: a rule whose zone or line is changed ends its incidents, so no picture of it has others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Geometry {
    /// Corners of the zone, at most 64; none where the rule has no zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zone: Vec<[f64; 2]>,
    /// Corners of the bays in which what the rule means was permitted when the incident opened, at most 16 bays with 64
    /// corners in all; those that are nearest to the first subject come first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bays: Vec<Vec<[f64; 2]>>,
    /// The line, where the rule has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<[[f64; 2]; 2]>,
    /// Where the ground point of the first subject went since it was first seen, at most 12 points, oldest first; none
    /// of what did not move, and of incidents of a whole zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<[f64; 2]>,
    /// Where the subjects were in the pictures.
    #[serde(default, skip_serializing_if = "Boxes::is_empty")]
    pub boxes: Boxes,
}

impl Geometry {
    /// Is there nothing to draw?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Boxes by the moment that a picture shows, of the first 16 subjects each. At the end nobody is there any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Boxes {
    /// In the picture of `first_seen`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_seen: Vec<[f64; 4]>,
    /// In the picture of `opened`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<[f64; 4]>,
}

impl Boxes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
