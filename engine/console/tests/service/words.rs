//! What boxes tell in codes, and whether the page has words for it.

use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeSet;
use viahe_contract::message::{AskedTest, StoryCode, WhyRests};
use viahe_testing::machine::root;

/// The codes of the contract: as its reader lists them to who writes none.
fn told<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(json!({ "code": "no-such-code" })).err().unwrap();
    let error = error.to_string();
    let list = error.split_once("expected").unwrap_or_else(|| panic!("{error}")).1;
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The codes of a type of the page. Those that have no words fail its check.
fn known(page: &str, name: &str) -> BTreeSet<String> {
    let (_, rest) = page.split_once(&format!("export type {name} =")).unwrap();
    let own = rest.split("\nexport ").next().unwrap();
    own.split("{ code: '").skip(1).map(|text| text.split('\'').next().unwrap().to_owned()).collect()
}

#[test]
fn the_page_has_words_for_each_code_of_a_story() {
    let path = root().join("engine/console/web/src/api/story.ts");
    let page = std::fs::read_to_string(path).unwrap();
    for (name, told) in [
        ("Step", told::<StoryCode>()),
        ("WhyRests", told::<WhyRests>()),
        ("AskedCondition", told::<AskedTest>()),
    ] {
        assert!(told.len() > 5, "{told:?}");
        assert_eq!(known(&page, name), told, "{name} of story.ts");
    }
}
