//! What the documents say is so: commands and options exist, links and paths lead somewhere, and
//! `ARCHITECTURE.md` describes the sources that there are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod code;
mod files;

use files::{files, read};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use viahe_testing::machine::root;

/// Folders of the repository that documents name by path.
const FOLDERS: [&str; 8] =
    ["benches/", "docs/", "engine/", "fixtures/", "models/", "pipelines/", "scripts/", ".ci/"];
const LIST_MARKS: [&str; 2] = ["<!-- list: begin -->\n", "<!-- list: end -->\n"];

/// A Markdown file in parts.
struct Document {
    file: String,
    /// Lines outside of fences.
    prose: Vec<String>,
    /// What stands in backticks in the prose.
    spans: Vec<String>,
    /// Language and lines of each fenced block.
    blocks: Vec<(String, Vec<String>)>,
}

fn documents() -> Vec<Document> {
    let found: Vec<Document> = files("", ".md").into_iter().map(document).collect();
    assert!(found.len() >= 15, "only {} documents were found", found.len());
    found
}

fn document(file: String) -> Document {
    let (mut prose, mut blocks, mut open) = (Vec::new(), Vec::new(), None);
    for line in read(&file).lines() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(language), None) => open = Some((language.to_owned(), Vec::new())),
            (None, Some((language, mut lines))) => {
                lines.push(line.to_owned());
                open = Some((language, lines));
            }
            (None, None) => prose.push(line.to_owned()),
        }
    }
    assert!(open.is_none(), "{file}: a block is not closed");
    let spans = spans(&prose.join("\n"));
    Document { file, prose, spans, blocks }
}

fn spans(prose: &str) -> Vec<String> {
    prose.split('`').skip(1).step_by(2).map(|s| s.replace('\n', " ")).collect()
}

/// Lines of shell, comments left out, continued lines joined, cut where another command begins.
fn shell_commands(document: &Document) -> Vec<String> {
    let blocks = document.blocks.iter().filter(|(language, _)| language == "sh");
    let text = blocks.flat_map(|(_, lines)| lines.clone()).collect::<Vec<_>>().join("\n");
    text.replace("\\\n", " ")
        .lines()
        .flat_map(|line| line.split(['|', '&', ';', '>']))
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty() && !part.starts_with('#'))
        .collect()
}

/// Words as a shell would see them; quotes in this repository's documents hold whole words.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (_, Some(q)) if q == c => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// The words after the program's name, when it is ours.
fn arguments(command: &str) -> Option<Vec<String>> {
    let mut words = words(command).into_iter();
    let program = words.next()?;
    let ours = ["viahe", "./target/release/viahe", "target/release/viahe"];
    ours.contains(&program.as_str()).then(|| words.collect())
}

/// What `viahe ARGUMENTS --help` prints; an error when the arguments before it are wrong.
fn help(arguments: &[String]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viahe"));
    let output = command.args(arguments).arg("--help").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn commands_in_shell_blocks_are_understood() {
    let mut seen = BTreeSet::new();
    for document in documents() {
        for command in shell_commands(&document) {
            let Some(arguments) = arguments(&command) else { continue };
            help(&arguments).unwrap_or_else(|e| panic!("{}: {command}\n{e}", document.file));
            seen.insert(arguments.first().cloned().unwrap_or_default());
        }
    }
    for command in ["run", "check", "replay", "detect", "track", "model", "doctor", "camera-sim"] {
        assert!(seen.contains(command), "no document shows `viahe {command}`");
    }
}

#[test]
fn commands_and_options_in_the_text_exist() {
    let mut helps: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut checked = 0;
    for document in documents() {
        for span in &document.spans {
            let Some(arguments) = arguments(span) else { continue };
            if !arguments.iter().any(|a| a.starts_with(char::is_alphabetic)) {
                continue;
            }
            // A command may have commands of its own.
            let until_option = arguments.iter().take_while(|a| !a.starts_with('-'));
            let name: Vec<String> = until_option.cloned().collect();
            let told = helps.entry(name).or_insert_with_key(|name| {
                help(name).unwrap_or_else(|e| panic!("{}: `{span}`\n{e}", document.file))
            });
            for option in arguments.iter().filter(|a| a.starts_with('-')) {
                let option = option.split('=').next().unwrap();
                assert!(told.contains(option), "{}: `{span}`: no {option}", document.file);
            }
            checked += 1;
        }
    }
    assert!(checked >= 20, "only {checked} commands were found");
}

#[test]
fn make_targets_exist() {
    let makefile = read("Makefile");
    let phony = makefile.lines().find_map(|l| l.strip_prefix(".PHONY:")).unwrap();
    let targets: BTreeSet<&str> = phony.split_whitespace().collect();
    let mut checked = 0;
    for document in documents() {
        for command in document.spans.iter().cloned().chain(shell_commands(&document)) {
            let words = words(&command);
            if words.first().is_none_or(|program| program != "make") {
                continue;
            }
            for target in words[1..].iter().filter(|w| !w.contains('=')) {
                assert!(targets.contains(target.as_str()), "{}: `{command}`", document.file);
                checked += 1;
            }
        }
    }
    assert!(checked >= 10, "only {checked} targets were found");
}

/// As the hosting sites make anchors of headings.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_lead_somewhere() {
    let root = root();
    let mut checked = 0;
    for document in documents() {
        let prose = document.prose.join("\n");
        for link in prose.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.contains("://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = root.join(&document.file).parent().unwrap().to_owned();
            let target =
                if path.is_empty() { root.join(&document.file) } else { folder.join(path) };
            let inside = fs::canonicalize(&target).is_ok_and(|t| t.starts_with(&root));
            assert!(inside, "{}: {link} leads nowhere", document.file);
            if !heading.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let found = text.lines().any(|l| l.starts_with('#') && anchor(l) == heading);
                assert!(found, "{}: {link}: no such heading", document.file);
            }
            checked += 1;
        }
    }
    assert!(checked >= 40, "only {checked} links were found");
}

/// Words and address of each picture that a document shows.
fn pictures(document: &Document) -> Vec<(String, String)> {
    let prose = document.prose.join("\n");
    let shown = prose.split("![").skip(1).filter_map(|rest| rest.split_once("]("));
    shown
        .map(|(words, rest)| (words.to_owned(), rest.split(')').next().unwrap().to_owned()))
        .collect()
}

#[test]
fn pictures_are_there_small_described_and_shown() {
    const BYTES_MAX: u64 = 150_000;
    let root = root();
    let mut shown = BTreeSet::new();
    for document in documents() {
        for (words, link) in pictures(&document) {
            let file = root.join(&document.file).parent().unwrap().join(&link);
            let file = fs::canonicalize(&file)
                .unwrap_or_else(|e| panic!("{}: {link}: {e}", document.file));
            let bytes = fs::metadata(&file).unwrap().len();
            assert!(bytes <= BYTES_MAX, "{}: {link} has {bytes} bytes", document.file);
            assert!(
                words.split_whitespace().count() >= 4,
                "{}: {link}: say what is to be seen",
                document.file
            );
            shown.insert(file);
        }
    }
    let kept: Vec<PathBuf> =
        fs::read_dir(root.join("docs/pictures")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(kept.len() >= 3, "only {} pictures were found", kept.len());
    for file in kept {
        assert!(
            shown.contains(&fs::canonicalize(&file).unwrap()),
            "no document shows {}",
            file.display()
        );
    }
}

/// `span`, when it is a path from the root, without the test that it may name after `::`.
fn named_path(span: &str) -> Option<(&str, Option<&str>)> {
    let (path, test) = span.split_once("::").map_or((span, None), |(p, t)| (p, Some(t)));
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let stands_for_others = path.split('/').any(|part| part == "NAME");
    let ours = FOLDERS.iter().any(|folder| path.starts_with(folder));
    (ours && path.chars().all(plain) && !stands_for_others).then_some((path, test))
}

#[test]
fn named_files_and_tests_exist() {
    let (mut paths, mut tests) = (0, 0);
    for document in documents() {
        for span in &document.spans {
            let Some((path, test)) = named_path(span) else { continue };
            assert!(root().join(path).exists(), "{}: `{span}` is not there", document.file);
            paths += 1;
            if let Some(test) = test {
                let there = read(path).contains(&format!("fn {test}("));
                assert!(there, "{}: there is no `{span}`", document.file);
                tests += 1;
            }
        }
    }
    assert!(paths >= 40 && tests >= 15, "only {paths} paths and {tests} tests were found");
}

#[test]
fn every_module_is_in_the_code_map() {
    let map = read("ARCHITECTURE.md");
    let libraries = ["contract", "core", "edge", "console", "testing"]
        .map(|name| format!("engine/{name}/src/lib.rs"));
    for library in libraries {
        let text = read(&library);
        let modules = text.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
        for module in modules {
            assert!(map.contains(&format!("| `{module}` |")), "{library}: {module} is not in it");
        }
    }
}

#[test]
fn every_document_is_in_the_index() {
    let index = read("docs/README.md");
    let documents = files("docs", ".md").into_iter().chain(files("docs", ".yaml"));
    for file in documents.filter(|f| !f.starts_with("docs/adr/") && f != "docs/README.md") {
        let link = format!("]({})", file.trim_start_matches("docs/"));
        assert!(index.contains(&link), "docs/README.md does not lead to {file}");
    }
}

#[test]
fn the_front_page_counts_the_catalogue() {
    const WORDS: [&str; 8] = [
        "Twenty",
        "Twenty-one",
        "Twenty-two",
        "Twenty-three",
        "Twenty-four",
        "Twenty-five",
        "Twenty-six",
        "Twenty-seven",
    ];
    let word =
        files("pipelines/catalogue", ".toml").len().checked_sub(20).and_then(|i| WORDS.get(i));
    let want = format!("**{} kinds of trouble.**", word.unwrap());
    assert!(read("README.md").contains(&want), "README.md does not say {want}");
}

/// With `VIAHE_UPDATE_DOCS` set, writes the list instead.
#[test]
fn the_list_of_decisions_is_whole() {
    let file = "docs/adr/README.md";
    let text = read(file);
    let (before, rest) = text.split_once(LIST_MARKS[0]).unwrap();
    let (written, after) = rest.split_once(LIST_MARKS[1]).unwrap();
    let decisions = files("docs/adr", ".md").into_iter().filter(|f| f != file);
    let want: String = decisions.map(|f| decision_line(&f)).collect();
    if std::env::var_os("VIAHE_UPDATE_DOCS").is_some() {
        let text = format!("{before}{}{want}{}{after}", LIST_MARKS[0], LIST_MARKS[1]);
        fs::write(root().join(file), text).unwrap();
        return;
    }
    assert!(written == want, "{file} is out of date: run this test with VIAHE_UPDATE_DOCS=1");
}

fn decision_line(file: &str) -> String {
    let name = file.trim_start_matches("docs/adr/");
    let number = name.split('-').next().unwrap().trim_start_matches('0');
    let text = read(file);
    let heading = text.lines().next().unwrap().trim_start_matches(['#', ' ']);
    let title = heading.trim_start_matches(|c: char| c.is_ascii_digit() || ".: –-".contains(c));
    format!("- {number}. [{title}]({name})\n")
}

/// In the order in which they are defined.
fn troubles() -> Vec<String> {
    let source = read("engine/edge/src/trouble.rs");
    let labels =
        source.split("pub fn label(self)").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let labels: Vec<String> = labels.split('"').skip(1).step_by(2).map(Into::into).collect();
    assert!(labels.len() >= 18, "{labels:?}");
    labels
}

/// Who reads of a trouble finds what to do.
#[test]
fn every_trouble_is_explained() {
    let operations = read("docs/operations.md");
    let table = operations.split("\n### Troubles\n").nth(1).unwrap().split("\n#").next().unwrap();
    let explained: BTreeSet<&str> = table.lines().filter_map(|l| l.split('`').nth(1)).collect();
    let contract = read("docs/mqtt.asyncapi.yaml");
    let list = contract.split("\n                  trouble:\n").nth(1).unwrap();
    let list = list.split(['[', ']']).nth(1).unwrap();
    let listed: BTreeSet<&str> = list.split(',').map(str::trim).collect();
    for trouble in troubles() {
        assert!(explained.contains(&*trouble), "{trouble} is not in docs/operations.md");
        assert!(listed.contains(&*trouble), "{trouble} is not in docs/mqtt.asyncapi.yaml");
    }
    assert_eq!(listed.len(), troubles().len(), "the contract has one that is not told");
}

/// Scripts that people and other scripts call by their names; those of `lib` are read by others.
#[test]
fn scripts_can_be_run_and_findings_are_listed() {
    let list = read("findings/README.md");
    let scripts = ["findings", "scripts", "benches/peers"].map(|folder| files(folder, ".sh"));
    let scripts = scripts.concat().into_iter().filter(|file| !file.contains("/lib/"));
    let mut checked = 0;
    for file in scripts {
        let mode = fs::metadata(root().join(&file)).unwrap().permissions().mode();
        assert!(mode & 0o111 == 0o111, "{file} has no run bit; chmod +x it");
        let name = file.strip_prefix("findings/");
        assert!(
            name.is_none_or(|name| list.contains(&format!("({name})"))),
            "{file} is not listed"
        );
        checked += 1;
    }
    assert!(checked >= 8, "only {checked} scripts were found");
}
