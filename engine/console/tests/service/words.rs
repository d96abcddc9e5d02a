//! What boxes tell in codes, and whether the page has words for it.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use viahe_contract::message::{
    Advice, AskedTest, CameraFault, DecodeReason, EditFault, Refusal, StoryCode, WhyRests,
};
use viahe_testing::machine::root;

/// The codes of the contract: as its reader lists them to who writes none.
fn told<T: DeserializeOwned>() -> BTreeSet<String> {
    listed::<T>(json!({ "code": "no-such-code" }))
}

fn listed<T: DeserializeOwned>(unknown: Value) -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(unknown).err().unwrap();
    let error = error.to_string();
    let list = error.split_once("expected").unwrap_or_else(|| panic!("{error}")).1;
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What stands between these and an apostrophe in a type of a file of the page. Those that have no words
/// fail the page's check.
fn known(file: &str, name: &str, before: &str) -> BTreeSet<String> {
    let path = root().join("engine/console/web/src/api").join(file);
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once(&format!("export type {name} =")).unwrap();
    let own = rest.split("\nexport ").next().unwrap();
    own.split(before).skip(1).map(|text| text.split('\'').next().unwrap().to_owned()).collect()
}

#[test]
fn the_page_has_words_for_each_code_of_the_contract() {
    for (file, name, told) in [
        ("story.ts", "Step", told::<StoryCode>()),
        ("story.ts", "WhyRests", told::<WhyRests>()),
        ("story.ts", "AskedCondition", told::<AskedTest>()),
        ("pipeline.ts", "EditFault", told::<EditFault>()),
        ("pipeline.ts", "Advice", told::<Advice>()),
        ("causes.ts", "CameraFault", told::<CameraFault>()),
        ("causes.ts", "Refusal", told::<Refusal>()),
    ] {
        assert!(told.len() > 5, "{told:?}");
        assert_eq!(known(file, name, "{ code: '"), told, "{name} of {file}");
    }
}

#[test]
fn the_page_has_words_for_each_reason_of_decoding() {
    let told = listed::<DecodeReason>(json!("no-such-reason"));
    assert_eq!(known("types.ts", "DecodeReason", "| '"), told);
}

/// They are texts in the contract, whose document lists them.
#[test]
fn the_page_has_words_for_each_trouble_of_a_box() {
    let document = std::fs::read_to_string(root().join("docs/mqtt.asyncapi.yaml")).unwrap();
    let (_, rest) = document.split_once("\n                  trouble:\n").unwrap();
    let list = rest.split_once("enum:").unwrap().1.split_once(']').unwrap().0;
    let told: BTreeSet<String> = list
        .split(['[', ','])
        .map(|label| label.trim().to_owned())
        .filter(|l| !l.is_empty())
        .collect();
    assert!(told.len() > 20, "{told:?}");
    assert_eq!(known("types.ts", "TroubleCode", "| '"), told);
}
