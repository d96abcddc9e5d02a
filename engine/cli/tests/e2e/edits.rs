//! The pipeline of a running box, looked at and edited from afar.

use crate::support::broker::{Broker, Ears};
use crate::support::engine::{Engine, Pipeline, SITE};
use crate::support::{LONG, until};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use viahe_edge::clock;

/// A box that runs, and who commands it.
struct Site {
    broker: Broker,
    ears: Ears,
    /// The folder goes with it.
    pipeline: Pipeline,
    engine: Engine,
    file: PathBuf,
    asked: std::cell::Cell<u32>,
}

impl Site {
    fn start() -> Self {
        let broker = Broker::start();
        let ears = broker.listen();
        let pipeline = Pipeline::new(broker.port)
            .mqtt("username = \"box\"\npassword = \"t0psecret\" # of the broker")
            .camera("gate", "pattern://320x240@5")
            .camera("yard", "pattern://320x240@5")
            .more("# the end\n");
        let engine = Engine::start(&pipeline);
        engine.until_looks(&["gate", "yard"], 1);
        engine.until_heeds(1);
        let file = pipeline.file();
        Self { broker, ears, pipeline, engine, file, asked: 0.into() }
    }

    /// The power goes, and comes back.
    fn killed(self) -> Self {
        let Self { broker, ears, pipeline, engine, file, asked } = self;
        engine.process.kill();
        let engine = Engine::start_file(&file, |_| ());
        engine.until_heeds(1);
        Self { broker, ears, pipeline, engine, file, asked }
    }

    /// Gives a command, and waits for its answer.
    fn ask(&self, name: &str, mut body: Value) -> Value {
        self.asked.set(self.asked.get() + 1);
        let id = format!("c-{}", self.asked.get());
        body["id"] = id.clone().into();
        body["by"] = "Trần Thị Hoa".into();
        body["issued"] = json!(clock::now());
        self.give(name, &id, &body, 1)
    }

    /// The `n`-th answer to a command.
    fn give(&self, name: &str, id: &str, body: &Value, n: usize) -> Value {
        self.broker.say(&format!("viahe/v1/{SITE}/cmd/{name}"), body);
        let topic = format!("viahe/v1/{SITE}/reply/{id}");
        until(&topic, LONG, || {
            let mut heard = self.ears.heard().into_iter().filter(|m| m.topic == topic);
            heard.nth(n - 1).map(|m| m.payload)
        })
    }

    fn site(&self) -> Value {
        let answer = self.ask("pipeline", json!({}));
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].clone()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }
}

fn dwell(secs: u32) -> Value {
    json!([{ "kind": "set_rule", "camera": "gate", "rule": "illegal-parking", "written": {
        "use": "illegal-parking", "zone": "kerb",
        "parameters": { "dwell_secs": secs, "absence_secs": 60 } } }])
}

#[test]
fn an_edit_is_taken_up_without_a_camera_noticing_and_taken_back() {
    let site = Site::start();
    let (text, seen) = (site.text(), site.site());
    assert!(seen["locked"].is_null(), "{seen}");
    assert_eq!(seen["cameras"][1]["zones"][0]["polygon"][1][1], 0.12);
    assert_eq!(seen["history"].as_array().unwrap().len(), 1);
    assert_eq!(seen["models"], json!([{ "id": "street", "package": "ssdlite-coco" }]));
    assert!(seen["packages"].as_array().unwrap().contains(&"ssdlite-coco".into()), "{seen}");
    let base = &seen["version"];
    let before = ["gate", "yard"].map(|camera| site.engine.frames(camera));

    let checked = site.ask("edit", json!({ "base": base, "edits": dwell(9), "check": true }));
    assert_eq!(checked["ok"], true, "{checked}");
    assert_eq!(site.text(), text, "it was only asked");
    let edit = json!({ "base": base, "edits": dwell(9), "why": "too many" });
    let edited = site.ask("edit", edit);
    assert_eq!((&edited["ok"], &edited["result"]), (&true.into(), &checked["result"]));
    let diff = edited["result"]["diff"].as_array().unwrap();
    let told = |kind: &str| -> Vec<&str> {
        let of_kind = diff.iter().filter(|line| line["kind"] == kind);
        of_kind.map(|line| line["text"].as_str().unwrap()).collect()
    };
    assert_eq!((told("removed"), told("added")), (vec!["dwell_secs = 6"], vec!["dwell_secs = 9"]));
    let now = text.replacen("dwell_secs = 6", "dwell_secs = 9", 1);
    assert_eq!(site.text(), now);
    site.engine.until_metric("viahe_reloads_total", |n| n == 1);
    let line = site.engine.process.line("the pipeline file was changed by order");
    assert!(line.text.contains("Trần Thị Hoa") && line.text.contains("too many"), "{}", line.text);

    let seen = site.site();
    assert_eq!(seen["version"], edited["result"]["version"]);
    let now = &seen["cameras"][0]["rules"][0]["parameters"]["dwell_secs"];
    assert_eq!(now.as_f64(), Some(9.0));
    assert_eq!(
        (&seen["history"][0]["by"], &seen["history"][0]["why"]),
        (&"Trần Thị Hoa".into(), &"too many".into())
    );
    assert!(seen["history"][1]["by"].is_null());

    let to = &seen["history"][1]["version"];
    let back = site.ask("revert", json!({ "base": seen["version"], "to": to, "why": "no" }));
    assert_eq!(back["ok"], true, "{back}");
    assert_eq!(site.text(), text);
    site.engine.until_metric("viahe_reloads_total", |n| n == 2);

    site.engine.until_looks(&["gate", "yard"], 3);
    for (camera, before) in ["gate", "yard"].into_iter().zip(before) {
        let [frames, .., lost] = site.engine.frames(camera);
        assert!(frames > before[0] && lost == before[3], "{camera}: {lost} frames were lost");
    }
    let anew = site.engine.process.lines().into_iter().find(|l| l.text.contains("opened anew"));
    assert!(anew.is_none(), "{}", anew.unwrap().text);
    let told: Vec<String> = site.ears.heard().into_iter().map(|m| m.payload.to_string()).collect();
    assert!(!told.iter().any(|told| told.contains("t0psecret")), "a secret left the box");
}

#[test]
fn what_cannot_be_is_refused_with_the_reason_and_nothing_changes() {
    let site = Site::start();
    let (text, seen) = (site.text(), site.site());
    let base = &seen["version"];
    let zone = json!([{ "kind": "set_zone", "camera": "gate", "zone": "kerb",
        "polygon": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]] }]);
    for check in [true, false] {
        let edit = json!({ "base": base, "edits": zone, "why": "wider", "check": check });
        let answer = site.ask("edit", edit);
        assert_eq!(answer["ok"], check, "{answer}");
        let problem = &answer["result"]["problems"][0];
        assert_eq!(
            (&problem["field"], &problem["edit"]),
            (&"camera[gate].zone.kerb.polygon".into(), &0.into())
        );
        assert!(problem["text"].as_str().unwrap().contains("cross"), "{problem}");
    }
    let model = json!([{ "kind": "set_model", "model": "street", "package": "no-such-eyes" }]);
    let answer = site.ask("edit", json!({ "base": base, "edits": model, "why": "sharper" }));
    let problem = &answer["result"]["problems"][0];
    assert_eq!(
        (&answer["ok"], &problem["field"], &problem["fault"]),
        (
            &false.into(),
            &"model.street.package".into(),
            &json!({ "code": "unknown", "name": "no-such-eyes" })
        )
    );
    let hash = "7".repeat(64);
    let stale = site.ask("edit", json!({ "base": hash, "edits": dwell(9), "why": "x" }));
    assert_eq!((&stale["ok"], &stale["result"]["version"]), (&false.into(), base));
    let lost = site.ask("revert", json!({ "base": base, "to": hash, "why": "x" }));
    assert!(lost["text"].as_str().unwrap().contains("is not kept"), "{lost}");
    // Whoever gives none may mean a file of long ago.
    let timeless = json!({ "id": "t-1", "base": base, "edits": dwell(9), "why": "x" });
    let timeless = site.give("edit", "t-1", &timeless, 1);
    assert!(timeless["text"].as_str().unwrap().contains("needs `issued`"), "{timeless}");
    assert_eq!(site.text(), text);

    // A hand-written change is somebody's work.
    fs::write(&site.file, text.replace("# the end", "# by hand")).unwrap();
    let late = site.ask("edit", json!({ "base": base, "edits": dwell(9), "why": "x" }));
    assert!(late["text"].as_str().unwrap().starts_with("conflict: "), "{late}");
    assert!(site.text().ends_with("# by hand\n"));
    let seen = site.site();
    let edit = json!({ "base": seen["version"], "edits": dwell(9), "why": "x" });
    assert_eq!(site.ask("edit", edit)["ok"], true);
    assert!(site.text().contains("dwell_secs = 9") && site.text().ends_with("# by hand\n"));
    let by: Vec<Value> =
        site.site()["history"].as_array().unwrap().iter().map(|v| v["by"].clone()).collect();
    assert_eq!(by, [json!("Trần Thị Hoa"), Value::Null]);
}

/// An edit that comes twice is done once, also when the box was killed before it could say so.
#[test]
fn a_repeated_edit_is_answered_and_not_done_again() {
    let site = Site::start();
    let base = site.site()["version"].clone();
    let edit = json!({ "id": "e-1", "base": base, "edits": dwell(9), "why": "x", "by": "Hoa",
        "issued": clock::now() });
    let first = site.give("edit", "e-1", &edit, 1);
    assert_eq!(first["ok"], true, "{first}");
    let text = site.text();
    let again = site.give("edit", "e-1", &edit, 2);
    assert_eq!(
        (&again["ok"], &again["result"]["version"]),
        (&true.into(), &first["result"]["version"])
    );
    let site = site.killed();
    let third = site.give("edit", "e-1", &edit, 3);
    assert_eq!(
        (&third["ok"], &third["result"]["version"]),
        (&true.into(), &first["result"]["version"])
    );
    assert_eq!(site.text(), text);
    assert_eq!(site.site()["history"].as_array().unwrap().len(), 2);
}
