//! Whatever happens, in whatever order: no word is lost, and none is said twice.

use super::street::{Street, secs};
use serde_json::json;
use std::collections::BTreeMap;
use viahe_core::random::SplitMix64;

/// Seconds in which things go wrong; all is well again after them.
const WRONG: u64 = 300;

/// A street on which vehicles come and go while disk, broker, worker and clock do what they like.
fn street(seed: u64) -> (Street, usize) {
    let mut random = SplitMix64::new(seed);
    let street = Street::new();
    for n in 0..4 {
        let begin = 1 + 80 * n + random.draw() % 10;
        street.vehicle(begin, begin + 5 + random.draw() % 35);
    }
    let mut orders = 0;
    for _ in 0..12 {
        let at = (random.draw() % (WRONG * 10)) as f64 / 10.0;
        let until = secs((at + (random.draw() % 60) as f64).min(WRONG as f64));
        match random.draw() % 7 {
            0 => {
                street.world.then(secs(at), |world| world.state().disk_full = true);
                street.world.then(until, |world| world.state().disk_full = false);
            }
            1 => {
                street.world.then(secs(at), |world| world.state().broker_takes = 0);
                street.world.then(until, |world| world.state().broker_takes = usize::MAX);
            }
            2 => {
                street.gone(at);
                street.up(at + 1.0);
            }
            3 => {
                let by_ms = (random.draw() % 7_200_000).cast_signed() - 3_600_000;
                street.world.then(secs(at), move |world| world.set_clock(by_ms));
            }
            4 => {
                let after = (random.draw() % 70) as f64 / 10.0;
                let answers = street.answering(after);
                street.world.then(secs(at), move |world| world.answers(answers));
            }
            5 => {
                street.order(at, "snapshot", json!({ "camera": "gate" }));
                orders += 1;
            }
            _ => {
                street.order(at, "reload", json!({}));
                orders += 1;
            }
        }
    }
    (street, orders)
}

#[test]
fn whatever_happens_each_word_is_said_once_and_in_order_and_each_order_answered_once() {
    for seed in 0..20 {
        println!("seed {seed}");
        let (mut street, orders) = street(seed);
        let totals = street.run(WRONG as f64 + 60.0);
        assert_eq!(totals.lost, 0);
        let mut said: BTreeMap<String, Vec<(u64, String, String)>> = BTreeMap::new();
        for message in street.messages() {
            let data = &message["data"];
            let (incident, _) = message["id"].as_str().unwrap().split_once("-r").unwrap();
            let of = said.entry(incident.to_owned()).or_default();
            let (state, pictures) = (data["state"].to_string(), data["evidence_state"].as_str());
            of.push((data["revision"].as_u64().unwrap(), state, pictures.unwrap().to_owned()));
        }
        assert_eq!(said.len() as u64, totals.opened.values().sum::<u64>());
        for (incident, words) in said {
            let numbers: Vec<u64> = words.iter().map(|(number, ..)| *number).collect();
            let all: Vec<u64> = (1..=words.len() as u64).collect();
            assert_eq!(numbers, all, "{incident}");
            let is_closed = |(_, state, pictures): &&(u64, String, String)| {
                state == "\"closed\"" && pictures != "added"
            };
            assert_eq!(words.iter().filter(is_closed).count(), 1, "{incident}");
            // What was promised came, or is known not to come.
            assert_ne!(words.last().unwrap().2, "awaited", "{incident}");
            let shown = words.windows(2).filter(|pair| pair[1].2 == "added");
            shown.for_each(|pair| assert_eq!(pair[0].2, "awaited", "{incident}"));
        }
        let answers = street.answers();
        assert_eq!(answers.len(), orders, "{answers:?}");
        assert_eq!(street.files()[1], 0, "no picture is undecided");
    }
}
