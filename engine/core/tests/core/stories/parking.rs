//! Cars along a kerb: dwell 20 s (camera `bay`: 60 s), absence 40 s, a zone from 0.62 to 0.80 and a
//! lane below it.

use super::{Book, Incident, incident};
use crate::street::{Actor, BUS, CAR, CHAIR, Kind, MOTORBIKE, Noise, PERSON, ROUGH, Street, TRUCK};

const KERB: f32 = 0.72;
const LANE: f32 = 0.92;

fn kerb(secs: f32) -> Street {
    Street::new("kerb", 1.0, secs)
}

fn parked(opened: f32) -> Incident {
    incident("illegal-parking", opened)
}

fn car() -> Actor {
    Actor::new(CAR)
}

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("parking", seed);
    plain(&mut book);
    seen_badly(&mut book);
    several(&mut book);
    queues_that_leave_one(&mut book);
    neighbours(&mut book);
    near(&mut book);
    traps(&mut book);
    book
}

fn plain(book: &mut Book) {
    let usual = || parked(25.0).first(5.0).closed(45.0);
    let stops = |kind: Kind, x: f32| kerb(64.0).with(Actor::new(kind).stops(x, KERB, 5.0, 45.0));
    book.tell("illegal-parking-pos-car", stops(CAR, 0.5), [usual()]);
    book.tell("illegal-parking-pos-truck", stops(TRUCK, 0.5), [usual()]);
    book.tell("illegal-parking-pos-bus", stops(BUS, 0.5), [usual()]);
    book.tell("illegal-parking-pos-far-left", stops(CAR, 0.2), [usual()]);
    book.tell("illegal-parking-pos-night", stops(CAR, 0.6).from("2026-03-04T17:30:00Z"), [usual()]);
    let before = car().at(0.0, 0.5, KERB).until(45.0).at(49.0, 1.1, KERB);
    let there = parked(20.0).first(0.0).closed(45.0);
    book.tell("illegal-parking-pos-there-before", kerb(64.0).with(before), [there]);
    let stays = car().at(1.0, -0.1, KERB).at(5.0, 0.5, KERB).until(90.0);
    book.tell("illegal-parking-pos-stays", kerb(70.0).with(stays), [parked(25.0).first(5.0)]);
    // It comes in three moves before it stands.
    let creeps = car().at(0.0, 0.1, KERB).at(4.0, 0.2, KERB).at(7.0, 0.35, KERB);
    let creeps = creeps.at(10.0, 0.5, KERB).until(48.0).at(52.0, 1.1, KERB);
    let stood = parked(30.0).first(10.0).closed(48.0);
    book.tell("illegal-parking-pos-creeps-in", kerb(68.0).with(creeps), [stood]);
    // At the very edge of the zone its feet jitter in and out.
    let edge = car().stops(0.5, 0.795, 5.0, 45.0);
    book.tell("illegal-parking-pos-edge", kerb(64.0).with(edge), [usual().within(4.0)]);
}

fn seen_badly(book: &mut Book) {
    let usual = || parked(25.0).first(5.0).closed(45.0);
    let stops = || car().stops(0.5, KERB, 5.0, 45.0);
    for name in ["rough-one", "rough-two", "rough-three"] {
        // It may not be seen to leave: then it is missed for 40 s.
        let street = kerb(90.0).with(stops()).noise(ROUGH);
        book.tell(&format!("illegal-parking-pos-{name}"), street, [usual().within(4.0)]);
    }
    let foggy = kerb(90.0).with(stops().sure(0.5)).noise(Noise { jitter: 0.04, miss: 0.5 });
    book.tell("illegal-parking-pos-fog", foggy, [usual().within(5.0)]);
    let early = kerb(64.0).with(stops().retracked(15.0));
    book.tell("illegal-parking-pos-new-id-early", early, [usual()]);
    let late = kerb(64.0).with(stops().retracked(30.0).retracked(38.0));
    book.tell("illegal-parking-pos-new-ids-late", late, [usual()]);
    let other = kerb(64.0).with(stops().taken_for("vehicle.truck", 10.0, 33.0));
    book.tell("illegal-parking-pos-other-class", other, [usual()]);
    // It is not seen for ten looks before it counts, and for twelve after.
    let blinks = stops().blinks(12.0, 22.0).blinks(30.0, 42.0);
    book.tell("illegal-parking-pos-blinks", kerb(64.0).with(blinks), [usual()]);
    let swaps = stops().blinks(12.0, 20.0).retracked(20.0);
    book.tell("illegal-parking-pos-blink-new-id", kerb(64.0).with(swaps), [usual()]);
    // A bus stands before it for two minutes.
    let stays = car().stops(0.5, KERB, 5.0, 186.0);
    let bus = Actor::new(BUS).stops(0.5, LANE, 40.0, 160.0);
    let street = Street::new("kerb", 0.5, 232.0).with(stays.retracked(150.0)).with(bus);
    let one = parked(25.0).first(5.0).closed(186.0).within(4.0);
    book.tell("illegal-parking-pos-behind-bus", street, [one]);
    // The camera is away for a minute, with the car still there.
    let stays = car().stops(0.5, KERB, 5.0, 110.0);
    let street = kerb(130.0).with(stays).away(30.0, 90.0);
    book.tell("illegal-parking-pos-camera-away", street, [parked(25.0).first(5.0).closed(110.0)]);
    let stays = car().stops(0.5, KERB, 5.0, 50.0).retracked(30.5);
    let street = kerb(70.0).with(stays).restart(30.5);
    book.tell("illegal-parking-pos-restart", street, [parked(25.0).first(5.0).closed(50.0)]);
}

fn several(book: &mut Book) {
    let first = car().stops(0.5, KERB, 5.0, 40.0);
    let second = car().stops(0.5, KERB, 50.0, 76.0);
    let both = [parked(25.0).first(5.0).closed(40.0), parked(70.0).first(50.0).closed(76.0)];
    book.tell("illegal-parking-pos-next-car", kerb(94.0).with(first).with(second), both);
    let pair =
        kerb(64.0).with(car().stops(0.3, KERB, 5.0, 40.0)).with(car().stops(0.7, 0.74, 7.0, 44.0));
    let both = [parked(25.0).first(5.0).closed(40.0), parked(27.0).first(7.0).closed(44.0)];
    book.tell("illegal-parking-pos-two-cars", pair, both);
    // People walk before it all the time.
    let walkers = (0..6).map(|i| {
        let at = 4.0 + i as f32 * 6.0;
        Actor::new(PERSON).at(at, 0.0, 0.78).at(at + 14.0, 1.0, 0.78)
    });
    let street = kerb(64.0).with(car().stops(0.5, KERB, 5.0, 45.0)).with_all(walkers);
    let usual = parked(25.0).first(5.0).closed(45.0).within(3.0);
    book.tell("illegal-parking-pos-walkers", street, [usual]);
    // Traffic passes beside it all the time: it is no queue.
    let traffic = (0..10).map(|i| {
        let at = i as f32 * 5.0;
        car().at(at, -0.2, LANE).at(at + 7.0, 1.2, LANE)
    });
    let street = kerb(64.0).with(car().stops(0.5, KERB, 5.0, 45.0)).with_all(traffic);
    let usual = parked(25.0).first(5.0).closed(45.0).within(4.0);
    book.tell("illegal-parking-pos-traffic", street, [usual]);
}

fn queues_that_leave_one(book: &mut Book) {
    // The lights turn green after 25 s; one was not waiting.
    let street = kerb(84.0)
        .with(car().stops(0.5, KERB, 7.0, 64.0))
        .with(car().stops(0.35, LANE, 8.0, 33.0))
        .with(car().stops(0.75, LANE, 8.0, 33.0));
    let stood = parked(7.0 + 20.0 + 25.0).first(7.0).closed(64.0).within(4.0);
    book.tell("illegal-parking-pos-after-light", street, [stood]);
    // One parked long before the jam, and after it.
    let street = kerb(108.0)
        .with(car().stops(0.5, KERB, 4.0, 64.0))
        .with(car().stops(0.35, LANE, 30.0, 55.0))
        .with(car().stops(0.75, LANE, 30.0, 55.0));
    let stood = parked(24.0).first(4.0).closed(64.0);
    book.tell("illegal-parking-pos-before-jam", street, [stood]);
}

fn near(book: &mut Book) {
    let stops = |y: f32, to: f32| kerb(to + 20.0).with(car().stops(0.5, y, 5.0, to));
    book.none("illegal-parking-near-short", stops(KERB, 22.0));
    book.none("illegal-parking-near-drops-off", stops(KERB, 15.0));
    book.none("illegal-parking-near-beside-zone", stops(0.85, 45.0));
    let slow = car().at(0.0, -0.2, KERB).at(36.0, 1.2, KERB);
    book.none("illegal-parking-near-slow-pass", kerb(40.0).with(slow));
    let twice = car().at(1.0, -0.1, KERB).at(4.0, 0.25, KERB).until(18.0).at(21.0, 0.7, KERB);
    let twice = twice.until(36.0).at(40.0, 1.2, KERB);
    book.none("illegal-parking-near-two-stops", kerb(50.0).with(twice));
    let one = car().stops(0.5, KERB, 4.0, 20.0);
    let other = car().stops(0.5, KERB, 28.0, 44.0);
    book.none("illegal-parking-near-one-by-one", kerb(60.0).with(one).with(other));
    let bike = Actor::new(MOTORBIKE).stops(0.5, KERB, 5.0, 45.0);
    book.none("illegal-parking-near-motorbike", kerb(60.0).with(bike));
}

fn traps(book: &mut Book) {
    // A red light: the lane beside it stopped when it did, and goes when it goes.
    let light = kerb(56.0)
        .with(car().stops(0.5, KERB, 7.0, 36.0))
        .with(car().stops(0.4, LANE, 6.0, 35.0))
        .with(car().stops(0.8, LANE, 8.0, 37.0));
    book.none("illegal-parking-trap-red-light", light);
    // Bumper to bumper, from side to side.
    let cars = (0..7).map(|i| {
        let (x, from) = (i as f32 * 0.17, 10.0 - i as f32 * 0.8);
        let arrives = car().at(from - 4.0, x - 0.6, KERB).at(from, x, KERB);
        arrives.until(42.0 - i as f32).at(46.0 - i as f32, x + 0.6, KERB)
    });
    let jam = Street::new("kerb", 0.5, 60.0).with_all(cars);
    book.none("illegal-parking-trap-jam", jam);
    let creeping = (0..4).map(|i| {
        let x = i as f32 * 0.3 - 0.4;
        car().at(0.0, x, KERB).at(50.0, x + 1.1, KERB)
    });
    book.none("illegal-parking-trap-creeping", kerb(50.0).with_all(creeping));
    let stop = Actor::new(BUS).stops(0.5, LANE, 6.0, 40.0);
    book.none("illegal-parking-trap-bus-stop", kerb(56.0).with(stop));
    let stream = (0..24).map(|i| {
        let at = i as f32 * 2.0;
        car().at(at, -0.2, KERB).at(at + 6.0, 1.2, KERB)
    });
    book.none("illegal-parking-trap-stream", kerb(52.0).with_all(stream));
    let poster = car().stands(0.5, KERB, 0.0, 60.0).sure(0.2);
    book.none("illegal-parking-trap-poster", kerb(50.0).with(poster));
    // Shadows are taken for cars for some looks, here and there.
    let shadows = (0..9).map(|i| {
        let at = i as f32 * 5.0;
        car().stands(0.15 + (i % 5) as f32 * 0.17, KERB, at, at + 3.0)
    });
    book.none("illegal-parking-trap-shadows", kerb(55.0).with_all(shadows));
    // A car passes before a chair that stands there: the tracker gives it the chair's place.
    let chair = Actor::new(CHAIR).stands(0.5, KERB, 0.0, 50.0);
    let passes = car().at(20.0, -0.2, 0.78).at(27.0, 1.2, 0.78);
    book.none("illegal-parking-trap-chair", kerb(50.0).with(chair).with(passes));
}

/// What others do beside it.
fn neighbours(book: &mut Book) {
    // A lorry stops in the lane when the car has stood for a minute: that is no queue.
    let lorry = Actor::new(TRUCK).stops(0.62, LANE, 62.0, 105.0);
    let street = Street::new("bay", 0.5, 130.0).with(car().stops(0.3, KERB, 6.0, 110.0));
    let told = parked(66.0).first(6.0).closed(110.0).within(4.0);
    book.tell("illegal-parking-pos-lorry-later", street.with(lorry), [told]);
    // A bus hides it for as long as it must not stand; then it is seen to be there still.
    let bus = Actor::new(BUS).stops(0.5, LANE, 14.0, 40.0);
    let street = kerb(90.0).with(car().stops(0.5, KERB, 5.0, 70.0)).with(bus);
    let seen_again = parked(42.0).first(5.0).closed(70.0).within(3.0);
    book.tell("illegal-parking-pos-hidden-for-long", street, [seen_again]);
    // One after the other in one place, each for less than is too long, seen badly.
    let relay = (0..4).map(|i| {
        let from = 4.0 + i as f32 * 30.0;
        Actor::new(CAR).stops(0.5, KERB, from, from + 17.0)
    });
    book.none("illegal-parking-trap-relay", kerb(130.0).with_all(relay).noise(ROUGH));
}
