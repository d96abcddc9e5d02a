#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::ingest::coded::tests::{beside, parameter_set};

const CODECS: [Codec; 2] = [Codec::H264, Codec::H265];

/// What a decoder of `codec` says when these caps and access units come; it runs alone.
fn refusal(codec: Codec, caps: &gst::Caps, units: &[Vec<u8>]) -> Option<String> {
    let (decoder, _) = super::super::graph::decoder(codec, &[]).unwrap();
    let bus = gst::Bus::new();
    decoder.set_bus(Some(&bus));
    refuse_large(&decoder, codec, AREA_PX_MAX).unwrap();
    decoder.set_state(gst::State::Playing).unwrap();
    let pad = decoder.static_pad("sink").unwrap();
    pad.send_event(gst::event::StreamStart::new("s"));
    pad.send_event(gst::event::Caps::new(caps));
    pad.send_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
    for unit in units {
        let _ = pad.chain(gst::Buffer::from_slice(unit.clone()));
    }
    let error = bus.pop_filtered(&[gst::MessageType::Error]);
    decoder.set_state(gst::State::Null).unwrap();
    let gst::MessageView::Error(error) = error.as_ref()?.view() else { return None };
    Some(error.error().message().to_owned())
}

fn caps(codec: Codec, (width, height): (i32, i32), format: &str) -> gst::Caps {
    gst::Caps::builder(format!("video/x-{}", codec.label()))
        .field("width", width)
        .field("height", height)
        .field("stream-format", format)
        .field("alignment", "au")
        .build()
}

#[test]
fn eight_k_fits_in_either_orientation() {
    for (size, shown, coded) in [
        ((7680, 4320), true, true),
        ((4320, 7680), true, true),
        ((7680, 4322), false, true),
        // The next whole block of H.265 after 8K.
        ((7680, 4352), false, true),
        ((7744, 4384), false, false),
        ((16_000, 16_000), false, false),
        ((u64::MAX, u64::MAX), false, false),
    ] {
        assert_eq!(too_large(size, "", AREA_PX_MAX).is_none(), shown, "{size:?}");
        assert_eq!(coded_too_large(size, AREA_PX_MAX).is_none(), coded, "{size:?}");
    }
}

#[test]
fn what_is_said_to_be_too_large_is_refused_before_it_is_decoded() {
    crate::ingest::init().unwrap();
    for codec in CODECS {
        let told = refusal(codec, &caps(codec, (16_000, 16_000), "byte-stream"), &[vec![0; 64]]);
        let told = told.unwrap();
        assert!(told.contains("said to be 16000x16000") && told.contains("8K"), "{told}");
    }
}

#[test]
fn what_is_coded_larger_than_it_is_shown_is_refused_before_it_is_decoded() {
    crate::ingest::init().unwrap();
    for codec in CODECS {
        let large = parameter_set(codec, (9216, 8192));
        let start_code = |unit: &[u8]| [&[0, 0, 0, 1], unit].concat();
        // In the stream, from the start or later.
        let of = caps(codec, (1920, 1080), "byte-stream");
        let small = start_code(&parameter_set(codec, (1920, 1088)));
        let later = [small.clone(), start_code(&large)];
        for units in [&later[1..], &later[..]] {
            let told = refusal(codec, &of, units).unwrap();
            assert!(told.contains("coded as 9216x8192") && told.contains("8K"), "{told}");
        }
        // Beside it, and later in it with lengths.
        let format = if codec == Codec::H264 { "avc" } else { "hvc1" };
        let with = |unit: &[u8]| {
            let mut caps = caps(codec, (1920, 1080), format);
            let data = gst::Buffer::from_slice(beside(codec, unit));
            caps.make_mut().set("codec_data", data);
            caps
        };
        let told = refusal(codec, &with(&large), &[]).unwrap();
        assert!(told.contains("coded as 9216x8192"), "{told}");
        let length = u32::try_from(large.len()).unwrap().to_be_bytes();
        let unit = [&length[..], &large].concat();
        let told = refusal(codec, &with(&small[4..]), &[unit]).unwrap();
        assert!(told.contains("coded as 9216x8192"), "{told}");
    }
}

/// The picture of one of our own encoders, 1000x600, whose coded size is larger; all of it through the
/// parser, in both framings.
#[test]
fn what_an_encoder_cuts_out_counts_whole() {
    crate::ingest::init().unwrap();
    let coded = (1008, 608);
    for (codec, encoder, formats) in [
        (Codec::H264, "x264enc speed-preset=ultrafast", ["avc", "byte-stream"]),
        (Codec::H265, "x265enc speed-preset=ultrafast", ["hvc1", "byte-stream"]),
    ] {
        for format in formats {
            let chain = format!(
                "videotestsrc num-buffers=2 ! video/x-raw,format=I420,width=1000,height=600 ! \
                 {encoder} ! {} ! video/x-{},stream-format={format},alignment=au ! \
                 appsink name=out sync=false",
                codec.parser(),
                codec.label()
            );
            let pipeline = gst::parse::launch(&chain).unwrap().downcast::<gst::Pipeline>().unwrap();
            let sink = pipeline.by_name("out").unwrap().downcast::<gstreamer_app::AppSink>();
            pipeline.set_state(gst::State::Playing).unwrap();
            let sample = sink.unwrap().pull_sample().unwrap();
            pipeline.set_state(gst::State::Null).unwrap();
            let mut gate = Gate { coded: Coded::new(codec), refused: false };
            let (data, caps) = (sample.buffer().unwrap(), sample.caps().unwrap());
            let area = |size: Size| size.0 * size.1;
            // A limit that it just keeps, and one that it does not.
            let rounded = (coded.0 - (BLOCK_PX - 1), coded.1 - (BLOCK_PX - 1));
            let shown = caps.structure(0).unwrap().get::<i32>("width").unwrap();
            assert_eq!(shown, 1000);
            let found = |gate: &mut Gate| {
                let from = caps.structure(0).unwrap().get::<gst::Buffer>("codec_data").ok();
                let beside = from.map(|data| data.map_readable().unwrap().to_vec());
                let beside = gate.coded.caps(beside.as_deref());
                beside.or_else(|| gate.coded.access_unit(&data.map_readable().unwrap()))
            };
            assert_eq!(found(&mut gate), Some(coded), "{chain}");
            assert_eq!(coded_too_large(coded, area(rounded)), None);
            assert!(coded_too_large(coded, area(rounded) - 1).is_some());
        }
    }
}
