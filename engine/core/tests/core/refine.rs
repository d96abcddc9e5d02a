//! The second stage: votes, choice and budget.

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use viahe_contract::class::Class;
use viahe_core::config::{Taxonomy, model};
use viahe_core::geometry::PxBox;
use viahe_core::id::TrackId;
use viahe_core::model::{Activation, Classifier, Described, Head};
use viahe_core::refine::{Budget, CROPS_MAX, LOOKS_MIN, Refiner, SHARE, Shown};
use viahe_core::time::Timestamp;
use viahe_testing::model::HELMETS;

/// Columns: helmet, bare, something else.
const BARE: [f32; 3] = [0.02, 0.95, 0.03];
const HELMET: [f32; 3] = [0.95, 0.02, 0.03];
const ELSE: [f32; 3] = [0.02, 0.03, 0.95];

fn helmets(activation: Activation) -> Classifier {
    let read = model::parse_any("model.toml", HELMETS, &Taxonomy::builtin()).unwrap();
    let Described::Classifier(mut classifier) = read else { panic!("a detector") };
    if let Head::Classifier { activation: of, .. } = &mut classifier.model.head {
        *of = activation;
    }
    classifier
}

fn class(text: &str) -> Class {
    Class::try_from(text).unwrap()
}

fn track(n: u32) -> TrackId {
    TrackId::new(0, n)
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_000 + secs)
}

fn told(refiner: &Refiner) -> Option<String> {
    refiner.refined(track(1), &class("person")).map(ToString::to_string)
}

/// After these looks at one person.
fn after(looks: &[[f32; 3]]) -> Option<String> {
    let mut refiner = Refiner::new(&helmets(Activation::None));
    for (secs, values) in looks.iter().enumerate() {
        refiner.hear(track(1), at(secs as u64), values);
    }
    told(&refiner)
}

#[test]
fn several_looks_decide_and_no_single_one_does() {
    let bare = Some("person.rider_bare".to_owned());
    let helmet = Some("person.rider_helmet".to_owned());
    let half = [0.45, 0.45, 0.1];
    for (looks, want) in [
        (vec![BARE; 2], None),
        (vec![BARE; 3], bare.clone()),
        (vec![HELMET; 3], helmet.clone()),
        (vec![ELSE; 9], None),
        (vec![half; 40], None),
        (vec![BARE, HELMET, BARE, HELMET], None),
        ([vec![BARE; 20], vec![HELMET; 5]].concat(), bare.clone()),
        ([vec![BARE; 20], vec![HELMET; 6]].concat(), helmet),
        // What means nothing takes the word back: the detector's class stands.
        ([vec![BARE; 20], vec![ELSE; 7]].concat(), None),
        (vec![[f32::NAN, 1.0, 0.0]; 9], None),
        (vec![[f32::INFINITY, 1.0, 0.0]; 9], None),
        (vec![[0.0, 7.0, 0.0]; 9], None),
    ] {
        assert_eq!(after(&looks), want, "{looks:?}");
    }
}

#[test]
fn values_are_what_their_activation_says() {
    for (activation, values, want) in [
        (Activation::Softmax, [-3.0, 4.0, 0.0], true),
        (Activation::Softmax, [f32::NEG_INFINITY, 900.0, 0.0], true),
        (Activation::Softmax, [1.0, 1.0, 1.0], false),
        (Activation::Sigmoid, [-4.0, 4.0, -4.0], true),
        (Activation::Sigmoid, [-4.0, -4.0, -4.0], false),
        (Activation::Softmax, [f32::NEG_INFINITY; 3], false),
    ] {
        let mut refiner = Refiner::new(&helmets(activation));
        (0..6).for_each(|secs| _ = refiner.hear(track(1), at(secs), &values));
        assert_eq!(told(&refiner).is_some(), want, "{activation:?} {values:?}");
    }
}

#[test]
fn a_class_is_narrowed_and_never_another_one() {
    let mut refiner = Refiner::new(&helmets(Activation::None));
    (0..6).for_each(|secs| _ = refiner.hear(track(1), at(secs), &BARE));
    for (detector, want) in [
        ("person", true),
        ("vehicle", false),
        ("person.rider_bare", false),
        ("person.rider_helmet", false),
    ] {
        assert_eq!(refiner.refined(track(1), &class(detector)).is_some(), want, "{detector}");
    }
    refiner.keep(&BTreeSet::from([track(2)]));
    assert_eq!(told(&refiner), None, "forgotten");
}

fn person(n: u32, height: f32, of: &Class) -> Shown<'_> {
    let x = n as f32 * 20.0;
    Shown {
        track: track(n),
        class: of,
        bbox: PxBox::new(x, 10.0, x + 10.0, 10.0 + height).unwrap(),
    }
}

#[test]
fn who_was_shown_least_comes_first_and_then_the_tallest() {
    let (of, car) = (class("person"), class("vehicle.car"));
    let mut refiner = Refiner::new(&helmets(Activation::None));
    let seen = [
        person(1, 90.0, &of),
        person(2, 60.0, &of),
        person(3, 80.0, &of),
        person(4, 12.0, &of),
        person(5, 99.0, &car),
    ];
    let chosen = |refiner: &Refiner, secs, most| {
        let (chosen, left_out) = refiner.choose(at(secs), &seen, [640, 360], most);
        let number = |of: TrackId| (0..9).find(|n| track(*n) == of).unwrap();
        let who: Vec<u32> = chosen.iter().map(|(track, _)| number(*track)).collect();
        (who, left_out)
    };
    assert_eq!(chosen(&refiner, 0, 2), (vec![1, 3], 1), "the fourth is too small");
    for n in [1, 3] {
        refiner.hear(track(n), at(0), &BARE);
    }
    assert_eq!(chosen(&refiner, 1, 2), (vec![2, 1], 1));
    for _ in 0..4 {
        refiner.hear(track(1), at(1), &BARE);
    }
    assert_eq!(chosen(&refiner, 2, 9), (vec![2, 3], 0), "the first is decided");
    assert_eq!(chosen(&refiner, 11, 9), (vec![2, 3, 1], 0), "and asked again after a while");
    assert_eq!(chosen(&refiner, 2, 0), (vec![], 2));
}

#[test]
fn a_second_stage_costs_no_more_than_its_share() {
    for crop_ms in [1, 3, 10, 70] {
        let (look, crop) = (Duration::from_millis(30), Duration::from_millis(crop_ms));
        let (mut budget, mut crops) = (Budget::default(), 0);
        for looks in 1..=1_000 {
            let most = budget.after(look, crop);
            assert!(most <= CROPS_MAX);
            budget.spend(most);
            crops += most as u32;
            assert!(crop * crops <= look.mul_f64(SHARE) * looks, "{crop_ms} ms, {looks} looks");
        }
        assert!(crops > 0, "{crop_ms} ms");
    }
}

proptest! {
    /// Whatever a classifier says: two looks decide nothing, and what is told changes only after three others.
    #[test]
    fn whatever_is_said_one_look_never_turns_it(
        looks in proptest::collection::vec(proptest::array::uniform3(
            prop_oneof![-1f32..2.0, 0f32..=1.0, Just(f32::NAN), Just(f32::INFINITY), Just(0.0)],
        ), 0..60),
    ) {
        let mut refiner = Refiner::new(&helmets(Activation::None));
        let (mut before, mut since) = (None, 0);
        for (secs, values) in looks.iter().enumerate() {
            refiner.hear(track(1), at(secs as u64), values);
            let now = told(&refiner);
            since += 1;
            if now != before {
                prop_assert!(since >= 2, "after {since} looks: {before:?} {now:?}");
                prop_assert!(secs + 1 >= LOOKS_MIN as usize);
                (before, since) = (now, 0);
            }
        }
    }

    /// The same look again and again tells what it says, or nothing.
    #[test]
    fn a_look_that_is_always_the_same_is_believed(
        values in proptest::array::uniform3(0f32..=1.0),
    ) {
        let said = after(&[values; 60]);
        let sure = |a: f32, b: f32| a > b * 1.2 && a + b + values[2] > 0.01;
        let [helmet, bare, other] = values;
        let nothing = other + 1.0 - helmet.max(bare).max(other);
        if sure(bare, helmet.max(nothing)) {
            prop_assert_eq!(said.as_deref(), Some("person.rider_bare"));
        } else if nothing.max(helmet) > bare * 1.01 {
            prop_assert_ne!(said.as_deref(), Some("person.rider_bare"));
        }
    }
}
