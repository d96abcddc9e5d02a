//! What is told is the same, whether a camera is looked at all the time or only as much as it needs.

use super::VIETNAM;
use super::{Box, Camera, World, disaster, plan_of, rule, suspend, ticking};
use crate::street::{
    Actor, BAG, CALM, CAR, Kind, MOTORBIKE, Noise, PERSON, ROUGH, Random, Rate, Street, TABLE,
    TRUCK,
};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::engine::Event;
use viahe_core::incident::Revision;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

/// Wednesday, 9 o'clock in Vietnam.
const START: &str = "2026-03-04T02:00:00Z";
pub(super) const MINUTES: u64 = 8;
/// Where things stand, side by side.
const PLACES: u64 = 5;
const FRAMES_HZ: f32 = 10.0;

/// Rules of the catalogue with short times, by how often they look.
const RARE: [&str; 5] = [
    "use = \"illegal-parking\"\ndwell_secs = 20\nabsence_secs = 20",
    "use = \"crowding\"\ncount_min = 3\ndwell_secs = 10\nabsence_secs = 5\ncooldown_secs = 20",
    "use = \"abandoned-object\"",
    "use = \"motorbike-on-sidewalk\"\ndwell_secs = 30\nabsence_secs = 20",
    "use = \"blocked-junction\"",
];
const OFTEN: [&str; 2] = ["use = \"dumping\"", "use = \"pedestrian-in-carriageway\""];
const MOST_OFTEN: [&str; 2] = ["use = \"no-helmet\"", "use = \"riding-on-sidewalk\""];
const WAYS: [&str; 1] = ["use = \"wrong-way\"\nallowed_deg = 0"];

/// A day in a street of some minutes, drawn from a seed.
pub(super) struct Day {
    pub(super) plan: Arc<Plan>,
    /// Of its first frame.
    pub(super) start: Timestamp,
    pub(super) events: Vec<Event>,
}

/// From one time to another.
type Order = fn(Timestamp, Timestamp) -> Event;

pub(super) fn day(seed: u64, rules: &[&str], noise: Noise) -> Day {
    let mut random = Random::new(seed);
    let mut below = |most: u64| (random.unit() * most as f32) as u64;
    let start: Timestamp = START.parse().unwrap();
    let mut text = String::new();
    for use_of in rules {
        let (from, lasts) = (below(MINUTES), 1 + below(5));
        let hours = match below(8) {
            0 => String::new(),
            _ => format!("schedule = [\"Mon-Sun 09:{from:02}-09:{:02}\"]", from + lasts),
        };
        text += &rule(&format!("{use_of}\n{hours}"));
    }
    if below(3) == 0 {
        let (from, lasts) = (below(MINUTES), 1 + below(3));
        let entry = rules[below(rules.len() as u64) as usize].split('"').nth(1).unwrap();
        let _ = write!(
            text,
            "[[permit]]\nid = \"fair\"\nreason = \"event\"\nuses = [\"{entry}\"]\ncameras = \
             [\"cam\"]\nschedule = [\"Mon-Sun 09:{from:02}-09:{:02}\"]\n",
            from + lasts
        );
    }
    let secs = MINUTES * 60;
    let mut street = Street::new("cam", 1.0, secs as f32)
        .looked_at(Rate::Steady(FRAMES_HZ))
        .from(START)
        .noise(noise)
        .seed(seed);
    // What stands does not overlap: who is who then may have been settled longer ago than anybody looks back.
    for place in 0..PLACES {
        street = street.with_all(standing(place, &mut below));
    }
    for _ in 0..below(8) {
        street = street.with_all(moving(&mut below));
    }
    let mut events = street.events();
    // One of each: another one might end what the first began, without notice.
    let orders: [(u64, Order); 2] =
        [(2, |at, until| suspend(at, None, until)), (4, |at, until| disaster(at, 2, Some(until)))];
    for (in_so_many, order) in orders {
        let at = start.plus(Duration::from_millis(1000 * below(secs) + 500));
        let until = at.plus(Duration::from_secs(1 + below(secs)));
        if below(in_so_many) == 0 {
            events.push(order(at, until));
        }
    }
    events.sort_by_key(Event::at);
    // What is needed at first is known before the first frame.
    let from = Timestamp(start.0 - 1_000_000_000);
    let events = ticking(events, from, start.plus(Duration::from_secs(secs)));
    Day { plan: plan_of(&World::new(), VIETNAM, "", &text), start, events }
}

/// Something that stands in a place of its own, for long or not.
fn standing(place: u64, below: &mut impl FnMut(u64) -> u64) -> Option<Actor> {
    const KINDS: [Kind; 7] = [CAR, TRUCK, MOTORBIKE, BAG, TABLE, PERSON, PERSON];
    let from = 5.0 + below(MINUTES * 60) as f32;
    let to = from + 3.0 + below(400) as f32;
    let (x, y) = ((place as f32 + 0.5) / PLACES as f32, 0.66 + below(8) as f32 / 100.0);
    let kind = KINDS[below(KINDS.len() as u64) as usize];
    match below(4) {
        0 => None,
        // It was there before anybody looked.
        1 => Some(Actor::new(kind).stands(x, y, 0.0, to)),
        2 => Some(Actor::new(kind).stands(x, y, from, to)),
        _ => Some(Actor::new(CAR).stops(x, y, from, to).retracked_every(40.0)),
    }
}

/// Somebody who passes.
fn moving(below: &mut impl FnMut(u64) -> u64) -> Vec<Actor> {
    let (from, y) = (below(MINUTES * 60) as f32, 0.64 + below(16) as f32 / 100.0);
    if below(2) == 0 {
        return vec![Actor::new(PERSON).at(from, -0.1, y).at(from + 25.0, 1.1, y)];
    }
    let bike = Actor::new(MOTORBIKE).at(from, 1.1, y).at(from + 12.0, -0.1, y);
    let riders = bike.riders(PERSON, 1 + below(2) as usize);
    std::iter::once(bike.carried()).chain(riders).collect()
}

/// What is told of a day, and how many looks that took.
fn told(of: &Day, mut camera: Camera) -> (Vec<Revision>, u64) {
    let mut engine = Box::new(&of.plan);
    for event in &of.events {
        camera.show(&mut engine, event.clone());
    }
    let last = engine.engine.finish();
    engine.carry_out(last);
    // The way that a thing came is told as far back as somebody looked, and nobody looks while rules rest.
    engine.said.iter_mut().for_each(|revision| revision.geometry.path.clear());
    (engine.said, camera.looks)
}

pub(super) fn told_to_all_looks(of: &Day) -> (Vec<Revision>, u64) {
    told(of, Camera::always(&of.plan))
}

fn told_with_attention(of: &Day) -> (Vec<Revision>, u64) {
    told(of, Camera::attentive(&of.plan, of.start))
}

/// For people.
fn short(of: &Day, revision: &Revision) -> String {
    let Revision { rule, revision, state, first_seen, opened, updated, .. } = revision;
    let secs = |at: Timestamp| at.since(of.start).as_secs_f32();
    let [first, opened, updated] = [*first_seen, *opened, *updated].map(secs);
    format!("{rule} {revision} {state:?}: first seen {first}, opened {opened}, told {updated}")
}

/// The first revision in which the two differ.
fn difference(of: &Day, all: &[Revision], attended: &[Revision]) -> Option<String> {
    let at = (0..all.len().max(attended.len())).find(|i| all.get(*i) != attended.get(*i))?;
    let [all, attended] = [all, attended].map(|told| told.get(at).map(|r| short(of, r)));
    Some(format!("revision {at}: {all:?} with all looks, {attended:?} with attention"))
}

/// Tells the day twice; the looks without and with attention.
fn check_same(of: &Day) -> Result<(u64, u64), TestCaseError> {
    let (all, looks) = told_to_all_looks(of);
    let (attended, fewer) = told_with_attention(of);
    prop_assert!(fewer <= looks, "{fewer} looks instead of {looks}");
    let difference = difference(of, &all, &attended);
    prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
    Ok((looks, fewer))
}

#[test]
fn attention_saves_looks_and_incidents_stay() {
    let (mut looks, mut fewer, mut said) = (0, 0, 0);
    for seed in 0..24 {
        let day = day(seed, &RARE, CALM);
        said += told_with_attention(&day).0.len();
        let (a, b) = check_same(&day).unwrap();
        (looks, fewer) = (looks + a, fewer + b);
    }
    println!("{fewer} looks instead of {looks}, {said} revisions");
    assert!(fewer < looks && said > 50, "{fewer} of {looks} looks, {said} revisions");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Rules that look equally often, with hours of their own, permits, orders and disasters.
    #[test]
    fn rules_of_one_rate_tell_the_same(
        seed in any::<u64>(),
        group in prop::sample::select(vec![&RARE[..], &OFTEN, &MOST_OFTEN, &WAYS]),
        count in 1usize..4,
        rough in any::<bool>(),
    ) {
        let noise = if rough { ROUGH } else { CALM };
        check_same(&day(seed, &group[..count.min(group.len())], noise))?;
    }
}

/// What became of a rule's incident: when it opened and, if it did, closed.
pub(super) type Story = (String, Timestamp, Option<Timestamp>);

pub(super) fn stories(said: &[Revision]) -> Vec<Story> {
    let first = said.iter().filter(|r| r.revision == 1);
    let story = |r: &Revision| {
        let closed = said.iter().filter(|s| s.incident == r.incident).find_map(|s| s.closed);
        (r.rule.to_string(), r.opened, closed)
    };
    let mut all: Vec<Story> = first.map(story).collect();
    all.sort();
    all
}

/// Which of a camera's looks a rule takes depends on what else the camera is looked at for: its times may
/// shift by two intervals, and so what just comes about, or ends in one or two, may not.
#[test]
fn rules_of_several_rates_tell_the_same_but_for_what_hangs_on_a_look() {
    const DAYS: u64 = 150;
    let rules: Vec<&str> = RARE[..2].iter().chain(&OFTEN).chain(&MOST_OFTEN).copied().collect();
    let shift = Duration::from_secs(2);
    let near = |a: Timestamp, b: Timestamp| a.since(b).max(b.since(a)) <= shift;
    let same = |a: &Story, b: &Story| {
        let ends = match (a.2, b.2) {
            (Some(a), Some(b)) => near(a, b),
            (a, b) => a == b,
        };
        a.0 == b.0 && near(a.1, b.1) && ends
    };
    let (mut looks, mut fewer, mut count, mut differ) = (0, 0, 0, 0);
    for seed in 0..DAYS {
        let day = day(seed, &rules, Noise { jitter: 0.0, miss: 0.0 });
        let (all, a) = told_to_all_looks(&day);
        let (attended, b) = told_with_attention(&day);
        let [all, attended] = [&all, &attended].map(|said| stories(said));
        let pairs = all.iter().zip(&attended).all(|(a, b)| same(a, b));
        differ += u64::from(all.len() != attended.len() || !pairs);
        (looks, fewer, count) = (looks + a, fewer + b, count + all.len());
    }
    println!("{fewer} looks instead of {looks}; {count} incidents, {differ} of {DAYS} days differ");
    assert!(fewer < looks && count > 300 && differ <= DAYS / 20, "{count} {differ}");
}
