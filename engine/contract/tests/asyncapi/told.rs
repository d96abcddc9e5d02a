//! Any message that the types can hold, within what they say of their numbers.

pub(crate) mod edit;
pub(crate) mod replayed;
pub(crate) mod values;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::json;
use values::{
    coded, command_id, finite, fraction, incident_id, name, one_of, position, revision, sha256,
    text, time, timestamp,
};
use viahe_contract::class::Class;
use viahe_contract::id::TrackId;
use viahe_contract::message::*;
use viahe_contract::time::ClockSource;

fn evidence() -> impl Strategy<Value = Evidence> {
    (one_of::<Moment>(), one_of::<Medium>(), sha256(), any::<u64>(), time()).prop_map(
        |(moment, medium, sha256, bytes, captured)| Evidence {
            moment,
            medium,
            sha256,
            bytes,
            captured,
        },
    )
}

pub(crate) fn subject() -> impl Strategy<Value = Subject> {
    let class = "[a-z_]{1,8}(\\.[a-z_]{1,8}){0,2}".prop_map(|text| Class::try_from(text).unwrap());
    (any::<u64>(), class, fraction(), prop::array::uniform4(fraction())).prop_map(
        |(track, class, confidence, bbox)| Subject {
            track: TrackId(track),
            class,
            confidence,
            bbox,
        },
    )
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let point = || prop::array::uniform2(fraction());
    let boxes = || vec(prop::array::uniform4(fraction()), 0..3);
    let line = of(prop::array::uniform2(point()));
    let places = (vec(point(), 0..5), vec(vec(point(), 3..6), 0..3));
    (places, line, vec(point(), 0..5), boxes(), boxes()).prop_map(
        |((zone, bays), line, path, first_seen, opened)| Geometry {
            zone,
            bays,
            line,
            path,
            boxes: Boxes { first_seen, opened },
        },
    )
}

fn model() -> impl Strategy<Value = ModelRef> {
    let parts = (name(), sha256(), of(text()));
    parts.prop_map(|(name, sha256, licence)| ModelRef { name, sha256, licence })
}

fn measured() -> impl Strategy<Value = Measured> {
    (name(), finite(), text()).prop_map(|(name, value, unit)| Measured { name, value, unit })
}

fn citation() -> impl Strategy<Value = Citation> {
    (text(), text(), any::<bool>()).prop_map(|(law, article, verified)| Citation {
        law,
        article,
        verified,
    })
}

fn incident() -> impl Strategy<Value = Incident> {
    let who = (incident_id(), revision(), one_of::<State>(), name(), any::<u32>());
    let what =
        (one_of::<Severity>(), text(), text(), (of(one_of::<Stage>()), of(text()), of(1..9u32)));
    let place = (of(name()), of(text()), of(name()), of(text()), of(position()));
    let when = (time(), time(), time(), of(time()), of(one_of::<EndReason>()));
    let clock = (one_of::<ClockSource>(), any::<i64>());
    let proof = (
        vec(citation(), 0..3),
        vec(measured(), 0..3),
        (vec(subject(), 0..3), geometry()),
        (vec(evidence(), 0..3), one_of::<EvidenceState>()),
        of(model()),
    );
    (who, what, place, when, proof, clock).prop_map(|(who, what, place, when, proof, clock)| {
        let (incident, revision, standing, rule, rule_version) = who;
        let (severity, title, guidance, (stage, stage_text, offence)) = what;
        let (camera, camera_name, zone, place, position) = place;
        let (first_seen, opened, updated, closed, ended_by) = when;
        let (citations, measured, (subjects, geometry), evidence, model) = proof;
        let (evidence, evidence_state) = evidence;
        let clock = ClockRef { source: clock.0, offset_ms: clock.1 };
        Incident {
            incident,
            revision,
            state: standing,
            rule,
            rule_version,
            severity,
            title,
            guidance,
            stage,
            stage_text,
            offence,
            citations,
            camera,
            camera_name,
            zone,
            place,
            position,
            first_seen,
            opened,
            updated,
            closed,
            ended_by,
            measured,
            subjects,
            geometry,
            evidence,
            evidence_state,
            model,
            clock,
        }
    })
}

pub(crate) fn incident_event() -> impl Strategy<Value = IncidentEvent> {
    (name(), name(), incident()).prop_map(|(site, violation, incident)| IncidentEvent {
        site,
        violation,
        incident,
    })
}

fn suspension() -> impl Strategy<Value = Suspension> {
    let who = (one_of::<WhySilent>(), of(name()), vec(name(), 0..3), any::<bool>());
    (who, time(), of(time()), of(command_id()), of(text())).prop_map(
        |((reason, camera, rules, all), since, until, command, by)| Suspension {
            reason,
            camera,
            rules,
            all,
            since,
            until,
            command,
            by,
        },
    )
}

fn disaster() -> impl Strategy<Value = Disaster> {
    (1..=3u8, time(), time(), command_id(), of(text())).prop_map(
        |(level, since, until, command, by)| Disaster { level, since, until, command, by },
    )
}

fn cause() -> impl Strategy<Value = Cause> {
    let ways = (one_of::<Carrier>(), any::<[bool; 2]>(), name());
    let with = (any::<[u16; 2]>(), any::<[u64; 2]>(), any::<u32>(), ways).prop_map(
        |([port, status], [secs, ms], deaths, (carrier, [sound, ca_given], model))| {
            json!({
                "port": port, "status": status, "secs": secs, "ms": ms, "deaths": deaths,
                "carrier": carrier, "sound": sound, "ca_given": ca_given, "model": model,
            })
        },
    );
    (of(one_of::<StreamRole>()), coded::<CameraFault>(with))
        .prop_map(|(stream, fault)| Cause { stream, fault })
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let with = (vec(text(), 0..3), one_of::<Lock>(), any::<u64>(), name(), name());
    coded(with.prop_map(|(of, lock, secs, rule, camera)| {
        json!({ "of": of, "lock": lock, "secs": secs, "rule": rule, "camera": camera })
    }))
}

pub(crate) fn camera_state() -> impl Strategy<Value = CameraState> {
    let step = (one_of::<ClockOf>(), any::<i64>(), time());
    let step = step.prop_map(|(of, by_ms, at)| ClockStep { of, by_ms, at });
    let short = (one_of::<WhySilent>(), time(), of(time()));
    let short = short.prop_map(|(reason, since, until)| RulesSuspended { reason, since, until });
    // Many, so that each code is among them.
    let how = (one_of::<CameraStatus>(), text(), vec(cause(), 0..9), time());
    let numbers = (of(finite()), of(any::<[u32; 2]>()), of(any::<i64>()), of(step));
    let kept_away = (3..=u32::MAX, time());
    let kept_away = kept_away.prop_map(|(deaths, next_try)| Quarantine { deaths, next_try });
    let resting = (name(), one_of::<Rest>()).prop_map(|(rule, why)| Resting { rule, why });
    let looks = (0.0..30.0f64, vec(resting, 0..3)).prop_map(|(hz, resting)| Looks { hz, resting });
    let rules = (of(short), vec(suspension(), 0..3), of(disaster()), of(kept_away), of(looks));
    let decoding = (one_of::<DecodeMode>(), one_of::<DecodeReason>(), of(0.0..90.0f64));
    let decoding = decoding.prop_map(|(mode, reason, key_interval_secs)| Decoding {
        mode,
        reason,
        key_interval_secs,
    });
    let media = (of(one_of::<Carrier>()), of(decoding), of(streams()));
    let planned = (of(text()), of(position()));
    (how, numbers, media, rules, planned).prop_map(|(how, numbers, media, rules, planned)| {
        let (name, position) = planned;
        let (transport, decoding, streams) = media;
        let (state, reason, causes, time) = how;
        let (fps, resolution, clock_offset_ms, clock_step) = numbers;
        let (rules_suspended, suspensions, disaster, quarantine, looks) = rules;
        CameraState {
            state,
            reason,
            causes,
            time,
            fps,
            resolution,
            clock_offset_ms,
            clock_step,
            transport,
            rules_suspended,
            suspensions,
            disaster,
            quarantine,
            looks,
            decoding,
            streams,
            name,
            position,
        }
    })
}

fn streams() -> impl Strategy<Value = Streams> {
    let stream = || {
        let one = (one_of::<CameraStatus>(), text(), of(any::<[u32; 2]>()));
        one.prop_map(|(state, reason, resolution)| StreamState { state, reason, resolution })
    };
    let all = (one_of::<StreamRole>(), stream(), stream(), any::<[bool; 2]>());
    all.prop_map(|(looks, main, sub, [aspects_differ, film_cut])| Streams {
        looks,
        main,
        sub,
        aspects_differ,
        film_cut,
    })
}

/// `troubles` and `versions` of MQTT are text in the type, so that a reader takes those that will come: what
/// there is today is in the document, which the edge's own tests hold against its labels.
pub(crate) fn status(
    troubles: Vec<String>,
    versions: Vec<String>,
) -> impl Strategy<Value = BoxStatus> {
    let trouble = (prop::sample::select(troubles), text(), time());
    let trouble = trouble.prop_map(|(trouble, text, since)| Trouble { trouble, text, since });
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
    let what = (text(), prop::sample::select(versions), vec(model(), 0..3));
    let lasts = (vec(trouble, 0..3), vec(suspension(), 0..3), of(disaster()));
    let online = (what, numbers, lasts, time()).prop_map(|(what, numbers, lasts, time)| {
        let (version, mqtt, models) = what;
        let (outbox_depth, unsaved, quarantined, pictures_waiting) = numbers;
        let (troubles, suspensions, disaster) = lasts;
        BoxStatus::Online(Online {
            version,
            mqtt,
            models,
            outbox_depth,
            unsaved,
            quarantined,
            pictures_waiting,
            troubles,
            suspensions,
            disaster,
            time,
        })
    });
    let stopped = (text(), time()).prop_map(|(version, time)| Offline::Shutdown { version, time });
    let lost =
        (text(), time()).prop_map(|(version, connected)| Offline::Lost { version, connected });
    prop_oneof![
        4 => online,
        1 => stopped.prop_map(BoxStatus::Offline),
        1 => lost.prop_map(BoxStatus::Offline),
    ]
}

pub(crate) fn sensor_state() -> impl Strategy<Value = SensorState> {
    (one_of::<SensorHealth>(), time()).prop_map(|(state, since)| SensorState { state, since })
}

pub(crate) fn window() -> impl Strategy<Value = WindowResult> {
    let what = (name(), name(), finite(), text(), any::<u64>());
    (what, time(), time(), one_of::<Certainty>(), revision()).prop_map(
        |((window, sensor, value, unit, count), start, end, state, revision)| WindowResult {
            window,
            sensor,
            start,
            end,
            value,
            unit,
            count,
            state,
            revision,
        },
    )
}

/// What a reply has beside its words is of the type of its command.
fn result() -> impl Strategy<Value = serde_json::Value> {
    fn value(result: impl serde::Serialize) -> serde_json::Value {
        serde_json::to_value(result).unwrap()
    }
    prop_oneof![
        edit::site_view().prop_map(value),
        edit::edited().prop_map(value),
        replayed::preview().prop_map(value),
        replayed::story().prop_map(value),
    ]
}

pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    let file = (sha256(), any::<u64>(), one_of::<Medium>());
    let file = file.prop_map(|(sha256, bytes, media_type)| File { sha256, bytes, media_type });
    let refusal = prop_oneof![1 => Just(None), 9 => refusal().prop_map(Some)];
    (of(command_id()), any::<bool>(), text(), of(file), of(result()), refusal).prop_map(
        |(id, ok, text, evidence, result, refusal)| Reply {
            id,
            ok,
            text,
            evidence,
            result,
            refusal,
        },
    )
}

pub(crate) fn ack() -> impl Strategy<Value = Ack> {
    (incident_id(), revision()).prop_map(|(incident, revision)| Ack { incident, revision })
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let edits = || vec(edit::edit(), 0..4);
    let why = || "[^\\p{C}]{1,120}";
    let order =
        prop_oneof![
            name().prop_map(|camera| Order::Snapshot { camera }),
            (of(name()), of(name()), timestamp())
                .prop_map(|(camera, rule, until)| Order::Suspend { camera, rule, until }),
            (0..=3u8, of(timestamp())).prop_map(|(level, until)| Order::Disaster { level, until }),
            Just(Order::Reload),
            Just(Order::Pipeline),
            (sha256(), edits(), why(), any::<bool>())
                .prop_map(|(base, edits, why, check)| Order::Edit { base, edits, why, check }),
            (sha256(), sha256(), why(), any::<bool>())
                .prop_map(|(base, to, why, check)| Order::Revert { base, to, why, check }),
            (sha256(), edits(), name(), 1..=60u8).prop_map(|(base, edits, camera, minutes)| {
                Order::Preview { base, edits, camera, minutes }
            }),
            incident_id().prop_map(|incident| Order::Explain { incident }),
        ];
    let by = "[^\\p{C}]{1,120}";
    (command_id(), order, of(by), of(timestamp()), of(text()))
        .prop_map(|(id, order, by, issued, reply_to)| Command { id, order, by, issued, reply_to })
}
