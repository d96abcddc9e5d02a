//! Live cameras over real RTSP, in sickness and in health.
//!
//! Times are failure bounds on channels, not sleeps; what was measured is printed.

use super::support::{
    SimProcess, Told, Watched, certificate, make_clip, rtsp, rtsps, sim, sim_apart, sim_with,
};
use std::path::PathBuf;
use std::time::Duration;
use viahe_contract::message::CameraFault;
use viahe_core::plan::{Source, Transport};
use viahe_core::time::ClockSource;
use viahe_edge::clock;
use viahe_edge::ingest::{Dropped, FeedState};
use viahe_edge::ledger::Stage;

const START_MAX: Duration = Duration::from_secs(10);
const DETECT_MAX: Duration = Duration::from_millis(3500);
const BACK_MAX: Duration = Duration::from_secs(8);

fn frames_carry_the_cameras_time(transport: Transport) {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [640, 360], 10, 30);
    let sim = sim(&clip, None);
    let began = clock::monotonic();
    let mut watched = Watched::start(rtsp(&sim.url("cam"), transport, None));
    let first = watched.frame(START_MAX);
    let mut offsets = Vec::new();
    // 60 frames of a clip of 30: it loops, and event time goes on.
    watched.until("60 frames with the camera's time", Duration::from_secs(30), |told| {
        if let Told::Frame(stamp, size) = told {
            assert_eq!(*size, [640, 360]);
            if stamp.clock == ClockSource::Rtcp {
                offsets.push(stamp.offset_ms);
            }
        }
        offsets.len() == 60
    });
    println!("{transport:?}: first frame after {:?}, offsets {offsets:?} ms", first - began);
    // One machine, one clock: what is left is buffering on the way.
    assert!(offsets.iter().all(|ms| (-200..=500).contains(ms)), "{offsets:?}");
    let counters = watched.camera.counters();
    assert_eq!((counters.codec, counters.decoder), (Some("h264"), Some("avdec_h264")));
    assert_eq!((counters.reconnects, counters.dropped), (0, Dropped::default()), "{counters:?}");
    assert!((8.0..12.5).contains(&counters.fps), "{counters:?}");
    assert_eq!(watched.ledger.bytes(Stage::Ingest), 0);
}

#[test]
fn frames_carry_the_cameras_time_tcp() {
    frames_carry_the_cameras_time(Transport::Tcp);
}

#[test]
fn frames_carry_the_cameras_time_udp() {
    frames_carry_the_cameras_time(Transport::Udp);
}

/// It neither waits until the clip has come there nor hurries through what it passes over.
#[test]
fn a_camera_that_begins_far_into_the_clip_sends_at_once_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    // `other` begins after 12 s of 20.
    let clip = make_clip(dir.path(), "long.mp4", [320, 240], 10, 200);
    let sim = sim_apart(&clip);
    let mut watched = Watched::start(rtsp(&sim.url("other"), Transport::Tcp, None));
    let first = watched.frame(START_MAX);
    let mut frames = 0;
    // Past the end of the clip, into its next round.
    let last = watched.until("80 frames", Duration::from_secs(15), |told| {
        frames += usize::from(matches!(told, Told::Frame(..)));
        frames == 80
    });
    let took = last - first;
    println!("80 frames in {took:?}");
    assert!(took > Duration::from_secs(6), "{took:?}");
}

#[test]
fn h265_and_two_viewers_of_one_camera() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "h265.mkv", [640, 360], 10, 20);
    let sim = sim(&clip, None);
    let mut first = Watched::start(rtsp(&sim.url("cam"), Transport::Tcp, None));
    first.frame(START_MAX);
    let mut second = Watched::start(rtsp(&sim.url("cam"), Transport::Udp, None));
    second.frame(START_MAX);
    first.frame(START_MAX);
    assert_eq!(sim.clients(), 2);
    assert_eq!(first.camera.counters().codec, Some("h265"));
}

/// Kills the camera, measures the detection, starts it again, measures the return.
fn a_killed_camera_comes_back(transport: Transport) {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 20);
    let mut server = SimProcess::start(&clip, 0);
    let mut watched = Watched::start(rtsp(&server.url(), transport, None));
    watched.frame(START_MAX);
    for round in 0..3 {
        let port = server.port;
        let killed = clock::monotonic();
        server.kill();
        let stalled = watched.stalled(DETECT_MAX + Duration::from_secs(5)) - killed;
        server = SimProcess::start(&clip, port);
        let returned = clock::monotonic();
        let back = watched.frame_after(returned, BACK_MAX + Duration::from_secs(5)) - returned;
        println!("{transport:?} kill {round}: detected {stalled:?}, frames {back:?} after return");
        assert!(stalled <= DETECT_MAX, "{stalled:?}");
        assert!(back <= BACK_MAX, "{back:?}");
    }
    // The last picture may be told before its connection is counted.
    let online = |state: &FeedState| matches!(state, FeedState::Online { .. });
    if watched.states.iter().filter(|state| online(state)).count() < 4 {
        watched.until("state", START_MAX, |t| matches!(t, Told::State(state) if online(state)));
    }
    let counters = watched.camera.counters();
    assert_eq!((counters.connections, counters.teardown_hung), (4, 0), "{counters:?}");
}

#[test]
fn a_killed_camera_comes_back_tcp() {
    a_killed_camera_comes_back(Transport::Tcp);
}

#[test]
fn a_killed_camera_comes_back_udp() {
    a_killed_camera_comes_back(Transport::Udp);
}

/// A frozen camera says nothing at all, not even that it is gone.
fn a_frozen_camera_is_noticed(transport: Transport) {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 20);
    let server = SimProcess::start(&clip, 0);
    let mut watched = Watched::start(rtsp(&server.url(), transport, None));
    watched.frame(START_MAX);
    let frozen = clock::monotonic();
    server.signal("STOP");
    let stalled = watched.stalled(DETECT_MAX + Duration::from_secs(5)) - frozen;
    // While it is frozen every new connection gets stuck; two of them, and it thaws.
    for _ in 0..2 {
        watched.until("next try", Duration::from_secs(20), |told| {
            matches!(told, Told::State(FeedState::Connecting))
        });
    }
    let thawed = clock::monotonic();
    server.signal("CONT");
    let back = watched.frame_after(thawed, BACK_MAX + Duration::from_secs(5)) - thawed;
    println!("{transport:?} freeze: detected {stalled:?}, frames {back:?} after the thaw");
    assert!(stalled <= DETECT_MAX, "{stalled:?}");
    assert!(back <= BACK_MAX, "{back:?}");
    assert_eq!(watched.camera.counters().teardown_hung, 0);
    // A camera that is frozen does not hold up the end either.
    server.signal("STOP");
    let began = clock::monotonic();
    drop(watched.camera);
    let took = clock::monotonic() - began;
    println!("{transport:?} freeze: dropped in {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_frozen_camera_is_noticed_tcp() {
    a_frozen_camera_is_noticed(Transport::Tcp);
}

#[test]
fn a_frozen_camera_is_noticed_udp() {
    a_frozen_camera_is_noticed(Transport::Udp);
}

/// The encoder hangs while RTSP and RTCP go on: no message ever tells of it.
fn media_that_stops_is_noticed(transport: Transport) {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 20);
    let sim = sim(&clip, None);
    let mut watched = Watched::start(rtsp(&sim.url("cam"), transport, None));
    watched.frame(START_MAX);
    let stopped = clock::monotonic();
    sim.pause_media(true);
    let stalled = watched.stalled(DETECT_MAX + Duration::from_secs(5)) - stopped;
    watched.until("next try", Duration::from_secs(10), |told| {
        matches!(told, Told::State(FeedState::Connecting))
    });
    let resumed = clock::monotonic();
    sim.pause_media(false);
    let back = watched.frame_after(resumed, BACK_MAX + Duration::from_secs(5)) - resumed;
    println!("{transport:?} valve: detected {stalled:?}, frames {back:?} after it opened");
    assert!(stalled <= DETECT_MAX, "{stalled:?}");
    assert!(back <= BACK_MAX, "{back:?}");
}

#[test]
fn media_that_stops_is_noticed_tcp() {
    media_that_stops_is_noticed(Transport::Tcp);
}

#[test]
fn media_that_stops_is_noticed_udp() {
    media_that_stops_is_noticed(Transport::Udp);
}

#[test]
fn a_size_that_changes_in_mid_stream_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let small = make_clip(dir.path(), "small.h264", [320, 240], 10, 10);
    let large = make_clip(dir.path(), "large.h264", [642, 362], 10, 10);
    let both = dir.path().join("both.h264");
    let bytes = [std::fs::read(small).unwrap(), std::fs::read(large).unwrap()].concat();
    std::fs::write(&both, bytes).unwrap();
    let sim = sim(&both, None);
    let mut watched = Watched::start(rtsp(&sim.url("cam"), Transport::Tcp, None));
    for size in [[320, 240], [642, 362], [320, 240], [642, 362]] {
        let want = size.map(|v: usize| v as u32);
        watched.until("state of this size", START_MAX, |told| {
            matches!(told, Told::State(FeedState::Online { size_px, .. }) if *size_px == want)
        });
        watched.until(
            "frame of this size",
            START_MAX,
            |told| matches!(told, Told::Frame(_, of) if *of == size),
        );
    }
    let counters = watched.camera.counters();
    assert_eq!((counters.reconnects, counters.connections), (0, 1), "{counters:?}");
}

#[test]
fn a_wrong_password_is_said_and_not_hammered() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 10);
    let sim = sim(&clip, Some(("admin", "right-horse")));
    let good = rtsp(&sim.url("cam"), Transport::Tcp, Some(("admin", "right-horse")));
    Watched::start(good).frame(START_MAX);
    for login in [Some(("admin", "wrong-horse")), None] {
        let mut watched = Watched::start(rtsp(&sim.url("cam"), Transport::Tcp, login));
        watched.until("refusal", START_MAX, |told| {
            let Told::State(FeedState::Offline { reason, code, retry_in }) = told else {
                return false;
            };
            let wanted =
                if login.is_some() { CameraFault::LoginRefused } else { CameraFault::LoginWanted };
            assert_eq!(*code, wanted, "{reason}");
            assert!(reason.contains("password in its `url`"), "{reason}");
            assert!(!reason.contains("horse"), "{reason}");
            *retry_in >= Duration::from_secs(15)
        });
    }
}

#[test]
fn a_wrong_path_and_a_closed_port_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 10);
    let sim = sim(&clip, None);
    let wrong_path = sim.url("no-such-path");
    let mut watched = Watched::start(rtsp(&wrong_path, Transport::Tcp, None));
    watched.until("refusal", START_MAX, |told| {
        matches!(told, Told::State(FeedState::Offline { reason, code: CameraFault::NoSuchPath, retry_in })
            if reason.contains("path") && *retry_in >= Duration::from_secs(15))
    });
    let closed = sim.url("cam");
    drop(sim);
    let mut watched = Watched::start(rtsp(&closed, Transport::Tcp, None));
    for _ in 0..3 {
        watched.until("refusal", START_MAX, |told| {
            matches!(told, Told::State(FeedState::Offline { reason, code: CameraFault::PortRefused { .. }, retry_in })
                if reason.contains("no connection") && *retry_in <= Duration::from_secs(5))
        });
    }
    for state in &watched.states {
        assert!(!format!("{state:?}").contains("127.0.0.1"), "{state:?}");
    }
}

/// The first reason for which a camera is refused, and whether a person must mend it.
fn refusal(source: Source) -> (String, bool) {
    let mut watched = Watched::start(source);
    let mut refused = None;
    watched.until("refusal", Duration::from_secs(20), |told| {
        if let Told::State(FeedState::Offline { reason, retry_in, .. }) = told {
            refused = Some((reason.clone(), *retry_in >= Duration::from_secs(15)));
        }
        refused.is_some()
    });
    let (reason, slow) = refused.unwrap();
    println!("{reason}");
    assert!(!reason.contains("127.0.0.1"), "{reason}");
    (reason, slow)
}

#[test]
fn an_encrypted_camera_is_seen_with_its_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 10);
    let (cert, key) = certificate(dir.path(), "camera", "IP:127.0.0.1");
    for login in [None, Some(("admin", "right-horse"))] {
        let sim = sim_with(&clip, login, Some((cert.clone(), key.clone())));
        let mut watched = Watched::start(rtsps(&sim.url("cam"), login, Some(&cert)));
        for _ in 0..15 {
            watched.frame(START_MAX);
        }
        let counters = watched.camera.counters();
        assert_eq!((counters.reconnects, counters.connections), (0, 1), "{counters:?}");
    }
}

#[test]
fn a_camera_that_is_not_trusted_is_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 10);
    let (cert, key) = certificate(dir.path(), "camera", "IP:127.0.0.1");
    let (other, _) = certificate(dir.path(), "other", "IP:127.0.0.1");
    let sim = sim_with(&clip, None, Some((cert.clone(), key)));
    let missing = dir.path().join("missing.pem");
    for (ca, words) in [
        (None, "certificate is not trusted: give it"),
        (Some(&other), "certificate is not trusted: it is neither in `ca`"),
        (Some(&missing), "missing.pem\" cannot be used: No such file"),
    ] {
        let (reason, slow) = refusal(rtsps(&sim.url("cam"), None, ca.map(PathBuf::as_path)));
        assert!(reason.contains(words), "{reason}");
        assert!(slow, "{reason}");
    }
    drop(sim);
    let named = certificate(dir.path(), "named", "DNS:cam.example");
    let sim = sim_with(&clip, None, Some(named.clone()));
    let (reason, slow) = refusal(rtsps(&sim.url("cam"), None, Some(&named.0)));
    assert!(reason.contains("for another name or address"), "{reason}");
    assert!(slow, "{reason}");
}

#[test]
fn tls_at_a_port_without_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 10);
    let plain = sim(&clip, None);
    let url = format!("rtsps://127.0.0.1:{}/cam", plain.port());
    let (reason, slow) = refusal(rtsps(&url, None, None));
    assert!(reason.contains("speaks no TLS at this port; use rtsp://") && slow, "{reason}");
    drop(plain);
    let (reason, slow) = refusal(rtsps(&url, None, None));
    assert!(reason.contains("no connection") && !slow, "{reason}");
}

/// Something that is neither: the pace stays quick, as it may be a camera that restarts.
#[test]
fn a_handshake_that_is_broken_off_is_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsps://{}/cam", listener.local_addr().unwrap());
    // Ends with the test's process.
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let (reason, slow) = refusal(rtsps(&url, None, None));
    assert!(reason.contains("breaks the TLS handshake off") && !slow, "{reason}");
}

#[test]
fn a_port_that_takes_connections_and_says_nothing_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://{}/cam", listener.local_addr().unwrap());
    let mut watched = Watched::start(rtsp(&url, Transport::Tcp, None));
    let began = clock::monotonic();
    let given_up = watched.until("an end", Duration::from_secs(15), |told| {
        matches!(told, Told::State(FeedState::Offline { .. }))
    });
    println!("mute server: given up after {:?}", given_up - began);
    assert!(given_up - began <= Duration::from_secs(11));
}

#[test]
fn a_test_picture_of_odd_size() {
    let mut watched = Watched::start(Source::Pattern { size_px: [645, 365], fps: 25 });
    let sized = |told: &Told| matches!(told, Told::Frame(_, [645, 365]));
    for _ in 0..30 {
        watched.until("frame", START_MAX, sized);
    }
    let counters = watched.camera.counters();
    assert_eq!((counters.codec, counters.clock), (None, ClockSource::Arrival));
    let began = clock::monotonic();
    drop(watched.camera);
    assert!(clock::monotonic() - began < Duration::from_secs(2));
}

/// With every log of GStreamer switched on a password is nowhere to be found.
#[test]
fn a_password_is_in_no_log() {
    const CANARY: &str = "canary-4711-horse";
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 10);
    let sim = sim(&clip, Some(("admin", CANARY)));
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ingest::live::password_child", "--nocapture"])
        .env("VIAHE_TEST_URL", sim.url("cam"))
        .env("VIAHE_TEST_PASSWORD", CANARY)
        .env("GST_DEBUG", "9")
        .env("GST_DEBUG_NO_COLOR", "1")
        .env("GST_DEBUG_DUMP_DOT_DIR", dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let log = String::from_utf8_lossy(&output.stderr);
    println!("{} bytes of log", log.len());
    assert!(log.contains("rtspsrc"), "no log was written: {log:.300}");
    let dots: Vec<String> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "dot"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let stdout = String::from_utf8_lossy(&output.stdout);
    for text in dots.iter().map(String::as_str).chain([log.as_ref(), stdout.as_ref()]) {
        let line = text.lines().find(|l| l.contains(CANARY) || l.contains("Authorization"));
        assert!(line.is_none(), "{line:?}");
    }
}

/// The body of [`a_password_is_in_no_log`]: a good connection, a refused one, a wrong path.
#[test]
fn password_child() {
    let Ok(url) = std::env::var("VIAHE_TEST_URL") else { return };
    let password = std::env::var("VIAHE_TEST_PASSWORD").unwrap();
    let login = Some(("admin", password.as_str()));
    let mut watched = Watched::start(rtsp(&url, Transport::Tcp, login));
    watched.frame(START_MAX);
    let wrong = [
        rtsp(&url, Transport::Tcp, Some(("guest", password.as_str()))),
        rtsp(&format!("{url}/no/such/path"), Transport::Udp, login),
        rtsp("rtsp://127.0.0.1:1/cam", Transport::Tcp, login),
    ];
    for source in wrong {
        println!("{source:?}");
        let mut watched = Watched::start(source);
        watched.until("refusal", START_MAX, |told| {
            println!("{told:?}");
            matches!(told, Told::State(FeedState::Offline { .. }))
        });
        println!("{:?}", watched.camera.counters());
    }
}
