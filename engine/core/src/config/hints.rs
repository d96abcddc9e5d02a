//! What is allowed in a pipeline, and probably not meant: warnings of `viahe check`.

use super::advice::Warning;
use crate::geometry::UnitPoint;
use crate::plan::{Camera, Line, Plan};
use viahe_contract::message::Advice;

/// Where the point on which a thing stands can be when enough of the thing is seen: a box that the
/// edge cuts has its middle inside, and at the upper edge there must be room for its height.
/// Judgement, for a car of an eighth of the frame.
const STANDS: [[f32; 2]; 2] = [[0.03, 0.97], [0.06, 0.98]];
/// So far from a line, in fractions of the frame, such a car is clear of it: a tenth of its
/// diagonal, as `rule::lines` wants.
const CLEAR: f32 = 0.03;
/// Places along a line that are tried.
const PLACES: u8 = 20;

/// Warnings about a plan, for people, each with what to do.
pub fn hints(plan: &Plan) -> Vec<Warning> {
    let lines = plan.cameras.iter().flat_map(|camera| {
        let used = |i: usize| camera.rules.iter().any(|rule| rule.line == Some(i));
        let lines = camera.lines.iter().enumerate().filter(move |(i, _)| used(*i));
        lines.filter_map(|(_, line)| near_edge(camera, line))
    });
    lines.collect()
}

/// A line with no room on one side: things that cross it are seen on the other only.
fn near_edge(camera: &Camera, line: &Line) -> Option<Warning> {
    let side = [("left", -1.0), ("right", 1.0)].into_iter().find(|(_, s)| !has_room(line, *s));
    let (side, _) = side?;
    let text = format!(
        "camera {}, line {}: on its {side} side, as seen from its first point, it is so near to the \
         edge of the picture that nothing is seen there, and no crossing ever counts; move it {} % or \
         more into the picture",
        camera.id,
        line.id,
        (CLEAR + STANDS[1][0]) * 100.0
    );
    let (camera, line, left) = (camera.id.clone(), line.id.clone(), side == "left");
    Some(Warning { text, advice: Advice::LineAtEdge { camera, line, left } })
}

/// Is there a place beside the line, 1 to its right or -1 to its left, at which a thing can be seen?
fn has_room(line: &Line, side: f32) -> bool {
    let [a, b] = line.points;
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = (dx * dx + dy * dy).sqrt().max(f32::EPSILON);
    // To the right in a picture whose y grows downwards.
    let (nx, ny) = (-dy / length * side * CLEAR, dx / length * side * CLEAR);
    (0..=PLACES).any(|i| {
        let part = f32::from(i) / f32::from(PLACES);
        stands(UnitPoint { x: a.x + dx * part + nx, y: a.y + dy * part + ny })
    })
}

fn stands(p: UnitPoint) -> bool {
    let [[left, right], [top, bottom]] = STANDS;
    (left..=right).contains(&p.x) && (top..=bottom).contains(&p.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(points: [(f32, f32); 2]) -> [bool; 2] {
        let points = points.map(|(x, y)| UnitPoint { x, y });
        let line = Line { id: "line".try_into().unwrap(), points };
        [has_room(&line, -1.0), has_room(&line, 1.0)]
    }

    #[test]
    fn a_line_needs_room_on_both_sides() {
        // Upwards: the left side is that of the left edge.
        assert_eq!(rooms([(0.05, 0.9), (0.05, 0.4)]), [false, true]);
        assert_eq!(rooms([(0.98, 0.9), (0.98, 0.4)]), [true, false]);
        assert_eq!(rooms([(0.1, 0.9), (0.1, 0.4)]), [true, true]);
        // To the right: the right side is below.
        assert_eq!(rooms([(0.1, 0.97), (0.9, 0.97)]), [true, false]);
        assert_eq!(rooms([(0.1, 0.05), (0.9, 0.05)]), [false, true]);
        assert_eq!(rooms([(0.1, 0.93), (0.9, 0.93)]), [true, true]);
        // Aslant over a corner, and from edge to edge through the middle.
        assert_eq!(rooms([(0.0, 0.95), (0.06, 1.0)]), [true, false]);
        assert_eq!(rooms([(0.0, 0.5), (1.0, 0.6)]), [true, true]);
        assert_eq!(rooms([(0.97, 0.95), (0.5, 0.5)]), [true, true]);
    }
}
