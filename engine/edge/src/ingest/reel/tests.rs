#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

//! Pictures that are decoded apart, from streams of real encoders: each is the one of full decoding.

use super::super::coded::Coded;
use super::super::valve::tests::{encode, streams, truth};
use super::*;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use viahe_core::frame::Frame;
use viahe_core::time::Timestamp;

/// Long for a machine that is busy; nothing waits for it when all is well.
const LONG: Duration = Duration::from_mins(1);

fn at(ms: u64) -> Taken {
    let reached = Timestamp::from_secs(1_800_000_000).plus(Duration::from_millis(ms));
    Taken { reached, reported: None }
}

fn stamp(ms: u64) -> FrameStamp {
    let captured = at(ms).reached;
    FrameStamp { seq: 7, captured, arrived: captured, offset_ms: 0, clock: ClockSource::Arrival }
}

/// All of a stream on a reel.
fn filled(codec: Codec, (units, caps): &(Vec<gst::Buffer>, gst::Caps)) -> Reel {
    let reel = Reel::default();
    reel.coded(codec, caps);
    let mut headers = Coded::new(codec);
    for unit in units {
        let what = {
            let data = unit.map_readable().unwrap();
            let _ = headers.access_unit(&data);
            headers.unit(&data)
        };
        reel.push(unit, what, at(unit.pts().unwrap().mseconds()));
    }
    reel
}

fn hash(frame: &GstFrame) -> u64 {
    let view = frame.view();
    let mut bytes = Vec::new();
    for (n, rows) in [(0, view.height()), (1, view.height() / 2), (2, view.height() / 2)] {
        let plane = view.plane(n);
        let width = if n == 0 { view.width() } else { view.width() / 2 };
        for row in 0..rows {
            bytes.extend(&plane.data[row * plane.stride..][..width]);
        }
    }
    let mut hash = DefaultHasher::new();
    hash.write(&bytes);
    hash.finish()
}

#[test]
fn each_picture_is_the_one_of_full_decoding() {
    for (name, stream, ..) in streams() {
        let coded = encode(&stream);
        let all: BTreeMap<u64, u64> = truth(stream.codec, &coded);
        let newest = *all.keys().max().unwrap();
        let reel = filled(stream.codec, &coded);
        let mut had = 0;
        for ms in all.keys() {
            let now = clock::monotonic();
            match reel.picture(at(*ms), stamp(*ms), now, now + LONG) {
                Ok(Developed { frame, .. }) => {
                    // Before the first that is kept, that one may be near enough.
                    let shows = frame.stamp().captured.since(at(0).reached).as_millis() as u64;
                    assert!(shows == *ms || ms + 3_000 < newest, "{name}: {shows} for {ms} ms");
                    assert_eq!(Some(&hash(&frame)), all.get(&shows), "{name} at {ms} ms");
                    assert_eq!(frame.stamp().seq, 7);
                    had += 1;
                }
                Err(NoPicture::Late) => assert!(ms + 3_000 < newest, "{name}: of {ms} ms"),
                Err(other) => panic!("{name}: of {ms} ms: {other:?}"),
            }
        }
        assert!(had > 20, "{name}: {had}");
    }
}
