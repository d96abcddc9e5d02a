//! The queue and what people say of incidents: verdicts, conflicts, what is taken back.

use super::sample::{heard, id};
use super::support::{Answer, Console, Session};
use serde_json::{Value, json};
use std::time::Duration;
use viahe_console::model::{Person, Role, Scope};
use viahe_console::store::{Doer, Judged, Speaker, State, StateHeard, Store, Taken};
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// With incidents of two sites, and somebody of the first.
fn console() -> (Console, Session) {
    let console = Console::start();
    let batch = vec![heard("hue", 1, 1), heard("hue", 2, 1), heard("da-nang", 3, 1)];
    let taken = console.runtime.block_on(console.store.take(batch)).unwrap();
    assert_eq!(taken, [Taken::New; 3]);
    let lan = console.log_in("lan", &console.person("lan", "operator", Some(&["hue"])));
    let lan = Session::of(&lan);
    (console, lan)
}

impl Console {
    fn get(&self, who: &Session, path: &str) -> Answer {
        self.ask("GET", path, &who.headers(), None)
    }

    fn judge(&self, who: &Session, n: u32, body: Value) -> Answer {
        let path = format!("/v1/incidents/{}/verdict", id(n));
        self.ask("POST", &path, &who.headers(), Some(body))
    }

    fn says(&self, state: State, at: Timestamp) {
        self.hears(StateHeard { state, retained: false }, at);
    }

    fn hears(&self, heard: StateHeard, at: Timestamp) {
        self.runtime.block_on(self.store.keep_states(vec![heard], at)).unwrap();
    }

    /// What boxes are told, oldest first: those that are there.
    fn letters(&self) -> Vec<Value> {
        let letters = self.runtime.block_on(self.store.letters(0, 100)).unwrap();
        letters.iter().map(|letter| serde_json::from_slice(&letter.payload).unwrap()).collect()
    }
}

/// The box of Hue is there.
fn online() -> State {
    let status = json!({
        "state": "online", "version": "1", "mqtt": "5", "models": [], "outbox_depth": 0, "unsaved": 0,
        "quarantined": 0, "troubles": [], "suspensions": [], "disaster": null,
        "time": "2026-11-30T07:00:00.000+07:00"
    });
    State::Box(hue(), Box::new(serde_json::from_value(status).unwrap()))
}

fn hue() -> Name {
    Name::try_from("hue").unwrap()
}

fn confirmed() -> Value {
    json!({ "revision": 1, "judgement": "confirmed" })
}

#[test]
fn a_line_of_the_queue_is_a_place_with_what_waits_there_and_only_of_open_sites() {
    let (console, lan) = console();
    let queue = console.get(&lan, "/v1/queue").json();
    let line = &queue["lines"][0];
    assert_eq!((&queue["total_lines"], &queue["total_incidents"]), (&json!(1), &json!(2)));
    assert_eq!((&line["place"], &line["waiting"]), (&json!("hue/gate-east/kerb"), &json!(2)));
    assert_eq!(line["newest"]["id"], id(2));
    assert_eq!(line["newest"]["opened"], "2026-11-30T07:00:02.000+07:00");
    for (query, want) in [
        ("q=le%20loi", 2),
        ("q=%C4%91%E1%BB%97%20xe", 2),
        ("q=xe%20dap", 0),
        ("site=da-nang", 0),
        ("severity=high", 0),
        ("violation=illegal-parking&state=open&camera=gate-east", 2),
        ("judgement=confirmed", 0),
        ("from=2026-11-30T07:00:02%2B07:00", 1),
        ("to=2026-11-30T07:00:02+07:00", 1),
        ("place=hue/gate-east/kerb&judgement=all", 2),
    ] {
        let queue = console.get(&lan, &format!("/v1/queue?{query}"));
        assert_eq!(queue.json()["total_incidents"], want, "{query}: {}", queue.body);
        let list = console.get(&lan, &format!("/v1/incidents?{query}")).json();
        assert_eq!(list["incidents"].as_array().unwrap().len(), want, "{query}: {list}");
    }
    for query in
        ["judgement=maybe", "limit=0", "limit=201", "from=now", "cursor=x", "place=a", "sort=x"]
    {
        let answer = console.get(&lan, &format!("/v1/queue?{query}"));
        assert_eq!((answer.status, answer.kind()), (422, "invalid".into()), "{query}");
    }
    let first = console.get(&lan, "/v1/incidents?limit=1").json();
    let next = format!("/v1/incidents?limit=1&cursor={}", first["cursor"].as_str().unwrap());
    let next = console.get(&lan, &next).json();
    assert_eq!((&next["incidents"][0]["id"], &next["cursor"]), (&json!(id(1)), &Value::Null));
    assert_eq!(console.get(&lan, &format!("/v1/incidents/{}", id(3))).status, 404);
    assert_eq!(console.judge(&lan, 3, confirmed()).status, 404, "another's site is not there");
}

#[test]
fn two_who_judge_the_same_see_each_other_and_the_box_is_told_what_stands() {
    let (console, lan) = console();
    let minh = console.log_in("minh", &console.person("minh", "operator", None));
    let minh = Session::of(&minh);
    let first = console.judge(&lan, 1, confirmed());
    assert_eq!(first.status, 201, "{}", first.body);
    let no = first.json()["no"].clone();
    let again = console.judge(&lan, 1, confirmed());
    assert_eq!((again.status, &again.json()["no"]), (200, &no), "the same again is nothing new");
    let dismiss = json!({ "revision": 1, "judgement": "dismissed", "reason": "wrong_class", "note": "xe đạp" });
    let refused = console.judge(&minh, 1, dismiss.clone());
    assert_eq!((refused.status, refused.kind()), (409, "conflict".into()));
    assert_eq!(refused.json()["theirs"]["by"], "lan");
    let mut replacing = dismiss;
    replacing["replaces"] = no;
    assert_eq!(console.judge(&minh, 1, replacing).status, 201);
    // Found by its note, as what it is now.
    let found = console.get(&lan, "/v1/queue?judgement=dismissed&q=xe+dap").json();
    assert_eq!(found["total_incidents"], 1);
    assert_eq!(console.get(&lan, "/v1/queue").json()["total_incidents"], 1);
    let detail = console.get(&lan, &format!("/v1/incidents/{}", id(1))).json();
    assert_eq!(detail["verdicts"].as_array().unwrap().len(), 2);
    assert_eq!(detail["summary"]["judgement"]["by"], "minh");
    assert_eq!(detail["incident"]["of_a_later_version"], true, "all that a box said is shown");
    assert_eq!(detail["similar"][0]["id"], id(2));
    assert_eq!(console.letters(), Vec::<Value>::new(), "a box that was never heard is not there");
    let now = viahe_console::clock::now();
    console.says(online(), now);
    let told = console.letters();
    let said = |n: usize, key: &str| told[n][key].clone();
    assert_eq!(
        (told.len(), said(0, "judgement"), said(1, "judgement")),
        (2, json!("confirmed"), json!("dismissed"))
    );
    assert_eq!((said(1, "reason"), said(1, "role")), (json!("wrong-class"), json!("operator")));
}

#[test]
fn a_verdict_goes_once_more_to_a_box_that_is_heard_a_minute_after_it_went() {
    let (console, lan) = console();
    let at = |secs: u64| Timestamp::from_secs(1_796_000_000 + secs);
    assert_eq!(console.judge(&lan, 1, confirmed()).status, 201);
    console.says(online(), at(0));
    let goes = |secs| {
        let letter = console.runtime.block_on(console.store.letters(0, 9)).unwrap().remove(0);
        console.runtime.block_on(console.store.delivered(letter.no, at(secs))).unwrap();
    };
    goes(1);
    // Whoever took it may have been somebody else than the box, or not have kept it.
    assert_eq!(console.letters().len(), 0, "the box was not heard since");
    console.says(online(), at(60));
    assert_eq!(console.letters().len(), 0, "it may have been on its way");
    console.hears(StateHeard { state: online(), retained: true }, at(90));
    assert_eq!(console.letters().len(), 0, "it said that long ago");
    console.says(online(), at(61));
    assert_eq!(console.letters().len(), 1);
    goes(62);
    console.says(online(), at(122));
    assert_eq!(console.letters().len(), 0, "twice is enough");
}

#[test]
fn cameras_of_a_box_that_is_gone_are_told_as_gone() {
    let (console, lan) = console();
    let camera = json!({
        "state": "online", "reason": "", "fps": 25.0, "suspensions": [],
        "time": "2026-11-30T07:00:00.000+07:00"
    });
    let camera = serde_json::from_value(camera).unwrap();
    let now = viahe_console::clock::now();
    let camera = State::Camera(hue(), Name::try_from("gate-east").unwrap(), Box::new(camera));
    console.says(camera.clone(), now);
    let told = || {
        let told = console.get(&lan, "/v1/cameras").json()["cameras"][0].clone();
        ["box_online", "heard"]
            .map(|key| told[key].clone())
            .into_iter()
            .chain(["state", "fps"].map(|key| told["state"][key].clone()))
            .collect::<Vec<_>>()
    };
    console.says(online(), now);
    let there = told();
    let heard = there[1].clone();
    assert_eq!(there, [json!(true), heard.clone(), json!("online"), json!(25.0)]);
    let gone = json!({
        "state": "offline", "reason": "shutdown", "version": "1", "time": "2026-11-30T07:10:00.000+07:00"
    });
    console.says(State::Box(hue(), Box::new(serde_json::from_value(gone).unwrap())), now);
    // The broker says again what it had kept.
    console.hears(StateHeard { state: camera, retained: true }, now.plus(Duration::from_secs(99)));
    assert_eq!(told(), [json!(false), heard, json!("offline"), json!(25.0)]);
}

#[test]
fn a_verdict_is_taken_back_by_who_gave_it_for_a_while_and_by_an_admin_always() {
    let (console, lan) = console();
    let minh = console.log_in("minh", &console.person("minh", "operator", None));
    let (minh, admin) = (Session::of(&minh), console.admin());
    let give = || {
        let given = console.judge(&lan, 1, confirmed());
        assert_eq!(given.status, 201, "{}", given.body);
        format!("/v1/incidents/{}/verdict/{}", id(1), given.json()["no"])
    };
    let undo = |who: &Session, path: &str| console.ask("DELETE", path, &who.headers(), None);
    let path = give();
    assert_eq!(undo(&minh, &path).status, 403, "it is somebody else's");
    let undone = undo(&lan, &path);
    assert_eq!(undone.status, 200, "{}", undone.body);
    assert!(undone.json()["undone"].is_string());
    assert_eq!(undo(&lan, &path).status, 200, "once more is the same");
    assert_eq!(console.get(&lan, "/v1/queue").json()["total_incidents"], 2);
    let path = give();
    console.clock.forward(Duration::from_secs(601));
    assert_eq!(undo(&lan, &path).status, 403, "too long ago");
    assert_eq!(undo(&admin, &path).status, 200);
    assert_eq!(undo(&admin, &format!("/v1/incidents/{}/verdict/99", id(1))).status, 404);
    let audit = console.get(&admin, "/v1/audit").json();
    let what: Vec<&str> =
        audit["entries"].as_array().unwrap().iter().map(|e| e["what"].as_str().unwrap()).collect();
    assert_eq!(what.iter().filter(|what| **what == "verdict_undone").count(), 2, "{what:?}");
}

#[test]
fn what_is_wrong_with_a_verdict_is_told_by_field() {
    let (console, lan) = console();
    for (body, field) in [
        (json!({ "revision": 2, "judgement": "confirmed" }), "revision"),
        (json!({ "revision": 0, "judgement": "confirmed" }), "revision"),
        (json!({ "revision": 1, "judgement": "withdrawn" }), "judgement"),
        (json!({ "revision": 1, "judgement": "dismissed" }), "reason"),
        (json!({ "revision": 1, "judgement": "dismissed", "reason": "other" }), "note"),
        (json!({ "revision": 1, "judgement": "confirmed", "note": "x".repeat(501) }), "note"),
    ] {
        let answer = console.judge(&lan, 1, body.clone());
        assert_eq!((answer.status, answer.kind()), (422, "invalid".into()), "{body}");
        assert_eq!(answer.json()["fields"][0]["field"], field, "{body}");
    }
    let path = format!("/v1/incidents/{}", id(1));
    let raised = console.ask(
        "POST",
        &format!("{path}/escalation"),
        &lan.headers(),
        Some(json!({ "note": "gấp" })),
    );
    assert_eq!(raised.status, 201, "{}", raised.body);
    assert_eq!(console.ask("PUT", &format!("{path}/looking"), &lan.headers(), None).status, 204);
    let detail = console.get(&lan, &path).json();
    assert_eq!(detail["summary"]["escalated"], true);
    assert_eq!(
        (&detail["escalations"][0]["note"], &detail["looking"][0]["name"]),
        (&json!("gấp"), &json!("lan"))
    );
    assert_eq!(console.ask("DELETE", &format!("{path}/looking"), &lan.headers(), None).status, 204);
    assert_eq!(console.get(&lan, &path).json()["looking"], json!([]));
}

/// Somebody confirms the `n`-th incident, without a server.
pub(crate) async fn confirm(store: &Store, n: u32) {
    let person = Person {
        name: "lan".into(),
        display_name: "Lan".into(),
        role: Role::Operator,
        scope: Scope::All,
    };
    let doer = Doer { who: "lan".into(), address: "::1".into(), at: viahe_console::clock::now() };
    let judging = serde_json::from_value(confirmed()).unwrap();
    let judged = store.judge(id(n), judging, Speaker { person, doer }).await.unwrap();
    assert!(matches!(judged, Judged::Stands(_)), "{judged:?}");
}
