//! What of the input no picture fills.

use viahe_core::geometry::PxRect;
use viahe_core::tensor::{InputSpec, Layout};

/// The rectangles of `whole` that none of `places` has; these lie in it and do not overlap.
pub(super) fn gaps(whole: PxRect, places: &[PxRect]) -> Vec<PxRect> {
    let mut rows: Vec<usize> =
        places.iter().flat_map(|p| [p.y, p.bottom()]).chain([whole.y, whole.bottom()]).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut gaps = Vec::new();
    for band in rows.windows(2) {
        let (y, height) = (band[0], band[1] - band[0]);
        let here = places.iter().filter(|p| p.y <= y && y < p.bottom());
        let mut taken: Vec<PxRect> = here.copied().collect();
        taken.sort_unstable_by_key(|p| p.x);
        let mut x = whole.x;
        for place in taken {
            gaps.push(PxRect { x, y, width: place.x - x, height });
            x = place.right();
        }
        gaps.push(PxRect { x, y, width: whole.right() - x, height });
    }
    gaps.retain(|gap| gap.width > 0);
    gaps
}

/// Fills one rectangle with a colour.
pub(super) fn fill(spec: &InputSpec, gap: PxRect, colour: [f32; 3], out: &mut [f32]) {
    for row in gap.y..gap.bottom() {
        let pixels = row * spec.width + gap.x..row * spec.width + gap.right();
        match spec.layout {
            Layout::Nchw => {
                for (plane, value) in out.chunks_exact_mut(spec.width * spec.height).zip(colour) {
                    plane[pixels.clone()].fill(value);
                }
            }
            Layout::Nhwc => {
                out[pixels.start * 3..pixels.end * 3].as_chunks_mut::<3>().0.fill(colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect([x, y, width, height]: [usize; 4]) -> PxRect {
        PxRect { x, y, width, height }
    }

    /// Each pixel belongs to one place or to one gap.
    #[test]
    fn places_and_gaps_are_all_there_is() {
        let whole = PxRect::of_size(10, 8);
        for places in [
            vec![],
            vec![[0, 0, 10, 8]],
            vec![[0, 0, 10, 5]],
            vec![[0, 0, 6, 8]],
            vec![[0, 0, 10, 5], [2, 5, 5, 2]],
            vec![[6, 1, 3, 4], [1, 3, 4, 5]],
        ] {
            let places: Vec<PxRect> = places.into_iter().map(rect).collect();
            let gaps = gaps(whole, &places);
            for (x, y) in (0..8).flat_map(|y| (0..10).map(move |x| (x, y))) {
                let pixel = rect([x, y, 1, 1]);
                let times = places.iter().chain(&gaps).filter(|r| pixel.is_in(r)).count();
                assert_eq!(times, 1, "{x}, {y} of {places:?}: {gaps:?}");
            }
        }
    }
}
