//! Who the box says it is, at most once a connection.
//!
//! rtspsrc answers every 401 with the same login, eight times over, and SHA-256 in MD5; cameras
//! lock an account after five to ten wrong ones. Here a login that was refused is not said again.

use super::message::Message;
use http_auth::digest::Algorithm;
use http_auth::{PasswordClient, PasswordParams};

/// A login and what the camera thinks of it.
pub(super) struct Login {
    user: String,
    password: String,
    client: Option<PasswordClient>,
    /// A request that carried it was answered with something else than 401.
    pub(super) accepted: bool,
    /// It was sent on this connection.
    pub(super) sent: bool,
}

/// What to do after a 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AfterRefusal {
    /// Ask again, now with the login.
    Again,
    /// The login is wrong.
    Refused,
    /// The camera wants something else than Basic or Digest; its word for it.
    Unknown(String),
}

impl Login {
    pub(super) fn new(user: &str, password: &str) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        Self { user, password, client: None, accepted: false, sent: false }
    }

    /// The header for a request, once the camera has asked for a login.
    pub(super) fn header(&mut self, request: &Message) -> Option<String> {
        let params = PasswordParams {
            username: &self.user,
            password: &self.password,
            uri: request.uri(),
            method: request.method(),
            body: Some(&request.body),
        };
        let client = self.client.as_mut()?;
        let mut header = client.respond(&params).ok()?;
        // Left out by the library where the camera names no `qop`; without it MD5 is meant.
        let algorithm = match client {
            PasswordClient::Digest(digest) => name(digest.algorithm()),
            _ => None,
        };
        if let Some(algorithm) = algorithm.filter(|_| !header.contains("algorithm=")) {
            header += ", algorithm=";
            header += algorithm;
        }
        self.sent = true;
        Some(header)
    }

    /// Judges a 401 to a request that had carried the login, or not, and had been `repeated` for
    /// its sake, or not.
    pub(super) fn judge(
        &mut self,
        response: &Message,
        carried: bool,
        repeated: bool,
    ) -> AfterRefusal {
        let challenge = Challenge::read(response);
        let fresh = match (&self.client, &challenge.client) {
            (Some(PasswordClient::Digest(old)), Ok(PasswordClient::Digest(new))) => {
                old.nonce() != new.nonce()
            }
            _ => false,
        };
        // `stale` says that the password was right; one that was accepted still is, and only its
        // nonce may have run out, whether the camera says so or not.
        let excused = fresh && (challenge.stale() || self.accepted);
        if carried && (repeated || !excused) {
            return AfterRefusal::Refused;
        }
        match challenge.client {
            Ok(client) => {
                self.client = Some(client);
                AfterRefusal::Again
            }
            Err(wanted) => AfterRefusal::Unknown(wanted),
        }
    }
}

/// How an algorithm that is not MD5 is written (RFC 7616, 6.1).
fn name(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::Sha256 => Some("SHA-256"),
        Algorithm::Sha512Trunc256 => Some("SHA-512-256"),
        _ => None,
    }
}

/// What a 401 asks for.
struct Challenge {
    client: Result<PasswordClient, String>,
}

impl Challenge {
    /// The camera's first kind of Digest that there is, else Basic (RFC 7616, 3.7).
    fn read(response: &Message) -> Self {
        let mut builder = PasswordClient::builder();
        let mut wanted: Vec<String> = Vec::new();
        for header in response.all("www-authenticate") {
            builder = builder.challenges(header);
            wanted.push(kind(header));
        }
        wanted.dedup();
        let client = builder.build().map_err(|_| wanted.join(" or "));
        Self { client }
    }

    fn stale(&self) -> bool {
        matches!(&self.client, Ok(PasswordClient::Digest(digest)) if digest.stale())
    }
}

/// The scheme of a challenge, and its algorithm: words of the camera, held short and plain.
fn kind(header: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(20).collect()
    };
    let scheme = plain(header.split_whitespace().next().unwrap_or_default());
    let algorithm = header
        .split(',')
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("algorithm"))
        .map(|(_, value)| plain(value));
    match algorithm {
        Some(algorithm) => format!("{scheme} {algorithm}"),
        None => scheme,
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{Piece, next};
    use super::*;

    fn refusal(challenges: &[&str]) -> Message {
        let lines: Vec<String> =
            challenges.iter().map(|c| format!("WWW-Authenticate: {c}\r\n")).collect();
        let text = format!("RTSP/1.0 401 Unauthorized\r\n{}\r\n", lines.concat());
        match next(text.as_bytes()) {
            Ok(Piece::Message(message, _)) => message,
            other => panic!("{other:?}"),
        }
    }

    const DIGEST: &str = r#"Digest realm="cam", nonce="n1""#;

    #[test]
    fn each_scheme_is_answered_in_its_own() {
        for (challenges, want) in [
            (&[r#"Basic realm="cam""#][..], "Basic YWRtaW46cHc="),
            (&[DIGEST], "response=\""),
            (&[r#"Digest realm="cam", nonce="n1", stale=FALSE, algorithm=MD5"#], "response=\""),
            (&[r#"Digest realm="cam",nonce="n1",qop="auth""#], "qop=auth"),
            (&[r#"Digest realm="cam", nonce="n1", algorithm=SHA-256"#], "algorithm=SHA-256"),
            (&[r#"Basic realm="cam""#, DIGEST], "Digest "),
            (&[r#"NTLM realm="x""#, DIGEST], "Digest "),
        ] {
            let mut login = Login::new("admin", "pw");
            assert_eq!(login.judge(&refusal(challenges), false, false), AfterRefusal::Again);
            let header = login.header(&Message::request("DESCRIBE", "rtsp://h/a")).unwrap();
            assert!(header.contains(want), "{challenges:?}: {header}");
        }
    }

    #[test]
    fn what_cannot_be_answered_is_named() {
        for (challenges, want) in [
            (&[r#"Bearer realm="x""#][..], "Bearer"),
            (&[r#"Digest realm="x", nonce="n", algorithm=SHA3-256"#], "Digest SHA3-256"),
            (&[], ""),
        ] {
            let then = Login::new("a", "b").judge(&refusal(challenges), false, false);
            assert_eq!(then, AfterRefusal::Unknown(want.into()));
        }
    }

    #[test]
    fn a_refused_login_is_not_said_again() {
        let fresh = r#"Digest realm="cam", nonce="n2""#;
        let stale = r#"Digest realm="cam", nonce="n2", stale=true"#;
        let stale_same = r#"Digest realm="cam", nonce="n1", stale=true"#;
        for (name, challenge, accepted, repeated, want) in [
            ("same nonce", DIGEST, false, false, AfterRefusal::Refused),
            ("another nonce", fresh, false, false, AfterRefusal::Refused),
            ("stale", stale, false, false, AfterRefusal::Again),
            ("stale, but the same", stale_same, false, false, AfterRefusal::Refused),
            ("stale again", stale, false, true, AfterRefusal::Refused),
            ("was good, another nonce", fresh, true, false, AfterRefusal::Again),
            ("was good, twice", fresh, true, true, AfterRefusal::Refused),
            ("was good, same nonce", DIGEST, true, false, AfterRefusal::Refused),
            ("Basic", r#"Basic realm="cam""#, false, false, AfterRefusal::Refused),
        ] {
            let mut login = Login::new("admin", "pw");
            login.judge(&refusal(&[DIGEST]), false, false);
            login.accepted = accepted;
            assert_eq!(login.judge(&refusal(&[challenge]), true, repeated), want, "{name}");
        }
    }
}
