//! A footway from 0.55 to 0.75. Cameras: `walk` with sidewalk-obstruction, `bikes` with
//! motorbike-on-sidewalk (a bay from 0.60 to 0.95 of the width is painted on `bays`), dwell 20 s.

use super::{Book, Incident, incident};
use crate::street::{
    Actor, BAG, BICYCLE, CAR, CART, CHAIR, Kind, MATERIAL, MOTORBIKE, PERSON, RIDER, ROUGH, STALL,
    Street, TABLE, TRUCK,
};

const WALK: f32 = 0.68;

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("sidewalk", seed);
    obstruction(&mut book);
    obstruction_none(&mut book);
    bikes(&mut book);
    bikes_none(&mut book);
    book
}

/// Carried here and there: never seen on its way.
fn put(kind: Kind, x: f32, from: f32, to: f32) -> Actor {
    Actor::new(kind).stands(x, WALK, from, to)
}

fn obstruction(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("sidewalk-obstruction", opened) };
    let usual = || at(25.0).first(5.0).closed(45.0);
    let walk = |secs: f32| Street::new("walk", 1.0, secs);
    let car = Actor::new(CAR).stops(0.5, WALK, 5.0, 45.0);
    book.tell("sidewalk-obstruction-pos-car", walk(64.0).with(car), [usual()]);
    let bike = Actor::new(MOTORBIKE).stops(0.5, WALK, 5.0, 45.0);
    book.tell("sidewalk-obstruction-pos-bike", walk(64.0).with(bike), [usual()]);
    for (name, kind) in [("stall", STALL), ("bricks", MATERIAL), ("table", TABLE), ("cart", CART)] {
        let street = walk(88.0).with(put(kind, 0.5, 5.0, 45.0));
        book.tell(&format!("sidewalk-obstruction-pos-{name}"), street, [usual()]);
    }
    let rough = Actor::new(TRUCK).stops(0.5, WALK, 5.0, 45.0);
    let street = walk(88.0).with(rough).noise(ROUGH);
    book.tell("sidewalk-obstruction-pos-rough", street, [usual().within(4.0)]);
    // People keep walking before it.
    let people = (0..7).map(|i| {
        let at = i as f32 * 6.0;
        Actor::new(PERSON).at(at, 0.1, 0.72).at(at + 12.0, 0.9, 0.72)
    });
    let bike = Actor::new(MOTORBIKE).stops(0.5, WALK, 5.0, 45.0);
    let street = walk(64.0).with(bike).with_all(people);
    book.tell("sidewalk-obstruction-pos-people", street, [usual().within(3.0)]);
    let chairs = walk(50.0).with(put(CHAIR, 0.3, 5.0, 60.0)).with(put(CHAIR, 0.5, 9.0, 60.0));
    let both = [at(25.0).first(5.0), at(29.0).first(9.0)];
    book.tell("sidewalk-obstruction-pos-two-chairs", chairs, both);
}

fn obstruction_none(book: &mut Book) {
    let walk = |secs: f32| Street::new("walk", 1.0, secs);
    let parcel = Actor::new(MOTORBIKE).stops(0.5, WALK, 5.0, 21.0);
    book.none("sidewalk-obstruction-near-parcel", walk(40.0).with(parcel));
    let road = Actor::new(CAR).stops(0.5, 0.80, 5.0, 45.0);
    book.none("sidewalk-obstruction-near-in-road", walk(60.0).with(road));
    let pushed = Actor::new(CART).at(0.0, 0.0, WALK).at(30.0, 1.0, WALK);
    book.none("sidewalk-obstruction-near-pushed", walk(36.0).with(pushed));
    // Bags are carried, or somebody else's business.
    let street = walk(50.0).with(put(BAG, 0.5, 5.0, 45.0));
    book.none("sidewalk-obstruction-trap-bag", street);
    let standing = Actor::new(PERSON).stands(0.5, WALK, 2.0, 48.0);
    book.none("sidewalk-obstruction-trap-people", walk(50.0).with(standing));
    let riders = (0..12).map(|i| {
        let at = i as f32 * 4.0;
        Actor::new(MOTORBIKE).at(at, -0.1, 0.74).at(at + 6.0, 1.1, 0.74)
    });
    book.none("sidewalk-obstruction-trap-riders", walk(52.0).with_all(riders));
    let weak = put(STALL, 0.5, 0.0, 50.0).sure(0.2);
    book.none("sidewalk-obstruction-trap-weak", walk(50.0).with(weak));
}

fn bikes(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("motorbike-on-sidewalk", opened) };
    let usual = || at(25.0).first(5.0).closed(45.0);
    let walk = |secs: f32| Street::new("bikes", 1.0, secs);
    let left = |kind: Kind| Actor::new(kind).stops(0.5, WALK, 5.0, 45.0);
    book.tell("motorbike-on-sidewalk-pos-bike", walk(64.0).with(left(MOTORBIKE)), [usual()]);
    book.tell("motorbike-on-sidewalk-pos-bicycle", walk(64.0).with(left(BICYCLE)), [usual()]);
    let rough = walk(88.0).with(left(MOTORBIKE)).noise(ROUGH);
    book.tell("motorbike-on-sidewalk-pos-rough", rough, [usual().within(4.0)]);
    let swapped =
        left(MOTORBIKE).retracked(16.0).taken_for("vehicle.two_wheel.bicycle", 20.0, 30.0);
    book.tell("motorbike-on-sidewalk-pos-new-id", walk(64.0).with(swapped), [usual()]);
    // A row of four, left one after the other.
    let row = (0..4).map(|i| {
        Actor::new(MOTORBIKE).stands(0.25 + i as f32 * 0.15, WALK, 3.0 + i as f32 * 5.0, 60.0)
    });
    let all = (0..4).map(|i| at(23.0 + i as f32 * 5.0).first(3.0 + i as f32 * 5.0));
    book.tell("motorbike-on-sidewalk-pos-row", walk(50.0).with_all(row), all);
    let hidden = left(MOTORBIKE).blinks(14.0, 21.0).blinks(30.0, 41.0);
    book.tell("motorbike-on-sidewalk-pos-blinks", walk(64.0).with(hidden), [usual()]);
    let beside = Actor::new(MOTORBIKE).stands(0.3, WALK, 5.0, 60.0);
    let street = Street::new("bays", 1.0, 50.0).with(beside);
    book.tell("motorbike-on-sidewalk-pos-no-bay", street, [at(25.0).first(5.0)]);
}

fn bikes_none(book: &mut Book) {
    let walk = |secs: f32| Street::new("bikes", 1.0, secs);
    let door = Actor::new(MOTORBIKE).stops(0.5, WALK, 5.0, 21.0);
    book.none("motorbike-on-sidewalk-near-door", walk(40.0).with(door));
    let road = Actor::new(MOTORBIKE).stops(0.5, 0.82, 5.0, 45.0);
    book.none("motorbike-on-sidewalk-near-road", walk(58.0).with(road));
    let car = Actor::new(CAR).stops(0.5, WALK, 5.0, 45.0);
    book.none("motorbike-on-sidewalk-near-car", walk(58.0).with(car));
    let bays = |secs: f32| Street::new("bays", 1.0, secs);
    let inside = Actor::new(MOTORBIKE).stands(0.75, WALK, 5.0, 45.0);
    book.none("motorbike-on-sidewalk-trap-bay", bays(50.0).with(inside));
    let row = (0..3).map(|i| Actor::new(MOTORBIKE).stands(0.65 + i as f32 * 0.1, WALK, 2.0, 45.0));
    book.none("motorbike-on-sidewalk-trap-bay-row", bays(48.0).with_all(row));
    let pushed = Actor::new(MOTORBIKE).at(0.0, 0.1, WALK).at(30.0, 0.9, WALK);
    let person = Actor::new(PERSON).at(0.0, 0.1, WALK).at(30.0, 0.9, WALK).beside(0.13, 0.0);
    book.none("motorbike-on-sidewalk-trap-pushed", walk(36.0).with(pushed).with(person));
    let ridden = (0..10).fold(walk(48.0), |street, i| {
        let at = i as f32 * 4.0;
        let bike = Actor::new(MOTORBIKE).at(at, -0.1, 0.73).at(at + 6.0, 1.1, 0.73);
        street.ridden(&bike, RIDER, 1)
    });
    book.none("motorbike-on-sidewalk-trap-riders", ridden);
}
