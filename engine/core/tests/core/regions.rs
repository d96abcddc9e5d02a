//! What of its picture each rule of the catalogue is about.

use crate::support::{World, tomls};
use viahe_core::geometry::UnitBox;
use viahe_core::model::ModelInfo;
use viahe_core::observe::Class;
use viahe_core::plan::Plan;
use viahe_core::region::areas;

fn plan(camera: &str, rules: &str) -> Plan {
    plan_in(&World::new(), camera, rules)
}

fn plan_in(world: &World, camera: &str, rules: &str) -> Plan {
    let text = format!(
        "[site]\nid = \"test-site\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n\
         [model.street]\npackage = \"ssdlite-coco\"\n\
         [[sensor]]\nid = \"level\"\ntopic = \"level\"\nquantity = \"water_level\"\n\
         [[camera]]\nid = \"gate\"\nurl = \"rtsp://10.0.0.1/1\"\nmodel = \"street\"\n{camera}\n\
         [camera.zone.kerb]\npolygon = [[0.25, 0.5], [0.5, 0.5], [0.375, 0.75]]\n\
         [camera.zone.far]\npolygon = [[0.5, 0.125], [0.75, 0.125], [0.75, 0.25]]\n\
         [camera.line.gate]\npoints = [[0.125, 0.5], [0.0, 0.25]]\n{rules}"
    );
    let plan = world.parse_with("pipeline.toml", &text, &|_| Ok(sees_all()));
    plan.unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// A model for any rule of the catalogue.
fn sees_all() -> ModelInfo {
    let labels = [
        "person",
        "vehicle.car",
        "vehicle.truck",
        "vehicle.bus",
        "vehicle.two_wheel.motorcycle",
        "animal.dog",
        "goods.bag",
        "goods.stall",
        "furniture.chair",
        "head.bare",
    ];
    ModelInfo {
        labels: labels.iter().map(|label| Class::try_from(*label).unwrap()).collect(),
        refines: Vec::new(),
    }
}

fn rule(of: &str) -> String {
    format!("[[camera.rule]]\nuse = \"{of}\n")
}

fn corners(plan: &Plan) -> Vec<[f32; 4]> {
    areas(&plan.cameras[0]).iter().map(UnitBox::corners).collect()
}

const KERB: [f32; 4] = [0.25, 0.5, 0.5, 0.75];
const FAR: [f32; 4] = [0.5, 0.125, 0.75, 0.25];

#[test]
fn rules_of_the_catalogue_are_about_their_zone() {
    let mut asked = 0;
    for file in tomls("pipelines/catalogue").keys() {
        let entry = file.trim_end_matches(".toml");
        let more = match entry {
            "wrong-way" => "\"\nallowed_deg = 0\nzone = \"kerb\"",
            "vehicles-in-water" => "\"\nsensor = \"level\"\nzone = \"kerb\"",
            // They look at nothing.
            "camera-fault" | "rain-watch" | "flooded-street" => continue,
            _ => "\"\nzone = \"kerb\"",
        };
        let Ok(plan) = std::panic::catch_unwind(|| plan("", &rule(&format!("{entry}{more}"))))
        else {
            // Its classes are not this model's.
            continue;
        };
        asked += 1;
        let known: &[[f32; 4]] = if entry == "stray-animal" { &[] } else { &[KERB] };
        assert_eq!(corners(&plan), known, "{entry}");
    }
    assert!(asked >= 8, "{asked}");
}

/// What is seen less surely than any rule asks for need not be followed.
#[test]
fn a_camera_asks_as_little_surely_as_the_least_of_its_rules() {
    let (parking, crowd) = ("illegal-parking\"\nzone = \"kerb\"", "crowding\"\nzone = \"far\"");
    let sure = |of: &str, least: &str| rule(&format!("{of}\nconfidence_min = {least}"));
    let fault = rule("camera-fault\"");
    for (rules, want) in [
        (fault.clone(), None),
        ([fault, sure(crowd, "0.6")].concat(), Some(0.6)),
        ([sure(crowd, "0.6"), sure(parking, "0.25")].concat(), Some(0.25)),
        // What else the rule speaks of counts as well: the queue that a parked car is told from.
        (sure(parking, "0.6"), Some(0.3)),
    ] {
        assert_eq!(plan("", &rules).cameras[0].confidence_min(), want, "{rules}");
    }
}

#[test]
fn each_place_is_told_once_and_a_rule_that_looks_anywhere_wants_all() {
    let (parking, far) = ("illegal-parking\"\nzone = \"kerb\"", "crowding\"\nzone = \"far\"");
    let night = format!("{parking}\nid = \"night\"");
    let rules = [rule(parking), rule(far), rule(&night)].concat();
    assert_eq!(corners(&plan("", &rules)), [KERB, FAR]);
    let closely = |camera: &str| plan(camera, &rules).cameras[0].regions;
    assert!(closely(""), "nobody needs to ask for it");
    assert!(closely("regions = \"auto\"") && !closely("regions = \"off\""));
    let none: [[f32; 4]; 0] = [];
    assert_eq!(corners(&plan("", "")), none, "nothing to look at");
    // A herd may be long, and so is led from far away.
    let herd = |near: &str| rule(&format!("stray-animal\"\nzone = \"kerb\"\nnear_max = {near}"));
    assert_eq!(corners(&plan("", &herd("0.5"))), none);
    assert_eq!(corners(&plan("", &herd("0.3"))), [KERB]);
    // Each vehicle wherever it is, and those of them that cross the line.
    let anywhere =
        [rule(parking), rule("line-crossed\"\nzone = \"kerb\"\nline = \"gate\"")].concat();
    assert_eq!(corners(&plan("", &anywhere)), none);
}

/// Things may name each other along very many ways, of which none is longer than the things are many.
#[test]
fn what_things_are_to_each_other_is_asked_once_of_each() {
    let more = |near: f32| {
        let thing = |n: usize| {
            let to = if n == 0 {
                String::new()
            } else {
                format!(
                    "on = \"thing-{0}\"\nnot_on = \"thing-{0}\"\nbeside = \"thing-{0}\"\nnear_max = {near}\n",
                    n - 1
                )
            };
            format!("[thing.thing-{n}]\nclasses = [\"person\"]\narea = \"anywhere\"\n{to}\n")
        };
        (0..24).map(thing).collect::<String>()
    };
    let known = tomls("pipelines/catalogue").remove("illegal-parking.toml").unwrap();
    let at = known.find("[when.").unwrap();
    let about = |near: f32| {
        let entry = format!("{}{}{}", &known[..at], more(near), &known[at..]);
        let world = World::new().with_entry("linked", entry);
        corners(&plan_in(&world, "", &rule("linked\"\nzone = \"kerb\"")))
    };
    assert_eq!(about(0.05), [KERB]);
    assert_eq!(about(0.1), [[0.0; 4]; 0], "23 times as far is more than context holds");
}
