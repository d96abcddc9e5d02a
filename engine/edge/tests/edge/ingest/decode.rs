//! How much of a live stream is decoded, over real RTSP, while what is needed of it changes.

use super::support::{Told, Watched, make_clip, rtsp, sim};
use std::time::Duration;
use viahe_contract::message::{DecodeMode, DecodeReason, Severity};
use viahe_core::plan::Transport;
use viahe_edge::clock;
use viahe_edge::ingest::{Demand, Looks};

/// Long for a machine that is busy; nothing waits for it when all is well.
const LONG: Duration = Duration::from_secs(30);
const FPS: u32 = 10;

fn each_second() -> Demand {
    let second = Duration::from_secs(1);
    Demand::looks(Looks { period: second, gap_max: second, severity: Severity::Medium })
}

/// Takes frames until the camera is decoded so.
fn until_mode(watched: &mut Watched, mode: DecodeMode) {
    let deadline = clock::monotonic() + LONG;
    while watched.camera.counters().decoding.map(|decoding| decoding.mode) != Some(mode) {
        assert!(clock::monotonic() < deadline, "{mode:?}: {:?}", watched.camera.counters());
        watched.frame(LONG);
    }
}

/// Capture times of the next frames.
fn next(watched: &mut Watched, count: usize) -> Vec<u64> {
    let mut times = Vec::new();
    watched.until("frames", LONG, |told| {
        if let Told::Frame(stamp, _) = told {
            times.push(stamp.captured.0 / 1_000_000);
        }
        times.len() == count
    });
    times
}

fn modes_change_while_the_stream_runs(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), name, [640, 360], FPS, 50);
    let sim = sim(&clip, None);
    let mut watched = Watched::start(rtsp(&sim.url("cam"), Transport::Tcp, None));
    watched.camera.demand(each_second());
    until_mode(&mut watched, DecodeMode::Keys);
    let times = next(&mut watched, 4);
    let gaps: Vec<u64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(gaps.iter().all(|ms| (900..1_100).contains(ms)), "{name}: {gaps:?}");

    // In the middle of a group: what was not decoded since its key frame is, and each has its own time.
    let last = *times.last().unwrap();
    watched.camera.demand(Demand::ALL);
    let times = next(&mut watched, 25);
    let gaps: Vec<u64> =
        [last].iter().chain(&times).zip(&times).map(|(one, next)| next - one).collect();
    assert!(gaps.iter().all(|ms| *ms < 2 * 1_000 / u64::from(FPS)), "{name}: {gaps:?}");

    watched.camera.demand(Demand::GLANCES);
    until_mode(&mut watched, DecodeMode::None);
    let asked = clock::event_time();
    watched.camera.peek();
    watched.until("picture of now", LONG, |told| {
        matches!(told, Told::Frame(stamp, _) if stamp.captured.plus(Duration::from_millis(200)) > asked)
    });
    let counters = watched.camera.counters();
    let decoding = counters.decoding.unwrap();
    assert_eq!((decoding.reason, counters.tries), (DecodeReason::Enough, 1), "{name}");
    let interval = decoding.key_interval_secs.unwrap();
    assert!((0.9..1.1).contains(&interval), "{name}: {decoding:?}");
    assert!(counters.dropped.spared > 20, "{name}: {counters:?}");
    assert!((8.0..12.5).contains(&counters.fps), "what the camera sends: {counters:?}");
}

#[test]
fn modes_change_while_the_stream_runs_h264() {
    modes_change_while_the_stream_runs("plain.mp4");
}

#[test]
fn modes_change_while_the_stream_runs_h265() {
    modes_change_while_the_stream_runs("plain-265.mkv");
}

/// Nothing is decoded for a while, and nobody takes that for a fault.
#[test]
fn a_camera_that_nobody_looks_at_stays_online() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "plain.mp4", [320, 192], FPS, 50);
    let sim = sim(&clip, None);
    let mut watched = Watched::start(rtsp(&sim.url("cam"), Transport::Tcp, None));
    watched.camera.demand(Demand::GLANCES);
    until_mode(&mut watched, DecodeMode::None);
    // Glances go on, further apart than a camera that films ten pictures a second may be silent.
    let times = next(&mut watched, 4);
    let gaps: Vec<u64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(gaps.iter().all(|ms| (4_000..6_000).contains(ms)), "{gaps:?}");
    let counters = watched.camera.counters();
    assert_eq!((counters.tries, counters.reconnects), (1, 0), "{counters:?}");
    assert!(counters.last_frame_age.unwrap() < Duration::from_secs(2), "it sends: {counters:?}");
}
