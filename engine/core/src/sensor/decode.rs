//! A payload → samples: plain text, JSON by pointers, a form, or `SenML` (RFC 8428).
//!
//! Sensors are cheap and their clocks bad, so every way in which a payload can be wrong has words
//! of its own, and a time that cannot be true is refused: one reading from next year would make
//! every true one late.

mod form;
mod times;

use super::quantity::{Quantity, Unit, convert};
use super::senml;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Longest payload that is read, bytes. A reading has tens, a day of them a few thousand.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 10;
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
    /// The time, see [`decode`].
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
    fn in_list(self, n: usize, of: usize) -> Self {
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

/// Reads a payload that arrived at `received`: its samples by ascending time, all of them or an
/// error; none when it is a message of another kind, see [`When`] and [`Decoder::optional`].
///
/// A time is RFC 3339 text with an offset, or without one where [`Decoder::time_zone`] says which
/// it has, or an interval of two of them, of which the end counts; or a number (also in quotes) of
/// seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size: below 10¹¹ it
/// is seconds (until the year 5138), below 10¹⁴ milliseconds, below 10¹⁷ microseconds.
///
/// # Errors
/// [`DecodeError`]; nothing of a payload is used unless all of it is good.
pub fn decode(
    decoder: &Decoder,
    payload: &[u8],
    received: Timestamp,
) -> Result<Vec<Sample>, DecodeError> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        let bytes = payload.len();
        return Err(DecodeError::Payload(format!(
            "the payload has {bytes} bytes and {PAYLOAD_BYTES_MAX} are the most; let the sensor \
             send fewer readings at once"
        )));
    }
    let text = std::str::from_utf8(payload).map_err(|_| {
        DecodeError::Payload("the payload is not text; let the sensor send UTF-8".into())
    })?;
    if text.trim().is_empty() {
        return Err(DecodeError::Payload("the payload is empty; check the sensor".into()));
    }
    let mut samples = match &decoder.format {
        Format::Plain => {
            let value = decoder.canonical(decoder.worded(text)?, decoder.unit)?;
            vec![Sample { at: received, value }]
        }
        Format::Json(pointers) => decoder.json(&parse(text)?, pointers, received)?,
        Format::Form(pointers) => decoder.json(&form::parse(text)?, pointers, received)?,
        Format::Senml { name } => senml::read(decoder, &parse(text)?, name.as_deref(), received)?,
    };
    // Those that only the arrival times are as many as they are, also with equal values.
    for (nanos, sample) in (0..).zip(samples.iter_mut().filter(|sample| sample.at == received)) {
        sample.at = sample.at.plus(Duration::from_nanos(nanos));
    }
    samples.sort_by_key(|sample| sample.at);
    Ok(samples)
}

/// Of what the broker kept until `received`: the samples whose own time is known, whenever the
/// message comes. Others are of an unknown time ago, also those that count back from the arrival.
///
/// # Errors
/// As [`decode`].
pub fn decode_kept(
    decoder: &Decoder,
    payload: &[u8],
    received: Timestamp,
) -> Result<Vec<Sample>, DecodeError> {
    let mut samples = decode(decoder, payload, received)?;
    let elsewhen = decode(decoder, payload, Timestamp(received.0.saturating_sub(1_000_000_000)))?;
    samples.retain(|sample| elsewhen.contains(sample));
    Ok(samples)
}

fn parse(text: &str) -> Result<Value, DecodeError> {
    serde_json::from_str(text).map_err(|error| {
        DecodeError::Payload(format!("the payload is not JSON: {error}; set another `format`"))
    })
}

impl Decoder {
    fn json(
        &self,
        payload: &Value,
        pointers: &Pointers,
        received: Timestamp,
    ) -> Result<Vec<Sample>, DecodeError> {
        let list = match &pointers.each {
            Some(at) => match (payload.pointer(at), self.is_meant(payload, payload)) {
                (Some(Value::Array(list)), _) => Some(list),
                (_, false) => return Ok(Vec::new()),
                (None, _) if self.optional => return Ok(Vec::new()),
                (None, _) => return Err(missing("list", at)),
                (Some(other), _) => {
                    let what = format!("{} is {}, not a list", quoted(at), shown(other));
                    return Err(DecodeError::Payload(format!("{what}; correct `each`")));
                }
            },
            None => payload.as_array().filter(|_| !begins_with_place(&pointers.value)),
        };
        let Some(list) = list else {
            return Ok(self.reading(payload, payload, pointers, received)?.into_iter().collect());
        };
        let mut samples = Vec::new();
        for (n, item) in (1..).zip(list) {
            let reading = self.reading(item, payload, pointers, received);
            samples.extend(reading.map_err(|error| error.in_list(n, list.len()))?);
        }
        Ok(samples)
    }

    /// One reading of a message; what it does not say itself, the `whole` may.
    fn reading(
        &self,
        item: &Value,
        whole: &Value,
        pointers: &Pointers,
        received: Timestamp,
    ) -> Result<Option<Sample>, DecodeError> {
        if !self.is_meant(item, whole) {
            return Ok(None);
        }
        let sent = match found(item, item, &pointers.value, "value") {
            Err(_) if self.optional => return Ok(None),
            sent => sent?,
        };
        let unit = match &pointers.unit {
            Some(at) => unit_of(found(item, whole, at, "unit")?)?,
            None => self.unit,
        };
        let value = self.value(sent, unit)?;
        let at = match &pointers.time {
            Some(at) if self.clock == SensorClock::Sensor => {
                let time = found(item, whole, at, "time")?;
                self.believed(times::read(time, self.time_zone.as_ref())?, received)?
            }
            _ => received,
        };
        Ok(Some(Sample { at, value }))
    }

    fn is_meant(&self, item: &Value, whole: &Value) -> bool {
        let Some(when) = &self.when else { return true };
        let there = found(item, whole, &when.at, "mark");
        there.is_ok_and(|there| match (&when.is, there) {
            (None, _) => true,
            (Some(want), Value::String(text)) => want == text,
            (Some(want), other) => {
                let written = other.to_string();
                *want == written
            }
        })
    }

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

    fn canonical(&self, sent: f64, unit: Unit) -> Result<f64, DecodeError> {
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
    fn worded(&self, text: &str) -> Result<f64, DecodeError> {
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

/// What stands at a pointer of a reading, or else of the whole message.
fn found<'v>(
    item: &'v Value,
    whole: &'v Value,
    at: &str,
    what: &str,
) -> Result<&'v Value, DecodeError> {
    let there = item.pointer(at).or_else(|| whole.pointer(at));
    there.filter(|value| !value.is_null()).ok_or_else(|| missing(what, at))
}

fn missing(what: &str, at: &str) -> DecodeError {
    DecodeError::Missing(format!(
        "there is no {what} at {}; correct the pointer to the {what}, or the sensor; where messages \
         of several kinds come, see `when` and `optional`",
        quoted(at)
    ))
}

/// Does a pointer begin with a place in a list?
fn begins_with_place(pointer: &str) -> bool {
    let first = pointer.strip_prefix('/').and_then(|rest| rest.split('/').next());
    first.is_some_and(|first| !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit()))
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

#[cfg(test)]
mod tests;
