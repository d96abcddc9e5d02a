//! How rarely a camera may be looked at, told as its rules bear it.

use super::VIETNAM;
use super::{Box, World, name, plan, plan_of, rule, ticking};
use crate::street::sparse::{self, Frames};
use crate::street::{Actor, CALM, CAR, MOTORBIKE, Noise, ROUGH, Rate, Street};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::Rest;
use viahe_core::attention::Need;
use viahe_core::engine::Event;
use viahe_core::plan::Plan;
use viahe_core::rule::Bears;
use viahe_core::time::Timestamp;

const PARKING: &str = "use = \"illegal-parking\"";
/// The catalogue's rules that look, with the gaps that they bear while nothing is there, while all that is there has
/// been told, while something else is, and when something is about to come about, in ms.
const ENTRIES: [(&str, [u128; 4]); 16] = [
    ("abandoned-object", [5000, 1000, 1000, 1000]),
    ("blocked-junction", [2000, 2000, 2000, 1000]),
    ("crowding", [3000, 3333, 3333, 1000]),
    ("dumping", [1000, 1000, 1000, 500]),
    ("illegal-parking", [5000, 5000, 2000, 1000]),
    ("motorbike-on-sidewalk", [5000, 5000, 2000, 1000]),
    ("no-helmet", [250, 250, 250, 250]),
    ("overloaded-motorbike", [250, 250, 250, 250]),
    ("pedestrian-in-carriageway", [500, 500, 500, 500]),
    ("riding-on-sidewalk", [250, 250, 250, 250]),
    ("shop-encroachment", [5000, 2000, 2000, 2000]),
    ("sidewalk-obstruction", [5000, 5000, 2000, 1000]),
    ("stray-animal", [500, 500, 500, 500]),
    ("street-vending", [3500, 1000, 1000, 1000]),
    ("vehicles-in-water", [1000, 1250, 1250, 1000]),
    ("wrong-way\"\nallowed_deg = \"0", [200, 200, 200, 200]),
];

fn bears(of: &str) -> [u128; 4] {
    let level = "[[sensor]]\nid = \"level\"\ntopic = \"level\"\nquantity = \"water_level\"\n";
    let sensor = if of.contains("water") { "\nsensor = \"level\"" } else { "" };
    let plan = plan(&format!("{}{level}", rule(&format!("{of}{sensor}"))));
    let Bears { idle, told, busy, close, .. } =
        Bears::of(&plan.cameras[0].rules[0], plan.engine.lateness);
    [idle, told, busy, close].map(|gap| gap.as_millis())
}

#[test]
fn each_entry_bears_what_follows_from_its_operators() {
    let all: Vec<_> = ENTRIES.map(|(entry, gaps)| (entry, gaps)).into();
    let got: Vec<_> = all
        .iter()
        .map(|(entry, _)| (*entry, bears(&format!("use = \"{entry}\"").replace("\"0\"", "0"))))
        .collect();
    assert_eq!(got, all);
}

#[test]
fn parameters_count() {
    let parking = |secs: u32| bears(&format!("{PARKING}\ndwell_secs = {secs}"));
    assert_eq!(parking(40), [4000, 4000, 2000, 1000], "a tenth of what it takes");
    assert_eq!(parking(5), [1000, 1000, 1000, 1000], "a share of looks of a short time");
    let crowding = |secs: u32| bears(&format!("use = \"crowding\"\nabsence_secs = {secs}"));
    assert_eq!(
        crowding(6),
        [3000, 2000, 2000, 1000],
        "three looks fit into what it may be missed for"
    );
}

/// Each change of the gap that is told, in seconds of the street and ms, with frames looked at once a second.
fn gaps(plan: &Arc<Plan>, street: &Street) -> Vec<(f32, u32)> {
    let mut engine = Box::new(plan);
    let (start, events) = (street.time(0.0), street.events());
    let from = Timestamp(start.0 - 1_000_000_000);
    let end = events.last().and_then(Event::at).unwrap();
    let mut gaps: Vec<(f32, u32)> = Vec::new();
    for event in ticking(events, from, end) {
        let at = event.at().unwrap();
        engine.apply(event);
        let gap = engine.need.unwrap().gap_max_ms;
        if gaps.last().is_none_or(|(_, last)| *last != gap) {
            gaps.push((at.since(start).as_secs_f32(), gap));
        }
    }
    gaps
}

/// A car that stands from 20 s on for so long, and is seen in each look.
fn parked(secs: f32, to: f32) -> Street {
    let street = Street::new("cam", 1.0, secs).noise(Noise { jitter: 0.0, miss: 0.0 });
    street.with(Actor::new(CAR).stands(0.5, 0.72, 20.0, to))
}

#[test]
fn a_rule_about_to_fire_is_looked_at_closely_and_then_as_its_end_bears() {
    let told = gaps(&plan(&rule(PARKING)), &parked(480.0, 300.0));
    let [(idle, 5000), (comes, 2000), (close, 1000), (open, 5000), (missed, 2000), (over, 5000)] =
        told[..]
    else {
        panic!("{told:?}")
    };
    // At the look that sees it, not at the next tick; and a while after nothing needs it any more.
    assert_eq!((idle, comes), (0.0, 20.0));
    assert!((172.0..=176.0).contains(&close), "25 s before it opens: {close}");
    assert!((203.0..=206.0).contains(&open), "it has opened at 200 s: {open}");
    assert!((300.0..=302.0).contains(&missed), "at the first look that does not see it: {missed}");
    assert!((450.0..=460.0).contains(&over), "it has ended after 150 s: {over}");
}

#[test]
fn what_only_passes_is_forgotten() {
    let car = Actor::new(CAR).at(20.0, -0.2, 0.72).at(26.0, 1.2, 0.72);
    let told = gaps(&plan(&rule(PARKING)), &Street::new("cam", 1.0, 80.0).with(car));
    let [(_, 5000), (_, 2000), (over, 5000)] = told[..] else { panic!("{told:?}") };
    assert!((35.0..=45.0).contains(&over), "{over}");
}

#[test]
fn the_least_patient_rule_counts_and_a_rate_that_was_set_is_kept() {
    let both = rule(PARKING) + &rule("use = \"dumping\"");
    assert_eq!(gaps(&plan(&both), &parked(60.0, 50.0)), [(0.0, 1000)]);
    let steady = plan_of(&World::new(), VIETNAM, "analyse_hz = 2.0", &rule(PARKING));
    assert_eq!(gaps(&steady, &parked(60.0, 50.0)), [(0.0, 500)]);
    let mut engine = Box::new(&plan(&rule(PARKING)));
    engine.engine.attend_fully();
    engine.apply(Event::Tick("2026-03-04T02:00:00Z".parse().unwrap()));
    // Who records sees each look, and none that is told again.
    assert_eq!(engine.need, Some(Need { gap_max_ms: 0, ..Need::steady(1.0) }));
    // What waits for older events is not known yet.
    let late = rule(PARKING) + "[engine]\nlateness_secs = 10\n";
    assert_eq!(gaps(&plan(&late), &parked(60.0, 50.0)), [(0.0, 1000)]);
    // Nor is it in the minute before the rule applies.
    let soon = rule(&format!("{PARKING}\nschedule = [\"Mon-Sun 09:01-09:30\"]"));
    let soon = soon + "[engine]\nlateness_secs = 10\n";
    assert_eq!(gaps(&plan(&soon), &parked(50.0, 50.0)), [(0.0, 0), (0.0, 1000)]);
}

#[test]
fn a_disaster_that_makes_a_rule_patient_puts_off_what_is_due() {
    let plan = plan(&rule(PARKING));
    let start: Timestamp = crate::street::START.parse().unwrap();
    let order = super::disaster(start.plus(Duration::from_secs(30)), 1, None);
    let street = parked(240.0, 700.0).event(order);
    let told = gaps(&plan, &street);
    assert_eq!(told.last().map(|(_, gap)| *gap), Some(2000), "{told:?}");
}

/// Traffic passes through the zone, and a car parks there for ten minutes of twenty.
#[test]
fn of_an_ordinary_street_key_frames_are_nearly_all_that_is_decoded() {
    for noise in [CALM, ROUGH] {
        let passes = |i: usize| {
            let (at, kind) =
                (1.0 + 5.0 * i as f32, if i.is_multiple_of(3) { CAR } else { MOTORBIKE });
            Actor::new(kind).at(at, -0.2, 0.72).at(at + 6.0, 1.2, 0.72)
        };
        let street = Street::new("cam", 1.0, 1200.0)
            .looked_at(Rate::Steady(10.0))
            .noise(noise)
            .with(Actor::new(CAR).stops(0.5, 0.66, 100.0, 700.0))
            .with_all((0..240).map(passes));
        let from = Timestamp(street.time(0.0).0 - 1_000_000_000);
        let events = ticking(street.events(), from, street.time(1200.0));
        let keys = Frames::Keys(Duration::from_secs(2));
        let told = sparse::told(&plan(&rule(PARKING)), &events, keys);
        let opened = told.said.iter().filter(|r| r.revision == 1).count();
        assert_eq!(opened, 1);
        assert!(told.decoded < 1000, "{} of 12001, of which 601 are key frames", told.decoded);
    }
}

/// Vehicles in the water, where a gauge says how deep it is; others may look as well.
fn flooded(more: &str) -> Arc<Plan> {
    let level = "[[sensor]]\nid = \"level\"\ntopic = \"level\"\nquantity = \"water_level\"\n";
    plan(&format!("{}{level}{more}", rule("use = \"vehicles-in-water\"\nsensor = \"level\"")))
}

/// Seconds of the street at which looks begin and end, with these readings in cm.
fn looks(plan: &Arc<Plan>, street: &Street, readings: &[(f32, f64)]) -> (Vec<(f32, bool)>, Box) {
    let mut engine = Box::new(plan);
    let start = street.time(0.0);
    let from = Timestamp(start.0 - 1_000_000_000);
    let mut events: Vec<Event> = street.events();
    let reading = |(at, value): &(f32, f64)| Event::Reading {
        sensor: name("level"),
        at: street.time(*at),
        value: *value,
    };
    events.extend(readings.iter().map(reading));
    events.sort_by_key(Event::at);
    let end = events.last().and_then(Event::at).unwrap();
    let mut told: Vec<(f32, bool)> = Vec::new();
    for event in ticking(events, from, end) {
        let at = event.at().unwrap();
        let looks = |engine: &Box| engine.need.is_some_and(|need| need != Need::NONE);
        // Nobody looks who was not asked to.
        if matches!(event, Event::Observed(_)) && !looks(&engine) {
            continue;
        }
        engine.apply(event);
        if told.last().map(|(_, last)| *last) != engine.need.map(|_| looks(&engine)) {
            told.push((at.since(start).as_secs_f32(), looks(&engine)));
        }
    }
    (told, engine)
}

#[test]
fn a_dry_street_needs_no_looks_and_one_under_water_has_them_at_once() {
    let street =
        Street::new("cam", 1.0, 300.0).with(Actor::new(CAR).stands(0.5, 0.72, 20.0, 280.0));
    let readings: Vec<(f32, f64)> = (0..30)
        .map(|i| (i as f32 * 10.0 + 0.5, if (10..20).contains(&i) { 30.0 } else { 5.0 }))
        .collect();
    let (told, engine) = looks(&flooded(""), &street, &readings);
    // At the tick after the reading, and until what has begun has ended.
    let [(_, false), (deep, true), (dry, false)] = told[..] else { panic!("{told:?}") };
    assert!((101.0..=101.5).contains(&deep), "{deep}");
    assert!((230.0..=240.0).contains(&dry), "its end takes `absence_secs`: {dry}");
    let rest = &engine.attended.last().unwrap().resting[0];
    assert_eq!((rest.rule.as_str(), rest.why), ("vehicles-in-water", Rest::Value));
    let opened: Vec<f32> = engine
        .said
        .iter()
        .filter(|revision| revision.revision == 1)
        .map(|revision| revision.opened.since(street.time(0.0)).as_secs_f32())
        .collect();
    assert_eq!(opened.len(), 1);
    assert!((110.0..=114.0).contains(&opened[0]), "{opened:?}");
    // One that looks back, a rate that was set, and events that wait for older ones go on.
    let waits = flooded("[engine]\nlateness_secs = 10\n");
    assert_eq!(looks(&waits, &street, &readings).0, [(0.0, true)]);
    let both = rule("use = \"vehicles-in-water\"\nsensor = \"level\"") + &rule(PARKING);
    let both = plan(&format!(
        "{both}[[sensor]]\nid = \"level\"\ntopic = \"level\"\nquantity = \"water_level\"\n"
    ));
    let (told, engine) = looks(&both, &street, &readings);
    assert_eq!(told, [(0.0, true)], "another rule looks");
    assert_eq!(engine.attended.last().unwrap().resting.len(), 1);
}

#[test]
fn without_a_value_nothing_can_come_of_looks() {
    let street = Street::new("cam", 1.0, 60.0).with(Actor::new(CAR).stands(0.5, 0.72, 5.0, 50.0));
    assert_eq!(looks(&flooded(""), &street, &[]).0, [(0.0, false)]);
}
