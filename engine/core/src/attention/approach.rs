//! What is on its way to a zone: it would be there before the next rare look.
//!
//! A thing that moves goes on as it did between two looks. After a rare look nobody knows how a thing moves that was
//! not there before, so it is taken to be on its way if it could be, and the looks that follow tell. Beside a road
//! something always could be: what is spent on things that do not come is bounded, and what has come gives it back.
//!
//! What is seen in the zone and not believed yet has not come for any rule: it counts as on its way until it is
//! believed, or gone.
//!
//! Distances are in heights of the frame. Why so: `docs/adr/0032-closer-looks-at-what-comes.md`.

use crate::geometry::{Polygon, UnitPoint, segments_cross};
use crate::id::TrackId;
use crate::observe::Object;
use crate::time::Timestamp;
use std::time::Duration;

/// Looks become rarer only when they could have been for so long: things come and go, and each change of
/// how much is decoded costs something.
pub(crate) const CALM: Duration = Duration::from_secs(5);

/// Of which it is not known how it moves goes so many of its heights a second: a person who runs, a car in a lane.
const FAST: f32 = 2.0;
/// A ground point jitters by so much of the box's height; what got no further stands.
const JITTER: f32 = 0.2;
/// How it moves is judged over so long at least.
const SPAN_MIN: Duration = Duration::from_millis(800);
/// Most things followed for one zone; far more than a picture holds.
const THINGS_MAX: usize = 256;
/// So much time goes to things that do not come, and then a quarter of the time.
const IN_VAIN_MAX: Duration = Duration::from_secs(20);
const REST: u32 = 3;

/// What is on its way to one zone, from look to look.
#[derive(Debug, Default)]
pub(crate) struct Approach {
    things: Vec<Thing>,
    looked: Timestamp,
    /// The newest look at which something was on its way; none once it has been told that nothing is.
    coming: Option<Timestamp>,
    /// Time spent on what did not come, less what was saved since.
    in_vain: Duration,
    /// It was too much; until it is less by what one takes.
    rests: bool,
}

/// Where a zone lies in the picture, and how rarely it is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead<'a> {
    /// The zone.
    pub(crate) zone: &'a Polygon,
    /// Width over height of the frame.
    pub(crate) aspect: f32,
    /// Between two looks when nothing is on its way.
    pub(crate) gap: Duration,
}

/// A thing at a look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'o> {
    pub(crate) object: &'o Object,
    /// Rules are told of it.
    pub(crate) believed: bool,
}

#[derive(Debug)]
struct Thing {
    track: TrackId,
    seen: Timestamp,
    /// Rules know that it is in the zone.
    inside: bool,
    /// Where its way is measured from.
    from: (Timestamp, [f32; 2]),
    /// A second; none while it is not known.
    velocity: Option<[f32; 2]>,
}

impl Approach {
    /// Takes in a look with what may matter in the zone.
    pub(crate) fn look<'o>(
        &mut self,
        at: Timestamp,
        things: impl Iterator<Item = Seen<'o>>,
        ahead: Ahead<'_>,
    ) {
        if at < self.looked {
            // Time was put back: nothing that was seen tells how things move now.
            *self = Self::default();
        }
        let since = at.since(self.looked);
        let spends = self.coming.is_some_and(|coming| self.looked.since(coming) < CALM);
        self.looked = at;
        self.in_vain = if spends {
            self.in_vain + since.min(CALM)
        } else {
            self.in_vain.saturating_sub(since / REST)
        };
        self.things.retain(|thing| at.since(thing.seen) <= ahead.gap * 2);
        let (mut comes, mut came) = (false, false);
        for seen in things {
            let now = self.now(at, seen, ahead);
            comes |= now == Way::Comes;
            came |= now == Way::Came;
        }
        if came && spends {
            self.in_vain = Duration::ZERO;
        }
        let most = if self.rests { IN_VAIN_MAX.saturating_sub(CALM) } else { IN_VAIN_MAX };
        self.rests = self.in_vain > most;
        if comes && !self.rests {
            self.coming = Some(at);
        }
    }

    /// Is something on its way?
    pub(crate) fn is_on(&self) -> bool {
        self.coming == Some(self.looked)
    }

    fn now(&mut self, at: Timestamp, seen: Seen<'_>, ahead: Ahead<'_>) -> Way {
        let Seen { object, believed } = seen;
        let ground = object.bbox.ground();
        let [_, y0, _, y1] = object.bbox.corners();
        let (here, height) = ([ground.x * ahead.aspect, ground.y], y1 - y0);
        let within = ahead.zone.contains(ground);
        let inside = within && believed;
        let of = self.things.iter_mut().find(|thing| thing.track == object.track);
        let known = of.map(|thing| {
            thing.go(at, here, height);
            (std::mem::replace(&mut thing.inside, inside), thing.velocity)
        });
        if known.is_none() && self.things.len() < THINGS_MAX {
            let (track, from) = (object.track, (at, here));
            self.things.push(Thing { track, seen: at, inside, from, velocity: None });
        }
        let (was_inside, velocity) = known.unwrap_or_default();
        if inside {
            return if was_inside { Way::Away } else { Way::Came };
        }
        let (secs, margin) = (ahead.gap.as_secs_f32(), JITTER * height);
        let comes = match velocity {
            _ if within => true,
            Some([0.0, 0.0]) => false,
            Some([x, y]) => {
                let there = [here[0] + x * secs, here[1] + y * secs];
                is_met(ahead, here, there, margin)
            }
            None => is_met(ahead, here, here, margin + FAST * height * secs),
        };
        if comes { Way::Comes } else { Way::Away }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Comes,
    /// It has just been seen to be inside.
    Came,
    Away,
}

impl Thing {
    fn go(&mut self, at: Timestamp, here: [f32; 2], height: f32) {
        self.seen = at;
        let (since, from) = self.from;
        let span = at.since(since);
        if span < SPAN_MIN {
            return;
        }
        let way = [here[0] - from[0], here[1] - from[1]];
        let stands = length(way) <= JITTER * height;
        let secs = span.as_secs_f32();
        self.velocity = Some(if stands { [0.0; 2] } else { way.map(|d| d / secs) });
        self.from = (at, here);
    }
}

/// Does the way from `a` to `b` come so near to the zone?
fn is_met(ahead: Ahead<'_>, a: [f32; 2], b: [f32; 2], margin: f32) -> bool {
    let point = |p: &UnitPoint| [p.x * ahead.aspect, p.y];
    let corners = ahead.zone.corners();
    let unit = UnitPoint { x: b[0] / ahead.aspect, y: b[1] };
    ahead.zone.contains(unit)
        || corners.iter().zip(corners.iter().cycle().skip(1)).any(|(p, q)| {
            let (p, q) = (point(p), point(q));
            let ends = [beside(a, p, q), beside(b, p, q), beside(p, a, b), beside(q, a, b)];
            segments_cross([a, b], [p, q]) || ends.into_iter().fold(f32::MAX, f32::min) <= margin
        })
}

/// From a point to a piece of a line.
fn beside(point: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (along, to) = ([b[0] - a[0], b[1] - a[1]], [point[0] - a[0], point[1] - a[1]]);
    let squared = along[0] * along[0] + along[1] * along[1];
    let reach = along[0] * to[0] + along[1] * to[1];
    let share = if squared > 0.0 { (reach / squared).clamp(0.0, 1.0) } else { 0.0 };
    length([to[0] - share * along[0], to[1] - share * along[1]])
}

/// Not `hypot`: that is another function on another machine.
fn length(of: [f32; 2]) -> f32 {
    (of[0] * of[0] + of[1] * of[1]).sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::geometry::UnitBox;

    fn zone() -> Polygon {
        vec![[0.6, 0.5], [1.0, 0.5], [1.0, 0.9], [0.6, 0.9]].try_into().unwrap()
    }

    /// Of a square frame; a thing is a tenth of its height tall.
    fn object(x: f32, y: f32) -> Object {
        serde_json::from_value(serde_json::json!({
            "track": 1,
            "class": "person",
            "confidence": 0.8,
            "box": UnitBox::try_from([x - 0.02, y - 0.1, x + 0.02, y]).unwrap(),
        }))
        .unwrap()
    }

    fn look(approach: &mut Approach, secs: f32, seen: Option<Seen<'_>>) -> bool {
        let at = Timestamp(1_000_000_000_000).plus(Duration::from_secs_f32(secs));
        let (zone, gap) = (zone(), Duration::from_secs(5));
        approach.look(at, seen.into_iter(), Ahead { zone: &zone, aspect: 1.0, gap });
        approach.is_on()
    }

    /// What is said at looks a second apart at a thing that is at these places, and believed after so many looks.
    fn said_of(places: &[Option<(f32, f32)>], believed_after: usize) -> String {
        let mut approach = Approach::default();
        let said = |(secs, place): (usize, &Option<(f32, f32)>)| {
            let there = place.map(|(x, y)| object(x, y));
            let believed = secs >= believed_after;
            let seen = there.as_ref().map(|object| Seen { object, believed });
            if look(&mut approach, secs as f32, seen) { 'x' } else { '.' }
        };
        places.iter().enumerate().map(said).collect()
    }

    fn said(places: &[Option<(f32, f32)>]) -> String {
        said_of(places, 0)
    }

    #[test]
    fn what_moves_towards_a_zone_is_on_its_way_until_it_is_there_turns_or_is_gone() {
        let at = |xs: &[f32], y: f32| -> Vec<_> { xs.iter().map(|x| Some((*x, y))).collect() };
        let cases = [
            ("comes and is there", at(&[0.3, 0.4, 0.5, 0.59, 0.65, 0.7], 0.7), "xxxx.."),
            ("too far for the next gap", at(&[0.1, 0.12, 0.14, 0.16], 0.7), "x..."),
            ("passes beside it", at(&[0.3, 0.4, 0.5, 0.6, 0.7], 0.45), "x...."),
            ("stands", at(&[0.5, 0.51, 0.5, 0.49], 0.7), "x..."),
            ("turns", at(&[0.4, 0.5, 0.55, 0.5, 0.4], 0.7), "xxx.."),
            ("stops, and goes on", at(&[0.4, 0.5, 0.5, 0.5, 0.55], 0.7), "xx..x"),
            ("leaves it", at(&[0.7, 0.5, 0.4, 0.3], 0.7), "...."),
        ];
        for (name, places, want) in cases {
            assert_eq!(said(&places), want, "{name}");
        }
        assert_eq!(said(&[Some((0.4, 0.7)), Some((0.5, 0.7)), None]), "xx.", "gone");
    }

    #[test]
    fn what_is_not_believed_yet_is_minded_until_it_is_or_is_gone() {
        let (inside, near) = (Some((0.8, 0.7)), Some((0.5, 0.7)));
        for (name, places, after, want) in [
            ("believed", [inside, inside, inside, inside], 2, "xx.."),
            ("seen badly for long", [inside; 4], 4, "xxxx"),
            ("seen once", [inside, None, None, None], 1, "x..."),
            ("could come, and stands", [near; 4], 4, "x..."),
            ("comes, and is believed there", [near, inside, inside, inside], 2, "xx.."),
        ] {
            assert_eq!(said_of(&places, after), want, "{name}");
        }
    }

    /// Of 1200 looks a second apart at somebody else each, those at which they are minded.
    fn minded(x: impl Fn(u64) -> f32, believed: bool) -> u32 {
        let mut approach = Approach::default();
        let mut on = 0;
        for secs in 0..1200u64 {
            let object = Object { track: TrackId(secs), ..object(x(secs), 0.7) };
            on += u32::from(look(
                &mut approach,
                secs as f32,
                Some(Seen { object: &object, believed }),
            ));
        }
        on
    }

    #[test]
    fn what_is_spent_in_vain_is_bounded_and_what_comes_gives_it_back() {
        let bounded = 100..=320;
        let new = minded(|_| 0.5, true);
        assert!(bounded.contains(&new), "{new} of 1200");
        let false_ones = minded(|_| 0.8, false);
        assert!(bounded.contains(&false_ones), "{false_ones} of 1200");
        // What has come makes up for what did not.
        let comes = minded(|secs| if secs % 10 == 9 { 0.7 } else { 0.5 }, true);
        assert_eq!(comes, 1080, "all but those that are inside");
    }
}
