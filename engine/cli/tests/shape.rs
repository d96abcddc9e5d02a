//! The shape of the sources: files and functions are short, and nothing is public that nobody uses; what only one
//! place may do, and what none may.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use viahe_testing::machine::root;

/// Lines that a file of the product may have at most.
const FILE_LINES_MAX: usize = 500;
/// Lines that a function may have at most, with its first and its last one.
const FUNCTION_LINES_MAX: usize = 70;
/// What stands before the tests in a file.
const TESTS: &str = "#[cfg(test)]\nmod ";

struct Source {
    file: String,
    text: String,
}

/// All Rust files of `engine/` and `benches/`.
fn sources() -> Vec<Source> {
    let root = root();
    let mut todo: Vec<PathBuf> = ["engine", "benches"].map(|folder| root.join(folder)).into();
    let mut found = Vec::new();
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().is_some_and(|ending| ending == "rs");
            let skipped = ["target", "node_modules"];
            if path.is_dir() && !skipped.iter().any(|name| path.ends_with(name)) {
                todo.push(path);
            } else if ending {
                let file = path.strip_prefix(&root).unwrap().display().to_string();
                found.push(Source { file, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    assert!(found.len() > 200, "only {} files were found", found.len());
    found
}

impl Source {
    fn is_product(&self) -> bool {
        let test = self.file.contains("/tests") || self.file.ends_with("_tests.rs");
        self.file.contains("/src/") && !test
    }

    /// Code without comments; of a file of the product without its tests.
    fn code(&self) -> String {
        let text =
            if self.is_product() { self.text.split(TESTS).next().unwrap() } else { &self.text };
        text.lines().map(|line| line.split("//").next().unwrap().to_owned() + "\n").collect()
    }
}

#[test]
fn files_are_short() {
    for source in sources().iter().filter(|source| source.is_product()) {
        let lines = source.text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{}: {lines} lines", source.file);
    }
}

/// Does a function begin on this line?
fn begins_function(line: &str) -> bool {
    let Some((before, _)) = line.split_once("fn ") else { return false };
    let known = ["const", "async", "unsafe", "extern", "\"C\""];
    before.split_whitespace().all(|word| word.starts_with("pub") || known.contains(&word))
}

/// First lines, counted from 1, and lengths of the functions of a file that rustfmt wrote: the last
/// line of a function is indented as its first one is.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let length = |i: usize| {
        let first = lines[i];
        let indent = " ".repeat(first.len() - first.trim_start().len());
        let ends = |line: &&str| {
            let rest = line.strip_prefix(&*indent);
            rest.is_some_and(|rest| rest == "}" || rest.starts_with(')') && rest.ends_with(';'))
        };
        let one_line = first.ends_with(['}', ';']);
        let below = lines[i + 1..].iter().position(ends);
        if one_line { 1 } else { below.unwrap_or(lines.len()) + 2 }
    };
    let begins = (0..lines.len()).filter(|i| begins_function(lines[*i]));
    begins.map(|i| (i + 1, length(i))).collect()
}

#[test]
fn functions_are_short() {
    let long = format!("fn a() {{\n{}}}\n\n    fn b(\n    ) -> u8;\n", "    x();\n".repeat(69));
    assert_eq!(functions(&long), [(1, 71), (73, 2)]);
    let mut seen = 0;
    for source in sources() {
        for (line, length) in functions(&source.text) {
            assert!(length <= FUNCTION_LINES_MAX, "{}:{line}: {length} lines", source.file);
            seen += 1;
        }
    }
    assert!(seen > 4_000, "only {seen} functions were found");
}

/// The name that a line makes public.
fn public_name(line: &str) -> Option<&str> {
    let mut words = line.trim_start().strip_prefix("pub ")?.split_whitespace();
    let kind = words.find(|word| !["async", "unsafe"].contains(word))?;
    let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static"];
    let name = match (kind, words.next()?) {
        ("const", "fn") => words.next()?,
        (kind, name) if kinds.contains(&kind) => name,
        _ => return None,
    };
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// A name that stands once in all code is used by nobody; the tests of the same file do not count.
#[test]
fn nothing_public_is_unused() {
    assert_eq!(public_name("    pub const fn of(self) -> u8 {"), Some("of"));
    assert_eq!(public_name("pub struct Name<T>(T);"), Some("Name"));
    assert_eq!(public_name("pub(crate) fn hidden() {"), None);
    let sources = sources();
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for source in &sources {
        // Tests in `src` see what is private as well.
        if source.file.contains("/src/") && !source.is_product() {
            continue;
        }
        for word in source.code().split(|c: char| !c.is_alphanumeric() && c != '_') {
            *uses.entry(word.to_owned()).or_default() += 1;
        }
    }
    let mut seen = 0;
    for source in sources.iter().filter(|source| source.is_product()) {
        for name in source.code().lines().filter_map(public_name) {
            assert!(uses[name] > 1, "{}: nobody uses {name}", source.file);
            seen += 1;
        }
    }
    assert!(seen > 700, "only {seen} public names were found");
}

/// A box that has no thread left says so and goes on, or ends in words: only the `Builder` of a thread says that there
/// is none, and the other ways panic.
#[test]
fn whoever_starts_a_thread_hears_that_there_is_none() {
    let panics = |code: &str| {
        code.contains("thread::spawn")
            || code.contains("thread::scope") && code.contains("scope.spawn(")
    };
    assert!(panics("std::thread::spawn(f);") && panics("thread::scope(|scope| scope.spawn(f));"));
    let sources = sources();
    let builders = sources.iter().filter(|source| source.code().contains("thread::Builder"));
    assert!(builders.count() > 10, "threads are started in another way now");
    // What only tests use panics for whatever it misses.
    let of_a_box = |file: &str| file.starts_with("engine/") && !file.starts_with("engine/testing/");
    for source in sources.iter().filter(|source| source.is_product() && of_a_box(&source.file)) {
        assert!(!panics(&source.code()), "{}: start it by a `thread::Builder`", source.file);
    }
}

/// Who gives an event to an engine must carry out what follows from it, in order: the driver does, and
/// nobody else has an engine to change.
#[test]
fn only_the_driver_has_an_engine() {
    let own = |file: &str| {
        file == "engine/core/src/driver.rs" || file.starts_with("engine/core/src/engine/")
    };
    let gives = ["apply", "finish", "resume", "reload"];
    let has = ["engine: Engine,", "&mut Engine", "<Engine>"];
    let ways: Vec<String> = gives
        .iter()
        .flat_map(|way| [format!("engine.{way}("), format!("Engine::{way}")])
        .chain(has.map(str::to_owned))
        .collect();
    let sources = sources();
    let finds = |source: &Source| {
        let code = source.code();
        ways.iter().find(|way| code.contains(&**way)).cloned()
    };
    let driver = sources.iter().find(|source| source.file == "engine/core/src/driver.rs");
    assert!(finds(driver.unwrap()).is_some(), "the ways have other names now");
    let others = sources.iter().filter(|source| source.is_product() && !own(&source.file));
    for source in others.filter(|source| source.file.starts_with("engine/")) {
        assert_eq!(finds(source), None, "{}: this is the driver's", source.file);
    }
}
