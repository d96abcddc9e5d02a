//! Bytes as Base64 text (RFC 4648, section 4), whole groups of three bytes only: what is written
//! here has a fixed length that divides by three, so there is no padding.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode(bytes: &[u8]) -> String {
    debug_assert_eq!(bytes.len() % 3, 0, "no padding is written");
    let digit = |bits: u32| char::from(ALPHABET[(bits & 63) as usize]);
    let groups = bytes.as_chunks::<3>().0.iter();
    groups
        .flat_map(|[a, b, c]| {
            let bits = u32::from_be_bytes([0, *a, *b, *c]);
            [bits >> 18, bits >> 12, bits >> 6, bits].map(digit)
        })
        .collect()
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{} characters are no whole groups of Base64", text.len()));
    }
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for group in groups {
        let mut bits = 0u32;
        for digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return Err("a character that is not of Base64".into()),
            };
            bits = bits << 6 | u32::from(value);
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_rfc_says() {
        for (bytes, text) in [("", ""), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
        }
        let all: Vec<u8> = (0..=255).chain(0..2).collect();
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        assert!(decode("Zm9").is_err() && decode("Zg==").is_err());
    }
}
