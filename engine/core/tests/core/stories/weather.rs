//! Water and rain. Gauge `level` in cm (flooded-street: 20 cm on, 15 cm off, held for 30 s, gaps of
//! 40 s), rain gauge `rain` in mm with a ten-minute sum every minute (rain-watch: 10 mm on, 6 mm
//! off), and camera `dip` with vehicles-in-water (held for 10 s) and wet-street (20 s).
//!
//! The box's clock ticks every 10 s. A reading acts at the next tick, a sum is final when a reading
//! 10 s after its end has come; times are those at which it was measured. How readings come late, in
//! packs and out of order is told in `engine/core/tests/core/readings.rs`.

use super::{Book, incident};
use crate::street::{Actor, CAR, Street, WATER};

/// The dip without anybody, looked at `hz` times a second.
fn street(hz: f32, secs: f32) -> Street {
    Street::new("dip", hz, secs).ticks(10.0)
}

/// Where only the sensors matter.
fn dip(secs: f32) -> Street {
    street(0.05, secs)
}

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("weather", seed);
    flooded(&mut book);
    in_water(&mut book);
    rain(&mut book);
    wet(&mut book);
    twice(&mut book);
    book
}

fn flooded(book: &mut Book) {
    let at = |opened: f32| incident("flooded-street", opened).at_the_site().within(11.0);
    let rises =
        |points: &[(f32, f64)]| dip(points[points.len() - 1].0).measured("level", 10.0, points);
    // 20 cm at 100 s; below 15 cm after 300 s, and 40 s of grace.
    let flood = rises(&[
        (0.0, 0.0),
        (100.0, 20.0),
        (150.0, 35.0),
        (250.0, 20.0),
        (300.0, 15.0),
        (450.0, 0.0),
    ]);
    book.tell("flooded-street-pos-rises-and-falls", flood, [at(130.0).first(100.0).closed(300.0)]);
    let stays = rises(&[(0.0, 5.0), (60.0, 25.0), (300.0, 25.5)]);
    book.tell("flooded-street-pos-stays", stays, [at(80.0).first(50.0).within(11.0)]);
    // A front: from dry to knee-deep between two readings. The gauge is believed at the third.
    let front = rises(&[(0.0, 2.0), (100.0, 2.0), (100.1, 60.0), (400.0, 61.0)]);
    book.tell("flooded-street-pos-front", front, [at(160.0).first(130.0)]);
    // It hangs about the threshold: one flood, not many.
    let about = rises(&[
        (0.0, 10.0),
        (50.0, 21.0),
        (100.0, 18.0),
        (150.0, 22.0),
        (200.0, 17.0),
        (250.0, 21.0),
        (400.0, 21.4),
    ]);
    book.tell("flooded-street-pos-about-the-threshold", about, [at(80.0).first(50.0)]);
    book.none(
        "flooded-street-near-below",
        rises(&[(0.0, 5.0), (100.0, 19.0), (200.0, 19.5), (300.0, 5.0)]),
    );
    // A lorry's wave: one reading.
    let wave = rises(&[(0.0, 8.0), (98.0, 8.0), (100.0, 30.0), (102.0, 8.0), (300.0, 8.4)]);
    book.none("flooded-street-near-wave", wave);
    // A gauge that jumps to what cannot be, now and then.
    let jumps = (0..5).fold(
        dip(300.0).measured("level", 10.0, &[(0.0, 3.0), (300.0, 4.0)]),
        |street, i| {
            let at = 55.0 + i as f32 * 50.0;
            street.measured("level", 10.0, &[(at, 900.0), (at + 1.0, 900.0)])
        },
    );
    book.none("flooded-street-trap-jumps", jumps);
    // A gauge whose cable is torn says more than it can measure.
    let broken = dip(300.0).measured("level", 10.0, &[(0.0, 2500.0), (300.0, 2500.0)]);
    book.none("flooded-street-trap-out-of-range", broken);
    // A deep reading, then silence: what is not known is no flood for ever.
    let silent = dip(400.0).measured("level", 10.0, &[(0.0, 5.0), (100.0, 30.0), (160.0, 31.0)]);
    let first = at(90.0).first(60.0).closed(220.0);
    book.tell("flooded-street-pos-then-silent", silent, [first]);
}

fn in_water(book: &mut Book) {
    let at = |opened: f32| incident("vehicles-in-water", opened).within(4.0);
    let car = |from: f32, to: f32| Actor::new(CAR).stops(0.5, 0.75, from, to);
    let deep = |secs: f32| {
        street(0.5, secs).measured("level", 10.0, &[(0.0, 4.0), (40.0, 24.0), (secs, 26.0)])
    };
    let shallow = |secs: f32| street(0.5, secs).measured("level", 10.0, &[(0.0, 4.0), (secs, 9.0)]);
    // Deep for 30 s: that is also a flood.
    let flood = || incident("flooded-street", 70.0).first(40.0).at_the_site();
    // Deep from 40 s on, known at 50 s; the car comes at 80 s.
    book.tell(
        "vehicles-in-water-pos-drives-in",
        deep(160.0).with(car(80.0, 120.0)),
        [flood(), at(90.0).first(80.0).closed(120.0).within(6.0)],
    );
    book.none("vehicles-in-water-near-shallow", shallow(160.0).with(car(60.0, 130.0)));
    let turns = Actor::new(CAR).stands(0.5, 0.75, 90.0, 96.0);
    book.tell("vehicles-in-water-near-turns-back", deep(160.0).with(turns), [flood()]);
    book.tell("vehicles-in-water-trap-nobody", deep(160.0), [flood()]);
    book.none("vehicles-in-water-trap-no-gauge", street(0.5, 120.0).with(car(30.0, 90.0)));
}

fn rain(book: &mut Book) {
    let at = |opened: f32| incident("rain-watch", opened).at_the_site().within(61.0);
    let rain = |secs: f32, points: &[(f32, f64)]| dip(secs).measured("rain", 30.0, points);
    // 1 mm in 30 s from 60 s on: 10 mm are there at 330 s, the sum of 360 s says so.
    let pours = rain(700.0, &[(0.0, 0.0), (59.0, 0.0), (60.0, 1.0), (700.0, 1.0)]);
    book.tell("rain-watch-pos-pours", pours, [at(360.0)]);
    let drizzle = rain(700.0, &[(0.0, 0.2), (700.0, 0.2)]);
    book.none("rain-watch-near-drizzle", drizzle);
    let shower = rain(
        700.0,
        &[(0.0, 0.0), (119.0, 0.0), (120.0, 2.0), (210.0, 2.0), (239.0, 0.0), (700.0, 0.0)],
    );
    book.none("rain-watch-near-shower", shower);
    // A bucket that tips wildly.
    let broken = rain(500.0, &[(0.0, 0.0), (500.0, 0.0)]).measured(
        "rain",
        30.0,
        &[(200.0, 90.0), (201.0, 90.0)],
    );
    book.none("rain-watch-trap-broken", broken);
}

fn wet(book: &mut Book) {
    let at = |opened: f32| incident("wet-street", opened).within(6.0);
    let water = |from: f32, to: f32| Actor::new(WATER).stands(0.5, 0.85, from, to);
    let pours = |secs: f32| street(0.2, secs).measured("rain", 30.0, &[(0.0, 2.0), (secs, 2.0)]);
    // 10 mm are there at 120 s, the sum of 180 s says so.
    let watch = || incident("rain-watch", 180.0).at_the_site();
    // The sum of the first five minutes says 10 mm at the latest; the puddle is there from 400 s on.
    book.tell(
        "wet-street-pos-rain",
        pours(500.0).with(water(400.0, 520.0)),
        [watch(), at(420.0).first(400.0)],
    );
    let short = pours(460.0).with(water(400.0, 412.0));
    book.tell("wet-street-near-short", short, [watch()]);
    let dry = street(0.2, 300.0).measured("rain", 30.0, &[(0.0, 0.0), (300.0, 0.0)]);
    book.none("wet-street-trap-lamps", dry.with(water(100.0, 300.0)));
    book.none("wet-street-trap-washed", street(0.2, 200.0).with(water(50.0, 200.0)));
}

/// A link that sends again what was not acknowledged.
fn twice(book: &mut Book) {
    // 0.45 mm in 30 s are 9 mm in ten minutes, and 18 if each counted twice.
    let drizzle: &[(f32, f64)] = &[(0.0, 0.45), (700.0, 0.45)];
    let rain = dip(700.0).measured("rain", 30.0, drizzle).measured("rain", 30.0, drizzle);
    book.none("rain-watch-near-twice", rain);
    let rises: &[(f32, f64)] = &[(0.0, 5.0), (60.0, 25.0), (300.0, 25.5)];
    let flood = dip(300.0).measured("level", 10.0, rises).measured("level", 20.0, rises);
    let at = incident("flooded-street", 80.0).at_the_site().first(50.0).within(11.0);
    book.tell("flooded-street-pos-twice", flood, [at]);
}
