//! What a camera says over RTSP, and what is said to it: logins, sessions, transports, refusals.
//!
//! The camera is a server that does what a script says; what it was asked is counted there.

use super::support::scripted::{PASSWORD, Scheme, Script, Scripted, USER, frames};
use super::support::{Told, Watched, make_clip, rtsp};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use viahe_contract::message::Carrier;
use viahe_core::plan::{Source, Transport};
use viahe_edge::clock;
use viahe_edge::ingest::FeedState;

const START_MAX: Duration = Duration::from_secs(15);
const SLOW: Duration = Duration::from_secs(15);

/// Two seconds of 10 fps, a key frame each second.
static FRAMES: LazyLock<Arc<Vec<Vec<Vec<u8>>>>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    frames(&make_clip(dir.path(), "a.h264", [320, 240], 10, 20))
});

fn camera(script: Script) -> Scripted {
    Scripted::start(script, &FRAMES)
}

fn source(camera: &Scripted, transport: Transport, login: Option<(&str, &str)>) -> Source {
    rtsp(&camera.url(), transport, login)
}

/// The first reason for which a camera is offline, and the wait after it.
fn offline(watched: &mut Watched) -> (String, Duration) {
    let mut said = None;
    watched.until("an end", START_MAX, |told| {
        if let Told::State(FeedState::Offline { reason, retry_in, .. }) = told {
            said = Some((reason.clone(), *retry_in));
        }
        said.is_some()
    });
    let said = said.unwrap();
    println!("{said:?}");
    for secret in ["127.0.0.1", PASSWORD, "channel"] {
        assert!(!said.0.contains(secret), "{said:?}");
    }
    said
}

const RIGHT: Option<(&str, &str)> = Some((USER, PASSWORD));

#[test]
fn a_right_login_works_by_each_scheme() {
    for scheme in [
        Scheme::Basic,
        Scheme::Digest,
        Scheme::DigestQop,
        Scheme::DigestSha256,
        Scheme::DigestOnce,
        Scheme::DigestOnceSilent,
    ] {
        for transport in [Transport::Tcp, Transport::Udp] {
            let camera = camera(Script { login: Some(scheme), ..Script::default() });
            let mut watched = Watched::start(source(&camera, transport, RIGHT));
            watched.frame(START_MAX);
            let counters = watched.camera.counters();
            assert_eq!((counters.tries, counters.reconnects), (1, 0), "{scheme:?}: {counters:?}");
        }
    }
}

#[test]
fn a_wrong_login_is_said_once_a_connection() {
    for scheme in
        [Scheme::Basic, Scheme::Digest, Scheme::DigestQop, Scheme::DigestSha256, Scheme::DigestOnce]
    {
        let open = scheme != Scheme::Digest;
        let camera = camera(Script { login: Some(scheme), open, ..Script::default() });
        let wrong = Some((USER, "wrong-horse"));
        let mut watched = Watched::start(source(&camera, Transport::Auto, wrong));
        let (reason, retry_in) = offline(&mut watched);
        assert_eq!(camera.logins(), 1, "{scheme:?}: {:?}", camera.asked());
        assert!(reason.contains("(401 Unauthorized); correct user name and password"), "{reason}");
        assert!(retry_in >= SLOW, "{retry_in:?}");
        assert_eq!(watched.camera.counters().tries, 1);
    }
}

#[test]
fn what_a_login_lacks_is_said() {
    let no_login = camera(Script { login: Some(Scheme::Digest), ..Script::default() });
    let (reason, retry_in) = offline(&mut Watched::start(source(&no_login, Transport::Tcp, None)));
    assert!(reason.contains("asks for a login") && retry_in >= SLOW, "{reason}");
    assert_eq!(no_login.asked().len(), 1, "{:?}", no_login.asked());

    let unknown = camera(Script { login: Some(Scheme::Bearer), ..Script::default() });
    let (reason, retry_in) = offline(&mut Watched::start(source(&unknown, Transport::Tcp, RIGHT)));
    assert!(reason.contains("401 Unauthorized, Bearer)") && retry_in >= SLOW, "{reason}");
    assert_eq!(unknown.logins(), 0);

    let locked = camera(Script {
        login: Some(Scheme::Digest),
        hangs_up_on_login: true,
        ..Script::default()
    });
    let (reason, retry_in) = offline(&mut Watched::start(source(&locked, Transport::Tcp, RIGHT)));
    assert!(reason.contains("locked the account") && retry_in >= SLOW, "{reason}");
    assert_eq!(locked.logins(), 1);
}

/// The camera drops who does not keep the session alive; media comes all the while.
#[test]
fn a_session_is_kept_alive() {
    for (transport, public, method) in [
        (Transport::Tcp, "OPTIONS, DESCRIBE, GET_PARAMETER", "GET_PARAMETER"),
        (Transport::Tcp, "OPTIONS, DESCRIBE, SETUP, PLAY", "OPTIONS"),
        (Transport::Udp, "OPTIONS, DESCRIBE, GET_PARAMETER", "GET_PARAMETER"),
        (Transport::Udp, "OPTIONS, DESCRIBE", "OPTIONS"),
    ] {
        let timeout = Duration::from_secs(3);
        let script = Script {
            timeout: Some(3),
            public,
            login: Some(Scheme::DigestQop),
            ..Script::default()
        };
        let camera = camera(script);
        let mut watched = Watched::start(source(&camera, transport, RIGHT));
        let began = watched.frame(START_MAX);
        while clock::monotonic() - began < timeout * 3 {
            watched.frame(Duration::from_secs(3));
        }
        let counters = watched.camera.counters();
        assert_eq!((counters.tries, counters.connections), (1, 1), "{counters:?}");
        let asked = camera.asked();
        let plays = asked.iter().position(|a| a.method == "PLAY").unwrap();
        let kept = &asked[plays..];
        assert!(kept.len() >= 5 && kept[1..].iter().all(|a| a.method == method), "{kept:?}");
        assert!(kept.iter().all(|a| a.headers["session"] == "4711"), "{kept:?}");
        for pair in kept.windows(2) {
            assert!(pair[1].at - pair[0].at <= timeout / 2, "{:?}", pair[1].at - pair[0].at);
        }
        println!("{transport:?} {method}: {} in {:?}", kept.len() - 1, timeout * 3);
    }
}

#[test]
fn a_keep_alive_that_is_refused_goes_the_other_way() {
    let script = Script { timeout: Some(2), ..Script::answering("GET_PARAMETER", 501) };
    let camera = camera(script);
    let mut watched = Watched::start(source(&camera, Transport::Tcp, None));
    let began = watched.frame(START_MAX);
    while clock::monotonic() - began < Duration::from_secs(5) {
        watched.frame(Duration::from_secs(3));
    }
    assert_eq!(watched.camera.counters().tries, 1);
    assert_eq!((camera.count("GET_PARAMETER"), camera.count("OPTIONS") > 3), (1, true));
}

#[test]
fn each_refusal_is_told_with_its_code_and_a_remedy() {
    for (method, code, word, slow) in [
        ("OPTIONS", 403, "right to view", true),
        ("DESCRIBE", 403, "right to view", true),
        ("SETUP", 403, "right to view", true),
        ("DESCRIBE", 404, "no such path", true),
        ("SETUP", 404, "no such path", true),
        ("DESCRIBE", 453, "one more viewer", false),
        ("SETUP", 453, "one more viewer", false),
        ("PLAY", 454, "dropped the session", false),
        ("DESCRIBE", 503, "overloaded", false),
        ("PLAY", 503, "overloaded", false),
        ("DESCRIBE", 400, "refuses DESCRIBE", true),
        ("DESCRIBE", 451, "refuses DESCRIBE", true),
        ("PLAY", 455, "refuses PLAY", true),
        ("PLAY", 500, "fails at PLAY", false),
        ("DESCRIBE", 599, "fails at DESCRIBE", false),
        ("DESCRIBE", 302, "moved its stream", true),
    ] {
        let camera = camera(Script::answering(method, code));
        let mut watched = Watched::start(source(&camera, Transport::Auto, None));
        let (reason, retry_in) = offline(&mut watched);
        assert!(reason.contains(word), "{method} {code}: {reason}");
        assert!(reason.contains(&format!("({code} ")), "{method} {code}: {reason}");
        assert_eq!(retry_in >= SLOW, slow, "{method} {code}: {retry_in:?}");
    }
}

#[test]
fn what_is_no_camera_is_told_apart() {
    let sound = "m=audio 0 RTP/AVP 0\r\na=control:track1\r\n";
    for (script, word, slow) in [
        (Script { media: sound, ..Script::default() }, "sound only", true),
        (Script { media: "", ..Script::default() }, "no video", true),
        (
            Script { instead: Some(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ..Script::default() },
            "speaks HTTP, not RTSP",
            true,
        ),
        (
            Script { instead: Some(b"SSH-2.0-x\r\n"), ..Script::default() },
            "does not speak RTSP",
            true,
        ),
        (Script { instead: Some(b"hm"), ..Script::default() }, "does not speak RTSP", true),
        (Script { instead: Some(b""), ..Script::default() }, "closes it at once", false),
        (
            Script { hangs_up_at: Some("PLAY"), ..Script::default() },
            "before it sent anything",
            false,
        ),
    ] {
        let camera = camera(script);
        let (reason, retry_in) =
            offline(&mut Watched::start(source(&camera, Transport::Tcp, None)));
        assert!(reason.contains(word), "{reason}");
        assert_eq!(retry_in >= SLOW, slow, "{reason}: {retry_in:?}");
    }
}

#[test]
fn why_there_is_no_connection_is_told() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, word) in [
        (format!("rtsp://127.0.0.1:{closed}/a"), format!("port {closed} is refused")),
        ("rtsp://no-such-camera.invalid/a".into(), "name".into()),
        ("rtsp://255.255.255.255/a".into(), "no way to its address".into()),
    ] {
        let (reason, retry_in) = offline(&mut Watched::start(rtsp(&url, Transport::Tcp, None)));
        assert!(reason.starts_with("no connection to the camera: "), "{reason}");
        assert!(reason.contains(&word) && reason.contains("; "), "{reason}");
        assert!(retry_in <= Duration::from_secs(5), "{retry_in:?}");
    }
}

#[test]
fn a_camera_of_one_transport_is_seen_over_it() {
    for (tcp, no_transport, carrier) in [
        (true, 461, Carrier::Tcp),
        (false, 461, Carrier::Udp),
        (false, 400, Carrier::Udp),
        (false, 501, Carrier::Udp),
        (false, 200, Carrier::Udp),
    ] {
        let script = Script { tcp, udp: !tcp, no_transport, ..Script::default() };
        let camera = camera(script);
        let began = clock::monotonic();
        let mut watched = Watched::start(source(&camera, Transport::Auto, None));
        let took = watched.frame(START_MAX) - began;
        println!("{carrier:?} {no_transport}: first picture after {took:?}");
        let online = |state: &FeedState| matches!(state, FeedState::Online { .. });
        if !watched.states.iter().any(online) {
            watched.until("state", START_MAX, |t| matches!(t, Told::State(s) if online(s)));
        }
        let counters = watched.camera.counters();
        assert_eq!(counters.carrier, Some(carrier), "{counters:?}");
        let dark = |state: &FeedState| matches!(state, FeedState::Offline { .. });
        assert!(!watched.states.iter().any(dark), "{:?}", watched.states);
    }
}

/// The way is asked for anew only by the first connection.
#[test]
fn the_transport_is_remembered() {
    let script = Script { tcp: false, timeout: Some(1), ..Script::default() };
    let camera = camera(script);
    let mut watched = Watched::start(source(&camera, Transport::Auto, None));
    watched.frame(START_MAX);
    let asked_tcp = |a: &&super::support::scripted::Asked| {
        a.headers.get("transport").is_some_and(|t| t.contains("/TCP"))
    };
    assert_eq!(camera.asked().iter().filter(asked_tcp).count(), 1);
    let counters = watched.camera.counters();
    assert_eq!((counters.tries, counters.reconnects), (2, 0), "tries are no reconnections");
}

#[test]
fn a_fixed_transport_that_is_not_offered_is_told_with_the_key() {
    for (transport, tcp, word) in [
        (
            Transport::Tcp,
            false,
            "not send over TCP (461 Unsupported Transport); set its `transport` to \"udp\"",
        ),
        (
            Transport::Udp,
            true,
            "not send over UDP (461 Unsupported Transport); set its `transport` to \"tcp\"",
        ),
    ] {
        let camera = camera(Script { tcp, udp: !tcp, ..Script::default() });
        let (reason, retry_in) = offline(&mut Watched::start(source(&camera, transport, None)));
        assert!(reason.contains(word) && retry_in >= SLOW, "{reason}");
    }
    let neither = camera(Script { tcp: false, udp: false, ..Script::default() });
    let (reason, retry_in) = offline(&mut Watched::start(source(&neither, Transport::Auto, None)));
    assert!(reason.contains("neither over TCP nor over UDP") && retry_in >= SLOW, "{reason}");
    assert_eq!(neither.count("SETUP"), 2);
}

#[test]
fn pictures_before_the_first_key_frame_are_a_lead_in() {
    let camera = camera(Script { begins_at: 4, ..Script::default() });
    let mut watched = Watched::start(source(&camera, Transport::Tcp, None));
    for _ in 0..15 {
        watched.frame(START_MAX);
    }
    let dropped = watched.camera.counters().dropped;
    println!("{dropped:?}");
    assert_eq!(dropped.corrupt, 0, "{dropped:?}");
    assert!((1..=6).contains(&dropped.lead_in), "{dropped:?}");
}

/// Nobody else on the box sees the camera through us.
#[test]
fn the_camera_hears_its_own_address() {
    let camera = camera(Script::default());
    let mut watched = Watched::start(source(&camera, Transport::Tcp, None));
    watched.frame(START_MAX);
    drop(watched);
    let asked = camera.asked();
    let want = format!("rtsp://127.0.0.1:{}/stream?channel=1", camera.port);
    assert!(asked.iter().all(|a| a.uri.starts_with(&want) || a.method == "SETUP"), "{asked:?}");
    assert_eq!(asked.last().unwrap().method, "TEARDOWN", "the camera hears the end");
}
