//! Ways in which boxes are written.

use crate::model::BoxUnit;

/// Corners of a box, of its centre and its width and height.
pub(super) fn around([x, y]: [f32; 2], [width, height]: [f32; 2]) -> [f32; 4] {
    let (w, h) = (width * 0.5, height * 0.5);
    [x - w, y - h, x + w, y + h]
}

/// Input px to the unit, along x and y.
pub(super) fn scale_of(unit: BoxUnit, input_px: [f32; 2]) -> [f32; 2] {
    match unit {
        BoxUnit::Px => [1.0; 2],
        BoxUnit::Fractions => input_px,
    }
}
