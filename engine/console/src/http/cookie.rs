//! The cookie of a session.

use crate::store::SESSION_MAX;
use axum::http::{HeaderMap, HeaderValue, header};

/// By which a browser keeps it.
const NAME: &str = "viahe_session";

/// The one that a request carries. Of several none: somebody else may have set the other one.
pub(super) fn of(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let mut ours = pairs.filter(|(name, _)| name.trim() == NAME).map(|(_, value)| value.trim());
    let first = ours.next();
    if ours.next().is_some() { None } else { first }
}

/// Sets it: no script reads it, and no other page sends it.
pub(super) fn set(secret: &str, https: bool) -> Option<HeaderValue> {
    let secure = if https { "; Secure" } else { "" };
    let age = SESSION_MAX.as_secs();
    let text = format!("{NAME}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}{secure}");
    HeaderValue::try_from(text).ok()
}

/// Takes it away.
pub(super) fn clear() -> HeaderValue {
    HeaderValue::from_static("viahe_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_counts_and_two_are_none() {
        let of = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
            }
            super::of(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["viahe_session=abc"]).as_deref(), Some("abc"));
        assert_eq!(of(&["a=b; viahe_session=abc ;c", "d=e"]).as_deref(), Some("abc"));
        assert_eq!(of(&["viahe_session=abc; viahe_session=def"]), None);
        assert_eq!(of(&["viahe_session=abc", "viahe_session=def"]), None);
        assert_eq!(of(&["xviahe_session=abc", "viahe_session"]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn it_is_for_this_page_alone() {
        let kept = HeaderValue::from_static(
            "viahe_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800",
        );
        assert_eq!(set("abc", false), Some(kept));
        assert!(set("abc", true).unwrap().to_str().unwrap().ends_with("; Secure"));
    }
}
