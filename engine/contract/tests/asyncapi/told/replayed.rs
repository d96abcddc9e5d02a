//! What a box says after it has looked at its history.

use super::subject;
use super::values::{finite, fraction, incident_id, name, one_of, revision, text, time};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use viahe_contract::class::Class;
use viahe_contract::message::*;

fn previewed() -> impl Strategy<Value = Previewed> {
    let of_what = (incident_id(), name(), name(), of(name()), one_of::<Severity>());
    let incident = (of_what, (time(), time(), of(time())), vec(subject(), 0..2));
    let incident = incident.prop_map(
        |((incident, rule, violation, zone, severity), (first_seen, opened, closed), subjects)| {
            PreviewIncident {
                incident,
                rule,
                violation,
                zone,
                first_seen,
                opened,
                closed,
                severity,
                subjects,
            }
        },
    );
    (vec(incident, 0..2), any::<u64>())
        .prop_map(|(incidents, left_out)| Previewed { incidents, left_out })
}

pub(crate) fn preview() -> impl Strategy<Value = Preview> {
    (time(), time(), any::<bool>(), any::<u64>(), previewed(), previewed()).prop_map(
        |(from, to, complete, looked_secs, now, then)| Preview {
            from,
            to,
            complete,
            looked_secs,
            now,
            then,
        },
    )
}

fn class() -> impl Strategy<Value = Class> {
    "[a-z_]{1,9}".prop_map(|text| Class::try_from(text).unwrap())
}

fn thing() -> impl Strategy<Value = AskedThing> {
    let heading =
        (any::<bool>(), finite(), finite()).prop_map(|(against, allowed_deg, tolerance_deg)| {
            AskedHeading { against, allowed_deg, tolerance_deg }
        });
    let relation = (one_of::<AskedRelationKind>(), text(), any::<u64>(), any::<bool>())
        .prop_map(|(kind, thing, min, none)| AskedRelation { kind, thing, min, none });
    let moves =
        (of(one_of::<AskedMotion>()), of(finite()), of(heading), of(one_of::<AskedCrossing>()));
    (text(), vec(class(), 0..2), one_of::<AskedPlace>(), moves, vec(relation, 0..2)).prop_map(
        |(name, classes, place, (motion, speed_min_mps, heading, crossing), relations)| {
            AskedThing { name, classes, place, motion, speed_min_mps, heading, crossing, relations }
        },
    )
}

/// Of what is seen and measured.
fn of_a_look() -> impl Strategy<Value = AskedTest> {
    let value = (one_of::<AskedOf>(), text(), text(), any::<bool>(), finite(), finite());
    prop_oneof![
        thing().prop_map(|thing| AskedTest::Is { thing }),
        (thing(), any::<u64>(), of(any::<u64>())).prop_map(|(thing, min, max)| AskedTest::Count {
            thing,
            min,
            max
        }),
        (thing(), finite())
            .prop_map(|(thing, min_percent)| AskedTest::Share { thing, min_percent }),
        value.prop_map(|(from, quantity, unit, above, on, off)| AskedTest::Value {
            from,
            quantity,
            unit,
            above,
            on,
            off
        }),
        vec(one_of::<WhySilent>(), 0..3).prop_map(|states| AskedTest::Camera { states }),
        any::<bool>().prop_map(|day| AskedTest::Light { day }),
        thing().prop_map(|among| AskedTest::Queue { among }),
    ]
}

/// Of other conditions.
fn of_others() -> impl Strategy<Value = AskedTest> {
    let names = || vec(text(), 0..3);
    let held = (text(), finite(), finite(), of(finite()), of(text()));
    prop_oneof![
        names().prop_map(|of| AskedTest::All { of }),
        names().prop_map(|of| AskedTest::Any { of }),
        text().prop_map(|of| AskedTest::Not { of }),
        held.prop_map(|(of, secs, gap_secs, first_gap_secs, paused_by)| AskedTest::Held {
            of,
            secs,
            gap_secs,
            first_gap_secs,
            paused_by
        }),
        (text(), any::<u64>(), any::<u64>()).prop_map(|(of, min, looks)| AskedTest::Hits {
            of,
            min,
            looks
        }),
        (names(), finite()).prop_map(|(of, within_secs)| AskedTest::Sequence { of, within_secs }),
        (text(), text(), finite()).prop_map(|(after, of, secs)| AskedTest::Absent {
            after,
            of,
            secs
        }),
        (text(), any::<u64>(), finite()).prop_map(|(of, min, within_secs)| AskedTest::Rate {
            of,
            min,
            within_secs
        }),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let condition = (text(), prop_oneof![of_a_look().boxed(), of_others().boxed()])
        .prop_map(|(name, test)| AskedCondition { name, test });
    (any::<bool>(), of(thing()), vec(condition, 0..4)).prop_map(|(each, thing, conditions)| Asked {
        each,
        thing,
        conditions,
    })
}

fn rests() -> impl Strategy<Value = WhyRests> {
    prop_oneof![
        Just(WhyRests::Schedule),
        name().prop_map(|permit| WhyRests::Permit { permit }),
        time().prop_map(|until| WhyRests::Suspended { until }),
        (0..4u8).prop_map(|level| WhyRests::Disaster { level }),
        Just(WhyRests::Moved),
        Just(WhyRests::Blinded),
        Just(WhyRests::TooDark),
        Just(WhyRests::Offline),
        Just(WhyRests::Value),
    ]
}

fn code() -> impl Strategy<Value = StoryCode> {
    let of_rule = prop_oneof![
        vec(name(), 0..2).prop_map(|but_for| StoryCode::Applies { but_for }),
        rests().prop_map(|why| StoryCode::Rests { why }),
        any::<u64>().prop_map(|count| StoryCode::LeftOut { count }),
    ];
    let of_condition = prop_oneof![
        text().prop_map(|condition| StoryCode::Began { condition }),
        (text(), of(time()), any::<u64>(), finite()).prop_map(
            |(condition, since, missed, missed_secs_max)| StoryCode::Holds {
                condition,
                since,
                missed,
                missed_secs_max,
            },
        ),
        text().prop_map(|condition| StoryCode::Ceased { condition }),
        text().prop_map(|condition| StoryCode::CameToNothing { condition }),
    ];
    let of_incident = prop_oneof![
        incident_id().prop_map(|incident| StoryCode::Opened { incident }),
        Just(StoryCode::HeldBack),
        (fraction(), fraction()).prop_map(|(x, y)| StoryCode::LastSeen { x, y }),
        one_of::<EndReason>().prop_map(|reason| StoryCode::Ended { reason }),
    ];
    prop_oneof![of_rule.boxed(), of_condition.boxed(), of_incident.boxed()]
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
    let subject = (any::<u64>(), of(class()));
    let subject = subject.prop_map(|(number, class)| StorySubject { number, class });
    let step = (time(), of(subject), code());
    let step = step.prop_map(|(at, subject, what)| StoryStep { at, subject, what });
    let who = (incident_id(), text(), name(), name(), of(name()));
    let places = (of(name()), of(name()), of(name()), of(name()));
    let known = (one_of::<StoryKnown>(), of(time()));
    (who, places, asked(), known, (vec(step, 0..6), vec(verdict(), 0..2))).prop_map(
        |(
            (incident, title, rule, violation, camera),
            (zone, line, sensor, window),
            asked,
            (known, known_from),
            (steps, verdicts),
        )| Story {
            incident,
            title,
            rule,
            violation,
            camera,
            zone,
            line,
            sensor,
            window,
            asked,
            known,
            known_from,
            steps,
            verdicts,
        },
    )
}
