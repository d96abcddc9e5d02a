//! Floods, shelves, workload and precision, over HTTP and on a clock of the test.

mod counts;
mod floods;
mod shelves;

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
