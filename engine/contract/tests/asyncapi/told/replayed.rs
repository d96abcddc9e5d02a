//! What a box says after it has looked at its history.

use super::values::{finite, fraction, incident_id, name, one_of, revision, text, time};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use viahe_contract::class::Class;
use viahe_contract::message::*;

fn previewed() -> impl Strategy<Value = Previewed> {
    let class = "[a-z_]{1,9}".prop_map(|text| Class::try_from(text).unwrap());
    let subject = (class, [fraction(), fraction(), fraction(), fraction()]);
    let subject = subject.prop_map(|(class, bbox)| PreviewSubject { class, bbox });
    let incident =
        (name(), of(name()), time(), of(time()), one_of::<Severity>(), vec(subject, 0..2));
    let incident = incident.prop_map(|(rule, zone, opened, closed, severity, subjects)| {
        PreviewIncident { rule, zone, opened, closed, severity, subjects }
    });
    (vec(incident, 0..2), any::<u32>())
        .prop_map(|(incidents, left_out)| Previewed { incidents, left_out })
}

pub(crate) fn preview() -> impl Strategy<Value = Preview> {
    (time(), time(), any::<bool>(), previewed(), previewed())
        .prop_map(|(from, to, complete, now, then)| Preview { from, to, complete, now, then })
}

fn code() -> impl Strategy<Value = StoryCode> {
    prop_oneof![
        vec(name(), 0..2).prop_map(|but_for| StoryCode::Applies { but_for }),
        text().prop_map(|why| StoryCode::Rests { why }),
        (name(), of(finite()))
            .prop_map(|(condition, for_secs)| StoryCode::Began { condition, for_secs }),
        (name(), finite(), any::<u32>(), finite()).prop_map(
            |(condition, lasted_secs, missed, missed_secs_max)| StoryCode::Holds {
                condition,
                lasted_secs,
                missed,
                missed_secs_max,
            },
        ),
        name().prop_map(|condition| StoryCode::Ceased { condition }),
        name().prop_map(|condition| StoryCode::CameToNothing { condition }),
        Just(StoryCode::Opened),
        Just(StoryCode::HeldBack),
        Just(StoryCode::LastSeen),
        one_of::<EndReason>().prop_map(|reason| StoryCode::Ended { reason }),
    ]
}

pub(crate) fn verdict() -> impl Strategy<Value = Verdict> {
    let said = (one_of::<Judgement>(), of(name()), name(), time());
    (incident_id(), revision(), said).prop_map(
        |(incident, revision, (judgement, reason, role, time))| Verdict {
            incident,
            revision,
            judgement,
            reason,
            role,
            time,
        },
    )
}

pub(crate) fn story() -> impl Strategy<Value = Story> {
    let step = (time(), code()).prop_map(|(at, what)| StoryStep { at, what });
    let who = (incident_id(), text(), name(), name(), of(name()), of(name()));
    (who, time(), vec(step, 0..6), any::<u32>(), vec(verdict(), 0..2)).prop_map(
        |(
            (incident, title, rule, violation, camera, zone),
            known_from,
            steps,
            left_out,
            verdicts,
        )| Story {
            incident,
            title,
            rule,
            violation,
            camera,
            zone,
            known_from,
            steps,
            left_out,
            verdicts,
        },
    )
}
