//! Cameras whose clocks are wrong, over real RTSP: event time is when pictures came.

use super::support::{Told, Watched, make_clip, rtsp, sim};
use std::time::Duration;
use viahe_core::plan::Transport;
use viahe_core::time::ClockSource;
use viahe_edge::clock;

const LONG: Duration = Duration::from_secs(30);

#[test]
fn pictures_are_of_when_they_came_whatever_the_camera_says() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 30);
    // From the start: an hour slow, in the wrong zone, in 1973.
    for ahead in [-3600, 7 * 3600, -1_700_000_000] {
        let sim = sim(&clip, None);
        sim.set_clock_ahead(ahead);
        let mut watched = Watched::start(rtsp(&sim.url("cam"), Transport::Tcp, None));
        let mut after_report = 0;
        watched.until("40 frames with the camera's time", LONG, |told| {
            let Told::Frame(stamp, _) = told else { return false };
            let late = clock::event_time().since(stamp.captured);
            assert!(late < Duration::from_secs(1), "{ahead}: {late:?} {stamp:?}");
            if stamp.clock == ClockSource::Rtcp {
                after_report += 1;
                assert!((stamp.offset_ms + ahead * 1000).abs() < 1000, "{ahead}: {stamp:?}");
            }
            after_report == 40
        });
        assert_eq!(watched.camera.counters().clock_steps, 0, "wrong, but not set");
    }
}

#[test]
fn a_camera_whose_clock_is_set_is_told_and_keeps_its_pace() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make_clip(dir.path(), "a.mp4", [320, 240], 10, 30);
    let sim = sim(&clip, None);
    let mut watched = Watched::start(rtsp(&sim.url("cam"), Transport::Tcp, None));
    watched.until(
        "its time",
        LONG,
        |told| matches!(told, Told::Frame(stamp, _) if stamp.clock == ClockSource::Rtcp),
    );
    // A server reports every few seconds; each report counts from then on.
    for (n, ahead) in [(1, -300), (2, 3600), (3, 0)] {
        sim.set_clock_ahead(ahead);
        let mut pictures = Vec::new();
        let counted = |watched: &Watched| watched.camera.counters().clock_steps;
        while counted(&watched) < n {
            watched.until("a picture", LONG, |told| {
                let Told::Frame(stamp, _) = told else { return false };
                pictures.push(stamp.captured);
                true
            });
            assert!(pictures.len() < 600, "no step was told in a minute");
        }
        let counters = watched.camera.counters();
        assert!((counters.clock_offset_ms.unwrap() + ahead * 1000).abs() < 1000, "{counters:?}");
        for pair in pictures.windows(2) {
            let between = pair[1].since(pair[0]);
            assert!(between < Duration::from_millis(500), "10 fps all the while: {between:?}");
        }
    }
}
