//! No file of a crate uses a file that uses it, and no module one that stands after it in the code
//! map of `ARCHITECTURE.md`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod circle;
mod walk;

use circle::{circles, told};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use viahe_testing::machine::root;
use walk::Uses;

const CRATES: [&str; 6] = [
    "engine/contract/src/lib.rs",
    "engine/core/src/lib.rs",
    "engine/edge/src/lib.rs",
    "engine/console/src/lib.rs",
    "engine/testing/src/lib.rs",
    "engine/cli/src/main.rs",
];

fn uses_of(of: &str) -> Uses {
    let uses = walk::uses(of, &|file| fs::read_to_string(root().join(file)).ok());
    assert!(uses.len() >= 3, "{of}: only {} uses were found", uses.len());
    uses
}

#[test]
fn no_file_uses_a_file_that_uses_it() {
    let told = |of: &str| {
        let uses = uses_of(of);
        circles(&uses).iter().map(|circle| told(circle, &uses) + "\n").collect::<String>()
    };
    let found = CRATES.map(told).concat();
    assert!(found.is_empty(), "files use each other in a circle:\n\n{found}");
}

/// The modules of a crate in the order of the code map; each may use those before it.
fn code_map(of: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let folder = of.split("/src/").next().unwrap();
    let table = text.split(&format!("**`{folder}`**")).nth(1).unwrap().split("\n**`").next();
    table
        .unwrap()
        .lines()
        .filter_map(|l| Some(l.strip_prefix("| `")?.split('`').next()?.into()))
        .collect()
}

fn module_of(file: &str) -> &str {
    file.split("/src/").nth(1).unwrap().split(['/', '.']).next().unwrap()
}

/// Uses of modules that stand later in `order`.
fn upward(uses: &Uses, order: &[String]) -> String {
    let height = |module: &str| {
        let height = order.iter().position(|m| m == module);
        height.unwrap_or_else(|| panic!("{module} is not in the code map"))
    };
    let is_up = |((from, to), _): &(&(String, String), &BTreeSet<String>)| {
        let (own, other) = (module_of(from), module_of(to));
        // The root of a crate declares, and hands on.
        own != other && ![own, other].contains(&"lib") && height(own) < height(other)
    };
    let ups = uses.iter().filter(is_up);
    ups.map(|((from, to), names)| circle::step(from, to, names)).collect()
}

#[test]
fn modules_use_those_before_them() {
    // The command has no table.
    let found: String = CRATES[..5].iter().map(|of| upward(&uses_of(of), &code_map(of))).collect();
    assert!(found.is_empty(), "against the order of the code map:\n{found}");
}

/// Uses of a made-up crate.
fn made_up(files: &[(&str, &str)]) -> Uses {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    walk::uses("src/lib.rs", &|file| files.get(file).map(|text| (*text).to_owned()))
}

#[test]
fn a_planted_circle_is_named_file_by_file() {
    let leaf = ("src/leaf.rs", "pub struct Leaf; pub mod unused {}");
    let ways = [
        "use crate::top::Top;",
        "use super::top::{self, Top as Other};",
        "use crate::{leaf::Leaf, top::{Top}};",
        "use crate::top::*; fn f(_: Top) {}",
        "use crate::top; fn f() { g(top::Top) }",
        "fn f() -> String { format!(\"{}\", crate::top::Top) }",
        "mod inner { fn f(_: super::super::top::Top) {} }",
        "fn f() { use super::top as t; t::Top::new(); }",
        "use crate::Top;",
    ];
    for way in ways {
        let uses = made_up(&[
            ("src/lib.rs", "mod leaf; mod low; mod top; pub use top::Top; pub use low::Low;"),
            leaf,
            ("src/low.rs", &format!("pub struct Low; {way}")),
            ("src/top.rs", "use crate::low::Low; use crate::leaf::Leaf; pub struct Top(Low);"),
        ]);
        let found = circles(&uses);
        assert_eq!(found.len(), 1, "{way}: {uses:?}");
        assert!(told(&found[0], &uses).contains("src/top.rs uses Low of src/low.rs"), "{way}");
    }
}

#[test]
fn a_child_may_take_what_its_parent_only_hands_on() {
    let parent =
        |own: &str| format!("mod leaf; mod child; pub use leaf::Leaf; pub use child::Child; {own}");
    let files = |own: &str, child: &str| {
        made_up(&[
            ("src/lib.rs", "mod parent;"),
            ("src/parent/mod.rs", &parent(own)),
            ("src/parent/leaf.rs", "pub struct Leaf;"),
            ("src/parent/child.rs", child),
        ])
    };
    assert!(circles(&files("", "use super::Leaf; pub struct Child(Leaf);")).is_empty());
    let uses = files("pub struct Own;", "use super::{Leaf, Own}; pub struct Child(Leaf, Own);");
    let want = "  src/parent/child.rs uses Own of src/parent/mod.rs\n  \
                src/parent/mod.rs uses Child of src/parent/child.rs\n";
    assert_eq!(told(&circles(&uses)[0], &uses), want);
}

#[test]
fn tests_and_declarations_are_no_uses() {
    let uses = made_up(&[
        ("src/lib.rs", "mod parent;"),
        (
            "src/parent.rs",
            "mod child; pub struct Own; #[cfg(test)] mod tests { use super::child::Child; }",
        ),
        (
            "src/parent/child.rs",
            "use super::Own; pub struct Child(Own); #[cfg(test)] use super::missing::Gone;",
        ),
    ]);
    assert_eq!(uses.len(), 1, "{uses:?}");
    assert!(circles(&uses).is_empty());
}

#[test]
fn an_arrow_up_is_found() {
    let uses = made_up(&[
        ("src/lib.rs", "mod low; mod top;"),
        ("src/low.rs", "pub struct Low;"),
        ("src/top/mod.rs", "mod part;"),
        ("src/top/part.rs", "use crate::low::Low;"),
    ]);
    // `module_of` reads paths of the repository.
    let uses: Uses =
        uses.into_iter().map(|((a, b), n)| ((format!("x/{a}"), format!("x/{b}")), n)).collect();
    assert_eq!(upward(&uses, &["low".into(), "top".into()]), "");
    let found = upward(&uses, &["top".into(), "low".into()]);
    assert_eq!(found, "  x/src/top/part.rs uses Low of x/src/low.rs\n");
}
