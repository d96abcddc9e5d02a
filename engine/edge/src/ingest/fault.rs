//! Why a connection ended, in words that give nothing away.

use super::IngestError;
use super::pace::Pace;
use gstreamer as gst;
use std::time::Duration;
use viahe_contract::message::{CameraFault, Carrier};
use viahe_core::plan::Source;

const REFUSED: &str =
    "the camera refuses the user name or password; correct user name and password in its `url`";

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Of `code`.
    pub(super) kind: FaultKind,
    /// For who makes words of it.
    pub(super) code: CameraFault,
    /// For people.
    pub(super) text: String,
}

/// What sort of fault it is; decides when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// Wrong user name or password.
    Login,
    /// The login is right, but does not suffice.
    Forbidden,
    /// The camera does not offer the transport that was asked for.
    Carrier,
    /// No such path, no video, a codec that the engine does not read, or no trust.
    Setup,
    /// The connection failed or was closed.
    Network,
    /// Nothing came for too long.
    Silent,
    /// The decoder, or something else in the box, failed.
    Box,
}

impl From<&CameraFault> for FaultKind {
    fn from(code: &CameraFault) -> Self {
        use CameraFault as F;
        match code {
            F::LoginRefused | F::LoginWanted | F::LoginUnknown | F::LoginUnanswered => Self::Login,
            F::Forbidden => Self::Forbidden,
            F::CarrierRefused { .. } | F::NoCarrier => Self::Carrier,
            F::AddressWrong
            | F::NoSuchPath
            | F::Moved
            | F::Refuses { .. }
            | F::NoVideo { .. }
            | F::WebPage { .. }
            | F::NotRtsp { .. }
            | F::CodecUnknown
            | F::NoTls
            | F::CertificateUnknown { .. }
            | F::CertificateOfAnother
            | F::CertificateNotToday
            | F::CertificateWeak
            | F::AuthorityUnusable
            | F::CertificateWanted
            | F::BoxWithoutTls => Self::Setup,
            F::NameUnknown
            | F::NameServerSilent
            | F::PortRefused { .. }
            | F::NoRoute
            | F::NothingAnswers
            | F::BrokenOff
            | F::ConnectionFailed
            | F::ClosedAtOnce
            | F::ClosedEarly
            | F::Ended
            | F::Unanswered { .. }
            | F::Garbled
            | F::NoRoom
            | F::SessionDropped
            | F::Overloaded
            | F::Fails { .. }
            | F::TlsBrokenOff => Self::Network,
            F::NoFirstPicture { .. }
            | F::NoMedia { .. }
            | F::NoKeyFrame { .. }
            | F::Silent { .. }
            | F::Damaged { .. } => Self::Silent,
            // The others are of no connection.
            _ => Self::Box,
        }
    }
}

impl Fault {
    pub(super) fn new(code: CameraFault, text: impl Into<String>) -> Self {
        Self { kind: FaultKind::from(&code), code, text: text.into() }
    }

    pub(super) fn no_first_frame(after: Duration) -> Self {
        let secs = after.as_secs();
        let text = format!("connected, but no picture in {secs} s");
        Self::new(CameraFault::NoFirstPicture { secs }, text)
    }

    pub(super) fn no_key_frame(after: Duration) -> Self {
        let secs = after.as_secs();
        let text = format!(
            "the camera sends, but no whole picture came in {secs} s; set its key frame interval \
             (I-frame interval, GOP) to 2 s"
        );
        Self::new(CameraFault::NoKeyFrame { secs }, text)
    }

    pub(super) fn no_media(carrier: Carrier, after: Duration) -> Self {
        let secs = after.as_secs();
        let why = match carrier {
            Carrier::Tcp => "restart it if it stays so",
            Carrier::Udp => {
                "look at firewalls and networks between it and the box, or set its `transport` to \
                 \"tcp\" or \"auto\""
            }
        };
        let way = carrier.label().to_uppercase();
        let text =
            format!("the camera agrees to send, but nothing comes over {way} in {secs} s; {why}");
        Self::new(CameraFault::NoMedia { carrier, secs }, text)
    }

    pub(super) fn no_carrier() -> Self {
        Self::new(
            CameraFault::NoCarrier,
            "the camera sends neither over TCP nor over UDP (461 Unsupported Transport); set it to \
             unicast on its page, and renew its firmware",
        )
    }

    pub(super) fn silent(after: Duration) -> Self {
        let ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let text = format!("no picture for {:.1} s", after.as_secs_f32());
        Self::new(CameraFault::Silent { ms }, text)
    }

    pub(super) fn damaged(after: Duration) -> Self {
        let secs = after.as_secs();
        let text = format!("media came, but no whole picture for {secs} s");
        Self::new(CameraFault::Damaged { secs }, text)
    }

    pub(super) fn pace(&self) -> Pace {
        match self.kind {
            FaultKind::Login | FaultKind::Forbidden | FaultKind::Carrier | FaultKind::Setup => {
                Pace::Slow
            }
            FaultKind::Network | FaultKind::Silent | FaultKind::Box => Pace::Quick,
        }
    }

    /// The fault that an element reported. The debug text, which holds addresses, is left out.
    pub(super) fn from_error(error: &gst::glib::Error, redact: &Redactor) -> Self {
        use gst::{ResourceError as R, StreamError as S};
        let said = redact.text(error.message());
        let fault = |code, what: &str| Self::new(code, format!("{what}: {said}"));
        match (error.kind::<R>(), error.kind::<S>()) {
            (Some(R::NotAuthorized), _) => Self::new(CameraFault::LoginRefused, REFUSED),
            (Some(R::NotFound), _) if unauthorised(error.message()) => {
                Self::new(CameraFault::LoginRefused, REFUSED)
            }
            (Some(R::NotFound), _) => fault(CameraFault::NoSuchPath, "the camera has no such path"),
            (Some(R::OpenRead | R::OpenWrite | R::OpenReadWrite), _) => {
                fault(CameraFault::ConnectionFailed, "no connection to the camera")
            }
            (Some(_), _) => fault(CameraFault::ConnectionFailed, "the connection failed"),
            (_, Some(S::CodecNotFound | S::WrongType)) => {
                Self::new(CameraFault::CodecUnknown, said)
            }
            (_, Some(S::Decode | S::Format)) => {
                fault(CameraFault::DecodingFailed, "decoding failed")
            }
            _ => fault(CameraFault::BoxFails, "the pipeline failed"),
        }
    }
}

impl From<IngestError> for Fault {
    fn from(error: IngestError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

fn unauthorised(text: &str) -> bool {
    text.contains("Unauthorized") || text.contains("(401)")
}

/// Takes secrets out of texts of others; their words stay.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Hides the whole address, the password, and what in the path is one: the value of a key that
    /// says so, or what nobody would choose as a word.
    pub(super) fn new(source: &Source) -> Self {
        let Source::Rtsp { url, login, .. } = source else { return Self::default() };
        let after_host = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let path = after_host.map_or("", |(_, path)| path);
        let of_path =
            path.split(['&', '?', '/', ';']).filter_map(|part| match part.split_once('=') {
                Some((key, value)) => (names_a_secret(key) || is_random(value)).then_some(value),
                None => is_random(part).then_some(part),
            });
        let login = login.iter().flat_map(|(user, password)| {
            let password = password.reveal();
            [format!("{user}:{password}"), password.to_owned()]
        });
        let mut secrets: Vec<String> =
            of_path.map(ToOwned::to_owned).chain(login).chain([url.clone()]).collect();
        secrets.retain(|s| s.len() > 2);
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        Self { secrets }
    }

    pub(super) fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

/// Is the value of such a key a secret? `user=admin&password=…` is common in cameras' paths.
fn names_a_secret(key: &str) -> bool {
    const NAMES: [&str; 9] =
        ["pass", "pwd", "passwd", "password", "pw", "secret", "key", "auth", "credential"];
    let key = key.to_ascii_lowercase();
    NAMES.iter().any(|name| key == *name || (name.len() > 2 && key.ends_with(name)))
        || key.contains("token")
        || key.contains("signature")
}

/// Does it look drawn by lot? A number in hexadecimal, or letters and digits that are mixed more
/// than those of a stream's name; 16 of them at least.
fn is_random(part: &str) -> bool {
    const CHARS_MIN: usize = 16;
    let hex = part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let digit = part.contains(|c: char| c.is_ascii_digit());
    let kind = |c: char| (c.is_ascii_digit(), c.is_ascii_uppercase());
    let mixed = |run: &str| {
        let kinds: Vec<_> = run.chars().map(kind).collect();
        let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
        kinds.len() >= CHARS_MIN && changes * 4 >= kinds.len()
    };
    digit
        && ((hex && part.len() >= CHARS_MIN)
            || part.split(|c: char| !c.is_ascii_alphanumeric()).any(mixed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_core::plan::{Secret, Transport};

    fn camera(url: &str) -> Redactor {
        Redactor::new(&Source::Rtsp {
            url: url.into(),
            login: Some(("admin".into(), Secret::new("canary-77"))),
            transport: Transport::Tcp,
            ca: None,
        })
    }

    #[test]
    fn nothing_of_a_login_or_an_address_is_left() {
        let text = camera("rtsp://10.0.0.7/user=admin&password=hunter22&channel=1").text(
            "cannot open rtsp://10.0.0.7/user=admin&password=hunter22&channel=1 with \
             admin:canary-77, canary-77 or hunter22",
        );
        for secret in ["canary-77", "hunter22", "10.0.0.7"] {
            assert!(!text.contains(secret), "{text}");
        }
        for (path, secret) in [
            ("live/9f86d081884c7d659a2feaa0", "9f86d081884c7d659a2feaa0"),
            ("s0?accessToken=Ab3", "Ab3"),
            ("cam?auth=pq7&x=1", "pq7"),
            ("a?streamKey=k-9", "k-9"),
            ("x/Zk3vQ9mT7bXw2LpR8sYd", "Zk3vQ9mT7bXw2LpR8sYd"),
            ("x/123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ] {
            let text = camera(&format!("rtsp://10.0.0.7/{path}")).text(&format!("no {secret}."));
            assert_eq!(text, "no ***.", "{path}");
        }
    }

    #[test]
    fn words_stay_words_whatever_the_path_is() {
        let words = "the camera ended the stream; the main video channel 101 of the live profile, \
                     admin, tcp, 1";
        for path in [
            "stream",
            "camera/video/main",
            "Streaming/Channels/101",
            "cam/realmonitor?channel=1&subtype=0",
            "live/ch00_0",
            "h264Preview_01_main",
            "onvif-media/media.amp?profile=live&streamtype=unicast",
            "user=admin&password=zzz&channel=1&stream=0.sdp",
            "the",
        ] {
            assert_eq!(camera(&format!("rtsp://10.0.0.7/{path}")).text(words), words, "{path}");
            let stream = path.rsplit('/').next().unwrap();
            assert!(stream.contains('=') || !is_random(stream), "{path}");
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
