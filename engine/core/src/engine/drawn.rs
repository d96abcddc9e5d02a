//! What is drawn over the pictures of an incident.

use crate::incident::{Subject, told_point};
use crate::plan::{Camera, Rule};
use crate::rule::Concerned;
use viahe_contract::message::{Boxes, Geometry};

/// Most boxes in one picture: what a rule counts may be a crowd.
const BOXES_MAX: usize = 16;

/// Where the subjects are at this look.
pub(super) fn boxes(subjects: &[Subject]) -> Vec<[f64; 4]> {
    subjects.iter().take(BOXES_MAX).map(Subject::told_box).collect()
}

/// The path as told.
pub(super) fn path(who: &Concerned) -> Vec<[f64; 2]> {
    who.path.iter().copied().map(told_point).collect()
}

/// Of an incident that opens at this look, under these zones: they are told with it, so that what is drawn
/// later is never drawn over its pictures.
pub(super) fn geometry(
    camera: Option<&Camera>,
    rule: &Rule,
    who: &Concerned,
    first_seen: Vec<[f64; 4]>,
) -> Geometry {
    let zone = camera.zip(rule.zone).map(|(c, z)| c.zones[z].polygon.corners());
    let line = camera.zip(rule.line).map(|(c, l)| c.lines[l].points.map(told_point));
    Geometry {
        zone: zone.unwrap_or_default().iter().copied().map(told_point).collect(),
        line,
        path: path(who),
        boxes: Boxes { first_seen, opened: boxes(&who.subjects) },
    }
}
