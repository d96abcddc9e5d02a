//! What is drawn over the pictures of an incident is what was so when they were taken.

use crate::support::{name, one_camera};
use std::sync::Arc;
use viahe_contract::message::{EndReason, Geometry};
use viahe_core::engine::{Effect, Engine, Event};
use viahe_core::frame::FrameStamp;
use viahe_core::id::TrackId;
use viahe_core::incident::Revision;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};

const KERB: [[f64; 2]; 4] = [[0.0, 0.2], [1.0, 0.2], [1.0, 1.0], [0.0, 1.0]];
/// As somebody draws it later.
const OTHER: [[f64; 2]; 3] = [[0.0, 0.3], [1.0, 0.3], [0.5, 1.0]];

fn plan(zone: &[[f64; 2]], rule: &str) -> Arc<Plan> {
    plan_with(zone, rule, "")
}

fn plan_with(zone: &[[f64; 2]], rule: &str, permits: &str) -> Arc<Plan> {
    let rest = format!(
        "[camera.zone.kerb]\npolygon = {zone:?}\n[[camera.rule]]\nzone = \"kerb\"\n{rule}\n{permits}"
    );
    one_camera("cam", &rest)
}

fn parking(zone: &[[f64; 2]]) -> Arc<Plan> {
    plan(zone, "use = \"illegal-parking\"\ndwell_secs = 20")
}

/// A look a second; cars by their left edges.
fn looks(engine: &mut Engine, from: u64, all: &[Vec<f32>]) -> Vec<Revision> {
    let mut said = Vec::new();
    for (seq, lefts) in (from..).zip(all) {
        let at = Timestamp::from_secs(1_790_000_000 + seq);
        let clock = ClockSource::Recording;
        let objects = (1..).zip(lefts).map(|(track, left)| Object {
            track: TrackId(track),
            class: Class::try_from("vehicle.car").unwrap(),
            confidence: 0.8.try_into().unwrap(),
            bbox: [*left, 0.5, left + 0.15, 0.7].try_into().unwrap(),
        });
        let event = Event::Observed(Observation {
            camera: name("cam"),
            frame: FrameStamp { seq, captured: at, arrived: at, offset_ms: 0, clock },
            size_px: [1000, 500],
            objects: objects.collect(),
            undecided: Vec::new(),
        });
        let mut todo = engine.apply(event);
        while let Some(effect) = todo.pop() {
            match effect {
                Effect::Capture(c) => {
                    todo.extend(engine.apply(Event::Captured { capture: c.id, evidence: None }));
                }
                Effect::Publish(revision) => said.push(*revision),
                _ => {}
            }
        }
    }
    said
}

/// It comes from the right, stands, and is pushed a little before the rule fires.
fn arrives() -> Vec<Vec<f32>> {
    let comes = (0..12).map(|i| 0.8 - 0.05 * i as f32);
    comes.chain([0.2; 12]).chain([0.22; 20]).map(|left| vec![left]).collect()
}

fn near(a: [f64; 2], b: [f64; 2]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3)
}

#[test]
fn each_picture_has_the_boxes_of_its_moment_and_the_path_leads_there() {
    let mut engine = Engine::new(parking(&KERB));
    let said = looks(&mut engine, 0, &arrives());
    let Geometry { zone, bays, line, path, boxes } = &said[0].geometry;
    assert_eq!((zone.as_slice(), bays.len(), line), (&KERB[..], 0, &None));
    assert_eq!(boxes.first_seen, [[0.2, 0.5, 0.35, 0.7]], "where it had come to rest");
    assert_eq!(boxes.opened, [[0.22, 0.5, 0.37, 0.7]], "where it was told");
    assert!((3..=12).contains(&path.len()), "{path:?}");
    assert!(near(path[0], [0.875, 0.7]), "where it was first seen, half a minute ago: {path:?}");
    assert!(near(path[path.len() - 1], [0.295, 0.7]), "where it is: {path:?}");
}

#[test]
fn what_does_not_move_has_no_path_and_a_zone_none_either() {
    let mut engine = Engine::new(parking(&KERB));
    let said = looks(&mut engine, 0, &vec![vec![0.4]; 30]);
    assert_eq!(said[0].geometry.path, Vec::<[f64; 2]>::new());
    let crowd = plan(&KERB, "use = \"crowding\"\nclasses = [\"vehicle.car\"]");
    let mut engine = Engine::new(crowd);
    let said = looks(&mut engine, 0, &vec![(0..20).map(|i| 0.04 * i as f32).collect(); 60]);
    assert!(!said.is_empty(), "twenty are a crowd");
    let Geometry { path, boxes, .. } = &said[0].geometry;
    assert_eq!((path.len(), boxes.first_seen.len(), boxes.opened.len()), (0, 16, 16), "bounded");
}

#[test]
fn a_zone_that_is_edited_later_is_not_that_of_an_older_incident() {
    let mut engine = Engine::new(parking(&KERB));
    let opened = looks(&mut engine, 0, &arrives());
    // Kept over a restart, too.
    let (mut engine, _) = Engine::restore(parking(&KERB), &engine.save()).unwrap();
    let ended = engine.reload(parking(&OTHER)).into_iter().find_map(|effect| match effect {
        Effect::Publish(revision) => Some(*revision),
        _ => None,
    });
    let ended = ended.unwrap();
    assert_eq!(ended.ended_by, Some(EndReason::RuleChanged));
    assert_eq!(ended.geometry.zone, KERB);
    assert_eq!(ended.geometry.boxes, opened[0].geometry.boxes);
    let again = looks(&mut engine, 100, &vec![vec![0.3]; 40]);
    assert_eq!(again[0].geometry.zone, OTHER);
}

/// A bay beside the kerb, as the pipeline has it.
fn bay(id: &str, uses: &str, left: f64, more: &str) -> String {
    let right = left + 0.1;
    format!(
        "[[permit]]\nid = \"{id}\"\nreason = \"parking_bay\"\ncameras = [\"cam\"]\nuses = [\"{uses}\"]\n\
         polygon = [[{left}, 0.6], [{right}, 0.6], [{right}, 0.9], [{left}, 0.9]]\n{more}\n"
    )
}

#[test]
fn bays_are_those_in_which_it_was_permitted_when_it_was_told() {
    let parking = "use = \"illegal-parking\"\ndwell_secs = 20";
    let crowding = "[[camera.rule]]\nuse = \"crowding\"\nzone = \"kerb\"";
    let permits = [
        bay("far", "illegal-parking", 0.85, ""),
        bay("near", "illegal-parking", 0.6, ""),
        bay("over", "illegal-parking", 0.7, "until = \"2020-01-01 00:00\""),
        bay("of-another-rule", "crowding", 0.4, ""),
    ];
    let permits = permits.concat();
    let plan_of = |permits: &str| plan_with(&KERB, &format!("{parking}\n{crowding}"), permits);
    let mut engine = Engine::new(plan_of(&permits));
    let said = looks(&mut engine, 0, &vec![vec![0.2]; 30]);
    let lefts = |of: &Geometry| of.bays.iter().map(|bay| bay[0][0]).collect::<Vec<_>>();
    assert_eq!(lefts(&said[0].geometry), [0.6, 0.85], "nearest first, and no others");
    // What stands in one is let be, and beside all of them they are what was so when it was told.
    let mut engine = Engine::new(plan_of(&permits));
    assert_eq!(looks(&mut engine, 0, &vec![vec![0.575]; 30]), []);
    // A street may have more than are told.
    let many: String = (0..40)
        .map(|n| bay(&format!("bay-{n:02}"), "illegal-parking", f64::from(n) * 0.01 + 0.45, ""))
        .collect();
    let mut engine = Engine::new(plan_of(&many));
    let said = looks(&mut engine, 0, &vec![vec![0.2]; 30]);
    let told = lefts(&said[0].geometry);
    assert_eq!((told.len(), told[0]), (16, 0.45), "{told:?}");
    assert!(told.is_sorted(), "{told:?}");
}
