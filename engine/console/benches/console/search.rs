//! Searches in a large store on disk.

use crate::{city, median_and_p99};
use futures_util::future::join_all;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;
use viahe_console::clock;
use viahe_console::model::{Bounds, Filter, Judged, Order, Person, Phase, Role, Scope};
use viahe_console::store::{Doer, Speaker, Store};
use viahe_console::vitals::Vitals;
use viahe_contract::message::Severity;
use viahe_testing::incident::id;

/// Revisions in one commit.
const BATCH: u32 = 2_000;
/// Verdicts that are given at once.
const AT_ONCE: u32 = 256;
/// Incidents that nobody has judged: the newest.
const OPEN: u32 = 10_000;
const RUNS: usize = 200;
/// Lines of a page.
const PAGE: usize = 50;
/// Incidents on a map, unless told, and at most.
const FEATURES: usize = 1_000;
const FEATURES_MAX: usize = 10_000;

pub(crate) fn run(incidents: u32, word: &str) {
    let dir = filled(incidents);
    let runtime = Runtime::new().unwrap();
    let bytes = std::fs::metadata(dir.join("console.db")).unwrap().len();
    println!("search: {incidents} incidents, console.db has {:.2} GB", bytes as f64 / 1e9);
    // Opened anew: what was cached while it was filled is not.
    let store = Store::open(&dir, &Vitals::default()).unwrap();
    println!("{:<44}{:>10}{:>10}{:>10}{:>10}{:>10}", "ms", "found", "queue", "p99", "list", "p99");
    for (name, filter) in questions().into_iter().filter(|(name, _)| name.contains(word)) {
        let mut times = [Vec::new(), Vec::new()];
        let mut found = String::new();
        for n in 0..RUNS {
            let order = if n % 2 == 0 { Order::Newest } else { Order::Severity };
            let started = clock::monotonic();
            let queue = runtime.block_on(store.queue(filter.clone(), order, None, PAGE));
            times[0].push(started.elapsed().as_secs_f64() * 1e3);
            let queue = queue.unwrap().unwrap();
            found = format!("{}{}", queue.total_incidents, if queue.at_least { "+" } else { "" });
            let started = clock::monotonic();
            runtime.block_on(store.incidents(filter.clone(), None, PAGE)).unwrap().unwrap();
            times[1].push(started.elapsed().as_secs_f64() * 1e3);
        }
        let [queue, list] = times.map(|mut times| median_and_p99(&mut times));
        println!(
            "{name:<44}{found:>10}{:>10.2}{:>10.2}{:>10.2}{:>10.2}",
            queue[0], queue[1], list[0], list[1]
        );
    }
    map(&runtime, &store, word);
}

/// The folder of a store with so many; it stays, as filling takes so long.
fn filled(incidents: u32) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("search-{incidents}"));
    let mark = dir.join("filled");
    if mark.exists() {
        return dir;
    }
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let store = Store::open(&dir, &Vitals::default()).unwrap();
    let started = clock::monotonic();
    Runtime::new().unwrap().block_on(fill(&store, incidents));
    println!("search: filled in {:.0} s", started.elapsed().as_secs_f64());
    drop(store);
    std::fs::write(mark, "").unwrap();
    dir
}

/// As a page or the city's platform asks.
fn map(runtime: &Runtime, store: &Store, word: &str) {
    println!("{:<44}{:>10}{:>10}{:>10}{:>10}", "ms", "at most", "found", "map", "p99");
    for (name, filter) in views().into_iter().filter(|(name, _)| name.contains(word)) {
        for limit in [FEATURES, FEATURES_MAX] {
            let (mut times, mut found) = (Vec::new(), String::new());
            for _ in 0..RUNS / 10 {
                let started = clock::monotonic();
                let shown = store.incidents_on_map(filter.clone(), Vec::new(), limit);
                let (shown, more) = runtime.block_on(shown).unwrap();
                times.push(started.elapsed().as_secs_f64() * 1e3);
                found = format!("{}{}", shown.len(), if more { "+" } else { "" });
            }
            let [median, p99] = median_and_p99(&mut times);
            println!("{name:<44}{limit:>10}{found:>10}{median:>10.2}{p99:>10.2}");
        }
    }
}

fn views() -> Vec<(&'static str, Filter)> {
    let earth = || Filter { bounds: Some(Bounds::EARTH), ..Filter::all() };
    let ward = || Filter { bounds: Some(city::around(7)), ..Filter::all() };
    let south = Bounds { north: 10.199, ..Bounds::EARTH };
    let nowhere = Bounds { west: 0.0, south: 0.0, east: 1.0, north: 1.0 };
    vec![
        ("map: all", earth()),
        ("map: all that waits", Filter { judged: Judged::Not, ..earth() }),
        ("map: half of all", Filter { bounds: Some(south), ..Filter::all() }),
        ("map: one ward", ward()),
        ("map: one ward, what goes on", Filter { phase: Phase::Open, ..ward() }),
        ("map: one ward, what waits", Filter { judged: Judged::Not, ..ward() }),
        ("map: one ward, half the year", Filter { to: Some(city::in_year(50)), ..ward() }),
        ("map: where nothing is", Filter { bounds: Some(nowhere), ..Filter::all() }),
    ]
}

async fn fill(store: &Store, incidents: u32) {
    for from in (0..incidents).step_by(BATCH as usize) {
        let to = (from + BATCH).min(incidents);
        let batch = (from..to).map(|n| city::heard(n, incidents)).collect();
        store.take(batch).await.unwrap();
    }
    let judged = incidents.saturating_sub(OPEN);
    for from in (0..judged).step_by(AT_ONCE as usize) {
        let to = (from + AT_ONCE).min(judged);
        let given = (from..to).map(|n| {
            let note = if n % 20 == 0 { "đã báo phường" } else { "" };
            let said = if n % 4 == 0 {
                serde_json::json!({ "revision": 1, "judgement": "dismissed", "reason": "permitted", "note": note })
            } else {
                serde_json::json!({ "revision": 1, "judgement": "confirmed", "note": note })
            };
            store.judge(id(n), serde_json::from_value(said).unwrap(), speaker())
        });
        join_all(given).await.into_iter().for_each(|given| drop(given.unwrap()));
    }
}

fn speaker() -> Speaker {
    let person = Person {
        name: "lan".into(),
        display_name: "Lan".into(),
        role: Role::Operator,
        scope: Scope::All,
    };
    let doer = Doer { who: "lan".into(), address: "::1".into(), at: clock::now() };
    Speaker { person, doer }
}

fn questions() -> Vec<(&'static str, Filter)> {
    let open = || Filter { judged: Judged::Not, ..Filter::all() };
    let words = |text: &str| Filter { words: Some(text.into()), ..Filter::all() };
    let times = |from, to| Filter {
        from: Some(city::in_year(from)),
        to: Some(city::in_year(to)),
        ..Filter::all()
    };
    vec![
        ("what waits", open()),
        ("everything", Filter::all()),
        ("one site, what waits", Filter { sites: Some(vec![city::site(7)]), ..open() }),
        ("one site", Filter { sites: Some(vec![city::site(7)]), ..Filter::all() }),
        ("one camera of all sites", Filter { camera: Some("cam-03".into()), ..Filter::all() }),
        ("one place", Filter { place: "ward-007/cam-03/kerb-1".parse().ok(), ..Filter::all() }),
        ("word of a street: le loi", words("le loi")),
        ("word of half of all: xe", words("xe")),
        ("beginning of a word: l", words("l")),
        ("words of two parts: lan chiem tran phu", words("lan chiem tran phu")),
        ("words of notes: da bao phuong", words("da bao phuong")),
        ("words of notes and of a heading: bao le loi", words("bao le loi")),
        (
            "words of notes, one site",
            Filter { sites: Some(vec![city::site(0)]), ..words("da bao phuong") },
        ),
        ("word and site", Filter { sites: Some(vec![city::site(7)]), ..words("le") }),
        ("word, what waits", Filter { words: Some("le loi".into()), ..open() }),
        ("word that nothing has", words("khongco")),
        ("id", words(&id(123_456))),
        ("beginning of an id", words(&id(123_456)[..20])),
        ("beginning of the ids of all", words(&id(123_456)[..6])),
        ("a hundredth of the year", times(50, 51)),
        ("the whole year", times(0, 101)),
        ("half a year of a site", Filter { sites: Some(vec![city::site(7)]), ..times(0, 50) }),
        ("half a year of a word", Filter { words: Some("le loi".into()), ..times(0, 50) }),
        ("half a year of half of all", Filter { words: Some("xe".into()), ..times(0, 50) }),
        ("half a year, grave", Filter { severity: Some(Severity::High), ..times(0, 50) }),
        ("half a year, dismissed", Filter { judged: Judged::Dismissed, ..times(0, 50) }),
        ("half a year, what waits", Filter { judged: Judged::Not, ..times(0, 50) }),
        (
            "the year of a violation",
            Filter { violation: Some("wrong-way".into()), ..times(0, 101) },
        ),
    ]
}
