//! States that an earlier release saved, in today's form.
//!
//! Whoever installs a new release must not lose what is open: an incident that is forgotten never
//! ends at the centre, and is told once more under another id. What the earlier form does not say is
//! told as unknown, and what cannot be taken over as it was is noted for the log.

use super::Engine;
use super::cases::{Case, wording};
use super::memory::{Memory, RuleMemory};
use super::standing::STANDING_MAX;
use crate::config::Plan;
use crate::config::plan::{Camera, Rule};
use crate::incident::Wording;
use crate::time::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The command and, of a disaster too, the time of an order that 0.1 did not save.
const UNKNOWN: &str = "unknown";

/// Reads a saved state of this release or an earlier one; with what is to be logged.
pub(super) fn read(saved: &[u8], plan: &Plan) -> Result<(Memory, Vec<String>), serde_json::Error> {
    let unreadable = match serde_json::from_slice(saved) {
        Ok(memory) => return Ok((memory, Vec::new())),
        Err(error) => error,
    };
    let mut state: Value = serde_json::from_slice(saved)?;
    // Only 0.1 called it so.
    if state.get("commanded").is_none() {
        return Err(unreadable);
    }
    let mut notes = Vec::new();
    from_0_1(&mut state, plan, &mut notes);
    Ok((serde_json::from_value(state)?, notes))
}

/// Brings a state of 0.1 into today's form. What it remembers of paths and of pictures for operators is left:
/// the one is known again after some looks, the other is asked for again.
fn from_0_1(state: &mut Value, plan: &Plan, notes: &mut Vec<String>) {
    let saved = saved_at(state);
    for key in ["readings_repeated", "readings_corrected"] {
        state[key] = json!(0);
    }
    state["ticked"] = json!(Timestamp::default());
    let level = state["disaster_level"].as_u64().unwrap_or(0);
    if level > 0 {
        let told = format!("disaster level {level}");
        if let Some(standing) = standing(&told, None, saved, plan, notes) {
            state["disaster"] = json!({ "level": level, "standing": standing });
        }
    }
    let mut lasting = |rule: &mut Value, whose: &str| {
        rule["trail"] = json!(super::correct::Trail::default());
        let until = time(&rule["suspended_until"]).filter(|until| *until > saved);
        if let Some(until) = until {
            let told = format!("the suspension of {} of {whose}", text(&rule["id"]));
            rule["suspended"] = standing(&told, Some(until), saved, plan, notes).into();
        }
    };
    for camera in items(&mut state["cameras"]) {
        let whose = text(&camera["id"]).to_owned();
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
        format!("{told} goes on until {at}")
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
        "counter": crate::sensor::Counter::default(),
        "timeline": {
            "base": health, "base_at": base_at, "recent": recent, "health": health, "known": [],
            "known_from": Timestamp::default(),
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

impl Engine {
    /// What was opened by a release that had no words for people gets them now, from the plan, and
    /// where that has no such rule any more, the name of the violation.
    pub(super) fn word(&mut self) {
        let plan = Arc::clone(&self.plan);
        for memory in &mut self.memory.cameras {
            let camera = plan.cameras.iter().find(|camera| camera.id == memory.id);
            let rules = camera.map_or(&[][..], |camera| &camera.rules);
            memory.rules.iter_mut().for_each(|memory| word_rule(memory, &plan, camera, rules));
        }
        for memory in &mut self.memory.site_rules {
            word_rule(memory, &plan, None, &plan.rules);
        }
    }
}

fn word_rule(memory: &mut RuleMemory, plan: &Plan, camera: Option<&Camera>, rules: &[Rule]) {
    let rule = rules.iter().find(|rule| rule.id == memory.id);
    let closing = memory.closing.iter_mut().map(|(_, case)| case);
    for case in memory.cases.values_mut().chain(closing) {
        word_case(case, plan, camera, rule);
    }
}

fn word_case(case: &mut Case, plan: &Plan, camera: Option<&Camera>, rule: Option<&Rule>) {
    let Some(incident) = case.incident.as_mut().filter(|i| i.about.wording.title.is_empty()) else {
        return;
    };
    let about = &mut incident.about;
    let same = rule.filter(|rule| rule.violation == about.violation);
    about.wording = match same {
        Some(rule) => wording(plan, camera, rule),
        None => Wording { title: about.violation.to_string(), ..Wording::default() },
    };
    for unsaid in &mut case.unsaid {
        unsaid.word(&about.wording, plan.site.language);
    }
}
