//! `[[sensor]]` → what a plan knows of sensors.

use super::common::refuse_repeats;
use super::problem::{Fault, listed, quoted};
use super::quantities::{QUANTITIES, quantity};
use super::read::Node;
use super::schema::Kind::{Flag, Number, OneOf, Table, Text};
use super::schema::Need::{self, Optional, Required};
use super::schema::{self, Form, Key, NAME, POSITION, form, key};
use crate::plan::Sensor;
use crate::sensor::{
    CounterParams, Decoder, Format, HealthParams, Pointers, Quantity, SensorClock, Unit, When,
    topic,
};
use jiff::tz::TimeZone;
use std::time::Duration;
use viahe_contract::place::Position;

static TOPIC: Form = form("topic", r"^[^#]+#?$", |text| {
    topic::check(text).map_err(|message| {
        let (what, remedy) = message.split_once("; ").unwrap_or((message, "change it"));
        Fault::new(format!("{} is not a topic of a sensor: {what}", quoted(text)), remedy)
    })
});
static ZONE_OF_TIMES: Form = form("time zone, or site", "^[A-Za-z0-9_+/-]+$", |text| {
    if text == "site" { Ok(()) } else { schema::timezone(text) }
});
static POINTER: Form = form("JSON pointer", r"^(/.*)?$", |text| {
    if text.is_empty() || text.starts_with('/') {
        return Ok(());
    }
    Err(Fault::not_a(text, "a JSON pointer", format!("write it as \"/{text}\"")))
});
static UNIT: Form = form("unit", r"\S", |text| match Unit::parse(text) {
    Ok(_) => Ok(()),
    Err(message) => match message.split_once("; ") {
        Some((what, remedy)) => Err(Fault::new(what, remedy)),
        None => Err(Fault::new(message, "write a unit, such as \"cm\"")),
    },
});
static RECORD: Form = form("SenML name", r"\S", |_| Ok(()));

pub(super) const SECONDS: super::schema::Kind = Number { min: 0.0, max: 31_536_000.0 };

pub(super) static SENSOR: &[Key] = &[
    key("id", Text(&NAME), Required, r#""river-gauge-1""#, "Unique in the file."),
    key(
        "topic",
        Text(&TOPIC),
        Required,
        r#""sensors/river-1/level""#,
        "MQTT topic of its readings. `+` stands for one level and `#` for all that follow, where \
         another level or `when_is` says which sensor it is.",
    ),
    key(
        "quantity",
        OneOf(QUANTITIES),
        Required,
        r#""water_level""#,
        "What it measures. A reading of `rain` is what fell since the reading before, unless \
         `counter` is set.",
    ),
    key(
        "unit",
        Text(&UNIT),
        Optional,
        r#""cm""#,
        "Of values that come without one. Without it: that in which the quantity is kept (cm, mm, \
         ug/m3, dB, Cel, %, m/s, l/s).",
    ),
    key(
        "scale",
        Number { min: -1e9, max: 1e9 },
        Need::Number(1.0),
        "0.1",
        "A number that is sent is multiplied by this, before `unit` counts.",
    ),
    key(
        "offset",
        Number { min: -1e9, max: 1e9 },
        Need::Number(0.0),
        "250",
        "Added to it then. A gauge that hangs 250 cm over the bed and sends the distance to the \
         water: `scale = -1`, `offset = 250`.",
    ),
    key(
        "invert",
        Flag,
        Optional,
        "true",
        "For a `door`: what it sends as open (1, true, on) is closed, as with a contact that is \
         closed by the door.",
    ),
    key(
        "counter",
        Flag,
        Optional,
        "true",
        "For `rain`: it sends a total that grows; what counts is by how much. A total that falls \
         has begun anew, and is no rain.",
    ),
    key(
        "rolls_at",
        Number { min: 0.0, max: 1e9 },
        Optional,
        "6553.6",
        "With `counter`: the total, in `unit`, at which the device goes on at 0.",
    ),
    key(
        "format",
        OneOf(&["plain", "json", "form", "senml"]),
        Need::Text("plain"),
        r#""json""#,
        "How it writes: a number alone, JSON, `key=value&…` or SenML (RFC 8428).",
    ),
    key("value", Text(&POINTER), Optional, r#""/level""#, "JSON pointer to the value."),
    key("time", Text(&POINTER), Optional, r#""/ts""#, "JSON pointer to the time."),
    key(
        "time_zone",
        Text(&ZONE_OF_TIMES),
        Optional,
        r#""site""#,
        "Of times without an offset from UTC: that of the site, or an IANA name such as `UTC`.",
    ),
    key(
        "each",
        Text(&POINTER),
        Optional,
        r#""/readings""#,
        "JSON pointer to a list of readings; the others begin at each of them. JSON that is itself \
         a list needs none.",
    ),
    key(
        "when",
        Text(&POINTER),
        Optional,
        r#""/deviceInfo/devEui""#,
        "JSON pointer to what its messages have; those without are passed over.",
    ),
    key(
        "when_is",
        Text(&schema::TEXT),
        Optional,
        r#""24e124136b327741""#,
        "What stands at `when`; messages with something else are passed over.",
    ),
    key(
        "optional",
        Flag,
        Optional,
        "true",
        "A message without the value is of another kind and passed over; without this it is a \
         fault.",
    ),
    key("unit_at", Text(&POINTER), Optional, r#""/unit""#, "JSON pointer to the unit."),
    key("name", Text(&RECORD), Optional, r#""urn:dev:1:level""#, "SenML name of its records."),
    key(
        "clock",
        OneOf(&["sensor", "arrival"]),
        Need::Text("sensor"),
        r#""arrival""#,
        "Whose clock times a reading: the `sensor`'s where it tells a time, or the box's at its \
         `arrival`.",
    ),
    key(
        "offset_secs",
        Number { min: -86_400.0, max: 86_400.0 },
        Need::Number(0.0),
        "-3600",
        "Added to the sensor's times: by what its clock is behind.",
    ),
    key(
        "lateness_secs",
        Number { min: 0.0, max: 86_400.0 },
        Need::Number(5.0),
        "30",
        "A reading acts at once; one that comes later than a newer one, by no more than this, still \
         corrects what rules made of it.",
    ),
    key(
        "silent_secs",
        SECONDS,
        Need::Number(1800.0),
        "600",
        "Without a reading for so long it is silent, and its value not known.",
    ),
    key("min", Number { min: -1e9, max: 1e9 }, Optional, "0", "Least value that can be true."),
    key("max", Number { min: -1e9, max: 1e9 }, Optional, "500", "Largest value that can be true."),
    key(
        "jump_max",
        Number { min: 0.0, max: 1e9 },
        Optional,
        "5",
        "Fastest change that can be true, per second; three readings in a row that agree are \
         believed.",
    ),
    key("stuck_secs", SECONDS, Optional, "21600", "Exactly the same value for so long is a fault."),
    key("position", Table(POSITION), Optional, "{ lat = 16.4637, lon = 107.5909 }", "Where it is."),
];

/// The range, the fastest change per second and the stillness that are usual for a quantity, in
/// its own unit. Judgement, but for the ranges: sensors of each kind measure no more.
fn usual(quantity: Quantity) -> HealthParams {
    let hours = |n: u64| Some(Duration::from_hours(n));
    let (range, jump_max_per_sec, stuck_after, stuck_ignore) = match quantity {
        // A gauge in a street: a wave is a hand high, a flood front two.
        Quantity::WaterLevel => ([-100.0, 2000.0], Some(20.0), hours(24), Some(0.0)),
        // One reading is what fell since the last: more than 60 mm is a broken bucket.
        Quantity::Rain => ([0.0, 60.0], None, hours(6), Some(0.0)),
        Quantity::Pm25 | Quantity::Pm10 => ([0.0, 2000.0], Some(100.0), hours(12), None),
        Quantity::Noise => ([20.0, 140.0], None, hours(6), None),
        // The records of Vietnam are -6 and 44 degrees.
        Quantity::Temperature => ([-20.0, 60.0], Some(2.0), hours(12), None),
        Quantity::Door => ([0.0, 1.0], None, None, None),
        // It stays at 100 in fog, for days.
        Quantity::Humidity => ([0.0, 100.0], None, hours(12), Some(100.0)),
        // The strongest gusts of a typhoon.
        Quantity::Wind => ([0.0, 110.0], None, hours(12), Some(0.0)),
        Quantity::Flow => ([0.0, 100_000.0], None, hours(24), Some(0.0)),
        Quantity::Battery => ([0.0, 100.0], None, None, None),
    };
    let silent_after = Duration::ZERO;
    HealthParams { range, jump_max_per_sec, stuck_after, stuck_ignore, silent_after }
}

/// Reads the sensors; `None` only after a problem was told.
pub(super) fn sensors(root: &Node, timezone: Option<&TimeZone>) -> Option<Vec<Sensor>> {
    let nodes: Vec<Node> = root.children("sensor").into_iter().map(|c| c.node).collect();
    refuse_repeats(&nodes, |node| node.name("id"), "sensors", "give each its own `id`");
    let sensors: Vec<Option<Sensor>> = nodes.iter().map(|node| sensor(node, timezone)).collect();
    sensors.into_iter().collect()
}

fn sensor(node: &Node, timezone: Option<&TimeZone>) -> Option<Sensor> {
    let quantity = quantity(node.text("quantity")?)?;
    let unit = match node.text("unit") {
        Some(text) => Unit::parse(text).ok()?,
        None => quantity.unit(),
    };
    if !quantity.units().contains(&unit) {
        let what = format!("{unit} is no unit of {}", quantity.as_str());
        node.tell("unit", Fault::new(what, format!("use {}", listed(quantity.units()))));
    }
    let offset_ms = (node.number("offset_secs")? * 1000.0).round() as i64;
    let decoder = Decoder {
        unit,
        scale: node.number("scale")?,
        offset: node.number("offset")?,
        invert: node.flag("invert"),
        when: when(node),
        optional: node.flag("optional"),
        clock: if node.text("clock")? == "arrival" {
            SensorClock::Arrival
        } else {
            SensorClock::Sensor
        },
        time_zone: match node.text("time_zone") {
            Some("site") => timezone.cloned(),
            Some(name) => TimeZone::get(name).ok(),
            None => None,
        },
        offset_ms,
        ..Decoder::new(format(node)?, quantity)
    };
    refuse_useless(node, quantity);
    let position = node
        .child("position")
        .and_then(|node| Some(Position { lat: node.number("lat")?, lon: node.number("lon")? }));
    let health = health(node, quantity)?;
    Some(Sensor {
        id: node.name("id")?,
        topic: node.text("topic")?.to_owned(),
        decoder,
        counter: node.flag("counter").then(|| CounterParams {
            rolls_at: node.number("rolls_at"),
            step_max: health.range[1],
            gap_max: health.silent_after,
        }),
        health,
        position,
        lateness: Duration::from_secs_f64(node.number("lateness_secs")?),
    })
}

fn when(node: &Node) -> Option<When> {
    let at = node.text("when")?.to_owned();
    Some(When { at, is: node.text("when_is").map(str::to_owned) })
}

/// Keys that say nothing beside what else is written.
fn refuse_useless(node: &Node, quantity: Quantity) {
    let useless = |key: &str, useless: bool, what: &str, remedy: &str| {
        if useless && node.has(key) {
            node.tell(key, Fault::new(format!("`{key}` {what}"), remedy));
        }
    };
    let is_door = quantity == Quantity::Door;
    useless("invert", !is_door, "is for doors", "write `scale = -1` to turn a number round");
    for key in ["scale", "offset"] {
        useless(key, is_door, "is of no use for a door", "write `invert = true` to turn it round");
    }
    let what = "is for rain, whose totals grow";
    useless("counter", quantity != Quantity::Rain, what, "remove it");
    useless("rolls_at", !node.flag("counter"), "is of no use without `counter`", "remove it");
    useless("when_is", !node.has("when"), "is of no use without `when`", "add `when`");
    let timed = node.has("time") && node.text("clock") != Some("arrival");
    let remedy = "add `time`, or remove it";
    useless("time_zone", !timed, "is of no use where no time of the sensor is read", remedy);
    let scale = node.number("scale");
    useless("scale", scale.is_some_and(|scale| scale.abs() < 1e-12), "is 0", "write another");
}

fn format(node: &Node) -> Option<Format> {
    let format = node.text("format")?;
    let own: &[&str] = match format {
        "json" => &["value", "time", "unit_at", "each", "when", "when_is", "optional"],
        "form" => &["value", "time", "unit_at", "when", "when_is", "optional"],
        "senml" => &["name", "optional"],
        _ => &[],
    };
    for key in ["value", "time", "unit_at", "name", "each", "when", "when_is", "optional"] {
        if node.has(key) && !own.contains(&key) {
            let what = format!("`{key}` is of no use with the format {format}");
            node.tell(key, Fault::new(what, "remove it, or change `format`"));
        }
    }
    let text = |key: &str| node.text(key).map(str::to_owned);
    if matches!(format, "json" | "form") && !node.has("value") {
        node.tell("value", Fault::new("`value` is missing", "add `value = \"/level\"`"));
    }
    let pointers = || {
        Some(Pointers {
            value: text("value")?,
            time: text("time"),
            unit: text("unit_at"),
            each: text("each"),
        })
    };
    Some(match format {
        "json" => Format::Json(pointers()?),
        "form" => Format::Form(pointers()?),
        "senml" => Format::Senml { name: text("name") },
        _ => Format::Plain,
    })
}

fn health(node: &Node, quantity: Quantity) -> Option<HealthParams> {
    let usual = usual(quantity);
    let range = [
        node.number("min").unwrap_or(usual.range[0]),
        node.number("max").unwrap_or(usual.range[1]),
    ];
    if range[0] >= range[1] {
        let what = format!("no value lies from {} to {}", range[0], range[1]);
        node.tell("min", Fault::new(what, "let `min` be less than `max`"));
    }
    Some(HealthParams {
        range,
        jump_max_per_sec: node.number("jump_max").or(usual.jump_max_per_sec),
        stuck_after: node.number("stuck_secs").map(Duration::from_secs_f64).or(usual.stuck_after),
        stuck_ignore: usual.stuck_ignore,
        silent_after: Duration::from_secs_f64(node.number("silent_secs")?),
    })
}
