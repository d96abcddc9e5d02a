//! What an incident says to people.
#![allow(clippy::unwrap_used)] // Helpers of tests are not seen as tests.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use serde_json::{Value, json};
use std::sync::Arc;
use viahe_core::config::Plan;
use viahe_core::engine::Event;
use viahe_core::frame::FrameStamp;
use viahe_core::id::{Name, TrackId};
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::scenario;
use viahe_core::time::{ClockSource, Timestamp};

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

fn plan(rule: &str, language: &str) -> Arc<Plan> {
    let text = format!(
        r#"
        [site]
        id = "site"
        timezone = "UTC"
        language = "{language}"
        [model.street]
        package = "ssdlite-coco"
        [[camera]]
        id = "cam"
        url = "pattern://1000x500@5"
        model = "street"
        [camera.zone.kerb]
        name = "Trước chợ"
        polygon = [[0.0, 0.2], [1.0, 0.2], [1.0, 1.0], [0.0, 1.0]]
        [[camera.rule]]
        use = "{rule}"
        zone = "kerb"
        dwell_secs = 20
        "#
    );
    Arc::new(support::World::new().parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}")))
}

/// A look a second at cars that stand at these places.
fn cars(places: &[[f32; 4]], secs: u64) -> Vec<Event> {
    let object = |(i, bbox): (usize, &[f32; 4])| Object {
        track: TrackId(i as u64 + 1),
        class: Class::try_from("vehicle.car").unwrap(),
        confidence: 0.8.try_into().unwrap(),
        bbox: (*bbox).try_into().unwrap(),
    };
    let look = |seq: u64| {
        // After every citation of the catalogue came into force.
        let at = Timestamp::from_secs(1_790_000_000 + seq);
        let clock = ClockSource::Recording;
        Event::Observed(Observation {
            camera: name("cam"),
            frame: FrameStamp { seq, captured: at, arrived: at, offset_ms: 0, clock },
            size_px: [1000, 500],
            objects: places.iter().enumerate().map(object).collect(),
        })
    };
    (0..secs).map(look).collect()
}

/// `data` of the first word on each incident.
fn told(plan: &Arc<Plan>) -> Vec<Value> {
    let two = [[0.1, 0.5, 0.25, 0.7], [0.6, 0.5, 0.75, 0.7]];
    let told = scenario::run(plan, cars(&two, 40));
    let first = told.iter().map(|incident| &incident.revisions[0]);
    let zone = jiff::tz::TimeZone::UTC;
    first.map(|revision| revision.cloud_event(&name("site"), &zone)["data"].clone()).collect()
}

#[test]
fn words_are_in_the_language_of_the_site() {
    for (language, title, stage) in
        [("vi", "Lấn chiếm vỉa hè", "Nhắc nhở"), ("en", "Sidewalk obstruction", "Remind")]
    {
        let all = told(&plan("sidewalk-obstruction", language));
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

/// Two that begin at once were an offence and its repetition within one second.
#[test]
fn what_begins_together_is_one_offence() {
    for data in told(&plan("sidewalk-obstruction", "vi")) {
        assert_eq!((&data["offence"], &data["stage"]), (&json!(1), &json!("remind")));
    }
}

#[test]
fn where_nobody_is_identified_there_is_no_stage() {
    let all = told(&plan("illegal-parking", "vi"));
    assert_eq!(all.len(), 2);
    for data in all {
        for key in ["stage", "stage_text", "offence"] {
            assert_eq!(data[key], Value::Null, "{key}");
        }
        assert_eq!(data["title"], "Đỗ xe trái phép");
        assert_eq!(data["citations"][0]["verified"], false);
    }
}
