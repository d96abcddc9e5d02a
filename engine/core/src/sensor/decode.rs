//! A payload → samples: plain text, JSON by pointers, or `SenML` (RFC 8428).
//!
//! Sensors are cheap and their clocks bad, so every way in which a payload can be wrong has words
//! of its own, and a time that cannot be true is refused: one reading from next year would make
//! every true one late.

use super::quantity::{Quantity, Unit, convert};
use super::senml;
use crate::time::Timestamp;
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Any JSON; each field is a JSON pointer (RFC 6901), the empty one is the whole payload.
    Json {
        /// Where the value stands: a number, a number in quotes, or a word for a door.
        value: String,
        /// Where the time stands, see [`decode`].
        time: Option<String>,
        /// Where the unit stands.
        unit: Option<String>,
    },
    /// A `SenML` pack in JSON.
    Senml {
        /// The resolved name of the records that are meant; without it all, of one name.
        name: Option<String>,
    },
    /// A number, or a word for a door, as text.
    Plain,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decoder {
    /// How it writes.
    pub format: Format,
    /// What it measures.
    pub quantity: Quantity,
    /// The unit of values that come without one.
    pub unit: Unit,
    /// Whose clock counts.
    pub clock: SensorClock,
    /// Milliseconds added to the sensor's times: what its clock is behind.
    pub offset_ms: i64,
    /// Largest time by which a reading may lie before its arrival.
    pub clock_error_max: Duration,
    /// Largest time by which a reading may lie after its arrival.
    pub ahead_max: Duration,
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

/// Reads a payload that arrived at `received`: one sample, or several by ascending time from a
/// `SenML` pack.
///
/// A time in JSON is RFC 3339 text with an offset, or a number (also in quotes) of seconds,
/// milliseconds, microseconds or nanoseconds since 1970, told apart by size: below 10¹¹ it is
/// seconds (until the year 5138), below 10¹⁴ milliseconds, below 10¹⁷ microseconds.
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
    match &decoder.format {
        Format::Plain => {
            let value = decoder.canonical(decoder.worded(text)?, decoder.unit)?;
            Ok(vec![Sample { at: received, value }])
        }
        Format::Json { value, time, unit } => {
            let paths = (value.as_str(), time.as_deref(), unit.as_deref());
            decoder.json(&parse(text)?, paths, received).map(|sample| vec![sample])
        }
        Format::Senml { name } => senml::read(decoder, &parse(text)?, name.as_deref(), received),
    }
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
        (value, time, unit): (&str, Option<&str>, Option<&str>),
        received: Timestamp,
    ) -> Result<Sample, DecodeError> {
        let unit = match unit {
            Some(at) => unit_of(found(payload, at, "unit")?)?,
            None => self.unit,
        };
        let value = self.value(found(payload, value, "value")?, unit)?;
        let at = match time {
            Some(at) if self.clock == SensorClock::Sensor => {
                self.believed(time_of(found(payload, at, "time")?)?, received)?
            }
            _ => received,
        };
        Ok(Sample { at, value })
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

    fn canonical(&self, value: f64, unit: Unit) -> Result<f64, DecodeError> {
        let value = convert(value, unit, self.quantity).map_err(|what| {
            if unit == Unit::State { DecodeError::Value(what) } else { DecodeError::Unit(what) }
        })?;
        // Text such as 1e999 and a conversion of a huge number end here. Adding zero turns -0
        // into 0, so that the two are the same reading.
        if value.is_finite() {
            Ok(value + 0.0)
        } else {
            Err(DecodeError::Value("the value is not a finite number; check the sensor".into()))
        }
    }

    /// A number, or a word for a door, in text.
    fn worded(&self, text: &str) -> Result<f64, DecodeError> {
        let text = text.trim();
        if self.quantity == Quantity::Door {
            match text.to_ascii_lowercase().as_str() {
                "open" | "true" | "on" => return Ok(1.0),
                "closed" | "false" | "off" => return Ok(0.0),
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

fn found<'v>(payload: &'v Value, at: &str, what: &str) -> Result<&'v Value, DecodeError> {
    payload.pointer(at).filter(|value| !value.is_null()).ok_or_else(|| {
        DecodeError::Missing(format!(
            "there is no {what} at {}; correct the pointer to the {what}, or the sensor",
            quoted(at)
        ))
    })
}

fn time_of(time: &Value) -> Result<Timestamp, DecodeError> {
    let bad = |why: &str| {
        let what = format!("{} is not a time{why}", shown(time));
        DecodeError::Time(format!("{what}; send RFC 3339 text or seconds since 1970"))
    };
    match time {
        Value::Number(number) => unix(number).ok_or_else(|| bad("")),
        Value::String(text) => match text.trim().parse::<serde_json::Number>() {
            Ok(number) => unix(&number).ok_or_else(|| bad("")),
            Err(_) => text.trim().parse().map_err(|_| bad(" with an offset")),
        },
        _ => Err(bad("")),
    }
}

/// The time that a number since 1970 means.
fn unix(number: &serde_json::Number) -> Option<Timestamp> {
    // How many nanoseconds one of it has, for numbers below the limit.
    const SCALES: [(f64, u64); 4] =
        [(1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1000), (f64::INFINITY, 1)];
    let size = number.as_f64().filter(|n| *n >= 0.0)?;
    let (_, nanos) = SCALES.into_iter().find(|(limit, _)| size < *limit)?;
    if let Some(whole) = number.as_u64() {
        return whole.checked_mul(nanos).map(Timestamp);
    }
    // A fraction is good for microseconds: 53 bits hold no more at today's dates.
    let micros = size * (nanos as f64 / 1e3);
    (micros < 1.8e16).then(|| Timestamp(micros.round() as u64 * 1000))
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
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn decoder(format: Format, quantity: Quantity) -> Decoder {
        Decoder {
            format,
            quantity,
            unit: quantity.unit(),
            clock: SensorClock::Sensor,
            offset_ms: 0,
            clock_error_max: CLOCK_ERROR_MAX,
            ahead_max: AHEAD_MAX,
        }
    }

    fn json(time: Option<&str>, unit: Option<&str>) -> Decoder {
        let [time, unit] = [time, unit].map(|at| at.map(str::to_owned));
        decoder(Format::Json { value: "/d/0/level".into(), time, unit }, Quantity::WaterLevel)
    }

    fn one(decoder: &Decoder, payload: &str) -> Result<(f64, i64), DecodeError> {
        let samples = decode(decoder, payload.as_bytes(), NOW)?;
        assert_eq!(samples.len(), 1, "{payload}");
        Ok((samples[0].value, samples[0].at.offset_ms(NOW)))
    }

    #[test]
    fn plain_numbers_and_words() {
        let rain = decoder(Format::Plain, Quantity::Rain);
        for (text, want) in [("1.5", 1.5), (" -2e1\n", -20.0), ("+3", 3.0), ("-0.0", 0.0)] {
            let (value, late) = one(&rain, text).unwrap();
            assert_eq!((value.to_bits(), late), (f64::to_bits(want), 0), "{text}");
        }
        for bad in ["", " \n", "nan", "inf", "1e999", "infinity", "1,5", "0x10", "open", "1 2", "-"]
        {
            let told = one(&rain, bad).unwrap_err().to_string();
            assert!(told.contains("; "), "{bad}: {told}");
        }
        assert_eq!(decode(&rain, b"\xff", NOW).unwrap_err().kind(), "payload");
        let huge = vec![b'1'; PAYLOAD_BYTES_MAX + 1];
        assert_eq!(decode(&rain, &huge, NOW).unwrap_err().kind(), "payload");
        let door = decoder(Format::Plain, Quantity::Door);
        for (text, want) in
            [("open", 1.0), ("Closed", 0.0), ("TRUE", 1.0), ("off", 0.0), ("on", 1.0), ("1", 1.0)]
        {
            assert!((one(&door, text).unwrap().0 - want).abs() < 1e-9, "{text}");
        }
        assert_eq!(one(&door, "2").unwrap_err().kind(), "value");
        assert_eq!(one(&door, "ajar").unwrap_err().kind(), "value");
    }

    #[test]
    fn json_is_read_by_pointers() {
        let own = json(Some("/ts"), Some("/u"));
        let (value, late) =
            one(&own, r#"{"d":[{"level":"1.5"}],"u":"m","ts":1789999990}"#).unwrap();
        assert!((value - 150.0).abs() < 1e-9);
        assert_eq!(late, -10_000);
        for (payload, kind) in [
            ("{", "payload"),
            (r#"{"d":[]}"#, "missing"),
            (r#"{"d":[{"level":null}],"u":"m","ts":1}"#, "missing"),
            (r#"{"d":[{"level":1}],"ts":1}"#, "missing"),
            (r#"{"d":[{"level":[1]}],"u":"m"}"#, "value"),
            (r#"{"d":[{"level":true}],"u":"m"}"#, "value"),
            (r#"{"d":[{"level":1}],"u":"dB","ts":1789999990}"#, "unit"),
            (r#"{"d":[{"level":1}],"u":7,"ts":1789999990}"#, "unit"),
            (r#"{"d":[{"level":1}],"u":"cm"}"#, "missing"),
            (r#"{"d":[{"level":1}],"u":"cm","ts":"yesterday"}"#, "time"),
            (r#"{"d":[{"level":1e400}],"u":"cm","ts":1}"#, "payload"),
        ] {
            let error = one(&own, payload).unwrap_err();
            assert_eq!(error.kind(), kind, "{payload}: {error}");
            assert!(error.to_string().contains("; "), "{error}");
        }
        let whole = Format::Json { value: String::new(), time: None, unit: None };
        assert_eq!(one(&decoder(whole, Quantity::Rain), "0.2").unwrap(), (0.2, 0));
    }

    #[test]
    fn times_are_told_apart_by_size() {
        let own = json(Some("/ts"), None);
        let late = |ts: &str| {
            one(&own, &format!(r#"{{"d":[{{"level":1}}],"ts":{ts}}}"#)).map(|(_, late)| late)
        };
        for (ts, want) in [
            ("1789999990", -10_000),
            ("1789999990.25", -9_750),
            ("1789999990000", -10_000),
            ("1789999990000000", -10_000),
            ("1789999990000000000", -10_000),
            ("\"1789999990\"", -10_000),
            (&format!("\"{NOW}\""), 0),
            ("\"2026-09-21T21:13:10+07:00\"", -10_000),
        ] {
            assert_eq!(late(ts), Ok(want), "{ts}");
        }
        for bad in ["-5", "1e300", "\"2026-09-21T21:13:10\"", "true", "99999999999999999999"] {
            assert_eq!(late(bad).unwrap_err().kind(), "time", "{bad}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_true_is_refused() {
        let mut own = json(Some("/ts"), None);
        let payload =
            |secs: i64| format!(r#"{{"d":[{{"level":1}}],"ts":{}}}"#, 1_790_000_000 + secs);
        assert_eq!(one(&own, &payload(-86_400)).unwrap().1, -86_400_000);
        assert_eq!(one(&own, &payload(300)).unwrap().1, 300_000);
        let told = one(&own, &payload(-90_000)).unwrap_err().to_string();
        assert!(told.contains("90000 s before it arrived, and 86400 s are the most"), "{told}");
        let told = one(&own, &payload(301)).unwrap_err().to_string();
        assert!(told.contains("301 s after it arrived, and 300 s are the most"), "{told}");
        own.offset_ms = -3_600_000;
        assert_eq!(one(&own, &payload(3_600)).unwrap().1, 0, "the offset comes first");
        own.clock = SensorClock::Arrival;
        assert_eq!(one(&own, &payload(900_000)).unwrap().1, 0, "an unbelieved clock may be wrong");
    }

    #[test]
    fn a_decoder_survives_saving() {
        let own = json(Some("/ts"), None);
        let text = serde_json::to_string(&own).unwrap();
        assert_eq!(serde_json::from_str::<Decoder>(&text).unwrap(), own);
    }
}
