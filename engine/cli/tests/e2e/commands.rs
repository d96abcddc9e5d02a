//! Commands that come twice, are kept by the broker, cannot be read or blind the box.

use crate::support::broker::{Broker, Ears};
use crate::support::engine::{Engine, Pipeline, SITE};
use crate::support::{LONG, root, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use viahe_core::time::Timestamp;
use viahe_edge::clock;

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

fn topic(name: &str) -> String {
    format!("viahe/v1/{SITE}/cmd/{name}")
}

fn pipeline(broker: &Broker) -> Pipeline {
    Pipeline::new(broker.port).camera("gate", "pattern://320x240@5")
}

/// An engine that looks, and hears commands.
fn listening(pipeline: &Pipeline) -> Engine {
    let engine = Engine::start(pipeline);
    engine.until_looks(&["gate"], 1);
    engine.until_heeds(1);
    engine
}

/// The newest of a topic that is as wanted.
fn heard(ears: &Ears, rest: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let topic = format!("viahe/v1/{SITE}/{rest}");
    until(&topic, LONG, || {
        let heard = ears.heard();
        let newest = heard.into_iter().rfind(|m| m.topic == topic);
        newest.map(|m| m.payload).filter(&wanted)
    })
}

fn replies(ears: &Ears, id: &str) -> Vec<Value> {
    let topic = format!("viahe/v1/{SITE}/reply/{id}");
    ears.heard().into_iter().filter(|m| m.topic == topic).map(|m| m.payload).collect()
}

fn reply(ears: &Ears, id: &str) -> Value {
    until(&format!("an answer to {id}"), LONG, || replies(ears, id).into_iter().next())
}

fn text(reply: &Value) -> &str {
    reply["text"].as_str().unwrap()
}

fn in_an_hour() -> Timestamp {
    clock::now().plus(HOUR)
}

/// The broker's kept command is refused aloud, and the box says so until it is removed.
#[test]
fn a_kept_command_is_refused_aloud() {
    let broker = Broker::start();
    let ears = broker.listen();
    let command = json!({ "id": "old", "level": 3 }).to_string();
    broker.say_with(&topic("disaster"), &["-r", "-m", &command]);
    let pipeline = pipeline(&broker);
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate"], 1);
    let answer = reply(&ears, "old");
    assert_eq!(answer["ok"], false);
    assert!(text(&answer).contains("retain flag"), "{answer}");
    engine.until_metric("viahe_trouble{trouble=\"retained_command\"}", |n| n == 1);
    assert_eq!(engine.metric("viahe_disaster_level"), 0);
    assert_eq!(engine.health()["status"], "degraded");
    let kept = |s: &Value| s["troubles"][0]["trouble"] == "retained_command";
    assert!(
        heard(&ears, "status", kept)["troubles"][0]["text"]
            .as_str()
            .unwrap()
            .contains("cmd/disaster")
    );
    engine.process.line("a retained command is not carried out");

    broker.say_with(&topic("disaster"), &["-r", "-n"]);
    engine.until_metric("viahe_trouble{trouble=\"retained_command\"}", |n| n == 0);
    heard(&ears, "status", |s| s["troubles"] == json!([]));
    assert_eq!(replies(&ears, "old").len(), 1, "told once");
}

/// So is one that is sent with the flag while the box listens, before it is ever obeyed.
#[test]
fn a_command_sent_to_be_kept_is_refused_at_once() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let engine = listening(&pipeline);
    // Removes what is not there: no command, and no trouble.
    broker.say_with(&topic("disaster"), &["-r", "-n"]);
    let command = json!({ "id": "live", "level": 3 }).to_string();
    broker.say_with(&topic("disaster"), &["-r", "-m", &command]);
    let answer = reply(&ears, "live");
    assert_eq!(answer["ok"], false);
    assert!(text(&answer).contains("retain flag"), "{answer}");
    engine.until_metric("viahe_trouble{trouble=\"retained_command\"}", |n| n == 1);
    assert_eq!(engine.metric("viahe_disaster_level"), 0);
    assert_eq!(replies(&ears, "unknown"), [] as [Value; 0]);
    broker.say_with(&topic("disaster"), &["-r", "-n"]);
    engine.until_metric("viahe_trouble{trouble=\"retained_command\"}", |n| n == 0);
}

/// A repeat is answered with the same answer and not done again, also after the power was cut.
#[test]
fn a_repeated_command_is_not_done_again_after_a_restart() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let engine = listening(&pipeline);
    let order = json!({ "id": "x-1", "until": in_an_hour(), "by": "Hoa" });
    broker.say(&topic("suspend"), &order);
    let first = reply(&ears, "x-1");
    assert!(text(&first).starts_with("1 rule suspended until"), "{first}");
    assert!(text(&first).ends_with("+07:00"), "{first}");
    // Confirmed is saved: it holds after the power is cut at once.
    engine.process.kill();
    let engine = Engine::start(&pipeline);
    engine.until_heeds(1);
    engine.until_metric("viahe_rules_silent{camera=\"gate\",reason=\"ordered\"}", |n| n == 1);
    broker.say(&topic("suspend"), &json!({ "id": "x-2", "until": clock::now() }));
    assert_eq!(text(&reply(&ears, "x-2")), "1 rule not suspended any more");
    engine.process.kill();
    let engine = listening(&pipeline);

    broker.say(&topic("suspend"), &order);
    let again = until("the same answer", LONG, || replies(&ears, "x-1").get(1).cloned());
    assert_eq!(again, first);
    broker.say(&topic("disaster"), &json!({ "id": "x-1", "level": 3 }));
    let other = until("a refusal", LONG, || replies(&ears, "x-1").get(2).cloned());
    assert!(text(&other).contains("is that of another command (suspend all rules"), "{other}");
    assert!(text(&other).contains("+07:00)"), "{other}");
    broker.say(&topic("reload"), &json!({ "id": "fence" }));
    reply(&ears, "fence");
    assert_eq!(engine.metric("viahe_disaster_level"), 0);
    assert_eq!(engine.metric("viahe_rules_silent{camera=\"gate\",reason=\"ordered\"}"), 0);
}

/// Health, status, camera state and metrics agree on who silenced what and until when.
#[test]
fn a_box_that_is_blind_by_order_says_so_everywhere() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let engine = listening(&pipeline);
    let far = "2099-01-01T00:00:00Z";
    broker.say(&topic("suspend"), &json!({ "id": "years", "until": far }));
    let answer = reply(&ears, "years");
    assert_eq!(answer["ok"], false);
    assert!(text(&answer).contains("more than 24 h away"), "{answer}");

    let until_then = in_an_hour();
    broker.say(&topic("suspend"), &json!({ "id": "s", "until": until_then, "by": "Trần Hoa" }));
    broker.say(&topic("disaster"), &json!({ "id": "d", "level": 3 }));
    let state = heard(&ears, "cam/gate/state", |s| s["disaster"]["level"] == 3);
    assert_eq!(state["rules_suspended"]["reason"], "ordered");
    let suspension = &state["suspensions"][0];
    assert_eq!(
        (&suspension["all"], &suspension["command"], &suspension["by"]),
        (&json!(true), &json!("s"), &json!("Trần Hoa"))
    );
    let at: Timestamp = suspension["until"].as_str().unwrap().parse().unwrap();
    assert_eq!(at.millis(), until_then.millis());
    let status = heard(&ears, "status", |s| s["disaster"]["level"] == 3);
    assert_eq!(status["suspensions"][0]["camera"], "gate");
    assert_eq!(status["troubles"].as_array().unwrap().len(), 2, "{status}");
    let health = engine.health();
    assert_eq!(health["status"], "degraded");
    let reasons = health["reasons"].to_string();
    for want in ["all rules of gate", "Trần Hoa", "disaster level 3"] {
        assert!(reasons.contains(want), "{want} in {reasons}");
    }
    engine.until_metric("viahe_rules_silent{camera=\"gate\",reason=\"ordered\"}", |n| n == 1);
    engine.until_metric("viahe_disaster_level", |n| n == 3);
    assert_eq!(engine.metric("viahe_trouble{trouble=\"rules_suspended\"}"), 1);

    broker.say(&topic("suspend"), &json!({ "id": "s2", "until": clock::now() }));
    broker.say(&topic("disaster"), &json!({ "id": "d2", "level": 0 }));
    let state = heard(&ears, "cam/gate/state", |s| s["disaster"].is_null());
    assert_eq!((&state["rules_suspended"], &state["suspensions"]), (&Value::Null, &json!([])));
    heard(&ears, "status", |s| s["troubles"] == json!([]) && s["suspensions"] == json!([]));
    until("health is well", LONG, || Some(engine.health()).filter(|h| h["status"] == "ok"));
}

/// What cannot be read is answered for itself and remembered for nobody else.
#[test]
fn each_command_that_cannot_be_read_gets_its_own_answer() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let _engine = listening(&pipeline);
    let wrong = [
        ("{\"id\":", "is not JSON"),
        ("[1]", "has no `id`"),
        ("{\"id\":7}", "is not a text"),
        ("{\"id\":\"a b\"}", "cannot be used"),
        ("snapshot", "is not JSON"),
    ];
    for (n, (payload, want)) in wrong.iter().enumerate() {
        broker.say_with(&topic("snapshot"), &["-m", payload]);
        let answer = until(want, LONG, || replies(&ears, "unknown").get(n).cloned());
        assert!(text(&answer).contains(want), "{payload}: {answer}");
        assert_eq!((&answer["id"], &answer["ok"]), (&Value::Null, &json!(false)));
    }
    // A response topic is used, and an id that can be read is told.
    let own = format!("viahe/v1/{SITE}/reply/console-1");
    let ask = |payload: &str| {
        let args = ["-D", "publish", "response-topic", &own, "-m", payload];
        broker.say_with(&topic("suspend"), &args);
    };
    ask("{\"id\":\"q-1\",\"untill\":1}");
    let answer = reply(&ears, "console-1");
    assert_eq!(answer["id"], "q-1");
    assert!(text(&answer).contains("untill"), "{answer}");
    // Under the same id, once it is right.
    let right = json!({ "id": "q-1", "until": in_an_hour() }).to_string();
    ask(&right);
    let answer = until("done", LONG, || replies(&ears, "console-1").get(1).cloned());
    assert_eq!(answer["ok"], true);
    let issued = "2026-01-01T00:00:00Z";
    let stale = json!({ "id": "q-2", "until": in_an_hour(), "issued": issued });
    broker.say(&topic("suspend"), &stale);
    assert!(text(&reply(&ears, "q-2")).contains("issued at 2026-01-01T07:00:00.000+07:00"));
    let more = json!({ "id": "q-3", "level": 1, "camera": "gate" });
    broker.say(&topic("disaster"), &more);
    assert!(text(&reply(&ears, "q-3")).contains("disaster has no `camera`"));
}

/// A flood of snapshots is one picture a second, and no evidence is said to be lost.
#[test]
fn a_flood_of_snapshots_is_one_a_second() {
    let broker = Broker::start();
    let ears = broker.listen();
    let pipeline = pipeline(&broker);
    let engine = listening(&pipeline);
    let ask = |n: u32| {
        broker.say(&topic("snapshot"), &json!({ "id": format!("s-{n}"), "camera": "gate" }));
    };
    let started = clock::monotonic();
    (0..60).for_each(ask);
    let answers: Vec<Value> = (0..60).map(|n| reply(&ears, &format!("s-{n}"))).collect();
    let secs = clock::monotonic().duration_since(started).as_secs() as usize;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a["ok"] == true);
    assert!((1..=secs + 1).contains(&taken.len()), "{} pictures in {secs} s", taken.len());
    assert!(refused.iter().all(|a| text(a).contains("ask again in a second")), "{refused:?}");
    assert!(!refused.is_empty(), "60 questions took {secs} s");
    assert_eq!(engine.metric("viahe_captures_failed_total"), 0);
    // A flood is some lines in the log, not one each.
    engine.process.signal(Signal::TERM);
    let log = engine.process.end(LONG).stderr;
    let lines = log.iter().filter(|l| l.contains("command refused")).count();
    assert!(lines <= 20 + 2 * secs, "{lines} lines in {secs} s");
}

/// The access list of the guide: who may not command a box cannot, and all else works.
#[test]
fn the_access_list_of_the_guide_guards_a_box() {
    let guide = std::fs::read_to_string(root().join("docs/mqtt.md")).unwrap();
    let acl = guide.split("```acl\n").nth(1).unwrap().split("```").next().unwrap();
    let acl = acl.replace("hue-phu-hoi", SITE);
    let own = "box-e2e-hue";
    assert!(acl.contains(own), "{acl}");
    let broker = Broker::guarded(&acl, &["centre", own, "dashboard", "sensors"]);
    let ears = broker.listen();
    let login = format!("username = \"{own}\"\npassword = \"a-password\"\nack = \"centre\"");
    let pipeline = pipeline(&broker).mqtt(&login);
    let engine = listening(&pipeline);
    heard(&ears, "cam/gate/state", |s| s["state"] == "online");
    heard(&ears, "status", |s| s["state"] == "online");
    for user in ["dashboard", "sensors", own] {
        let order = json!({ "id": format!("by-{user}"), "level": 3 });
        broker.say_as(user, &topic("disaster"), &order);
    }
    broker.say_as("centre", &topic("reload"), &json!({ "id": "by-centre" }));
    assert_eq!(reply(&ears, "by-centre")["ok"], true);
    assert_eq!(engine.metric("viahe_disaster_level"), 0);
    for user in ["dashboard", "sensors", own] {
        assert_eq!(replies(&ears, &format!("by-{user}")), [] as [Value; 0], "{user}");
    }
}
