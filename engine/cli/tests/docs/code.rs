//! What holds of the code of all crates, read as text: what may use what, and how it speaks.

use crate::files::{files, read};

/// Lines of code below `folder` with file and number, comments left out.
fn code(folder: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for file in files(folder, ".rs") {
        for (number, line) in read(&file).lines().enumerate() {
            let code = line.split("//").next().unwrap().to_owned();
            lines.push((format!("{file}:{}", number + 1), code));
        }
    }
    assert!(lines.len() > 1000, "{folder} holds only {} lines", lines.len());
    lines
}

#[test]
fn contract_and_core_have_no_way_out() {
    let pure = ["serde", "serde_json", "thiserror", "jiff"];
    has_no_way_out("contract", &pure);
    has_no_way_out("core", &[&pure[..], &["viahe-contract", "toml", "toml_edit", "sha2"]].concat());
}

fn has_no_way_out(name: &str, pure: &[&str]) {
    let ways = ["fs", "io", "thread", "process", "env", "os", "sync::mpsc"];
    let parts = ["net::TcpStream", "net::TcpListener", "net::UdpSocket", "net::ToSocketAddrs"];
    for (place, line) in code(&format!("engine/{name}/src")) {
        for way in ways.iter().chain(&parts) {
            assert!(!line.contains(&format!("std::{way}")), "{place}: std::{way}");
        }
        let grouped = line.contains("std::{") || line.contains("std::net::{");
        assert!(!grouped, "{place}: write `use` lines of std one by one, so that this can be seen");
    }
    let manifest = read(&format!("engine/{name}/Cargo.toml"));
    let dependencies = manifest.split("[dependencies]\n").nth(1).unwrap();
    let names = dependencies.lines().take_while(|l| !l.is_empty());
    let names: Vec<&str> = names.map(|l| l.split(['.', ' ', '=']).next().unwrap()).collect();
    for dependency in &names {
        let fits = pure.contains(dependency);
        assert!(fits, "{name} must not depend on {dependency} without a decision");
    }
    assert!(manifest.contains("unsafe_code = \"forbid\""));
}

/// It panics, as tests do; an engine must not.
#[test]
fn nothing_but_tests_uses_the_crate_for_tests() {
    for name in ["contract", "core", "edge", "console", "cli"] {
        let manifest = read(&format!("engine/{name}/Cargo.toml"));
        let product = manifest.split("\n[dev-dependencies]\n").next().unwrap();
        assert!(!product.contains("viahe-testing"), "{name} is built with what only tests may use");
    }
}

#[test]
fn foreign_types_stay_in_their_modules() {
    let allowed: [(&[&str], &[&str]); 6] = [
        (&["ort::", "use ort"], &["edge/src/infer/"]),
        (&["gstreamer", "gst::"], &["edge/src/ingest/", "edge/src/camera_sim/", "edge/src/doctor"]),
        (&["rusqlite"], &["edge/src/store/", "console/src/store/"]),
        (&["rumqttc"], &["edge/src/publish/", "console/src/broker/"]),
        (&["rumqttd::"], &["edge/src/broker.rs"]),
        (&["ureq"], &["edge/src/upload/"]),
    ];
    let sources = ["core", "edge", "console", "cli"];
    let sources = sources.map(|name| code(&format!("engine/{name}/src"))).concat();
    for (words, modules) in allowed {
        let at_word = |line: &str, word: &str| {
            line.match_indices(word).any(|(i, _)| {
                !line[..i].ends_with(|c: char| c.is_alphanumeric() || "_\"-".contains(c))
            })
        };
        let mut used = false;
        for (place, line) in &sources {
            if !words.iter().any(|word| at_word(line, word)) {
                continue;
            }
            let at_home = modules.iter().any(|m| place.starts_with(&format!("engine/{m}")));
            assert!(at_home, "{place}: {words:?} belongs in {modules:?}");
            used = true;
        }
        assert!(used, "{words:?} is used nowhere: the test looks for the wrong thing");
    }
}

#[test]
fn no_channel_is_unbounded() {
    let sources = ["core", "edge", "console", "cli"];
    let sources = sources.map(|name| code(&format!("engine/{name}/src"))).concat();
    for (place, line) in sources {
        for open in ["unbounded", "std::sync::mpsc"] {
            assert!(
                !line.contains(open),
                "{place}: {open}: give it a bound, and count what is lost"
            );
        }
    }
}

/// The source of `file` without its tests.
fn product(file: &str) -> String {
    let source = read(file);
    source.split("#[cfg(test)]\nmod ").next().unwrap().to_owned()
}

/// What stands between the brackets of each `tracing` macro, with its line.
fn log_calls(source: &str) -> Vec<(usize, &str)> {
    let mut calls = Vec::new();
    for (start, macro_name) in source.match_indices("tracing::") {
        let rest = &source[start + macro_name.len()..];
        let Some((level, inside)) = rest.split_once("!(") else { continue };
        if !["trace", "debug", "info", "warn", "error"].contains(&level) {
            continue;
        }
        let end =
            inside.find(");\n").or_else(|| inside.find(")\n")).or_else(|| inside.find("),\n"));
        calls.push((source[..start].lines().count(), &inside[..end.unwrap_or(inside.len())]));
    }
    calls
}

/// Does a field of a log call take its value's `Debug`?
fn has_debug_field(call: &str) -> bool {
    call.match_indices('?').any(|(i, _)| call[..i].trim_end().ends_with([',', '=']) || i == 0)
        || call.trim_start().starts_with('?')
        || call.contains(":?}")
}

/// `Debug` is for programmers: log lines and errors are for people. Only texts, paths and lists of
/// numbers look the same in it, in quotes or brackets.
#[test]
fn nothing_is_said_in_debug_form() {
    const ALIKE: [&str; 16] = [
        "name",
        "file",
        "folder",
        "path",
        "element",
        "package",
        "text",
        "id",
        "only",
        "0",
        "want",
        // Made readable, or read, where they stand.
        "value",
        "packet",
        "differing",
        "kind",
        "camera",
    ];
    assert!(has_debug_field("?wait, \"slow\"") && has_debug_field("a, b = ?c, \"x\""));
    assert!(has_debug_field("\"slow: {wait:?}\"") && !has_debug_field("%wait, \"why?\""));
    let mut seen = 0;
    let is_test = |file: &String| {
        file.contains("/tests") || file.ends_with("/sim.rs") || file.ends_with("/late.rs")
    };
    let sources = ["edge", "console", "cli"];
    let sources = sources.map(|name| files(&format!("engine/{name}/src"), ".rs")).concat();
    for file in sources.into_iter().filter(|file| !is_test(file)) {
        let source = product(&file);
        for (line, call) in log_calls(&source) {
            seen += 1;
            assert!(!has_debug_field(call), "{file}:{line}: a log in debug form: {call}");
        }
        for (number, line) in
            source.lines().enumerate().filter(|(_, l)| !l.trim().starts_with("//"))
        {
            for (end, _) in line.match_indices(":?}") {
                let name = line[..end].rsplit('{').next().unwrap();
                assert!(ALIKE.contains(&name), "{file}:{}: {name} in debug form", number + 1);
            }
        }
    }
    assert!(seen > 100, "only {seen} log calls were found");
}
