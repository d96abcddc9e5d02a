//! Secrets: never shown, and kept apart from the file that names them.

use std::fmt;
use std::path::Path;

/// A text that is in no log, no message and no answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// As text, for who must say it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A value that may be `${env:NAME}` or `${file:PATH}`; the error says what failed, never what was
/// read.
pub(super) fn resolve(text: &str, folder: &Path) -> Result<Secret, String> {
    let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
        let whole = !text.contains("${");
        return whole
            .then(|| Secret(text.into()))
            .ok_or_else(|| "is neither ${env:NAME} nor ${file:PATH} as a whole".to_owned());
    };
    let read = match inner.split_once(':') {
        Some(("env", name)) => std::env::var(name).map_err(|_| format!("{name} is not set")),
        Some(("file", path)) => {
            let path = folder.join(path);
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
        }
        _ => Err("is neither ${env:NAME} nor ${file:PATH}".into()),
    };
    // Editors end a file with a line's end.
    let secret = read?.trim_end_matches(['\r', '\n']).to_owned();
    if secret.is_empty() { Err("is empty".into()) } else { Ok(Secret(secret)) }
}
