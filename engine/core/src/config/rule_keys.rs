//! The keys of rules and of catalogue entries.

use super::condition_keys::{CONFIDENCE, THING, WHEN};
use super::problem::Fault;
use super::schema::Kind::{List, Named, Number, OneOf, Table, Tables, Text, Whole};
use super::schema::Need::{self, Optional, Required};
use super::schema::{CLASS, DATE, Form, Key, Kind, NAME, SPAN, TEXT, form, key};

const SEVERITIES: Kind = OneOf(&["info", "low", "medium", "high"]);
const SECONDS: Kind = Number { min: 0.0, max: 31_536_000.0 };
const ABSENCE: Kind = Number { min: 0.5, max: 86_400.0 };

static PICTURE: Form = form("picture", "^(first_seen|opened|closed)$", |text| match text {
    "first_seen" | "opened" | "closed" => Ok(()),
    _ => Err(Fault::not_a(text, "a picture", "use first_seen, opened or closed")),
});

/// What a rule may set of its entry, where the entry names it.
pub(super) static PARAMETERS: &[Key] = &[
    key(
        "dwell_secs",
        Number { min: 0.1, max: 86_400.0 },
        Optional,
        "120",
        "Seconds for which the condition must hold before an incident opens.",
    ),
    key(
        "away_secs",
        Number { min: 0.1, max: 86_400.0 },
        Optional,
        "60",
        "Seconds for which somebody must be gone.",
    ),
    key(
        "within_secs",
        Number { min: 0.1, max: 86_400.0 },
        Optional,
        "120",
        "Longest time from the first to the last of several things that happen.",
    ),
    key(
        "count_min",
        Whole { min: 1, max: 1000 },
        Optional,
        "10",
        "How many at once, or how often.",
    ),
    key(
        "hits_min",
        Whole { min: 1, max: 100 },
        Optional,
        "4",
        "In how many of the last looks it must have been seen.",
    ),
    key(
        "share_min",
        Number { min: 0.0, max: 1.0 },
        Optional,
        "0.4",
        "Share of the zone that must be covered, 0 to 1.",
    ),
    key(
        "near_max",
        Number { min: 0.0, max: 10.0 },
        Optional,
        "0.5",
        "How near is beside, in heights of the taller of the two.",
    ),
    key(
        "speed_min_mps",
        Number { min: 0.1, max: 60.0 },
        Optional,
        "3",
        "Speed on the ground in m/s; the camera must be calibrated.",
    ),
    key(
        "allowed_deg",
        Number { min: 0.0, max: 360.0 },
        Optional,
        "270",
        "Allowed direction in the picture, degrees: 0 is right, 90 is down, 180 is left, 270 is \
         up.",
    ),
    key(
        "tolerance_deg",
        Number { min: 0.0, max: 179.0 },
        Optional,
        "90",
        "Degrees to either side of `allowed_deg` that are still allowed.",
    ),
    key(
        "travel_min",
        Number { min: 0.01, max: 1.0 },
        Optional,
        "0.15",
        "Distance that a subject must travel so, as a fraction of the frame's height.",
    ),
    key(
        "value_on",
        Number { min: -1e9, max: 1e9 },
        Optional,
        "20",
        "Value from which on a sensor or window counts, in the unit of its quantity.",
    ),
    key(
        "value_off",
        Number { min: -1e9, max: 1e9 },
        Optional,
        "15",
        "Value beyond which it counts no more.",
    ),
];

/// A parameter by its place in the table above.
const fn parameter(i: usize) -> Key {
    let Key { name, kind, need: _, doc, example } = &PARAMETERS[i];
    let kind = match kind {
        Kind::Number { min, max } => Number { min: *min, max: *max },
        Kind::Whole { min, max } => Whole { min: *min, max: *max },
        _ => panic!("parameters are numbers"),
    };
    key(name, kind, Optional, example, doc)
}

pub(super) static RULE: &[Key] = &[
    key(
        "use",
        Text(&NAME),
        Required,
        r#""illegal-parking""#,
        "Entry of the catalogue: what kind of violation this is. It is the type of the incidents.",
    ),
    key(
        "id",
        Text(&NAME),
        Optional,
        r#""parking-night""#,
        "Unique among the rules of a camera, or of the site. Without it: the name in `use`.",
    ),
    key(
        "zone",
        Text(&NAME),
        Optional,
        r#""kerb""#,
        "One of the camera's zones; required for entries that look at things.",
    ),
    key("line", Text(&NAME), Optional, r#""stop-line""#, "One of the camera's lines."),
    key(
        "sensor",
        Text(&NAME),
        Optional,
        r#""river-gauge-1""#,
        "One of the `[[sensor]]`; for entries that ask a sensor.",
    ),
    key(
        "window",
        Text(&NAME),
        Optional,
        r#""rain-24h""#,
        "One of the `[[window]]`; for entries that ask a window.",
    ),
    key(
        "schedule",
        List(&SPAN),
        Optional,
        r#"["Mon-Fri 06:00-22:00", "Sat,Sun 20:00-02:00"]"#,
        "When the rule applies, by the site's clock; a span may go on past midnight. Days are Mon \
         to Sun, Hol, Fest and Work. Without it: always.",
    ),
    key(
        "severity",
        SEVERITIES,
        Optional,
        r#""high""#,
        "How bad an incident is. Without it: the catalogue's.",
    ),
    key(
        "classes",
        List(&CLASS),
        Optional,
        r#"["vehicle.car", "vehicle.truck"]"#,
        "Which things the rule is about; a class covers its kinds. The camera's model must know \
         each. Without it: the catalogue's.",
    ),
    key(
        "confidence_min",
        CONFIDENCE,
        Optional,
        "0.4",
        "Observations of what the rule is about that the detector is less sure of are ignored, 0 \
         to 1. Without it: the catalogue's.",
    ),
    key(
        "absence_secs",
        ABSENCE,
        Optional,
        "10",
        "An incident is over once its subject was not seen for so many seconds by a camera that \
         looked. Without it: the catalogue's.",
    ),
    key(
        "cooldown_secs",
        SECONDS,
        Optional,
        "300",
        "After an incident no other one is told for so many seconds. Without it: the catalogue's.",
    ),
    parameter(0),
    parameter(1),
    parameter(2),
    parameter(3),
    parameter(4),
    parameter(5),
    parameter(6),
    parameter(7),
    parameter(8),
    parameter(9),
    parameter(10),
    parameter(11),
    parameter(12),
];

/// A catalogue entry.
pub(super) static CATALOGUE: &[Key] = &[
    key(
        "version",
        Whole { min: 1, max: 1_000_000 },
        Required,
        "1",
        "Counts changes of the entry; told with each incident.",
    ),
    key(
        "severity",
        SEVERITIES,
        Required,
        r#""medium""#,
        "How bad an incident is, unless the pipeline says otherwise.",
    ),
    key(
        "look_hz",
        Number { min: 0.05, max: 30.0 },
        Need::Number(1.0),
        "1.0",
        "How often a frame must be analysed for the entry to work, per second. Its rules take no more \
         looks than that, however often the camera looks, unless it asks for a heading, a line or a \
         speed and counts no looks. While a rule does not apply, it needs none.",
    ),
    key(
        "absence_secs",
        ABSENCE,
        Need::Number(10.0),
        "10",
        "A subject that was not seen for so many seconds, by a camera that looked, is gone; also \
         the gap that conditions bridge unless they say otherwise.",
    ),
    key(
        "cooldown_secs",
        SECONDS,
        Need::Number(0.0),
        "300",
        "After an incident no other one is told for so many seconds.",
    ),
    key(
        "disaster",
        OneOf(&["keep", "relax", "raise"]),
        Need::Text("keep"),
        r#""relax""#,
        "What a declared disaster does: `relax` waits three times longer at level 1 and is silent \
         from level 2 on; `raise` lowers thresholds by a fifth with each level and is more severe.",
    ),
    key(
        "evidence",
        List(&PICTURE),
        Optional,
        r#"["first_seen", "opened"]"#,
        "Pictures that an incident asks for. Without it: all three.",
    ),
    key(
        "each",
        Text(&NAME),
        Optional,
        r#""vehicle""#,
        "One incident for each member of this thing. Without it: one for the zone.",
    ),
    key(
        "by",
        OneOf(&["place", "track"]),
        Need::Text("place"),
        r#""track""#,
        "What makes a member of `each` the same as before: its `place`, for what stands, or its \
         `track`, for what moves.",
    ),
    key(
        "about",
        Text(&NAME),
        Optional,
        r#""person""#,
        "Without `each`: members of this thing are told as the incident's subjects.",
    ),
    key(
        "trigger",
        Text(&NAME),
        Required,
        r#""parked""#,
        "The condition that must hold; the incident is open while it does.",
    ),
    key(
        "title",
        Table(LANGUAGES),
        Required,
        r#"{ vi = "Đỗ xe trái phép", en = "Illegal parking" }"#,
        "Name of the violation.",
    ),
    key(
        "guidance",
        Table(LANGUAGES),
        Required,
        r#"{ vi = "…", en = "…" }"#,
        "What a person should look for before confirming.",
    ),
    key(
        "parameters",
        Table(PARAMETERS),
        Optional,
        "{ dwell_secs = 180 }",
        "Defaults; a parameter without one must be set in each rule.",
    ),
    key(
        "thing",
        Named(THING),
        Optional,
        "",
        "A set of objects in a picture: all filters must pass.",
    ),
    key("when", Named(WHEN), Required, "", "A condition: exactly one operator, with its numbers."),
    key(
        "escalation",
        Table(ESCALATION),
        Optional,
        "",
        "Remind, then ask for a commitment, then put on record.",
    ),
    key("citation", Tables(CITATION), Optional, "", "A place in the law, with its time in force."),
    key(
        "trap",
        Tables(LANGUAGES),
        Optional,
        "",
        "A known reason for false incidents, and what to do about it.",
    ),
];

pub(super) static LANGUAGES: &[Key] = &[
    key("vi", Text(&TEXT), Required, r#""Đỗ xe trái phép""#, "Vietnamese."),
    key("en", Text(&TEXT), Required, r#""Illegal parking""#, "English."),
];

static ESCALATION: &[Key] = &[
    key(
        "reoffence_days",
        Number { min: 0.01, max: 366.0 },
        Required,
        "30",
        "Earlier offences in the same zone count for so many days.",
    ),
    key(
        "every_secs",
        Number { min: 1.0, max: 31_536_000.0 },
        Required,
        "1800",
        "An incident that lasts moves on a stage after each of these; what begins within one of the \
         last is no new offence.",
    ),
    key(
        "except",
        List(&CLASS),
        Optional,
        r#"["vehicle"]"#,
        "Incidents of these classes have no stage and do not count: they are different people's, and \
         nobody is identified.",
    ),
];

static CITATION: &[Key] = &[
    key("law", Text(&TEXT), Required, r#""Luật 36/2024/QH15""#, "The law or decree."),
    key("article", Text(&TEXT), Required, r#""Điều 18""#, "Where in it."),
    key("from", Text(&DATE), Required, r#""2025-01-01""#, "First day in force."),
    key("until", Text(&DATE), Optional, r#""2027-01-01""#, "First day out of force."),
    key(
        "verified",
        OneOf(&["yes", "no"]),
        Need::Text("no"),
        r#""yes""#,
        "Whether somebody has held law and article against the official text; incidents say so.",
    ),
];
