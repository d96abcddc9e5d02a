//! The talk without sockets: what no well-behaved server shows.

use super::exchange::{End, Exchange, Subject};
use crate::clock;
use proptest::prelude::*;
use std::time::{Duration, Instant};
use viahe_contract::message::Carrier;

fn talk() -> Exchange {
    Exchange::new(Subject {
        alias: "rtsp://127.0.0.1:9/key".into(),
        alias_host: "rtsp://127.0.0.1:9".into(),
        camera: "rtsp://cam.local".into(),
        port: 554,
        peer: Some("10.0.0.7".into()),
        carrier: Carrier::Udp,
        login: None,
        login_good: false,
    })
}

fn ask(talk: &mut Exchange, method: &str, uri: &str, now: Instant) -> String {
    talk.client_says(format!("{method} {uri} RTSP/1.0\r\nCSeq: 70\r\n\r\n").as_bytes(), now)
        .unwrap();
    String::from_utf8(std::mem::take(&mut talk.to_camera)).unwrap()
}

#[test]
fn requests_get_the_cameras_address_and_answers_their_number() {
    let (mut talk, now) = (talk(), clock::monotonic());
    let asked = ask(&mut talk, "DESCRIBE", "rtsp://127.0.0.1:9/key/a?b=c", now);
    assert_eq!(asked, "DESCRIBE rtsp://cam.local/a?b=c RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    // The number is missing, as some cameras have it.
    talk.camera_says(b"RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nm=video 0", now).unwrap();
    let heard = String::from_utf8(std::mem::take(&mut talk.to_client)).unwrap();
    assert!(heard.contains("CSeq: 70\r\n") && heard.ends_with("m=video 0"), "{heard}");
    let asked = ask(&mut talk, "SETUP", "rtsp://127.0.0.1:9/track1", now);
    assert!(asked.starts_with("SETUP rtsp://cam.local/track1 RTSP/1.0\r\n"), "{asked}");
    let said = "RTSP/1.0 200 OK\r\nCSeq: 2\r\nTransport: RTP/AVP;unicast;server_port=5-6\r\n\r\n";
    talk.camera_says(said.as_bytes(), now).unwrap();
    let heard = String::from_utf8(std::mem::take(&mut talk.to_client)).unwrap();
    assert!(heard.contains("server_port=5-6;source=10.0.0.7\r\n"), "{heard}");
}

/// What comes in two packets goes on in one, and the camera hears of both.
#[test]
fn media_goes_on_in_larger_packets() {
    let (mut talk, now) = (talk(), clock::monotonic());
    ask(&mut talk, "DESCRIBE", "rtsp://127.0.0.1:9/key/a", now);
    let body = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
    let said = format!("RTSP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    talk.camera_says(said.as_bytes(), now).unwrap();
    talk.to_client.clear();
    let first = b"$\0\0\x0f\x80\x60\0\x01\0\0\0\0\0\0\0\x09\x7c\x85a";
    let last = b"$\0\0\x0f\x80\xe0\0\x02\0\0\0\0\0\0\0\x09\x7c\x45b";
    talk.camera_says(&[&first[..], &last[..9]].concat(), now).unwrap();
    assert!(talk.to_client.is_empty(), "half a unit is of no use");
    talk.camera_says(&last[9..], now).unwrap();
    assert_eq!(talk.to_client, b"$\0\0\x0f\x80\xe0\0\x01\0\0\0\0\0\0\0\x09\x65ab");
    let report = |highest: u8| {
        let head = [b'$', 1, 0, 32, 0x81, 201, 0, 7, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        [&head[..], &[highest], &[0; 12]].concat()
    };
    talk.client_says(&report(1), now).unwrap();
    assert_eq!(talk.to_camera, report(2));
}

#[test]
fn who_does_not_know_the_key_is_not_heard() {
    for uri in ["rtsp://127.0.0.1:9/a", "rtsp://127.0.0.1:9/", "*"] {
        let mut talk = talk();
        let said = format!("DESCRIBE {uri} RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        let end = talk.client_says(said.as_bytes(), clock::monotonic());
        assert!(matches!(end, Err(End::Stranger)), "{uri}: {end:?}");
        assert!(talk.to_camera.is_empty());
    }
}

#[test]
fn a_camera_that_does_not_answer_is_not_waited_for() {
    let (mut talk, now) = (talk(), clock::monotonic());
    ask(&mut talk, "DESCRIBE", "rtsp://127.0.0.1:9/key/a", now);
    let due = talk.tick(now).unwrap().unwrap();
    assert_eq!(due - now, Duration::from_secs(5));
    let Err(End::Fault(fault)) = talk.tick(due) else { panic!("it is waited for") };
    assert!(fault.text.contains("does not answer DESCRIBE for 5 s"), "{fault:?}");
}

#[test]
fn a_session_without_a_timeout_is_kept_alive_twice_a_minute() {
    let (mut talk, now) = (talk(), clock::monotonic());
    for (method, answer) in
        [("SETUP", "Transport: RTP/AVP;server_port=5-6\r\nSession: 9\r\n"), ("PLAY", "")]
    {
        ask(&mut talk, method, "rtsp://127.0.0.1:9/key/a", now);
        talk.camera_says(format!("RTSP/1.0 200 OK\r\n{answer}\r\n").as_bytes(), now).unwrap();
    }
    let due = talk.tick(now).unwrap().unwrap();
    assert!(due - now <= Duration::from_secs(30), "{:?}", due - now);
    talk.tick(due).unwrap();
    let kept = String::from_utf8(std::mem::take(&mut talk.to_camera)).unwrap();
    assert!(
        kept.starts_with("OPTIONS rtsp://cam.local/a ") && kept.contains("Session: 9"),
        "{kept}"
    );
    // It answers late, and the next one as well: neither is taken for an answer to rtspsrc.
    let next = talk.tick(due).unwrap().unwrap();
    talk.tick(next).unwrap();
    talk.camera_says(b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n", next)
        .unwrap();
    talk.camera_says(b"RTSP/1.0 454 No\r\nCSeq: 5\r\n\r\n", next).unwrap();
    assert!(talk.tick(next + Duration::from_secs(20)).is_ok());
}

/// A camera that says 0 means that its sessions do not end.
#[test]
fn however_the_timeout_is_written_the_session_is_kept_alive_in_time() {
    for (session, want) in [
        ("9;timeout=20", 9),
        ("9; timeout = 20", 9),
        ("9 ;timeout=20;x=1", 9),
        ("9;timeout=0", 27),
        ("9;timeout=", 27),
        ("9;timeout=-1", 27),
        ("9", 27),
        ("9;timeout=86400", 30),
    ] {
        let (mut talk, now) = (talk(), clock::monotonic());
        ask(&mut talk, "SETUP", "rtsp://127.0.0.1:9/key/a", now);
        let said = format!(
            "RTSP/1.0 200 OK\r\nTransport: RTP/AVP;server_port=5-6\r\nSession: {session}\r\n\r\n"
        );
        talk.camera_says(said.as_bytes(), now).unwrap();
        ask(&mut talk, "PLAY", "rtsp://127.0.0.1:9/key/a", now);
        talk.camera_says(b"RTSP/1.0 200 OK\r\n\r\n", now).unwrap();
        let due = talk.tick(now).unwrap().unwrap();
        assert_eq!((due - now).as_secs(), want, "{session}");
    }
}

proptest! {
    /// Nothing that a camera says makes it panic, or grow.
    #[test]
    fn any_camera(
        said in prop::collection::vec("(RTSP/1.0 [0-9]{3} [A-Z]{0,3}|[$A-Z]{1,5}|CSeq: [0-4]|WWW-Authenticate: .{0,20}|Session: .{0,20}|Transport: .{0,20}|\r\n|\r\n\r\n)", 0..40),
    ) {
        let (mut talk, now) = (talk(), clock::monotonic());
        for method in ["OPTIONS", "SETUP", "PLAY"] {
            ask(&mut talk, method, "rtsp://127.0.0.1:9/key/a", now);
        }
        for bytes in said {
            if talk.camera_says(bytes.as_bytes(), now).is_err() {
                break;
            }
            let _ = talk.tick(now);
        }
        prop_assert!(talk.to_client.len() + talk.to_camera.len() < 100_000);
    }
}
