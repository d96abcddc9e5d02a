//! Why a connection ended, in words that give nothing away.

use super::IngestError;
use super::backoff::Pace;
use gstreamer as gst;
use std::time::Duration;
use viahe_core::config::plan::Source;

const REFUSED: &str =
    "the camera refuses the user name or password; correct user name and password in its `url`";

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) text: String,
}

/// What sort of fault it is; decides when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// Wrong user name or password.
    Login,
    /// No such path, no video, a codec that the engine does not read, or no trust.
    Setup,
    /// The connection failed or was closed.
    Network,
    /// Nothing came for too long.
    Silent,
    /// The decoder, or something else in the box, failed.
    Box,
}

impl Fault {
    pub(super) fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(super) fn no_first_frame(after: Duration) -> Self {
        Self::new(FaultKind::Silent, format!("connected, but no picture in {} s", after.as_secs()))
    }

    pub(super) fn silent(after: Duration) -> Self {
        Self::new(FaultKind::Silent, format!("no picture for {:.1} s", after.as_secs_f32()))
    }

    pub(super) fn damaged(after: Duration) -> Self {
        let secs = after.as_secs();
        Self::new(FaultKind::Silent, format!("media came, but no whole picture for {secs} s"))
    }

    pub(super) fn pace(&self) -> Pace {
        match self.kind {
            FaultKind::Login | FaultKind::Setup => Pace::Slow,
            FaultKind::Network | FaultKind::Silent | FaultKind::Box => Pace::Quick,
        }
    }

    /// The fault that an element reported. The debug text, which holds addresses, is left out.
    pub(super) fn from_error(error: &gst::glib::Error, redact: &Redactor) -> Self {
        use gst::{ResourceError as R, StreamError as S};
        let said = redact.text(error.message());
        let fault = |kind, what: &str| Self::new(kind, format!("{what}: {said}"));
        match (error.kind::<R>(), error.kind::<S>()) {
            (Some(R::NotAuthorized), _) => Self::new(FaultKind::Login, REFUSED),
            (Some(R::NotFound), _) if unauthorised(error.message()) => {
                Self::new(FaultKind::Login, REFUSED)
            }
            (Some(R::NotFound), _) => fault(FaultKind::Setup, "the camera has no such path"),
            (Some(R::OpenRead | R::OpenWrite | R::OpenReadWrite), _) => {
                fault(FaultKind::Network, "no connection to the camera")
            }
            (Some(_), _) => fault(FaultKind::Network, "the connection failed"),
            (_, Some(S::CodecNotFound | S::WrongType)) => Self::new(FaultKind::Setup, said),
            (_, Some(S::Decode | S::Format)) => fault(FaultKind::Box, "decoding failed"),
            _ => fault(FaultKind::Box, "the pipeline failed"),
        }
    }
}

impl From<IngestError> for Fault {
    fn from(error: IngestError) -> Self {
        let kind = match error {
            IngestError::Authority { .. } => FaultKind::Setup,
            _ => FaultKind::Box,
        };
        Self::new(kind, error.to_string())
    }
}

fn unauthorised(text: &str) -> bool {
    text.contains("Unauthorized") || text.contains("(401)")
}

/// Takes what must not be shown out of texts of others.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Hides the password and the whole address; some cameras take a password in its path.
    pub(super) fn new(source: &Source) -> Self {
        let Source::Rtsp { url, login, .. } = source else { return Self::default() };
        let after_host = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let path = after_host.map(|(_, path)| path.to_owned());
        let parts = path.iter().flat_map(|p| p.split(['&', '?', '/']));
        let values = parts.filter_map(|p| p.split_once('=')).map(|(_, v)| v.to_owned());
        let login = login.iter().flat_map(|(user, password)| {
            let password = password.reveal();
            [format!("{user}:{password}"), password.to_owned()]
        });
        let mut secrets: Vec<String> =
            login.chain([url.clone()]).chain(path.clone()).chain(values).collect();
        secrets.retain(|s| s.len() > 2);
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        Self { secrets }
    }

    pub(super) fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_core::config::plan::{Secret, Transport};

    #[test]
    fn nothing_of_a_login_or_an_address_is_left() {
        let source = Source::Rtsp {
            url: "rtsp://10.0.0.7/user=admin&password=hunter22&channel=1".into(),
            login: Some(("admin".into(), Secret::new("canary-77"))),
            transport: Transport::Tcp,
            ca: None,
        };
        let text = Redactor::new(&source).text(
            "cannot open rtsp://10.0.0.7/user=admin&password=hunter22&channel=1 with \
             admin:canary-77, canary-77 or hunter22",
        );
        for secret in ["canary-77", "hunter22", "10.0.0.7"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    #[test]
    fn only_what_a_person_must_mend_is_tried_slowly() {
        use gst::ResourceError as R;
        let redact = Redactor::default();
        let of = |error| Fault::from_error(&error, &redact);
        let resource = |code, text: &str| gst::glib::Error::new(code, text);
        let cases = [
            (resource(R::NotAuthorized, "Unauthorized"), FaultKind::Login),
            (resource(R::NotFound, "Not found"), FaultKind::Setup),
            (resource(R::OpenReadWrite, "Failed to connect"), FaultKind::Network),
            (resource(R::Read, "Could not receive any UDP packets"), FaultKind::Network),
            (gst::glib::Error::new(gst::StreamError::Decode, "bad"), FaultKind::Box),
        ];
        for (error, want) in cases {
            let fault = of(error);
            assert_eq!(fault.kind, want, "{fault:?}");
            let slow = matches!(want, FaultKind::Login | FaultKind::Setup);
            assert_eq!(fault.pace() == Pace::Slow, slow, "{fault:?}");
        }
    }
}
