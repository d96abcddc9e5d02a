//! What a classifier is shown of a thing.

use crate::geometry::{PxBox, PxRect};
use viahe_contract::class::Class;

/// Which part of which things.
#[derive(Clone, Debug, PartialEq)]
pub struct Crop {
    /// It is shown things of these classes and of their kinds; one at least.
    pub of: Vec<Class>,
    /// Where the part begins and ends, in heights of the thing's box from its top: 0 to 1, `top` above `bottom`.
    pub top: f32,
    /// See `top`.
    pub bottom: f32,
    /// Added on each side, as a share of the part's own width and height.
    pub margin: f32,
    /// Less tall things are not shown: height of the whole box in px of the frame.
    pub height_min_px: f32,
}

impl Crop {
    /// Is it shown such things?
    pub fn is_of(&self, class: &Class) -> bool {
        self.of.iter().any(|of| of.covers(class))
    }

    /// The pixels of a frame of `frame_px` columns and rows that show the part; none where the thing is too small, or
    /// where nothing of the part lies in the frame.
    pub fn of_box(&self, bbox: &PxBox, frame_px: [usize; 2]) -> Option<PxRect> {
        let height = bbox.height();
        if height.is_nan() || height < self.height_min_px {
            return None;
        }
        let (y0, y1) = (bbox.y0 + self.top * height, bbox.y0 + self.bottom * height);
        let (dx, dy) = (self.margin * bbox.width(), self.margin * (y1 - y0));
        let (x, width) = whole(bbox.x0 - dx, bbox.x1 + dx, frame_px[0])?;
        let (y, height) = whole(y0 - dy, y1 + dy, frame_px[1])?;
        Some(PxRect { x, y, width, height })
    }
}

/// First and number of the whole pixels that a stretch touches.
fn whole(from: f32, to: f32, side: usize) -> Option<(usize, usize)> {
    let most = side as f32;
    let (first, end) = (from.floor().clamp(0.0, most), to.ceil().clamp(0.0, most));
    let (first, end) = (first as usize, end as usize);
    (end > first).then(|| (first, end - first))
}
