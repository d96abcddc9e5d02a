//! The three hosts tell the same of the same street.

use super::street::{Street, secs};
use crate::host::replay::{self, Material, Results};
use crate::record::Recording;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use viahe_core::scenario::Run;

fn without_pictures(mut messages: Vec<Value>) -> Vec<Value> {
    for message in &mut messages {
        message["data"]["evidence"] = json!([]);
    }
    messages
}

#[test]
fn a_box_its_recording_and_a_scenario_of_it_tell_the_same() {
    let mut street = Street::new();
    let recording = street.dir().join("seen.jsonl");
    street.record = Some(recording.clone());
    street.vehicle(1, 40);
    street.world.then(secs(50.0), |world| world.set_clock(3_600_000));
    street.gone(70.0);
    street.up(71.0);
    street.vehicle(81, 100);
    street.run(150.0);
    let of_box = without_pictures(street.messages());
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
    assert_eq!(without_pictures(revisions.map(event).collect()), of_box);
}
