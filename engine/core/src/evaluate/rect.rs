//! Boxes and their overlaps in 64 bits, since a limit of overlap may lie exactly on a value.

/// A box with its area, which the two evaluators round differently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    x0: f64,
    y0: f64,
    x1: f64,
    y1: f64,
    area: f64,
}

impl Rect {
    /// Of `[left, top, width, height]`, as pycocotools reckons: the area is the product of the sides.
    pub(super) fn of_sides([x, y, width, height]: [f64; 4]) -> Self {
        Self { x0: x, y0: y, x1: x + width, y1: y + height, area: width * height }
    }

    /// Of the same, as TrackEval reckons: the area follows from the corners.
    pub(super) fn of_corners([x, y, width, height]: [f64; 4]) -> Self {
        let (x1, y1) = (x + width, y + height);
        Self { x0: x, y0: y, x1, y1, area: (x1 - x) * (y1 - y) }
    }

    pub(super) fn area(&self) -> f64 {
        self.area
    }

    /// Area that both have.
    pub(super) fn shared(&self, other: &Self) -> f64 {
        let width = self.x1.min(other.x1) - self.x0.max(other.x0);
        let height = self.y1.min(other.y1) - self.y0.max(other.y0);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union; 0 where one of them has no area.
    pub(super) fn iou(&self, other: &Self) -> f64 {
        let shared = self.shared(other);
        let union = self.area + other.area - shared;
        let empty = [self.area, other.area, union].iter().any(|area| *area <= f64::EPSILON);
        if empty { 0.0 } else { shared / union }
    }
}
