//! What a camera says with its codes, in words and with what to do.

use super::super::fault::Fault;
use super::message::NotRtsp;
use gstreamer_rtsp_server::gio;
use viahe_contract::message::{CameraFault, Carrier};

/// The box's login was refused.
pub(super) fn refused() -> Fault {
    Fault::new(
        CameraFault::LoginRefused,
        "the camera refuses the user name or password (401 Unauthorized); correct user name and \
         password in its `url`",
    )
}

/// The camera wants a login and has none.
pub(super) fn login_wanted() -> Fault {
    Fault::new(
        CameraFault::LoginWanted,
        "the camera asks for a login (401 Unauthorized); write user name and password in its `url`",
    )
}

/// The camera wants a login of a kind that there is not.
pub(super) fn login_unknown(wanted: &str) -> Fault {
    let wanted = if wanted.is_empty() { "a kind that it does not name" } else { wanted };
    let text = format!(
        "the camera wants another kind of login (401 Unauthorized, {wanted}); let it take Digest \
         or Basic on its page"
    );
    Fault::new(CameraFault::LoginUnknown, text)
}

/// It hung up on a login that it has never accepted.
pub(super) fn login_unanswered() -> Fault {
    Fault::new(
        CameraFault::LoginUnanswered,
        "the camera closes the connection when it is given the login; look whether it has locked \
         the account, and correct user name and password in its `url`",
    )
}

/// `method` was answered with an error.
pub(super) fn answered(method: &str, code: u16, reason: &str) -> Fault {
    let known = phrase(code).map_or_else(|| plain(reason), ToOwned::to_owned);
    let said = if known.is_empty() { code.to_string() } else { format!("{code} {known}") };
    let (fault, text) = match code {
        401 => return refused(),
        403 => (
            CameraFault::Forbidden,
            format!(
                "the camera forbids it ({said}); on its page, give the user of its `url` the right \
                 to view, and look whether its filter of addresses lets this box in"
            ),
        ),
        404 | 410 => (
            CameraFault::NoSuchPath,
            format!(
                "the camera has no such path ({said}); read the path of the stream from its page \
                 and correct `url`"
            ),
        ),
        453 => (
            CameraFault::NoRoom,
            format!(
                "the camera has no room for one more viewer ({said}); close other viewers, or \
                 raise its limit of connections or bandwidth"
            ),
        ),
        454 => (
            CameraFault::SessionDropped,
            format!("the camera has dropped the session ({said}); if it stays so, restart it"),
        ),
        503 => (
            CameraFault::Overloaded,
            format!(
                "the camera is overloaded ({said}); close other viewers, or restart it if it \
                 stays so"
            ),
        ),
        300..=399 => (
            CameraFault::Moved,
            format!("the camera has moved its stream ({said}); write the new address in `url`"),
        ),
        400..=499 => (
            CameraFault::Refuses { status: code },
            format!(
                "the camera refuses {method} ({said}); look whether the path in `url` is that of a \
                 video stream, and renew its firmware"
            ),
        ),
        _ => (
            CameraFault::Fails { status: code },
            format!("the camera fails at {method} ({said}); restart it if it stays so"),
        ),
    };
    Fault::new(fault, text)
}

/// The way that media travels is not offered.
pub(super) fn not_offered(carrier: Carrier, code: Option<u16>) -> Fault {
    let other = match carrier {
        Carrier::Tcp => "udp",
        Carrier::Udp => "tcp",
    };
    let said = match code {
        Some(code) => format!("{code} {}", phrase(code).unwrap_or("no such transport")),
        None => "it answers with another transport".to_owned(),
    };
    let way = carrier.label().to_uppercase();
    let text = format!(
        "the camera does not send over {way} ({said}); set its `transport` to \"{other}\" or \"auto\""
    );
    Fault::new(CameraFault::CarrierRefused { carrier }, text)
}

/// It describes no video.
pub(super) fn no_video(sound: bool) -> Fault {
    let what = if sound { "sound only" } else { "no video" };
    let text = format!(
        "the camera offers {what} at this path; switch its video stream on, or correct the path \
         in `url`"
    );
    Fault::new(CameraFault::NoVideo { sound }, text)
}

/// What answers is no camera.
pub(super) fn not_rtsp(what: NotRtsp, port: u16) -> Fault {
    match what {
        NotRtsp::Http => Fault::new(
            CameraFault::WebPage { port },
            format!(
                "what answers at port {port} speaks HTTP, not RTSP: it is a web page; write the port of \
                 the camera's RTSP in `url` (554 on most)"
            ),
        ),
        NotRtsp::Other => Fault::new(
            CameraFault::NotRtsp { port },
            format!(
                "what answers at port {port} does not speak RTSP; correct address and port in `url`, \
                 and use rtsps:// where the camera encrypts"
            ),
        ),
    }
}

/// The stream cannot be followed any more.
pub(super) fn garbled() -> Fault {
    Fault::new(
        CameraFault::Garbled,
        "the camera's stream is garbled between two packets; if it comes again, renew its firmware",
    )
}

/// No answer to `method`.
pub(super) fn unanswered(method: &str, secs: u64) -> Fault {
    let text = format!(
        "the camera takes the connection and does not answer {method} for {secs} s; restart it if \
         it stays so, and look whether this port is that of its RTSP"
    );
    Fault::new(CameraFault::Unanswered { secs }, text)
}

/// It closed the connection; `answered` once it had said something.
pub(super) fn hung_up(answered: bool, playing: bool) -> Fault {
    match (answered, playing) {
        (_, true) => Fault::new(CameraFault::Ended, "the camera ended the stream"),
        (true, false) => Fault::new(
            CameraFault::ClosedEarly,
            "the camera closed the connection before it sent anything",
        ),
        (false, false) => Fault::new(
            CameraFault::ClosedAtOnce,
            "the camera takes the connection and closes it at once; close other viewers, and look \
             whether this port is that of its RTSP",
        ),
    }
}

/// No connection came about.
pub(super) fn unreachable(error: &gio::glib::Error, port: u16) -> Fault {
    use gio::IOErrorEnum as Io;
    let (code, why) = match (error.kind::<Io>(), error.kind::<gio::ResolverError>()) {
        (_, Some(gio::ResolverError::NotFound)) | (Some(Io::HostNotFound), _) => (
            CameraFault::NameUnknown,
            "its name is not known; correct the host in `url`, or ask who keeps the name server"
                .to_owned(),
        ),
        (_, Some(_)) => (
            CameraFault::NameServerSilent,
            "the name server does not answer; look at the box's network, or write the address \
             instead of the name in `url`"
                .to_owned(),
        ),
        (Some(Io::ConnectionRefused), _) => (
            CameraFault::PortRefused { port },
            format!(
                "port {port} is refused; look whether the camera's RTSP is switched on, and which port \
                 its page names (554 on most)"
            ),
        ),
        (Some(Io::HostUnreachable | Io::NetworkUnreachable), _) => (
            CameraFault::NoRoute,
            "there is no way to its address; look at the camera's power and cable, and at the box's \
             network and gateway"
                .to_owned(),
        ),
        (Some(Io::TimedOut), _) => (
            CameraFault::NothingAnswers,
            "nothing answers at its address; look at the camera's power and cable, at the address \
             in `url`, and at firewalls between"
                .to_owned(),
        ),
        (Some(Io::BrokenPipe), _) => (
            CameraFault::BrokenOff,
            "it breaks the connection off at once; restart it if it stays so".to_owned(),
        ),
        _ => (
            CameraFault::ConnectionFailed,
            format!("{}; look at the box's network", plain(error.message())),
        ),
    };
    Fault::new(code, format!("no connection to the camera: {why}"))
}

/// A text of others, held short and plain, without addresses.
fn plain(text: &str) -> String {
    let word = |w: &&str| !w.contains([':', '@', '/', '.']);
    let text: Vec<&str> = text.split_whitespace().filter(word).collect();
    text.join(" ").chars().filter(|c| c.is_alphanumeric() || " -'".contains(*c)).take(40).collect()
}

/// As RFC 2326 (7.1.1) and RFC 7826 (17) name them.
fn phrase(code: u16) -> Option<&'static str> {
    Some(match code {
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        305 => "Use Proxy",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        451 => "Parameter Not Understood",
        453 => "Not Enough Bandwidth",
        454 => "Session Not Found",
        455 => "Method Not Valid in This State",
        456 => "Header Field Not Valid for Resource",
        457 => "Invalid Range",
        458 => "Parameter Is Read-Only",
        459 => "Aggregate Operation Not Allowed",
        460 => "Only Aggregate Operation Allowed",
        461 => "Unsupported Transport",
        462 => "Destination Unreachable",
        463 => "Destination Prohibited",
        464 => "Data Transport Not Ready Yet",
        470 => "Connection Authorization Required",
        471 => "Connection Credentials Not Accepted",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "RTSP Version Not Supported",
        551 => "Option Not Supported",
        553 => "Proxy Unavailable",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::pace::Pace;
    use super::*;

    #[test]
    fn each_code_has_its_words_its_remedy_and_its_pace() {
        for (code, word, pace) in [
            (302, "new address", Pace::Slow),
            (400, "refuses SETUP", Pace::Slow),
            (401, "user name or password", Pace::Slow),
            (403, "right to view", Pace::Slow),
            (404, "no such path", Pace::Slow),
            (453, "one more viewer", Pace::Quick),
            (454, "dropped the session", Pace::Quick),
            (455, "refuses SETUP", Pace::Slow),
            (500, "fails at SETUP", Pace::Quick),
            (503, "overloaded", Pace::Quick),
            (599, "fails at SETUP", Pace::Quick),
        ] {
            let fault = answered("SETUP", code, "of the camera");
            assert!(fault.text.contains(word), "{code}: {fault:?}");
            assert!(
                fault.text.contains(&format!("({code} ")) && fault.text.contains("; "),
                "{fault:?}"
            );
            assert_eq!(fault.pace(), pace, "{code}: {fault:?}");
        }
        assert!(answered("PLAY", 477, "").text.contains("refuses PLAY (477);"));
    }

    #[test]
    fn the_cameras_own_words_give_no_address_away() {
        let text = answered("PLAY", 499, "No rtsp://admin:pw@10.0.0.7/x for you <b>").text;
        assert!(text.contains("(499 No for you b)"), "{text}");
    }

    #[test]
    fn why_there_is_no_connection() {
        use gio::{IOErrorEnum as Io, ResolverError as Name};
        let cases = [
            (gio::glib::Error::new(Io::ConnectionRefused, "x"), "port 554 is refused"),
            (gio::glib::Error::new(Io::TimedOut, "x"), "nothing answers"),
            (gio::glib::Error::new(Io::HostUnreachable, "x"), "no way to its address"),
            (gio::glib::Error::new(Io::NetworkUnreachable, "x"), "no way to its address"),
            (gio::glib::Error::new(Name::NotFound, "x"), "name is not known"),
            (gio::glib::Error::new(Name::TemporaryFailure, "x"), "name server does not answer"),
            (gio::glib::Error::new(Io::Failed, "Odd thing at 10.0.0.7"), "Odd thing at; look"),
        ];
        for (error, word) in cases {
            let fault = unreachable(&error, 554);
            assert!(fault.text.contains(word), "{fault:?}");
            assert_eq!(fault.pace(), Pace::Quick);
        }
    }
}
