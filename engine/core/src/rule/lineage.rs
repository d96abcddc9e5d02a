//! Who an object is: what its track was, unless the tracker took one thing for another.
//!
//! A tracker gives up and begins anew (rain, a passer-by, a restart), and now and then it confuses two
//! neighbours. So a track is believed while it goes on where it was. One that does not, and one that
//! is new, is compared with what is missing: something of its kind and size that stood just here,
//! or was on its way here. Two that pass each other are not exchanged: each goes on where it was.

use super::measure::{centre, diagonal, distance, is_whole, same_kind};
use super::path::Path;
use crate::id::TrackId;
use crate::observe::Object;
use crate::time::Timestamp;
use std::time::Duration;

/// What stood still is where it stood when its boxes overlap by this.
const SAME_PLACE_IOU_MIN: f32 = 0.45;
/// The same for a track that was on its way until now.
const ARRIVED_IOU_MIN: f32 = 0.6;
/// A track of something that stood is elsewhere when its box overlaps the place by less.
const AWAY_IOU_MAX: f32 = 0.25;
/// … unless so much of the smaller box is in the larger: the rest is hidden.
const PART_SHARE_MIN: f32 = 0.8;
/// A moving thing may be so far from where it was expected, or from where it was, in diagonals of
/// its box. Judgement: beyond that it would have turned on the spot, and been moved as well.
const COURSE_OFF_MAX: f32 = 0.75;
const STEP_MAX: f32 = 0.5;
/// A new track goes on where one broke when it begins on its course: ahead or behind by this, in
/// diagonals, and by this share of the way since; aside by less.
const AHEAD_MAX: f32 = 0.4;
const FASTER_SHARE: f32 = 0.5;
const ASIDE_MAX: f32 = 0.2;
const ASIDE_SHARE: f32 = 0.15;
/// A way of less is jitter.
const UNMOVED_MAX: f32 = 0.05;
/// What moved and was lost for longer may be anywhere. As long as trackers keep it.
const MOVING_GAP_MAX: Duration = Duration::from_secs(3);
/// What stood and was lost is believed to be there still for this share of the time for which it had
/// stood, and for a burst of misses at least: who stood there briefly has made room for the next one.
const KEPT_SHARE: f32 = 0.5;
const KEPT_MIN: Duration = Duration::from_secs(3);
/// Diagonals of one thing's boxes are within this share of each other.
const SAME_SIZE_MIN: f32 = 0.7;
/// Less than this share of the size, elsewhere: another thing.
const LEAP_SIZE_MAX: f32 = 0.6;

/// Room to work in, kept from look to look so that nothing is allocated for each.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Paths whose track is known, by it.
    tracks: Vec<(TrackId, usize)>,
    /// For each path: somebody has it.
    taken: Vec<bool>,
    /// For each path: its track is in view on its way, so it is not missing, wherever that got to.
    away: Vec<bool>,
    /// Objects that are not where their track's path leads, with that path.
    strays: Vec<(usize, Option<usize>)>,
    /// Who might have which path: misfit, path, object.
    pairs: Vec<(f32, usize, usize)>,
}

/// For each object of a look, the index of its path; none where one begins. No two have the same.
pub(super) fn identify(look: &Matching<'_>, room: &mut Room, found: &mut Vec<Option<usize>>) {
    let Matching { paths, objects, at, aspect } = *look;
    refill(found, objects.len(), None);
    refill(&mut room.taken, paths.len(), false);
    refill(&mut room.away, paths.len(), false);
    by_track(paths, &mut room.tracks);
    let Room { tracks, taken, away, strays, pairs } = room;
    strays.clear();
    for (o, object) in objects.iter().enumerate() {
        let own = tracks.binary_search_by_key(&object.track, |(track, _)| *track);
        let own = own.ok().map(|i| tracks[i].1);
        match own {
            Some(p) if !taken[p] && goes_on(&paths[p], object, at, aspect) => {
                (found[o], taken[p]) = (Some(p), true);
            }
            _ => strays.push((o, own)),
        }
        if let Some(p) = own {
            away[p] = paths[p].still_since.is_none();
        }
    }
    if strays.is_empty() {
        return;
    }
    look.pair((strays, away), taken, found, pairs);
    // Who turned out to be another leaves the path of its track to be looked for. Without one, all that
    // fit are found.
    let mut left = false;
    for (o, own) in &*strays {
        if let (Some(p), Some(_)) = (own, found[*o]) {
            left |= std::mem::take(&mut away[*p]);
        }
    }
    if left {
        look.pair((strays, away), taken, found, pairs);
    }
    // Whoever nobody is missing for is believed, unless it is plainly another thing.
    for (o, own) in strays.drain(..) {
        if let Some(p) = own.filter(|p| found[o].is_none() && !taken[*p])
            && !is_another(&paths[p], &objects[o], aspect)
        {
            (found[o], taken[p]) = (Some(p), true);
        }
    }
}

fn refill<T: Clone>(list: &mut Vec<T>, count: usize, value: T) {
    list.clear();
    list.resize(count, value);
}

/// Paths whose track is known, by it; of two with one track the older.
fn by_track(paths: &[Path], tracks: &mut Vec<(TrackId, usize)>) {
    tracks.clear();
    tracks.extend(paths.iter().enumerate().filter_map(|(p, path)| Some((path.track?, p))));
    tracks.sort_unstable();
    tracks.dedup_by_key(|(track, _)| *track);
}

/// One look, to be matched with what was before.
#[derive(Clone, Copy)]
pub(super) struct Matching<'a> {
    pub(super) paths: &'a [Path],
    pub(super) objects: &'a [Object],
    pub(super) at: Timestamp,
    pub(super) aspect: f32,
}

impl Matching<'_> {
    /// Gives paths that miss their own to those who stray, the best pair first; of equal ones that of
    /// the older path, so that no order of tracks decides.
    fn pair(
        &self,
        (strays, away): (&[(usize, Option<usize>)], &[bool]),
        taken: &mut [bool],
        found: &mut [Option<usize>],
        pairs: &mut Vec<(f32, usize, usize)>,
    ) {
        pairs.clear();
        for (o, own) in strays.iter().filter(|(o, _)| found[*o].is_none()) {
            let before = own.map(|own| &self.paths[own]);
            for (p, path) in self.paths.iter().enumerate() {
                if taken[p] || away[p] || Some(p) == *own {
                    continue;
                }
                if let Some(misfit) = misfit(path, &self.objects[*o], before, self.at, self.aspect)
                {
                    pairs.push((misfit, p, *o));
                }
            }
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (_, p, o) in pairs.drain(..) {
            if found[o].is_none() && !taken[p] {
                (found[o], taken[p]) = (Some(p), true);
            }
        }
    }
}

/// Is the object where its track's path leads?
fn goes_on(path: &Path, object: &Object, at: Timestamp, aspect: f32) -> bool {
    let (bbox, here) = (&object.bbox, centre(object, aspect));
    let (newest, now) = (path.diagonal(), diagonal(object, aspect));
    let size = newest.max(now);
    if path.still_since.is_some() {
        return path.bbox.iou(bbox) > AWAY_IOU_MAX || path.bbox.share(bbox) >= PART_SHARE_MIN;
    }
    let off = |place: [f32; 2]| distance(place, here) / size.max(f32::EPSILON);
    !leaps(path, object, aspect)
        && (off(path.centre()) <= STEP_MAX || off(path.expected_at(at)) <= COURSE_OFF_MAX)
}

/// How badly the object fits a path that is missing its own, 0 to 1 for what stood and more for what
/// moved; none when it is not it. `before` is what the object's track was until now.
fn misfit(
    path: &Path,
    object: &Object,
    before: Option<&Path>,
    at: Timestamp,
    aspect: f32,
) -> Option<f32> {
    let (was, now) = (path.diagonal(), diagonal(object, aspect));
    if was.min(now) < SAME_SIZE_MIN * was.max(now) || !same_kind(&path.class, &object.class) {
        return None;
    }
    let gap = at.since(path.seen());
    if let Some(since) = path.still_since {
        let stood = path.seen().since(since);
        // Of one whose track was taken from it, or has no count any more, nobody said that it left.
        if path.track.is_some() && gap > KEPT_MIN.max(stood.mul_f32(KEPT_SHARE)) {
            return None;
        }
        let overlap = path.bbox.iou(&object.bbox);
        // Who passes is over a place that it hides for a moment.
        let moved = before.is_some_and(|before| before.still_since.is_none());
        let least = if moved { ARRIVED_IOU_MIN } else { SAME_PLACE_IOU_MIN };
        return (overlap >= least).then_some(1.0 - overlap);
    }
    // A stream of traffic is full of things where another was: only a track that jumped from where
    // it stood is taken for what moved.
    let jumped = before.is_none_or(|before| before.still_since.is_some());
    // What the edge of the frame cuts is coming in, and what would be beyond it has left.
    if !jumped || gap > MOVING_GAP_MAX || !is_whole(&object.bbox) {
        return None;
    }
    let expected = path.expected_at(at);
    if !(0.0..=aspect).contains(&expected[0]) || !(0.0..=1.0).contains(&expected[1]) {
        return None;
    }
    let here = centre(object, aspect);
    let off = distance(expected, here).min(distance(path.centre(), here));
    is_on_course(path.centre(), expected, here, now).then(|| 1.0 + off / now.max(f32::EPSILON))
}

/// Could what was at `from` and is expected at `to` be `here`? Speeds change sooner than directions, and
/// others go side by side with it. `size` is a diagonal.
fn is_on_course(from: [f32; 2], to: [f32; 2], here: [f32; 2], size: f32) -> bool {
    let way = distance(from, to);
    if way <= UNMOVED_MAX * size {
        return distance(from, here) <= AHEAD_MAX * size;
    }
    let [dx, dy] = [(to[0] - from[0]) / way, (to[1] - from[1]) / way];
    let [x, y] = [here[0] - from[0], here[1] - from[1]];
    let (along, across) = (x * dx + y * dy, (x * dy - y * dx).abs());
    // It may have stopped at once, or gone on faster.
    let ahead = -AHEAD_MAX * size..=way * (1.0 + FASTER_SHARE) + AHEAD_MAX * size;
    ahead.contains(&along) && across <= ASIDE_MAX * size + ASIDE_SHARE * way
}

/// Is it of another kind, or of another size in another place?
fn is_another(path: &Path, object: &Object, aspect: f32) -> bool {
    let (was, now) = (path.diagonal(), diagonal(object, aspect));
    let apart = distance(path.centre(), centre(object, aspect)) > STEP_MAX * was.max(now);
    apart && (leaps(path, object, aspect) || !same_kind(&path.class, &object.class))
}

/// Has it another size all at once? What the frame's edge cuts grows as it comes in.
fn leaps(path: &Path, object: &Object, aspect: f32) -> bool {
    let (was, now) = (path.diagonal(), diagonal(object, aspect));
    was.min(now) < LEAP_SIZE_MAX * was.max(now) && path.is_whole() && is_whole(&object.bbox)
}

#[cfg(test)]
mod tests {
    use super::super::path::Who;
    use super::super::scene::Scene;
    use super::Room;
    use crate::frame::FrameStamp;
    use crate::id::{Name, TrackId};
    use crate::observe::{Class, Object, Observation};
    use crate::time::{ClockSource, Timestamp};

    type Seen = (u64, &'static str, [f32; 4]);

    const CAR: &str = "vehicle.car";
    const BIKE: &str = "vehicle.two_wheel.motorcycle";

    /// A box about a place, of a car, a bike or a person.
    fn bbox(class: &str, x: f32, y: f32) -> [f32; 4] {
        let (w, h) = match class {
            CAR => (0.18, 0.12),
            BIKE => (0.06, 0.07),
            _ => (0.03, 0.14),
        };
        [x - w / 2.0, y - h, x + w / 2.0, y]
    }

    fn seen(track: u64, class: &'static str, x: f32) -> Seen {
        (track, class, bbox(class, x, 0.7))
    }

    struct Looks {
        scene: Scene,
        at: Timestamp,
    }

    impl Looks {
        fn new() -> Self {
            Self { scene: Scene::default(), at: Timestamp::from_secs(1_000) }
        }

        /// Who each of them is, `ms` after the look before.
        fn after(&mut self, ms: u64, seen: &[Seen]) -> Vec<Who> {
            self.at = Timestamp(self.at.0 + ms * 1_000_000);
            let objects: Vec<Object> = seen
                .iter()
                .map(|(track, class, bbox)| Object {
                    track: TrackId(*track),
                    class: Class::try_from(*class).unwrap(),
                    confidence: 0.8.try_into().unwrap(),
                    bbox: (*bbox).try_into().unwrap(),
                })
                .collect();
            let (at, clock) = (self.at, ClockSource::Recording);
            let frame = FrameStamp { seq: 0, captured: at, arrived: at, clock, offset_ms: 0 };
            let camera = Name::try_from("cam").unwrap();
            let size_px = [1280, 720];
            let seen_now = Observation { camera, frame, size_px, objects, undecided: Vec::new() };
            self.scene.see(&seen_now, &[], &mut Room::default());
            (0..seen.len()).map(|o| self.scene.who(o).unwrap()).collect()
        }

        fn stand(&mut self, secs: u64, seen: &[Seen]) -> Vec<Who> {
            (0..secs).map(|_| self.after(1000, seen)).last().unwrap()
        }
    }

    #[test]
    fn a_new_id_where_the_old_one_stopped_is_the_same_thing() {
        let mut looks = Looks::new();
        let before = looks.stand(5, &[seen(1, CAR, 0.5)]);
        for id in 2..20 {
            assert_eq!(looks.after(1000, &[seen(id, CAR, 0.5)]), before);
        }
        looks.stand(8, &[]);
        assert_eq!(looks.after(1000, &[seen(30, CAR, 0.5)]), before, "after a gap");
        let walks = |i: u64| seen(40 + i / 6, "person", 0.2 + 0.02 * i as f32);
        let first = looks.after(500, &[walks(0)]);
        assert!((1..30).all(|i| looks.after(500, &[walks(i)]) == first), "on its way");
    }

    #[test]
    fn neighbours_whose_ids_swap_stay_who_they_are() {
        for apart in [0.12, 0.16, 0.2, 0.3] {
            let mut looks = Looks::new();
            let row = |a, b, c| [seen(a, CAR, 0.3), seen(b, CAR, 0.3 + apart), seen(c, CAR, 0.9)];
            let before = looks.stand(5, &row(1, 2, 3));
            assert_eq!(looks.after(1000, &row(2, 1, 3)), before, "swapped, {apart} apart");
            assert_eq!(looks.after(1000, &row(3, 2, 1)), before, "all of them");
            // One is missed at the look at which they swap.
            assert_eq!(looks.after(1000, &[row(2, 3, 1)[0]]), before[..1]);
            assert_eq!(looks.after(1000, &row(2, 3, 1)), before);
        }
    }

    #[test]
    fn a_passing_bike_takes_an_id_and_gives_it_back() {
        let mut looks = Looks::new();
        let car = looks.stand(6, &[seen(1, CAR, 0.5)])[0];
        let bike = looks.after(1000, &[seen(1, CAR, 0.5), seen(2, BIKE, 0.1)])[1];
        looks.after(1000, &[seen(1, CAR, 0.5), seen(2, BIKE, 0.25)]);
        // The car is not seen for two looks.
        assert_eq!(looks.after(1000, &[seen(1, BIKE, 0.40)]), [bike]);
        assert_eq!(looks.after(1000, &[seen(1, BIKE, 0.55)]), [bike]);
        assert_eq!(looks.after(1000, &[seen(1, CAR, 0.5), seen(3, BIKE, 0.7)]), [car, bike]);
        // A bike that was not seen before, and a recording in which two have one id.
        let other = looks.after(1000, &[seen(1, BIKE, 0.9)])[0];
        assert_ne!(other, car);
        let both = looks.after(1000, &[seen(1, CAR, 0.5), seen(1, BIKE, 0.95)]);
        assert_eq!(both[0], car);
    }

    #[test]
    fn those_who_pass_each_other_are_not_exchanged() {
        for retracked in [false, true] {
            let mut looks = Looks::new();
            let mut first = Vec::new();
            for i in 0..20 {
                let x = i as f32 * 0.03;
                // From the middle on under new ids, after a look in which they hide each other.
                let id = if retracked && i > 10 { 10 } else { 0 };
                let pair = [seen(id + 1, "person", 0.2 + x), seen(id + 2, "person", 0.8 - x)];
                let who = if retracked && i == 10 {
                    looks.after(500, &[]);
                    continue;
                } else {
                    looks.after(500, &pair)
                };
                if i == 0 {
                    first.clone_from(&who);
                }
                assert_eq!(who, first, "look {i}, retracked: {retracked}");
            }
        }
    }

    #[test]
    fn a_newcomer_in_a_place_that_was_left_is_somebody_else() {
        let mut looks = Looks::new();
        let first = looks.stand(5, &[seen(1, "person", 0.5)])[0];
        for i in 1..6 {
            looks.after(500, &[seen(1, "person", 0.5 + 0.05 * i as f32)]);
        }
        let next = looks.after(500, &[seen(2, "person", 0.5)])[0];
        assert_ne!(next, first, "the first one was seen to leave");
        looks.stand(3, &[seen(2, "person", 0.5)]);
        looks.stand(3, &[]);
        let third = looks.after(500, &[seen(4, "person", 0.5)])[0];
        assert_ne!(third, next, "who stood for a moment is not waited for");
        // Gone for longer than anybody is remembered.
        looks.stand(14, &[]);
        assert_ne!(looks.after(1000, &[seen(3, "person", 0.5)])[0], third);
        // Of another kind or size.
        let mut looks = Looks::new();
        let car = looks.stand(5, &[seen(1, CAR, 0.5)])[0];
        assert_ne!(looks.after(1000, &[seen(2, BIKE, 0.5)])[0], car);
        assert_ne!(looks.after(1000, &[seen(3, "person", 0.5)])[0], car);
    }

    #[test]
    fn a_stream_of_cars_keeps_its_ids_however_rarely_it_is_seen() {
        for (ms, step) in [(1000, 0.2), (1000, 0.35), (2000, 0.3), (200, 0.04)] {
            let mut looks = Looks::new();
            let mut known: Vec<Option<Who>> = vec![None; 12];
            for i in 0..40 {
                let front = i as f32 * step;
                let in_view = |car: usize| front - car as f32 * 0.2;
                let cars: Vec<usize> =
                    (0..12).filter(|car| (0.1..0.9).contains(&in_view(*car))).collect();
                let seen: Vec<Seen> =
                    cars.iter().map(|car| seen(*car as u64, CAR, in_view(*car))).collect();
                let who = looks.after(ms, &seen);
                for (car, who) in cars.iter().zip(who) {
                    assert_eq!(*known[*car].get_or_insert(who), who, "car {car}, look {i}, {step}");
                }
            }
        }
    }

    #[test]
    fn a_worker_that_starts_anew_finds_who_stands() {
        let mut looks = Looks::new();
        let before = looks.stand(5, &[seen(1, CAR, 0.3), seen(2, CAR, 0.6)]);
        looks.scene.forget_tracks();
        assert_eq!(
            looks.after(3000, &[seen(1, CAR, 0.6), seen(2, CAR, 0.3)]),
            [before[1], before[0]]
        );
    }
}
