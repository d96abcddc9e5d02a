//! `[[test]]` → [`Test`]: a recording, and the incidents that the pipeline must make of it.

use super::common::refuse_repeats;
use super::problem::{Fault, closest, listed};
use super::read::Node;
use super::schema::{Key, Kind, NAME, Need, PATH, key};
use crate::id::Name;
use crate::plan::{Expected, Test};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const SECONDS: Kind = Kind::Number { min: 0.0, max: 31_536_000.0 };
/// Most names that a remedy lists.
const LISTED_MAX: usize = 20;

/// `[[test]]`.
pub(super) static TEST: &[Key] = &[
    key("name", Kind::Text(&NAME), Need::Required, r#""parked-by-night""#, "Unique in the file."),
    key(
        "recording",
        Kind::Text(&PATH),
        Need::Required,
        r#""recordings/parked-by-night.jsonl""#,
        "A recording of observations, as `viahe record` makes them.",
    ),
    key(
        "expect",
        Kind::Tables(EXPECT),
        Need::Optional,
        "",
        "An incident that must come of it. Without any: none may.",
    ),
];

/// `[[test.expect]]`.
static EXPECT: &[Key] = &[
    key(
        "rule",
        Kind::Text(&NAME),
        Need::Required,
        r#""illegal-parking""#,
        "Whose incident: the `id` of a rule of this file.",
    ),
    key(
        "camera",
        Kind::Text(&NAME),
        Need::Optional,
        r#""le-loi-03""#,
        "Of which camera. Without it: of any.",
    ),
    key(
        "first_seen_secs",
        SECONDS,
        Need::Optional,
        "10",
        "When it began, in seconds since the recording's first event. Without it: not compared.",
    ),
    key(
        "opened_secs",
        SECONDS,
        Need::Optional,
        "190",
        "When it opened, likewise. Without it: not compared.",
    ),
    key(
        "closed_secs",
        SECONDS,
        Need::Optional,
        "400",
        "When what it is about was last seen, likewise; it must be over. Without it: not compared.",
    ),
    key(
        "open",
        Kind::OneOf(&["yes"]),
        Need::Optional,
        r#""yes""#,
        "It must still be open at the end of the recording.",
    ),
    key(
        "within_secs",
        Kind::Number { min: 0.0, max: 86_400.0 },
        Need::Number(2.0),
        "5",
        "Times may differ by so much.",
    ),
];

/// What an expectation may name.
struct Names {
    /// Rules by camera; none are those of the site.
    rules: Vec<(Option<Name>, BTreeSet<Name>)>,
}

/// Reads all tests; `None` only after a problem was told.
pub(super) fn read(root: &Node, folder: &Path) -> Option<Vec<Test>> {
    let nodes: Vec<Node> = root.children("test").into_iter().map(|child| child.node).collect();
    refuse_repeats(&nodes, |node| node.name("name"), "tests", "give each its own `name`");
    let names = names(root);
    let tests: Vec<Option<Test>> = nodes.iter().map(|node| test(node, folder, &names)).collect();
    tests.into_iter().collect()
}

fn names(root: &Node) -> Names {
    let ids = |node: &Node| -> BTreeSet<Name> {
        let id = |rule: &Node| rule.name(if rule.has("id") { "id" } else { "use" });
        node.children("rule").iter().filter_map(|rule| id(&rule.node)).collect()
    };
    let mut rules = vec![(None, ids(root))];
    for camera in root.children("camera") {
        if let Some(id) = camera.node.name("id") {
            rules.push((Some(id), ids(&camera.node)));
        }
    }
    Names { rules }
}

fn test(node: &Node, folder: &Path, names: &Names) -> Option<Test> {
    let expected: Vec<Option<Expected>> =
        node.children("expect").iter().map(|child| expected(&child.node, names)).collect();
    Some(Test {
        name: node.name("name")?,
        line: node.line(),
        recording: folder.join(node.text("recording")?),
        expected: expected.into_iter().collect::<Option<_>>()?,
    })
}

fn expected(node: &Node, names: &Names) -> Option<Expected> {
    let camera = if node.has("camera") { Some(node.name("camera")?) } else { None };
    let cameras: BTreeSet<&Name> = names.rules.iter().filter_map(|(c, _)| c.as_ref()).collect();
    if let Some(camera) = camera.as_ref().filter(|camera| !cameras.contains(camera)) {
        node.tell("camera", unknown(camera, &cameras, "a camera of this file"));
        return None;
    }
    let rule = node.name("rule")?;
    let own = names.rules.iter().filter(|(c, _)| camera.is_none() || *c == camera);
    let rules: BTreeSet<&Name> = own.flat_map(|(_, rules)| rules).collect();
    if !rules.contains(&rule) {
        let what = if camera.is_some() { "a rule of this camera" } else { "a rule of this file" };
        node.tell("rule", unknown(&rule, &rules, what));
    }
    if node.has("open") && node.has("closed_secs") {
        let what = "an incident that must still be open is not over";
        node.tell("open", Fault::new(what, "remove `open` or `closed_secs`"));
    }
    let secs = |name| node.number(name).map(Duration::from_secs_f64);
    Some(Expected {
        rule,
        camera,
        first_seen: secs("first_seen_secs"),
        opened: secs("opened_secs"),
        closed: secs("closed_secs"),
        open: node.has("open"),
        within: secs("within_secs")?,
    })
}

fn unknown(name: &Name, all: &BTreeSet<&Name>, what: &str) -> Fault {
    let remedy = match closest(name.as_str(), all.iter().map(|n| n.as_str())) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if all.is_empty() => "there are none; remove the table".into(),
        None => format!("there are {}", listed(all.iter().take(LISTED_MAX))),
    };
    Fault::new(format!("{name} is not {what}"), remedy)
}
