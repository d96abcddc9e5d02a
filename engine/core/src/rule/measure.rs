//! How large objects are, how far apart, how alike. Distances are in heights of the frame.

use crate::geometry::UnitBox;
use crate::observe::{Class, Object};

/// A box so near to the frame's edge is cut by it.
const EDGE: f32 = 0.004;

/// Centre of the box in heights of the frame.
pub(super) fn centre(object: &Object, aspect: f32) -> [f32; 2] {
    let centre = object.bbox.centre();
    [centre.x * aspect, centre.y]
}

pub(super) fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    squared(a, b).sqrt()
}

/// Of the distance. Not `hypot`: that is another function on another machine, and slow.
pub(super) fn squared(a: [f32; 2], b: [f32; 2]) -> f32 {
    let (dx, dy) = (a[0] - b[0], a[1] - b[1]);
    dx * dx + dy * dy
}

/// Of its box, in heights of the frame.
pub(super) fn diagonal(object: &Object, aspect: f32) -> f32 {
    let [x0, y0, x1, y1] = object.bbox.corners();
    distance([x0 * aspect, y0], [x1 * aspect, y1])
}

/// Does the frame's edge cut nothing of it?
pub(super) fn is_whole(bbox: &UnitBox) -> bool {
    bbox.corners().iter().all(|v| (EDGE..=1.0 - EDGE).contains(v))
}

/// 0 to 180 degrees.
pub(super) fn angle_between(a_deg: f32, b_deg: f32) -> f32 {
    let d = (a_deg - b_deg).rem_euclid(360.0);
    d.min(360.0 - d)
}

/// A detector that calls a car a truck is still looking at one vehicle.
pub(super) fn same_kind(a: &Class, b: &Class) -> bool {
    fn root(class: &Class) -> impl Iterator<Item = u8> {
        class.as_str().bytes().take_while(|byte| *byte != b'.')
    }
    root(a).eq(root(b))
}
