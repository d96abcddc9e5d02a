//! What payloads are read as, and in which words they are refused.

use super::super::decoder::When;
use super::super::quantity::{Quantity, Unit};
use super::*;
use jiff::tz::TimeZone;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn decoder(format: Format, quantity: Quantity) -> Decoder {
    Decoder::new(format, quantity)
}

fn json(time: Option<&str>, unit: Option<&str>) -> Decoder {
    let [time, unit] = [time, unit].map(|at| at.map(str::to_owned));
    let pointers = Pointers { value: "/d/0/level".into(), time, unit, each: None };
    decoder(Format::Json(pointers), Quantity::WaterLevel)
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
    for bad in ["", " \n", "nan", "inf", "1e999", "infinity", "1,5", "0x10", "open", "1 2", "-"] {
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
    let (value, late) = one(&own, r#"{"d":[{"level":"1.5"}],"u":"m","ts":1789999990}"#).unwrap();
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
    let whole = Format::Json(Pointers::default());
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
    let payload = |secs: i64| format!(r#"{{"d":[{{"level":1}}],"ts":{}}}"#, 1_790_000_000 + secs);
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

/// A reading of rain at `/mm`, with the time at `/t`.
fn rain(each: Option<&str>) -> Decoder {
    let pointers = Pointers {
        value: "/mm".into(),
        time: Some("/t".into()),
        unit: None,
        each: each.map(str::to_owned),
    };
    decoder(Format::Json(pointers), Quantity::Rain)
}

/// Values and seconds before now.
fn all(decoder: &Decoder, payload: &str) -> Result<Vec<(f64, i64)>, DecodeError> {
    let samples = decode(decoder, payload.as_bytes(), NOW)?;
    Ok(samples.iter().map(|s| (s.value, s.at.offset_ms(NOW) / 1000)).collect())
}

#[test]
fn a_list_is_read_whole_or_not_at_all() {
    let list = r#"[{"mm":1,"t":1789999990},{"mm":2,"t":1789999970},{"mm":3,"t":1789999980}]"#;
    assert_eq!(all(&rain(None), list).unwrap(), [(2.0, -30), (3.0, -20), (1.0, -10)]);
    let inside = format!(r#"{{"station":"a","rows":{list}}}"#);
    assert_eq!(all(&rain(Some("/rows")), &inside).unwrap().len(), 3);
    // What all have in common may stand once.
    let once = r#"{"t":1789999990,"rows":[{"mm":1},{"mm":2,"t":1789999980}]}"#;
    assert_eq!(all(&rain(Some("/rows")), once).unwrap(), [(2.0, -20), (1.0, -10)]);
    assert_eq!(all(&rain(None), "[]").unwrap(), []);
    for (bad, kind, what) in [
        (r#"[{"mm":1,"t":1789999990},{"mm":"x","t":1789999980}]"#, "value", "reading 2 of 2: "),
        (r#"[{"mm":1,"t":1789999990},{"t":1789999980}]"#, "missing", "reading 2 of 2: "),
        (r#"[{"mm":1,"t":1789999990},3]"#, "missing", "reading 2 of 2: "),
        (r#"[{"mm":1,"t":1}]"#, "time", "reading 1 of 1: "),
    ] {
        let error = all(&rain(None), bad).unwrap_err();
        assert_eq!(error.kind(), kind, "{bad}");
        assert!(error.to_string().contains(what), "{error}");
    }
    assert_eq!(all(&rain(Some("/rows")), r#"{"rows":7}"#).unwrap_err().kind(), "payload");
    assert_eq!(all(&rain(Some("/rows")), r#"{"mm":7}"#).unwrap_err().kind(), "missing");
    let list_of_numbers = all(&rain(None), r#"{"mm":[1,2],"t":1789999990}"#).unwrap_err();
    assert!(list_of_numbers.to_string().contains("the value is a list"), "{list_of_numbers}");
}

#[test]
fn readings_of_one_list_without_times_are_as_many_as_they_are() {
    let mut own = rain(None);
    own.clock = SensorClock::Arrival;
    let samples = decode(&own, br#"[{"mm":0.2},{"mm":0.2},{"mm":0.4}]"#, NOW).unwrap();
    let times: Vec<u64> = samples.iter().map(|s| s.at.0 - NOW.0).collect();
    assert_eq!(times, [0, 1, 2]);
}

#[test]
fn messages_of_another_kind_are_passed_over() {
    let mut own = rain(None);
    let other = r#"{"method":"NotifyEvent","t":1789999990}"#;
    assert_eq!(all(&own, other).unwrap_err().kind(), "missing");
    own.optional = true;
    assert_eq!(all(&own, other).unwrap(), []);
    assert_eq!(all(&own, r#"{"mm":null}"#).unwrap(), [], "nothing is known yet");
    assert_eq!(all(&own, r#"{"mm":"x"}"#).unwrap_err().kind(), "value", "that is a fault");
    own.optional = false;
    own.when = Some(When { at: "/dev".into(), is: Some("a1".into()) });
    let says = |dev: &str| all(&own, &format!(r#"{{"dev":{dev},"mm":1,"t":1789999990}}"#));
    assert_eq!(says("\"a1\"").unwrap(), [(1.0, -10)]);
    assert_eq!((says("\"a2\"").unwrap(), says("7").unwrap()), (vec![], vec![]));
    assert_eq!(all(&own, r#"{"mm":"x"}"#).unwrap(), [], "not even looked at");
    let list = r#"[{"dev":"a1","mm":1,"t":1789999990},{"dev":"a2","mm":"x"}]"#;
    assert_eq!(all(&own, list).unwrap(), [(1.0, -10)]);
    own.when = Some(When { at: "/port".into(), is: Some("2".into()) });
    assert_eq!(all(&own, r#"{"port":2,"mm":1,"t":1789999990}"#).unwrap(), [(1.0, -10)]);
}

#[test]
fn numbers_are_scaled_and_doors_turned_round() {
    let mut level = json(None, None);
    (level.scale, level.offset, level.unit) = (-0.1, 250.0, Unit::Centimetre);
    let (value, _) = one(&level, r#"{"d":[{"level":1800}]}"#).unwrap();
    assert!((value - 70.0).abs() < 1e-9, "hung over the water: {value}");
    let mut door = decoder(Format::Plain, Quantity::Door);
    door.invert = true;
    for (text, want) in [("true", 0.0), ("OFF", 1.0), ("0", 1.0), ("1", 0.0), ("closed", 1.0)] {
        assert_eq!(one(&door, text).unwrap().0.to_bits(), f64::to_bits(want), "{text}");
    }
    assert_eq!(one(&door, "2").unwrap_err().kind(), "value");
}

#[test]
fn times_without_an_offset_are_of_the_zone_that_is_set() {
    let mut own = json(Some("/ts"), None);
    let late = |own: &Decoder, ts: &str| {
        one(own, &format!(r#"{{"d":[{{"level":1}}],"ts":"{ts}"}}"#)).map(|(_, late)| late)
    };
    let told = late(&own, "2026-09-21T21:13:10").unwrap_err();
    assert!(told.to_string().contains("set `time_zone`"), "{told}");
    own.time_zone = Some(TimeZone::get("Asia/Ho_Chi_Minh").unwrap());
    assert_eq!(late(&own, "2026-09-21T21:13:10"), Ok(-10_000));
    assert_eq!(late(&own, "2026-09-21 21:13:10"), Ok(-10_000));
    assert_eq!(late(&own, "2026-09-21T14:13:10Z"), Ok(-10_000), "its own offset counts");
    own.time_zone = Some(TimeZone::UTC);
    assert_eq!(late(&own, "2026-09-21 14:13:10"), Ok(-10_000));
    let interval = "2026-09-21T14:03:10Z/2026-09-21T14:13:10Z";
    assert_eq!(late(&own, interval), Ok(-10_000), "the end of an interval");
    assert_eq!(late(&own, "2026-09-21").unwrap_err().kind(), "time");
}

#[test]
fn forms_are_read_as_texts() {
    let pointers = Pointers {
        value: "/hourlyrainin".into(),
        time: Some("/dateutc".into()),
        ..rain_pointers()
    };
    let mut own = decoder(Format::Form(pointers), Quantity::Rain);
    own.unit = Unit::Inch;
    own.time_zone = Some(TimeZone::UTC);
    let payload = "PASSKEY=0&dateutc=2026-09-21+14:13:10&tempf=81.5&hourlyrainin=0.5";
    let samples = all(&own, payload).unwrap();
    assert_eq!(samples, [(12.7, -10)]);
    assert_eq!(all(&own, "1.5").unwrap_err().kind(), "payload");
}

fn rain_pointers() -> Pointers {
    Pointers::default()
}
