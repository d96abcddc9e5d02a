//! Recordings: each frame once, pixel for pixel, and no file that kills the reader.

use super::support::{make_clip, run_pipeline};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use viahe_core::frame::{ColorMatrix, ColorRange, Frame, FrameView, PixelFormat};
use viahe_core::random::SplitMix64;
use viahe_core::time::{ClockSource, Timestamp};
use viahe_edge::ingest::{FileReader, GstFrame, IngestError};
use viahe_edge::ledger::{Ledger, Stage};
use viahe_testing::machine::{development_data, root};

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

fn read(path: &Path) -> (Vec<Result<GstFrame, IngestError>>, Arc<Ledger>) {
    let ledger = Arc::new(Ledger::default());
    (FileReader::open(path, START, Arc::clone(&ledger)).unwrap().collect(), ledger)
}

/// Rows of a view without their padding, plane after plane; chroma always as U, then V.
fn tight(view: &FrameView<'_>) -> Vec<u8> {
    let (w, h) = (view.width(), view.height());
    let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
    let rows = |i: usize, row: usize, rows: usize| {
        let plane = view.plane(i);
        (0..rows).flat_map(move |y| plane.data[y * plane.stride..][..row].iter().copied())
    };
    let luma = rows(0, w, h);
    match view.format() {
        PixelFormat::I420 => luma.chain(rows(1, cw, ch)).chain(rows(2, cw, ch)).collect(),
        PixelFormat::Nv12 => {
            let u = rows(1, cw * 2, ch).step_by(2);
            luma.chain(u).chain(rows(1, cw * 2, ch).skip(1).step_by(2)).collect()
        }
    }
}

/// The same pictures by another decoder (openh264), without any `VideoMeta`: the planes lie where
/// GStreamer's default layout puts them.
fn second_path(path: &Path) -> Vec<Vec<u8>> {
    let source = match path.extension().unwrap().to_str().unwrap() {
        "mp4" => "qtdemux !",
        _ => "",
    };
    let description = format!(
        "filesrc location=\"{}\" ! {source} h264parse ! openh264dec ! \
         video/x-raw,format=I420 ! appsink name=sink sync=false max-buffers=4",
        path.display()
    );
    let pipeline = gst::parse::launch(&description).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut pictures = Vec::new();
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_seconds(10)) {
        let info = gst_video::VideoInfo::from_caps(sample.caps().unwrap()).unwrap();
        let buffer = sample.buffer().unwrap();
        assert!(buffer.meta::<gst_video::VideoMeta>().is_none(), "not an independent layout");
        let bytes = buffer.map_readable().unwrap();
        let (w, h) = (info.width() as usize, info.height() as usize);
        let sizes = [(w, h), (w.div_ceil(2), h.div_ceil(2)), (w.div_ceil(2), h.div_ceil(2))];
        let mut picture = Vec::new();
        for (plane, (row, rows)) in sizes.into_iter().enumerate() {
            let (offset, stride) = (info.offset()[plane], info.stride()[plane] as usize);
            for y in 0..rows {
                picture.extend_from_slice(&bytes[offset + y * stride..][..row]);
            }
        }
        pictures.push(picture);
    }
    pipeline.set_state(gst::State::Null).unwrap();
    pictures
}

/// A clip that both decoders read: no B frames, 4:2:0, 8 bit.
fn clip_of(dir: &Path, size: [u32; 2]) -> PathBuf {
    make_clip(dir, &format!("{}x{}.mp4", size[0], size[1]), size, 10, 12)
}

#[test]
fn pixels_are_exact_at_any_width() {
    let dir = tempfile::tempdir().unwrap();
    for size in [
        [642, 362],
        [330, 250],
        [768, 576],
        [350, 198],
        [1920, 1080],
        [66, 34],
        [784, 576],
        [1296, 720],
    ] {
        let path = clip_of(dir.path(), size);
        let (frames, ledger) = read(&path);
        let want = second_path(&path);
        assert_eq!((frames.len(), want.len()), (12, 12), "{size:?}");
        let mut strides = Vec::new();
        for (i, (frame, want)) in frames.iter().zip(&want).enumerate() {
            let frame = frame.as_ref().unwrap();
            assert_eq!(frame.size_px(), size);
            assert!(tight(&frame.view()) == *want, "{size:?}: picture {i} differs");
            strides.push(frame.view().plane(0).stride);
        }
        strides.dedup();
        // libav pads rows to 64 bytes and beyond for itself. Where the stride is a tight one, the
        // decoder has copied the picture once more for us.
        let padded = (size[0] as usize).next_multiple_of(64);
        assert!(strides.iter().all(|s| *s >= padded), "{size:?}: strides {strides:?}");
        assert_eq!(ledger.bytes(Stage::Ingest), 0, "a copy at {size:?}");
    }
}

#[test]
fn a_size_that_changes_in_mid_stream_keeps_every_pixel() {
    let dir = tempfile::tempdir().unwrap();
    let parts: Vec<PathBuf> = [[320u32, 240u32], [642, 362], [1280, 720], [322, 242]]
        .map(|s| make_clip(dir.path(), &format!("{}x{}.h264", s[0], s[1]), s, 10, 5))
        .into();
    let bytes: Vec<u8> = parts.iter().flat_map(|p| std::fs::read(p).unwrap()).collect();
    let path = dir.path().join("all.h264");
    std::fs::write(&path, bytes).unwrap();
    let (frames, ledger) = read(&path);
    let want: Vec<Vec<u8>> = parts.iter().flat_map(|p| second_path(p)).collect();
    assert_eq!((frames.len(), want.len()), (20, 20));
    for (i, (frame, want)) in frames.iter().zip(&want).enumerate() {
        assert!(tight(&frame.as_ref().unwrap().view()) == *want, "picture {i} differs");
    }
    assert_eq!(ledger.bytes(Stage::Ingest), 0);
}

/// 79.5 s at 10 fps, as the demo's clip has.
#[test]
fn every_frame_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["long.mp4", "long-265.mkv", "long.avi"] {
        let path = make_clip(dir.path(), name, [160, 120], 10, 795);
        let reader = FileReader::open(&path, START, Arc::default()).unwrap();
        let mut last = None;
        let mut count = 0u64;
        for frame in reader {
            let stamp = frame.unwrap().stamp();
            assert_eq!(stamp.seq, count, "{name}");
            assert_eq!(stamp.clock, ClockSource::Recording);
            assert_eq!(stamp.arrived, stamp.captured);
            let want = START.plus(Duration::from_millis(100 * count));
            let off = stamp.captured.offset_ms(want).abs();
            assert!(off <= 1, "{name}: {stamp:?}, want {want:?}");
            assert!(last < Some(stamp.captured), "{name}");
            last = Some(stamp.captured);
            count += 1;
        }
        assert_eq!(count, 795, "{name}");
    }
}

/// What `make setup` brought, or development data.
fn real_file(relative: &str) -> Option<PathBuf> {
    let installed = root().join(".deps").join(relative);
    if installed.is_file() { Some(installed) } else { development_data(relative) }
}

#[test]
fn real_recordings_are_read_whole() {
    for (relative, count, size, codec) in [
        ("clips/vtest.mp4", 795, [768, 576], "h264"),
        ("video/deepstream_Retail02_short.mp4", 603, [1920, 1080], "h265"),
        ("video/car-detection.mp4", 377, [768, 432], "h264"),
    ] {
        let Some(path) = real_file(relative) else { continue };
        let ledger = Arc::new(Ledger::default());
        let mut reader = FileReader::open(&path, START, Arc::clone(&ledger)).unwrap();
        let mut frames = 0;
        let mut last = None;
        for frame in reader.by_ref() {
            let frame = frame.unwrap();
            assert_eq!((frame.stamp().seq, frame.size_px()), (frames, size), "{relative}");
            assert!(last < Some(frame.stamp().captured), "{relative}");
            last = Some(frame.stamp().captured);
            frames += 1;
        }
        assert_eq!((frames, reader.dropped_corrupt()), (count, 0), "{relative}");
        assert_eq!(reader.codec().unwrap().0, codec);
        assert_eq!(ledger.bytes(Stage::Ingest), 0, "{relative}");
    }
}

#[test]
fn ten_bits_are_converted_and_the_copy_is_owned_up_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ten.mp4");
    run_pipeline(&format!(
        "videotestsrc num-buffers=5 ! video/x-raw,format=I420_10LE,width=640,height=360 ! \
         x264enc speed-preset=ultrafast bframes=0 ! video/x-h264,profile=high-10 ! h264parse ! \
         mp4mux ! filesink location=\"{}\"",
        path.display()
    ));
    let (frames, ledger) = read(&path);
    assert_eq!(frames.len(), 5);
    assert!(frames.iter().all(Result::is_ok));
    assert_eq!(ledger.bytes(Stage::Ingest), 5 * 640 * 360 * 3 / 2);
}

#[test]
fn matrix_and_range_are_what_the_stream_says() {
    let dir = tempfile::tempdir().unwrap();
    for (colorimetry, size, matrix, range) in [
        ("bt601", [1280, 720], ColorMatrix::Bt601, ColorRange::Limited),
        ("bt709", [320, 240], ColorMatrix::Bt709, ColorRange::Limited),
    ] {
        let path = dir.path().join("c.mp4");
        run_pipeline(&format!(
            "videotestsrc num-buffers=2 ! video/x-raw,format=I420,width={},height={},\
             colorimetry={colorimetry} ! x264enc ! h264parse ! mp4mux ! filesink location=\"{}\"",
            size[0],
            size[1],
            path.display()
        ));
        let (frames, _) = read(&path);
        let view = frames[0].as_ref().unwrap().view();
        assert_eq!((view.matrix(), view.range()), (matrix, range), "{colorimetry}");
    }
}

#[test]
fn the_decoder_waits_for_its_reader() {
    let dir = tempfile::tempdir().unwrap();
    let path = make_clip(dir.path(), "a.mp4", [320, 240], 10, 100);
    let mut reader = FileReader::open(&path, START, Arc::default()).unwrap();
    // Holding frames must not stop the decoder either: its pool grows.
    let held: Vec<GstFrame> = reader.by_ref().take(60).map(Result::unwrap).collect();
    assert_eq!(held.last().unwrap().stamp().seq, 59);
    drop(reader);
    // Frames outlive their reader.
    assert_eq!(tight(&held[0].view()).len(), 320 * 240 * 3 / 2);
}

#[test]
fn what_is_no_recording_is_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let open = |path: &Path| FileReader::open(path, START, Arc::default());
    let missing = open(&dir.path().join("no.mp4")).err().unwrap();
    assert!(matches!(missing, IngestError::Open { .. }), "{missing}");
    let text = dir.path().join("text.mp4");
    std::fs::write(&text, "this is no video").unwrap();
    assert!(matches!(open(&text).err().unwrap(), IngestError::Container { .. }));

    let sound = dir.path().join("sound.mkv");
    run_pipeline(&format!(
        "audiotestsrc num-buffers=10 ! audioconvert ! opusenc ! matroskamux ! \
         filesink location=\"{}\"",
        sound.display()
    ));
    let errors: Vec<String> = open(&sound).unwrap().map(|f| f.err().unwrap().to_string()).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("no H.264 or H.265"), "{errors:?}");
}

#[test]
fn a_damaged_recording_ends_and_kills_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let seed = std::env::var("VIAHE_SEED").map_or(20_261_122, |s| s.parse().unwrap());
    println!("VIAHE_SEED={seed}");
    let mut random = SplitMix64::new(seed);
    let mut roll = |below: usize| random.draw() as usize % below;
    let (mut whole, mut damaged, mut failed) = (0, 0, 0);
    for name in ["a.mp4", "a265.mkv", "a.avi", "a.h264"] {
        let clean = std::fs::read(make_clip(dir.path(), name, [320, 240], 10, 20)).unwrap();
        for round in 0..15 {
            let mut bytes = clean.clone();
            if round % 5 == 0 {
                bytes.truncate(16 + roll(clean.len() - 16));
            } else {
                for _ in 0..bytes.len() / 500 {
                    let at = 16 + roll(bytes.len() - 16);
                    bytes[at] ^= 1 << roll(8);
                }
            }
            let path = dir.path().join(format!("bad-{name}"));
            std::fs::write(&path, &bytes).unwrap();
            let mut reader = FileReader::open(&path, START, Arc::default()).unwrap();
            // At most one error, and it is the last.
            let results: Vec<bool> = reader.by_ref().map(|f| f.is_ok()).collect();
            let errors = results.iter().filter(|ok| !**ok).count();
            assert!(errors == 0 || (errors == 1 && results.last() == Some(&false)), "{name}");
            assert!(results.len() <= 40, "{name}: {} frames of 20", results.len());
            whole += results.len() - errors;
            damaged += reader.dropped_corrupt();
            failed += errors;
        }
    }
    println!("60 damaged files: {whole} frames delivered, {damaged} dropped, {failed} errors");
    assert!(whole > 0 && failed > 0, "nothing was exercised");
}

/// What comes before the first key frame is a smear on grey.
#[test]
fn pictures_without_their_key_frame_are_counted_and_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(make_clip(dir.path(), "a.h264", [320, 240], 10, 20)).unwrap();
    // NAL units start with 0 0 1; type 5 is a slice of a key frame.
    let starts: Vec<usize> =
        (0..bytes.len() - 3).filter(|&i| bytes[i..i + 3] == [0, 0, 1]).collect();
    let mut cut = Vec::new();
    let mut removed = false;
    for (i, &from) in starts.iter().enumerate() {
        let to = starts.get(i + 1).copied().unwrap_or(bytes.len());
        // Slices of the first key frame only; the second comes ten pictures on.
        let key = bytes[from + 3] & 31 == 5;
        if key && i < starts.len() / 2 {
            removed = true;
        } else {
            cut.extend_from_slice(&bytes[from..to]);
        }
    }
    assert!(removed);
    let path = dir.path().join("cut.h264");
    std::fs::write(&path, &cut).unwrap();
    let mut reader = FileReader::open(&path, START, Arc::default()).unwrap();
    let delivered = reader.by_ref().map(Result::unwrap).count();
    println!("delivered {delivered}, dropped {}", reader.dropped_corrupt());
    assert_eq!(delivered, 10);
}

#[test]
fn a_recording_that_is_to_be_shown_turned_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = make_clip(dir.path(), "a.mp4", [320, 240], 10, 10);
    // The matrix of the track header: 36 bytes, before width and height, here turned by 90 degrees.
    let mut bytes = std::fs::read(&path).unwrap();
    let header = bytes.windows(4).position(|w| w == b"tkhd").unwrap();
    let matrix = header + 4 + 40;
    let turned: [u32; 9] = [0, 0x1_0000, 0, 0xffff_0000, 0, 0, 240 << 16, 0, 0x4000_0000];
    let turned: Vec<u8> = turned.iter().flat_map(|v| v.to_be_bytes()).collect();
    bytes[matrix..matrix + 36].copy_from_slice(&turned);
    std::fs::write(&path, bytes).unwrap();
    let ledger = Arc::new(Ledger::default());
    let read: Result<Vec<_>, _> =
        FileReader::open(&path, Timestamp::from_secs(1), ledger).unwrap().collect();
    let told = read.unwrap_err().to_string();
    assert!(told.contains("shown turned") && told.contains("rotate-90"), "{told}");
}
