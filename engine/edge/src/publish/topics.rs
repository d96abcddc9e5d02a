//! Topics and small messages of the contract, `docs/mqtt.asyncapi.yaml`.

use crate::trouble::Lasting;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use viahe_core::config::plan::MqttVersion;
use viahe_core::engine::{Answer, Declared, Orders, SensorState, Silenced, Standing, WindowTold};
use viahe_core::id::Name;
use viahe_core::incident::ModelRef;
use viahe_core::rule::program::CameraTrouble;
use viahe_core::seam::{CameraReport, CameraStats, CameraStatus};
use viahe_core::time::Timestamp;

/// `viahe/v1/{site}/{rest}`.
pub fn site_topic(site: &Name, rest: &str) -> String {
    format!("viahe/v1/{site}/{rest}")
}

/// Where commands come.
pub(crate) fn commands(site: &Name) -> String {
    site_topic(site, "cmd/+")
}

/// The centre's word, on `…/ack`, that it has committed a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Incident id.
    pub incident: String,
    /// Which revision of it.
    pub revision: u32,
}

/// What keeps the rules of a camera from saying anything.
#[derive(Clone, Copy, Debug)]
pub struct RulesState<'a> {
    /// Its view is not what they were drawn on: why, and since when.
    pub view: Option<(CameraTrouble, Timestamp)>,
    /// Orders that stand, of all cameras.
    pub orders: &'a Orders,
}

/// What `…/cam/{camera}/state` says. `view` is why its view is not what its rules were drawn on, and
/// since when; `orders` are those that stand, of all cameras. Numbers are unknown (null) until the first
/// frame and not of interest without frames.
pub fn camera_state(
    report: &CameraReport,
    stats: Option<&CameraStats>,
    rules: &RulesState<'_>,
    clock_step: Option<&serde_json::Value>,
    now: Timestamp,
    zone: &TimeZone,
) -> serde_json::Value {
    let online = stats.filter(|s| report.status == CameraStatus::Online && s.size_px != [0, 0]);
    let RulesState { view, orders } = rules;
    let view = view.map(|(trouble, since)| {
        json!({
            "reason": trouble.to_string(), "camera": report.camera, "rules": [], "all": true,
            "since": since.rfc3339(zone), "until": null, "command": null, "by": null,
        })
    });
    let own = orders.silenced.iter().filter(|one| one.camera.as_ref() == Some(&report.camera));
    let suspensions: Vec<_> =
        view.into_iter().chain(own.map(|one| silenced_told(one, zone))).collect();
    let first = suspensions.first();
    json!({
        "state": report.status,
        "reason": crate::telemetry::redacted(&report.reason),
        "time": now.rfc3339(zone),
        "fps": online.map(|s| (f64::from(s.fps_in) * 10.0).round() / 10.0),
        "resolution": online.map(|s| s.size_px),
        "clock_offset_ms": online.and_then(|s| s.clock_offset_ms),
        "clock_step": clock_step,
        "transport": online.and_then(|s| s.carrier),
        "rules_suspended": first.map(|one| {
            json!({ "reason": one["reason"], "since": one["since"], "until": one["until"] })
        }),
        "suspensions": suspensions,
        "disaster": orders.disaster.as_ref().map(|declared| declared_told(declared, zone)),
    })
}

/// Rules that are silent by one order, as camera states and the status tell it; times in `zone`.
pub fn silenced_told(silenced: &Silenced, zone: &TimeZone) -> serde_json::Value {
    let Silenced { camera, rules, all, why, standing } = silenced;
    let Standing { since, until, command, by } = standing;
    json!({
        "reason": why.label(), "camera": camera, "rules": rules, "all": all,
        "since": since.rfc3339(zone), "until": until.rfc3339(zone), "command": command, "by": by,
    })
}

/// A disaster that is declared, as camera states and the status tell it; times in `zone`.
pub fn declared_told(declared: &Declared, zone: &TimeZone) -> serde_json::Value {
    let Standing { since, until, command, by } = &declared.standing;
    json!({
        "level": declared.level, "since": since.rfc3339(zone), "until": until.rfc3339(zone),
        "command": command, "by": by,
    })
}

/// What `…/window/{window}` says; times in `zone`.
pub fn window_result(told: &WindowTold, zone: &TimeZone) -> serde_json::Value {
    let WindowTold { window, sensor, unit, result } = told;
    json!({
        "window": window, "sensor": sensor,
        "start": result.start.rfc3339(zone), "end": result.end.rfc3339(zone),
        "value": result.value, "unit": unit, "count": result.count,
        "state": result.state, "revision": result.revision,
    })
}

/// What `…/sensor/{sensor}/state` says.
pub fn sensor_state(state: SensorState, since: &str) -> serde_json::Value {
    json!({ "state": state, "since": since })
}

/// What answers a command.
pub fn reply(answer: &Answer) -> serde_json::Value {
    let (ok, text) = match &answer.result {
        Ok(text) => (true, text),
        Err(text) => (false, text),
    };
    let evidence = answer
        .evidence
        .as_ref()
        .map(|e| json!({ "sha256": e.sha256, "bytes": e.bytes, "media_type": e.media_type }));
    json!({ "id": answer.id, "ok": ok, "text": text, "evidence": evidence })
}

/// What answers a command that could not be read, or is not carried out as it came. `id` is null when
/// there is none that can be used.
pub fn unread(id: Option<&str>, why: &str) -> serde_json::Value {
    json!({ "id": id, "ok": false, "text": why, "evidence": null })
}

/// What is told of a box that is there.
#[derive(Debug)]
pub(super) struct Online<'a> {
    pub(super) version: &'a str,
    pub(super) mqtt: MqttVersion,
    pub(super) models: &'a [ModelRef],
    pub(super) depth: crate::store::Depth,
    pub(super) troubles: &'a [Lasting],
    pub(super) now: Timestamp,
    /// Of times.
    pub(super) zone: &'a TimeZone,
}

/// What `…/status` says of a box that is there.
pub(super) fn online(of: &Online<'_>) -> Vec<u8> {
    let trouble = |one: &Lasting| {
        let Lasting { trouble, text, since, .. } = one;
        json!({ "trouble": trouble.label(), "text": text, "since": since.rfc3339(of.zone) })
    };
    let details = || of.troubles.iter().map(|one| &one.details);
    let suspensions = details().filter_map(|d| d["suspensions"].as_array()).flatten();
    json!({
        "state": "online", "version": of.version, "mqtt": of.mqtt.label(), "models": of.models,
        "outbox_depth": of.depth.rows, "unsaved": of.depth.held, "quarantined": of.depth.quarantined,
        "troubles": of.troubles.iter().map(trouble).collect::<Vec<_>>(),
        "suspensions": suspensions.collect::<Vec<_>>(),
        "disaster": details().map(|d| &d["disaster"]).find(|d| !d.is_null()),
        "time": of.now.rfc3339(of.zone),
    })
    .to_string()
    .into_bytes()
}

/// What `…/status` says of a box that is gone: `shutdown` it said so itself, `lost` the broker
/// says it, by the last will made when it `connected`.
pub(super) fn offline(version: &str, reason: Offline<'_>) -> Vec<u8> {
    let message = match reason {
        Offline::Shutdown { time } => {
            json!({ "state": "offline", "reason": "shutdown", "version": version, "time": time })
        }
        Offline::Lost { connected } => {
            json!({
                "state": "offline", "reason": "lost", "version": version, "connected": connected,
            })
        }
    };
    message.to_string().into_bytes()
}

/// Why a box is gone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Offline<'a> {
    /// It was stopped.
    Shutdown {
        /// When.
        time: &'a str,
    },
    /// The connection broke.
    Lost {
        /// When it was made.
        connected: &'a str,
    },
}

/// May a message be published here?
pub(super) fn is_publishable(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= 65_535 && !topic.contains(['+', '#', '\0'])
}

/// Longest last part of a topic that is answered to.
const REPLY_CHARS_MAX: usize = 200;

/// May an answer go to `topic`? Only below the box's own `reply/`: who gives commands must not be able
/// to make the box speak as somebody else.
pub fn is_reply_topic(site: &Name, topic: &str) -> bool {
    let fits = |rest: &str| {
        let plain = |c: char| !c.is_control() && !matches!(c, '+' | '#' | '\u{feff}');
        (1..=REPLY_CHARS_MAX).contains(&rest.chars().count()) && rest.chars().all(plain)
    };
    topic.strip_prefix(&site_topic(site, "reply/")).is_some_and(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_below_reply_only() {
        let site = Name::try_from("hue").unwrap();
        for topic in ["viahe/v1/hue/reply/op-7", "viahe/v1/hue/reply/tầng 3/x"] {
            assert!(is_reply_topic(&site, topic), "{topic}");
        }
        let long = format!("viahe/v1/hue/reply/{}", "x".repeat(201));
        for topic in [
            "",
            "reply/x",
            "viahe/v1/hue/reply/",
            "viahe/v1/hue/reply",
            "viahe/v1/hue/replyx/y",
            "viahe/v1/hanoi/reply/x",
            "viahe/v1/hue/cam/gate-01/incident/illegal-parking",
            "viahe/v1/hue/reply/#",
            "viahe/v1/hue/reply/+/x",
            "viahe/v1/hue/reply/a\0b",
            "viahe/v1/hue/reply/a\nb",
            "$SYS/broker",
            long.as_str(),
        ] {
            assert!(!is_reply_topic(&site, topic), "{topic}");
        }
    }
}
