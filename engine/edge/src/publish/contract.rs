//! The documents say what the code sends: same fields at the same places.

use super::told::{Known, RulesState, camera_state, online, reply, sensor_state, window_result};
use crate::host::live;
use crate::trouble::{Lasting, Trouble, Troubles};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use viahe_contract::message::{
    Ack, BoxStatus, CameraState, CameraStatus, Carrier, Certainty, DecodeMode, DecodeReason,
    Decoding, ModelRef, Offline, Reply, Rest, Resting, SensorHealth, StreamRole, StreamState,
    Streams, Verdict,
};
use viahe_contract::place::Position;
use viahe_contract::sha256::Sha256;
use viahe_core::attention::{Attention, Need};
use viahe_core::engine::{Answer, Declared, Orders, Silence, Silenced, Standing, WindowTold};
use viahe_core::id::{CommandId, Name};
use viahe_core::incident::Revision;
use viahe_core::plan::program::CameraTrouble;
use viahe_core::seam::{CameraReport, CameraStats};
use viahe_core::sensor::WindowResult;
use viahe_core::time::Timestamp;

/// When the guide's messages were said.
const TIME: &str = "2026-11-22T08:14:03.120+07:00";
const GUIDE: &str = include_str!("../../../../docs/mqtt.md");

/// The example of the guide whose fence says `json {label}`.
fn example(label: &str) -> Value {
    let start = format!("```json {label}\n");
    let at = GUIDE.find(&start).unwrap_or_else(|| panic!("no example {label}")) + start.len();
    let end = at + GUIDE[at..].find("```").unwrap();
    serde_json::from_str(&GUIDE[at..end]).unwrap_or_else(|e| panic!("example {label}: {e}"))
}

/// Paths to all fields, with the JSON type of each: `data.subjects[].track number`.
fn fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                fields(value, &format!("{path}.{key}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                fields(item, &format!("{path}[]"), found);
            }
        }
        Value::Null => drop(found.insert(format!("{path} null"))),
        Value::Bool(_) => drop(found.insert(format!("{path} bool"))),
        Value::Number(_) => drop(found.insert(format!("{path} number"))),
        Value::String(_) => drop(found.insert(format!("{path} string"))),
    }
}

/// The example of the guide is what is sent, and what is sent can be read again.
fn same<T>(label: &str, sent: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let value = serde_json::to_value(sent).unwrap();
    assert_eq!(serde_json::from_value::<T>(value.clone()).unwrap(), *sent, "{label} reads back");
    let told: T = serde_json::from_value(example(label)).unwrap_or_else(|e| panic!("{label}: {e}"));
    assert_eq!(serde_json::to_value(told).unwrap(), example(label), "{label}: nothing is lost");
    same_fields(label, &value);
}

fn same_fields(label: &str, sent: &Value) {
    let of = |value: &Value| {
        let mut found = BTreeSet::new();
        fields(value, "", &mut found);
        found
    };
    let (told, said) = (of(&example(label)), of(sent));
    let differing: Vec<_> = told.symmetric_difference(&said).collect();
    assert!(differing.is_empty(), "docs/mqtt.md, example {label}: {differing:?}");
}

fn model() -> ModelRef {
    ModelRef {
        name: Name::try_from("ssdlite-coco").unwrap(),
        sha256: Sha256::from_bytes([0x60; 32]),
        licence: Some("Apache-2.0".into()),
    }
}

/// The revision that the guide's example shows, by way of its own JSON.
fn revision() -> Revision {
    serde_json::from_value(json!({
        "incident": "01KANWBRKGQ4H5ZD0ZJ3M7V8XC", "revision": 3, "state": "open",
        "rule": "shops-east", "violation": "shop-encroachment", "rule_version": 3,
        "severity": "medium", "stage": "commitment", "offence": 2,
        "citations": [{ "law": "Luật 35/2024/QH15", "article": "Điều 7", "verified": false }],
        "wording": {
            "title": "Cửa hàng lấn chiếm vỉa hè", "guidance": "Xác nhận khi …",
            "camera_name": "Lê Lợi, trước số 3", "place": "Vỉa hè trước chợ",
            "stage_text": "Yêu cầu ký cam kết không tái phạm",
        },
        "measured": [{ "name": "river-gauge-1", "value": 23.5, "unit": "cm" }],
        "ended_by": null, "camera": "le-loi-03", "zone": "kerb",
        "position": { "lat": 16.4637, "lon": 107.5909 },
        "first_seen": "2026-11-22T01:12:02.9Z", "opened": "2026-11-22T01:14:02.9Z",
        "updated": "2026-11-22T01:14:03.12Z", "closed": null,
        "subjects": [{
            "track": 17, "class": "furniture.table", "confidence": 0.91, "box": [0.31, 0.52, 0.44, 0.7],
        }],
        "geometry": {
            "zone": [[0.02, 0.58], [0.97, 0.55], [0.99, 0.78], [0.01, 0.81]],
            "bays": [[[0.72, 0.6], [0.85, 0.6], [0.86, 0.7], [0.72, 0.7]]],
            "line": [[0.5, 0.4], [0.52, 0.9]],
            "path": [[0.12, 0.74], [0.36, 0.71], [0.375, 0.7]],
            "boxes": {
                "first_seen": [[0.3, 0.52, 0.43, 0.7]], "opened": [[0.31, 0.52, 0.44, 0.7]],
            },
        },
        "evidence": [{
            "sha256": "9f".repeat(32), "bytes": 81234, "medium": "image/jpeg", "moment": "opened",
            "span": { "first": "2026-11-22T01:14:02.9Z", "last": "2026-11-22T01:14:02.9Z" },
            "capture": 7,
        }],
        "model": model(), "clock": { "source": "rtcp", "offset_ms": 12 },
    }))
    .unwrap()
}

#[test]
fn the_incident_in_the_documents_is_the_one_that_is_sent() {
    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let site = Name::try_from("hue-phu-hoi").unwrap();
    let sent = revision().event(&site, &zone);
    same("incident", &sent);
    let sent = serde_json::to_value(&sent).unwrap();
    let told = example("incident");
    for same in ["id", "source", "type", "subject", "time"] {
        assert_eq!(told[same], sent[same], "{same}");
    }
    for same in ["first_seen", "opened", "updated", "state", "rule", "clock", "position"] {
        assert_eq!(told["data"][same], sent["data"][same], "data.{same}");
    }
    let topic = revision().topic(&site);
    assert_eq!(topic.to_string(), "viahe/v1/hue-phu-hoi/cam/le-loi-03/incident/shop-encroachment");
}

fn hue() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap()
}

/// The orders that the guide's examples show.
fn standing_orders() -> Orders {
    let name = |text: &str| Name::try_from(text).unwrap();
    let standing = |command: &str, since: &str, until: &str| Standing {
        since: since.parse().unwrap(),
        until: until.parse().unwrap(),
        command: CommandId::try_from(command).unwrap(),
        by: Some("Trần Thị Hoa".into()),
    };
    let suspended = standing("op-7", "2026-11-22T08:00:00+07:00", "2026-11-22T12:00:00+07:00");
    let level = standing("op-8", "2026-11-22T08:10:00+07:00", "2026-11-23T08:10:00+07:00");
    let silenced = Silenced {
        camera: Some(name("le-loi-03")),
        rules: vec![name("illegal-parking")],
        all: false,
        why: Silence::Ordered,
        standing: suspended,
    };
    Orders { disaster: Some(Declared { level: 1, standing: level }), silenced: vec![silenced] }
}

/// What the status says while they stand.
fn orders_lasting() -> Vec<Lasting> {
    let troubles = Troubles::default();
    troubles.raise(Trouble::NobodyListens, "nobody listens");
    live::raise_standing(&standing_orders(), &hue(), &troubles);
    troubles.lasting()
}

/// How much a camera is looked at whose one rule may be ordered to be silent.
fn attention(orders: &Orders) -> Attention {
    let rest = |silenced: &Silenced| {
        silenced
            .rules
            .iter()
            .map(|rule| Resting { rule: rule.clone(), why: Rest::Ordered })
            .collect()
    };
    let resting: Vec<_> = orders.silenced.first().map(rest).unwrap_or_default();
    let looks_hz = if resting.is_empty() { 1.0 } else { 0.0 };
    Attention { need: Need::steady(looks_hz), resting }
}

/// What a camera's worker reports.
fn stats(need: Need) -> CameraStats {
    let mode = if need == Need::NONE { DecodeMode::None } else { DecodeMode::Keys };
    let reason = DecodeReason::Enough;
    CameraStats {
        decoding: Some(Decoding { mode, reason, key_interval_secs: Some(1.0) }),
        fps_in: 12.5,
        size_px: [1920, 1080],
        clock_offset_ms: Some(12),
        carrier: Some(Carrier::Tcp),
        ..CameraStats::default()
    }
}

fn same_streams() {
    let stream = |state, reason: &str, px| StreamState {
        state,
        reason: reason.into(),
        resolution: Some(px),
    };
    let streams = Streams {
        looks: StreamRole::Sub,
        main: stream(CameraStatus::Offline, "no answer", [1920, 1080]),
        sub: stream(CameraStatus::Online, "", [640, 360]),
        aspects_differ: false,
        film_cut: false,
    };
    same("streams", &streams);
    assert_eq!(serde_json::to_value(&streams).unwrap(), example("streams"));
}

/// A camera's state: while rules speak, and while they are silent for several reasons.
fn same_camera() {
    let now = Timestamp::from_secs(1);
    let report = CameraReport {
        camera: Name::try_from("le-loi-03").unwrap(),
        status: CameraStatus::Online,
        reason: String::new(),
        causes: Vec::new(),
    };
    let told = |view, orders: &Orders| {
        let (now, zone) = (TIME.parse().unwrap(), hue());
        let attention = attention(orders);
        let rules = RulesState { view, orders, attention: Some(&attention) };
        let stats = stats(attention.need);
        let said = CameraState {
            name: Some("Lê Lợi, trước số 3".into()),
            position: Some(Position { lat: 16.4637, lon: 107.5909 }),
            ..camera_state(&report, Some(&stats), &rules, None, now, &zone)
        };
        serde_json::to_value(said).unwrap()
    };
    assert_eq!(told(None, &Orders::default()), example("camera"));
    assert_eq!(told(None, &standing_orders()), example("silent"));
    let moved = told(Some((CameraTrouble::Moved, now)), &standing_orders());
    assert_eq!(moved["rules_suspended"]["reason"], "moved", "what nobody ordered comes first");
    assert_eq!(moved["suspensions"].as_array().unwrap().len(), 2);
}

#[test]
fn status_and_acknowledgement_in_the_documents_are_those_of_the_code() {
    let depth = crate::store::Depth::default();
    let now = Timestamp::from_secs(1);
    let lasting = orders_lasting();
    let zone = jiff::tz::TimeZone::UTC;
    let told = Known {
        version: "0.1.0",
        mqtt: viahe_core::plan::MqttVersion::V5,
        models: &[model()],
        depth,
        troubles: &lasting,
        now,
        zone: &zone,
    };
    same("status", &online(&told));
    let (version, at) = ("0.1.0".to_owned(), TIME.parse().unwrap());
    let stopped = Offline::Shutdown { version: version.clone(), time: at };
    same("stopped", &BoxStatus::Offline(stopped));
    same("lost", &BoxStatus::Offline(Offline::Lost { version, connected: at }));
    same_camera();
    same_streams();
    let told = WindowTold {
        window: Name::try_from("rain-24h").unwrap(),
        sensor: Name::try_from("rain-1").unwrap(),
        unit: "mm".into(),
        result: WindowResult {
            key: 0,
            start: Timestamp::from_secs(1),
            end: Timestamp::from_secs(2),
            value: 112.5,
            count: 288,
            state: Certainty::Final,
            revision: 2,
        },
    };
    same("window", &window_result(&told, &zone));
    same("sensor", &sensor_state(SensorHealth::Silent, now, &zone));
    let id = CommandId::try_from("op-7").unwrap();
    let answer = Answer { id: id.clone(), result: Ok("done".into()), evidence: None };
    same("reply", &reply(&answer));
    same(
        "reply",
        &Reply {
            id: Some(id),
            ok: false,
            text: "no".into(),
            evidence: None,
            result: None,
            refusal: None,
        },
    );
    let ack: Ack = serde_json::from_value(example("ack")).unwrap();
    same("ack", &ack);
    let verdict: Verdict = serde_json::from_value(example("verdict")).unwrap();
    same("verdict", &verdict);
}
