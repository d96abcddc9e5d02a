//! Questions about the history, at good times and bad ones.

use super::fakes::BEGIN;
use super::street::{Street, name, secs};
use crate::history::{history_dir, segments};
use crate::publish::Heard;
use crate::retrace::{Job, Question};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::id::IncidentId;
use viahe_core::geometry::Polygon;
use viahe_core::plan::Plan;
use viahe_core::plan::program::Test;

/// With history; a vehicle stands there from the first second to the 40th, and nobody looks from the 70th on.
fn street() -> Street {
    let mut street = Street::new();
    street.history_bytes_max = 1 << 26;
    street.vehicle(1, 40);
    street
}

/// Somebody asks why the first incident was told.
fn explain(street: &Street, at: f64, id: &'static str) {
    street.world.then(secs(at), move |world| {
        let incident = world.state().taken[0].1["data"]["incident"].clone();
        let heard = Heard {
            topic: "viahe/v1/formats/cmd/explain".to_owned(),
            payload: json!({ "id": id, "incident": incident }).to_string().into_bytes(),
            at: BEGIN.plus(secs(at)),
            retained: false,
            answer_to: None,
        };
        world.heard(world.passed(), heard);
    });
}

fn replies(street: &Street) -> Vec<Value> {
    let state = street.world.state();
    let replies = state.said.iter().filter(|(_, said)| said.topic.contains("/reply/"));
    replies.map(|(_, said)| serde_json::from_slice(&said.payload).unwrap()).collect()
}

/// `11 s: opened`, or `1 s: holds there`.
fn steps(story: &Value) -> Vec<String> {
    let of = |step: &Value| {
        let at: viahe_core::time::Timestamp = step["at"].as_str().unwrap().parse().unwrap();
        let more = step["condition"].as_str().or(step["reason"].as_str()).unwrap_or_default();
        let code = step["code"].as_str().unwrap();
        format!("{} s: {code} {more}", at.since(BEGIN).as_secs()).trim_end().to_owned()
    };
    story["steps"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn an_incident_is_explained_while_it_stands_and_after_it() {
    let mut street = street();
    // What was seen in the seconds before is not on the disk by itself yet.
    explain(&street, 15.0, "early");
    explain(&street, 69.0, "late");
    street.run(100.0);
    let [early, late] = &replies(&street)[..] else { panic!() };
    let opened = [
        "1 s: applies",
        "1 s: holds there",
        "4 s: began stands",
        "11 s: holds stands",
        "11 s: opened",
    ];
    let story = &early["result"];
    assert_eq!(early["ok"], true, "{early}");
    assert_eq!(steps(story)[..5], opened, "{story}");
    assert_eq!(steps(story)[5..], ["15 s: last_seen"]);
    let told = ["known", "rule", "camera", "zone"].map(|key| story[key].as_str().unwrap());
    assert_eq!(told, ["whole", "standing", "gate", "kerb"]);
    assert_eq!(story["title"], "Xe đứng");
    assert_eq!(story["asked"]["conditions"][0]["name"], "stands");
    assert_eq!(story["asked"]["conditions"][1]["thing"]["classes"], json!(["vehicle"]));
    assert_eq!(story["steps"][3]["since"], story["steps"][1]["at"]);
    let story = &late["result"];
    assert_eq!(steps(story)[..5], opened);
    // It is followed by its place until its absence is sure.
    let ended = ["40 s: ceased there", "59 s: last_seen", "60 s: ended over"];
    assert_eq!(steps(story)[5..], ended, "{story}");
}

#[test]
fn one_question_is_answered_at_a_time_and_none_once_the_box_stops() {
    let mut street = street();
    street.world.state().nobody_answers = true;
    explain(&street, 20.0, "first");
    explain(&street, 21.0, "second");
    // Who asks the same again hears the one answer.
    explain(&street, 22.0, "first");
    street.run(50.0);
    let told: Vec<String> = replies(&street)
        .iter()
        .map(|reply| {
            let Value::Object(keys) = &reply["refusal"] else { panic!("{reply}") };
            format!("{} {} {} {}", reply["id"], reply["ok"], reply["text"], keys["code"])
        })
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for (told, id, text, code) in
        [(&told[0], "second", "ask again", "busy"), (&told[1], "first", "stopping", "stopping")]
    {
        let is = told.starts_with(&format!("\"{id}\" false")) && told.contains(text);
        assert!(is && told.ends_with(&format!("\"{code}\"")), "{told}");
    }
}

/// The street's history, once nobody is at work there.
struct Known {
    street: Street,
    incident: IncidentId,
}

impl Known {
    fn new() -> Self {
        let mut street = street();
        street.run(100.0);
        let messages = street.messages();
        let incident = messages[0]["data"]["incident"].as_str().unwrap().try_into().unwrap();
        Self { street, incident }
    }

    /// What is answered under a plan that is changed so.
    fn ask(&self, question: Question, change: impl FnOnce(&mut Plan)) -> Result<Value, String> {
        let mut plan = self.street.plan.clone();
        change(&mut plan);
        let id = "op-7".try_into().unwrap();
        let job = Job { id, now: BEGIN.plus(secs(90.0)), plan: Arc::new(plan), question };
        job.answered(&Arc::default()).result.map(|(_, result)| result).map_err(|why| why.text)
    }

    fn explain(&self, change: impl FnOnce(&mut Plan)) -> Result<Value, String> {
        self.ask(Question::Explain(self.incident.clone()), change)
    }

    fn preview(&self, back: u64, change: impl FnOnce(&mut Plan)) -> Result<Value, String> {
        let mut then = self.street.plan.clone();
        change(&mut then);
        let (then, camera, back) = (Arc::new(then), name("gate"), Duration::from_secs(back));
        self.ask(Question::Preview { then, camera, back }, |_| ())
    }
}

fn dwell(secs: u64) -> impl FnOnce(&mut Plan) {
    move |plan| {
        let rule = &mut plan.cameras[0].rules[0];
        for condition in &mut rule.program.conditions {
            if let Test::Held { duration, .. } = &mut condition.test {
                *duration = Duration::from_secs(secs);
            }
        }
    }
}

fn elsewhere(plan: &mut Plan) {
    let corners: Vec<[f32; 2]> = vec![[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.1]];
    let polygon = Polygon::try_from(corners).unwrap();
    plan.cameras[0].zones[0].polygon = polygon;
}

#[test]
fn what_cannot_be_explained_is_told_in_its_own_way() {
    let known = Known::new();
    assert_eq!(known.explain(|_| ()).unwrap()["known"], "whole");
    let changed = known.explain(elsewhere).unwrap();
    assert_eq!(
        (&changed["known"], changed["steps"].as_array().unwrap().len()),
        (&json!("changed"), 0)
    );
    let gone = known.explain(|plan| plan.cameras[0].rules.clear()).unwrap_err();
    assert!(gone.contains("no rule standing of gate any more"), "{gone}");
    let strange = "01KANWBRKGQ4H5ZD0ZJ3M7V8XC".try_into().unwrap();
    let unknown = known.ask(Question::Explain(strange), |_| ()).unwrap_err();
    assert!(unknown.contains("knows no incident 01KANW"), "{unknown}");
    for piece in segments(&history_dir(known.street.dir())).unwrap() {
        std::fs::remove_file(piece).unwrap();
    }
    let none = known.explain(|_| ()).unwrap();
    assert_eq!((&none["known"], &none["known_from"]), (&json!("none"), &Value::Null));
    assert!(known.preview(60, dwell(20)).unwrap_err().contains("no history of that time"));
}

/// When incidents opened and were over: `11 to 39 s`.
fn told(previewed: &Value) -> Vec<String> {
    let secs = |at: &Value| {
        let at: viahe_core::time::Timestamp = at.as_str().unwrap().parse().unwrap();
        at.since(BEGIN).as_secs()
    };
    let incidents = previewed["incidents"].as_array().unwrap();
    incidents
        .iter()
        .map(|i| format!("{} to {} s", secs(&i["opened"]), secs(&i["closed"])))
        .collect()
}

#[test]
fn what_edited_rules_would_have_told_stands_beside_what_was() {
    let known = Known::new();
    let later = known.preview(3600, dwell(25)).unwrap();
    assert_eq!(later["complete"], false, "the box has run for 90 s: {later}");
    assert_eq!(
        (told(&later["now"]), told(&later["then"])),
        (vec!["11 to 39 s".to_owned()], vec!["26 to 39 s".to_owned()])
    );
    let one = &later["then"]["incidents"][0];
    assert_eq!(
        (&one["rule"], &one["zone"], &one["severity"]),
        (&json!("standing"), &json!("kerb"), &json!("medium"))
    );
    assert_eq!(one["subjects"][0]["box"], json!([0.4, 0.5, 0.6, 0.7]));
    assert_eq!(later["now"]["incidents"][0]["incident"], json!(known.incident.as_str()));
    // From the tenth second on; it was looked at until the 69th.
    let never = known.preview(80, elsewhere).unwrap();
    assert_eq!((&never["complete"], &never["looked_secs"]), (&json!(true), &json!(59)));
    assert_eq!((told(&never["now"]).len(), told(&never["then"]).len()), (1, 0));
    // What opened before is of another time.
    let after = known.preview(70, dwell(25)).unwrap();
    assert_eq!(
        (told(&after["now"]).len(), told(&after["then"])),
        (0, vec!["26 to 39 s".to_owned()])
    );
    let camera = name("nowhere");
    let then = Arc::new(known.street.plan.clone());
    let question = Question::Preview { then, camera, back: Duration::from_mins(1) };
    assert!(known.ask(question, |_| ()).unwrap_err().contains("no camera nowhere"));
}
