//! Floods, shelves, workload and precision, over HTTP and on a clock of the test.

use super::sample::{event, id};
use super::support::{Answer, Console, Session};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_console::people::Clock as _;
use viahe_console::store::{Heard, State, StateHeard, Store};
use viahe_console::tend::Tend;
use viahe_console::vitals::Vitals;
use viahe_contract::id::Name;
use viahe_contract::message::to_bytes;
use viahe_contract::time::Timestamp;

const MINUTE: Duration = Duration::from_mins(1);

/// The `n`-th incident, of this camera and rule, as it comes at `received`.
fn told(site: &str, n: u32, (camera, rule): (&str, &str), received: Timestamp) -> Heard {
    let text = event(site, n, 1).to_string().replace("gate-east", camera);
    let mut told: Value = serde_json::from_str(&text).unwrap();
    told["data"]["rule"] = json!(rule);
    heard(&told, received)
}

fn heard(told: &Value, received: Timestamp) -> Heard {
    let payload = told["data"].to_string();
    Heard { payload, event: serde_json::from_slice(&to_bytes(told)).unwrap(), received }
}

impl Console {
    fn look_at(&self, who: &Session, path: &str) -> Value {
        let answer = self.ask("GET", path, &who.headers(), None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    fn post(&self, who: &Session, path: &str, body: Value) -> Answer {
        self.ask("POST", path, &who.headers(), Some(body))
    }

    fn takes(&self, batch: Vec<Heard>) {
        self.runtime.block_on(self.store.take(batch)).unwrap();
    }

    fn tends(&self, tend: &mut Tend) {
        self.runtime.block_on(tend.look(self.clock.now())).unwrap();
    }

    fn box_says(&self, state: &Value) {
        let status = serde_json::from_value(state.clone()).unwrap();
        let state = State::Box(Name::try_from("hue").unwrap(), Box::new(status));
        let heard = StateHeard { state, retained: false };
        self.runtime.block_on(self.store.keep_states(vec![heard], self.clock.now())).unwrap();
    }

    fn dismiss(&self, who: &Session, n: u32, reason: &str) -> i64 {
        let body = json!({ "revision": 1, "judgement": "dismissed", "reason": reason, "note": "" });
        let given = self.post(who, &format!("/v1/incidents/{}/verdict", id(n)), body);
        assert!([200, 201].contains(&given.status), "{}", given.body);
        given.json()["no"].as_i64().unwrap()
    }

    fn operator(&self, name: &str, sites: &[&str]) -> Session {
        Session::of(&self.log_in(name, &self.person(name, "operator", Some(sites))))
    }

    fn waiting(&self, who: &Session) -> Value {
        self.look_at(who, "/v1/queue")["total_incidents"].clone()
    }

    fn acts(&self) -> Vec<String> {
        let audit = self.look_at(&self.admin(), "/v1/audit?limit=500");
        let entries = audit["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["what"].as_str().unwrap().to_owned()).collect()
    }
}

fn status(disaster: &Value) -> Value {
    json!({
        "state": "online", "version": "1", "mqtt": "5", "models": [], "outbox_depth": 0, "unsaved": 0,
        "quarantined": 0, "troubles": [], "suspensions": [], "disaster": disaster,
        "time": "2026-11-30T07:00:00.000+07:00"
    })
}

fn declared() -> Value {
    json!({
        "level": 2, "since": "2026-11-30T06:50:00.000+07:00", "until": "2026-11-30T18:00:00.000+07:00",
        "command": "storm-4", "by": "Ban chỉ huy"
    })
}

#[test]
fn what_is_shelved_is_kept_and_comes_back_when_it_still_goes_on() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let minh = console.operator("minh", &["da-nang"]);
    let mut tend = Tend::new(console.store.clone(), Vitals::default());
    let now = console.clock.now();
    let east = |n| told("hue", n, ("gate-east", "no-parking"), now);
    let west = told("hue", 4, ("gate-west", "no-parking"), now);
    console.takes(vec![east(1), east(2), east(3), west]);
    let shelve = |who: &Session, hours: u64, camera: Option<&str>, reason: &str| {
        let until = now.plus(Duration::from_hours(hours)).at_offset(25_200).to_string();
        let body = json!({ "site": "hue", "rule": "no-parking", "camera": camera, "until": until, "reason": reason });
        console.post(who, "/v1/shelves", body)
    };
    let shelf = shelve(&lan, 168, Some("gate-east"), "hội chợ hoa");
    assert_eq!(shelf.status, 201, "{}", shelf.body);
    let no = shelf.json()["no"].clone();
    assert_eq!(
        (&shelf.json()["incidents"], &shelf.json()["display_name"]),
        (&json!(3), &json!("lan"))
    );
    let again = shelve(&lan, 8, Some("gate-east"), "nữa");
    assert_eq!((again.status, &again.json()["theirs"]["no"]), (409, &no));
    assert_eq!(console.waiting(&lan), 1);
    console.takes(vec![
        told("hue", 5, ("gate-east", "no-parking"), now),
        told("hue", 6, ("gate-east", "other-rule"), now),
    ]);
    assert_eq!(console.waiting(&lan), 2, "another rule of the camera is not shelved");
    let found = |judgement: &str| {
        let page = console.look_at(&lan, &format!("/v1/incidents?judgement={judgement}"));
        page["incidents"].as_array().unwrap().len()
    };
    assert_eq!((found("shelved"), found("all")), (4, 6), "kept and found");
    let detail = console.look_at(&lan, &format!("/v1/incidents/{}", id(1)));
    assert_eq!(
        (&detail["summary"]["shelf"], &detail["shelf"]["reason"]),
        (&no, &json!("hội chợ hoa"))
    );
    let counts = console.look_at(&lan, "/v1/shelves");
    assert_eq!(
        (&counts["shelves"][0]["incidents"], counts["shelves"].as_array().unwrap().len()),
        (&json!(4), 1)
    );
    assert_eq!(console.look_at(&minh, "/v1/shelves")["shelves"], json!([]));

    // It may be judged where it lies; and taken back it lies there again.
    let verdict = console.dismiss(&lan, 2, "permitted");
    assert_eq!(found("shelved"), 3);
    let path = format!("/v1/incidents/{}/verdict/{verdict}", id(2));
    assert_eq!(console.ask("DELETE", &path, &lan.headers(), None).status, 200);
    assert_eq!((found("shelved"), console.waiting(&lan)), (4, json!(2)));

    let over = event("hue", 1, 3);
    console.takes(vec![heard(&over, now)]);
    console.clock.forward(MINUTE * (168 * 60 - 1));
    console.tends(&mut tend);
    let lan = console.log_in("lan", &console.people.reset("lan".try_into().unwrap()).unwrap());
    let lan = Session::of(&lan);
    assert_eq!(console.waiting(&lan), 2);
    console.clock.forward(MINUTE);
    console.tends(&mut tend);
    assert_eq!(console.waiting(&lan), 5, "what goes on is back, and what is over stays");
    let shelf = console.look_at(&lan, "/v1/shelves")["shelves"][0].clone();
    assert_eq!((&shelf["ended_by"], shelf["ended"] == shelf["until"]), (&Value::Null, true));
    let acts = console.acts();
    assert_eq!(acts.iter().filter(|what| *what == "shelved").count(), 1, "{acts:?}");
    let changes = console.runtime.block_on(console.store.changes(0, 1_000)).unwrap();
    assert_eq!(changes.iter().filter(|change| change.event == "shelf").count(), 2);
}

#[test]
fn a_shelf_needs_an_end_within_a_week_and_a_reason() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let minh = console.operator("minh", &["da-nang"]);
    let now = console.clock.now();
    console.takes(vec![told("hue", 1, ("gate-east", "no-parking"), now)]);
    let shelve = |who: &Session, rule: &str, hours: u64, reason: &str| {
        let until = now.plus(Duration::from_hours(hours)).at_offset(25_200).to_string();
        let body = json!({ "site": "hue", "rule": rule, "until": until, "reason": reason });
        let answer = console.post(who, "/v1/shelves", body);
        (answer.status, answer.json()["fields"][0]["field"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |field: &str| (422, field.to_owned());
    assert_eq!(
        shelve(&lan, "no-parking", 169, "hội chợ"),
        refused("until"),
        "more than seven days"
    );
    assert_eq!(shelve(&lan, "no-parking", 0, "hội chợ"), refused("until"), "no end to come");
    assert_eq!(shelve(&lan, "no-parking", 8, "  "), refused("reason"));
    assert_eq!(shelve(&lan, "no-parking", 8, &"x".repeat(501)), refused("reason"));
    assert_eq!(shelve(&lan, "no-such-rule", 8, "hội chợ"), refused("rule"));
    assert_eq!(shelve(&minh, "no-parking", 8, "hội chợ").0, 404, "another's site is not there");
    assert_eq!(console.waiting(&lan), 1);
}

#[test]
fn a_shelf_is_ended_before_its_time() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let minh = console.operator("minh", &["da-nang"]);
    let now = console.clock.now();
    console.takes((1..=3).map(|n| told("hue", n, ("gate-east", "no-parking"), now)).collect());
    console.clock.forward(MINUTE);
    let until = now.plus(Duration::from_hours(8)).at_offset(0).to_string();
    let body =
        json!({ "site": "hue", "rule": "no-parking", "until": until, "reason": "sửa đường" });
    let shelf = console.post(&lan, "/v1/shelves", body);
    assert_eq!(shelf.status, 201, "{}", shelf.body);
    assert_eq!(console.waiting(&lan), 0, "of all cameras");
    let path = format!("/v1/shelves/{}", shelf.json()["no"]);
    assert_eq!(console.ask("DELETE", &path, &minh.headers(), None).status, 404);
    let ended = console.ask("DELETE", &path, &lan.headers(), None);
    assert_eq!((ended.status, &ended.json()["ended_by"]), (200, &json!("lan")));
    assert_eq!(console.waiting(&lan), 3);
    // They had shown themselves before: they are no alerts once more.
    let load = console.look_at(&lan, "/v1/workload?site=hue");
    assert_eq!((&load["told"], &load["alerts"]), (&json!(3), &json!(3)));
    assert!(console.acts().contains(&"unshelved".to_owned()));
}

/// Thirteen incidents of a flood in Hue, of which twelve began it, and a graver one that stands alone.
struct Flooded {
    console: Console,
    lan: Session,
    minh: Session,
    tend: Tend,
    /// As it was when it began.
    flood: Value,
}

impl Flooded {
    fn begin() -> Self {
        let console = Console::start();
        let lan = console.operator("lan", &["hue"]);
        let minh = console.operator("minh", &["da-nang"]);
        let mut tend = Tend::new(console.store.clone(), Vitals::default());
        console.box_says(&status(&Value::Null));
        console.takes((1..=12).map(|n| of_flood(&console, n)).collect());
        console.takes(vec![told("da-nang", 90, ("gate-east", "no-parking"), console.clock.now())]);
        console.tends(&mut tend);
        assert_eq!(console.waiting(&lan), 12, "many, of which nothing tells why, are no flood");
        console.clock.forward(MINUTE);
        console.box_says(&status(&declared()));
        console.tends(&mut tend);
        assert_eq!(console.waiting(&lan), 0);
        let flood = console.look_at(&lan, "/v1/floods")["floods"][0].clone();
        let mut grave: Value = event("hue", 14, 1);
        grave["data"]["severity"] = json!("high");
        console.takes(vec![of_flood(&console, 13), heard(&grave, console.clock.now())]);
        Self { console, lan, minh, tend, flood }
    }

    fn path(&self) -> String {
        format!("/v1/floods/{}", self.flood["no"])
    }

    fn members(&self, who: &Session, judgement: &str) -> usize {
        let query = format!("/v1/incidents?judgement={judgement}&flood={}", self.flood["no"]);
        self.console.look_at(who, &query)["incidents"].as_array().unwrap().len()
    }

    fn load(&self, keys: [&str; 3]) -> [Value; 3] {
        let load = self.console.look_at(&self.lan, "/v1/workload?site=hue");
        keys.map(|key| load[key].clone())
    }
}

/// One of four cameras tells it now.
fn of_flood(console: &Console, n: u32) -> Heard {
    told("hue", n, (&format!("cam-{}", n % 4), "no-parking"), console.clock.now())
}

#[test]
fn many_with_one_cause_are_one_line_and_a_graver_one_stands_alone() {
    let it = Flooded::begin();
    let (console, lan, minh) = (&it.console, &it.lan, &it.minh);
    let told = ["cause", "waiting", "places", "severity"].map(|key| it.flood[key].clone());
    assert_eq!(told, [json!("disaster"), json!(12), json!(4), json!("medium")]);
    assert_eq!(console.look_at(minh, "/v1/floods")["floods"], json!([]));
    assert_eq!(console.ask("GET", &it.path(), &minh.headers(), None).status, 404);
    assert_eq!((it.members(lan, "folded"), it.members(minh, "folded")), (13, 0));
    assert_eq!(console.waiting(lan), 1, "the graver one");
    let found = console.look_at(lan, "/v1/queue?q=le%20loi");
    assert_eq!(found["total_incidents"], 14, "all are found by words");
    assert_eq!(it.load(["told", "alerts", "folded"]), [json!(14), json!(13), json!(1)]);
}

#[test]
fn a_flood_is_judged_as_a_whole_and_that_is_taken_back() {
    let it = Flooded::begin();
    let (console, lan) = (&it.console, &it.lan);
    let verdict = format!("{}/verdict", it.path());
    let all =
        json!({ "newest": it.flood["newest"], "judgement": "dismissed", "reason": "poor_view" });
    assert_eq!(console.post(&it.minh, &verdict, all.clone()).status, 404);
    let mut without = all.clone();
    without["reason"] = Value::Null;
    assert_eq!(console.post(lan, &verdict, without).status, 422, "a dismissal has a reason");
    let done = console.post(lan, &verdict, all);
    assert_eq!((done.status, &done.json()["incidents"]), (200, &json!(12)), "{}", done.body);
    let judged = (it.members(lan, "dismissed"), it.members(lan, "folded"));
    assert_eq!(judged, (12, 1), "what came since waits on");
    let letters = console.runtime.block_on(console.store.letters(0, 100)).unwrap();
    assert_eq!(letters.len(), 12, "the box is told of each");
    let grade = console.look_at(lan, "/v1/precision")["all"].clone();
    let grade = ["together", "dismissed", "waiting"].map(|key| grade[key].clone());
    assert_eq!(grade, [json!(12), json!(0), json!(2)], "one opinion, which does not count");
    let undo = || console.ask("DELETE", &verdict, &lan.headers(), None);
    let undone = undo();
    assert_eq!((undone.status, &undone.json()["incidents"]), (200, &json!(12)), "{}", undone.body);
    assert_eq!(undo().status, 403, "there is none left");
    assert_eq!((it.members(lan, "folded"), console.waiting(lan)), (13, json!(1)));
    let acts = console.acts();
    assert!(["flood_judged", "flood_undone"].iter().all(|what| acts.iter().any(|act| act == what)));
}

#[test]
fn what_is_no_flood_is_taken_apart_and_begins_no_other() {
    let mut it = Flooded::begin();
    let apart = it.console.ask("DELETE", &it.path(), &it.lan.headers(), None);
    assert_eq!((apart.status, &apart.json()["incidents"]), (200, &json!(13)));
    assert_eq!(it.console.waiting(&it.lan), 14);
    let load = it.load(["told", "alerts", "folded"]);
    assert_eq!(load, [json!(14), json!(14), json!(1)], "one shows itself that nobody had seen");
    it.console.takes((15..=40).map(|n| of_flood(&it.console, n)).collect());
    it.console.tends(&mut it.tend);
    assert_eq!(it.console.waiting(&it.lan), 40, "somebody said that it is none");
    assert!(it.console.acts().contains(&"flood_dissolved".to_owned()));
}

#[test]
fn a_flood_ends_by_itself_and_is_gone_once_it_is_judged() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let mut tend = Tend::new(console.store.clone(), Vitals::default());
    console.box_says(&status(&declared()));
    let comes =
        |n: u32| told("hue", n, (&format!("cam-{}", n % 4), "no-parking"), console.clock.now());
    console.takes((1..=12).map(comes).collect());
    console.tends(&mut tend);
    console.clock.forward(MINUTE * 9);
    console.takes((13..=17).map(comes).collect());
    console.clock.forward(MINUTE * 2);
    console.tends(&mut tend);
    let flood = || console.look_at(&lan, "/v1/floods")["floods"][0].clone();
    assert_eq!(flood()["ended"], Value::Null, "five came in the last ten minutes");
    console.clock.forward(MINUTE * 8);
    console.tends(&mut tend);
    assert!(flood()["ended"].is_string());
    console.takes(vec![comes(18)]);
    assert_eq!((&flood()["waiting"], console.waiting(&lan)), (&json!(17), json!(1)));
    let path = format!("/v1/floods/{}/verdict", flood()["no"]);
    let all = json!({ "newest": flood()["newest"], "judgement": "confirmed" });
    assert_eq!(console.post(&lan, &path, all).json()["incidents"], 17);
    console.tends(&mut tend);
    assert_eq!(console.look_at(&lan, "/v1/floods")["floods"], json!([]));
}

#[test]
fn alerts_are_held_against_the_time_that_people_worked() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let now = || console.clock.now();
    // Those that come while nobody is there.
    console.takes((1..=4).map(|n| told("hue", n, ("gate-east", "no-parking"), now())).collect());
    console.takes(vec![told("da-nang", 50, ("gate-east", "no-parking"), now())]);
    console.clock.forward(MINUTE * 20);
    console.dismiss(&lan, 1, "permitted");
    console.takes((5..=7).map(|n| told("hue", n, ("gate-east", "no-parking"), now())).collect());
    console.clock.forward(MINUTE * 20);
    // A machine works for nobody.
    let machine = console.token("robot", "operator", None);
    let body = json!({ "note": "xem" });
    let path = format!("/v1/incidents/{}/escalation", id(50));
    assert_eq!(console.ask("POST", &path, &[("authorization", &machine)], Some(body)).status, 201);
    let load = console.look_at(&lan, "/v1/workload");
    let of = |load: &Value, key: &str| (load[key].as_f64().unwrap() * 100.0).round() / 100.0;
    assert_eq!((of(&load, "alerts"), of(&load, "unattended")), (7.0, 4.0));
    assert_eq!((of(&load, "operator_hours"), of(&load, "per_operator_hour")), (0.33, 21.0));
    assert_eq!(
        (&load["windows"], &load["above_most"], &load["in_flood"]),
        (&json!(3), &json!(1), &json!(0))
    );
    assert_eq!(load["peak"]["each"], 3.0);
    assert_eq!(
        load["points"].as_array().unwrap().len(),
        145,
        "24 hours and what is begun of one window"
    );
    // Signing out ends it; otherwise it would go on for the rest of the hour.
    assert_eq!(console.ask("DELETE", "/v1/session", &lan.headers(), None).status, 204);
    console.clock.forward(MINUTE * 60);
    let admin = console.admin();
    let load = console.look_at(&admin, "/v1/workload?site=hue");
    assert_eq!((of(&load, "operator_hours"), of(&load, "alerts")), (0.33, 7.0));
    assert_eq!(console.look_at(&admin, "/v1/workload")["alerts"], 8);
    let load = console.look_at(&admin, "/v1/workload?site=da-nang");
    assert_eq!((&load["per_operator_hour"], of(&load, "operator_hours")), (&Value::Null, 0.0));
    for (query, field) in [
        ("from=2026-10-01T00:00:00Z", "from"),
        ("from=2027-01-01T00:00:00Z", "from"),
        ("from=now", "from"),
        ("to=x", "to"),
    ] {
        let answer = console.ask("GET", &format!("/v1/workload?{query}"), &admin.headers(), None);
        assert_eq!(
            (answer.status, &answer.json()["fields"][0]["field"]),
            (422, &json!(field)),
            "{query}"
        );
    }
}

#[test]
fn a_rule_that_is_surely_bad_is_proposed_with_its_cases() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let now = console.clock.now();
    let of = |n: u32| if n <= 24 { ("cam-bad", "no-parking") } else { ("cam-good", "no-parking") };
    console.takes((1..=50).map(|n| told("hue", n, of(n), now)).collect());
    console.takes(vec![told("da-nang", 60, ("gate-east", "no-parking"), now)]);
    for n in 1..=20 {
        console.dismiss(&lan, n, if n % 4 == 0 { "permitted" } else { "wrong_class" });
    }
    for n in 25..=48 {
        let body = json!({ "revision": 1, "judgement": "confirmed" });
        let path = format!("/v1/incidents/{}/verdict", id(n));
        assert_eq!(console.post(&lan, &path, body).status, 201);
    }
    let told = console.look_at(&lan, "/v1/precision");
    assert_eq!(
        (&told["all"]["confirmed"], &told["all"]["dismissed"], &told["all"]["waiting"]),
        (&json!(24), &json!(20), &json!(6))
    );
    assert_eq!(
        (told["rules"].as_array().unwrap().len(), told["cameras"].as_array().unwrap().len()),
        (1, 2)
    );
    assert_eq!(
        (&told["hours"][7]["confirmed"], &told["hours"][8]["confirmed"]),
        (&json!(24), &json!(0))
    );
    let proposals = told["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), 1, "{proposals:?}");
    let proposal = &proposals[0];
    assert_eq!((&proposal["camera"], &proposal["aside"]), (&json!("cam-bad"), &Value::Null));
    assert_eq!(
        proposal["reasons"],
        json!([{ "reason": "wrong_class", "count": 15 }, { "reason": "permitted", "count": 5 }])
    );
    assert_eq!(proposal["cases"].as_array().unwrap().len(), 6);
    assert_eq!(proposal["cases"][0]["camera"], "cam-bad");
    assert!(proposal["grade"]["high"].as_f64().unwrap() < 0.5);
    let aside = |reason: &str, site: &str| {
        let body =
            json!({ "site": site, "rule": "no-parking", "camera": "cam-bad", "reason": reason });
        console.post(&lan, "/v1/precision/aside", body).status
    };
    assert_eq!((aside(" ", "hue"), aside("đã gọi thợ", "da-nang")), (422, 404));
    assert_eq!(aside("đã gọi thợ", "hue"), 201);
    let told = console.look_at(&lan, "/v1/precision?days=30");
    assert_eq!(told["proposals"][0]["aside"]["reason"], "đã gọi thợ");
    assert!(console.acts().contains(&"proposal_aside".to_owned()));
    // After a week all of it is old.
    console.clock.forward(Duration::from_hours(8 * 24));
    let told = console.look_at(&console.admin(), "/v1/precision");
    assert_eq!((&told["proposals"], &told["all"]["dismissed"]), (&json!([]), &json!(0)));
    let days = console.ask("GET", "/v1/precision?days=93", &console.admin().headers(), None);
    assert_eq!(days.status, 422);
}

/// Whatever happens, what is counted is what is there.
#[test]
fn counts_are_those_of_the_incidents_whatever_happens() {
    for seed in 1..=3_u64 {
        println!("seed {seed}");
        let console = Console::start();
        let lan = console.operator("lan", &["hue"]);
        let mut tend = Tend::new(console.store.clone(), Vitals::default());
        console.box_says(&status(&declared()));
        let mut state = seed;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let (mut newest, mut shelves, mut given) = (0, Vec::new(), BTreeMap::new());
        for _ in 0..120 {
            match next(9) {
                0..=3 => {
                    newest += 1;
                    let camera = format!("cam-{}", next(4));
                    let rule = ["no-parking", "vending"][next(2) as usize];
                    console.takes(vec![told("hue", newest, (&camera, rule), console.clock.now())]);
                }
                4 if newest > 0 => {
                    let n = 1 + next(u64::from(newest)) as u32;
                    console.takes(vec![heard(
                        &event("hue", n, 2 + next(2) as u32),
                        console.clock.now(),
                    )]);
                }
                5 if newest > 0 => {
                    let n = 1 + next(u64::from(newest)) as u32;
                    given.entry(n).or_insert_with(|| console.dismiss(&lan, n, "permitted"));
                }
                6 => {
                    if let Some((n, no)) = given.pop_first() {
                        let path = format!("/v1/incidents/{}/verdict/{no}", id(n));
                        console.ask("DELETE", &path, &lan.headers(), None);
                    }
                }
                7 => {
                    let until = console.clock.now().plus(MINUTE * 30).at_offset(0).to_string();
                    let body = json!({ "site": "hue", "rule": "vending", "camera": format!("cam-{}", next(4)), "until": until, "reason": "x" });
                    shelves.extend(console.post(&lan, "/v1/shelves", body).json()["no"].as_i64());
                }
                _ => {
                    if let Some(no) = shelves.pop() {
                        console.ask("DELETE", &format!("/v1/shelves/{no}"), &lan.headers(), None);
                    }
                    console.clock.forward(MINUTE * next(4) as u32);
                    console.tends(&mut tend);
                }
            }
        }
        let folder = console.folder.path().join("console.db");
        assert_eq!(differences(&folder), Vec::<String>::new(), "seed {seed}");
    }
}

/// What is counted otherwise than the incidents are.
fn differences(path: &std::path::Path) -> Vec<String> {
    let db = rusqlite::Connection::open(path).unwrap();
    let cells = "SELECT judgement, heading, state, severity, place, violation, COUNT(*), MIN(opened), MAX(opened) FROM incident GROUP BY 1, 2, 3, 4";
    let outcome = "CASE WHEN v.no IS NULL THEN 'waiting' WHEN v.flood IS NOT NULL THEN 'together' WHEN v.judgement = 1 THEN 'confirmed' ELSE v.reason END";
    let day = "(i.opened / 1000 + i.offset_secs) / 86400";
    let hour = "(i.opened / 1000 + i.offset_secs) % 86400 / 3600";
    let from =
        "FROM incident i JOIN place p ON p.key = i.place LEFT JOIN verdict v ON v.no = i.verdict";
    let pairs = [
        ("SELECT judgement, heading, state, severity, place, violation, count, first, newest FROM tally".to_owned(), cells.to_owned()),
        (
            "SELECT day, site, rule, camera, outcome, count FROM grade_camera WHERE count <> 0".to_owned(),
            format!("SELECT {day}, i.site, i.rule, p.camera, {outcome}, COUNT(*) {from} GROUP BY 1, 2, 3, 4, 5"),
        ),
        (
            "SELECT day, site, hour, outcome, count FROM grade_hour WHERE count <> 0".to_owned(),
            format!("SELECT {day}, i.site, {hour}, {outcome}, COUNT(*) {from} GROUP BY 1, 2, 3, 4"),
        ),
        (
            "SELECT window, told FROM showing WHERE site = ''".to_owned(),
            "SELECT came / 600000, COUNT(*) FROM incident GROUP BY 1".to_owned(),
        ),
        ("SELECT 0".to_owned(), "SELECT COUNT(*) FROM incident WHERE judgement = 3 AND shelf IS NULL OR judgement = 4 AND flood IS NULL OR (judgement IN (1, 2)) <> (verdict IS NOT NULL)".to_owned()),
    ];
    let mut found = Vec::new();
    for (counted, there) in pairs {
        for (a, b) in [(&counted, &there), (&there, &counted)] {
            let sql = format!("SELECT COUNT(*) FROM ({a} EXCEPT {b})");
            let differ: i64 = db.query_row(&sql, [], |row| row.get(0)).unwrap();
            if differ > 0 {
                found.push(format!("{differ} rows: {a} is not {b}"));
            }
        }
    }
    found
}

/// A database of the version before has its incidents counted when it is opened.
#[test]
fn a_database_of_the_version_before_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("console.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(include_str!("../../src/store/schema-1.sql")).unwrap();
    db.pragma_update(None, "application_id", 0x5648_636e).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let rows = "INSERT INTO place (key, site, camera, zone, last_updated, offset_secs) VALUES (1, 'hue', 'gate', 'kerb', 0, 25200);
        INSERT INTO incident (key, id, site, place, violation, rule, title, severity, state, revision, opened, updated, offset_secs, judgement, verdict)
            VALUES (1, 'A', 'hue', 1, 'v', 'r', 't', 1, 0, 1, 1795996800000, 1795996800000, 25200, 2, 1),
            (2, 'B', 'hue', 1, 'v', 'r', 't', 1, 0, 1, 1795996900000, 1795996900000, 25200, 0, NULL);
        INSERT INTO tally SELECT judgement, place, state, severity, violation, 1, opened, opened FROM incident;
        INSERT INTO revision (incident, revision, received, payload) VALUES (1, 1, 1795996801000, '{}'), (1, 2, 1795999999000, '{}'), (2, 1, 1795996901000, '{}');
        INSERT INTO verdict (no, incident, by, display_name, role, judgement, reason, note, revision, at)
            VALUES (1, 1, 'lan', 'Lan', 'operator', 2, 'poor_view', '', 1, 1795996802000);";
    db.execute_batch(rows).unwrap();
    drop(db);
    drop(Store::open(folder.path(), &Vitals::default()).unwrap());
    assert_eq!(differences(&path), Vec::<String>::new());
    let db = rusqlite::Connection::open(&path).unwrap();
    let came: i64 =
        db.query_row("SELECT came FROM incident WHERE key = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(came, 1_795_996_801_000, "when its first revision came");
}
