//! `[console]`: what can be said of its values.

use super::problem::Fault;
use super::url;

/// The address of a console: its origin, and whether the way there is encrypted.
pub(super) fn origin(text: &str) -> Result<(String, bool), Fault> {
    let encrypted = match text.split_once("://") {
        Some(("http", _)) => false,
        Some(("https", _)) => true,
        _ => {
            let what = "the address of the console does not start with https:// or http://";
            return Err(Fault::new(what, "write https://host, with :port unless it is 443"));
        }
    };
    let read = url::parse(text)?;
    if read.login.is_some() {
        let what = "the address of the console holds credentials";
        return Err(Fault::new(
            what,
            "remove them; the console knows the box by its `token` or certificate",
        ));
    }
    if !matches!(read.path, "" | "/") {
        let what = "the address of the console goes on after host and port";
        return Err(Fault::new(what, "remove the rest"));
    }
    Ok((text.trim_end_matches('/').to_owned(), encrypted))
}

/// A token goes into a header as it is.
pub(super) fn token(text: &str) -> Result<(), Fault> {
    let good = !text.is_empty() && text.len() <= 512 && text.bytes().all(|b| b.is_ascii_graphic());
    if good {
        return Ok(());
    }
    let what = "the token is none: it is empty or long, or holds spaces or letters beyond ASCII";
    Err(Fault::new(what, "write it as the console printed it, in one piece"))
}
