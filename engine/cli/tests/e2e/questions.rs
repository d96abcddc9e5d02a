//! A running box is asked about its history, and for pictures that go to a console.

use crate::support::broker::{Broker, Ears};
use crate::support::clip;
use crate::support::engine::{CameraSim, Engine, Pipeline, SITE};
use crate::support::program::{Program, run_viahe, viahe};
use crate::support::{LONG, files_below, sha256, until};
use serde_json::{Value, json};

fn ask(broker: &Broker, name: &str, body: &Value) {
    broker.say(&format!("viahe/v1/{SITE}/cmd/{name}"), body);
}

fn reply(ears: &Ears, id: &str) -> Value {
    let topic = format!("viahe/v1/{SITE}/reply/{id}");
    let heard = || ears.heard().into_iter().find(|message| message.topic == topic);
    until(&topic, LONG, heard).payload
}

fn codes(story: &Value) -> Vec<&str> {
    let steps = story["steps"].as_array().unwrap().iter();
    steps.map(|step| step["code"].as_str().unwrap()).collect()
}

/// The story over MQTT is the one of `viahe explain` on the box.
#[test]
fn a_box_says_why_it_told_an_incident() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.until_heeds(1);
    let incident = ears.hear_incidents(1).remove(0);

    ask(&broker, "explain", &json!({ "id": "e-1", "incident": incident, "by": "Trần Thị Hoa" }));
    let answer = reply(&ears, "e-1");
    assert_eq!(answer["ok"], true, "{answer}");
    let story = &answer["result"];
    let told = ["incident", "known", "rule", "camera", "zone"].map(|key| story[key].clone());
    assert_eq!(
        told,
        [&*incident, "whole", "illegal-parking", "gate-east", "kerb"].map(Value::from)
    );
    let codes = codes(story);
    for code in ["applies", "began", "holds", "opened", "last_seen"] {
        assert!(codes.contains(&code), "{code}: {story}");
    }
    // As a person at the box has it.
    let file = pipeline.file();
    let explain = ["explain", &incident, "--pipeline", file.to_str().unwrap()];
    let words = run_viahe(explain);
    words.prints(0, &[&format!("=> incident {incident} opens"), "the rule applies"]);
    let opened = story["steps"].as_array().unwrap().iter().find(|step| step["code"] == "opened");
    let at = opened.unwrap()["at"].as_str().unwrap()[..23].replace('T', " ");
    words.prints(0, &[&format!("{at}  => incident")]);

    let strange = "01KANWBRKGQ4H5ZD0ZJ3M7V8XC";
    ask(&broker, "explain", &json!({ "id": "e-2", "incident": strange }));
    let answer = reply(&ears, "e-2");
    assert_eq!((&answer["ok"], &answer["result"]), (&json!(false), &Value::Null));
    assert!(answer["text"].as_str().unwrap().contains("knows no incident"), "{answer}");
}

#[test]
fn a_picture_that_was_asked_for_comes_to_the_console() {
    let broker = Broker::start();
    let ears = broker.listen();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("console.toml");
    let text = format!(
        "[console]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"data\"\n\
         [mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n",
        broker.port
    );
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let token =
        run_viahe(["console", config, "--add-token", "box-1", "--role", "box", "--site", SITE]);
    let token = token.prints(0, &["vht_"]).stdout.last().unwrap().clone();
    let console = Program::start(viahe(["console", config]));
    let line = console.line("the console is open").text;
    let port = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let tables = format!("\n[console]\nurl = \"http://127.0.0.1:{port}\"\ntoken = \"{token}\"\n");
    let pipeline = Pipeline::new(broker.port).camera("gate", "pattern://320x240@5").more(&tables);
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate"], 1);
    engine.until_heeds(1);

    ask(&broker, "snapshot", &json!({ "id": "s-1", "camera": "gate" }));
    let answer = reply(&ears, "s-1");
    assert_eq!((&answer["ok"], &answer["text"]), (&json!(true), &json!("picture taken")));
    let hash = answer["evidence"]["sha256"].as_str().unwrap();
    let kept = dir.path().join("data/evidence");
    let there =
        || files_below(&kept).into_iter().find(|file| file.ends_with(format!("{hash}.jpg")));
    let picture = until("the picture at the console", LONG, || kept.is_dir().then(there).flatten());
    assert_eq!(sha256(&std::fs::read(picture).unwrap()), hash);
}

/// A zone is moved away from the two parked vehicles, for a try: nothing changes.
#[test]
fn edited_rules_are_tried_on_what_was_seen() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    let text = std::fs::read_to_string(pipeline.file()).unwrap();
    engine.until_heeds(1);
    let incidents = ears.hear_incidents(2);

    ask(&broker, "pipeline", &json!({ "id": "p-1" }));
    let base = reply(&ears, "p-1")["result"]["version"].clone();
    let preview = |id: &str, base: &Value, polygon: Value| {
        let edit = json!({ "kind": "set_zone", "camera": "gate-east", "zone": "kerb", "polygon": polygon });
        let body = json!({ "id": id, "base": base, "edits": [edit], "camera": "gate-east", "minutes": 60 });
        ask(&broker, "preview", &body);
        reply(&ears, id)
    };
    let away = json!([[0.0, 0.8], [0.1, 0.8], [0.1, 0.9], [0.0, 0.9]]);
    let answer = preview("t-1", &base, away.clone());
    assert_eq!(answer["ok"], true, "{answer}");
    let result = &answer["result"];
    let told = |of: &str| {
        let list = result[of]["incidents"].as_array().unwrap().iter();
        let mut ids: Vec<&str> = list.map(|one| one["incident"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(told("now"), incidents, "what was told is what the rules tell: {answer}");
    assert_eq!((told("then").len(), &result["complete"]), (0, &json!(false)), "{answer}");
    assert!(result["looked_secs"].as_u64().unwrap() > 0, "{answer}");

    let other = json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    let conflict = preview("t-2", &other, away);
    assert_eq!((&conflict["ok"], &conflict["result"]["version"]), (&json!(false), &base));
    let crossed = json!([[0.0, 0.8], [0.1, 0.9], [0.1, 0.8], [0.0, 0.9]]);
    let wrong = preview("t-3", &base, crossed);
    assert_eq!(wrong["ok"], false);
    assert_eq!(wrong["result"]["problems"][0]["field"], "camera[gate-east].zone.kerb.polygon");
    assert_eq!(std::fs::read_to_string(pipeline.file()).unwrap(), text, "nothing was changed");
}
