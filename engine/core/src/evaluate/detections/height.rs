//! Which share of things is found by how tall they are.

use serde::Serialize;

/// What is measured, px: the heights of `[recall]` of the models here, and taller ones.
const HEIGHTS_PX: [f64; 14] =
    [5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 80.0, 120.0, 180.0, 280.0];

/// Things about so tall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Height {
    /// How tall on the model's input.
    pub px: f64,
    /// From this height on.
    pub from_px: f64,
    /// Below this one; none where nothing is taller.
    pub below_px: Option<f64>,
    /// How many there are.
    pub objects: usize,
    /// Of them, how many were found.
    pub found: usize,
}

/// Sorts objects, each with its height and whether it was found, to the nearest of the heights that are measured; heights that
/// nothing has are left out.
pub(super) fn by_height(objects: impl IntoIterator<Item = (f64, bool)>) -> Vec<Height> {
    let between = |at: usize| f64::midpoint(HEIGHTS_PX[at], HEIGHTS_PX[at + 1]);
    let last = HEIGHTS_PX.len() - 1;
    let mut heights: Vec<Height> = (0..=last)
        .map(|at| Height {
            px: HEIGHTS_PX[at],
            from_px: at.checked_sub(1).map_or(0.0, between),
            below_px: (at < last).then(|| between(at)),
            objects: 0,
            found: 0,
        })
        .collect();
    for (height, found) in objects {
        let at = (0..last).find(|at| height < between(*at)).unwrap_or(last);
        heights[at].objects += 1;
        heights[at].found += usize::from(found);
    }
    heights.retain(|height| height.objects > 0);
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_sorted_to_the_nearest_height() {
        let heights =
            by_height([(7.4, true), (7.5, false), (12.4, true), (1e4, true), (0.0, false)]);
        let told: Vec<_> = heights.iter().map(|h| (h.px, h.objects, h.found)).collect();
        assert_eq!(told, [(5.0, 2, 1), (10.0, 2, 1), (280.0, 1, 1)]);
        assert_eq!((heights[1].from_px, heights[1].below_px), (7.5, Some(12.5)));
        assert_eq!(heights[2].below_px, None);
    }
}
