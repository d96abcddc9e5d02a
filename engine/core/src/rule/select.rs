//! Which objects of a look are members of which things.

use super::look::{Look, View};
use super::measure::{angle_between, distance, same_kind};
use super::riders::Rides;
use crate::geometry::{Polygon, UnitBox, UnitPoint};
use crate::plan::program::{Area, Heading, Relation, RelationKind, Thing};
use crate::time::Timestamp;

/// So much of a heading's travel makes it worth a first picture.
const HALF: f32 = 0.5;
/// A rider and the machine do not part by more than this share of its diagonal in some seconds:
/// less than what makes a machine moving, so who stands behind one that moves is not on it.
const RIDES_APART_MAX: f32 = 0.15;
/// A rider's feet are so far up the machine.
const FEET_SHARE: f32 = 0.25;
/// Boxes of riders reach so far below their machine's, by jitter.
const FEET_BELOW_MAX: f32 = 0.0;
/// Points a side at which the overlap of a box and a zone is sampled.
const OVER_POINTS: usize = 8;

/// The members of a look: bit `t` of an object's mask is thing `t`.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// By object.
    pub(super) masks: Vec<u32>,
    /// As `masks`, wherever the object is: for what stood in the zone and jitters at its edge.
    pub(super) anywhere: Vec<u32>,
    /// As `masks`, for those that have gone half the way of a heading only.
    pub(super) half: Vec<u32>,
    /// Since when an object goes in the direction of a thing: object, thing, time.
    pub(super) since: Vec<(usize, usize, Timestamp)>,
}

impl Members {
    /// Becomes the members of this look; what it was before is forgotten.
    pub(super) fn find(&mut self, look: &Look<'_>, view: &View<'_>, rides: &mut Rides) {
        let count = view.observation.objects.len();
        for masks in [&mut self.masks, &mut self.anywhere, &mut self.half] {
            masks.clear();
            masks.resize(count, 0);
        }
        self.since.clear();
        rides.forget(look.at);
        if view.class_bits.iter().all(|bits| *bits == 0) {
            return;
        }
        for (t, thing) in look.rule.program.things.iter().enumerate() {
            for o in 0..count {
                if view.class_bits[o] >> t & 1 == 1 {
                    self.test(view, thing, t, o, rides);
                }
            }
        }
    }

    /// Becomes those of a look that sees nothing.
    pub(super) fn clear(&mut self) {
        for masks in [&mut self.masks, &mut self.anywhere, &mut self.half] {
            masks.clear();
        }
        self.since.clear();
    }

    pub(super) fn count(&self, thing: usize) -> usize {
        self.masks.iter().filter(|mask| **mask >> thing & 1 == 1).count()
    }

    pub(super) fn iter(&self, thing: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.masks.len()).filter(move |o| self.masks[*o] >> thing & 1 == 1)
    }

    /// Since when object `o` goes in the direction of `thing`.
    pub(super) fn headed_since(&self, o: usize, thing: usize) -> Option<Timestamp> {
        self.since.iter().find(|s| (s.0, s.1) == (o, thing)).map(|s| s.2)
    }

    fn test(&mut self, view: &View<'_>, thing: &Thing, t: usize, o: usize, rides: &mut Rides) {
        let object = &view.observation.objects[o];
        if object.confidence.get() < thing.confidence_min || view.is_permitted(object) {
            return;
        }
        if !moves_so(view, thing, o) || !self.relates_so(view, thing, t, o, rides) {
            return;
        }
        let bit = 1 << t;
        if let Some(heading) = &thing.heading {
            let Some((since, whole)) = headed(view, heading, o) else { return };
            self.since.push((o, t, since));
            if !whole {
                if in_area(view, thing.area, o) {
                    self.half[o] |= bit;
                }
                return;
            }
        }
        self.anywhere[o] |= bit;
        if in_area(view, thing.area, o) {
            self.masks[o] |= bit;
            self.half[o] |= bit;
        }
    }

    fn relates_so(
        &self,
        view: &View<'_>,
        thing: &Thing,
        t: usize,
        o: usize,
        rides: &mut Rides,
    ) -> bool {
        thing.relations.iter().enumerate().all(|(r, relation)| {
            let mut related = 0;
            for p in self.iter(relation.other).filter(|p| *p != o) {
                let how = relates(view, relation, o, p);
                related += usize::from(how.holds(relation));
                if let (Related::Surely, Some(of), Some(with)) =
                    (how, view.scene.who(o), view.scene.who(p))
                    && !matches!(relation.kind, RelationKind::Beside(_))
                {
                    rides.note((t, r), of, with, view.observation.frame.captured);
                }
            }
            if !matches!(relation.kind, RelationKind::Beside(_))
                && let Some(of) = view.scene.who(o)
            {
                let denied = relation.max == 0;
                related += rides.missed((t, r), of, denied, |who| view.scene.is_in_view(who));
            }
            (relation.min..=relation.max).contains(&related)
        })
    }
}

/// Do two stand in a relation?
#[derive(Clone, Copy, Debug, PartialEq)]
enum Related {
    No,
    /// It looks like it, and it is too early to tell.
    Perhaps,
    Surely,
}

impl Related {
    /// Who has just come into view over a machine may ride it or walk by: neither is said of them.
    fn holds(self, relation: &Relation) -> bool {
        match self {
            Self::No => false,
            Self::Perhaps => relation.max == 0,
            Self::Surely => true,
        }
    }
}

/// Is an object in the area?
fn in_area(view: &View<'_>, area: Area, o: usize) -> bool {
    match area {
        Area::In => view.inside[o],
        Area::Out => !view.inside[o],
        _ => is_there(view, area, &view.observation.objects[o].bbox),
    }
}

/// Is a box in the area?
pub(super) fn is_there(view: &View<'_>, area: Area, bbox: &UnitBox) -> bool {
    match area {
        Area::In => view.zone.contains(bbox.ground()),
        Area::Out => !view.zone.contains(bbox.ground()),
        Area::Over(share_min) => share_over(view.zone, bbox) >= share_min,
        Area::Anywhere => true,
    }
}

/// Share of a box that lies over the zone, by a grid of points.
fn share_over(zone: &Polygon, bbox: &UnitBox) -> f32 {
    let [x0, y0, x1, y1] = bbox.corners();
    let apart = |p: &UnitPoint| (p.x < x0, p.x > x1, p.y < y0, p.y > y1);
    let beyond =
        zone.corners().iter().map(apart).fold((true, true, true, true), |a, b| {
            (a.0 && b.0, a.1 && b.1, a.2 && b.2, a.3 && b.3)
        });
    // All corners on one side of the box: they do not meet.
    if beyond.0 || beyond.1 || beyond.2 || beyond.3 {
        return 0.0;
    }
    let at = |a: f32, b: f32, i: usize| a + (b - a) * (i as f32 + 0.5) / OVER_POINTS as f32;
    let inside = (0..OVER_POINTS * OVER_POINTS)
        .filter(|i| {
            let (x, y) = (at(x0, x1, i % OVER_POINTS), at(y0, y1, i / OVER_POINTS));
            zone.contains(UnitPoint { x, y })
        })
        .count();
    inside as f32 / (OVER_POINTS * OVER_POINTS) as f32
}

fn moves_so(view: &View<'_>, thing: &Thing, object: usize) -> bool {
    use crate::plan::program::Motion;
    let plain = thing.motion.is_none() && thing.speed_min_mps.is_none() && thing.crossing.is_none();
    if plain {
        return true;
    }
    let Some(path) = view.scene.path(object) else { return false };
    let motion = match thing.motion {
        None => true,
        Some(Motion::Standing) => path.still_since.is_some(),
        Some(Motion::Moving) => path.moving,
    };
    let speed = thing.speed_min_mps.is_none_or(|least| {
        let speed = view.ground.and_then(|ground| path.speed_mps(ground));
        speed.is_some_and(|speed| speed >= f64::from(least))
    });
    let crossed = |wanted| {
        view.line.is_some_and(|l| path.has_crossed(l, view.observation.frame.captured, wanted))
    };
    motion && speed && thing.crossing.is_none_or(crossed)
}

/// Since when it goes so, and whether it has gone far enough.
fn headed(view: &View<'_>, heading: &Heading, object: usize) -> Option<(Timestamp, bool)> {
    let path = view.scene.path(object)?;
    let so = |travel: f32| {
        let (since, deg) = path.heading(travel)?;
        let off = angle_between(deg, heading.allowed_deg) > heading.tolerance_deg;
        (off == heading.against).then_some(since)
    };
    match so(heading.travel_min) {
        Some(since) => Some((since, true)),
        None => so(heading.travel_min * HALF).map(|since| (since, false)),
    }
}

/// Does object `a` stand in the relation to `b`?
fn relates(view: &View<'_>, relation: &Relation, a: usize, b: usize) -> Related {
    let objects = &view.observation.objects;
    match relation.kind {
        RelationKind::Beside(most) => {
            let aspect = view.observation.aspect();
            if is_beside(&objects[a].bbox, &objects[b].bbox, most, aspect) {
                Related::Surely
            } else {
                Related::No
            }
        }
        RelationKind::On => rides(view, a, b),
        // All others are asked about only for a pair that could be one.
        RelationKind::Under => match rides(view, b, a) {
            Related::No => Related::No,
            how if is_its_own(view, b, a) => how,
            _ => Related::No,
        },
    }
}

/// Over the machine, and going where it goes: not somebody who walks by behind it.
fn rides(view: &View<'_>, rider: usize, machine: usize) -> Related {
    let bbox = |o: usize| &view.observation.objects[o].bbox;
    if !is_on(bbox(rider), bbox(machine)) {
        return Related::No;
    }
    let paths = view.scene.path(rider).zip(view.scene.path(machine));
    let apart = paths.and_then(|(r, m)| r.apart_from(m));
    let [x0, y0, x1, y1] = bbox(machine).corners();
    let aspect = view.observation.aspect();
    let diagonal = distance([x0 * aspect, y0], [x1 * aspect, y1]);
    match apart {
        None => Related::Perhaps,
        Some(apart) if apart <= RIDES_APART_MAX * diagonal => Related::Surely,
        Some(_) => Related::No,
    }
}

/// No other machine is a better one for the rider: of two bikes side by side each has its own.
fn is_its_own(view: &View<'_>, rider: usize, machine: usize) -> bool {
    let objects = &view.observation.objects;
    let (rider, machine) = (&objects[rider].bbox, &objects[machine]);
    let own = misfit(rider, &machine.bbox, view.observation.aspect());
    let others = objects.iter().filter(|o| o.track != machine.track && is_on(rider, &o.bbox));
    others
        .filter(|o| same_kind(&o.class, &machine.class))
        .all(|other| misfit(rider, &other.bbox, view.observation.aspect()) >= own)
}

/// How far a rider's feet are from where they would be on the machine.
fn misfit(rider: &UnitBox, machine: &UnitBox, aspect: f32) -> f32 {
    let (feet, [_, y0, _, y1]) = (rider.ground(), machine.corners());
    let across = (feet.x - machine.centre().x) * aspect;
    distance([across, feet.y], [0.0, y1 - FEET_SHARE * (y1 - y0)])
}

fn is_beside(a: &UnitBox, b: &UnitBox, most: f32, aspect: f32) -> bool {
    let (a, b) = (a.corners(), b.corners());
    let tall = (a[3] - a[1]).max(b[3] - b[1]);
    let apart = |lo: usize, hi: usize| (a[lo] - b[hi]).max(b[lo] - a[hi]).max(0.0);
    let gap = distance([apart(0, 2) * aspect, apart(1, 3)], [0.0, 0.0]);
    // Boxes that meet in the picture may be far apart in the street: their feet tell.
    let depth = (a[3] - b[3]).abs();
    gap <= most * tall && depth <= (most * 0.5 + 0.25) * tall
}

/// A rider's feet are within the height of the machine, the head above it, the middle over it.
fn is_on(rider: &UnitBox, machine: &UnitBox) -> bool {
    let (r, m) = (rider.corners(), machine.corners());
    let (width, height) = (m[2] - m[0], m[3] - m[1]);
    let middle = (r[0] + r[2]) * 0.5;
    let over = (m[0] - 0.15 * width..=m[2] + 0.15 * width).contains(&middle);
    // Who stands with both feet nearer than the wheels walks beside it.
    let feet = (m[1] + 0.1 * height..=m[3] + FEET_BELOW_MAX * height).contains(&r[3]);
    over && feet && r[1] < m[1] + 0.4 * height
}
