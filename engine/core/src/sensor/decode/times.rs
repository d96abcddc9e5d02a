//! The times that sensors write.

use super::super::decoder::{DecodeError, shown};
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Number, Value};

/// Reads a time; `zone` is that of times without an offset.
pub(super) fn read(time: &Value, zone: Option<&TimeZone>) -> Result<Timestamp, DecodeError> {
    let bad = |why: &str, remedy: &str| {
        DecodeError::Time(format!("{} is not a time{why}; {remedy}", shown(time)))
    };
    let usual = "send RFC 3339 text or seconds since 1970";
    match time {
        Value::Number(number) => unix(number).ok_or_else(|| bad("", usual)),
        Value::String(text) => {
            // An interval is over when its value is known.
            let text = text.rsplit('/').next().unwrap_or(text).trim();
            if let Ok(number) = text.parse::<Number>() {
                return unix(&number).ok_or_else(|| bad("", usual));
            }
            if let Ok(at) = text.parse() {
                return Ok(at);
            }
            let civil = text.parse::<jiff::civil::DateTime>().ok();
            // A day alone would be read as its midnight.
            match (civil.filter(|_| text.contains(':')), zone) {
                (Some(civil), Some(zone)) => {
                    let instant = civil.to_zoned(zone.clone()).map(|at| at.timestamp());
                    let nanos = instant.ok().map(jiff::Timestamp::as_nanosecond);
                    let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok());
                    nanos.map(Timestamp).ok_or_else(|| bad("", usual))
                }
                (Some(_), None) => Err(bad(
                    " with an offset from UTC",
                    "set `time_zone`: \"site\" for that of the site, \"UTC\", or another one",
                )),
                (None, _) => Err(bad("", usual)),
            }
        }
        _ => Err(bad("", usual)),
    }
}

/// The time that a number since 1970 means.
fn unix(number: &Number) -> Option<Timestamp> {
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
