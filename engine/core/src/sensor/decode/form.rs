//! `key=value&key=value` → JSON of texts: what weather stations post, and some send over MQTT.

use super::super::decoder::{DecodeError, quoted};
use serde_json::{Map, Value};

/// Most fields that are read.
const FIELDS_MAX: usize = 1_000;

pub(super) fn parse(text: &str) -> Result<Value, DecodeError> {
    let mut fields = Map::new();
    for field in text.trim().split('&').take(FIELDS_MAX) {
        let Some((key, value)) = field.split_once('=') else {
            let what = format!("{} is no key=value", quoted(field));
            return Err(DecodeError::Payload(format!("{what}; set another `format`")));
        };
        fields.insert(plain(key), Value::String(plain(value)));
    }
    Ok(Value::Object(fields))
}

/// Without the codes of a form: `+` is a space, `%3A` a colon.
fn plain(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read() {
        let fields = parse("dateutc=2026-11-29+03:00:00&t=%2D1%2e5%&n=%C3%A9%zz\n").unwrap();
        assert_eq!(fields["dateutc"], "2026-11-29 03:00:00");
        assert_eq!((&fields["t"], &fields["n"]), (&"-1.5%".into(), &"é%zz".into()));
        for bad in ["1.5", "{}", "a=1&b"] {
            assert_eq!(parse(bad).unwrap_err().kind(), "payload", "{bad}");
        }
    }
}
