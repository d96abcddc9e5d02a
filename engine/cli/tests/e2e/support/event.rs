//! An incident's message, held against the contract (docs/mqtt.md) field by field.

use super::broker::Message;
use super::engine::SITE;
use super::sha256;
use jiff::Timestamp;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The two vehicles that stand in the sample clip: x0, y0, x1, y1 as fractions of the frame.
pub(crate) const PARKED: [[f64; 4]; 2] =
    [[0.8361, 0.0706, 0.9337, 0.1724], [0.9457, 0.0848, 1.0, 0.1646]];

/// Sorted names of an object's fields.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// A time of a message; it must be in the site's zone, with milliseconds.
pub(crate) fn time(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    assert!(text.len() == 29 && text.ends_with("+07:00"), "time: {text}");
    assert_eq!(text.as_bytes()[19], b'.', "milliseconds: {text}");
    text.parse().unwrap()
}

/// Four numbers.
pub(crate) fn corners(value: &Value) -> [f64; 4] {
    let numbers: Vec<f64> = value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// Intersection over union.
pub(crate) fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |b: [f64; 4]| (b[2] - b[0]).max(0.0) * (b[3] - b[1]).max(0.0);
    let both = [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])];
    area(both) / (area(a) + area(b) - area(both))
}

/// Where the picture `sha256` lies.
pub(crate) fn picture(state_dir: &Path, sha256: &str) -> PathBuf {
    state_dir.join("evidence").join(&sha256[..2]).join(format!("{sha256}.jpg"))
}

/// Checks a message that opens an incident of `camera`, and its pictures in `state_dir`.
pub(crate) fn check_opened(message: &Message, camera: &str, dwell_secs: f64, state_dir: &Path) {
    let event = &message.payload;
    assert_eq!(message.topic, format!("viahe/v1/{SITE}/cam/{camera}/incident/illegal-parking"));
    assert_eq!((message.qos, message.retained), (1, false));
    let wanted =
        ["data", "datacontenttype", "id", "source", "specversion", "subject", "time", "type"];
    assert_eq!(keys(event), wanted);
    let data = &event["data"];
    let id = data["incident"].as_str().unwrap();
    assert!(id.len() == 26 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
    for (key, value) in [
        ("specversion", "1.0"),
        ("id", &format!("{id}-r1")),
        ("source", &format!("viahe/{SITE}/{camera}")),
        ("type", "vn.viahe.incident.opened"),
        ("subject", "illegal-parking"),
        ("datacontenttype", "application/json"),
    ] {
        assert_eq!(event[key], value, "{key}");
    }
    assert_eq!(event["time"], data["updated"]);
    check_data(data, camera, dwell_secs);
    let evidence = data["evidence"].as_array().unwrap();
    let kinds: Vec<&Value> = evidence.iter().map(|e| &e["kind"]).collect();
    assert_eq!(kinds, ["snapshot.first_seen", "snapshot.opened"]);
    for picture in evidence {
        check_picture(picture, state_dir);
    }
    assert_eq!(evidence[1]["captured"], data["opened"], "the picture is of the frame that counted");
    let (seen, opened) = (time(&data["first_seen"]), time(&data["opened"]));
    let first_picture = time(&evidence[0]["captured"]);
    assert!(seen <= first_picture && first_picture < opened, "{data}");
    check_drawing(&evidence[1], state_dir);
}

/// What was seen is drawn beside the picture.
pub(crate) fn check_drawing(evidence: &Value, state_dir: &Path) {
    let sha = evidence["sha256"].as_str().unwrap();
    let folder = state_dir.join("evidence").join(&sha[..2]);
    let drawing = std::fs::read_dir(folder).unwrap().flatten().find(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.starts_with(sha) && name.ends_with(".svg")
    });
    let svg = std::fs::read_to_string(drawing.expect("an overlay").path()).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains(sha), "{svg}");
}

fn check_data(data: &Value, camera: &str, dwell_secs: f64) {
    let wanted = [
        "camera",
        "camera_name",
        "citations",
        "clock",
        "closed",
        "ended_by",
        "evidence",
        "evidence_state",
        "first_seen",
        "geometry",
        "guidance",
        "incident",
        "measured",
        "model",
        "offence",
        "opened",
        "place",
        "position",
        "revision",
        "rule",
        "rule_version",
        "severity",
        "stage",
        "stage_text",
        "state",
        "subjects",
        "title",
        "updated",
        "zone",
    ];
    assert_eq!(keys(data), wanted);
    for (key, value) in [
        ("state", "open"),
        ("rule", "illegal-parking"),
        ("severity", "medium"),
        ("camera", camera),
        ("zone", "kerb"),
    ] {
        assert_eq!(data[key], value, "{key}");
    }
    assert_eq!((&data["revision"], &data["rule_version"]), (&1.into(), &3.into()));
    assert_eq!(data["position"], serde_json::json!({ "lat": 16.4637, "lon": 107.5909 }));
    assert_eq!((&data["title"], &data["place"]), (&"Đỗ xe trái phép".into(), &"kerb".into()));
    assert!(data["closed"].is_null());
    let (seen, opened) = (time(&data["first_seen"]), time(&data["opened"]));
    let stood = opened.duration_since(seen).as_secs_f64();
    // Three looks late at most: one a second, and one may miss the vehicle.
    assert!((dwell_secs - 0.05..dwell_secs + 3.0).contains(&stood), "stood for {stood} s");
    assert!(time(&data["updated"]) >= opened);
    assert_eq!(keys(&data["model"]), ["licence", "name", "sha256"]);
    assert_eq!(data["model"]["name"], "ssdlite-coco");
    assert_eq!(data["model"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(keys(&data["clock"]), ["offset_ms", "source"]);
    let source = data["clock"]["source"].as_str().unwrap();
    assert!(["rtcp", "arrival", "recording"].contains(&source), "{source}");
    assert!(data["clock"]["offset_ms"].is_i64() || data["clock"]["offset_ms"].is_u64());
    check_subjects(&data["subjects"]);
    check_geometry(&data["geometry"]);
}

/// What a page draws over the pictures: the zone of the pipeline, and the vehicle at each moment.
fn check_geometry(geometry: &Value) {
    let zone = serde_json::json!([[0.8, 0.14], [1, 0.12], [1, 0.21], [0.8, 0.24]]);
    assert_eq!(geometry["zone"], zone);
    assert!(geometry.get("line").is_none_or(Value::is_null), "the rule has no line: {geometry}");
    assert_eq!(keys(&geometry["boxes"]), ["first_seen", "opened"]);
    for at in ["first_seen", "opened"].map(|moment| &geometry["boxes"][moment]) {
        assert_eq!(at.as_array().unwrap().len(), 1, "{geometry}");
        let at = corners(&at[0]);
        assert!(PARKED.iter().any(|p| iou(*p, at) > 0.5), "no parked vehicle at {at:?}");
    }
}

fn check_subjects(subjects: &Value) {
    let subjects = subjects.as_array().unwrap();
    assert_eq!(subjects.len(), 1);
    assert_eq!(keys(&subjects[0]), ["box", "class", "confidence", "track"]);
    assert!(subjects[0]["class"].as_str().unwrap().starts_with("vehicle."));
    assert!((0.35..=1.0).contains(&subjects[0]["confidence"].as_f64().unwrap()));
    assert!(subjects[0]["track"].is_u64());
    let at = corners(&subjects[0]["box"]);
    assert!(PARKED.iter().any(|p| iou(*p, at) > 0.5), "no parked vehicle at {at:?}");
}

/// The file is there, is what the message says, and is a picture of the camera's size.
pub(crate) fn check_picture(evidence: &Value, state_dir: &Path) {
    assert_eq!(keys(evidence), ["bytes", "captured", "kind", "media_type", "moment", "sha256"]);
    assert_eq!(evidence["media_type"], "image/jpeg");
    time(&evidence["captured"]);
    let sha = evidence["sha256"].as_str().unwrap();
    let bytes = std::fs::read(picture(state_dir, sha)).unwrap();
    assert_eq!(sha256(&bytes), sha);
    assert_eq!(bytes.len() as u64, evidence["bytes"]);
    assert_eq!(jpeg_size(&bytes), (768, 576));
}

/// Decodes a JPEG as a whole; its width and height in px.
pub(crate) fn jpeg_size(bytes: &[u8]) -> (usize, usize) {
    let format = image::ImageFormat::Jpeg;
    let pixels = image::load_from_memory_with_format(bytes, format).unwrap().into_rgb8();
    let first = *pixels.get_pixel(0, 0);
    assert!(pixels.pixels().any(|p| *p != first), "one colour all over");
    (pixels.width() as usize, pixels.height() as usize)
}
