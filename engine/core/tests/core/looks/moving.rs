//! Who moves: walkers, riders, animals.

use super::{Y, check, story, street};
use crate::street::{Actor, BARE, COW, Kind, MOTORBIKE, PERSON, RIDER};

const WALKER: &str = "use = \"pedestrian-in-carriageway\"";

#[test]
fn walkers_under_names_that_change() {
    let walks = || Actor::new(PERSON).at(3.0, 0.1, Y).at(20.0, 0.9, Y);
    let told = || (vec![7.0], 2.5);
    let burst =
        |a: Actor| (0..6).fold(a, |a, i| a.blinks(4.0 + 3.0 * i as f32, 4.9 + 3.0 * i as f32));
    let mut stories = Vec::new();
    for every in [1.0, 3.0] {
        let street = street(26.0).with(walks().retracked_every(every));
        stories.push(story(&format!("a new id every {every} s"), WALKER, 2.0, street, told()));
    }
    let bursts = street(26.0).with(burst(walks()).missed(0.15).retracked(12.0));
    stories.push(story("missed in bursts", WALKER, 2.0, bursts, told()));
    // Two who pass each other, each for too short a time; and one after the other in one place.
    let dash = |from: f32, a: f32, b: f32| {
        Actor::new(PERSON).at(from, a, 0.55).at(from + 1.5, a, 0.66).at(from + 3.0, b, 0.66).at(
            from + 4.5,
            b,
            0.55,
        )
    };
    let pass = street(20.0).with(dash(3.0, 0.4, 0.55)).with(dash(3.3, 0.55, 0.4));
    stories.push(story("two pass each other", WALKER, 2.0, pass, (vec![], 0.0)));
    let steps_in = |i: usize| {
        let from = 3.0 + 5.0 * i as f32;
        let comes = Actor::new(PERSON).at(from, 0.3, 0.55).at(from + 1.5, 0.5, 0.66);
        comes.until(from + 2.7).at(from + 4.5, 0.7, 0.55)
    };
    let after = (0..4).map(steps_in);
    // Each appears in the same place, behind something that hides how they come.
    let appear = (0..4).map(|i| {
        let from = 3.0 + 7.0 * i as f32;
        Actor::new(PERSON).stands(0.5, Y, from, from + 3.0)
    });
    stories.push(story(
        "one appears after the other",
        WALKER,
        2.0,
        street(34.0).with_all(appear),
        (vec![], 0.0),
    ));
    stories.push(story(
        "one after the other",
        WALKER,
        2.0,
        street(30.0).with_all(after),
        (vec![], 0.0),
    ));
    check(&stories);
}

#[test]
fn riders_whose_bikes_are_missed() {
    let mut stories = Vec::new();
    for (miss, secs) in [(0.3, 40.0), (0.4, 20.0)] {
        let stops = |i: usize| {
            Actor::new(MOTORBIKE).stops(
                0.3 + 0.15 * i as f32,
                0.66 + 0.04 * i as f32,
                8.0 + i as f32,
                secs,
            )
        };
        let riders = (0..4).fold(street(secs + 12.0), |street, i| {
            street.with(stops(i).carried().missed(miss)).with_all(stops(i).riders(RIDER, 1))
        });
        stories.push(story(
            &format!("riders wait, {miss} of bikes missed"),
            WALKER,
            2.0,
            riders,
            (vec![], 0.0),
        ));
    }
    let rides = Actor::new(MOTORBIKE).at(2.0, -0.1, Y).at(18.0, 1.1, Y);
    let bursts = [5.0, 9.0, 13.0].iter().fold(rides.clone(), |bike, at| bike.blinks(*at, at + 2.2));
    let street_of =
        street(22.0).with(bursts.carried().missed(0.2)).with_all(rides.riders(RIDER, 2));
    stories.push(story(
        "riders whose bike is missed in bursts",
        WALKER,
        2.0,
        street_of,
        (vec![], 0.0),
    ));
    // Who gets off and walks away from the bike is a walker again.
    let bike = Actor::new(MOTORBIKE).at(2.0, -0.1, Y).at(6.0, 0.4, Y).until(40.0);
    let on_it = Actor::new(RIDER)
        .at(2.0, -0.1, Y)
        .at(6.0, 0.4, Y)
        .until(10.0)
        .beside(0.0, -0.035)
        .carried();
    let leaves = Actor::new(PERSON).at(10.2, 0.45, Y + 0.02).at(24.0, 0.9, Y + 0.02);
    let street_of = street(30.0).with(bike).with(on_it).with(leaves);
    stories.push(story("gets off and walks", WALKER, 2.0, street_of, (vec![16.0], 2.5)));
    check(&stories);
}

#[test]
fn animals_under_names_that_change() {
    let rule = "use = \"stray-animal\"";
    let stands = || Actor::new(COW).stands(0.5, Y, 5.0, 45.0);
    let led = || Actor::new(COW).at(2.0, 0.1, Y).at(26.0, 0.8, Y);
    let drover = led().path_of(PERSON).beside(0.22, 0.0);
    let mut stories = Vec::new();
    for every in [2.0, 4.0] {
        let street = street(50.0).with(stands().retracked_every(every).missed(0.3));
        stories.push(story(
            &format!("a new id every {every} s"),
            rule,
            2.0,
            street,
            (vec![10.0], 3.5),
        ));
    }
    let walks = Actor::new(COW).at(2.0, 0.1, Y).at(26.0, 0.9, Y).retracked_every(3.0);
    stories.push(story(
        "it walks under new ids",
        rule,
        2.0,
        street(30.0).with(walks),
        (vec![7.0], 3.0),
    ));
    let street_of =
        street(30.0).with(led().retracked_every(3.0)).with(drover.missed(0.3).retracked_every(4.0));
    stories.push(story("led under new ids", rule, 2.0, street_of, (vec![], 0.0)));
    check(&stories);
}

#[test]
fn what_moves_under_names_that_change() {
    let along = |secs: f32, left: bool| {
        let (a, b) = if left { (1.1, -0.1) } else { (-0.1, 1.1) };
        Actor::new(MOTORBIKE).at(2.0, a, Y).at(2.0 + secs, b, Y)
    };
    let ridden = |bike: Actor, kind: Kind, count: usize, every: f32| {
        let riders = bike.riders(kind, count).into_iter().map(|r| r.retracked_every(every * 1.3));
        street(14.0).with_all(riders).with(bike.clone().carried().retracked_every(every))
    };
    let wrong = "use = \"wrong-way\"\nallowed_deg = 0";
    check(&[
        story(
            "wrong way, a new id each second",
            wrong,
            5.0,
            street(14.0).with(along(8.0, true).retracked_every(1.0)),
            (vec![3.7], 1.2),
        ),
        story(
            "wrong way and fast",
            wrong,
            5.0,
            street(8.0).with(along(2.5, true)),
            (vec![2.6], 0.8),
        ),
        story(
            "the right way under new ids",
            wrong,
            5.0,
            street(14.0).with(along(8.0, false).retracked_every(0.7)),
            (vec![], 0.0),
        ),
        story(
            "rides on the sidewalk under new ids",
            "use = \"riding-on-sidewalk\"",
            4.0,
            ridden(along(8.0, false), RIDER, 1, 2.0),
            (vec![4.6], 1.6),
        ),
        story(
            "three up under new ids",
            "use = \"overloaded-motorbike\"",
            4.0,
            ridden(along(8.0, false), RIDER, 3, 3.0),
            (vec![4.6], 1.8),
        ),
        story(
            "bare under new ids",
            "use = \"no-helmet\"",
            4.0,
            ridden(along(8.0, false), BARE, 1, 2.0),
            (vec![4.6], 1.6),
        ),
        story(
            "a bike that is pushed",
            "use = \"riding-on-sidewalk\"",
            4.0,
            street(16.0)
                .with(along(14.0, false).retracked_every(3.0))
                .with(along(14.0, false).path_of(PERSON).beside(0.13, 0.0)),
            (vec![], 0.0),
        ),
    ]);
}
