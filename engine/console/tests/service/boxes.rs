//! Boxes that are asked something, through a real broker: the test is the box. Deadlines pass by the console's clock,
//! which the test holds.

use super::broker::{hears, publish};
use super::sample::{heard, id};
use super::support::{Answer, Console, Session};
use serde_json::{Value, json};
use std::thread::{ScopedJoinHandle, scope};
use std::time::Duration;
use viahe_testing::mosquitto::{Mosquitto, client};
use viahe_testing::program::Program;
use viahe_testing::wait::eventually;

const BASE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const LATER: &str = "b5657e3465947a4a109aa95cfcbf73cfa64304ec4dccb0c1242f7911c6c8c471";
/// For so long the console waits for an answer.
const WITHIN: Duration = Duration::from_secs(20);

/// A site with a box that says it is there, and an installer who is logged in.
pub(crate) struct Site {
    pub(crate) broker: Mosquitto,
    pub(crate) console: Console,
    pub(crate) installer: Session,
}

/// What a box says of itself.
fn status(online: bool) -> String {
    let time = "2026-11-30T07:00:00.000+07:00";
    if !online {
        return json!({ "state": "offline", "reason": "shutdown", "version": "1", "time": time })
            .to_string();
    }
    json!({
        "state": "online", "version": "1", "mqtt": "5", "models": [], "outbox_depth": 0, "unsaved": 0,
        "quarantined": 0, "troubles": [], "suspensions": [], "disaster": null, "time": time
    })
    .to_string()
}

impl Site {
    pub(crate) fn start() -> Self {
        let broker = Mosquitto::start("");
        let console = Console::at(&format!("url = \"mqtt://127.0.0.1:{}\"", broker.port));
        let password = console.person("kien", "installer", Some(&["hue"]));
        let installer = Session::of(&console.log_in("kien", &password));
        let site = Self { broker, console, installer };
        site.says("status", &status(true));
        site
    }

    /// The box says how it is, until the console knows.
    pub(crate) fn says(&self, about: &str, text: &str) {
        let path = if about == "status" { "/v1/boxes" } else { "/v1/cameras" };
        let state: Value = serde_json::from_str(text).unwrap();
        eventually("the console hears how it is", || {
            publish(&self.broker, &format!("viahe/v1/hue/{about}"), &[text.to_owned()], &[]);
            let told = self.console.ask("GET", path, &self.installer.headers(), None).json();
            let first = &told[path.trim_start_matches("/v1/")][0];
            first["state"]["state"] == state["state"]
        });
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.console.ask(method, path, &self.installer.headers(), body)
    }

    /// The box answers a command.
    pub(crate) fn answer(&self, site: &str, command: &Value, answer: &Value) {
        let id = command["id"].as_str().unwrap();
        let mut reply = json!({ "id": id, "ok": true, "text": "done", "evidence": null });
        for (key, value) in answer.as_object().unwrap() {
            reply[key] = value.clone();
        }
        publish(&self.broker, &format!("viahe/v1/{site}/reply/{id}"), &[reply.to_string()], &[]);
    }

    fn count(&self, kind: &str) -> u64 {
        let told = self.console.ask("GET", "/metrics", &[], None).body;
        let name = format!("viahe_console_commands_total{{kind=\"{kind}\"}} ");
        let line = told.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0, |count| count.parse().unwrap())
    }
}

/// The next command that the box hears.
pub(crate) fn heard_by(ears: &Program, from: usize, name: &str) -> Value {
    let line = ears.line_from(from, &format!("viahe/v1/hue/cmd/{name} ")).text;
    serde_json::from_str(line.split_once(' ').unwrap().1).unwrap()
}

fn status_and_kind(asked: ScopedJoinHandle<'_, Answer>) -> (u16, String) {
    let answer = asked.join().unwrap();
    (answer.status, answer.kind())
}

const PIPELINE: &str = "/v1/sites/hue/pipeline";

#[test]
fn the_first_answer_of_the_box_that_was_asked_is_told_whoever_else_speaks() {
    let site = Site::start();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    scope(|threads| {
        let asked = threads.spawn(|| site.ask("GET", PIPELINE, None));
        let command = heard_by(&ears, 0, "pipeline");
        assert_eq!(command["by"], "kien");
        assert!(command["issued"].as_str().unwrap().contains('T'), "{command}");
        publish(&site.broker, "viahe/v1/hue/reply/x", &["{".into()], &[]);
        site.answer("da-nang", &command, &json!({ "result": { "of": "da-nang" } }));
        site.answer("hue", &json!({ "id": "somebody-elses" }), &json!({ "result": {} }));
        site.answer("hue", &command, &json!({ "result": { "of": "hue" } }));
        let answer = asked.join().unwrap();
        assert_eq!((answer.status, answer.json()), (200, json!({ "of": "hue" })));
        site.answer("hue", &command, &json!({ "result": { "of": "hue, again" } }));
    });
    eventually("all are counted", || site.count("answer_unasked") == 2);
    assert_eq!((site.count("answer_of_another_site"), site.count("done")), (1, 1));
}

#[test]
fn a_silent_box_is_told_in_time_and_what_it_says_later_is_nobodys() {
    let site = Site::start();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    scope(|threads| {
        let asked = threads.spawn(|| site.ask("GET", PIPELINE, None));
        let command = heard_by(&ears, 0, "pipeline");
        let nearly = Duration::from_secs(19);
        site.console.clock.forward(nearly);
        // Somebody else asks later and has longer.
        let from = ears.lines().len();
        let later = threads.spawn(|| site.ask("GET", PIPELINE, None));
        let second = heard_by(&ears, from, "pipeline");
        assert_ne!(command["id"], second["id"]);
        site.console.clock.forward(WITHIN.saturating_sub(nearly));
        assert_eq!(status_and_kind(asked), (504, "box_silent".into()));
        site.answer("hue", &command, &json!({ "result": { "no": 1 } }));
        site.answer("hue", &second, &json!({ "result": { "no": 2 } }));
        assert_eq!(later.join().unwrap().json(), json!({ "no": 2 }));
    });
    assert_eq!((site.count("answer_unasked"), site.count("silent")), (1, 1));
}

#[test]
fn an_answer_comes_over_the_next_connection_too() {
    let mut site = Site::start();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    let (console, installer) = (&site.console, &site.installer);
    scope(|threads| {
        let asked = threads.spawn(|| console.ask("GET", PIPELINE, &installer.headers(), None));
        let command = heard_by(&ears, 0, "pipeline");
        let id = command["id"].as_str().unwrap();
        let reply = json!({ "id": id, "ok": true, "text": "", "evidence": null, "result": {} });
        site.broker.kill();
        site.broker.restart();
        eventually("the answer is heard", || {
            let topic = format!("viahe/v1/hue/reply/{id}");
            publish(&site.broker, &topic, &[reply.to_string()], &[]);
            asked.is_finished()
        });
        assert_eq!(asked.join().unwrap().status, 200);
    });
}

#[test]
fn a_box_that_is_away_is_not_waited_for() {
    let site = Site::start();
    // It said that it is there; nobody listens all the same.
    let answer = site.ask("GET", PIPELINE, None);
    assert_eq!((answer.status, answer.kind()), (409, "box_offline".into()), "{}", answer.body);
    assert_eq!(site.count("nobody_listens"), 1);
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    site.says("status", &status(false));
    let answer = site.ask("GET", PIPELINE, None);
    assert_eq!((answer.status, answer.kind()), (409, "box_offline".into()));
    assert!(!ears.lines().iter().any(|line| line.text.contains("/cmd/")), "it was asked");
}

#[test]
fn a_broker_that_takes_no_commands_is_told_and_is_a_trouble_until_it_does() {
    let mut broker = Mosquitto::prepare("");
    broker.admit(&[("console", "c"), ("box", "b")]);
    let acl = "user console\ntopic read viahe/v1/#\ntopic write viahe/v1/+/ack\n\
        user box\ntopic readwrite #\n";
    broker.allow(acl);
    broker.restart();
    let mqtt = format!(
        "url = \"mqtt://127.0.0.1:{}\"\nusername = \"console\"\npassword = \"c\"",
        broker.port
    );
    let console = Console::at(&mqtt);
    let admin = console.admin();
    let login = Some(("box", "b"));
    let boxes = || console.ask("GET", "/v1/boxes", &admin.headers(), None).json();
    eventually("the box is known", || {
        let mut say = client("mosquitto_pub", broker.port, login);
        say.args(["-t", "viahe/v1/hue/status", "-m", &status(true)]);
        assert!(say.status().unwrap().success());
        boxes()["boxes"][0]["site"] == "hue"
    });
    let answer = console.ask("GET", PIPELINE, &admin.headers(), None);
    assert_eq!((answer.status, answer.kind()), (503, "unavailable".into()), "{}", answer.body);
    let troubles = console.ask("GET", "/healthz", &[], None).json()["reasons"].clone();
    assert_eq!(troubles[0]["trouble"], "commands_refused", "{troubles}");
}

#[test]
fn a_no_of_a_box_is_told_for_what_it_is() {
    let site = Site::start();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    let body = json!({ "base": BASE, "edits": [], "camera": "gate-east", "minutes": 60 });
    let problem = json!({ "field": "", "edit": null, "text": "no camera", "remedy": "add one" });
    let busy = json!({ "code": "busy" });
    let restart = json!({ "code": "needs_restart", "of": ["[mqtt]"] });
    let later = json!({ "code": "of_a_later_version" });
    for (answer, status, kind, problems) in [
        (
            json!({ "text": "there is no command preview; there are snapshot" }),
            409,
            "box_too_old",
            0,
        ),
        (json!({ "text": "another preview is made", "refusal": busy }), 429, "busy", 0),
        (json!({ "text": "conflict: the pipeline is another one now" }), 409, "conflict", 0),
        (json!({ "text": "another one", "refusal": { "code": "conflict" } }), 409, "conflict", 0),
        (json!({ "text": "restart viahe", "refusal": restart }), 422, "refused", 0),
        (json!({ "text": "the moon is full", "refusal": later }), 422, "refused", 0),
        (json!({ "text": "wrong", "result": { "problems": [problem] } }), 422, "refused", 1),
        (json!({ "text": "there is no history" }), 422, "refused", 0),
    ] {
        let path = format!("{PIPELINE}/preview");
        scope(|threads| {
            let from = ears.lines().len();
            let asked = threads.spawn(|| site.ask("POST", &path, Some(body.clone())));
            let command = heard_by(&ears, from, "preview");
            assert_eq!((&command["base"], &command["minutes"]), (&json!(BASE), &json!(60)));
            let mut no = answer.clone();
            no["ok"] = false.into();
            site.answer("hue", &command, &no);
            let told = asked.join().unwrap();
            assert_eq!((told.status, told.kind()), (status, kind.to_owned()), "{answer}");
            let told = told.json();
            assert_eq!(told["detail"], answer["text"]);
            assert_eq!(told["problems"].as_array().map_or(0, Vec::len), problems);
            // One that this version does not know is not told on: its words are.
            let known = kind == "refused" && answer["refusal"] != later;
            let refusal = if known { &answer["refusal"] } else { &Value::Null };
            assert_eq!(&told["refusal"], refusal);
        });
    }
    // What was only tried has an answer all the same.
    let (path, body) = (format!("{PIPELINE}/check"), json!({ "base": BASE, "edits": [] }));
    scope(|threads| {
        let from = ears.lines().len();
        let asked = threads.spawn(|| site.ask("POST", &path, Some(body.clone())));
        let no = json!({ "ok": false, "result": { "problems": [problem] } });
        site.answer("hue", &heard_by(&ears, from, "edit"), &no);
        let told = asked.join().unwrap();
        assert_eq!((told.status, told.json()), (200, no["result"].clone()));
    });
    // A box that says yes and nothing else is of a version that knew less.
    scope(|threads| {
        let from = ears.lines().len();
        let asked = threads.spawn(|| site.ask("GET", PIPELINE, None));
        site.answer("hue", &heard_by(&ears, from, "pipeline"), &json!({}));
        assert_eq!(status_and_kind(asked), (409, "box_too_old".into()));
    });
}

#[test]
fn a_change_is_written_down_before_the_box_is_asked_and_when_it_has_made_it() {
    let site = Site::start();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    let admin = site.console.admin();
    let audit = || -> Vec<(Value, Value)> {
        let told = site.console.ask("GET", "/v1/audit?who=kien", &admin.headers(), None).json();
        let lines = told["entries"].as_array().unwrap().iter();
        let of = |line: &Value| (line["what"].clone(), line["about"].clone());
        lines.map(of).filter(|(what, _)| what.as_str().unwrap().starts_with("pipeline")).collect()
    };
    let edits = json!([{ "kind": "remove_zone", "camera": "gate-east", "zone": "kerb" }]);
    let edit = json!({ "base": BASE, "edits": edits, "why": "lề đường đã dời" });
    let path = format!("{PIPELINE}/edit");
    scope(|threads| {
        let asked = threads.spawn(|| site.ask("POST", &path, Some(edit.clone())));
        let command = heard_by(&ears, 0, "edit");
        assert_eq!((&command["edits"], &command["why"]), (&edits, &edit["why"]));
        let ordered = format!("edit of {BASE}: lề đường đã dời");
        assert_eq!(audit(), [(json!("pipeline_ordered"), json!(ordered))]);
        let result = json!({ "version": LATER, "diff": [], "problems": [], "warnings": [] });
        site.answer("hue", &command, &json!({ "result": result }));
        assert_eq!(asked.join().unwrap().json()["version"], LATER);
        assert_eq!(audit()[0], (json!("pipeline_changed"), json!(LATER)));
    });
    let from = ears.lines().len();
    let path = format!("{PIPELINE}/revert");
    let body = json!({ "base": LATER, "to": BASE, "check": true });
    scope(|threads| {
        let asked = threads.spawn(|| site.ask("POST", &path, Some(body.clone())));
        let command = heard_by(&ears, from, "revert");
        assert_eq!((&command["to"], &command["check"]), (&json!(BASE), &json!(true)));
        site.answer("hue", &command, &json!({ "result": { "version": BASE } }));
        assert_eq!(asked.join().unwrap().status, 200);
        assert_eq!(audit().len(), 2, "what changes nothing is not in it");
    });
    for (path, body) in [
        ("edit", json!({ "base": BASE, "edits": [], "why": "" })),
        ("edit", json!({ "base": BASE, "edits": [], "why": "a\nb" })),
        ("edit", json!({ "base": BASE, "edits": [], "why": "a".repeat(501) })),
        ("edit", json!({ "base": BASE, "edits": [] })),
        ("edit", json!({ "base": "latest", "edits": [], "why": "a" })),
        ("edit", json!({ "base": BASE, "edits": [{ "kind": "dance" }], "why": "a" })),
        ("revert", json!({ "base": BASE, "to": LATER })),
        ("check", json!({ "base": BASE, "edits": vec![&edits[0]; 201] })),
        ("preview", json!({ "base": BASE, "edits": [], "camera": "gate-east", "minutes": 61 })),
        ("preview", json!({ "base": BASE, "edits": [], "camera": "../x", "minutes": 6 })),
    ] {
        let answer = site.ask("POST", &format!("{PIPELINE}/{path}"), Some(body.clone()));
        assert_eq!((answer.status, answer.kind()), (422, "invalid".into()), "{path} {body}");
    }
    assert_eq!(audit().len(), 2);
}

#[test]
fn why_an_incident_was_told_is_asked_of_the_box_that_told_it() {
    let site = Site::start();
    let ears = hears(&site.broker, "viahe/v1/hue/cmd/#");
    let taken = site.console.store.take(vec![heard("hue", 1, 1), heard("da-nang", 2, 1)]);
    site.console.runtime.block_on(taken).unwrap();
    let path = |n| format!("/v1/incidents/{}/explanation", id(n));
    scope(|threads| {
        let asked = threads.spawn(|| site.ask("GET", &path(1), None));
        let command = heard_by(&ears, 0, "explain");
        assert_eq!(command["incident"], id(1));
        site.answer("hue", &command, &json!({ "result": { "steps": [] } }));
        assert_eq!(asked.join().unwrap().json(), json!({ "steps": [] }));
    });
    assert_eq!(site.ask("GET", &path(2), None).status, 404, "it is another site's");
    assert_eq!(site.ask("GET", &path(3), None).status, 404);
}
