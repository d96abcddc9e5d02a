//! How payloads of a sensor are read: in which form, quantity and unit, and by whose clock.

use super::quantity::{Quantity, Unit, convert};
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How far in the past a sensor's time may lie, unless set.
pub const CLOCK_ERROR_MAX: Duration = Duration::from_hours(24);
/// How far in the future a sensor's time may lie, unless set. Less than into the past: a late
/// reading is held back by bad links, an early one only by a bad clock.
pub const AHEAD_MAX: Duration = Duration::from_mins(5);

/// What a sensor measured, in the quantity's own unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Finite.
    pub value: f64,
}

/// How a sensor writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Any JSON.
    Json(Pointers),
    /// `key=value&key=value`, as a web form; a pointer is `/key`.
    Form(Pointers),
    /// A `SenML` pack in JSON.
    Senml {
        /// The resolved name of the records that are meant; without it all, of one name.
        name: Option<String>,
    },
    /// A number, or a word for a door, as text.
    Plain,
}

/// Where things stand in JSON: JSON pointers (RFC 6901), the empty one is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointers {
    /// The value: a number, a number in quotes, or a word for a door.
    pub value: String,
    /// The time, see [`decode`](super::decode()).
    pub time: Option<String>,
    /// The unit.
    pub unit: Option<String>,
    /// A list of readings; the other pointers begin at each of them. Without it, JSON that is a
    /// list is one of readings, unless `value` begins with a place in it.
    pub each: Option<String>,
}

/// Which messages of a topic are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Pointer to what they have and others have not.
    pub at: String,
    /// The text, or the number as it is written, that stands there.
    pub is: Option<String>,
}

/// Whose clock times the readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorClock {
    /// The sensor's, where the payload tells a time; else the box's.
    Sensor,
    /// The box's, when the payload arrived.
    #[default]
    Arrival,
}

/// How payloads of a sensor are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoder {
    /// How it writes.
    pub format: Format,
    /// What it measures.
    pub quantity: Quantity,
    /// The unit of values that come without one.
    pub unit: Unit,
    /// A number that is sent is multiplied by this first.
    pub scale: f64,
    /// Added to it then.
    pub offset: f64,
    /// A door that says open when it is closed.
    pub invert: bool,
    /// Messages that are meant; others are passed over.
    pub when: Option<When>,
    /// A message without the value is passed over.
    pub optional: bool,
    /// Whose clock counts.
    pub clock: SensorClock,
    /// Of times that come without an offset from UTC.
    pub time_zone: Option<TimeZone>,
    /// Milliseconds added to the sensor's times: what its clock is behind.
    pub offset_ms: i64,
    /// Largest time by which a reading may lie before its arrival.
    pub clock_error_max: Duration,
    /// Largest time by which a reading may lie after its arrival.
    pub ahead_max: Duration,
}

impl Decoder {
    /// For a quantity in its own unit, with nothing else set.
    pub fn new(format: Format, quantity: Quantity) -> Self {
        Self {
            format,
            quantity,
            unit: quantity.unit(),
            scale: 1.0,
            offset: 0.0,
            invert: false,
            when: None,
            optional: false,
            clock: SensorClock::Sensor,
            time_zone: None,
            offset_ms: 0,
            clock_error_max: CLOCK_ERROR_MAX,
            ahead_max: AHEAD_MAX,
        }
    }
}

/// Why a payload was refused. Texts are for people: what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Empty, too long, or not in the format.
    #[error("{0}")]
    Payload(String),
    /// Something that should be in it is not.
    #[error("{0}")]
    Missing(String),
    /// The value is none.
    #[error("{0}")]
    Value(String),
    /// The unit is unknown or does not fit.
    #[error("{0}; correct `unit`, or the sensor")]
    Unit(String),
    /// The time is none, or cannot be true.
    #[error("{0}")]
    Time(String),
}

impl DecodeError {
    pub(super) fn in_list(self, n: usize, of: usize) -> Self {
        let told = |what: String| format!("reading {n} of {of}: {what}");
        match self {
            Self::Payload(what) => Self::Payload(told(what)),
            Self::Missing(what) => Self::Missing(told(what)),
            Self::Value(what) => Self::Value(told(what)),
            Self::Unit(what) => Self::Unit(told(what)),
            Self::Time(what) => Self::Time(told(what)),
        }
    }

    /// A word for counters: `payload`, `missing`, `value`, `unit` or `time`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Payload(_) => "payload",
            Self::Missing(_) => "missing",
            Self::Value(_) => "value",
            Self::Unit(_) => "unit",
            Self::Time(_) => "time",
        }
    }
}

impl Decoder {
    /// A JSON value in the quantity's own unit.
    pub(super) fn value(&self, value: &Value, unit: Unit) -> Result<f64, DecodeError> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => Some(self.worded(text)?),
            Value::Bool(open) if self.quantity == Quantity::Door => Some(f64::from(*open)),
            _ => None,
        };
        let Some(number) = number else {
            let what = format!("the value is {}; point `value` at a number", shown(value));
            return Err(DecodeError::Value(what));
        };
        self.canonical(number, unit)
    }

    pub(super) fn canonical(&self, sent: f64, unit: Unit) -> Result<f64, DecodeError> {
        let value = sent * self.scale + self.offset;
        let value = convert(value, unit, self.quantity).map_err(|what| {
            if unit == Unit::State { DecodeError::Value(what) } else { DecodeError::Unit(what) }
        })?;
        // Text such as 1e999 and a conversion of a huge number end here. Adding zero turns -0
        // into 0, so that the two are the same reading.
        if value.is_finite() {
            Ok(if self.invert { 1.0 - value } else { value + 0.0 })
        } else {
            Err(DecodeError::Value("the value is not a finite number; check the sensor".into()))
        }
    }

    /// A number, or a word for a door, in text.
    pub(super) fn worded(&self, text: &str) -> Result<f64, DecodeError> {
        let text = text.trim();
        if self.quantity == Quantity::Door {
            match text.to_ascii_lowercase().as_str() {
                "open" | "opened" | "true" | "on" => return Ok(1.0),
                "closed" | "close" | "false" | "off" => return Ok(0.0),
                _ => {}
            }
        }
        // Rust reads `inf` and `nan` as numbers; nothing with a letter but an exponent is one.
        let number =
            text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        match text.parse() {
            Ok(value) if number => Ok(value),
            _ => {
                let want = if self.quantity == Quantity::Door { " or open or closed" } else { "" };
                let what = format!("{} is not a number{want}", quoted(text));
                Err(DecodeError::Value(format!("{what}; check `format` and the sensor")))
            }
        }
    }

    /// A sensor's time with its offset, when it can be true.
    pub(super) fn believed(
        &self,
        at: Timestamp,
        received: Timestamp,
    ) -> Result<Timestamp, DecodeError> {
        let at = shifted(at, i128::from(self.offset_ms) * 1_000_000);
        let (age, ahead) = (received.since(at), at.since(received));
        let (by, side, most) = if ahead.is_zero() {
            (age, "before", self.clock_error_max)
        } else {
            (ahead, "after", self.ahead_max)
        };
        if by <= most {
            return Ok(at);
        }
        Err(DecodeError::Time(format!(
            "the reading is timed {at}, {} s {side} it arrived, and {} s are the most; set the \
             sensor's clock, correct `offset_secs`, or write clock = \"arrival\"",
            by.as_secs(),
            most.as_secs()
        )))
    }
}

pub(super) fn unit_of(unit: &Value) -> Result<Unit, DecodeError> {
    let Some(text) = unit.as_str() else {
        return Err(DecodeError::Unit(format!("the unit is {}, not text", shown(unit))));
    };
    Unit::parse(text).map_err(DecodeError::Unit)
}

/// `at` plus `nanos`, within what a [`Timestamp`] can hold.
pub(super) fn shifted(at: Timestamp, nanos: i128) -> Timestamp {
    Timestamp(i128::from(at.0).saturating_add(nanos).clamp(0, i128::from(u64::MAX)) as u64)
}

/// A JSON value for a message.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// Text in quotes, cut short.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
