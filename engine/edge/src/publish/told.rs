//! What a box says of itself, as messages of the contract.

use crate::trouble::Lasting;
use jiff::tz::TimeZone;
use viahe_contract::id::Name;
use viahe_contract::message::{
    BoxStatus, CameraState, CameraStatus, ClockStep, Decoding, Disaster, File, Looks, ModelRef,
    Online, Reply, RulesSuspended, SensorHealth, SensorState, StreamState, Streams, Suspension,
    Trouble, WhySilent, WindowResult,
};
use viahe_contract::time::Timestamp;
use viahe_core::artefact::Artefact;
use viahe_core::attention::Attention;
use viahe_core::engine::{Answer, Declared, Orders, Silence, Silenced, Standing, WindowTold};
use viahe_core::plan::MqttVersion;
use viahe_core::plan::program::CameraTrouble;
use viahe_core::seam::{CameraReport, CameraStats};

/// What keeps the rules of a camera from saying anything.
#[derive(Clone, Copy, Debug)]
pub struct RulesState<'a> {
    /// Its view is not what they were drawn on: why, and since when.
    pub view: Option<(CameraTrouble, Timestamp)>,
    /// Orders that stand, of all cameras.
    pub orders: &'a Orders,
    /// How much the camera is looked at.
    pub attention: Option<&'a Attention>,
}

/// How a camera is. Numbers are unknown until the first frame and not of interest without frames. What the plan says of
/// it, and whether it is kept away, is left to whoever knows.
pub fn camera_state(
    report: &CameraReport,
    stats: Option<&CameraStats>,
    rules: &RulesState<'_>,
    clock_step: Option<ClockStep>,
    now: Timestamp,
    zone: &TimeZone,
) -> CameraState {
    let online = stats.filter(|s| report.status == CameraStatus::Online && s.size_px != [0, 0]);
    let RulesState { view, orders, attention } = rules;
    let view = view.map(|(trouble, since)| Suspension {
        reason: trouble.why(),
        camera: Some(report.camera.clone()),
        rules: Vec::new(),
        all: true,
        since: since.local(zone),
        until: None,
        command: None,
        by: None,
    });
    let own = orders.silenced.iter().filter(|one| one.camera.as_ref() == Some(&report.camera));
    let suspensions: Vec<_> =
        view.into_iter().chain(own.map(|one| suspension(one, zone))).collect();
    let first = suspensions.first();
    CameraState {
        state: report.status,
        reason: crate::telemetry::redacted(&report.reason).into_owned(),
        causes: report.causes.clone(),
        time: now.local(zone),
        // 0 until it is known.
        fps: online.filter(|s| s.fps_in > 0.0).map(|s| (f64::from(s.fps_in) * 10.0).round() / 10.0),
        resolution: online.map(|s| s.size_px),
        clock_offset_ms: online.and_then(|s| s.clock_offset_ms),
        clock_step,
        transport: online.and_then(|s| s.carrier),
        rules_suspended: first.map(|one| RulesSuspended {
            reason: one.reason,
            since: one.since,
            until: one.until,
        }),
        suspensions,
        disaster: orders.disaster.as_ref().map(|declared| disaster(declared, zone)),
        quarantine: None,
        looks: attention.map(|attention| Looks {
            // As it was written: a rate of 0.2 is no 0.200000003.
            hz: (f64::from(attention.need.looks_hz) * 1000.0).round() / 1000.0,
            resting: attention.resting.clone(),
        }),
        decoding: online.and_then(|s| s.decoding).map(|decoding| Decoding {
            key_interval_secs: decoding
                .key_interval_secs
                .map(|secs| (secs * 100.0).round() / 100.0),
            ..decoding
        }),
        streams: stats.and_then(|s| s.streams.as_ref()).map(shown),
        name: None,
        position: None,
    }
}

/// Both streams of a camera, without secrets.
fn shown(streams: &Streams) -> Streams {
    let shown = |of: &StreamState| StreamState {
        reason: crate::telemetry::redacted(&of.reason).into_owned(),
        ..of.clone()
    };
    Streams { main: shown(&streams.main), sub: shown(&streams.sub), ..*streams }
}

/// Rules that are silent by one order; times in `zone`.
pub fn suspension(silenced: &Silenced, zone: &TimeZone) -> Suspension {
    let Silenced { camera, rules, all, why, standing } = silenced;
    let Standing { since, until, command, by } = standing;
    Suspension {
        reason: match why {
            Silence::Ordered => WhySilent::Ordered,
            Silence::Disaster => WhySilent::Disaster,
        },
        camera: camera.clone(),
        rules: rules.clone(),
        all: *all,
        since: since.local(zone),
        until: Some(until.local(zone)),
        command: Some(command.clone()),
        by: by.clone(),
    }
}

/// A disaster that is declared; times in `zone`.
pub fn disaster(declared: &Declared, zone: &TimeZone) -> Disaster {
    let Standing { since, until, command, by } = &declared.standing;
    Disaster {
        level: declared.level,
        since: since.local(zone),
        until: until.local(zone),
        command: command.clone(),
        by: by.clone(),
    }
}

/// A result of a window; times in `zone`.
pub fn window_result(told: &WindowTold, zone: &TimeZone) -> WindowResult {
    let WindowTold { window, sensor, unit, result } = told;
    WindowResult {
        window: window.clone(),
        sensor: sensor.clone(),
        start: result.start.local(zone),
        end: result.end.local(zone),
        value: result.value,
        unit: unit.clone(),
        count: result.count,
        state: result.state,
        revision: result.revision,
    }
}

/// How a sensor is; the time in `zone`.
pub fn sensor_state(state: SensorHealth, since: Timestamp, zone: &TimeZone) -> SensorState {
    SensorState { state, since: since.local(zone) }
}

/// What answers a command.
pub fn reply(answer: &Answer) -> Reply {
    let (ok, text) = match &answer.result {
        Ok(text) => (true, text),
        Err(text) => (false, text),
    };
    let file = |e: &Artefact| File { sha256: e.sha256, bytes: e.bytes, media_type: e.medium };
    Reply {
        id: Some(answer.id.clone()),
        ok,
        text: text.clone(),
        evidence: answer.evidence.as_ref().map(file),
        result: None,
        refusal: None,
    }
}

/// What is known of a box that is there.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) version: &'a str,
    pub(super) mqtt: MqttVersion,
    pub(super) models: &'a [ModelRef],
    pub(super) depth: crate::store::Depth,
    pub(super) troubles: &'a [Lasting],
    pub(super) now: Timestamp,
    /// Of times.
    pub(super) zone: &'a TimeZone,
}

/// How a box is that is there.
pub(super) fn online(of: &Known<'_>) -> BoxStatus {
    let trouble = |one: &Lasting| Trouble {
        trouble: one.trouble.label().to_owned(),
        text: one.text.clone(),
        since: one.since.local(of.zone),
    };
    let silent = || of.troubles.iter().map(|one| &one.silent);
    BoxStatus::Online(Online {
        version: of.version.to_owned(),
        mqtt: of.mqtt.label().to_owned(),
        models: of.models.to_vec(),
        outbox_depth: of.depth.rows,
        unsaved: of.depth.held,
        quarantined: of.depth.quarantined,
        pictures_waiting: of.depth.uploads,
        troubles: of.troubles.iter().map(trouble).collect(),
        suspensions: silent().flat_map(|s| s.suspensions.iter().cloned()).collect(),
        disaster: silent().find_map(|s| s.disaster.clone()),
        time: of.now.local(of.zone),
    })
}

/// May a message be published here?
pub(super) fn is_publishable(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= 65_535 && !topic.contains(['+', '#', '\0'])
}

/// `viahe/v1/{site}/status`, and so on.
pub(super) fn topic(site: &Name, about: viahe_contract::topic::About) -> String {
    viahe_contract::topic::Topic::new(site, about).to_string()
}
