//! Help texts, and the commands that the documents tell people to type.

use crate::support::program::run_viahe;
use crate::support::root;
use std::collections::BTreeSet;

fn subcommands() -> Vec<String> {
    let help = run_viahe(["--help"]);
    help.says(0, &[]);
    let lines = help.stdout.iter().skip_while(|l| *l != "Commands:").skip(1);
    let names = lines.take_while(|l| !l.is_empty()).filter(|l| !l.starts_with("   "));
    let names = names.filter_map(|l| l.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    let names = subcommands();
    for name in ["run", "demo", "check", "replay", "detect", "track", "doctor", "camera-sim"] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    for name in &names {
        let help = run_viahe([name, "--help"]);
        help.says(0, &[]);
        let text = help.stdout.join("\n");
        assert!(text.contains("Usage: viahe") && text.len() > 200, "{name}: {text}");
    }
    run_viahe(["no-such-command"]).says(2, &["no-such-command", "--help"]);
    run_viahe(["replay", "pipelines/demo.toml"]).says(2, &["--out"]);
}

/// Every line in a code block of the documents that starts with `viahe` or `make` is one that
/// exists, with options that exist.
#[test]
fn commands_of_the_documents_exist() {
    let mut texts: Vec<_> = std::fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    texts.extend(Some(root().join("README.md")).filter(|path| path.is_file()));
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let mut tried = BTreeSet::new();
    for path in texts {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in code_lines(&text) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("make") => {
                    let targets = words.filter(|w| !w.contains('=') && !w.starts_with('#'));
                    for target in targets.take(1) {
                        let rule = format!("\n{target}:");
                        assert!(makefile.contains(&rule), "{}: {line}", path.display());
                    }
                }
                Some(program) if program.rsplit('/').next() == Some("viahe") => {
                    check_command(&path.display().to_string(), line, &mut tried);
                }
                _ => {}
            }
        }
    }
}

fn check_command(file: &str, line: &str, tried: &mut BTreeSet<String>) {
    let words: Vec<&str> = line.split_whitespace().skip(1).take_while(|w| *w != "#").collect();
    let Some(name) = words.iter().find(|w| !w.starts_with('-')) else { return };
    if !tried.insert(words.join(" ")) {
        return;
    }
    let help = run_viahe([*name, "--help"]);
    assert_eq!(help.code, 0, "{file}: there is no such command: {line}");
    let help = help.stdout.join("\n");
    for option in words.iter().filter_map(|w| w.split('=').next()).filter(|w| w.starts_with("--")) {
        assert!(help.contains(option), "{file}: {name} has no {option}: {line}");
    }
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            return None;
        }
        inside.then(|| line.trim().trim_start_matches("$ "))
    })
}
