//! States that an earlier release saved, in today's form.
//!
//! Whoever installs a new release must not lose what is open: an incident that is forgotten never
//! ends at the centre, and is told once more under another id. What the earlier form does not say is
//! told as unknown, and what cannot be taken over as it was is noted for the log.

use super::command::STANDING_MAX;
use super::scope::{Scope, StateError, StateVersion};
use crate::id::Name;
use crate::plan::Plan;
use crate::time::Timestamp;
use serde::de::Error as _;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The beginning of time, as a state has it.
const ZERO: &str = "1970-01-01T00:00:00Z";

/// The command and, of a disaster too, the time of an order that 0.1 did not save.
const UNKNOWN: &str = "unknown";

/// The parts of a state that was written as one text, of whatever version; with what is to be logged.
pub(super) fn parts(
    text: &[u8],
    plan: &Plan,
    notes: &mut Vec<String>,
) -> Result<Vec<(Scope, Vec<u8>)>, StateError> {
    let mut state: Value = serde_json::from_slice(text)?;
    let version = version(&state)?;
    if version == StateVersion::V1 {
        v1_to_v2(&mut state, plan, notes);
    }
    if version <= StateVersion::V2 {
        v2_to_v3(&mut state)?;
    }
    let parts: BTreeMap<String, Value> = serde_json::from_value(state["parts"].take())?;
    let named = parts.into_iter().map(|(scope, part)| {
        let scope = scope.parse().map_err(serde_json::Error::custom)?;
        Ok((scope, part.to_string().into_bytes()))
    });
    named.collect()
}

fn version(state: &Value) -> Result<StateVersion, StateError> {
    if let Some(version) = state.get("version") {
        let version: u32 = serde_json::from_value(version.clone())?;
        return Ok(version.try_into()?);
    }
    // Only 0.1 called it so.
    let v1 = state.get("commanded").is_some();
    Ok(if v1 { StateVersion::V1 } else { StateVersion::V2 })
}

/// What is of one camera goes to its part: the model that looks, and which pictures its cases wait for.
fn v2_to_v3(state: &mut Value) -> Result<(), serde_json::Error> {
    let Some(old) = state.as_object_mut() else {
        return Err(serde_json::Error::custom("it is no JSON object"));
    };
    let mut take = |key: &str| old.remove(key).unwrap_or_default();
    let (cameras, models, awaited) = (take("cameras"), take("models"), take("awaited"));
    let cameras: Vec<Map<String, Value>> = serde_json::from_value(cameras)?;
    let awaited: BTreeMap<String, Value> = serde_json::from_value(awaited)?;
    if let Some(rules) = old.remove("site_rules") {
        old.insert("rules".into(), rules);
    }
    for (key, default) in [
        ("clock", json!({ "ahead_ns": 0, "newest": ZERO })),
        ("snapshots", json!({})),
        ("done", json!({ "done": [] })),
        ("disaster", Value::Null),
    ] {
        old.entry(key).or_insert(default);
    }
    let mut parts = Map::new();
    let stamped = |state: Value| json!({ "version": StateVersion::V3.number(), "state": state });
    parts.insert(Scope::Site.to_string(), stamped(Value::Object(std::mem::take(old))));
    for mut camera in cameras {
        let id: Name = serde_json::from_value(camera.get("id").cloned().unwrap_or_default())?;
        let own = awaited.iter().filter(|(_, case)| case["camera"] == id.as_str());
        let own = own.map(|(capture, case)| {
            (capture.clone(), json!({ "rule": case["rule"], "subject": case["subject"] }))
        });
        camera.insert("awaited".into(), Value::Object(own.collect()));
        camera.insert("model".into(), models.get(id.as_str()).cloned().unwrap_or_default());
        for (key, default) in [("snapshot_at", json!(ZERO)), ("beats", json!([]))] {
            camera.entry(key).or_insert(default);
        }
        parts.insert(Scope::Camera(id).to_string(), stamped(Value::Object(camera)));
    }
    *state = json!({ "version": StateVersion::V3.number(), "parts": parts });
    Ok(())
}

/// Brings a state of 0.1 into the next form. What it remembers of paths and of pictures for operators is left:
/// the one is known again after some looks, the other is asked for again.
fn v1_to_v2(state: &mut Value, plan: &Plan, notes: &mut Vec<String>) {
    let saved = saved_at(state);
    for key in ["readings_repeated", "readings_corrected"] {
        state[key] = json!(0);
    }
    state["ticked"] = json!(ZERO);
    let level = state["disaster_level"].as_u64().unwrap_or(0);
    if level > 0 {
        let told = format!("disaster level {level}");
        if let Some(standing) = standing(&told, None, saved, plan, notes) {
            state["disaster"] = json!({ "level": level, "standing": standing });
        }
    }
    let mut lasting = |rule: &mut Value, whose: &str| {
        rule["trail"] = json!({ "anchors": [], "newest": null, "began": null, "said": ZERO });
        let until = time(&rule["suspended_until"]).filter(|until| *until > saved);
        if let Some(until) = until {
            let told = format!("the suspension of rule {} of {whose}", text(&rule["id"]));
            rule["suspended"] = standing(&told, Some(until), saved, plan, notes).into();
        }
    };
    for camera in items(&mut state["cameras"]) {
        let whose = format!("camera {}", text(&camera["id"]));
        items(&mut camera["rules"]).for_each(|rule| lasting(rule, &whose));
    }
    items(&mut state["site_rules"]).for_each(|rule| lasting(rule, "the site"));
    items(&mut state["sensors"]).for_each(|sensor| *sensor = sensor_from_0_1(sensor));
}

/// An order that stood without an end, or for longer than orders do now, ends within a day; of one whose
/// day is unknown nobody can say when that is.
fn standing(
    told: &str,
    until: Option<Timestamp>,
    saved: Timestamp,
    plan: &Plan,
    notes: &mut Vec<String>,
) -> Option<Value> {
    if saved == Timestamp::default() {
        notes.push(format!(
            "{told} ends: nobody knows any more since when it stands; order it again"
        ));
        return None;
    }
    let latest = saved.plus(STANDING_MAX);
    let end = until.unwrap_or(latest).min(latest);
    let at = end.rfc3339(&plan.site.timezone);
    notes.push(if until == Some(end) {
        format!("{told} ends at {at}, as it was ordered")
    } else {
        format!("{told} ends at {at}: an order stands for 24 h at most now; give it again to go on")
    });
    Some(json!({ "since": saved, "until": end, "command": UNKNOWN, "by": null }))
}

/// What was known of a sensor's newest readings is known again; those that waited have come.
fn sensor_from_0_1(old: &Value) -> Value {
    let (mut health, good) = (old["health"].clone(), old["health"]["good"].clone());
    let heard = health.as_object_mut().and_then(|health| health.remove("heard"));
    let newest = if good.is_null() { Value::Null } else { good[0].clone() };
    let recent: Vec<Value> = good
        .as_array()
        .map(|good| {
            json!({ "at": good[0], "value": good[1], "verdict": "good", "told_good": true, "good": good })
        })
        .into_iter()
        .collect();
    let base_at = if newest.is_null() { json!(Timestamp::default()) } else { newest };
    let waiting: Vec<Value> = old["waiting"]["sources"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|source| source["items"].as_array().into_iter().flatten())
        .map(|reading| json!([reading["at"], reading["item"]]))
        .collect();
    json!({
        "id": old["id"],
        "quantity": old["quantity"],
        "waiting": waiting,
        "presence": { "heard": heard, "ever": !good.is_null(), "delays": [] },
        "counter": { "last": null, "odd": null },
        "timeline": {
            "base": health, "base_at": base_at, "recent": recent, "health": health, "known": [],
            "known_from": ZERO,
        },
        "told": [old["told"], old["newest"]],
    })
}

/// The newest time that a state knows; the beginning of time when it knows none.
fn saved_at(state: &Value) -> Timestamp {
    let of = |list: &str, key: &'static str| {
        let items = state[list].as_array().cloned().unwrap_or_default();
        items.into_iter().filter_map(move |item| time(&item[key]))
    };
    let rules = |rules: &Value| rules.as_array().cloned().unwrap_or_default();
    let of_cameras = state["cameras"].as_array().into_iter().flatten();
    let all =
        of_cameras.flat_map(|camera| rules(&camera["rules"])).chain(rules(&state["site_rules"]));
    let opened = all.filter_map(|rule| time(rule["offences"].as_array()?.last()?));
    let seen =
        of("cameras", "last").chain(of("sensors", "newest")).chain(of("site_rules", "weighed"));
    seen.chain(opened).max().unwrap_or_default()
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

fn time(value: &Value) -> Option<Timestamp> {
    serde_json::from_value(value.clone()).ok()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
