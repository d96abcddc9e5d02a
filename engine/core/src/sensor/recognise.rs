//! What a message is that was taken for a reading and is none: so that who set up the sensor reads
//! what came, and what to set, instead of "not JSON".

use serde_json::Value;

/// Fields that a discovery message of Home Assistant names its reading's topic by.
const STATE_TOPICS: [&str; 2] = ["state_topic", "stat_t"];
/// First bytes of packed and other binary data.
const MAGIC: [(&[u8], &str); 8] = [
    (&[0x1f, 0x8b], "data packed by gzip"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "data packed by Zstandard"),
    (&[0x04, 0x22, 0x4d, 0x18], "data packed by LZ4"),
    (b"PK\x03\x04", "a ZIP file"),
    (b"BZh", "data packed by bzip2"),
    (&[0xff, 0xd8, 0xff], "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (&[0xef, 0xbb, 0xbf], "text with a byte order mark"),
];

/// What a message on `topic` looks like, and what to do, where that is known.
pub fn recognise(topic: &str, payload: &[u8]) -> Option<String> {
    let looks = |what: &str, remedy: &str| {
        Some(format!("this looks like {what}, and not like a reading; {remedy}"))
    };
    if topic.starts_with("spBv1.0/") || topic.starts_with("spAv1.0/") || is_sparkplug(payload) {
        let remedy = "set `topic` to one on which the gateway sends JSON or plain numbers; Sparkplug \
                      is not read";
        return looks("Sparkplug B (protobuf)", remedy);
    }
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| payload.starts_with(magic)) {
        return looks(what, "let the sensor send it unpacked, as text");
    }
    if is_zlib(payload) {
        return looks("data packed by zlib", "let the sensor send it unpacked, as text");
    }
    if is_senml_cbor(payload) {
        return looks(
            "a SenML pack in CBOR",
            "let the sensor send SenML as JSON, and set format = \"senml\"",
        );
    }
    match std::str::from_utf8(payload) {
        Ok(text) => recognise_text(topic, text.trim()),
        Err(_) if is_cbor_map(payload) => {
            looks("CBOR", "let the sensor send JSON, and set format = \"json\"")
        }
        Err(_) => looks(
            "binary data",
            "let the sensor, or a decoder before it, send JSON or plain numbers",
        ),
    }
}

fn recognise_text(topic: &str, text: &str) -> Option<String> {
    let looks = |what: &str, remedy: &str| Some(format!("this looks like {what}; {remedy}"));
    if let Some(json) =
        text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
    {
        return recognise_json(topic, &json);
    }
    if text.parse::<f64>().is_ok() {
        return looks("a number alone", "set format = \"plain\"");
    }
    if text.starts_with('<') {
        return looks("XML, which is not read", "let the sensor send JSON or plain numbers");
    }
    let fields = || text.split('&').all(|f| f.split_once('=').is_some_and(|(key, _)| is_word(key)));
    if text.contains('&') && fields() {
        return looks("a form (key=value&…)", "set format = \"form\", and `value` to \"/key\"");
    }
    None
}

fn recognise_json(topic: &str, json: &Value) -> Option<String> {
    let state = STATE_TOPICS.iter().find_map(|key| json.get(key)?.as_str());
    let of_device =
        ["unique_id", "uniq_id", "device", "dev", "unit_of_measurement", "unit_of_meas"];
    let discovers = topic.starts_with("homeassistant/") && topic.ends_with("/config")
        || state.is_some() && of_device.iter().any(|key| json.get(key).is_some());
    if discovers {
        let base = json.get("~").and_then(Value::as_str).unwrap_or_default();
        let where_to = match state {
            Some(state) => {
                format!("{:?}", state.replace('~', base).chars().take(200).collect::<String>())
            }
            None => "its state topic".into(),
        };
        return Some(format!(
            "this looks like a discovery message of Home Assistant: it says where readings come, and \
             holds none; set `topic` to {where_to}"
        ));
    }
    let record = json.as_array()?.first()?.as_object()?;
    let named = record.contains_key("n") || record.contains_key("bn");
    let valued = ["v", "vs", "vb", "vd", "bt", "bu"].iter().any(|key| record.contains_key(*key));
    (named && valued).then(|| {
        "this looks like SenML; set format = \"senml\", and `name` where it has several".into()
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.%".contains(&b))
}

/// The header of RFC 1950: its 16 bits are a multiple of 31.
fn is_zlib(payload: &[u8]) -> bool {
    matches!(payload, [0x78, flags, _, ..] if (0x7800 + u16::from(*flags)).is_multiple_of(31))
        && std::str::from_utf8(payload).is_err()
}

/// A Sparkplug payload: timestamp (1), metrics (2), sequence (3), uuid (4), body (5) and nothing
/// else, with a time of this century and a metric.
fn is_sparkplug(payload: &[u8]) -> bool {
    let (mut rest, mut timed, mut metrics) = (payload, false, 0);
    while !rest.is_empty() {
        let Some((tag, after)) = varint(rest) else { return false };
        let (field, kind) = (tag >> 3, tag & 7);
        let Some((number, after)) = varint(after) else { return false };
        rest = match (field, kind) {
            (1, 0) => {
                timed = (946_684_800_000..4_102_444_800_000).contains(&number);
                after
            }
            (3, 0) => after,
            (2 | 4 | 5, 2) => {
                metrics += usize::from(field == 2);
                match usize::try_from(number).ok().and_then(|n| after.get(n..)) {
                    Some(after) => after,
                    None => return false,
                }
            }
            _ => return false,
        };
    }
    timed && metrics > 0
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i).min(63);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(i + 1..)?));
        }
    }
    None
}

/// A list of maps whose first key is one of RFC 8428's labels.
fn is_senml_cbor(payload: &[u8]) -> bool {
    let ([0x81..=0x97 | 0x9f, rest @ ..] | [0x98, _, rest @ ..]) = payload else { return false };
    let [0xa1..=0xb7 | 0xbf, rest @ ..] = rest else { return false };
    // Labels -6 to 8 as CBOR writes them.
    matches!(rest, [0x00..=0x08 | 0x20..=0x25, ..])
}

fn is_cbor_map(payload: &[u8]) -> bool {
    // A map whose first key is a text or a small number.
    matches!(payload, [0xa1..=0xb7 | 0xbf, 0x00..=0x17 | 0x61..=0x77, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(topic: &str, payload: &[u8]) -> String {
        recognise(topic, payload).unwrap_or_default()
    }

    #[test]
    fn formats_are_named_with_what_to_set() {
        let zlib = [0x78, 0x9c, 0xab, 0x56, 0x4a, 0xce];
        // Timestamp 1732860000000, one metric "level" = 1.5 (double), sequence 7.
        let mut sparkplug = vec![0x08, 0x80, 0xee, 0xd0, 0xa1, 0xb7, 0x32];
        sparkplug.extend([0x12, 0x12, 0x0a, 5]);
        sparkplug.extend(b"level");
        sparkplug.extend([0x20, 10, 0x69, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x18, 7]);
        let senml =
            [0x81, 0xa3, 0x21, 0x65, b'u', b'r', b'n', b':', b'1', 0x00, 0x61, b'a', 0x02, 0x01];
        for (topic, payload, what, remedy) in [
            ("t", &[0x1f, 0x8b, 8, 0][..], "gzip", "unpacked"),
            ("t", &zlib, "zlib", "unpacked"),
            ("t", &[0x28, 0xb5, 0x2f, 0xfd], "Zstandard", "unpacked"),
            ("t", &sparkplug, "Sparkplug B", "`topic`"),
            ("spBv1.0/plant/DDATA/node/pump", b"{}", "Sparkplug B", "`topic`"),
            ("t", &senml, "SenML pack in CBOR", "format = \"senml\""),
            (
                "t",
                &[0xa1, 0x61, b'v', 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
                "CBOR",
                "format = \"json\"",
            ),
            ("t", &[0xff, 0x00, 0x12], "binary data", "JSON"),
            ("t", b"12.5", "number alone", "format = \"plain\""),
            ("t", b"<r v='1'/>", "XML", "JSON"),
            ("t", b"PASSKEY=1&dateutc=2026-11-29+03:00:00&tempf=80", "form", "format = \"form\""),
            ("t", br#"[{"bn":"urn:dev:1","n":"level","v":1}]"#, "SenML", "format = \"senml\""),
        ] {
            let told = says(topic, payload);
            assert!(told.contains(what) && told.contains(remedy), "{payload:?}: {told}");
        }
        let config = br#"{"~":"home/rain","name":"Rain","stat_t":"~/state","uniq_id":"r1","dev":{"ids":"x"}}"#;
        for topic in ["homeassistant/sensor/rain/config", "other"] {
            let told = says(topic, config);
            assert!(
                told.contains("Home Assistant") && told.contains("\"home/rain/state\""),
                "{told}"
            );
        }
        for reading in [&br#"{"level":1.5}"#[..], b"open", b"[1,2]", b"", b"a=b"] {
            assert_eq!(recognise("t", reading), None, "{reading:?}");
        }
    }

    #[test]
    fn any_bytes_are_survived() {
        let mut seed = 7u64;
        for len in 0..2_000usize {
            let bytes: Vec<u8> = (0..len % 40)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (seed >> 56) as u8
                })
                .collect();
            let _ = recognise("t", &bytes);
        }
    }
}
