//! Where a thing went since it was first seen, by a few points: for people, who see it over a picture.

use super::measure::distance;
use crate::geometry::UnitPoint;
use serde::{Deserialize, Serialize};

/// Most points that are kept; where it is now is one more. Judgement: more than the bends of a street corner.
const POINTS_MAX: usize = 11;
/// Points are so far apart, in diagonals of the thing's box: above the jitter of boxes.
const STEP_SIZES: f32 = 0.25;

/// The points, oldest first; the first is where it was first seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Course {
    points: Vec<UnitPoint>,
    /// In the last look it was a step away from the newest point. One look alone may be a bad box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    away: Option<UnitPoint>,
}

impl Course {
    /// It is here now, with a box of this diagonal in heights of the frame.
    pub(super) fn go(&mut self, here: UnitPoint, diagonal: f32, aspect: f32) {
        let scaled = |p: UnitPoint| [p.x * aspect, p.y];
        let is_away = |p: UnitPoint| distance(scaled(p), scaled(here)) >= STEP_SIZES * diagonal;
        let Some(newest) = self.points.last() else {
            self.points.push(here);
            return;
        };
        if !is_away(*newest) {
            self.away = None;
            return;
        }
        let Some(away) = self.away.replace(here) else { return };
        self.away = is_away(away).then_some(here);
        self.points.push(away);
        if self.points.len() > POINTS_MAX {
            self.thin(aspect);
        }
    }

    /// With where it is now; nothing of what did not move.
    pub(super) fn until(&self, here: UnitPoint) -> Vec<UnitPoint> {
        match self.points.len() {
            0 | 1 => Vec::new(),
            _ => self.points.iter().copied().chain([here]).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Leaves out the point that changes the line least: the one with the smallest triangle between its neighbours
    /// (Visvalingam and Whyatt 1993). First and last stay.
    fn thin(&mut self, aspect: f32) {
        let twice_area = |i: usize| {
            let [a, b, c] = [i - 1, i, i + 1].map(|i| self.points[i]);
            (((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) * aspect).abs()
        };
        let inner = 1..self.points.len() - 1;
        if let Some(i) = inner.min_by(|i, j| twice_area(*i).total_cmp(&twice_area(*j))) {
            self.points.remove(i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASPECT: f32 = 16.0 / 9.0;

    fn walked(points: impl IntoIterator<Item = [f32; 2]>) -> Vec<[f32; 2]> {
        let mut course = Course::default();
        let mut here = UnitPoint { x: 0.0, y: 0.0 };
        for [x, y] in points {
            here = UnitPoint { x, y };
            course.go(here, 0.2, ASPECT);
        }
        course.until(here).iter().map(|p| [p.x, p.y]).collect()
    }

    #[test]
    fn what_stands_has_no_course_however_its_box_jitters() {
        let jitter = (0..500).map(|i| [0.5 + 0.01 * (i % 3) as f32, 0.5 - 0.01 * (i % 2) as f32]);
        assert_eq!(walked(jitter.clone()), Vec::<[f32; 2]>::new());
        // One bad box in ten, a step away.
        let bad = jitter.enumerate().map(|(i, [x, y])| [x, if i % 10 == 5 { y - 0.2 } else { y }]);
        assert_eq!(walked(bad), Vec::<[f32; 2]>::new());
    }

    #[test]
    fn a_long_way_keeps_its_beginning_its_bends_and_its_end_in_twelve_points() {
        // To the right for long, then down, then stands.
        let right = (0..200).map(|i| [0.1 + 0.003 * i as f32, 0.2]);
        let down = (0..200).map(|i| [0.7, 0.2 + 0.003 * i as f32]);
        let course = walked(right.chain(down).chain([[0.7, 0.8]; 50]));
        assert!((3..=12).contains(&course.len()), "{course:?}");
        assert_eq!((course[0], course[course.len() - 1]), ([0.1, 0.2], [0.7, 0.8]));
        let near = |p: &[f32; 2]| (p[0] - 0.7).abs() < 0.05 && (p[1] - 0.2).abs() < 0.08;
        assert!(course.iter().any(near), "the bend is lost: {course:?}");
    }

    #[test]
    fn it_never_grows_beyond_its_bound() {
        let mut course = Course::default();
        for i in 0..10_000_u32 {
            let turn = |by: u32| (i.wrapping_mul(by) % 997) as f32 / 997.0;
            course.go(UnitPoint { x: turn(313), y: turn(577) }, 0.05, ASPECT);
            assert!(course.points.len() <= POINTS_MAX);
        }
        assert_eq!(course.points.len(), POINTS_MAX);
    }
}
