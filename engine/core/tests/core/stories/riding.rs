//! Cameras: `lane` with wrong-way (allowed to the right) from 0.60 to 0.90, `pave` with
//! riding-on-sidewalk from 0.55 to 0.75, `load` with overloaded-motorbike, `head` with no-helmet,
//! and `herd` with stray-animal (dwell 5 s) from 0.60 to 0.90.

use super::{Book, Incident, incident};
use crate::street::{
    Actor, BARE, BICYCLE, CAR, COW, DOG, HELMET, Kind, MOTORBIKE, PERSON, RIDER, ROUGH, Street,
    TRUCK,
};

const Y: f32 = 0.75;
const WALK: f32 = 0.70;

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("traffic", seed);
    wrong(&mut book);
    not_wrong(&mut book);
    pave(&mut book);
    load(&mut book);
    head(&mut book);
    herd(&mut book);
    no_herd(&mut book);
    herds(&mut book);
    pushed(&mut book);
    sits(&mut book);
    book
}

/// From side to side in so many seconds; from the right when `left`.
fn passes(kind: Kind, y: f32, from: f32, secs: f32, left: bool) -> Actor {
    let (a, b) = if left { (1.1, -0.1) } else { (-0.1, 1.1) };
    Actor::new(kind).at(from, a, y).at(from + secs, b, y)
}

fn wrong(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("wrong-way", opened) };
    let lane = |secs: f32| Street::new("lane", 4.0, secs);
    // In the zone (0.05 to 0.95) from 1/8 of its way to 7/8, and told a little later.
    let usual = || at(4.0).first(3.0).closed(9.0);
    for (name, kind) in [("bike", MOTORBIKE), ("car", CAR), ("truck", TRUCK), ("bicycle", BICYCLE)]
    {
        let street = lane(14.0).with(passes(kind, Y, 2.0, 8.0, true));
        book.tell(&format!("wrong-way-pos-{name}"), street, [usual()]);
    }
    let rough = lane(14.0).with(passes(MOTORBIKE, Y, 2.0, 8.0, true)).noise(ROUGH);
    book.tell("wrong-way-pos-rough", rough, [usual()]);
    let rider = passes(MOTORBIKE, Y, 2.0, 8.0, true);
    book.tell("wrong-way-pos-rider", lane(14.0).ridden(&rider, RIDER, 1), [usual()]);
    let ids = lane(14.0).with(passes(MOTORBIKE, Y, 2.0, 8.0, true).retracked(6.1));
    book.tell("wrong-way-pos-new-id", ids, [usual()]);
    // Against a stream of those who go right.
    let stream = (0..5).map(|i| passes(CAR, 0.86, i as f32 * 3.0, 6.0, false));
    let street = lane(14.0).with(passes(MOTORBIKE, 0.66, 2.0, 8.0, true)).with_all(stream);
    book.tell("wrong-way-pos-against-stream", street, [usual()]);
    let two = lane(16.0)
        .with(passes(MOTORBIKE, 0.66, 1.0, 8.0, true))
        .with(passes(MOTORBIKE, 0.84, 4.0, 8.0, true));
    book.tell(
        "wrong-way-pos-two",
        two,
        [at(3.0).first(2.0).closed(8.0), at(6.0).first(5.0).closed(11.0)],
    );
}

fn not_wrong(book: &mut Book) {
    let lane = |secs: f32| Street::new("lane", 4.0, secs);
    let right =
        lane(14.0).with(passes(CAR, Y, 1.0, 8.0, false)).with(passes(TRUCK, 0.85, 4.0, 8.0, false));
    book.none("wrong-way-near-right-way", right);
    let other = lane(12.0).with(passes(MOTORBIKE, 0.55, 1.0, 8.0, true));
    book.none("wrong-way-near-other-lane", other);
    // Backs up by less than a turn on the spot.
    let back = Actor::new(CAR).at(0.0, 0.2, Y).at(4.0, 0.6, Y).at(6.0, 0.56, Y).until(12.0);
    book.none("wrong-way-near-backs-up", lane(12.0).with(back));
    let across = Actor::new(MOTORBIKE).at(1.0, 0.45, 0.5).at(7.0, 0.55, 1.0);
    book.none("wrong-way-near-across", lane(10.0).with(across));
    let stands = lane(14.0).with(Actor::new(CAR).stands(0.5, Y, 0.0, 14.0)).noise(ROUGH);
    book.none("wrong-way-trap-jitter", stands);
    let walks = lane(14.0).with(passes(PERSON, Y, 0.0, 14.0, true));
    book.none("wrong-way-trap-walker", walks);
    let cow = lane(14.0).with(passes(COW, Y, 0.0, 14.0, true));
    book.none("wrong-way-trap-cow", cow);
    let stream =
        (0..8).map(|i| passes(MOTORBIKE, 0.64 + (i % 3) as f32 * 0.1, i as f32 * 1.5, 5.0, false));
    book.none("wrong-way-trap-stream", lane(12.0).with_all(stream).noise(ROUGH));
}

fn pave(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("riding-on-sidewalk", opened) };
    let pave = |secs: f32| Street::new("pave", 4.0, secs);
    let name = |tail: &str| format!("riding-on-sidewalk-{tail}");
    // In the zone from 3 to 9 s; six looks and a second to see that it moves.
    let usual = || at(4.5).first(3.0).closed(9.0);
    let along = |kind: Kind| passes(kind, WALK, 2.0, 8.0, false);
    book.tell(&name("pos-bike"), pave(15.0).ridden(&along(MOTORBIKE), RIDER, 1), [usual()]);
    book.tell(&name("pos-bicycle"), pave(15.0).ridden(&along(BICYCLE), RIDER, 1), [usual()]);
    for tail in ["pos-rough", "pos-rough-two", "pos-rough-three"] {
        let rough = pave(15.0).ridden(&along(MOTORBIKE), RIDER, 1).noise(ROUGH);
        book.tell(&name(tail), rough, [usual()]);
    }
    let two = pave(15.0).ridden(&passes(MOTORBIKE, WALK, 2.0, 8.0, true), RIDER, 2);
    book.tell(&name("pos-two-up"), two, [usual()]);
    let crowd = (0..3).map(|i| Actor::new(PERSON).stands(0.2 + i as f32 * 0.3, 0.60, 0.0, 15.0));
    let street = pave(15.0).with_all(crowd).ridden(&along(MOTORBIKE), RIDER, 1);
    book.tell(&name("pos-people"), street, [usual()]);
    let road = passes(MOTORBIKE, 0.82, 1.0, 8.0, false);
    book.none(&name("near-on-road"), pave(14.0).ridden(&road, RIDER, 1));
    // Over the kerb and into a house: on the footway for a second.
    let house = Actor::new(MOTORBIKE).at(2.0, 0.4, 0.95).at(5.0, 0.45, 0.75).at(6.2, 0.47, 0.54);
    let house = house.at(7.5, 0.5, 0.4);
    book.none(&name("near-into-house"), pave(12.0).ridden(&house, RIDER, 1));
    let parked = Actor::new(MOTORBIKE).stands(0.5, WALK, 0.0, 14.0);
    book.none(&name("near-sits-on-it"), pave(14.0).ridden(&parked, RIDER, 1));
    let pushed = passes(MOTORBIKE, WALK, 0.0, 14.0, false);
    let person = passes(PERSON, WALK, 0.0, 14.0, false).beside(0.13, 0.0);
    book.none(&name("trap-pushed"), pave(14.0).with(pushed.clone()).with(person.clone()));
    // It is pushed past people who stand, and some who come towards it.
    let stand = (0..2).map(|i| Actor::new(PERSON).stands(0.3 + i as f32 * 0.3, 0.685, 0.0, 14.0));
    let come = (0..2).map(|i| passes(PERSON, 0.69, 2.0 + i as f32 * 4.0, 10.0, true));
    let street = pave(12.0).with(pushed).with(person).with_all(stand).with_all(come);
    book.none(&name("trap-pushed-past"), street);
    let stream = (0..4).fold(pave(14.0), |street, i| {
        street.ridden(&passes(MOTORBIKE, 0.80, i as f32 * 3.0, 5.0, false), RIDER, 1)
    });
    book.none(&name("trap-traffic-at-kerb"), stream);
    let row = (0..3).map(|i| Actor::new(MOTORBIKE).stands(0.2 + i as f32 * 0.25, WALK, 0.0, 12.0));
    let walkers = (0..2).map(|i| passes(PERSON, WALK + 0.02, i as f32 * 2.0, 9.0, i == 1));
    book.none(&name("trap-walk-by-bikes"), pave(12.0).with_all(row).with_all(walkers));
}

fn load(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("overloaded-motorbike", opened) };
    let load = |secs: f32| Street::new("load", 4.0, secs);
    let name = |tail: &str| format!("overloaded-motorbike-{tail}");
    let bike = || passes(MOTORBIKE, Y, 2.0, 8.0, false);
    let usual = || at(4.5).first(3.0).closed(9.0);
    book.tell(&name("pos-three"), load(14.0).ridden(&bike(), RIDER, 3), [usual()]);
    book.tell(&name("pos-four"), load(14.0).ridden(&bike(), RIDER, 4), [usual()]);
    let left = passes(MOTORBIKE, 0.85, 2.0, 8.0, true);
    book.tell(&name("pos-leftwards"), load(14.0).ridden(&left, RIDER, 3), [usual()]);
    // Four of whom one or other is missed: three are seen most of the time.
    let four = load(14.0).ridden(&bike(), RIDER, 4);
    let noisy = four.noise(crate::street::Noise { jitter: 0.03, miss: 0.1 });
    book.tell(&name("pos-noisy"), noisy, [usual()]);
    book.none(&name("near-two"), load(14.0).ridden(&bike(), RIDER, 2));
    let stands = Actor::new(MOTORBIKE).stands(0.5, Y, 0.0, 12.0);
    book.none(&name("near-stands"), load(12.0).ridden(&stands, RIDER, 3));
    let outside = passes(MOTORBIKE, 0.55, 2.0, 8.0, false);
    book.none(&name("near-outside"), load(14.0).ridden(&outside, RIDER, 3));
    // Two bikes meet: those of the other are over this one for some looks.
    let meet = load(12.0).ridden(&passes(MOTORBIKE, 0.74, 2.0, 6.0, false), RIDER, 2).ridden(
        &passes(MOTORBIKE, 0.76, 2.0, 6.0, true),
        RIDER,
        2,
    );
    book.none(&name("trap-meet"), meet);
    let side = load(14.0).ridden(&passes(MOTORBIKE, 0.70, 2.0, 8.0, false), RIDER, 2).ridden(
        &passes(MOTORBIKE, 0.82, 2.1, 8.0, false),
        RIDER,
        2,
    );
    book.none(&name("trap-side-by-side"), side);
    let people = (0..4).map(|i| Actor::new(PERSON).stands(0.2 + i as f32 * 0.18, 0.62, 0.0, 11.0));
    book.none(&name("trap-people-behind"), load(11.0).with_all(people).ridden(&bike(), RIDER, 2));
    let bicycle = passes(BICYCLE, Y, 2.0, 8.0, false);
    book.none(&name("trap-bicycle"), load(14.0).ridden(&bicycle, RIDER, 3));
}

fn head(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("no-helmet", opened) };
    let head = |secs: f32| Street::new("head", 4.0, secs);
    let bike = || passes(MOTORBIKE, Y, 2.0, 8.0, false);
    let usual = || at(4.25).first(3.0).closed(9.0);
    let bare = |street: Street| street.ridden(&bike(), BARE, 1);
    book.tell("no-helmet-pos-rider", bare(head(14.0)), [usual()]);
    book.tell("no-helmet-pos-rough", bare(head(14.0)).noise(ROUGH), [usual()]);
    let left = passes(MOTORBIKE, 0.85, 2.0, 8.0, true);
    book.tell("no-helmet-pos-leftwards", head(14.0).ridden(&left, BARE, 1), [usual()]);
    // The driver wears one, who sits behind does not.
    let driver = bike().riders(HELMET, 2).remove(1);
    let behind = bike().riders(BARE, 2).remove(0);
    let mixed = head(14.0).with(bike().carried()).with(driver).with(behind);
    book.tell("no-helmet-pos-pillion", mixed, [usual()]);
    book.tell("no-helmet-pos-both", head(14.0).ridden(&bike(), BARE, 2), [usual(), usual()]);
    book.none("no-helmet-near-helmet", head(14.0).ridden(&bike(), HELMET, 1));
    book.none("no-helmet-near-bicycle", {
        head(14.0).ridden(&passes(BICYCLE, Y, 2.0, 8.0, false), BARE, 1)
    });
    let outside = passes(MOTORBIKE, 0.55, 2.0, 8.0, false);
    book.none("no-helmet-near-outside", head(14.0).ridden(&outside, BARE, 1));
    // The model takes the helmet for hair in four looks.
    let rider = bike().riders(HELMET, 1).remove(0);
    let rider = rider.taken_for("person.rider_bare", 5.0, 6.0);
    let doubtful = head(14.0).with(bike().carried()).with(rider);
    book.none("no-helmet-trap-mistaken", doubtful);
    let walks = passes(BARE, Y, 2.0, 8.0, false).beside(0.16, 0.0);
    book.none("no-helmet-trap-walks-beside", head(14.0).with(bike()).with(walks));
    let unsure = bike().riders(BARE, 1).remove(0).sure(0.35);
    book.none("no-helmet-trap-unsure", head(14.0).with(bike().carried()).with(unsure));
}

fn herd(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("stray-animal", opened) };
    let herd = |secs: f32| Street::new("herd", 2.0, secs);
    let walk = |kind: Kind| Actor::new(kind).at(2.0, 0.1, Y).at(17.0, 0.9, Y);
    let usual = || at(7.0).first(2.0).closed(17.0);
    let buffalo = Kind("animal.buffalo", 0.28, 0.18);
    for (name, kind) in [("cow", COW), ("buffalo", buffalo), ("dog", DOG)] {
        let street = herd(30.0).with(walk(kind));
        book.tell(&format!("stray-animal-pos-{name}"), street, [usual()]);
    }
    book.tell(
        "stray-animal-pos-rough",
        herd(30.0).with(walk(COW)).noise(ROUGH),
        [usual().within(3.0)],
    );
    let stands = herd(26.0).with(Actor::new(COW).stands(0.5, Y, 2.0, 40.0));
    book.tell("stray-animal-pos-stands", stands, [at(7.0).first(2.0)]);
    let two = herd(24.0)
        .with(Actor::new(COW).stands(0.3, Y, 2.0, 40.0))
        .with(Actor::new(COW).stands(0.7, Y, 5.0, 40.0));
    book.tell("stray-animal-pos-two", two, [at(7.0).first(2.0), at(10.0).first(5.0)]);
    // Somebody walks past it on the other side.
    let far = Actor::new(PERSON).at(0.0, 0.0, 0.58).at(9.0, 1.0, 0.58);
    book.tell(
        "stray-animal-pos-passer",
        herd(30.0).with(walk(COW)).with(far),
        [usual().within(3.0)],
    );
    let ids = herd(30.0).with(walk(COW).retracked(11.0));
    book.tell("stray-animal-pos-new-id", ids, [usual()]);
}

fn no_herd(book: &mut Book) {
    let herd = |secs: f32| Street::new("herd", 2.0, secs);
    let across = Actor::new(DOG).at(3.0, 0.4, 0.5).at(6.5, 0.5, 1.0);
    book.none("stray-animal-near-dog-across", herd(18.0).with(across));
    let verge = Actor::new(COW).at(1.0, 0.1, 0.57).at(18.0, 0.9, 0.57);
    book.none("stray-animal-near-verge", herd(20.0).with(verge));
    let short = Actor::new(COW).stands(0.5, Y, 3.0, 6.5);
    book.none("stray-animal-near-short", herd(18.0).with(short));
    let led = |kind: Kind, beside: f32| {
        let animal = Actor::new(kind).at(2.0, 0.1, Y).at(17.0, 0.8, Y);
        let person = Actor::new(PERSON).at(2.0, 0.1, Y).at(17.0, 0.8, Y).beside(beside, 0.0);
        herd(24.0).with(animal).with(person)
    };
    book.none("stray-animal-trap-led-cow", led(COW, 0.22));
    book.none("stray-animal-trap-led-dog", led(DOG, 0.16));
    book.none("stray-animal-trap-led-rough", led(COW, 0.22).noise(ROUGH));
    let weak = Actor::new(COW).stands(0.5, Y, 0.0, 20.0).sure(0.25);
    book.none("stray-animal-trap-doubtful", herd(20.0).with(weak));
}

/// Told after the others, which keep their seeds.
fn herds(book: &mut Book) {
    let herd = |secs: f32| Street::new("herd", 2.0, secs);
    // One drover behind four that go one after the other, or two by two before and behind.
    let goes = |kind: Kind, x: f32, y: f32| Actor::new(kind).at(2.0, x, y).at(20.0, x + 0.25, y);
    let file = (0..4).map(|i| goes(COW, 0.22 + i as f32 * 0.16, Y));
    let street = herd(24.0).with_all(file.clone()).with(goes(PERSON, 0.1, Y));
    book.none("stray-animal-trap-herd-in-file", street.clone());
    book.none("stray-animal-trap-herd-rough", street.noise(ROUGH));
    let pairs = (0..3).flat_map(|i| [0.70, 0.80].map(|y| goes(COW, 0.2 + i as f32 * 0.18, y)));
    let street = herd(24.0).with_all(pairs).with(goes(PERSON, 0.62, 0.76));
    book.none("stray-animal-trap-herd-drover-in-front", street);
    // A herd with nobody, and one that has left its herd behind.
    let alone = herd(34.0).with_all(file.clone().take(2));
    let at = || incident("stray-animal", 7.0).first(2.0).closed(20.0);
    book.tell("stray-animal-pos-herd-alone", alone, [at(), at()]);
    let lost = herd(34.0)
        .with_all(file.take(2))
        .with(goes(PERSON, 0.1, Y))
        .with(Actor::new(COW).at(2.0, 0.92, Y).until(20.0));
    book.tell("stray-animal-pos-lost", lost, [at()]);
}

/// Who sits on a bike that stands, and waits for a fare, does not ride it.
fn sits(book: &mut Book) {
    let head = |secs: f32| Street::new("head", 4.0, secs);
    let parked = Actor::new(MOTORBIKE).stands(0.5, Y, 0.0, 14.0);
    book.none("no-helmet-near-sits-on-it", head(14.0).ridden(&parked, BARE, 1));
    // At a light all were on their way before they stood: told once, not again when it goes on.
    let waits = Actor::new(MOTORBIKE).stops(0.5, Y, 5.0, 7.0);
    let told = incident("no-helmet", 3.0).first(2.0).closed(10.0);
    book.tell("no-helmet-pos-stops", head(16.0).ridden(&waits, BARE, 1), [told.within(3.0)]);
}

fn pushed(book: &mut Book) {
    let pave = |secs: f32| Street::new("pave", 4.0, secs);
    let name = |tail: &str| format!("riding-on-sidewalk-{tail}");
    // Pushed on the camera's side of it, and past the middle of it.
    let pushed = passes(MOTORBIKE, WALK, 0.0, 14.0, false);
    for (tail, dx) in [("trap-pushed-before-it", 0.02), ("trap-pushed-behind", -0.06)] {
        let person = passes(PERSON, WALK, 0.0, 14.0, false).beside(dx, 0.025).carried();
        book.none(&name(tail), pave(14.0).with(pushed.clone()).with(person));
    }
}
