//! What people can get wrong who edit a pipeline from afar is told as a code too, so that a page can say it in
//! any language.

use crate::support::{World, name, tomls};
use std::collections::BTreeSet;
use viahe_contract::class::Class;
use viahe_contract::message::{EditFault, InBoth, ParameterView, SeenBy};
use viahe_core::config::{Entry, Problem, entry_view};

/// An entry that asks for all that may be missing around it.
const ASKS: &str = r#"
version = 1
severity = "low"
each = "car"
by = "track"
trigger = "both"
[thing.car]
classes = ["vehicle.car"]
speed_min_mps = "speed_min_mps"
crossing = "either"
[when.car]
is = "car"
[when.dark]
light = "night"
[when.level]
sensor = "water_level"
on = "value_on"
off = "value_off"
[when.seen]
hits = "car"
min = "hits_min"
looks = 10
[when.both]
all = ["car", "dark", "level", "seen"]
[title]
vi = "x"
en = "x"
[guidance]
vi = "x"
en = "x"
[parameters]
speed_min_mps = 3
value_on = 20
value_off = 15
hits_min = 4
"#;

/// A site on which each edit went wrong.
const SITE: &str = r#"
[site]
id = "hue-phu-hoi"
timezone = "Asia/Ho_Chi_Minh"
[model.street]
package = "ssdlite-coco"
[[camera]]
id = "gate"
url = "pattern://640x360@10"
model = "street"
[camera.zone.kerb]
name = " "
polygon = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9]]
[camera.line.stop]
points = [[0.5, 0.5], [0.5, 0.5]]
[camera.calibration]
picture = [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.4, 0.4]]
ground_m = [[0, 0], [1, 1], [2, 2], [3, 3]]
[[camera.rule]]
use = "crowding"
zone = "kerb"
count_min = 2.5
[[camera]]
id = "square"
url = "pattern://640x360@10"
model = "street"
[camera.zone.kerb]
polygon = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9]]
[camera.line.stop]
points = [[0.5, 0.5], [0.5, 1.5]]
[[camera.rule]]
use = "asks"
zone = "kerb"
[[camera.rule]]
use = "asks"
id = "on-and-off"
zone = "kerb"
value_off = 30
[[camera.rule]]
use = "asks"
id = "hits"
zone = "kerb"
hits_min = 11
"#;

fn told(file: &str, text: &str) -> Vec<Problem> {
    let world = World::new().with_entry("asks", ASKS.to_owned());
    world.parse(file, text).expect_err(file).problems
}

/// Each at its key.
#[test]
fn each_edit_that_went_wrong_has_its_code() {
    let problems = told("site.toml", SITE);
    let coded: Vec<(&str, EditFault)> =
        problems.iter().filter_map(|p| Some((p.path.as_str(), p.fault.clone()?))).collect();
    let missing = |key: &str| EditFault::Missing { key: key.to_owned() };
    let measures = EditFault::NoneMeasures { quantity: "water_level".to_owned() };
    let want = [
        ("camera[gate].zone.kerb.name", EditFault::Empty),
        ("camera[gate].line.stop.points", EditFault::OnePoint),
        ("camera[gate].calibration.picture", EditFault::NoGround),
        ("camera[gate].rule[crowding].count_min", EditFault::NotWhole),
        ("camera[square].line.stop.points", EditFault::OutOfRange { min: 0.0, max: 1.0 }),
        ("camera[square].rule[asks].line", missing("line")),
        ("camera[square].rule[asks].use", EditFault::NotCalibrated),
        ("camera[square].rule[asks].use", EditFault::NoPosition),
        ("camera[square].rule[asks].sensor", measures),
        ("camera[square].rule[on-and-off].use", EditFault::OffBeyondOn { above: true }),
        ("camera[square].rule[hits].use", EditFault::HitsBeyondLooks { looks: 10 }),
    ];
    for one in &want {
        assert!(coded.contains(one), "{one:?} is not among {coded:#?}");
    }
    let all: Vec<&Problem> = problems.iter().filter(|problem| problem.fault.is_none()).collect();
    assert!(all.is_empty(), "they have no code: {all:#?}");
}

#[test]
fn a_model_that_does_not_see_it_is_named_with_those_that_do() {
    let file = "rule-classes-unseen.toml";
    let problems = told(file, &tomls("fixtures/configs")[file]);
    let class = Class::try_from("goods.stall").unwrap();
    let by_market = SeenBy { model: name("market-nano"), classes: vec![class.clone()] };
    let blind = EditFault::ModelBlind {
        model: name("ssdlite-coco"),
        classes: vec![class],
        others: vec![name("market-nano")],
        seen_by: vec![by_market],
    };
    assert_eq!(problems[0].fault, Some(blind));
}

/// No code is there for nothing, and none is forgotten by the reader.
#[test]
fn each_code_of_the_contract_is_told_of_something() {
    let mut codes = BTreeSet::new();
    let mut take = |problems: Vec<Problem>| {
        for fault in problems.into_iter().filter_map(|problem| problem.fault) {
            let told = serde_json::to_value(fault).unwrap();
            codes.insert(told["code"].as_str().unwrap().to_owned());
        }
    };
    for (file, text) in tomls("fixtures/configs") {
        take(told(&file, &text));
    }
    take(told("site.toml", SITE));
    // What its reader lists to who writes none.
    let error = serde_json::from_str::<EditFault>(r#"{ "code": "no-such-code" }"#).unwrap_err();
    let error = error.to_string();
    let list = error.split_once("expected").unwrap().1;
    let all: BTreeSet<String> = list.split('`').skip(1).step_by(2).map(Into::into).collect();
    assert!(all.len() > 20, "{all:?}");
    assert_eq!(codes, all);
}

#[test]
fn each_parameter_of_the_catalogue_has_words_in_both_languages() {
    let entries = tomls("pipelines/catalogue");
    let mut told = Vec::new();
    for (file, text) in &entries {
        let entry = file.strip_suffix(".toml").unwrap();
        let seen = entry_view(&name(entry), &Entry::parse(entry, text).unwrap());
        assert!(seen.parameters.len() >= 2, "{entry}: each has an absence and a cooldown");
        for ParameterView { name: parameter, title, help, .. } in seen.parameters {
            for words in [title, help] {
                let InBoth { vi, en } = words.unwrap_or_else(|| panic!("{entry}: {parameter}"));
                assert!(!vi.is_ascii(), "{entry}: {parameter}: {vi:?} has no diacritics");
                assert!(!en.trim().is_empty() && en != vi, "{entry}: {parameter}: {en:?}");
                told.push(en);
            }
        }
    }
    assert!(entries.len() > 15 && told.iter().any(|words| words == "Lasts at least"), "{told:?}");
}
