//! The three hosts tell the same of the same street.

use super::street::{Street, secs};
use crate::host::replay::{self, Material, Results};
use crate::record::Recording;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use viahe_core::scenario::Run;

/// What is said of the street, without pictures and what only shows them.
fn words(mut messages: Vec<Value>) -> Vec<Value> {
    messages.retain(|message| message["data"]["evidence_state"] != "added");
    let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
    for message in &mut messages {
        let data = &mut message["data"];
        (data["evidence"], data["evidence_state"]) = (json!([]), json!("complete"));
        let incident = data["incident"].as_str().unwrap().to_owned();
        let number = numbers.entry(incident.clone()).or_default();
        *number += 1;
        data["revision"] = json!(*number);
        message["id"] = json!(format!("{incident}-r{number}"));
    }
    messages
}

#[test]
fn a_box_its_recording_and_a_scenario_of_it_tell_the_same() {
    // Also when what pictures show is told after the words.
    for pictures_after in [0.02, 0.8, 4.0] {
        agree(pictures_after);
    }
}

fn agree(pictures_after: f64) {
    let mut street = Street::new();
    street.pictures_after(pictures_after);
    let recording = street.dir().join("seen.jsonl");
    street.record = Some(recording.clone());
    street.vehicle(1, 40);
    street.world.then(secs(50.0), |world| world.set_clock(3_600_000));
    street.gone(70.0);
    street.up(71.0);
    street.vehicle(81, 100);
    street.run(150.0);
    let of_box = words(street.messages());
    assert_eq!(of_box.len(), 4);

    let lines = street.dir().join("lines.jsonl");
    let (material, results) = (
        Material::Observations(recording.clone()),
        Results { lines: lines.clone(), evidence: None },
    );
    let mut go_on = |_| ControlFlow::Continue(());
    replay::run(&street.plan(), &material, &results, &mut go_on).unwrap();
    let text = std::fs::read_to_string(lines).unwrap();
    let of_replay: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(of_replay, of_box);

    let (plan, mut run) = (street.plan(), Run::new(&street.plan()));
    Recording::open(&recording).unwrap().run_through(&mut run, |_| ()).unwrap();
    let revisions = run.finish().0.into_iter().flat_map(|told| told.revisions);
    let event = |revision: viahe_core::incident::Revision| {
        serde_json::to_value(revision.event(&plan.site.id, &plan.site.timezone)).unwrap()
    };
    assert_eq!(words(revisions.map(event).collect()), of_box);
}
