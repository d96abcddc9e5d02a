//! The suite in `fixtures/scenarios`: stories in, incidents out.
//!
//! With `VIAHE_UPDATE_SCENARIOS` set, writes the recordings and the `[[test]]` tables first.

use crate::stories::{self, Incident, Story};
use crate::street;
use crate::street::{RATES, Rate};
use crate::support::{World, root, tomls};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use viahe_core::config;
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::model::ModelInfo;
use viahe_core::observe::Header;
use viahe_core::plan::{Plan, Test};
use viahe_core::scenario::{self, Told};

const FOLDER: &str = "fixtures/scenarios";
const MARK: &str = "# The rest is written by `VIAHE_UPDATE_SCENARIOS=1 cargo test -p viahe-core --test scenarios`.\n";
/// Short recordings are cut before each event; of long ones so many cuts are made.
const CUTS_MAX: usize = 40;
/// With the seed that a failure prints, it can be had again.
const LATE_SEEDS: [u64; 2] = [11, 12];
/// Of rates that change every second.
const RATE_SEEDS: [u64; 3] = [21, 22, 23];
/// So many times each story is told anew, with another seed.
const SEED_ROUNDS: u64 = 20;
/// Quarters of an hour in which nobody does wrong.
const DAYS: u64 = 12;
const LATENESS: Duration = Duration::from_secs(3);

fn folder() -> PathBuf {
    root().join(FOLDER)
}

fn model(package: &Name) -> Result<ModelInfo, String> {
    let path = folder().join(format!("models/{package}/model.toml"));
    let text = fs::read_to_string(&path).map_err(|e| e.to_string())?;
    let model = config::model::parse("model.toml", &text).map_err(|e| e.to_string())?;
    Ok(ModelInfo::from(&model))
}

/// The stories; told once, since each tells itself anew.
fn stories() -> &'static [Story] {
    static STORIES: OnceLock<Vec<Story>> = OnceLock::new();
    STORIES.get_or_init(|| {
        let stories = stories::all(0);
        if std::env::var_os("VIAHE_UPDATE_SCENARIOS").is_some() {
            update(&stories);
        }
        stories
    })
}

fn recording(story: &Story) -> String {
    let mut text = serde_json::to_string(&Header::default()).unwrap();
    text.push('\n');
    for event in &story.events {
        text += &serde_json::to_string(event).unwrap();
        text.push('\n');
    }
    text
}

/// The `[[test]]` tables of a theme.
fn tables(stories: &[&Story]) -> String {
    let mut text = String::new();
    for Story { theme, name, camera, expect, .. } in stories {
        let _ =
            write!(text, "\n[[test]]\nname = \"{name}\"\nrecording = \"{theme}/{name}.jsonl\"\n");
        for Incident { rule, first, opened, closed, within, at_the_site } in expect {
            let _ = write!(text, "[[test.expect]]\nrule = \"{rule}\"\n");
            if !at_the_site {
                let _ = writeln!(text, "camera = \"{camera}\"");
            }
            if let Some(first) = first {
                let _ = writeln!(text, "first_seen_secs = {first:?}");
            }
            let _ = writeln!(text, "opened_secs = {opened:?}");
            match closed {
                Some(closed) => writeln!(text, "closed_secs = {closed:?}").unwrap(),
                None => text += "open = \"yes\"\n",
            }
            if (*within - 2.0).abs() > f32::EPSILON {
                let _ = writeln!(text, "within_secs = {within:?}");
            }
        }
    }
    text
}

fn by_theme(stories: &[Story]) -> BTreeMap<&str, Vec<&Story>> {
    let mut themes: BTreeMap<&str, Vec<&Story>> = BTreeMap::new();
    for story in stories {
        themes.entry(story.theme).or_default().push(story);
    }
    themes
}

fn pipeline(theme: &str) -> PathBuf {
    folder().join(format!("{theme}.toml"))
}

fn update(stories: &[Story]) {
    for (theme, stories) in by_theme(stories) {
        let file = pipeline(theme);
        let text = fs::read_to_string(&file).unwrap();
        let head = text.split_once(MARK).unwrap().0;
        fs::write(&file, format!("{head}{MARK}{}", tables(&stories))).unwrap();
        let folder = folder().join(theme);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for story in stories {
            fs::write(folder.join(format!("{}.jsonl", story.name)), recording(story)).unwrap();
        }
    }
}

fn plan(world: &World, theme: &str) -> Plan {
    let file = pipeline(theme);
    let text = fs::read_to_string(&file).unwrap();
    let file = file.display().to_string();
    world.parse_with(&file, &text, &model).unwrap_or_else(|e| panic!("{e}"))
}

/// As `viahe test` reads them.
fn read(path: &Path) -> Vec<Event> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All that was said, to the byte.
fn bytes(told: &[Told]) -> String {
    let revisions: Vec<_> = told.iter().flat_map(|t| &t.revisions).collect();
    serde_json::to_string(&revisions).unwrap()
}

/// Calls `check` for each test of each pipeline, with its events.
fn each(mut check: impl FnMut(&Arc<Plan>, &Test, &[Event])) {
    let world = World::new();
    for theme in by_theme(stories()).keys() {
        let plan = Arc::new(plan(&world, theme));
        assert!(!plan.tests.is_empty(), "{theme}");
        for test in &plan.tests {
            check(&plan, test, &read(&test.recording));
        }
    }
}

fn differences(test: &Test, events: &[Event], told: &[Told]) -> Vec<String> {
    let start = events.iter().find_map(Event::at).unwrap();
    scenario::compare(test, start, told)
}

#[test]
fn files_are_those_of_the_stories() {
    for (theme, stories) in by_theme(stories()) {
        let text = fs::read_to_string(pipeline(theme)).unwrap();
        let written = text.split_once(MARK).unwrap().1;
        assert!(written == tables(&stories), "{theme}.toml is out of date; see {FOLDER}/README.md");
        let mut names = BTreeSet::new();
        for story in stories {
            let file = folder().join(theme).join(format!("{}.jsonl", story.name));
            let written = fs::read_to_string(&file).unwrap_or_default();
            let what = format!("{} (seed {})", file.display(), story.seed);
            assert!(written == recording(story), "{what} is out of date");
            let bytes_max = if theme == "view" { 90_000 } else { 30_000 };
            assert!(written.len() <= bytes_max, "{what} has {} bytes", written.len());
            names.insert(format!("{}.jsonl", story.name));
        }
        let found = fs::read_dir(folder().join(theme)).unwrap();
        for entry in found {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(names.contains(&name), "{theme}/{name} belongs to no story");
        }
    }
}

#[test]
fn all_scenarios_hold() {
    let (mut tests, mut expected, mut found, mut missing, mut unexpected) = (0, 0, 0, 0, 0);
    let mut failures = String::new();
    each(|plan, test, events| {
        let told = scenario::run(plan, events.iter().cloned());
        let lines = differences(test, events, &told);
        tests += 1;
        expected += test.expected.len();
        found += told.len();
        missing += lines.iter().filter(|l| l.starts_with("missing")).count();
        unexpected += lines.iter().filter(|l| l.starts_with("unexpected")).count();
        if !lines.is_empty() {
            let _ = write!(failures, "\n{}\n  {}", test.name, lines.join("\n  "));
        }
    });
    let share = |good: usize, all: usize| good as f64 / all.max(1) as f64;
    println!(
        "{tests} scenarios, {expected} incidents expected, {found} found: precision {:.4}, recall {:.4}",
        share(found - unexpected, found),
        share(expected - missing, expected),
    );
    assert!(failures.is_empty(), "{failures}");
    assert!(tests >= 150, "{tests} scenarios");
}

#[test]
fn cut_by_restarts_they_say_the_same() {
    each(|plan, test, events| {
        let whole = bytes(&scenario::run(plan, events.iter().cloned()));
        let every = events.len().div_ceil(CUTS_MAX);
        let cut = scenario::run_cut(plan, events.iter().cloned(), every).unwrap();
        assert_eq!(bytes(&cut), whole, "{} cut before every {every}th event", test.name);
    });
}

/// All that was said, to the byte, in the order of event time: of two incidents at once, the one
/// whose picture is there first is told first.
fn in_event_order(told: &[Told]) -> String {
    let mut revisions: Vec<_> = told.iter().flat_map(|t| &t.revisions).collect();
    revisions.sort_by_key(|r| (r.updated, r.incident.clone(), r.revision));
    serde_json::to_string(&revisions).unwrap()
}

#[test]
fn late_events_change_nothing() {
    each(|plan, test, events| {
        let mut late = Plan::clone(plan);
        late.engine.lateness = LATENESS;
        let late = Arc::new(late);
        let whole = in_event_order(&scenario::run(plan, events.iter().cloned()));
        for seed in LATE_SEEDS {
            let shuffled = scenario::shuffled(events, LATENESS, seed);
            let told = in_event_order(&scenario::run(&late, shuffled));
            assert_eq!(told, whole, "{} late, seed {seed}", test.name);
        }
    });
}

#[test]
fn every_entry_has_its_scenarios() {
    let mut lacking = Vec::new();
    let entries = ["pipelines/catalogue", "fixtures/scenarios/catalogue"].map(tomls);
    for file in entries.iter().flat_map(|files| files.keys()) {
        let entry = file.trim_end_matches(".toml");
        for kind in ["pos", "near", "trap"] {
            let prefix = format!("{entry}-{kind}-");
            if !stories().iter().any(|s| s.name.starts_with(&prefix)) {
                lacking.push(prefix);
            }
        }
    }
    assert!(lacking.is_empty(), "no scenarios of {lacking:?}");
}

/// The same stories, seen by detectors that err otherwise: prints how many still hold.
#[test]
fn other_seeds_hold() {
    let world = World::new();
    let plans: BTreeMap<&str, Arc<Plan>> =
        by_theme(stories()).keys().map(|t| (*t, Arc::new(plan(&world, t)))).collect();
    let (mut runs, mut failed) = (0, BTreeMap::new());
    for round in 1..=SEED_ROUNDS {
        for story in stories::all(round * 1000) {
            let plan = &plans[story.theme];
            let test = plan.tests.iter().find(|t| t.name.as_str() == story.name).unwrap();
            let told = scenario::run(plan, story.events.iter().cloned());
            let lines = differences(test, &story.events, &told);
            runs += 1;
            if !lines.is_empty() {
                let what = format!("seed {}: {}", story.seed, lines.join("; "));
                failed.entry(story.name).or_insert_with(Vec::new).push(what);
            }
        }
    }
    let count: usize = failed.values().map(Vec::len).sum();
    println!("{runs} runs under other seeds, {count} differ ({SEED_ROUNDS} rounds)");
    for (name, whats) in &failed {
        println!("  {name}: {} of {SEED_ROUNDS}, {}", whats.len(), whats[0]);
    }
    assert!(count * 200 <= runs, "more than half a percent differ");
}

/// Nobody does wrong for a quarter of an hour, over and over.
#[test]
fn an_ordinary_day_tells_nothing() {
    let plan = Arc::new(plan(&World::new(), "everyday"));
    let mut told = String::new();
    for seed in 1..=DAYS {
        let street = stories::everyday::day(seed, 900.0, 5.0, street::CALM).seed(seed);
        for t in scenario::run(&plan, street.events()) {
            let classes: Vec<_> = t.subjects.iter().map(ToString::to_string).collect();
            let at = |at: viahe_core::time::Timestamp| at.since(street.time(0.0)).as_secs_f32();
            let _ = writeln!(
                told,
                "seed {seed}: {} {classes:?} {} {} {:?}",
                t.rule,
                at(t.first_seen),
                at(t.opened),
                t.closed.map(at)
            );
        }
    }
    println!("{DAYS} ordinary quarters of an hour, {} incidents", told.lines().count());
    assert!(told.is_empty(), "{told}");
}

/// Each story, looked at by `rate`: how many, how many of them do not say what they must, and what
/// they say. A rate below a story's own is left out: the story asks for more.
fn looked_at(rate: impl Fn(&Story) -> Rate, what: &str) -> (usize, usize, String) {
    let world = World::new();
    let plans: BTreeMap<&str, Arc<Plan>> =
        by_theme(stories()).keys().map(|t| (*t, Arc::new(plan(&world, t)))).collect();
    let (mut runs, mut differing, mut failures) = (0, 0, String::new());
    for story in stories() {
        let rate = rate(story);
        let street = story.street.clone().looked_at(rate);
        if street.hz() < story.street.hz() {
            continue;
        }
        let plan = &plans[story.theme];
        let test = plan.tests.iter().find(|t| t.name.as_str() == story.name).unwrap();
        let mut test = test.clone();
        // As exact as the slowest look: of the story, or of the rule.
        for expected in &mut test.expected {
            let rules =
                plan.cameras.iter().flat_map(|c| &c.rules).filter(|r| r.id == expected.rule);
            let hz = rules.map(|r| r.look_hz).fold(story.street.hz(), f32::min);
            expected.within += Duration::from_secs_f32(1.0 / hz);
        }
        let events = street.events();
        let told = scenario::run(plan, events.iter().cloned());
        let lines = differences(&test, &events, &told);
        runs += 1;
        if !lines.is_empty() {
            differing += 1;
            let _ = write!(
                failures,
                "\n{} {what} (seed {})\n  {}",
                test.name,
                story.seed,
                lines.join("\n  ")
            );
        }
    }
    (runs, differing, failures)
}

/// How often a camera looks changes how exactly it is known when, never what is said. Each look
/// errs anew, so a story whose outcome hangs on few looks may differ as under another seed.
#[test]
fn looking_more_often_changes_nothing() {
    let (mut all, mut total, mut different) = (String::new(), 0, 0);
    for hz in RATES {
        let what = format!("at {hz} looks a second");
        let (runs, differing, failures) = looked_at(|_| Rate::Steady(hz), &what);
        println!("{runs} stories {what}, {differing} differ");
        all += &failures;
        (total, different) = (total + runs, different + differing);
    }
    for seed in RATE_SEEDS {
        let what = format!("at a rate that changes every second, by {seed}");
        let changing = |story: &Story| Rate::Changing { least: story.street.hz().max(1.0), seed };
        let (runs, differing, failures) = looked_at(changing, &what);
        println!("{runs} stories {what}, {differing} differ");
        all += &failures;
        (total, different) = (total + runs, different + differing);
    }
    println!("{total} in all, {different} differ{all}");
    assert!(different * 500 <= total, "more than a fifth of a percent differ{all}");
}
