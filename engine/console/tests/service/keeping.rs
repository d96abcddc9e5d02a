//! Pictures and incidents whose time is over: they go by themselves, are counted and audited, and all else stays. And files
//! that no line names, wherever the console ended, and those that the disk does not give up at once.

use super::sample::{PICTURE_NAME, heard, id};
use super::support::Console;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use viahe_console::clock;
use viahe_console::config::Keep;
use viahe_console::evidence::Files;
use viahe_console::keeping::House;
use viahe_console::store::Heard;
use viahe_console::vitals::Vitals;
use viahe_contract::id::Name;
use viahe_contract::message::to_bytes;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

const DAY: Duration = Duration::from_hours(24);
const STEP: Duration = Duration::from_mins(10);

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
        self.hears_with(site, (n, n), on);
    }

    /// The same, with the picture of the `p`-th.
    fn hears_with(&self, site: &str, (n, p): (u32, u32), on: u32) {
        let Self { console, .. } = self;
        let mut event = super::sample::event(site, n, 1);
        event["data"]["evidence"][0]["sha256"] = json!(picture(p).to_string());
        let event = serde_json::from_slice(&to_bytes(&event)).unwrap();
        let heard = Heard { event, received: day(on), ..heard(site, n, 1) };
        console.runtime.block_on(console.store.take(vec![heard])).unwrap();
        self.brings(site, p, on);
    }

    /// A file is on the disk, and that is all.
    fn lies_there(&self, n: u32) {
        let path = self.path(n);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "\u{ff}").unwrap();
    }

    /// In its place is what cannot be removed as a file, whoever tries.
    fn sticks(&self, n: u32) {
        let _ = std::fs::remove_file(self.path(n));
        std::fs::create_dir_all(self.path(n)).unwrap();
    }

    fn comes_loose(&self, n: u32) {
        std::fs::remove_dir(self.path(n)).unwrap();
        self.lies_there(n);
    }

    fn brings(&self, site: &str, n: u32, on: u32) {
        self.lies_there(n);
        let site = Name::try_from(site).unwrap();
        let arrived = self.console.store.arrived(site, picture(n), 2, day(on));
        self.console.runtime.block_on(arrived).unwrap();
    }

    fn path(&self, n: u32) -> PathBuf {
        let name = picture(n);
        self.console.folder.path().join("evidence").join(name.shard()).join(format!("{name}.jpg"))
    }

    /// Who keeps house there, once it was started anew.
    fn house(&self, keep: &Keep) -> House {
        let files = Files::open(self.console.folder.path()).unwrap();
        House::new(self.console.store.clone(), files, self.vitals.clone(), *keep)
    }

    fn goes_on_to(&self, keep: &Keep, on: u32) {
        self.console.runtime.block_on(self.house(keep).sweep(day(on))).unwrap();
    }

    /// Until all folders were looked at: some six hours of that day.
    fn looks_everywhere(&self, house: &mut House, on: u32) {
        for step in 0..32 {
            self.console.runtime.block_on(house.sweep(day(on).plus(STEP * step))).unwrap();
        }
    }

    fn sweeps(&self, house: &mut House, on: u32) -> Option<String> {
        let swept = self.console.runtime.block_on(house.sweep(day(on)));
        let told = self
            .vitals
            .troubles(clock::monotonic())
            .into_iter()
            .find(|(trouble, _)| *trouble == "sweep");
        assert_eq!(swept.is_err(), told.is_some(), "{swept:?}");
        told.map(|(_, text)| text)
    }

    fn gauge(&self, what: &str) -> u64 {
        self.vitals.gauges().into_iter().find(|(of, _)| *of == what).unwrap().1
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
        self.counted("removed", what)
    }

    fn counted(&self, of: &str, what: &str) -> u64 {
        let counts = self.vitals.counts().into_iter();
        counts.filter(|(found, kind, _)| (*found, *kind) == (of, what)).map(|c| c.2).sum()
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
    old.hears_with("da-nang", (2, 1), 50);
    old.goes_on_to(&Keep::default(), 91);
    assert!(old.path(1).exists(), "it is somebody else's");
    assert!(old.detail(1)["evidence"][0]["gone"].is_string());
    old.goes_on_to(&Keep::default(), 141);
    assert!(!old.path(1).exists());
    // Also when the time of both is over at once.
    old.hears_with("hue", (3, 3), 200);
    old.hears_with("da-nang", (4, 3), 200);
    old.goes_on_to(&Keep::default(), 291);
    assert!(!old.path(3).exists());
    assert_eq!(old.removed("pictures"), 4);
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

#[test]
fn what_the_disk_does_not_give_up_holds_up_nothing_and_is_told_until_it_goes() {
    let old = old();
    for n in 1..=3 {
        old.hears("hue", n, 0);
    }
    // Of no incident, and one that nobody has brought.
    old.brings("hue", 4, 1);
    old.lies_there(5);
    old.sticks(1);
    old.sticks(5);
    let mut house = old.house(&Keep::default());
    old.console
        .runtime
        .block_on(old.console.store.found_on_disk(vec![picture(5)], day(0)))
        .unwrap();
    let told = old.sweeps(&mut house, 91).unwrap();
    assert!(told.contains(".jpg: ") && told.ends_with("(and 1 more)"), "{told}");
    assert_eq!([2, 3, 4].map(|n| old.path(n).exists()), [false; 3]);
    assert_eq!((old.removed("pictures"), old.removed("strays")), (2, 1));
    assert_eq!((old.gauge("evidence_refused"), old.gauge("evidence_strays")), (2, 1));
    assert!(old.detail(1)["evidence"][0]["arrived"].is_string(), "it is there");
    // As long as it is so, also for who starts anew.
    assert!(old.sweeps(&mut house, 92).is_some());
    let mut house = old.house(&Keep::default());
    old.comes_loose(5);
    let told = old.sweeps(&mut house, 93).unwrap();
    assert!(told.contains(".jpg: ") && !told.contains("more)"), "{told}");
    assert_eq!((old.path(5).exists(), old.removed("strays")), (false, 2));
    old.comes_loose(1);
    assert_eq!(old.sweeps(&mut house, 94), None);
    assert_eq!(old.there([1]), [] as [u32; 0]);
    assert_eq!((old.gauge("evidence_refused"), old.gauge("evidence_strays")), (0, 0));
}

#[test]
fn whose_line_went_goes_also_if_the_console_ended_in_between() {
    let old = old();
    let Old { console, .. } = &old;
    old.brings("hue", 1, 0);
    old.brings("hue", 2, 0);
    let (hue, camera) = (Name::try_from("hue").unwrap(), Name::try_from("gate-east").unwrap());
    for (n, on) in [(2, 0), (3, 1)] {
        let still = console.store.keep_still((hue.clone(), camera.clone()), picture(n), day(on));
        console.runtime.block_on(still).unwrap();
    }
    old.brings("hue", 3, 1);
    console.runtime.block_on(async {
        let (unnamed, _) = console.store.unnamed(day(1), None).await.unwrap();
        assert_eq!(unnamed, [(picture(1), "hue".to_owned())]);
        assert_eq!(console.store.forget_unnamed(unnamed, day(1)).await.unwrap(), 1);
        assert_eq!(console.store.forget_stills(day(1), day(1)).await.unwrap(), 1);
    });
    // Here it ends: nothing of this was taken off the disk.
    assert!(old.path(1).exists() && old.path(2).exists());
    old.goes_on_to(&Keep::default(), 1);
    assert_eq!([1, 2, 3].map(|n| old.path(n).exists()), [false, false, true]);
    assert_eq!(old.removed("strays"), 2);
}

#[test]
fn a_file_that_nobody_is_known_to_have_brought_goes_after_a_day() {
    let old = old();
    old.hears("hue", 1, 100);
    // It ended after the file was whole, and before that was kept.
    old.lies_there(2);
    old.lies_there(3);
    let foreign = old.path(2).with_file_name("notes.txt");
    std::fs::write(&foreign, "").unwrap();
    let mut house = old.house(&Keep::default());
    old.looks_everywhere(&mut house, 100);
    assert_eq!(old.counted("evidence", "stray"), 2);
    assert_eq!((old.gauge("evidence_strays"), old.removed("strays")), (2, 0));
    // A box comes back and brings one after all.
    old.brings("hue", 3, 100);
    old.looks_everywhere(&mut house, 101);
    assert_eq!([1, 2, 3].map(|n| old.path(n).exists()), [true, false, true]);
    assert_eq!((old.gauge("evidence_strays"), old.removed("strays")), (0, 1));
    assert!(foreign.exists(), "it is nobody's picture");
}

#[test]
fn parts_that_nobody_goes_on_with_go_and_one_that_stays_holds_up_no_other() {
    let old = old();
    let parts = old.console.folder.path().join("evidence/pending");
    let part = |name: &str, on: u32| {
        let file = std::fs::File::create(parts.join(name)).unwrap();
        let at = std::time::UNIX_EPOCH + Duration::from_nanos(day(on).0);
        file.set_modified(at).unwrap();
    };
    for name in ["a", "c"] {
        part(name, 0);
    }
    part("new", 20);
    std::fs::create_dir(parts.join("b")).unwrap();
    let at = std::time::UNIX_EPOCH + Duration::from_nanos(day(0).0);
    std::fs::File::open(parts.join("b")).unwrap().set_modified(at).unwrap();
    let told = old.sweeps(&mut old.house(&Keep::default()), 31).unwrap();
    assert!(told.contains("pending/b"), "{told}");
    assert_eq!(["a", "c", "new"].map(|name| parts.join(name).exists()), [false, false, true]);
}
