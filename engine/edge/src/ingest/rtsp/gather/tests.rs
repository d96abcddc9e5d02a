#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

//! Whoever takes the packets apart gets the same from fewer of them: a depayloader of our own, and GStreamer's.

use super::*;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use proptest::prelude::*;

const SOURCE: u32 = 0x1122_3344;

fn gather(codec: Codec) -> Gather {
    let mut gather = Gather::default();
    let name = codec.label().to_uppercase();
    gather.learn(format!("v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {name}/90000\r\n").as_bytes());
    gather
}

/// A packet with its framing.
fn framed(seq: u16, stamp: u32, marked: bool, payload: &[u8], padding: u8) -> Vec<u8> {
    let padded = if padding > 0 { 0x20 } else { 0 };
    let mut packet = vec![0x80 | padded, 0x60 | u8::from(marked) << 7];
    packet.extend(seq.to_be_bytes());
    packet.extend(stamp.to_be_bytes());
    packet.extend(SOURCE.to_be_bytes());
    packet.extend(payload);
    packet.extend((1..=padding).map(|n| if n == padding { padding } else { 0 }));
    let mut framed = vec![b'$', 0];
    framed.extend((packet.len() as u16).to_be_bytes());
    framed.extend(packet);
    framed
}

fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        let length = FRAMING + usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        packets.push(&bytes[..length]);
        bytes = &bytes[length..];
    }
    packets
}

#[derive(Clone, Debug)]
struct Unit {
    kind: u8,
    bytes: usize,
    /// The camera forgets to say that its last fragment is the last.
    endless: bool,
}

#[derive(Clone, Debug)]
struct Picture {
    units: Vec<Unit>,
    /// The first two units come in one packet.
    joined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Marks {
    Last,
    None,
    Every,
}

/// The packets of a stream, as a camera makes them.
fn packets(codec: Codec, pictures: &[Picture], mtu: usize, marks: Marks) -> Vec<Vec<u8>> {
    let (mut all, mut seq, mut filler) = (Vec::new(), 65_500u16, 7u8);
    for (number, picture) in pictures.iter().enumerate() {
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        let units: Vec<(Vec<u8>, bool)> = picture
            .units
            .iter()
            .map(|unit| {
                let mut bytes = match codec {
                    Codec::H264 => vec![0x60 | unit.kind],
                    Codec::H265 => vec![unit.kind << 1, 1],
                };
                bytes.extend((0..unit.bytes.max(1)).map(|_| {
                    filler = filler.wrapping_mul(5).wrapping_add(3);
                    filler
                }));
                (bytes, unit.endless)
            })
            .collect();
        let mut rest = &units[..];
        if let ([(first, _), (second, _), ..], true) = (rest, picture.joined)
            && first.len() + second.len() + 7 <= mtu
        {
            let mut list = Vec::new();
            for unit in [first, second] {
                list.extend((unit.len() as u16).to_be_bytes());
                list.extend(unit);
            }
            let (head, length) = packet::head_of_units(codec, &list);
            payloads.push([&head[..length], &list].concat());
            rest = &rest[2..];
        }
        for (unit, endless) in rest {
            if unit.len() <= mtu {
                payloads.push(unit.clone());
                continue;
            }
            let (head, data) = unit.split_at(if codec == Codec::H264 { 1 } else { 2 });
            let parts: Vec<&[u8]> = data.chunks(mtu).collect();
            for (n, part) in parts.iter().enumerate() {
                let ends = n + 1 == parts.len() && !endless;
                let marks = if n == 0 { STARTS } else { 0 } | if ends { ENDS } else { 0 };
                let before = match codec {
                    Codec::H264 => vec![head[0] & 0xe0 | 0x1c, head[0] & 31 | marks],
                    Codec::H265 => vec![49 << 1, head[1], head[0] >> 1 & 63 | marks],
                };
                payloads.push([&before, *part].concat());
            }
        }
        for (n, payload) in payloads.iter().enumerate() {
            let last = n + 1 == payloads.len();
            let marked = marks == Marks::Every || (last && marks == Marks::Last);
            let padding = (seq % 5) as u8;
            all.push(framed(seq, number as u32 * 3600, marked, payload, padding));
            seq = seq.wrapping_add(1);
        }
    }
    all
}

/// What a depayloader makes of packets.
#[derive(Debug, PartialEq)]
enum Heard {
    Missing(u16),
    Unit { stamp: u32, ends: bool, bytes: Vec<u8> },
}

/// As `rtph264depay` and `rtph265depay` do it.
fn take_apart(codec: Codec, packets: &[&[u8]]) -> Vec<Heard> {
    let (mut heard, mut next, mut open) = (Vec::new(), None, None::<(u32, bool, Vec<u8>)>);
    for framed in packets {
        let Some(packet) = Packet::read(framed) else { continue };
        let stamp = packet::number(packet.of());
        let missing = next.map_or(0, |next| packet.seq().wrapping_sub(next));
        if missing > 0 {
            open = None;
            heard.push(Heard::Missing(missing));
        }
        next = Some(packet.seq().wrapping_add(1));
        let content = Content::read(codec, packet.payload).unwrap();
        if !content.continues()
            && let Some((stamp, ends, bytes)) = open.take()
        {
            heard.push(Heard::Unit { stamp, ends, bytes });
        }
        let ends = packet.is_marked();
        match content {
            Content::Unit(unit) => heard.push(Heard::Unit { stamp, ends, bytes: unit.to_vec() }),
            Content::Units(list) => {
                let count = packet::units(list).count();
                heard.extend(packet::units(list).enumerate().map(|(n, unit)| Heard::Unit {
                    stamp,
                    ends: ends && n + 1 == count,
                    bytes: unit.unwrap().to_vec(),
                }));
            }
            Content::Fragment(fragment) => {
                if fragment.head.marks & STARTS != 0 {
                    let (front, length) = fragment.head.of_unit(codec);
                    open = Some((stamp, ends, front[..length].to_vec()));
                }
                let Some((_, marked, bytes)) = &mut open else { continue };
                bytes.extend_from_slice(fragment.data);
                *marked = ends;
                if fragment.head.marks & ENDS != 0 {
                    let (stamp, ends, bytes) = open.take().unwrap();
                    heard.push(Heard::Unit { stamp, ends, bytes });
                }
            }
        }
    }
    heard
}

fn gathered(codec: Codec, packets: &[Vec<u8>]) -> Vec<u8> {
    let (mut gather, mut out) = (gather(codec), Vec::new());
    for packet in packets {
        gather.packet(packet, &mut out);
    }
    gather.flush(&mut out);
    out
}

fn pictures(bytes_max: usize) -> impl Strategy<Value = Vec<Picture>> {
    let unit = (1..24u8, 1..bytes_max, prop::bool::weighted(0.03))
        .prop_map(|(kind, bytes, endless)| Unit { kind, bytes, endless });
    let picture = (prop::collection::vec(unit, 1..5), any::<bool>())
        .prop_map(|(units, joined)| Picture { units, joined });
    prop::collection::vec(picture, 1..8)
}

fn codecs() -> impl Strategy<Value = Codec> {
    prop_oneof![Just(Codec::H264), Just(Codec::H265)]
}

fn marks() -> impl Strategy<Value = Marks> {
    prop_oneof![4 => Just(Marks::Last), 1 => Just(Marks::None), 1 => Just(Marks::Every)]
}

proptest! {
    /// Whatever is cut how, and whatever is lost or doubled on the way.
    #[test]
    fn the_same_units_come_of_fewer_packets(
        codec in codecs(),
        pictures in pictures(500),
        marks in marks(),
        fates in prop::collection::vec(0..30u8, 200),
    ) {
        let mut sent = packets(codec, &pictures, 100, marks);
        let mut fates = fates.into_iter().cycle();
        sent.retain(|_| fates.next() != Some(0));
        let came: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
        let out = gathered(codec, &sent);
        let gone = split(&out);
        prop_assert!(gone.len() <= came.len());
        prop_assert_eq!(take_apart(codec, &gone), take_apart(codec, &came));
    }

    /// Around what the framing bears.
    #[test]
    fn no_packet_is_too_large(codec in codecs(), pictures in pictures(90_000), mtu in 1_000..65_000usize) {
        let sent = packets(codec, &pictures, mtu, Marks::Last);
        let came: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
        let out = gathered(codec, &sent);
        prop_assert_eq!(take_apart(codec, &split(&out)), take_apart(codec, &came));
    }

    /// No bytes make it panic or grow.
    #[test]
    fn any_packets(codec in codecs(), all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..60)) {
        let (mut gather, mut out, mut bytes) = (gather(codec), Vec::new(), 0);
        for (n, mut payload) in all.into_iter().enumerate() {
            let mut report = [vec![b'$', 1, 0, 0], payload.clone()].concat();
            gather.report(&mut report);
            // Most of them look like those of the camera.
            if n % 4 > 0 {
                let stamp = u32::from(payload.first().copied().unwrap_or_default() / 128);
                payload = framed(n as u16, stamp, n % 7 == 0, &payload, 0);
            } else {
                payload = [&[b'$', 0, 0, payload.len() as u8][..], &payload].concat();
            }
            bytes += payload.len();
            gather.packet(&payload, &mut out);
        }
        gather.flush(&mut out);
        prop_assert!(out.len() <= 2 * bytes);
    }
}

/// A camera of 4 Mb/s, with a delimiter before each picture.
fn usual() -> Vec<Picture> {
    let unit = |kind, bytes| Unit { kind, bytes, endless: false };
    let key = [unit(9, 1), unit(7, 20), unit(8, 4), unit(5, 190_000)];
    let mut pictures = vec![Picture { units: key.to_vec(), joined: false }];
    for _ in 0..49 {
        pictures.push(Picture { units: vec![unit(9, 1), unit(1, 16_000)], joined: false });
    }
    pictures
}

#[test]
fn a_picture_is_a_packet_and_is_whole_as_soon_as_it_has_come() {
    let sent = packets(Codec::H264, &usual(), 1_400, Marks::Last);
    let (mut gather, mut out, mut marked) = (gather(Codec::H264), Vec::new(), 0);
    for packet in &sent {
        gather.packet(packet, &mut out);
        if Packet::read(packet).unwrap().is_marked() {
            marked += 1;
            let gone = split(&out).iter().filter(|p| Packet::read(p).unwrap().is_marked()).count();
            assert_eq!(gone, marked, "it is held up");
        }
    }
    // Of the first picture it is not known that its end will be marked, and its key frame takes three.
    assert_eq!((sent.len(), split(&out).len()), (776, 49 + 6));
}

/// What follows would have to wait for the next picture to know that this one has ended.
#[test]
fn units_of_a_camera_that_marks_nothing_wait_for_nothing() {
    let sent = packets(Codec::H264, &usual(), 1_400, Marks::None);
    let (mut gather, mut out) = (gather(Codec::H264), Vec::new());
    for packet in &sent {
        let read = Packet::read(packet).unwrap();
        gather.packet(packet, &mut out);
        let whole = match Content::read(Codec::H264, read.payload).unwrap() {
            Content::Fragment(fragment) => fragment.head.marks & ENDS != 0,
            _ => true,
        };
        assert!(!whole || gather.held.codec.is_none(), "it is held up");
    }
    assert_eq!(split(&out).len(), 49 * 2 + 6);
}

#[test]
fn what_is_sealed_or_unknown_stays_as_it_comes() {
    for description in [
        "m=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n",
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 JPEG/90000\r\n",
        "m=video 0 RTP/AVP 96\r\na=rtpmap:x H264\r\na=rtpmap:97 H264/90000\r\n",
    ] {
        let (mut gather, mut out) = (Gather::default(), Vec::new());
        gather.learn(description.as_bytes());
        let sent = packets(Codec::H264, &usual()[..3], 1_400, Marks::Last);
        for packet in &sent {
            gather.packet(packet, &mut out);
        }
        assert!(out == sent.concat(), "{description}");
    }
}

/// Else a camera would think that its packets get lost.
#[test]
fn reports_to_the_camera_count_packets_as_it_does() {
    let sent = packets(Codec::H264, &usual(), 1_400, Marks::Last);
    let (mut gather, mut out) = (gather(Codec::H264), Vec::new());
    for packet in &sent {
        gather.packet(packet, &mut out);
    }
    let seq = |framed: &[u8]| u32::from(Packet::read(framed).unwrap().seq());
    let (last_sent, last_gone) = (seq(sent.last().unwrap()), seq(split(&out).last().unwrap()));
    // The numbers have begun anew on the camera's side, and not yet on ours.
    let cycle = u32::from(last_gone < 60_000) << 16;
    let report = |source: u32, highest: u32| {
        let mut packet = vec![b'$', 1, 0, 40, 0x81, 201, 0, 7, 0, 0, 0, 9];
        packet.extend(source.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend(highest.to_be_bytes());
        packet.extend([0; 12]);
        packet.extend([0x81, 202, 0, 1, 0, 0, 0, 9]);
        packet
    };
    let mut said = report(SOURCE, last_gone | cycle);
    gather.report(&mut said);
    assert_eq!(said, report(SOURCE, last_sent | 1 << 16));
    let mut other = report(SOURCE + 1, 77);
    gather.report(&mut other);
    assert_eq!(other, report(SOURCE + 1, 77));
}

/// Real packets, through a real depayloader and parser.
#[test]
fn what_is_decoded_of_them_is_the_same() {
    crate::ingest::init().unwrap();
    for (codec, encoder, pay) in [
        (
            Codec::H264,
            "x264enc key-int-max=10 bframes=2 speed-preset=ultrafast",
            "rtph264pay aggregate-mode=zero-latency",
        ),
        (
            Codec::H265,
            "x265enc key-int-max=10 speed-preset=ultrafast option-string=log-level=none",
            "rtph265pay",
        ),
    ] {
        let chain = format!(
            "videotestsrc num-buffers=40 pattern=snow ! video/x-raw,width=320,height=192,framerate=10/1 ! \
             {encoder} ! {pay} mtu=700 pt=96 config-interval=1 ! appsink name=out sync=false"
        );
        let sent: Vec<_> = run(&chain, None).into_iter().map(|(_, bytes)| bytes).collect();
        let framed: Vec<Vec<u8>> = sent
            .iter()
            .map(|p| [&[b'$', 0, (p.len() >> 8) as u8, p.len() as u8], &p[..]].concat())
            .collect();
        let out = gathered(codec, &framed);
        let gone: Vec<&[u8]> = split(&out).iter().map(|p| &p[FRAMING..]).collect();
        assert!(gone.len() * 3 < sent.len(), "{} became {}", sent.len(), gone.len());
        let take = |packets: Vec<&[u8]>| {
            let chain = format!(
                "appsrc name=in format=time caps=application/x-rtp,media=video,clock-rate=90000,\
                 encoding-name={} ! {} ! {} ! appsink name=out sync=false",
                codec.label().to_uppercase(),
                codec.depayloader(),
                codec.parser(),
            );
            run(&chain, Some(packets))
        };
        let (now, before) = (take(gone), take(sent.iter().map(Vec::as_slice).collect()));
        assert!(before.len() >= 40);
        assert!(now == before, "{codec:?}");
    }
}

/// What comes out of a pipeline, with its time.
fn run(chain: &str, packets: Option<Vec<&[u8]>>) -> Vec<(Option<gst::ClockTime>, Vec<u8>)> {
    let pipeline = gst::parse::launch(chain).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("out").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    if let Some(packets) = packets {
        let source = pipeline.by_name("in").unwrap().downcast::<gst_app::AppSrc>().unwrap();
        for packet in packets {
            let mut buffer = gst::Buffer::from_slice(packet.to_vec());
            let stamp = u64::from(packet::number(&packet[4..])) * 1_000_000 / 90;
            buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_nseconds(stamp));
            source.push_buffer(buffer).unwrap();
        }
        source.end_of_stream().unwrap();
    }
    let mut out = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        out.push((buffer.pts(), buffer.map_readable().unwrap().to_vec()));
    }
    pipeline.set_state(gst::State::Null).unwrap();
    out
}
