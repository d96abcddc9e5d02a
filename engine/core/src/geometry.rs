//! Boxes and polygons. Two units, two types: frame pixels and fractions of the frame.

use serde::{Deserialize, Serialize};

/// Axis-aligned box in frame pixels, origin top-left; `x0 <= x1`, `y0 <= y1`, all finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PxBox {
    /// Left.
    pub x0: f32,
    /// Top.
    pub y0: f32,
    /// Right.
    pub x1: f32,
    /// Bottom.
    pub y1: f32,
}

impl PxBox {
    /// A box from its corners, or `None` when a value is not finite or the corners are swapped.
    pub fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Option<Self> {
        ([x0, y0, x1, y1].iter().all(|v| v.is_finite()) && x0 <= x1 && y0 <= y1).then_some(Self {
            x0,
            y0,
            x1,
            y1,
        })
    }

    /// As it is in a picture that is so many times as wide and as high.
    #[must_use]
    pub fn scaled(&self, [x, y]: [f32; 2]) -> Self {
        Self { x0: self.x0 * x, y0: self.y0 * y, x1: self.x1 * x, y1: self.y1 * y }
    }

    /// Width in px.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    /// Height in px.
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// Area in px².
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Area of the overlap with `other` in px².
    pub fn intersection(&self, other: &Self) -> f32 {
        let w = self.x1.min(other.x1) - self.x0.max(other.x0);
        let h = self.y1.min(other.y1) - self.y0.max(other.y0);
        w.max(0.0) * h.max(0.0)
    }

    /// Intersection over union, 0 to 1; 0 for two empty boxes.
    pub fn iou(&self, other: &Self) -> f32 {
        let inter = self.intersection(other);
        let union = self.area() + other.area() - inter;
        if union > 0.0 { inter / union } else { 0.0 }
    }

    /// The same box in fractions of a frame of `width_px` × `height_px`, cut off at its edges.
    pub fn to_unit(&self, width_px: f32, height_px: f32) -> UnitBox {
        let x = |v: f32| (v / width_px).clamp(0.0, 1.0);
        let y = |v: f32| (v / height_px).clamp(0.0, 1.0);
        UnitBox([x(self.x0), y(self.y0), x(self.x1), y(self.y1)])
    }
}

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PxRect {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl PxRect {
    /// From the top-left corner on.
    pub fn of_size(width: usize, height: usize) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    /// First column beyond it.
    pub fn right(&self) -> usize {
        self.x + self.width
    }

    /// First row below it.
    pub fn bottom(&self) -> usize {
        self.y + self.height
    }

    /// Does it have pixels, and does `other` have all of them?
    pub fn is_in(&self, other: &Self) -> bool {
        let inside = |first: usize, side: usize, from: usize, all: usize| {
            let last = first.checked_add(side);
            side > 0 && first >= from && last.is_some_and(|last| last - from <= all)
        };
        inside(self.x, self.width, other.x, other.width)
            && inside(self.y, self.height, other.y, other.height)
    }

    /// Do both have a pixel?
    pub fn meets(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// Axis-aligned box in fractions of the frame: `[x0, y0, x1, y1]`, each 0 to 1, `x0 <= x1`,
/// `y0 <= y1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f32; 4]")]
pub struct UnitBox([f32; 4]);

impl TryFrom<[f32; 4]> for UnitBox {
    type Error = String;

    fn try_from(v: [f32; 4]) -> Result<Self, String> {
        // NaN fails `contains`, so it is rejected too.
        if v.iter().all(|x| (0.0..=1.0).contains(x)) && v[0] <= v[2] && v[1] <= v[3] {
            Ok(Self(v))
        } else {
            Err(format!("box must be [x0, y0, x1, y1] in 0..=1 with x0 <= x1, y0 <= y1; got {v:?}"))
        }
    }
}

impl UnitBox {
    /// The smallest one that has all of these points; none without points.
    pub fn around(points: impl IntoIterator<Item = UnitPoint>) -> Option<Self> {
        let one = |p: UnitPoint| [p.x, p.y, p.x, p.y];
        let both = |a: [f32; 4], b: [f32; 4]| {
            [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
        };
        Self::try_from(points.into_iter().map(one).reduce(both)?).ok()
    }

    /// `[x0, y0, x1, y1]`.
    pub fn corners(&self) -> [f32; 4] {
        self.0
    }

    /// Area as a share of the frame.
    pub fn area(&self) -> f32 {
        (self.0[2] - self.0[0]) * (self.0[3] - self.0[1])
    }

    /// Where the object touches the ground: the middle of the lower edge.
    pub fn ground(&self) -> UnitPoint {
        UnitPoint { x: (self.0[0] + self.0[2]) * 0.5, y: self.0[3] }
    }

    /// The middle of the box.
    pub fn centre(&self) -> UnitPoint {
        UnitPoint { x: (self.0[0] + self.0[2]) * 0.5, y: (self.0[1] + self.0[3]) * 0.5 }
    }

    /// Share of the smaller box that lies in the larger, 0 to 1.
    pub fn share(&self, other: &Self) -> f32 {
        let smaller = self.area().min(other.area());
        if smaller > 0.0 { self.intersection(other) / smaller } else { 0.0 }
    }

    /// Area of the overlap with `other`, as a share of the frame.
    pub fn intersection(&self, other: &Self) -> f32 {
        let w = self.0[2].min(other.0[2]) - self.0[0].max(other.0[0]);
        let h = self.0[3].min(other.0[3]) - self.0[1].max(other.0[1]);
        w.max(0.0) * h.max(0.0)
    }

    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let inter = self.intersection(other);
        let union = self.area() + other.area() - inter;
        if union > 0.0 { inter / union } else { 0.0 }
    }
}

/// A point in fractions of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitPoint {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

/// A simple polygon in fractions of the frame: at least three corners, no crossing edges, area
/// more than zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<[f32; 2]>", into = "Vec<[f32; 2]>")]
pub struct Polygon {
    corners: Vec<UnitPoint>,
}

impl From<Polygon> for Vec<[f32; 2]> {
    fn from(polygon: Polygon) -> Self {
        polygon.corners.iter().map(|p| [p.x, p.y]).collect()
    }
}

/// Why corners are no polygon; what is wrong, then what to do.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PolygonError {
    /// So many are too few or too many.
    #[error("a polygon has 3 to 64 corners, this one has {0}")]
    Count(usize),
    /// This one is.
    #[error(
        "corner {0:?} is outside the frame; corners are fractions from 0 to 1, so divide pixels by the \
         frame's width and height"
    )]
    Outside([f32; 2]),
    /// These edges do.
    #[error("edge {0} crosses edge {1}; list the corners in order around the zone")]
    Crossing(usize, usize),
    /// They lie on one line.
    #[error("the polygon has no area; list corners that do not all lie on one line")]
    NoArea,
}

impl TryFrom<Vec<[f32; 2]>> for Polygon {
    type Error = PolygonError;

    fn try_from(corners: Vec<[f32; 2]>) -> Result<Self, PolygonError> {
        if !(3..=64).contains(&corners.len()) {
            return Err(PolygonError::Count(corners.len()));
        }
        if let Some(bad) = corners.iter().find(|c| !c.iter().all(|v| (0.0..=1.0).contains(v))) {
            return Err(PolygonError::Outside(*bad));
        }
        let corners: Vec<UnitPoint> =
            corners.into_iter().map(|[x, y]| UnitPoint { x, y }).collect();
        if let Some((i, j)) = crossing_edges(&corners) {
            return Err(PolygonError::Crossing(i, j));
        }
        let polygon = Self { corners };
        if polygon.area() <= f32::EPSILON {
            return Err(PolygonError::NoArea);
        }
        Ok(polygon)
    }
}

impl Polygon {
    /// The corners in the order given.
    pub fn corners(&self) -> &[UnitPoint] {
        &self.corners
    }

    /// Area as a share of the frame (shoelace formula).
    pub fn area(&self) -> f32 {
        let n = self.corners.len();
        let twice: f32 = (0..n)
            .map(|i| {
                let (a, b) = (self.corners[i], self.corners[(i + 1) % n]);
                a.x * b.y - b.x * a.y
            })
            .sum();
        twice.abs() * 0.5
    }

    /// Is `p` inside? Even–odd rule; a point on the left or top edge counts as inside. A point on
    /// the frame's own right or bottom edge counts as just before it: what the frame cuts off
    /// stands in a zone that reaches there.
    pub fn contains(&self, p: UnitPoint) -> bool {
        const BEFORE_THE_EDGE: f32 = 1.0 - 1e-5;
        let p = UnitPoint { x: p.x.min(BEFORE_THE_EDGE), y: p.y.min(BEFORE_THE_EDGE) };
        let mut inside = false;
        let mut a = self.corners[self.corners.len() - 1];
        for b in &self.corners {
            if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
                inside = !inside;
            }
            a = *b;
        }
        inside
    }
}

/// The first pair of edges that cross and are not neighbours.
fn crossing_edges(corners: &[UnitPoint]) -> Option<(usize, usize)> {
    let n = corners.len();
    let edge = |i: usize| [corners[i], corners[(i + 1) % n]].map(|p| [p.x, p.y]);
    (0..n).find_map(|i| {
        (i + 1..n)
            .filter(|j| (i + 1) % n != *j && (j + 1) % n != i)
            .find(|&j| segments_cross(edge(i), edge(j)))
            .map(|j| (i, j))
    })
}

/// Do two pieces of lines cross? Those that only touch do not.
pub(crate) fn segments_cross(a: [[f32; 2]; 2], b: [[f32; 2]; 2]) -> bool {
    let side = |o: [f32; 2], p: [f32; 2], q: [f32; 2]| {
        (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0])
    };
    let (b0, b1) = (side(a[0], a[1], b[0]), side(a[0], a[1], b[1]));
    let (a0, a1) = (side(b[0], b[1], a[0]), side(b[0], b[1], a[1]));
    b0 * b1 < 0.0 && a0 * a1 < 0.0
}

/// Do two rectangles of one unit (left, top, right, bottom) lie over each other? Those that only touch do not.
pub(crate) fn meet(a: &[f32; 4], b: &[f32; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// From points of the picture to metres on flat ground (a plane projective map).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Homography([[f64; 3]; 3]);

impl Homography {
    /// From four points of the picture and where they are on the ground, in metres from any point
    /// of reference. None when three of them lie on a line.
    ///
    /// Solves the eight equations of the direct linear transform (Hartley and Zisserman, *Multiple
    /// View Geometry*, 4.1, with the last element 1) by elimination.
    pub fn from_points(picture: [UnitPoint; 4], ground_m: [[f64; 2]; 4]) -> Option<Self> {
        let mut rows = [[0.0; 9]; 8];
        for (i, (p, g)) in picture.iter().zip(ground_m).enumerate() {
            let (x, y) = (f64::from(p.x), f64::from(p.y));
            rows[2 * i] = [x, y, 1.0, 0.0, 0.0, 0.0, -g[0] * x, -g[0] * y, g[0]];
            rows[2 * i + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -g[1] * x, -g[1] * y, g[1]];
        }
        for column in 0..8 {
            let pivot = (column..8)
                .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
            rows.swap(column, pivot);
            if rows[column][column].abs() < 1e-9 {
                return None;
            }
            for row in 0..8 {
                if row != column {
                    let factor = rows[row][column] / rows[column][column];
                    let pivot_row = rows[column];
                    for (value, pivot) in rows[row].iter_mut().zip(pivot_row).skip(column) {
                        *value -= factor * pivot;
                    }
                }
            }
        }
        let h = |i: usize| rows[i][8] / rows[i][i];
        let map = Self([[h(0), h(1), h(2)], [h(3), h(4), h(5)], [h(6), h(7), 1.0]]);
        let exact = picture.iter().zip(ground_m).all(|(p, g)| {
            let to = map.to_ground(*p);
            to.is_some_and(|to| (to[0] - g[0]).hypot(to[1] - g[1]) < 1e-3)
        });
        exact.then_some(map)
    }

    /// Metres on the ground; none for a point on the horizon.
    pub fn to_ground(&self, p: UnitPoint) -> Option<[f64; 2]> {
        let (x, y) = (f64::from(p.x), f64::from(p.y));
        let [east, north, scale] = self.0.map(|r| r[0] * x + r[1] * y + r[2]);
        let to = [east / scale, north / scale];
        to.iter().all(|v| v.is_finite()).then_some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_points_calibrate_a_camera() {
        let picture =
            [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]].map(|[x, y]| UnitPoint { x, y });
        let ground = [[0.0, 0.0], [6.0, 0.0], [6.0, 20.0], [0.0, 20.0]];
        let map = Homography::from_points(picture, ground).unwrap();
        let middle = map.to_ground(UnitPoint { x: 0.5, y: 0.9 }).unwrap();
        assert!((middle[0] - 3.0).abs() < 1e-6 && middle[1].abs() < 1e-6, "{middle:?}");
        // Half-way up the picture is far more than half-way down the road.
        let far = map.to_ground(UnitPoint { x: 0.5, y: 0.7 }).unwrap();
        assert!((far[0] - 3.0).abs() < 1e-6 && far[1] < 8.0, "{far:?}");
        let line =
            [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.9, 0.1]].map(|[x, y]| UnitPoint { x, y });
        assert_eq!(Homography::from_points(line, ground), None);
    }

    #[test]
    fn polygon_refuses_what_is_no_zone() {
        let cases: [(&str, Vec<[f32; 2]>, &str); 5] = [
            ("two corners", vec![[0.0, 0.0], [1.0, 1.0]], "3 to 64 corners"),
            ("pixels", vec![[0.0, 0.0], [640.0, 0.0], [0.0, 480.0]], "divide pixels"),
            ("nan", vec![[0.0, 0.0], [f32::NAN, 0.0], [0.0, 1.0]], "outside the frame"),
            ("bow tie", vec![[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]], "crosses edge"),
            ("line", vec![[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]], "no area"),
        ];
        for (name, corners, want) in cases {
            let err = Polygon::try_from(corners).unwrap_err();
            assert!(err.to_string().contains(want), "{name}: {err}");
        }
    }

    #[test]
    fn contains() {
        let l: Polygon =
            vec![[0.1, 0.1], [0.9, 0.1], [0.9, 0.5], [0.5, 0.5], [0.5, 0.9], [0.1, 0.9]]
                .try_into()
                .unwrap();
        for (x, y, want) in
            [(0.2, 0.2, true), (0.8, 0.3, true), (0.8, 0.8, false), (0.0, 0.0, false)]
        {
            assert_eq!(l.contains(UnitPoint { x, y }), want, "{x},{y}");
        }
        assert!((l.area() - 0.48).abs() < 1e-6);
        let whole: Polygon =
            vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]].try_into().unwrap();
        assert!(whole.contains(UnitPoint { x: 0.5, y: 1.0 }), "cut off by the frame");
        assert!(whole.contains(UnitPoint { x: 1.0, y: 1.0 }));
    }

    #[test]
    fn boxes() {
        let a = PxBox::new(0.0, 0.0, 10.0, 10.0).unwrap();
        let b = PxBox::new(5.0, 0.0, 15.0, 10.0).unwrap();
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-6);
        assert!(PxBox::new(f32::NAN, 0.0, 1.0, 1.0).is_none());
        assert!(PxBox::new(2.0, 0.0, 1.0, 1.0).is_none());
        assert_eq!(b.to_unit(10.0, 10.0), UnitBox([0.5, 0.0, 1.0, 1.0]));
    }
}
