//! What is drawn over the pictures of an incident.

use crate::geometry::{Polygon, UnitPoint};
use crate::incident::{Subject, told_point};
use crate::plan::{Camera, Rule};
use crate::rule::Concerned;
use viahe_contract::message::{Boxes, Geometry};

/// Most boxes in one picture: what a rule counts may be a crowd.
const BOXES_MAX: usize = 16;

/// Most permitted bays, and most of their corners: of a street with more those that are far from the subject are
/// not what is asked about.
const BAYS_MAX: usize = 16;
const BAY_CORNERS_MAX: usize = 64;

/// Where the subjects are at this look.
pub(super) fn boxes(subjects: &[Subject]) -> Vec<[f64; 4]> {
    subjects.iter().take(BOXES_MAX).map(Subject::told_box).collect()
}

/// The path as told.
pub(super) fn path(who: &Concerned) -> Vec<[f64; 2]> {
    who.path.iter().copied().map(told_point).collect()
}

/// Where what is meant is permitted, nearest to who is meant first; in the plan's order where that is nobody.
fn bays(mut all: Vec<&Polygon>, who: &Concerned) -> Vec<Vec<[f64; 2]>> {
    if let Some(first) = who.subjects.first() {
        let ground = first.bbox.ground();
        all.sort_by(|a, b| away(a, ground).total_cmp(&away(b, ground)));
    }
    let mut room = BAY_CORNERS_MAX;
    let fits = all.into_iter().take(BAYS_MAX).map_while(|bay| {
        room = room.checked_sub(bay.corners().len())?;
        Some(bay.corners().iter().copied().map(told_point).collect())
    });
    fits.collect()
}

/// How far it is to a bay, as the square of a fraction of the picture: to its nearest corner, or not at all.
fn away(bay: &Polygon, from: UnitPoint) -> f32 {
    if bay.contains(from) {
        return 0.0;
    }
    let to = |corner: &UnitPoint| (corner.x - from.x).powi(2) + (corner.y - from.y).powi(2);
    bay.corners().iter().map(to).fold(f32::INFINITY, f32::min)
}

/// Of an incident that opens at this look, under these zones and beside these bays: they are told with it, so that what is drawn
/// later is never drawn over its pictures.
pub(super) fn geometry(
    camera: Option<&Camera>,
    rule: &Rule,
    permitted: Vec<&Polygon>,
    who: &Concerned,
    first_seen: Vec<[f64; 4]>,
) -> Geometry {
    let zone = camera.zip(rule.zone).map(|(c, z)| c.zones[z].polygon.corners());
    let line = camera.zip(rule.line).map(|(c, l)| c.lines[l].points.map(told_point));
    Geometry {
        zone: zone.unwrap_or_default().iter().copied().map(told_point).collect(),
        bays: bays(permitted, who),
        line,
        path: path(who),
        boxes: Boxes { first_seen, opened: boxes(&who.subjects) },
    }
}
