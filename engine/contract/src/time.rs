//! Time as data. Nothing here reads a clock.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// A point in time: nanoseconds since the Unix epoch, UTC, leap seconds ignored.
///
/// In files and commands it is RFC 3339 with nine fraction digits at most, in UTC (`…Z`); what a box says in
/// messages is a [`LocalTime`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The time `secs` seconds after the epoch; for tests and fixtures.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// `self - earlier`, or zero when `earlier` is later (cameras do step back).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// `self - other` in milliseconds, negative when `other` is later.
    pub fn offset_ms(self, other: Self) -> i64 {
        (i128::from(self.0) - i128::from(other.0)).div_euclid(1_000_000) as i64
    }

    /// The time `by` later; stays at the end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The time `ns` later, or earlier when it is negative; stays within time.
    #[must_use]
    pub fn shifted(self, ns: i64) -> Self {
        Self(self.0.saturating_add_signed(ns))
    }

    /// Whole milliseconds since the epoch.
    pub fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    fn instant(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::MAX)
    }

    /// Civil time in `zone`.
    pub fn in_zone(self, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
        self.instant().to_zoned(zone.clone())
    }

    /// As messages tell it: in whole milliseconds, with the offset that `zone` has then.
    pub fn local(self, zone: &jiff::tz::TimeZone) -> LocalTime {
        LocalTime { at: self.whole_ms(), offset: self.in_zone(zone).offset() }
    }

    /// As messages tell it, so many seconds east of UTC; offsets that no zone has count as none.
    pub fn at_offset(self, secs: i32) -> LocalTime {
        let offset = jiff::tz::Offset::from_seconds(secs).unwrap_or(jiff::tz::Offset::UTC);
        LocalTime { at: self.whole_ms(), offset }
    }

    fn whole_ms(self) -> Self {
        Self(self.0 - self.0 % 1_000_000)
    }

    /// RFC 3339 with the zone's offset and milliseconds: `2026-11-22T08:14:03.120+07:00`.
    pub fn rfc3339(self, zone: &jiff::tz::TimeZone) -> String {
        self.in_zone(zone).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.instant().fmt(f)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at: jiff::Timestamp = text
            .parse()
            .map_err(|e| format!("{text:?} is not an RFC 3339 time with an offset: {e}"))?;
        u64::try_from(at.as_nanosecond())
            .map(Self)
            .map_err(|_| format!("{text:?} lies before 1970"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A point in time as messages tell it: RFC 3339 with the offset of the teller's zone and milliseconds,
/// `2026-11-22T08:14:03.120+07:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    at: Timestamp,
    offset: jiff::tz::Offset,
}

impl LocalTime {
    /// The point in time.
    pub fn at(self) -> Timestamp {
        self.at
    }

    /// Seconds east of UTC, where it was told.
    pub fn offset_secs(self) -> i32 {
        self.offset.seconds()
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at.rfc3339(&jiff::tz::TimeZone::fixed(self.offset)))
    }
}

impl std::str::FromStr for LocalTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Messages are handed on as they came, and few readers know more of ISO 8601 than this.
        if !is_rfc3339(text) {
            return Err(format!(
                "{text:?} is not an RFC 3339 time with an offset, as 2026-11-22T08:14:03.120+07:00"
            ));
        }
        let at = text.parse::<Timestamp>()?.whole_ms();
        let pieces = jiff::fmt::temporal::Pieces::parse(text).map_err(|e| e.to_string())?;
        let offset = pieces.to_numeric_offset().unwrap_or(jiff::tz::Offset::UTC);
        Ok(Self { at, offset })
    }
}

/// Is it written so: `0000-00-00T00:00:00`, a fraction or none, and `Z` or `+00:00`? No minute has a second 60 here.
fn is_rfc3339(text: &str) -> bool {
    let fits = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == form,
            })
    };
    let Some((whole, rest)) = text.split_at_checked("0000-00-00T00:00:00".len()) else {
        return false;
    };
    let offset = match rest.strip_prefix('.') {
        Some(rest) => {
            let offset = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if offset.len() == rest.len() {
                return false;
            }
            offset
        }
        None => rest,
    };
    let offsets = ["Z", "+00:00", "-00:00"];
    fits(whole, "0000-00-00T00:00:00")
        && whole.as_bytes()[17] < b'6'
        && offsets.into_iter().any(|form| fits(offset, form))
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// By which clock a frame's own time is known. Event time never follows the camera's clock: it is
/// when the frame reached the box, or its place in a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockSource {
    /// The camera tells its own clock, by RTCP sender reports.
    Rtcp,
    /// It does not: only when the frame reached the box is known.
    #[default]
    Arrival,
    /// The position in a recording, added to the recording's start.
    Recording,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trip_and_zone() {
        let at: Timestamp = "2026-11-22T08:14:03.120+07:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-22T01:14:03.12Z");
        let hue = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        assert_eq!(at.rfc3339(&hue), "2026-11-22T08:14:03.120+07:00");
        let back: Timestamp = serde_json::from_str(&serde_json::to_string(&at).unwrap()).unwrap();
        assert_eq!(back, at);
    }

    #[test]
    fn messages_keep_the_offset() {
        for text in ["2026-11-22T08:14:03.120+07:00", "2026-11-22T01:14:03.000-03:30"] {
            let time: LocalTime = text.parse().unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(time.at().at_offset(time.offset_secs()), time);
        }
        let zulu: LocalTime = "2026-11-22T01:14:03.12Z".parse().unwrap();
        assert_eq!(zulu.to_string(), "2026-11-22T01:14:03.120+00:00");
        let hue = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        assert_eq!(zulu.at().local(&hue).to_string(), "2026-11-22T08:14:03.120+07:00");
        for good in ["2026-11-22T01:14:03Z", "2026-11-22T01:14:03.123456789-00:30"] {
            assert!(good.parse::<LocalTime>().is_ok(), "{good}");
        }
        for bad in [
            "2026-11-22T01:14:03",
            "1969-01-01T00:00:00Z",
            "now",
            "",
            // Other forms of ISO 8601: what is handed on with them is read by nobody.
            "20261122T011403Z",
            "2026-11-22T01:14Z",
            "2026-11-22 01:14:03Z",
            "2026-11-22T01:14:60Z",
            "2026-11-22T01:14:03.Z",
            "2026-11-22T01:14:03,5Z",
            "2026-11-22T01:14:03+07",
            "2026-11-22T01:14:03+07:00:30",
            "2026-11-22T01:14:03+07:00[Asia/Ho_Chi_Minh]",
            "+002026-11-22T01:14:03Z",
        ] {
            assert!(bad.parse::<LocalTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn stepping_back_is_zero_not_a_panic() {
        let (early, late) = (Timestamp::from_secs(1), Timestamp::from_secs(3));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.offset_ms(late), -2000);
        assert_eq!(Timestamp(u64::MAX).plus(Duration::from_secs(1)), Timestamp(u64::MAX));
    }
}
