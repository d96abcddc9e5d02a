//! What belongs to an area of a picture.
//!
//! How large things are in a picture is not known. What stands on the street is the taller the lower it
//! stands, so the context around an area follows from where it ends below.

use crate::geometry::{UnitBox, meet};

/// A bus that stands at the lower edge of the picture is as tall as this share of it, seen from a camera at
/// 5 m whose horizon is the upper edge: 3.2 m of 5 m. Also two heights of a car, the furthest that a rule asks
/// about to the side ("the traffic around it").
pub(super) const TALL: f32 = 0.6;
/// Context is no less than this share of the frame's height: areas at the very top, and wrong guesses.
pub(super) const CONTEXT_MIN: f32 = 0.08;
/// A rectangle in px, not yet whole: left, top, right, bottom.
pub(crate) type Span = [f32; 4];

/// Each area with what belongs to it around; those that meet are one.
pub(crate) fn contexts(areas: &[UnitBox], [width, height]: [usize; 2]) -> Vec<Span> {
    let (w, h) = (width as f32, height as f32);
    let mut spans: Vec<Span> = Vec::new();
    for area in areas {
        let [x0, y0, x1, y1] = area.corners();
        let around = (TALL * y1).max(CONTEXT_MIN) * h;
        let mut span = [
            (x0 * w - around).max(0.0),
            (y0 * h - around).max(0.0),
            (x1 * w + around).min(w),
            (y1 * h + around).min(h),
        ];
        while let Some(i) = spans.iter().position(|other| meet(other, &span)) {
            span = union(&spans.swap_remove(i), &span);
        }
        spans.push(span);
    }
    spans
}

pub(super) fn union(a: &Span, b: &Span) -> Span {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}
