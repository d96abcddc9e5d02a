//! Do two looks say the same? Then the second one would not have been needed.

use crate::observe::Object;

/// A centre may be off by so much of its box's side: the tracker's own bound of what stands.
const CENTRE: f32 = 0.25;
/// A side may grow or shrink by this.
const SIDE: f32 = 1.35;

/// The same tracks, each where it was. Both by ascending track.
pub(super) fn agree(before: &[Object], now: &[Object]) -> bool {
    before.len() == now.len() && before.iter().zip(now).all(|(a, b)| is_there(a, b))
}

fn is_there(before: &Object, now: &Object) -> bool {
    let (was, is) = (before.bbox.corners(), now.bbox.corners());
    // Each side by itself: fractions of a frame's width and of its height are no one unit.
    let near = |low: usize| {
        let (a, b) = (was[low + 2] - was[low], is[low + 2] - is[low]);
        let off = (was[low] + was[low + 2] - is[low] - is[low + 2]) / 2.0;
        off.abs() <= CENTRE * a.max(b) && a.max(b) <= SIDE * a.min(b)
    };
    before.track == now.track && near(0) && near(1)
}
