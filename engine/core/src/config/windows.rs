//! `[[window]]` → what readings add up to.

use super::common::refuse_repeats;
use super::problem::{Fault, closest, listed};
use super::read::Node;
use super::schema::Kind::{List, Number, OneOf, Text};
use super::schema::Need::{self, Optional, Required};
use super::schema::{Key, NAME, key};
use super::sensors::SECONDS;
use crate::plan::{Sensor, Window};
use crate::sensor::{Function, Quantity, Shape, WindowSpec};
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use std::time::Duration;

pub(super) static WINDOW: &[Key] = &[
    key("name", Text(&NAME), Required, r#""rain-24h""#, "Unique in the file; part of its topic."),
    key(
        "sensors",
        List(&NAME),
        Required,
        r#"["rain-1", "rain-2"]"#,
        "Of which sensors; each has its own results.",
    ),
    key(
        "shape",
        OneOf(&["tumbling", "sliding", "session"]),
        Required,
        r#""sliding""#,
        "One after the other, one every `slide_secs`, or from a reading to a pause of `gap_secs`.",
    ),
    key("size_secs", SECONDS, Optional, "86400", "Length; for `tumbling` and `sliding`."),
    key("slide_secs", SECONDS, Optional, "600", "With `sliding`: a part of the size."),
    key("gap_secs", SECONDS, Optional, "1800", "With `session`: the pause that ends it."),
    key(
        "function",
        OneOf(&["sum", "mean", "min", "max", "count", "rate", "last", "p50", "p90", "p95", "p99"]),
        Required,
        r#""sum""#,
        "What is told of the readings; `rate` is their sum per hour.",
    ),
    key(
        "lateness_secs",
        Number { min: 0.0, max: 86_400.0 },
        Need::Number(60.0),
        "60",
        "Readings that come so many seconds late still count; then the result is final.",
    ),
];

/// Reads the windows over `sensors`; `None` only after a problem was told.
pub(super) fn read(
    root: &Node,
    sensors: Option<&[Sensor]>,
    timezone: Option<&TimeZone>,
) -> Option<Vec<Window>> {
    let nodes: Vec<Node> = root.children("window").into_iter().map(|c| c.node).collect();
    refuse_repeats(&nodes, |node| node.name("name"), "windows", "give each its own `name`");
    let origin = timezone.map(midnight).unwrap_or_default();
    let windows: Vec<Option<Window>> =
        nodes.iter().map(|node| window(node, sensors, origin)).collect();
    windows.into_iter().collect()
}

/// A midnight of the site, so that its days begin where people think that they do.
fn midnight(zone: &TimeZone) -> Timestamp {
    let start = jiff::civil::date(2000, 1, 1).to_zoned(zone.clone()).ok();
    let nanos = start.and_then(|at| u64::try_from(at.timestamp().as_nanosecond()).ok());
    Timestamp(nanos.unwrap_or_default())
}

fn window(node: &Node, sensors: Option<&[Sensor]>, origin: Timestamp) -> Option<Window> {
    let spec = spec(node, origin);
    // Where a sensor is bad, which was told, others may be missing because of it.
    let members = members(node, sensors?)?;
    Some(Window { name: node.name("name")?, sensors: members, spec: spec? })
}

fn members(node: &Node, sensors: &[Sensor]) -> Option<Vec<usize>> {
    let mut members = Vec::new();
    for (at, text) in node.list("sensors")? {
        let Some(i) = sensors.iter().position(|s| s.id.as_str() == text) else {
            let ids = || sensors.iter().map(|s| s.id.as_str());
            let remedy = match closest(text, ids()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("sensors of this file are {}", listed(ids())),
            };
            let fault = Fault::new(format!("there is no sensor {text}"), remedy);
            node.source.problem(at, &format!("{}.sensors", node.path), fault);
            continue;
        };
        members.push(i);
    }
    let quantities: Vec<Quantity> = members.iter().map(|i| sensors[*i].decoder.quantity).collect();
    if quantities.windows(2).any(|pair| pair[0] != pair[1]) {
        let fault = Fault::new("its sensors measure different things", "write a window for each");
        node.tell("sensors", fault);
    }
    (!members.is_empty()).then_some(members)
}

fn spec(node: &Node, origin: Timestamp) -> Option<WindowSpec> {
    let spec = WindowSpec {
        shape: shape(node)?,
        function: function(node.text("function")?),
        lateness: Duration::from_secs_f64(node.number("lateness_secs")?),
        origin,
    };
    if let Err(message) = spec.check() {
        let (what, remedy) = message.split_once("; ").unwrap_or((&message, "change it"));
        node.tell("shape", Fault::new(what, remedy));
        return None;
    }
    Some(spec)
}

fn shape(node: &Node) -> Option<Shape> {
    let shape = node.text("shape")?;
    let own: &[&str] = match shape {
        "tumbling" => &["size_secs"],
        "sliding" => &["size_secs", "slide_secs"],
        _ => &["gap_secs"],
    };
    for key in ["size_secs", "slide_secs", "gap_secs"] {
        let what = if own.contains(&key) { "is missing" } else { "is of no use" };
        if node.has(key) != own.contains(&key) {
            let remedy = format!("a {shape} window takes {}", own.join(" and "));
            node.tell(key, Fault::new(format!("`{key}` {what}"), remedy));
        }
    }
    let seconds = |key: &str| node.number(key).map(Duration::from_secs_f64);
    Some(match shape {
        "tumbling" => Shape::Tumbling { size: seconds("size_secs")? },
        "sliding" => Shape::Sliding { size: seconds("size_secs")?, slide: seconds("slide_secs")? },
        _ => {
            let gap = seconds("gap_secs")?;
            // A rain of more than a day is told in days.
            Shape::Session { gap, max: gap.max(Duration::from_hours(24)) }
        }
    })
}

fn function(text: &str) -> Function {
    match text {
        "sum" => Function::Sum,
        "mean" => Function::Mean,
        "min" => Function::Min,
        "max" => Function::Max,
        "count" => Function::Count,
        "rate" => Function::Rate,
        "p50" => Function::Percentile(50),
        "p90" => Function::Percentile(90),
        "p95" => Function::Percentile(95),
        "p99" => Function::Percentile(99),
        _ => Function::Last,
    }
}
