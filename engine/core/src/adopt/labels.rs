//! Names of classes → classes of the taxonomy.

use super::said::by_number;
use crate::config::Taxonomy;
use crate::names::{plain, usual};
use crate::observe::Class;
use std::collections::BTreeMap;

/// Names of a list: one a line, with or without its number, or JSON.
pub(super) fn listed(text: &str) -> Option<Vec<String>> {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        let name = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        return match json {
            serde_json::Value::Array(names) => {
                by_number(names.iter().enumerate().filter_map(|(i, n)| Some((i, name(n)?))))
            }
            serde_json::Value::Object(names) => {
                by_number(names.iter().filter_map(|(i, n)| Some((i.parse().ok()?, name(n)?))))
            }
            _ => None,
        };
    }
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let numbered: Vec<Option<(usize, String)>> = lines.clone().map(number_and_name).collect();
    if numbered.iter().all(Option::is_some) {
        return by_number(numbered.into_iter().flatten());
    }
    by_number(lines.map(str::to_owned).enumerate())
}

/// `7: truck`, `7 truck`, `7,truck`.
fn number_and_name(line: &str) -> Option<(usize, String)> {
    let (number, name) = line.split_once([':', ' ', ',', '\t'])?;
    let name = name.trim().trim_matches(['"', '\'']);
    (!name.is_empty()).then_some((number.trim().parse().ok()?, name.to_owned()))
}

/// What a model's classes mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels {
    /// By number: the model's name and the class.
    pub(super) of: BTreeMap<usize, (String, Class)>,
    /// Names that mean no class of the taxonomy.
    pub(super) left_out: Vec<String>,
}

/// What each name means: as `given` says, else the class that it is the path or the last part of, else what it is a usual name for.
pub(super) fn labels(
    names: &[String],
    given: &BTreeMap<String, Class>,
    taxonomy: &Taxonomy,
) -> Labels {
    let mut labels = Labels::default();
    for (number, name) in names.iter().enumerate() {
        let plain = plain(name);
        let usual = || usual(&plain).and_then(|class| Class::try_from(class).ok());
        let known = usual().filter(|class| taxonomy.has(class));
        let class = given.get(name).cloned().or(known).or_else(|| taxonomy.named(&plain).cloned());
        match class {
            Some(class) => drop(labels.of.insert(number, (name.clone(), class))),
            None if is_no_class(&plain) => {}
            None => labels.left_out.push(name.clone()),
        }
    }
    labels
}

/// Holes and the class that stands for no object.
fn is_no_class(plain: &str) -> bool {
    plain.is_empty()
        || ["n/a", "na", "none", "background", "__background__", "???"].contains(&plain)
}

/// Names for so many columns of scores: lists begin with a background that a graph leaves out, or leave out one that it has.
pub(super) fn fitted(
    names: &[String],
    classes: usize,
) -> Option<(Vec<String>, Option<&'static str>)> {
    let first_is_none = names.first().is_some_and(|name| is_no_class(&plain(name)));
    if names.len() == classes {
        return Some((names.to_vec(), None));
    }
    if names.len() == classes + 1 && first_is_none {
        return Some((
            names[1..].to_vec(),
            Some("the list begins with a class for nothing, which the graph leaves out"),
        ));
    }
    if names.len() + 1 == classes && !first_is_none {
        let shifted = std::iter::once(String::new()).chain(names.iter().cloned()).collect();
        return Some((
            shifted,
            Some("the graph has one class more than the list: its first, taken for nothing"),
        ));
    }
    None
}

/// COCO's names, when there are as many classes as its lists have.
pub(super) fn coco(classes: usize) -> Option<(Vec<String>, &'static str)> {
    let names: Vec<String> = COCO.split('|').map(str::to_owned).collect();
    // Ids run from 1 to 90, with gaps.
    let by_id = || {
        let ids = names.iter().zip(IDS).map(|(name, id)| (id, name.clone()));
        by_number(ids).unwrap_or_default()
    };
    match classes {
        80 => Some((names, "80 classes are usually those of COCO")),
        90 => Some((by_id()[1..].to_vec(), "90 classes are usually COCO's ids less 1")),
        91 => Some((by_id(), "91 classes are usually COCO's ids")),
        _ => None,
    }
}

const COCO: &str = "person|bicycle|car|motorcycle|airplane|bus|train|truck|boat|traffic light|fire hydrant|stop sign|parking meter|bench|bird|cat|dog|horse|sheep|cow|elephant|bear|zebra|giraffe|backpack|umbrella|handbag|tie|suitcase|frisbee|skis|snowboard|sports ball|kite|baseball bat|baseball glove|skateboard|surfboard|tennis racket|bottle|wine glass|cup|fork|knife|spoon|bowl|banana|apple|sandwich|orange|broccoli|carrot|hot dog|pizza|donut|cake|chair|couch|potted plant|bed|dining table|toilet|tv|laptop|mouse|remote|keyboard|cell phone|microwave|oven|toaster|sink|refrigerator|book|clock|vase|scissors|teddy bear|hair drier|toothbrush";
/// Of these names, in COCO's annotations.
const IDS: [usize; 80] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27, 28,
    31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55,
    56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 67, 70, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 84,
    85, 86, 87, 88, 89, 90,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_their_forms() {
        let want = ["person", "car"].map(str::to_owned).to_vec();
        for text in [
            "person\ncar\n",
            "0: person\n1: car",
            "1 car\n0 person",
            "[\"person\", \"car\"]",
            "{\"1\": \"car\", \"0\": \"person\"}",
            "# mine\nperson\n\ncar",
        ] {
            assert_eq!(listed(text).as_ref(), Some(&want), "{text}");
        }
        for bad in ["", "\n\n", "7", "{}", "999999999: x"] {
            assert_ne!(listed(bad).as_ref().map(Vec::len), Some(2), "{bad}");
        }
        assert_eq!(listed("999999999: x"), None, "no list of its length");
        assert_eq!(
            listed("2 stroke engine\nthree").map(|l| l.len()),
            Some(2),
            "a number in a name"
        );
    }

    #[test]
    fn the_lists_of_models_here_are_found_again() {
        // What people wrote into the model files by hand.
        for (text, classes) in [
            (include_str!("../../../../models/nanodet-g/model.toml"), 80),
            (include_str!("../../../../models/ssdlite-coco/model.toml"), 90),
        ] {
            let model = crate::config::model::parse("model.toml", text).unwrap();
            let (names, _) = coco(classes).unwrap();
            let labels = labels(&names, &BTreeMap::new(), &Taxonomy::builtin());
            let got: Vec<Option<Class>> =
                (0..classes).map(|i| labels.of.get(&i).map(|(_, class)| class.clone())).collect();
            assert_eq!(got, model.labels);
        }
    }

    #[test]
    fn lists_that_are_one_off() {
        let names = |n: usize| (0..n).map(|i| format!("c{i}")).collect::<Vec<_>>();
        assert_eq!(fitted(&names(3), 3).unwrap().0, names(3));
        let with_none = [vec!["background".to_owned()], names(3)].concat();
        assert_eq!(fitted(&with_none, 3).unwrap().0, names(3));
        assert_eq!(fitted(&names(3), 4).unwrap().0[1..], names(3));
        assert_eq!(fitted(&names(3), 7), None);
    }
}
