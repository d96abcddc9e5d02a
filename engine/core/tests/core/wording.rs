//! What an incident says to people.

use crate::support::{KERB, name, one_camera_of};
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;
use viahe_core::engine::Event;
use viahe_core::frame::FrameStamp;
use viahe_core::id::TrackId;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::scenario;
use viahe_core::time::{ClockSource, Timestamp};

const CHAIR: &str = "furniture.chair";

fn plan(rule: &str, language: &str) -> Arc<Plan> {
    let site = format!("timezone = \"UTC\"\nlanguage = \"{language}\"");
    let rest = format!(
        r#"
        {KERB}
        name = "Trước chợ"
        [[camera.rule]]
        use = "{rule}"
        zone = "kerb"
        dwell_secs = 20
        "#
    );
    one_camera_of(&site, "cam", &rest)
}

/// What stands where, from second to second.
struct Stands {
    class: &'static str,
    left: f32,
    secs: Range<u64>,
}

/// A look a second.
fn looks(all: &[Stands], secs: u64) -> Vec<Event> {
    let object = |(i, stands): (usize, &Stands)| Object {
        track: TrackId(i as u64 + 1),
        class: Class::try_from(stands.class).unwrap(),
        confidence: 0.8.try_into().unwrap(),
        bbox: [stands.left, 0.5, stands.left + 0.15, 0.7].try_into().unwrap(),
    };
    let look = |seq: u64| {
        // After every citation of the catalogue came into force.
        let at = Timestamp::from_secs(1_790_000_000 + seq);
        let clock = ClockSource::Recording;
        let there = all.iter().enumerate().filter(|(_, stands)| stands.secs.contains(&seq));
        Event::Observed(Observation {
            camera: name("cam"),
            frame: FrameStamp { seq, captured: at, arrived: at, offset_ms: 0, clock },
            size_px: [1000, 500],
            objects: there.map(object).collect(),
            undecided: Vec::new(),
        })
    };
    (0..secs).map(look).collect()
}

/// `data` of the first word on each incident.
fn told_of(plan: &Arc<Plan>, all: &[Stands]) -> Vec<Value> {
    let end = all.iter().map(|stands| stands.secs.end).max().unwrap();
    let told = scenario::run(plan, looks(all, end));
    let first = told.iter().map(|incident| &incident.revisions[0]);
    let zone = jiff::tz::TimeZone::UTC;
    let data = |revision: &viahe_core::incident::Revision| {
        let event = revision.event(&name("site"), &zone);
        serde_json::to_value(event).unwrap()["data"].clone()
    };
    first.map(data).collect()
}

/// Of two things of a class that stand there at once.
fn told(plan: &Arc<Plan>, class: &'static str) -> Vec<Value> {
    told_of(plan, &[0.1, 0.6].map(|left| Stands { class, left, secs: 0..40 }))
}

#[test]
fn words_are_in_the_language_of_the_site() {
    for (language, title, stage) in
        [("vi", "Lấn chiếm vỉa hè", "Nhắc nhở"), ("en", "Sidewalk obstruction", "Remind")]
    {
        let all = told(&plan("sidewalk-obstruction", language), CHAIR);
        assert_eq!(all.len(), 2);
        for data in all {
            assert_eq!((&data["title"], &data["stage_text"]), (&json!(title), &json!(stage)));
            assert_eq!(
                (&data["place"], &data["camera_name"]),
                (&json!("Trước chợ"), &json!("cam"))
            );
            assert!(data["guidance"].as_str().is_some_and(|text| text.len() > 40));
        }
    }
}

/// The offences that are told of chairs which stand from second to second, each at its own place.
fn offences(stand: [Range<u64>; 3]) -> Vec<(u64, String)> {
    let chair = |(left, secs)| Stands { class: CHAIR, left, secs };
    let all: Vec<Stands> = [0.1, 0.4, 0.7].into_iter().zip(stand).map(chair).collect();
    let told = told_of(&plan("sidewalk-obstruction", "vi"), &all);
    let text = |data: &Value| data["stage"].as_str().unwrap().to_owned();
    told.iter().map(|data| (data["offence"].as_u64().unwrap(), text(data))).collect()
}

/// Two that begin at once were an offence and its repetition within one second.
#[test]
fn what_begins_together_is_one_offence() {
    for data in told(&plan("sidewalk-obstruction", "vi"), CHAIR) {
        assert_eq!((&data["offence"], &data["stage"]), (&json!(1), &json!("remind")));
    }
    // Each begins within half an hour of the one before it.
    let apart = offences([0..60, 1_500..1_560, 3_000..3_060]);
    assert_eq!(apart, vec![(1, "remind".to_owned()); 3]);
}

#[test]
fn what_stands_at_the_same_time_is_one_offence() {
    let together = offences([0..6_000, 2_500..2_560, 5_000..5_060]);
    assert_eq!(together, vec![(1, "remind".to_owned()); 3]);
}

#[test]
fn what_comes_again_later_is_another_offence() {
    let again = offences([0..60, 2_500..2_560, 5_000..5_060]);
    let stages = ["remind", "commitment", "record"].map(str::to_owned);
    assert_eq!(again, (1..=3).zip(stages).collect::<Vec<_>>());
}

/// Neither where the entry has none, nor of the vehicles of one that has: they are different people's.
#[test]
fn where_nobody_is_identified_there_is_no_stage() {
    for rule in ["illegal-parking", "sidewalk-obstruction"] {
        let all = told(&plan(rule, "vi"), "vehicle.car");
        assert_eq!(all.len(), 2);
        for data in &all {
            for key in ["stage", "stage_text", "offence"] {
                assert_eq!(data[key], Value::Null, "{rule}: {key}");
            }
        }
    }
    // Nor do they count for what comes after them.
    let [car, chair] = [("vehicle.car", 0.1, 0..60), (CHAIR, 0.6, 2_500..2_560)]
        .map(|(class, left, secs)| Stands { class, left, secs });
    let all = told_of(&plan("sidewalk-obstruction", "vi"), &[car, chair]);
    assert_eq!((&all[0]["offence"], &all[1]["offence"]), (&Value::Null, &json!(1)));
}

#[test]
fn citations_that_nobody_checked_say_so() {
    for data in told(&plan("illegal-parking", "vi"), "vehicle.car") {
        assert_eq!(data["title"], "Đỗ xe trái phép");
        assert_eq!(data["citations"][0]["verified"], false);
    }
}
