#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const FPS: u64 = 25;
/// Between two pictures, in ms.
const STEP: u64 = 1000 / FPS;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000).plus(Duration::from_millis(ms))
}

/// Taken at `ms`, `late` ms underway, by a camera whose clock is `ahead` ms ahead or tells nothing.
fn taken(ms: u64, late: u64, ahead: Option<i64>) -> Taken {
    let reported = ahead.map(|ahead| at(ms).shifted(ahead * 1_000_000));
    Taken { reached: at(ms + late), reported }
}

/// Pictures 0 to `n`, a key frame each `gop`, taken from 0 ms on.
fn film(n: u64, gop: u64, bytes: usize, time: impl Fn(u64) -> Taken) -> Film<u64> {
    let mut film = Film::default();
    for i in 0..n {
        let kind = if i % gop == 0 { Kind::Key } else { Kind::Inter };
        let pts = Some(Duration::from_millis(i * STEP));
        film.push(i, Unit { kind, disposable: false, begins: true }, pts, time(i * STEP), bytes);
    }
    film
}

fn picture<U: Copy + Clone>(found: &Found<U>) -> Option<(U, i64, ClockSource)> {
    match found {
        Found::Here(it) => Some((*it.units.last()?, it.later_ns / 1_000_000, it.by)),
        _ => None,
    }
}

#[test]
fn the_picture_of_the_moment_is_found_by_the_clock_that_both_tell() {
    // One comes 300 ms after the other, by a camera whose clock is wrong by hours.
    for ahead in [0, 7_200_000, -7_200_000] {
        let film = film(75, 25, 1, |ms| taken(ms, 320, Some(ahead)));
        for ms in [0, 40, 400, 1_410, 1_425, 2_960] {
            let found = film.find(taken(ms, 20, Some(ahead)), false);
            let nearest = (ms + STEP / 2 - 1) / STEP;
            let later = (nearest * STEP).cast_signed() - ms.cast_signed();
            assert_eq!(picture(&found), Some((nearest, later, ClockSource::Rtcp)), "{ms} {ahead}");
        }
    }
}

#[test]
fn without_a_common_clock_it_is_by_when_pictures_came() {
    let nobody = (None, None);
    // By two clocks that are not one: what they say of each other means nothing.
    for (main, sub) in [nobody, (Some(0), None), (None, Some(0)), (Some(0), Some(5_000))] {
        let film = film(75, 25, 1, |ms| taken(ms, 60, main));
        let found = film.find(taken(1_400, 20, sub), false);
        assert_eq!(picture(&found), Some((34, 0, ClockSource::Arrival)), "{main:?} {sub:?}");
    }
}

/// A camera tells its clock some seconds after its stream has begun.
#[test]
fn of_pictures_before_the_clock_was_told_it_is_known_when_they_came() {
    // The large stream is later by 200 ms, and its clock is told from 2 s on.
    let film = film(75, 25, 1, |ms| taken(ms, 220, (ms >= 2_000).then_some(0)));
    for (ms, want) in [
        (1_400, (30, 0, ClockSource::Arrival)),
        (1_840, (41, 0, ClockSource::Arrival)),
        (1_960, (50, 40, ClockSource::Rtcp)),
        (2_400, (60, 0, ClockSource::Rtcp)),
    ] {
        for last_call in [false, true] {
            let found = film.find(taken(ms, 20, Some(0)), last_call);
            assert_eq!(picture(&found), Some(want), "{ms} {last_call}");
        }
    }
}

#[test]
fn what_has_not_come_is_waited_for_and_what_is_far_is_not_taken() {
    let film = film(50, 25, 1, |ms| taken(ms, 0, Some(0)));
    let look = |ms| film.find(taken(ms, 0, Some(0)), false);
    assert_eq!(look(1_961), Found::NotYet, "the next one may be nearer");
    let last = film.find(taken(1_981, 0, Some(0)), true);
    assert_eq!(picture(&last), Some((49, -21, ClockSource::Rtcp)));
    assert_eq!(film.find(taken(2_100, 0, Some(0)), true), Found::Gone);
    assert_eq!(Film::<u64>::default().find(taken(0, 0, None), false), Found::NotYet);
    assert_eq!(Film::<u64>::default().find(taken(0, 0, None), true), Found::Gone);
}

#[test]
fn seconds_are_kept_and_whole_groups_go() {
    let of = |gop| film(1000, gop, 1, |ms| taken(ms, 0, None));
    for gop in [1, 25, 50, 250] {
        let film = of(gop);
        let newest = 999 * STEP;
        let found = film.find(taken(newest - 2_900, 0, None), false);
        assert!(picture(&found).is_some(), "{gop}: {found:?}");
        assert_eq!(film.shots[0].what.kind, Kind::Key, "{gop}");
        let bound = (KEPT_FOR.as_millis() as u64 / STEP + 2 * gop + 1) as usize;
        assert!(film.shots.len() <= bound, "{gop}: {}", film.shots.len());
        assert_eq!(film.find(taken(newest - 30_000, 0, None), false), Found::Gone);
    }
    // One that sends too much, with key frames and without.
    for gop in [25, 100_000] {
        let film = film(1000, gop, 100_000, |ms| taken(ms, 0, None));
        assert!(film.bytes <= BYTES_MAX);
        assert_eq!(film.bytes, film.shots.len() * 100_000);
    }
}

#[test]
fn only_what_a_picture_needs_is_decoded_for_it() {
    let unit = |kind, disposable| Unit { kind, disposable, begins: true };
    let (key, inter, spare) =
        (unit(Kind::Key, false), unit(Kind::Inter, false), unit(Kind::Inter, true));
    let leading = unit(Kind::Leading, false);
    let mut film = Film::default();
    // In the order of decoding; b is shown before what it is sent after.
    for (name, what, shown) in [
        ("x", inter, 0),
        ("I0", key, 1),
        ("P3", inter, 4),
        ("b1", spare, 2),
        ("b2", spare, 3),
        ("I6", key, 7),
        ("l5", leading, 6),
        ("P9", inter, 10),
        ("b7", spare, 8),
        ("P12", inter, 13),
        ("P15", inter, 16),
        ("P18", inter, 19),
    ] {
        let (pts, time) = (Duration::from_millis(shown * STEP), taken(shown * STEP, 0, None));
        film.push(name, what, Some(pts), time, 1);
    }
    let needs = |shown: u64| match film.find(taken(shown * STEP, 0, None), false) {
        Found::Here(excerpt) => excerpt.units,
        other => panic!("{shown}: {other:?}"),
    };
    assert_eq!(needs(1), ["I0"], "what came before can not be decoded, nor is it kept");
    assert_eq!(needs(3), ["I0", "P3", "b2"]);
    assert_eq!(needs(6), ["I0", "P3", "I6", "l5"]);
    assert_eq!(needs(7), ["I6"]);
    assert_eq!(needs(8), ["I6", "P9", "b7"]);
    assert_eq!(film.find(taken(19 * STEP, 0, None), false), Found::NotYet, "one before may come");
}

#[test]
fn a_picture_that_comes_in_parts_is_whole() {
    let mut film = Film::default();
    for (n, part) in (0..12).flat_map(|n| [(n, 'a'), (n, 'b')]) {
        let kind = if n == 0 { Kind::Key } else { Kind::Inter };
        let what = Unit { kind, disposable: false, begins: true };
        // A part may have no time of its own.
        let pts = (part == 'a' || n % 2 == 0).then(|| Duration::from_millis(n * STEP));
        film.push((n, part), what, pts, taken(n * STEP, 0, None), 1);
    }
    let Found::Here(excerpt) = film.find(taken(2 * STEP, 0, None), false) else { panic!() };
    assert_eq!(excerpt.units, [(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]);
    assert_eq!(film.find(taken(11 * STEP, 0, None), false), Found::NotYet, "a part may come");
}

#[test]
fn without_its_key_frame_nothing_is_decoded() {
    let mut film = film(50, 50, 1, |ms| taken(ms, 0, None));
    let what = Unit { kind: Kind::Key, disposable: false, begins: true };
    film.push(50, what, Some(Duration::from_secs(2)), taken(2_000, 0, None), 1);
    let what = Unit { kind: Kind::Leading, disposable: false, begins: true };
    film.shots.drain(..50);
    film.push(51, what, Some(Duration::from_millis(1_990)), taken(1_990, 0, None), 1);
    for n in 0..8 {
        let what = Unit { kind: Kind::Inter, disposable: false, begins: true };
        let ms = 2_040 + n * STEP;
        film.push(52 + n, what, Some(Duration::from_millis(ms)), taken(ms, 0, None), 1);
    }
    assert_eq!(film.find(taken(1_990, 0, None), false), Found::NoKey);
}

/// Groups that are too long are told until one has fitted, not on and off with each key frame.
#[test]
fn a_group_that_is_more_than_is_kept_is_told_until_one_fits() {
    let mut film = Film::default();
    let mut told = Vec::new();
    // A picture is an eighth of what is kept: groups of five fit, of ten do not.
    for (group, pictures) in [5u64, 5, 10, 10, 5, 5].into_iter().enumerate() {
        for n in 0..pictures {
            let kind = if n == 0 { Kind::Key } else { Kind::Inter };
            let ms = (group as u64 * 10 + n) * 1_000;
            let (pts, what) =
                (Some(Duration::from_millis(ms)), Unit { kind, disposable: false, begins: true });
            film.push(ms, what, pts, taken(ms, 0, None), BYTES_MAX / 8);
            told.push(film.is_cut());
        }
    }
    let from = told.iter().position(|cut| *cut).unwrap();
    let to = told.iter().rposition(|cut| *cut).unwrap();
    assert_eq!((from, to), (10 + 8, 10 + 20 + 4), "{told:?}");
    assert!(told[from..=to].iter().all(|cut| *cut), "{told:?}");
}
