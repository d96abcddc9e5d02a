//! A junction's box from 0.62 to 0.92 and 0.2 to 0.8: dwell 15 s, a third of it covered.

use super::{Book, Incident, incident};
use crate::street::{Actor, BUS, CAR, MOTORBIKE, ROUGH, Street, TRUCK};

fn cross(secs: f32) -> Street {
    Street::new("cross", 1.0, secs)
}

fn blocked(opened: f32) -> Incident {
    // Whether a car stands is known three seconds after it stopped.
    incident("blocked-junction", opened).within(5.0)
}

/// Cars that stand bumper to bumper over the box, from one time to another.
fn row(from: f32, to: f32) -> Vec<Actor> {
    let car = |x: f32, y: f32, late: f32| Actor::new(CAR).stops(x, y, from - late, to + late);
    vec![
        car(0.73, 0.90, 2.0),
        car(0.50, 0.90, 1.5),
        car(0.27, 0.90, 0.0),
        car(0.65, 0.74, 1.0),
        car(0.35, 0.74, 0.5),
    ]
}

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("junction", seed);
    let bus = |from: f32, to: f32| {
        let ahead = Actor::new(TRUCK).stops(0.72, 0.72, from - 1.0, to + 1.0);
        [Actor::new(BUS).stops(0.5, 0.88, from, to), ahead]
    };
    let row_of = |to: f32| cross(to + 18.0).with_all(row(8.0, to));
    book.tell("blocked-junction-pos-row", row_of(40.0), [blocked(23.0).first(8.0).closed(40.0)]);
    book.tell(
        "blocked-junction-pos-rough",
        row_of(42.0).noise(ROUGH),
        [blocked(23.0).closed(42.0)],
    );
    let bus_and_truck = cross(60.0).with_all(bus(8.0, 42.0));
    book.tell("blocked-junction-pos-bus", bus_and_truck, [blocked(23.0).first(8.0).closed(42.0)]);
    let stays = cross(50.0).with_all(row(8.0, 70.0));
    book.tell("blocked-junction-pos-stays", stays, [blocked(23.0).first(8.0)]);
    let twice = Street::new("cross", 0.5, 100.0).with_all(row(8.0, 30.0)).with_all(row(46.0, 80.0));
    // Within the cooldown of a minute the second one is the first again: it is not told anew.
    book.tell(
        "blocked-junction-pos-again",
        twice,
        [blocked(23.0).first(8.0).closed(30.0).within(6.0)],
    );
    book.none("blocked-junction-near-short", row_of(18.0));
    let one = cross(50.0).with(Actor::new(CAR).stops(0.3, 0.74, 6.0, 40.0));
    book.none("blocked-junction-near-one-car", one);
    let beyond = Actor::new(BUS).stops(0.5, 0.60, 6.0, 40.0);
    book.none("blocked-junction-near-behind", cross(50.0).with(beyond));
    let stream = (0..14).map(|i| {
        let (at, y) = (i as f32 * 3.0, if i % 2 == 0 { 0.74 } else { 0.90 });
        Actor::new(CAR).at(at, -0.2, y).at(at + 8.0, 1.2, y)
    });
    book.none("blocked-junction-trap-stream", cross(48.0).with_all(stream));
    // It creeps, but it moves: half a car's length in three seconds.
    let creeping = (0..6).map(|i| {
        let x = -1.0 + i as f32 * 0.34;
        Actor::new(CAR).at(0.0, x, 0.88).at(40.0, x + 1.3, 0.88)
    });
    book.none("blocked-junction-trap-creeping", cross(40.0).with_all(creeping));
    let bikes = (0..8).map(|i| Actor::new(MOTORBIKE).stops(0.2 + i as f32 * 0.08, 0.85, 6.0, 36.0));
    let street = Street::new("cross", 0.5, 50.0).with_all(bikes);
    book.none("blocked-junction-trap-motorbikes", street);
    book
}
