//! What moves towards a zone is looked at more closely before it is there.

use super::{STREET, plan_over, rule, ticking};
use crate::VIETNAM;
use crate::street::sparse::{self, Frames};
use crate::street::{Actor, CALM, CAR, Kind, MOTORBIKE, Noise, PERSON, ROUGH, Rate, Street};
use crate::support::World;
use std::sync::Arc;
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

/// Looks a minute at a zone beside a road on which something passes each so many seconds.
fn beside(noise: Noise, every: f32) -> f32 {
    const SECS: f32 = 1200.0;
    let passes = |i: usize| {
        let (at, kind) =
            (1.0 + every * i as f32, if i.is_multiple_of(3) { MOTORBIKE } else { CAR });
        Actor::new(kind).at(at, -0.2, 0.55).at(at + 6.0, 1.2, 0.55)
    };
    let street = Street::new("cam", 1.0, SECS)
        .looked_at(Rate::Steady(10.0))
        .noise(noise)
        .with_all((0..(SECS / every) as usize).map(passes));
    let from = Timestamp(street.time(0.0).0 - 1_000_000_000);
    let events = ticking(street.events(), from, street.time(SECS));
    let told = sparse::told(&plan(STREET, PARKING), &events, Frames::Latest);
    assert!(told.said.is_empty(), "{:?}", told.said);
    told.looks as f32 / SECS * 60.0
}

/// 12 looks a minute without, 30 if it were always on.
#[test]
fn beside_a_road_a_quarter_of_the_time_is_spent_on_what_does_not_come() {
    for noise in [CALM, ROUGH] {
        for every in [2.0, 5.0, 15.0, 60.0] {
            let looks = beside(noise, every);
            println!("each {every} s: {looks}");
            assert!((12.0..=17.5).contains(&looks), "each {every} s: {looks}");
        }
    }
}
