//! Pictures and incidents whose time is over: they go by themselves, are counted and audited, and all else stays.

use super::sample::{PICTURE_NAME, heard, id};
use super::support::Console;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use viahe_console::config::Keep;
use viahe_console::evidence::Files;
use viahe_console::keeping::let_go;
use viahe_console::store::Heard;
use viahe_console::vitals::Vitals;
use viahe_contract::id::Name;
use viahe_contract::message::to_bytes;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

const DAY: Duration = Duration::from_hours(24);

fn day(n: u32) -> Timestamp {
    Timestamp::from_secs(1_700_000_000).plus(DAY * n)
}

/// The picture of the `n`-th incident; the first has one that other sites know as well.
fn picture(n: u32) -> Sha256 {
    let name = if n == 1 { PICTURE_NAME.to_owned() } else { format!("{n:064x}") };
    Sha256::try_from(&*name).unwrap()
}

struct Old {
    console: Console,
    vitals: Vitals,
}

impl Old {
    /// Hears of the `n`-th incident of a site on a day, and has its picture.
    fn hears(&self, site: &str, n: u32, on: u32) {
        let Self { console, .. } = self;
        let mut event = super::sample::event(site, n, 1);
        event["data"]["evidence"][0]["sha256"] = json!(picture(n).to_string());
        let event = serde_json::from_slice(&to_bytes(&event)).unwrap();
        let heard = Heard { event, received: day(on), ..heard(site, n, 1) };
        console.runtime.block_on(console.store.take(vec![heard])).unwrap();
        self.brings(site, n, on);
    }

    fn brings(&self, site: &str, n: u32, on: u32) {
        let path = self.path(n);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "\u{ff}").unwrap();
        let site = Name::try_from(site).unwrap();
        let arrived = self.console.store.arrived(site, picture(n), 2, day(on));
        self.console.runtime.block_on(arrived).unwrap();
    }

    fn path(&self, n: u32) -> PathBuf {
        let name = picture(n);
        self.console.folder.path().join("evidence").join(name.shard()).join(format!("{name}.jpg"))
    }

    fn goes_on_to(&self, keep: &Keep, on: u32) {
        let Self { console, vitals } = self;
        let files = Files::open(console.folder.path()).unwrap();
        let gone = let_go((&console.store, &files, vitals), keep, day(on));
        console.runtime.block_on(gone).unwrap();
    }

    /// Which pictures are there, on the disk and by what is told.
    fn there(&self, all: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let there = all.into_iter().filter(|n| {
            let told = self.detail(*n)["evidence"][0].clone();
            let is_there = self.path(*n).exists();
            assert_eq!(told["arrived"].is_string(), is_there, "{n}: {told}");
            assert_eq!(told["gone"].is_string(), !is_there, "{n}: {told}");
            is_there
        });
        there.collect()
    }

    fn detail(&self, n: u32) -> Value {
        let admin = self.console.admin();
        self.console.ask("GET", &format!("/v1/incidents/{}", id(n)), &admin.headers(), None).json()
    }

    fn acts(&self, what: &str) -> Vec<Value> {
        let admin = self.console.admin();
        let audit = self.console.ask("GET", "/v1/audit", &admin.headers(), None).json();
        let lines = audit["entries"].as_array().unwrap().iter();
        lines.filter(|line| line["what"] == what).map(|line| line["about"].clone()).collect()
    }

    fn removed(&self, what: &str) -> u64 {
        let counts = self.vitals.counts().into_iter();
        counts.filter(|(of, kind, _)| (*of, *kind) == ("removed", what)).map(|c| c.2).sum()
    }
}

fn old() -> Old {
    Old { console: Console::start(), vitals: Vitals::default() }
}

#[test]
fn pictures_go_after_their_time_and_those_that_prove_something_later() {
    let old = old();
    for (n, on) in [(1, 0), (2, 0), (3, 0), (4, 50)] {
        old.hears("hue", n, on);
    }
    let admin = old.console.admin();
    let say = |path: &str, body: Value| {
        let said = old.console.ask("POST", path, &admin.headers(), Some(body));
        assert_eq!(said.status, 201, "{}", said.body);
    };
    let confirmed = json!({ "revision": 1, "judgement": "confirmed" });
    say(&format!("/v1/incidents/{}/verdict", id(2)), confirmed);
    say(&format!("/v1/incidents/{}/escalation", id(3)), json!({ "note": "" }));
    let keep = Keep::default();
    old.goes_on_to(&keep, 90);
    assert_eq!(old.there(1..=4), [1, 2, 3, 4]);
    assert_eq!((old.removed("pictures"), old.acts("pictures_removed").len()), (0, 0));
    old.goes_on_to(&keep, 91);
    assert_eq!(old.there(1..=4), [2, 3, 4]);
    assert_eq!(old.acts("pictures_removed"), ["1"]);
    old.goes_on_to(&keep, 366);
    assert_eq!(old.there(1..=4), [] as [u32; 0]);
    assert_eq!(old.removed("pictures"), 4);
    // What was said of them stays, for ever unless that is set.
    old.goes_on_to(&keep, 20_000);
    assert_eq!(old.detail(2)["summary"]["judgement"]["judgement"], "confirmed");
    assert_eq!(old.removed("incidents"), 0);
}

#[test]
fn a_picture_of_two_sites_goes_with_the_last_of_them() {
    let old = old();
    old.hears("hue", 1, 0);
    old.brings("da-nang", 1, 50);
    old.goes_on_to(&Keep::default(), 91);
    assert!(old.path(1).exists(), "it is somebody else's");
    assert!(old.detail(1)["evidence"][0]["gone"].is_string());
    old.goes_on_to(&Keep::default(), 141);
    assert!(!old.path(1).exists());
}

#[test]
fn more_than_one_step_takes_all_go() {
    let old = old();
    for n in 1..=450 {
        old.hears("hue", n, (n - 1) / 150);
    }
    old.goes_on_to(&Keep::default(), 92);
    assert_eq!(old.removed("pictures"), 300, "those of the first two days");
    let keep = Keep { incidents: Some(DAY * 10), ..Keep::default() };
    old.goes_on_to(&keep, 11);
    assert_eq!(old.removed("incidents"), 150, "those of the first day");
    old.goes_on_to(&keep, 92);
    assert_eq!((old.removed("incidents"), old.removed("pictures")), (450, 300));
    let admin = old.console.admin();
    let queue = old.console.ask("GET", "/v1/queue?judgement=all", &admin.headers(), None).json();
    assert_eq!((&queue["total_incidents"], &queue["lines"]), (&json!(0), &json!([])));
}

#[test]
fn an_incident_goes_with_all_that_was_said_of_it_and_no_other_does() {
    let old = old();
    old.hears("hue", 1, 0);
    old.hears("hue", 2, 20);
    let admin = old.console.admin();
    let judged = json!({ "revision": 1, "judgement": "confirmed", "note": "xe đạp" });
    for n in [1, 2] {
        let path = format!("/v1/incidents/{}/verdict", id(n));
        assert_eq!(
            old.console.ask("POST", &path, &admin.headers(), Some(judged.clone())).status,
            201
        );
    }
    let keep = Keep { incidents: Some(DAY * 30), ..Keep::default() };
    old.goes_on_to(&keep, 31);
    let path = format!("/v1/incidents/{}", id(1));
    assert_eq!(old.console.ask("GET", &path, &admin.headers(), None).status, 404);
    let found = "/v1/queue?judgement=confirmed&q=xe%20dap";
    let found = old.console.ask("GET", found, &admin.headers(), None).json();
    assert_eq!(
        (&found["total_incidents"], found["lines"][0]["newest"]["id"].as_str()),
        (&json!(1), Some(&*id(2)))
    );
    assert_eq!((old.acts("incidents_removed"), old.removed("incidents")), (vec![json!("1")], 1));
    // It may be told again, as another one; the number of its row is nobody else's.
    old.hears("hue", 1, 31);
    assert!(old.detail(1)["verdicts"].as_array().unwrap().is_empty());
}
