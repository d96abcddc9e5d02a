//! The keys of things and conditions: what must hold, as it is written in a catalogue entry.

use super::problem::Fault;
use super::quantities::QUANTITIES;
use super::schema::Kind::{Amount, List, Number, OneOf, Text};
use super::schema::Need::{self, Optional};
use super::schema::{CLASS, Form, Key, Kind, NAME, form, key};

pub(super) const CONFIDENCE: Kind = Number { min: 0.0, max: 1.0 };
const SECS: Kind = Amount { min: 0.0, max: 31_536_000.0 };
const SHARE: Kind = Amount { min: 0.0, max: 1.0 };
const COUNT: Kind = Amount { min: 0.0, max: 1000.0 };
const VALUE: Kind = Amount { min: -1e9, max: 1e9 };

static TROUBLE: Form =
    form("camera trouble", "^(moved|blinded|too_dark|offline)$", |text| match text {
        "moved" | "blinded" | "too_dark" | "offline" => Ok(()),
        _ => Err(Fault::not_a(text, "a trouble", "use moved, blinded, too_dark or offline")),
    });

pub(super) static THING: &[Key] = &[
    key(
        "classes",
        List(&CLASS),
        Optional,
        r#"["vehicle"]"#,
        "Classes that are meant; the camera's model must know each.",
    ),
    key(
        "classes_when_known",
        List(&CLASS),
        Optional,
        r#"["goods.stall"]"#,
        "Classes that are meant as well where the camera's model knows them. A rule is refused when it could never open without them.",
    ),
    key(
        "confidence_min",
        CONFIDENCE,
        Need::Number(0.3),
        "0.35",
        "Weaker observations are ignored.",
    ),
    key(
        "area",
        OneOf(&["in", "out", "over", "anywhere"]),
        Need::Text("in"),
        r#""in""#,
        "Where its ground point is: `in` or `out` of the rule's zone, or `anywhere`; `over`: a \
         share of its box is over the zone.",
    ),
    key("over_min", SHARE, Need::Number(0.3), "0.3", "With `over`: share of the box."),
    key("motion", OneOf(&["standing", "moving"]), Optional, r#""moving""#, "How it moves."),
    key("speed_min_mps", SECS_OR_SPEED, Optional, "3", "At least so fast on the ground, m/s."),
    key(
        "heading",
        OneOf(&["against", "along"]),
        Optional,
        r#""against""#,
        "Its direction, by the parameters `allowed_deg`, `tolerance_deg` and `travel_min`.",
    ),
    key(
        "crossing",
        OneOf(&["left_to_right", "right_to_left", "either"]),
        Optional,
        r#""either""#,
        "It has just crossed the rule's line so.",
    ),
    key("beside", Text(&NAME), Optional, r#""person""#, "A member of this thing is near."),
    key("not_beside", Text(&NAME), Optional, r#""owner""#, "No member of this thing is near."),
    key(
        "near_max",
        Amount { min: 0.0, max: 10.0 },
        Need::Number(0.5),
        "0.5",
        "How near, in heights of the taller of the two.",
    ),
    key("on", Text(&NAME), Optional, r#""bike""#, "It rides on a member of this thing."),
    key("not_on", Text(&NAME), Optional, r#""bike""#, "It rides on no member of this thing."),
    key("carries", Text(&NAME), Optional, r#""person""#, "Members of this thing ride on it."),
    key("carries_min", COUNT, Need::Number(1.0), "3", "With `carries`: at least so many."),
];

const SECS_OR_SPEED: Kind = Amount { min: 0.0, max: 100.0 };

pub(super) static WHEN: &[Key] = &[
    key("is", Text(&NAME), Optional, r#""vehicle""#, "The subject is a member of this thing."),
    key("count", Text(&NAME), Optional, r#""person""#, "`min` to `max` members are in view."),
    key("share", Text(&NAME), Optional, r#""vehicle""#, "Members cover `min` of the zone."),
    key(
        "sensor",
        OneOf(QUANTITIES),
        Optional,
        r#""water_level""#,
        "The rule's sensor measures this quantity, and has reached `on` and not gone beyond `off` \
         since.",
    ),
    key("window", OneOf(QUANTITIES), Optional, r#""rain""#, "As `sensor`, for the rule's window."),
    key("camera", List(&TROUBLE), Optional, r#"["moved"]"#, "The camera is one of these."),
    key("light", OneOf(&["day", "night"]), Optional, r#""night""#, "By the sun at the camera."),
    key(
        "queue",
        Text(&NAME),
        Optional,
        r#""traffic""#,
        "Members of this thing stand around the subject since about when it does (45 s), beside it in the lane or three in a row, and nobody passed within 20 s, for three minutes at most: a red light or a jam.",
    ),
    key("all", List(&NAME), Optional, r#"["there", "night"]"#, "All of these conditions hold."),
    key("any", List(&NAME), Optional, r#"["there", "night"]"#, "At least one of these holds."),
    key("not", Text(&NAME), Optional, r#""there""#, "This condition does not hold."),
    key("held", Text(&NAME), Optional, r#""there""#, "This has held for `for_secs`."),
    key("hits", Text(&NAME), Optional, r#""there""#, "This held in `min` of the last `looks`."),
    key(
        "sequence",
        List(&NAME),
        Optional,
        r#"["carried", "alone"]"#,
        "These held one after the other, the last at most `within_secs` after the first.",
    ),
    key(
        "absent",
        Text(&NAME),
        Optional,
        r#""owner""#,
        "Once `after` has held, this has not for `for_secs`.",
    ),
    key(
        "rate",
        Text(&NAME),
        Optional,
        r#""crossed""#,
        "This began at least `min` times in the last `within_secs`.",
    ),
    key("after", Text(&NAME), Optional, r#""there""#, "With `absent`: what comes first."),
    key("min", Amount { min: 0.0, max: 1000.0 }, Optional, "3", "At least."),
    key("max", Amount { min: 0.0, max: 1000.0 }, Optional, "5", "With `count`: at most."),
    key("looks", COUNT, Optional, "10", "With `hits`: how many looks back."),
    key("on", VALUE, Optional, "20", "Holds from this value on."),
    key("off", VALUE, Optional, "15", "Holds no more beyond this value. Without it: `on`."),
    key("below", OneOf(&["yes", "no"]), Need::Text("no"), r#""yes""#, "Low values hold."),
    key("for_secs", SECS, Optional, r#""dwell_secs""#, "For how long."),
    key("within_secs", SECS, Optional, "60", "From the first to the last."),
    key(
        "grace_secs",
        SECS,
        Optional,
        "10",
        "Gaps up to this are bridged. Without it: the entry's `absence_secs` for `held`, 0 else.",
    ),
    key(
        "lapse_secs",
        SECS,
        Optional,
        "60",
        "With `held`: longest gap until it has held for `for_secs`; what was gone for longer begins \
         anew. Without it: as `grace_secs`.",
    ),
    key("seen_min", SHARE, Optional, "0.2", "With `held`: in this share of looks it must hold."),
    key("unless", Text(&NAME), Optional, r#""queue""#, "With `held`: stops the clock."),
];
