//! Do two looks say the same of what rules ask about? Then the second one would not have been needed.

use crate::geometry::UnitBox;
use crate::observe::Object;

/// A centre may be off by so much of its box's side: the tracker's own bound of what stands.
const CENTRE: f32 = 0.25;
/// A side may grow or shrink by this.
const SIDE: f32 = 1.35;

/// The same tracks, each where it was. Both by ascending track. Who is `concerned` in one of them must be in the
/// other; a box that stands on the border of what concerns may waver.
pub(super) fn agree(
    before: &[Object],
    now: &[Object],
    concerned: impl Fn(&UnitBox) -> bool,
) -> bool {
    let are_in = |these: &[Object], those: &[Object]| {
        let mut these = these.iter().filter(|object| concerned(&object.bbox));
        these.all(|object| {
            let at = those.binary_search_by_key(&object.track, |other| other.track);
            at.is_ok_and(|at| is_there(object, &those[at]))
        })
    };
    are_in(before, now) && are_in(now, before)
}

fn is_there(before: &Object, now: &Object) -> bool {
    let (was, is) = (before.bbox.corners(), now.bbox.corners());
    // Each side by itself: fractions of a frame's width and of its height are no one unit.
    let near = |low: usize| {
        let (a, b) = (was[low + 2] - was[low], is[low + 2] - is[low]);
        let off = (was[low] + was[low + 2] - is[low] - is[low + 2]) / 2.0;
        off.abs() <= CENTRE * a.max(b) && a.max(b) <= SIDE * a.min(b)
    };
    near(0) && near(1)
}
