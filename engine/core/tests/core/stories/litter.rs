//! Cameras: `plaza` with abandoned-object (away 15 s), and `corner` with dumping (away 12 s,
//! within 60 s), both from 0.5 downwards.

use super::{Book, Incident, incident};
use crate::street::{Actor, BAG, CAR, Kind, MATERIAL, PERSON, ROUGH, Street};

const PILE: Kind = Kind("waste.pile", 0.14, 0.09);
const Y: f32 = 0.75;

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("litter", seed);
    abandoned(&mut book);
    not_abandoned(&mut book);
    dumped(&mut book);
    not_dumped(&mut book);
    book
}

/// Comes from the left to stand beside the place, and goes again.
fn owner(from: f32, to: f32) -> Actor {
    Actor::new(PERSON).at(from - 4.0, -0.1, Y).at(from, 0.45, Y).until(to).at(to + 4.0, 1.1, Y)
}

/// Carried in, put down beside the owner and left until a time.
fn bag(kind: Kind, from: f32, gone: f32) -> Actor {
    Actor::new(kind).at(from - 4.0, -0.05, Y).at(from, 0.5, Y).until(gone)
}

fn abandoned(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("abandoned-object", opened) };
    let plaza = |secs: f32| Street::new("plaza", 1.0, secs);
    // Left at 16 s; who walks away is out of reach a second later.
    let usual = || at(32.0).first(17.0).closed(45.0);
    let scene = || plaza(68.0).with(owner(5.0, 16.0)).with(bag(BAG, 5.0, 45.0));
    book.tell("abandoned-object-pos-bag", scene(), [usual()]);
    book.tell("abandoned-object-pos-rough", scene().noise(ROUGH), [usual().within(4.0)]);
    let stays = plaza(44.0).with(owner(5.0, 16.0)).with(bag(BAG, 5.0, 80.0));
    book.tell("abandoned-object-pos-stays", stays, [at(32.0).first(17.0)]);
    // Nobody saw who left it.
    let before = plaza(64.0).with(Actor::new(BAG).stands(0.5, Y, 0.0, 42.0));
    book.tell("abandoned-object-pos-there-before", before, [at(15.0).first(0.0).closed(42.0)]);
    let ids = plaza(68.0).with(owner(5.0, 16.0)).with(bag(BAG, 5.0, 45.0).retracked(25.0));
    book.tell("abandoned-object-pos-new-id", ids, [usual()]);
    // People pass close by: nobody stays.
    let passers = (0..3).map(|i| {
        let at = 14.0 + i as f32 * 9.0;
        Actor::new(PERSON).at(at, -0.1, 0.78).at(at + 9.0, 1.1, 0.78)
    });
    book.tell("abandoned-object-pos-passers", scene().with_all(passers), [usual().within(4.0)]);
    let two = plaza(44.0)
        .with(Actor::new(BAG).stands(0.3, Y, 3.0, 60.0))
        .with(Actor::new(BAG).stands(0.7, Y, 6.0, 60.0));
    book.tell("abandoned-object-pos-two", two, [at(18.0).first(3.0), at(21.0).first(6.0)]);
}

fn not_abandoned(book: &mut Book) {
    let plaza = |secs: f32| Street::new("plaza", 1.0, secs);
    // Away for ten seconds, and back for good.
    let back = Actor::new(PERSON).at(26.0, 1.1, Y).at(29.0, 0.55, Y).until(50.0);
    let scene = plaza(50.0).with(owner(5.0, 18.0)).with(bag(BAG, 5.0, 60.0)).with(back);
    book.none("abandoned-object-near-comes-back", scene);
    let taken = plaza(44.0).with(owner(5.0, 16.0)).with(bag(BAG, 5.0, 27.0));
    book.none("abandoned-object-near-taken", taken);
    let outside = plaza(44.0).with(Actor::new(BAG).stands(0.5, 0.45, 0.0, 44.0));
    book.none("abandoned-object-near-outside", outside);
    let carried = Actor::new(BAG).at(0.0, 0.0, Y).at(30.0, 1.0, Y).beside(0.06, -0.03);
    let walks = Actor::new(PERSON).at(0.0, 0.0, Y).at(30.0, 1.0, Y);
    book.none("abandoned-object-trap-carried", plaza(34.0).with(carried).with(walks));
    let sits = plaza(50.0)
        .with(Actor::new(BAG).stands(0.5, Y, 2.0, 50.0))
        .with(Actor::new(PERSON).stands(0.58, Y, 2.0, 50.0));
    book.none("abandoned-object-trap-owner-sits", sits);
    // The owner is not seen for ten looks, behind a pillar.
    let sits = plaza(50.0)
        .with(Actor::new(BAG).stands(0.5, Y, 2.0, 50.0))
        .with(Actor::new(PERSON).stands(0.58, Y, 2.0, 50.0).blinks(14.0, 24.0));
    book.none("abandoned-object-trap-pillar", sits);
    let sits = plaza(50.0)
        .with(Actor::new(BAG).stands(0.5, Y, 2.0, 50.0))
        .with(Actor::new(PERSON).stands(0.58, Y, 2.0, 50.0));
    book.none("abandoned-object-trap-sits-rough", sits.noise(ROUGH));
    let boxes = plaza(50.0).with(Actor::new(MATERIAL).stands(0.5, Y, 2.0, 50.0));
    book.none("abandoned-object-trap-bricks", boxes);
}

fn dumped(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("dumping", opened).within(3.0) };
    let corner = |secs: f32| Street::new("corner", 1.0, secs);
    // Put down at 5 s, left at 10 s.
    let usual = || at(23.0).first(10.0);
    for (name, kind) in [("bag", BAG), ("rubble", MATERIAL), ("pile", PILE)] {
        let street = corner(44.0).with(owner(5.0, 10.0)).with(bag(kind, 5.0, 90.0));
        book.tell(&format!("dumping-pos-{name}"), street, [usual()]);
    }
    let rough = corner(44.0).with(owner(5.0, 10.0)).with(bag(BAG, 5.0, 90.0)).noise(ROUGH);
    book.tell("dumping-pos-rough", rough, [usual().within(5.0)]);
    // Thrown down while walking by: the bag is there from then on.
    let thrower = Actor::new(PERSON).at(2.0, -0.1, Y).at(7.0, 0.5, Y).at(12.0, 1.1, Y);
    let thrown = Actor::new(BAG).stands(0.52, Y, 7.0, 90.0);
    book.tell("dumping-pos-thrown", corner(44.0).with(thrower).with(thrown), [at(20.0)]);
    let taken = corner(74.0).with(owner(5.0, 10.0)).with(bag(BAG, 5.0, 40.0));
    book.tell("dumping-pos-collected", taken, [usual().closed(40.0)]);
    // From a car that stops and goes on.
    let car = Actor::new(CAR).stops(0.3, 0.85, 4.0, 16.0);
    let street = corner(44.0).with(car).with(owner(6.0, 12.0)).with(bag(BAG, 6.0, 90.0));
    book.tell("dumping-pos-from-car", street, [at(25.0).first(12.0)]);
    let two = corner(66.0)
        .with(owner(5.0, 10.0))
        .with(bag(BAG, 5.0, 90.0))
        .with(Actor::new(PERSON).at(26.0, 1.1, Y).at(30.0, 0.77, Y).until(34.0).at(38.0, 1.1, Y))
        .with(Actor::new(PILE).at(26.0, 1.05, Y).at(30.0, 0.72, Y).until(90.0));
    book.tell("dumping-pos-two", two, [usual(), at(47.0).first(34.0)]);
}

fn not_dumped(book: &mut Book) {
    let corner = |secs: f32| Street::new("corner", 1.0, secs);
    let back = Actor::new(PERSON).at(14.0, 1.1, Y).at(17.0, 0.55, Y).until(20.0).at(24.0, 1.1, Y);
    let taken = Actor::new(BAG).at(1.0, -0.05, Y).at(5.0, 0.5, Y).until(20.0).at(24.0, 1.05, Y);
    let scene = corner(48.0).with(owner(5.0, 11.0)).with(taken).with(back);
    book.none("dumping-near-comes-back", scene);
    let soon = corner(44.0).with(owner(5.0, 10.0)).with(bag(BAG, 5.0, 19.0));
    book.none("dumping-near-swept-up", soon);
    let stays = corner(44.0).with(owner(5.0, 60.0)).with(bag(BAG, 5.0, 90.0));
    book.none("dumping-near-stays-with-it", stays);
    let stays = corner(60.0).with(owner(5.0, 90.0)).with(bag(BAG, 5.0, 90.0));
    book.none("dumping-trap-stays-rough", stays.noise(ROUGH));
    // An old pile, and people who pass it or stop to look.
    let old = || corner(56.0).with(Actor::new(PILE).stands(0.5, Y, 0.0, 90.0));
    let passers = (0..3).map(|i| {
        let at = 18.0 + i as f32 * 7.0;
        Actor::new(PERSON).at(at, -0.1, Y).at(at + 8.0, 1.1, Y)
    });
    book.none("dumping-trap-old-pile", old().with_all(passers));
    book.none("dumping-trap-looks-at-pile", old().with(owner(24.0, 30.0)));
    let carried = Actor::new(BAG).at(0.0, 0.0, Y).at(30.0, 1.0, Y).beside(0.06, -0.03);
    let walks = Actor::new(PERSON).at(0.0, 0.0, Y).at(30.0, 1.0, Y);
    book.none("dumping-trap-carried", corner(40.0).with(carried).with(walks));
    // The wind brings it: nobody was near.
    let wind = Actor::new(BAG).at(4.0, 0.0, Y).at(10.0, 0.5, Y).until(90.0);
    book.none("dumping-trap-wind", corner(40.0).with(wind));
}
