//! What moves towards a zone is looked at more closely before it is there.

use super::VIETNAM;
use super::same::{day, told_to_all_looks};
use super::{STREET, plan_over, rule, ticking};
use crate::street::sparse::{self, Believes, Frames};
use crate::street::{Actor, CALM, CAR, Kind, MOTORBIKE, Noise, PERSON, ROUGH, Rate, Street};
use crate::support::World;
use std::sync::Arc;
use viahe_core::engine::Event;
use viahe_core::id::TrackId;
use viahe_core::observe::Object;
use viahe_core::plan::Plan;
use viahe_core::rule::Bears;
use viahe_core::time::Timestamp;

/// The right side of the picture.
const RIGHT: &str = "[[0.6, 0.5], [1.0, 0.5], [1.0, 0.9], [0.6, 0.9]]";
/// Where it begins.
const EDGE: f32 = 0.6;
const STILL: Noise = Noise { jitter: 0.0, miss: 0.0 };

/// Idle gaps of 5 s are no small part of a minute, and busy ones are 2 s.
const PARKING: &str = "use = \"illegal-parking\"\ndwell_secs = 60";
const GATHERING: &str = "use = \"crowding\"\ncount_min = 1\ndwell_secs = 60\nabsence_secs = 6";
/// Of three minutes they are.
const PATIENT: &str = "use = \"illegal-parking\"\ndwell_secs = 180";

fn plan(zone: &str, text: &str) -> Arc<Plan> {
    plan_over(zone, &World::new(), VIETNAM, "", &rule(text))
}

#[test]
fn a_program_whose_incident_takes_minutes_does_not_mind_what_comes() {
    let of = |text: &str| {
        let plan = plan(RIGHT, text);
        let Bears { idle, approach, .. } =
            Bears::of(&plan.cameras[0].rules[0], plan.engine.lateness);
        (idle.as_millis(), approach.as_millis())
    };
    for (entry, want) in [
        ("illegal-parking", (5000, 5000)),
        ("shop-encroachment", (5000, 5000)),
        ("abandoned-object", (5000, 5000)),
        ("sidewalk-obstruction", (5000, 2000)),
        ("motorbike-on-sidewalk", (5000, 2000)),
        ("street-vending", (3500, 1000)),
        ("crowding", (3000, 3000)),
        ("dumping", (1000, 1000)),
        ("pedestrian-in-carriageway", (500, 500)),
    ] {
        assert_eq!(of(&format!("use = \"{entry}\"")), want, "{entry}");
    }
    assert_eq!(
        [of(PARKING), of(GATHERING), of(PATIENT)],
        [(5000, 2000), (5000, 2000), (5000, 5000)]
    );
}

/// How long after it has entered what comes from the left and stays is looked at there, at worst, whenever it comes.
fn worst(text: &str, kind: Kind, takes: f32) -> f32 {
    let plan = plan(RIGHT, text);
    let late = |n: u8| {
        let from = 20.0 + f32::from(n) * 0.1;
        let actor = Actor::new(kind).at(from, -0.2, 0.72).at(from + takes, 0.8, 0.72);
        let secs = from + takes + 20.0;
        let street = Street::new("cam", 1.0, secs)
            .looked_at(Rate::Steady(10.0))
            .noise(STILL)
            .with(actor.until(secs));
        let start = Timestamp(street.time(0.0).0 - 1_000_000_000);
        let events = ticking(street.events(), start, street.time(secs));
        let enters = street.time(from + takes * (EDGE + 0.2));
        let told = sparse::told(&plan, &events, Frames::Latest);
        let seen = told.looked.iter().find(|at| **at >= enters).unwrap();
        seen.since(enters).as_secs_f32()
    };
    (0..60).map(late).fold(0.0, f32::max)
}

#[test]
fn what_comes_is_looked_at_in_the_zone_within_a_busy_gap() {
    for (text, kind, takes) in [
        (PARKING, CAR, 5.0),
        (PARKING, CAR, 20.0),
        (GATHERING, PERSON, 6.0),
        (GATHERING, PERSON, 30.0),
    ] {
        let late = worst(text, kind, takes);
        assert!(late <= 2.0, "{} in {takes} s: {late}", kind.0);
    }
    // Where nobody minds it is the idle gap, less a frame.
    let late = worst(PATIENT, CAR, 5.0);
    assert!((4.5..5.0).contains(&late), "{late}");
}

/// Of what stands in the zone at once, whenever that is: how late it is looked at, and how long after that it is looked
/// at again, at worst, where it is believed only then.
fn worst_of_what_appears(text: &str) -> (f32, f32) {
    let plan = plan(RIGHT, text);
    let late = |n: u8| {
        let from = 20.0 + f32::from(n) * 0.1;
        let street = Street::new("cam", 1.0, from + 20.0)
            .looked_at(Rate::Steady(10.0))
            .noise(STILL)
            .with(Actor::new(CAR).stands(0.8, 0.72, from, from + 20.0));
        let start = Timestamp(street.time(0.0).0 - 1_000_000_000);
        let events = ticking(street.events(), start, street.time(from + 20.0));
        let told = sparse::told_of(&plan, &events, Frames::Latest, Believes::WhenSeenAgain);
        let appears = street.time(from);
        let mut looks = told.looked.iter().filter(|at| **at >= appears);
        let (first, again) = (looks.next().unwrap(), looks.next().unwrap());
        (first.since(appears).as_secs_f32(), again.since(*first).as_secs_f32())
    };
    (0..60).map(late).fold((0.0_f32, 0.0_f32), |(a, b), (c, d)| (a.max(c), b.max(d)))
}

#[test]
fn what_is_seen_once_is_looked_at_again_within_a_busy_gap() {
    for text in [PARKING, "use = \"sidewalk-obstruction\""] {
        let (seen, again) = worst_of_what_appears(text);
        assert!(seen <= 5.0 && again <= 2.0, "{text}: {seen}, {again}");
    }
    let (_, again) = worst_of_what_appears(PATIENT);
    assert!((4.5..=5.0).contains(&again), "of a dwell of minutes: {again}");
}

#[test]
fn rules_know_nothing_of_what_is_not_believed() {
    let ghost = |secs: u64| Object {
        track: TrackId(5_000_000 + secs / 3),
        class: "vehicle.car".try_into().unwrap(),
        confidence: 0.9_f32.try_into().unwrap(),
        bbox: [0.4, 0.5, 0.6, 0.72].try_into().unwrap(),
    };
    for seed in 0..6 {
        let mut day =
            day(seed, &[PARKING, "use = \"crowding\"\ncount_min = 2\ndwell_secs = 30"], CALM);
        let said = told_to_all_looks(&day).0;
        for event in &mut day.events {
            if let Event::Observed(seen) = event {
                seen.undecided.push(ghost(seen.frame.seq));
            }
        }
        assert_eq!(told_to_all_looks(&day).0, said, "day {seed}");
    }
}

const SECS: f32 = 1200.0;

/// Looks a minute at a street.
fn looks_a_minute(street: &Street, believes: Believes) -> f32 {
    let from = Timestamp(street.time(0.0).0 - 1_000_000_000);
    let events = ticking(street.events(), from, street.time(SECS));
    let told = sparse::told_of(&plan(STREET, PARKING), &events, Frames::Latest, believes);
    assert!(told.said.is_empty(), "{:?}", told.said);
    told.looks as f32 / SECS * 60.0
}

/// Looks a minute at a zone beside a road on which something passes each so many seconds.
fn beside(noise: Noise, every: f32, believes: Believes) -> f32 {
    let passes = |i: usize| {
        let (at, kind) =
            (1.0 + every * i as f32, if i.is_multiple_of(3) { MOTORBIKE } else { CAR });
        Actor::new(kind).at(at, -0.2, 0.55).at(at + 6.0, 1.2, 0.55)
    };
    let street = Street::new("cam", 1.0, SECS)
        .looked_at(Rate::Steady(10.0))
        .noise(noise)
        .with_all((0..(SECS / every) as usize).map(passes));
    looks_a_minute(&street, believes)
}

/// Looks a minute at a zone in which a car is seen, each so many seconds for six of them, that is none: at each look it is
/// another one.
fn of_what_is_not_there(noise: Noise, every: f32) -> f32 {
    let ghost = Actor::new(CAR).stands(0.5, 0.72, 0.0, SECS).retracked_every(0.1);
    let ghost = (0..(SECS / every) as usize).fold(ghost, |ghost, i| {
        let at = every * i as f32;
        ghost.blinks(at + every.min(6.0), at + every)
    });
    let street = Street::new("cam", 1.0, SECS).looked_at(Rate::Steady(10.0)).noise(noise);
    looks_a_minute(&street.with(ghost), Believes::WhenSeenAgain)
}

/// 12 looks a minute without, 30 if it were always on.
#[test]
fn beside_a_road_a_quarter_of_the_time_is_spent_on_what_does_not_come() {
    for noise in [CALM, ROUGH] {
        for every in [2.0, 5.0, 15.0, 60.0] {
            for believes in [Believes::AtFirstSight, Believes::WhenSeenAgain] {
                let looks = beside(noise, every, believes);
                println!("each {every} s: {looks}, {believes:?}");
                assert!((12.0..=17.5).contains(&looks), "each {every} s: {looks}, {believes:?}");
            }
        }
    }
}

#[test]
fn what_is_never_believed_costs_no_more_than_what_does_not_come() {
    for noise in [CALM, ROUGH] {
        for every in [6.0, 15.0, 60.0] {
            let looks = of_what_is_not_there(noise, every);
            println!("not there, each {every} s: {looks}");
            assert!((12.0..=17.5).contains(&looks), "each {every} s: {looks}");
        }
    }
}
