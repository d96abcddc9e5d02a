//! What stands: parked, in a queue, or creeping.

use super::{LANE, Y, check, story, street};
use crate::street::{Actor, BUS, CAR, Kind, MOTORBIKE, Noise, TRUCK};

const PARKING: &str = "use = \"illegal-parking\"";

fn car() -> Actor {
    Actor::new(CAR)
}

/// Vehicles that pass in the lane from one time to another.
fn flow(kind: Kind, every: f32, takes: f32, until: f32) -> Vec<Actor> {
    (0..(until / every) as usize)
        .map(|i| {
            let at = i as f32 * every;
            Actor::new(kind).at(at, -0.2, LANE).at(at + takes, 1.2, LANE)
        })
        .collect()
}

#[test]
fn three_stop_one_after_the_other_beside_traffic_that_flows() {
    let three = |secs| {
        street(secs)
            .with(car().stops(0.75, Y, 20.0, 330.0))
            .with(car().stops(0.50, Y, 32.0, 335.0))
            .with(car().stops(0.25, Y, 48.0, 340.0))
    };
    let told = || (vec![200.0, 212.0, 228.0], 15.0);
    let mut stories = Vec::new();
    for (kind, every, takes) in [
        (CAR, 4.0, 4.0),
        (CAR, 9.0, 5.0),
        (CAR, 14.0, 11.0),
        (MOTORBIKE, 6.0, 5.0),
        (TRUCK, 17.0, 7.0),
    ] {
        let name = format!("{} every {every} s, for {takes} s", kind.0);
        let street = three(260.0).with_all(flow(kind, every, takes, 260.0));
        stories.push(story(&name, PARKING, 1.0, street, told()));
    }
    check(&stories);
}

#[test]
fn what_stands_together_at_night_is_parked_and_what_waits_at_a_light_is_not() {
    // The clock of all three stands still from when the third stands until three minutes later.
    let night = street(460.0)
        .with(car().stops(0.75, Y, 10.0, 500.0))
        .with(car().stops(0.50, Y, 25.0, 500.0))
        .with(car().stops(0.25, Y, 40.0, 500.0));
    let told = (vec![370.0, 385.0, 400.0], 15.0);
    let waits = |to: f32| {
        street(to + 20.0)
            .with(car().stops(0.5, Y, 12.0, to))
            .with(car().stops(0.35, LANE, 11.0, to - 1.0))
            .with(car().stops(0.75, LANE, 13.0, to + 1.0))
    };
    let filters = |i: usize| {
        let at = 40.0 + 50.0 * i as f32;
        Actor::new(MOTORBIKE).at(at, -0.2, 0.83).at(at + 5.0, 1.2, 0.83)
    };
    check(&[
        story("three at night", PARKING, 1.0, night, told),
        story("a light of three minutes", PARKING, 1.0, waits(192.0), (vec![], 0.0)),
        story("a jam of five minutes", PARKING, 1.0, waits(312.0), (vec![], 0.0)),
        story(
            "a light at which bikes filter by",
            PARKING,
            1.0,
            waits(192.0).with_all((0..3).map(filters)),
            (vec![], 0.0),
        ),
    ]);
}

#[test]
fn parked_cars_under_names_that_change() {
    let rule = "use = \"illegal-parking\"\ndwell_secs = 60";
    let one = || car().stops(0.5, Y, 10.0, 120.0);
    let told = || (vec![70.0], 6.0);
    let mut stories = Vec::new();
    for every in [1.0, 3.0, 7.0] {
        let street = street(90.0).with(one().retracked_every(every));
        stories.push(story(&format!("a new id every {every} s"), rule, 1.0, street, told()));
    }
    let noisy = Noise { jitter: 0.03, miss: 0.35 };
    let street_of = |a: Actor, b: Actor| street(150.0).with(a).with(b);
    for (apart, swaps) in
        [(0.18, vec![40.0]), (0.2, vec![30.0, 45.0]), (0.3, vec![24.0, 25.0, 55.0])]
    {
        let left = car().stops(0.5 - apart / 2.0, Y, 10.0, 170.0);
        let right = car().stops(0.5 + apart / 2.0, Y, 16.0, 170.0);
        let (mut left, mut right) = (left, right);
        for pair in swaps.chunks(2) {
            let to = pair.get(1).copied().unwrap_or(300.0);
            left = left.called(2, pair[0], to);
            right = right.called(1, pair[0], to);
        }
        let name = format!("ids swap at {swaps:?}, {apart} apart");
        let street = street_of(left, right);
        let told = (vec![70.0, 76.0], 6.0);
        stories.push(story(
            &format!("{name}, rough"),
            rule,
            1.0,
            street.clone().noise(noisy),
            told.clone(),
        ));
        stories.push(story(&name, rule, 1.0, street, told));
    }
    // A bike that passes takes the car's id for two seconds, and the car is not seen under it.
    let takes = car().stops(0.5, Y, 10.0, 120.0).blinks(39.5, 41.5);
    let bike = Actor::new(MOTORBIKE).at(37.0, 0.1, LANE).at(45.0, 1.0, LANE).called(1, 39.5, 41.5);
    stories.push(story(
        "a bike takes its id",
        rule,
        1.0,
        street(100.0).with(takes).with(bike),
        told(),
    ));
    // Each for less than is too long, one after the other in one place.
    let relay = street(200.0)
        .with(car().stops(0.5, Y, 10.0, 60.0))
        .with(car().stops(0.5, Y, 68.0, 118.0))
        .with(car().stops(0.5, Y, 126.0, 176.0).retracked_every(5.0));
    stories.push(story("a relay", rule, 1.0, relay, (vec![], 0.0)));
    check(&stories);
}

#[test]
fn what_creeps_is_not_parked() {
    let rule = "use = \"illegal-parking\"\ndwell_secs = 45";
    let mut stories = Vec::new();
    for (kind, per_sec) in [(TRUCK, 0.010), (TRUCK, 0.015), (BUS, 0.018), (CAR, 0.010)] {
        let creeps = Actor::new(kind).at(0.0, 0.1, Y).at(0.8 / per_sec, 0.9, Y);
        let name = format!("{} at {per_sec} frames a second", kind.0);
        stories.push(story(&name, rule, 1.0, street(0.8 / per_sec).with(creeps), (vec![], 0.0)));
    }
    check(&stories);
}
