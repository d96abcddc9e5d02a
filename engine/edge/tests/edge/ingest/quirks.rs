//! What real cameras say that is odd and yet meant: descriptions, addresses, headers.
//!
//! Each must give pictures at the first try.

use super::support::scripted::{PASSWORD, Scheme, Script, Scripted, USER, frames};
use super::support::{Watched, make_clip, rtsp};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use viahe_core::plan::Transport;

const START_MAX: Duration = Duration::from_secs(15);

static FRAMES: LazyLock<Arc<Vec<Vec<Vec<u8>>>>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    frames(&make_clip(dir.path(), "a.h264", [320, 240], 10, 20))
});

/// Where the stream was set up: the path after the camera's address.
fn set_up(script: &Script, transport: Transport) -> String {
    let camera = Scripted::start(script.clone(), &FRAMES);
    let login = script.login.map(|_| (USER, PASSWORD));
    let mut watched = Watched::start(rtsp(&camera.url(), transport, login));
    watched.frame(START_MAX);
    assert_eq!(watched.camera.counters().tries, 1);
    let asked = camera.asked();
    let setup = asked.iter().rfind(|a| a.method == "SETUP").unwrap();
    assert_eq!(setup.headers["transport"].contains("/TCP"), transport == Transport::Tcp);
    setup.uri.replace(&format!("rtsp://127.0.0.1:{}", camera.port), "")
}

fn both_ways(name: &str, script: &Script, want: &str) {
    for transport in [Transport::Tcp, Transport::Udp] {
        assert_eq!(set_up(script, transport), want, "{name}, {transport:?}");
    }
}

const VIDEO: &str = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
                     a=fmtp:96 packetization-mode=1;sprop-parameter-sets=SETS\r\n";

fn media(text: String) -> &'static str {
    text.leak()
}

#[test]
fn addresses_in_all_their_shapes() {
    let describe = |header| BTreeMap::from([("DESCRIBE", header)]);
    for (name, headers, head, control, want) in [
        ("a base", "Content-Base: URL/\r\n", "", "track1", "/stream/track1"),
        ("a base without its slash", "Content-Base: URL\r\n", "", "track1", "/stream/track1"),
        ("a location", "Content-Location: URL/\r\n", "", "track1", "/stream/track1"),
        ("no base", "", "", "track1", "/stream?channel=1/track1"),
        (
            "a location beside a base",
            "Content-Location: rtsp://x/\r\nContent-Base: URL/\r\n",
            "",
            "track1",
            "/stream/track1",
        ),
        ("a whole address", "", "", "URL/track1", "/stream/track1"),
        ("a whole one, and a base", "Content-Base: URL/\r\n", "", "URL/v", "/stream/v"),
        (
            "the address behind the router",
            "Content-Base: rtsp://192.168.1.64:554/stream/\r\n",
            "",
            "track1",
            "rtsp://192.168.1.64:554/stream/track1",
        ),
        (
            "another host's address",
            "",
            "a=control:*\r\n",
            "rtsp://192.168.1.64/stream/track1",
            "rtsp://192.168.1.64/stream/track1",
        ),
        ("all of it", "Content-Base: URL/\r\n", "a=control:*\r\n", "track1", "/stream/track1"),
        ("a whole of its own", "", "a=control:URL/\r\n", "track1", "/stream/track1"),
        ("a query", "Content-Base: URL/\r\n", "", "track1?a=b", "/stream/track1?a=b"),
    ] {
        let media = media(format!("{VIDEO}a=control:{control}\r\n"));
        // Without the slash, rtspsrc asks by the letter first (RFC 3986, 5.3): `/track1`.
        let headers = describe(headers);
        let script = Script { headers, head, media, only: want, ..Script::default() };
        println!("{name}");
        both_ways(name, &script, want);
    }
}

/// rtspsrc alone asks for nothing but multicast where the description names a group.
#[test]
fn a_group_in_the_description_is_no_reason_to_ask_for_nothing() {
    for address in ["224.3.0.0/1", "239.255.42.42/127", "0.0.0.0", "192.168.1.64"] {
        for of_media in [true, false] {
            let line = format!("c=IN IP4 {address}\r\n");
            let (head, below) =
                if of_media { (String::new(), line) } else { (line, String::new()) };
            let media = media(format!("{VIDEO}{below}a=control:track1\r\n"));
            let script = Script {
                head: head.leak(),
                media,
                headers: BTreeMap::from([("DESCRIBE", "Content-Base: URL/\r\n")]),
                ..Script::default()
            };
            both_ways(address, &script, "/stream/track1");
        }
    }
}

#[test]
fn descriptions_in_all_their_shapes() {
    let control = "a=control:track1\r\n";
    for (name, text) in [
        ("no parameter sets", "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n".to_owned()),
        ("a port", VIDEO.replace("video 0", "video 49170")),
        ("a small name", VIDEO.replace("H264", "h264")),
        ("metadata first", format!("m=application 0 RTP/AVP 107\r\na=control:meta\r\n{VIDEO}")),
        ("sound first", format!("m=audio 0 RTP/AVP 0\r\na=control:sound\r\n{VIDEO}")),
        (
            "words of the maker",
            format!("{VIDEO}a=Media_header:MEDIAINFO=494D4B48;\r\na=x-dim:1\r\n"),
        ),
        ("bandwidth and rate", format!("{VIDEO}b=AS:0\r\na=framerate:0\r\na=framerate:25.0\r\n")),
        ("one direction", format!("{VIDEO}a=recvonly\r\na=range:npt=0-\r\n")),
    ] {
        for bare in [false, true] {
            let text = format!("{text}{control}");
            let text = if bare { text.replace("\r\n", "\n") } else { text };
            let script = Script { media: media(text), ..Script::default() };
            assert!(set_up(&script, Transport::Tcp).ends_with("track1"), "{name}");
        }
    }
}

#[test]
fn headers_in_all_their_shapes() {
    for (name, method, header) in [
        ("no time in it", "PLAY", "RTP-Info: url=URL/track1\r\n"),
        ("another number", "PLAY", "RTP-Info: url=URL/track1;seq=4711;rtptime=99999\r\n"),
        ("an empty one", "PLAY", "RTP-Info: \r\n"),
        ("another's address", "PLAY", "RTP-Info: url=rtsp://192.168.1.64/x;seq=1;rtptime=0\r\n"),
        ("a range", "PLAY", "Range: npt=now-\r\n"),
        ("a clock", "PLAY", "Range: clock=20261122T081402.9Z-\r\n"),
        ("an end", "PLAY", "Range: npt=0.000-\r\nScale: 1.0\r\n"),
        ("kinds", "DESCRIBE", "Content-Type: application/sdp; charset=utf-8\r\n"),
        ("caches", "DESCRIBE", "Cache-Control: must-revalidate\r\nx-Accept-Dynamic-Rate: 1\r\n"),
        ("another list", "OPTIONS", "Supported: play.basic\r\nPublic: RECORD\r\n"),
        ("a session early", "OPTIONS", "Session: 1;timeout=1\r\n"),
        ("a second session", "SETUP", "Session: 4712\r\n"),
    ] {
        let headers = BTreeMap::from([(method, header)]);
        let script = Script { headers, ..Script::default() };
        println!("{name}");
        set_up(&script, Transport::Tcp);
    }
}

#[test]
fn media_on_another_channel_than_was_asked_for() {
    let script = Script { channel: 4, ..Script::default() };
    set_up(&script, Transport::Tcp);
}

#[test]
fn several_logins_to_choose_from() {
    let script = Script { login: Some(Scheme::Many), ..Script::default() };
    for transport in [Transport::Tcp, Transport::Udp] {
        set_up(&script, transport);
    }
}
