//! `${env:NAME}` and `${file:PATH}`: secrets that a pipeline names but does not hold.

use super::problem::Fault;
use std::path::{Path, PathBuf};

/// Where a secret is kept. The I/O is the caller's: `std::env::var` or `std::fs::read_to_string`,
/// with an error that holds neither name nor value ("is not set", "No such file").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A text file; relative paths were joined to the pipeline's folder.
    File(PathBuf),
}

/// Fetches secrets. The error is shown to people: it says what failed, never what was read.
pub type SecretLookup<'a> = &'a dyn Fn(&SecretRef) -> Result<String, String>;

const REMEDY: &str = "write ${env:NAME} or ${file:PATH}";

/// Is there a reference in `text`?
pub(super) fn has_reference(text: &str) -> bool {
    text.contains("${")
}

/// Replaces the references in `text`. Trailing line ends of a secret are dropped, since editors
/// add them. With `in_url`, a secret that is only a part of the text is percent-encoded, so that
/// a password may hold any character.
pub(super) fn resolve(
    text: &str,
    in_url: bool,
    folder: &Path,
    lookup: SecretLookup,
) -> Result<String, Fault> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out += before;
        let (inner, after) =
            after.split_once('}').ok_or_else(|| Fault::new("a ${ is not closed", REMEDY))?;
        let secret = fetch(inner, folder, lookup)?;
        let alone = text.len() == inner.len() + "${}".len();
        if in_url && !alone {
            percent_encode(&secret, &mut out);
        } else {
            out += &secret;
        }
        rest = after;
    }
    Ok(out + rest)
}

fn fetch(inner: &str, folder: &Path, lookup: SecretLookup) -> Result<String, Fault> {
    let reference = match inner.split_once(':') {
        Some(("env", name)) if is_variable(name) => SecretRef::Env(name.into()),
        Some(("file", path)) if !path.is_empty() => SecretRef::File(folder.join(path)),
        _ => return Err(Fault::new("a ${…} is neither ${env:NAME} nor ${file:PATH}", REMEDY)),
    };
    let (name, remedy) = match &reference {
        SecretRef::Env(name) => (
            format!("environment variable {name}"),
            "set it for the service, for instance in its EnvironmentFile",
        ),
        SecretRef::File(path) => (
            format!("file {}", path.display().to_string().escape_debug()),
            "create it with the secret as its only line, readable for the service",
        ),
    };
    let secret = lookup(&reference).map_err(|e| Fault::new(format!("{name}: {e}"), remedy))?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(Fault::new(format!("{name} is empty"), remedy));
    }
    Ok(secret.into())
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        // RFC 3986, section 2.3: unreserved characters.
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(format!("%{byte:02X}").chars());
        }
    }
}

/// Undoes percent-encoding; `None` when a `%` is not followed by two hex digits or the result is
/// not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut hex = || char::from(bytes.next()?).to_digit(16);
            out.push((hex()? * 16 + hex()?) as u8);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(reference: &SecretRef) -> Result<String, String> {
        match reference {
            SecretRef::Env(name) if name == "PW" => Ok("p@ss/w:rd ế\n".into()),
            SecretRef::Env(name) if name == "EMPTY" => Ok("\r\n".into()),
            SecretRef::File(path) if path == Path::new("/etc/v/key") => Ok("line\r\n".into()),
            _ => Err("not there".into()),
        }
    }

    #[test]
    fn references() {
        let at = |text, in_url| resolve(text, in_url, Path::new("/etc/v"), &lookup);
        assert_eq!(at("plain $5 }", false).unwrap(), "plain $5 }");
        assert_eq!(at("${env:PW}", false).unwrap(), "p@ss/w:rd ế");
        assert_eq!(at("${env:PW}", true).unwrap(), "p@ss/w:rd ế");
        assert_eq!(
            at("rtsp://a:${env:PW}@h/", true).unwrap(),
            "rtsp://a:p%40ss%2Fw%3Ard%20%E1%BA%BF@h/"
        );
        assert_eq!(at("${file:key}-${file:/etc/v/key}", false).unwrap(), "line-line");
        for bad in [
            "${",
            "${env:PW",
            "${env:}",
            "${env:A B}",
            "${PW}",
            "${file:}",
            "${env:NO}",
            "${env:EMPTY}",
        ] {
            let fault = at(bad, false).unwrap_err();
            assert!(!fault.remedy.is_empty(), "{bad}");
        }
    }

    #[test]
    fn percent_codes() {
        assert_eq!(percent_decode("a%40%E1%BA%BF").as_deref(), Some("a@ế"));
        for bad in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(percent_decode(bad), None, "{bad}");
        }
    }
}
