//! A payload → samples: plain text, JSON by pointers, a form, or `SenML` (RFC 8428).
//!
//! Sensors are cheap and their clocks bad, so every way in which a payload can be wrong has words
//! of its own, and a time that cannot be true is refused: one reading from next year would make
//! every true one late.

mod form;
mod times;

use super::decoder::{
    DecodeError, Decoder, Format, Pointers, Sample, SensorClock, quoted, shown, unit_of,
};
use super::senml;
use crate::time::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// Longest payload that is read, bytes. A reading has tens, a day of them a few thousand.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 10;
/// Reads a payload that arrived at `received`: its samples by ascending time, all of them or an
/// error; none when it is a message of another kind, see [`When`](super::When) and
/// [`Decoder::optional`].
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

#[cfg(test)]
mod tests;
