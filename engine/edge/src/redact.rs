//! Takes secrets out of texts: the last guard, behind types that do not show themselves.
//!
//! Hidden are the secrets given to [`redact`], as they are, percent-encoded, or with quotes and
//! backslashes escaped, in any mixture; and whatever stands between `scheme://` and the last `@`
//! of a word. Too much hidden is a nuisance, too little is a leak, so doubts go to the former.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{PoisonError, RwLock};
use viahe_core::plan::Source;

/// What stands in place of a secret.
const MASK: &str = "***";

/// A shorter secret cannot be taken out by its letters without shredding every line.
const SECRET_BYTES_MIN: usize = 4;

/// Longer ones are keys in files, which nothing prints; bounds the depth of [`match_len`].
const SECRET_BYTES_MAX: usize = 4096;

/// Two for each of some hundred cameras, and the broker's.
const SECRETS_MAX: usize = 4096;

static SECRETS: RwLock<Vec<Pattern>> = RwLock::new(Vec::new());

/// Hides `secret` in all that is logged from now on, by anybody in this process.
///
/// False when it cannot be hidden by its letters: it is shorter than 4 bytes or longer than 4096,
/// or 4096 secrets are hidden already. Inside an address it is hidden all the same.
#[must_use = "tell the person who chose a secret that cannot be hidden"]
pub fn redact(secret: &str) -> bool {
    if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&secret.len()) {
        return false;
    }
    let pattern = Pattern::new(secret);
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    if secrets.contains(&pattern) {
        return true;
    }
    let room = secrets.len() < SECRETS_MAX;
    if room {
        secrets.push(pattern);
    }
    room
}

/// Hides a camera's password in all that is logged from now on. To be called in each process that
/// knows it, before anything connects; warns of one that cannot be hidden.
pub fn redact_source(source: &Source) {
    if let Source::Rtsp { login: Some((_, password)), .. } = source
        && !password.reveal().is_empty()
        && !redact(password.reveal())
    {
        tracing::warn!("a camera's password is too short to be hidden in logs; set a longer one");
    }
}

/// Hides what a person keeps apart from the pipeline (`${env:…}`, `${file:…}`) and a camera has in
/// its path: some take a token or a password there. What stands elsewhere in an address is a user
/// name or a host, and may be an ordinary word.
pub fn redact_in_path(secret: &str, source: &Source) {
    let Source::Rtsp { url, .. } = source else { return };
    let path =
        url.split_once("://").and_then(|(_, rest)| rest.find(['/', '?']).map(|at| &rest[at..]));
    let in_path = |path: &str| Pattern::new(secret).find(path.as_bytes()).next().is_some();
    if !secret.is_empty() && path.is_some_and(in_path) && !redact(secret) {
        tracing::warn!("a secret in a camera's path is too short to be hidden in logs");
    }
}

/// `text` without secrets.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    mask(text, &secrets)
}

fn mask<'a>(text: &'a str, secrets: &[Pattern]) -> Cow<'a, str> {
    let mut hidden: Vec<Range<usize>> = logins(text).collect();
    for secret in secrets {
        hidden.extend(secret.find(text.as_bytes()));
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in hidden {
        // An overlap is one hidden stretch: its parts must not show between two masks.
        if range.start >= done {
            out += &text[done..range.start];
            out += MASK;
        }
        done = done.max(range.end);
    }
    out += &text[done..];
    Cow::Owned(out)
}

/// A secret as a sequence of things to match.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// This byte, as it is or as `%XX`.
    Byte(u8),
    /// At least so many backslashes: escaping multiplies them.
    Backslashes(usize),
}

impl Pattern {
    fn new(secret: &str) -> Self {
        let mut tokens = Vec::with_capacity(secret.len());
        for byte in secret.bytes() {
            match tokens.last_mut() {
                Some(Token::Backslashes(n)) if byte == b'\\' => *n += 1,
                _ if byte == b'\\' => tokens.push(Token::Backslashes(1)),
                _ => tokens.push(Token::Byte(byte)),
            }
        }
        Self(tokens)
    }

    /// Where it occurs, overlaps included; each range starts and ends at a character.
    fn find<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
        let mut from = 0;
        std::iter::from_fn(move || {
            while from < text.len() {
                let start = from;
                from += 1;
                if let Some(len) = match_len(&self.0, &text[start..]) {
                    return Some(start..start + len);
                }
            }
            None
        })
    }
}

/// Bytes at the start of `text` that are the secret.
fn match_len(tokens: &[Token], text: &[u8]) -> Option<usize> {
    let Some((token, tokens)) = tokens.split_first() else { return Some(0) };
    let lens = match *token {
        Token::Byte(byte) => match_byte(byte, text),
        Token::Backslashes(count) => [match_backslashes(count, text), None],
    };
    let go_on = |len: usize| match_len(tokens, text.get(len..)?).map(|rest| len + rest);
    lens.into_iter().flatten().find_map(go_on)
}

/// Lengths that may stand for `byte`; a `%` is ambiguous in `%25`.
fn match_byte(byte: u8, text: &[u8]) -> [Option<usize>; 2] {
    let raw = (text.first() == Some(&byte)).then_some(1);
    let code = is_percent_code(byte, text).then_some(3);
    if raw.or(code).is_none() && (byte == b'"' || byte == b'\'') {
        let escapes = text.iter().take_while(|b| **b == b'\\').count();
        return [(text.get(escapes) == Some(&byte)).then_some(escapes + 1), None];
    }
    [code, raw]
}

fn match_backslashes(count: usize, text: &[u8]) -> Option<usize> {
    let run = text.iter().take_while(|b| **b == b'\\').count();
    if run >= count {
        return Some(run);
    }
    let codes = text.chunks_exact(3).take(count).take_while(|c| is_percent_code(b'\\', c));
    (codes.count() == count).then_some(3 * count)
}

fn is_percent_code(byte: u8, text: &[u8]) -> bool {
    let [b'%', high, low, ..] = *text else { return false };
    let digit = |c: u8| char::from(c).to_digit(16);
    digit(high).zip(digit(low)).is_some_and(|(h, l)| h * 16 + l == u32::from(byte))
}

/// What stands between `scheme://` and the last `@` of the same word: `user:password`, where the
/// password may hold anything but a space, also an unescaped `@`, `/` or `'`.
fn logins(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(colon, separator)| {
        let scheme = text.as_bytes()[..colon].last().is_some_and(u8::is_ascii_alphanumeric);
        let start = colon + separator.len();
        let word = &text[start..start + word_len(&text[start..])];
        let at = word.rfind('@')?;
        (scheme && at > 0).then_some(start..start + at)
    })
}

/// Up to a space, a control character, or a quote that is not escaped.
fn word_len(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        if c.is_whitespace() || c.is_control() || (c == '"' && !escaped) {
            return i;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// Writes whole lines without their secrets.
///
/// Each call of [`Write::write`] must carry one whole line, as the log layer's does. Nothing is
/// ever reported as failed: standard error may be closed, and the engine works on.
#[derive(Debug)]
pub struct RedactingWriter<W> {
    inner: W,
    json: bool,
}

impl<W: Write> RedactingWriter<W> {
    /// Guards `inner`; with `json`, each line is one JSON object and stays one.
    pub fn new(inner: W, json: bool) -> Self {
        Self { inner, json }
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let clean = redacted(&text);
        let clean = match clean {
            Cow::Owned(masked) if self.json => redacted_json(&text).unwrap_or(masked),
            other => other.into_owned(),
        };
        let _ = self.inner.write_all(clean.as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.inner.flush();
        Ok(())
    }
}

/// Masks inside the values, so that the line stays JSON.
fn redacted_json(line: &str) -> Option<String> {
    let mut value: serde_json::Value = serde_json::from_str(line).ok()?;
    redact_value(&mut value);
    Some(format!("{value}\n"))
}

fn redact_value(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            if let Cow::Owned(masked) = redacted(&number.to_string()) {
                *value = Value::String(masked);
            }
        }
        Value::String(text) => {
            if let Cow::Owned(masked) = redacted(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact_value),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(key, mut field)| {
                    redact_value(&mut field);
                    (redacted(&key).into_owned(), field)
                })
                .collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(text: &str, secrets: &[&str]) -> String {
        let secrets: Vec<Pattern> = secrets.iter().map(|s| Pattern::new(s)).collect();
        mask(text, &secrets).into_owned()
    }

    #[test]
    fn secrets_in_every_dress() {
        let secret = r#"p@ss/"w\rd ế"#;
        for dress in [
            secret.to_owned(),
            "p%40ss%2F%22w%5Crd%20%E1%BA%BF".to_owned(),
            "p%40ss%2f%22w%5crd%20%e1%ba%bf".to_owned(),
            "p%40ss/%22w\\rd%20ế".to_owned(),
            format!("{secret:?}").trim_matches('"').to_owned(),
            serde_json::to_string(&format!("{secret:?}")).unwrap().trim_matches('"').to_owned(),
        ] {
            let got = masked(&format!("login {dress}."), &[secret]);
            // Quotes around the secret may stay.
            assert!(
                got.starts_with("login ") && got.contains("***") && got.ends_with('.'),
                "{got}"
            );
            assert!(!got.contains("rd"), "{dress} -> {got}");
        }
    }

    #[test]
    fn logins_in_addresses() {
        for (text, want) in [
            ("rtsp://u:p@10.0.0.3:554/s1 gone", "rtsp://***@10.0.0.3:554/s1 gone"),
            ("(url=\"mqtts://admin:it's@h\")", "(url=\"mqtts://***@h\")"),
            ("rtsp://u:a@b/c@h/1", "rtsp://***@h/1"),
            ("rtsp://u:ế@h, http://v:q@i", "rtsp://***@h, http://***@i"),
            ("rtsp://h:554/s1", "rtsp://h:554/s1"),
            ("mail a@b.vn, see http://h/x", "mail a@b.vn, see http://h/x"),
            (r#"Url { at: \"rtsp://u:p@h\" }"#, r#"Url { at: \"rtsp://***@h\" }"#),
            ("://@", "://@"),
        ] {
            assert_eq!(masked(text, &[]), want, "{text}");
        }
    }

    #[test]
    fn overlapping_secrets_leave_no_rest() {
        assert_eq!(masked("-abcdefgh-", &["abcdef", "efgh", "abcd"]), "-***-");
        assert_eq!(masked("rtsp://u:abcd@h/efgh", &["abcd@h/ef", "abcd"]), "rtsp://***gh");
    }

    #[test]
    fn short_ones_are_refused() {
        assert!(!redact(""));
        assert!(!redact("abc"));
        assert!(redact("four-in-a-row"));
        assert!(redact("four-in-a-row"), "a second time is no harm");
        assert_eq!(redacted("x four%2Din-a-row"), "x ***");
    }

    #[test]
    fn what_is_kept_apart_is_a_secret_in_a_path_only() {
        let source = Source::Rtsp {
            url: "rtsp://host-of-it:554/live?key=of%20path".into(),
            login: None,
            transport: viahe_core::plan::Transport::Auto,
            ca: None,
        };
        for secret in ["viewer-name", "host-of-it", "of path"] {
            redact_in_path(secret, &source);
        }
        assert_eq!(redacted("viewer-name host-of-it of path"), "viewer-name host-of-it ***");
    }

    #[test]
    fn json_stays_json() {
        assert!(redact("98127634"));
        let mut out = Vec::new();
        let line =
            "{\"n\":981276345,\"s\":\"a 98127634\",\"l\":[\"98127634\"],\"98127634\":true}\n";
        let mut writer = RedactingWriter::new(&mut out, true);
        writer.write_all(line.as_bytes()).unwrap();
        let got = String::from_utf8(out).unwrap();
        assert!(got.ends_with('\n') && !got.contains("98127634"), "{got}");
        let value: serde_json::Value = serde_json::from_str(&got).unwrap();
        assert_eq!(value["s"], "a ***");
        assert_eq!(value["n"], "***5");
    }

    proptest! {
        /// Whatever the secret is and wherever it stands, it is gone, and the rest is there.
        #[test]
        fn a_secret_is_gone(
            secret in r#"[a-z0-9@:/"'\\ %ế]{4,12}"#, before in "[A-Z =]{0,9}", after in "[A-Z =]{0,9}",
        ) {
            let encode = |s: &str| {
                s.bytes().map(|b| format!("%{b:02X}")).collect::<Vec<_>>().concat()
            };
            let json = serde_json::to_string(&secret).unwrap();
            for dress in [secret.clone(), encode(&secret), format!("{secret:?}"), json] {
                let text = format!("{before}{dress}{after}");
                let got = masked(&text, &[&secret]);
                prop_assert!(got.contains(MASK), "{text} -> {got}");
                prop_assert!(got.starts_with(&before) && got.ends_with(&after), "{text} -> {got}");
                prop_assert!(!got.contains(&secret), "{text} -> {got}");
            }
        }

        /// No text makes it panic.
        #[test]
        fn any_text(text in "\\PC*", secret in "\\PC{4,6}") {
            let _ = masked(&text, &[&secret]);
        }
    }
}
