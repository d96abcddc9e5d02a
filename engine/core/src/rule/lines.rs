//! When a track crosses a line: it was clear of it on one side, and now is on the other.
//!
//! A box jitters, and cars stop on stop lines: a point within a strip along the line is on neither
//! side, so a pass counts once, when it is over.

use crate::geometry::UnitPoint;
use crate::plan::program::Crossing;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Half the strip, as a share of the box's diagonal: a ground point jitters by half of that.
const CLEAR_SHARE: f32 = 0.1;

/// One track and one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Passage {
    /// Where it was last clear of the line.
    clear: Option<UnitPoint>,
    /// When it crossed last, and whether to the right.
    crossed: Option<(Timestamp, bool)>,
}

impl Passage {
    /// The track's ground point is at `here` now. `diagonal` is that of its box, in heights of the
    /// frame; `aspect` is the frame's width over its height.
    pub(super) fn go(
        &mut self,
        [a, b]: [UnitPoint; 2],
        at: Timestamp,
        here: UnitPoint,
        diagonal: f32,
        aspect: f32,
    ) {
        let (dx, dy) = ((b.x - a.x) * aspect, b.y - a.y);
        let length = (dx * dx + dy * dy).sqrt().max(f32::EPSILON);
        if side(a, b, here).abs() * aspect < CLEAR_SHARE * diagonal * length {
            return;
        }
        let before = self.clear.replace(here);
        let Some(before) = before else { return };
        let (was_right, is_right) = (side(a, b, before) > 0.0, side(a, b, here) > 0.0);
        // Round the end of the line is not over it.
        let meets = side(before, here, a) * side(before, here, b) <= 0.0;
        if was_right != is_right && meets {
            self.crossed = Some((at, is_right));
        }
    }

    /// Has it crossed so at just this look?
    pub(super) fn has_crossed(&self, at: Timestamp, wanted: Crossing) -> bool {
        let Some((crossed, to_right)) = self.crossed else { return false };
        let so = match wanted {
            Crossing::LeftToRight => to_right,
            Crossing::RightToLeft => !to_right,
            Crossing::Either => true,
        };
        crossed == at && so
    }
}

/// Positive on the right of the line from `a` to `b`, in a picture whose y grows downwards.
fn side(a: UnitPoint, b: UnitPoint, p: UnitPoint) -> f32 {
    (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upwards in the middle of the picture.
    const LINE: [UnitPoint; 2] = [UnitPoint { x: 0.5, y: 0.9 }, UnitPoint { x: 0.5, y: 0.5 }];

    /// At which of the places it has crossed so; the frame is square, the strip 0.02 to each side.
    fn crossed(path: &[(f32, f32)], wanted: Crossing) -> Vec<usize> {
        let mut passage = Passage::default();
        let mut crossed = |(i, (x, y)): (usize, &(f32, f32))| {
            let at = Timestamp::from_secs(i as u64);
            passage.go(LINE, at, UnitPoint { x: *x, y: *y }, 0.2, 1.0);
            passage.has_crossed(at, wanted).then_some(i)
        };
        path.iter().enumerate().filter_map(&mut crossed).collect()
    }

    #[test]
    fn a_pass_counts_once_and_in_its_direction() {
        let path = [(0.2, 0.7), (0.4, 0.7), (0.6, 0.7), (0.8, 0.7), (0.3, 0.7)];
        assert_eq!(crossed(&path, Crossing::LeftToRight), [2]);
        assert_eq!(crossed(&path, Crossing::RightToLeft), [4]);
        assert_eq!(crossed(&path, Crossing::Either), [2, 4]);
    }

    #[test]
    fn a_stop_on_the_line_counts_when_it_goes_on() {
        let on = [0.49, 0.51, 0.485, 0.515, 0.5];
        let stop = on.iter().cycle().take(400).map(|x| (*x, 0.7));
        let path: Vec<_> = std::iter::once((0.3, 0.7)).chain(stop).chain([(0.53, 0.7)]).collect();
        assert_eq!(crossed(&path, Crossing::Either), [401]);
    }

    #[test]
    fn what_begins_on_the_line_or_goes_round_it_does_not_cross() {
        assert!(crossed(&[(0.5, 0.7), (0.6, 0.7)], Crossing::Either).is_empty());
        for y in [0.3, 0.45, 0.95] {
            assert!(crossed(&[(0.3, y), (0.7, y), (0.3, y)], Crossing::Either).is_empty(), "{y}");
        }
        let round = [(0.3, 0.7), (0.4, 0.3), (0.6, 0.3), (0.7, 0.7)];
        assert!(crossed(&round, Crossing::Either).is_empty());
        // Aslant over it, and aslant past its end.
        assert_eq!(crossed(&[(0.4, 0.4), (0.6, 0.8)], Crossing::Either), [1]);
        assert!(crossed(&[(0.3, 0.1), (0.6, 0.6)], Crossing::Either).is_empty());
    }

    /// How near to a line a point is clear of it, in a frame twice as wide as high.
    #[test]
    fn the_strip_is_as_wide_in_a_wide_picture_and_along_any_line() {
        let clear = |line: [UnitPoint; 2], x: f32, y: f32| {
            let mut passage = Passage::default();
            passage.go(line, Timestamp::from_secs(1), UnitPoint { x, y }, 0.2, 2.0);
            passage.clear.is_some()
        };
        assert!(!clear(LINE, 0.509, 0.7));
        assert!(clear(LINE, 0.511, 0.7));
        // From corner to corner of a square piece of the picture: 0.2 wide is 0.4 heights.
        let slanted = [UnitPoint { x: 0.4, y: 0.3 }, UnitPoint { x: 0.6, y: 0.7 }];
        let off = 0.02 * std::f32::consts::SQRT_2;
        assert!(!clear(slanted, 0.5, 0.5 + off * 0.98));
        assert!(clear(slanted, 0.5, 0.5 + off * 1.02));
        assert!(!clear(slanted, 0.5 + off * 0.98 / 2.0, 0.5));
        assert!(clear(slanted, 0.5 - off * 1.02 / 2.0, 0.5));
        let level = [UnitPoint { x: 0.2, y: 0.5 }, UnitPoint { x: 0.8, y: 0.5 }];
        assert!(!clear(level, 0.5, 0.519) && clear(level, 0.5, 0.521));
    }
}
