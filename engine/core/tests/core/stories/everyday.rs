//! A street on an ordinary day, where nobody does wrong: traffic with a red light, people who walk,
//! wait and talk, short stops and things that are carried. One camera with every rule of the
//! catalogue that needs no sensor, with the catalogue's own numbers.
//!
//! From the top: a footway (0.54 to 0.67), the kerb (0.67 to 0.74), a lane to the right (to 0.86).

use super::Book;
use crate::street::{
    Actor, BAG, BICYCLE, BUS, CALM, CAR, CART, DOG, HELMET, MATERIAL, MOTORBIKE, Noise, PERSON,
    Random, Street, TRUCK,
};

const LANE: f32 = 0.82;
const KERB: f32 = 0.71;
const FOOTWAY: f32 = 0.62;
/// Of the lights: of so many seconds the first ones are green.
const CYCLE: f32 = 60.0;
const GREEN: f32 = 35.0;
/// Where the first one stops at a red light.
const STOP_LINE: f32 = 0.62;

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("everyday", seed);
    // Short pieces of it: longer ones are told by a test, and not kept.
    for (i, name) in ["morning", "noon", "evening"].iter().enumerate() {
        let street = day(seed + i as u64 + 1, 14.0, 2.0, CALM);
        book.none(&format!("everyday-trap-{name}"), street);
    }
    book
}

/// So many seconds of it.
pub(crate) fn day(seed: u64, secs: f32, hz: f32, noise: Noise) -> Street {
    let mut random = Random::new(seed);
    let street = Street::new("street", hz, secs).noise(noise);
    let street = traffic(street, &mut random, secs);
    let street = walkers(street, &mut random, secs);
    short_stops(street, &mut random, secs)
}

/// Comes after at least so long, and on average twice that.
fn wait(random: &mut Random, least: f32) -> f32 {
    least * (0.5 + random.unit()) + least * 0.5
}

fn traffic(mut street: Street, random: &mut Random, secs: f32) -> Street {
    let (mut at, mut cycle, mut queued): (f32, f32, usize) = (0.0, 0.0, 0);
    while at < secs {
        at += wait(random, 3.0);
        if (at / CYCLE).floor() > cycle {
            // Who comes next does not drive through those who waited.
            cycle = (at / CYCLE).floor();
            at = at.max(cycle * CYCLE + 2.5 * queued as f32);
            queued = 0;
        }
        let kinds = [CAR, MOTORBIKE, MOTORBIKE, TRUCK, MOTORBIKE, BUS, BICYCLE, CAR];
        let kind = kinds[(random.unit() * 7.99) as usize];
        let two_wheels = kind.0.contains("two_wheel");
        // No two are in one place: the slower ones keep to the kerb.
        let fast = random.unit() < 0.5;
        let y = match (two_wheels, fast) {
            (true, false) => LANE - 0.045,
            (true, true) => LANE - 0.015,
            _ => LANE,
        };
        let slow = if fast { 5.5 } else { 7.5 };
        let vehicle = Actor::new(kind).at(at, -0.3, y);
        let green = at + slow * 0.7 < cycle * CYCLE + GREEN;
        let vehicle = if green || kind.0.contains("bus") {
            vehicle.at(at + slow, 1.3, y)
        } else {
            // Each stops behind the last one, and starts after it.
            let stop = STOP_LINE - 0.24 * queued as f32;
            let starts = (cycle + 1.0) * CYCLE + 1.5 * queued as f32;
            queued += 1;
            let arrives = at + slow * (stop + 0.3).max(0.1) / 1.6;
            let starts = starts.max(arrives + 1.0);
            let away = starts + slow * (1.3 - stop) / 1.6;
            vehicle.at(arrives, stop, y).until(starts).at(away, 1.3, y)
        };
        let riders = if random.unit() < 0.3 { 2 } else { 1 };
        street =
            if two_wheels { street.ridden(&vehicle, HELMET, riders) } else { street.with(vehicle) };
    }
    street
}

fn walkers(mut street: Street, random: &mut Random, secs: f32) -> Street {
    let mut at = -10.0;
    while at < secs {
        at += wait(random, 5.0);
        let y = 0.57 + 0.09 * random.unit();
        let slow = 14.0 + 8.0 * random.unit();
        let (a, b) = if random.unit() < 0.5 { (-0.05, 1.05) } else { (1.05, -0.05) };
        let walk = |kind| Actor::new(kind).at(at, a, y).at(at + slow, b, y);
        street = street.with(walk(PERSON));
        match (random.unit() * 10.0) as usize {
            0 => street = street.with(walk(BAG).beside(0.05, -0.05).carried()),
            1 => street = street.with(walk(DOG).beside(0.13, 0.0)),
            2 => street = street.with(walk(CART).beside(0.14, 0.0)),
            3 => street = street.with(walk(BICYCLE).beside(0.13, 0.0)),
            _ => {}
        }
    }
    street
}

/// What stops for less than it may.
fn short_stops(mut street: Street, random: &mut Random, secs: f32) -> Street {
    let mut at = 5.0;
    while at < secs {
        at += wait(random, 40.0);
        let x = 0.2 + 0.6 * random.unit();
        street = match (random.unit() * 5.0) as usize {
            // A taxi lets somebody out.
            0 => street.with(Actor::new(CAR).stops(x, KERB, at, at + 25.0)),
            // Two talk.
            1 => {
                let talks = |dx: f32| Actor::new(PERSON).stands(x + dx, FOOTWAY, at, at + 50.0);
                street.with(talks(0.0)).with(talks(0.05))
            }
            // A bag beside its owner, who sits.
            2 => street
                .with(Actor::new(PERSON).stands(x, FOOTWAY, at, at + 70.0))
                .with(Actor::new(BAG).stands(x + 0.04, FOOTWAY, at, at + 70.0)),
            // Goods are unloaded and taken in, with somebody beside them.
            3 => street
                .with(Actor::new(PERSON).stands(x, FOOTWAY, at, at + 35.0))
                .with(Actor::new(MATERIAL).stands(x + 0.06, FOOTWAY, at, at + 35.0)),
            // A bike is pushed over the footway into a house.
            _ => {
                let bike = Actor::new(MOTORBIKE).at(at, x, KERB).at(at + 6.0, x + 0.02, FOOTWAY);
                let bike = bike.until(at + 20.0).at(at + 24.0, x + 0.03, 0.5);
                let person = Actor::new(PERSON).along(&bike).beside(0.14, 0.0);
                street.with(bike).with(person)
            }
        };
    }
    street
}
