//! `SenML` packs (RFC 8428) → samples.

use super::decoder::{DecodeError, Decoder, Sample, SensorClock, quoted, shifted, shown, unit_of};
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// The only version so far.
const VERSION_MAX: u64 = 10;
/// Times below this count from now: RFC 8428, section 4.5.3.
const RELATIVE_BELOW_SECS: f64 = 268_435_456.0;
/// The ways to tell a value.
const VALUES: [&str; 4] = ["v", "vb", "vs", "vd"];

type Record = Map<String, Value>;

/// Fields that hold for the records after them as well.
#[derive(Default)]
struct Base<'v> {
    name: &'v str,
    time_secs: f64,
    unit: Option<&'v Value>,
    value: f64,
    version: Option<u64>,
}

/// Reads a pack: the records of `name`, or all, which then must have one name.
pub(super) fn read(
    decoder: &Decoder,
    pack: &Value,
    name: Option<&str>,
    received: Timestamp,
) -> Result<Vec<Sample>, DecodeError> {
    let records = pack.as_array().ok_or_else(|| {
        bad(format!("a SenML pack is a list, not {}; set another `format`", shown(pack)))
    })?;
    let (mut base, mut samples, mut seen) = (Base::default(), Vec::new(), Vec::new());
    for record in records {
        let record = record.as_object().ok_or_else(|| {
            bad(format!("a SenML record is an object, not {}; check the sensor", shown(record)))
        })?;
        base.take(record)?;
        let Some(value) = value(record)? else { continue };
        let own = format!("{}{}", base.name, text(record, "n")?.unwrap_or_default());
        check_name(&own)?;
        let meant = name.is_none_or(|name| name == own);
        if !seen.contains(&own) {
            seen.push(own);
        }
        if meant {
            samples.push(base.sample(decoder, record, value, received)?);
        }
    }
    match (name, seen.as_slice()) {
        (None, [_, _, ..]) => Err(DecodeError::Missing(format!(
            "the pack tells of {}; choose one by `name`",
            listed(&seen)
        ))),
        (Some(_), [_, ..]) if samples.is_empty() && decoder.optional => Ok(samples),
        (Some(name), seen) if samples.is_empty() => Err(DecodeError::Missing(format!(
            "the pack has no value of {}, only of {}; correct `name`",
            quoted(name),
            listed(seen)
        ))),
        _ if samples.is_empty() => {
            Err(DecodeError::Missing("the pack holds no value; check the sensor".into()))
        }
        _ => Ok(samples),
    }
}

fn bad(what: String) -> DecodeError {
    DecodeError::Payload(what)
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| quoted(name)).collect();
    let more = if names.len() > 5 { " and others" } else { "" };
    if shown.is_empty() { "nothing".into() } else { shown.join(", ") + more }
}

/// RFC 8428, section 4.5.1.
fn check_name(name: &str) -> Result<(), DecodeError> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:./_".contains(&b));
    if first && rest {
        return Ok(());
    }
    let what = format!("{} is not a name of SenML", quoted(name));
    Err(bad(format!("{what}; use letters, digits and -:./_, and begin with a letter or digit")))
}

/// The value field of a record, if it has one.
fn value(record: &Record) -> Result<Option<&Value>, DecodeError> {
    let mut values = VALUES.iter().filter_map(|key| Some((*key, record.get(*key)?)));
    match (values.next(), values.next()) {
        (Some((one, _)), Some((other, _))) => {
            Err(bad(format!("a record has both {one} and {other}; check the sensor")))
        }
        (Some((_, value)), None) => Ok(Some(value)),
        // A sum, which is not read, or only base fields.
        _ => Ok(None),
    }
}

fn text<'v>(record: &'v Record, key: &str) -> Result<Option<&'v str>, DecodeError> {
    match record.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => {
            Err(bad(format!("`{key}` must be text, not {}; check the sensor", shown(other))))
        }
    }
}

fn number(record: &Record, key: &str) -> Result<Option<f64>, DecodeError> {
    let Some(value) = record.get(key) else { return Ok(None) };
    let number = value.as_f64().filter(|number| number.is_finite());
    number.map(Some).ok_or_else(|| {
        bad(format!("`{key}` must be a number, not {}; check the sensor", shown(value)))
    })
}

impl<'v> Base<'v> {
    /// Takes over the base fields of a record.
    fn take(&mut self, record: &'v Record) -> Result<(), DecodeError> {
        // A field that must be understood ends in `_`: RFC 8428, section 4.4.
        if let Some(key) = record.keys().find(|key| key.ends_with('_')) {
            let what = format!("the field {} must be understood and is not", quoted(key));
            return Err(bad(format!("{what}; let the sensor leave it out")));
        }
        if let Some(version) = record.get("bver") {
            let known = version.as_u64().filter(|v| (1..=VERSION_MAX).contains(v));
            if known.is_none() || self.version.is_some_and(|v| Some(v) != known) {
                let what = format!("version {} of SenML is not read here", shown(version));
                return Err(bad(format!("{what}; use {VERSION_MAX} in the whole pack")));
            }
            self.version = known;
        }
        self.name = text(record, "bn")?.unwrap_or(self.name);
        self.time_secs = number(record, "bt")?.unwrap_or(self.time_secs);
        self.value = number(record, "bv")?.unwrap_or(self.value);
        self.unit = record.get("bu").or(self.unit);
        Ok(())
    }

    fn sample(
        &self,
        decoder: &Decoder,
        record: &Record,
        value: &Value,
        received: Timestamp,
    ) -> Result<Sample, DecodeError> {
        let unit = match record.get("u").or(self.unit) {
            Some(unit) => unit_of(unit)?,
            None => decoder.unit,
        };
        let value = match value.as_f64() {
            // `vd` and `vs` are text, `vb` true or false: the decoder says what it makes of them.
            Some(number) if record.contains_key("v") => {
                decoder.value(&serde_json::json!(number + self.value), unit)?
            }
            _ if record.contains_key("v") => {
                return Err(DecodeError::Value(format!(
                    "`v` must be a number, not {}; check the sensor",
                    shown(value)
                )));
            }
            _ => decoder.value(value, unit)?,
        };
        let time_secs = self.time_secs + number(record, "t")?.unwrap_or_default();
        Ok(Sample { at: at(decoder, time_secs, received)?, value })
    }
}

/// When a record was measured. A relative time counts back from the arrival, so that it is good
/// also where the sensor's clock is not believed.
fn at(decoder: &Decoder, time_secs: f64, received: Timestamp) -> Result<Timestamp, DecodeError> {
    // Whole microseconds: 53 bits hold no more at today's dates.
    let nanos = (time_secs * 1e6).round() as i128 * 1000;
    let relative = time_secs < RELATIVE_BELOW_SECS;
    let at = if relative { shifted(received, nanos) } else { shifted(Timestamp(0), nanos) };
    match decoder.clock {
        SensorClock::Arrival if !relative => Ok(received),
        // The box's clock needs no offset, but also such a time may be absurd.
        SensorClock::Arrival => Decoder { offset_ms: 0, ..decoder.clone() }.believed(at, received),
        SensorClock::Sensor => decoder.believed(at, received),
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::decode;
    use super::super::decoder::Format;
    use super::super::quantity::Quantity;
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn decoder(name: Option<&str>, quantity: Quantity) -> Decoder {
        Decoder::new(Format::Senml { name: name.map(str::to_owned) }, quantity)
    }

    /// Value and milliseconds from now of each sample.
    fn samples(decoder: &Decoder, pack: &str) -> Result<Vec<(f64, i64)>, DecodeError> {
        let samples = decode(decoder, pack.as_bytes(), NOW)?;
        Ok(samples.iter().map(|s| (s.value, s.at.offset_ms(NOW))).collect())
    }

    #[test]
    fn base_fields_hold_for_what_follows() {
        let level = decoder(Some("urn:dev:7/level"), Quantity::WaterLevel);
        let pack = r#"[
            {"bn":"urn:dev:7/","bt":1789999900,"bu":"m","bv":1,"bver":10,"n":"level","v":0.5},
            {"n":"level","t":10.5,"v":0.25,"s":7},
            {"n":"battery","u":"%RH","v":80},
            {"n":"level","u":"cm","t":-5,"v":2},
            {"n":"level","s":9},
            {"bs":3,"hint":"of no meaning here"}
        ]"#;
        assert_eq!(
            samples(&level, pack).unwrap(),
            [(3.0, -105_000), (150.0, -100_000), (125.0, -89_500)],
            "by time, each in cm"
        );
    }

    #[test]
    fn relative_times_count_from_the_arrival() {
        let mut noise = decoder(None, Quantity::Noise);
        let pack = r#"[{"n":"a","v":1},{"n":"a","t":-60,"v":2},{"n":"a","t":1789999990,"v":3}]"#;
        assert_eq!(samples(&noise, pack).unwrap(), [(2.0, -60_000), (3.0, -10_000), (1.0, 0)]);
        noise.offset_ms = 5_000;
        noise.clock = SensorClock::Arrival;
        assert_eq!(samples(&noise, pack).unwrap(), [(2.0, -60_000), (1.0, 0), (3.0, 0)]);
        let old = r#"[{"n":"a","t":-90000,"v":2}]"#;
        assert_eq!(samples(&noise, old).unwrap_err().kind(), "time");
        let ahead = r#"[{"n":"a","t":1e8,"v":2}]"#;
        assert_eq!(samples(&noise, ahead).unwrap_err().kind(), "time");
    }

    #[test]
    fn doors_have_words() {
        let door = decoder(None, Quantity::Door);
        let pack = r#"[{"n":"d","vb":true},{"n":"d","t":-1,"vs":"closed"}]"#;
        assert_eq!(samples(&door, pack).unwrap(), [(0.0, -1_000), (1.0, 0)]);
    }

    #[test]
    fn bad_packs_are_refused_in_words() {
        for (pack, kind) in [
            ("{}", "payload"),
            ("[1]", "payload"),
            ("[]", "missing"),
            (r#"[{"n":"a"}]"#, "missing"),
            (r#"[{"v":1}]"#, "payload"),
            (r#"[{"n":"-a","v":1}]"#, "payload"),
            (r#"[{"n":7,"v":1}]"#, "payload"),
            (r#"[{"n":"a","v":1,"vs":"x"}]"#, "payload"),
            (r#"[{"n":"a","v":"1"}]"#, "value"),
            (r#"[{"n":"a","vd":"aGk"}]"#, "value"),
            (r#"[{"n":"a","vb":true}]"#, "value"),
            (r#"[{"n":"a","v":1,"t":"x"}]"#, "payload"),
            (r#"[{"n":"a","v":1,"u":"m"}]"#, "unit"),
            (r#"[{"n":"a","v":1,"must_":1}]"#, "payload"),
            (r#"[{"bver":11,"n":"a","v":1}]"#, "payload"),
            (r#"[{"bver":10,"n":"a","v":1},{"bver":9}]"#, "payload"),
            (r#"[{"n":"a","v":1},{"n":"b","v":1}]"#, "missing"),
        ] {
            let error = samples(&decoder(None, Quantity::Noise), pack).unwrap_err();
            assert_eq!(error.kind(), kind, "{pack}: {error}");
            assert!(error.to_string().contains("; "), "{error}");
        }
        let told = samples(&decoder(Some("b"), Quantity::Noise), r#"[{"n":"a","v":1}]"#);
        assert_eq!(
            told.unwrap_err().to_string(),
            r#"the pack has no value of "b", only of "a"; correct `name`"#
        );
    }
}
