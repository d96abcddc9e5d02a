#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

//! Streams made for it by real encoders, through real parsers and decoders: every picture that comes out
//! is the one that full decoding gives at that time.

mod still;

use super::super::decode::Looks;
use super::*;
use gstreamer_app as gst_app;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::AtomicU64;
use viahe_contract::message::{DecodeMode, DecodeReason, Decoding, Severity};

/// Pictures a second of all streams here.
const FPS: u64 = 10;

/// A stream: encoder, what follows it up to access units, and pictures.
pub(in crate::ingest) struct Stream {
    pub(in crate::ingest) codec: Codec,
    encoder: String,
    pictures: u32,
}

/// The coded stream as buffers, from a picture that moves, with noise.
pub(in crate::ingest) fn encode(stream: &Stream) -> (Vec<gst::Buffer>, gst::Caps) {
    crate::ingest::init().unwrap();
    let source = format!(
        "videotestsrc num-buffers={} pattern=ball ! video/x-raw,format=I420,width=320,height=192,\
         framerate={FPS}/1",
        stream.pictures,
    );
    coded(&source, stream, |_| {})
}

/// What an encoder makes of a source, which is filled once it runs.
fn coded(
    source: &str,
    stream: &Stream,
    fill: impl FnOnce(&gst::Pipeline),
) -> (Vec<gst::Buffer>, gst::Caps) {
    let chain = format!(
        "{source} ! {} ! {} config-interval=-1 ! video/x-{},stream-format=byte-stream,alignment=au ! \
         appsink name=out sync=false max-buffers=0",
        stream.encoder,
        stream.codec.parser(),
        stream.codec.label(),
    );
    let pipeline = gst::parse::launch(&chain).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("out").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    fill(&pipeline);
    let (mut units, mut caps) = (Vec::new(), None);
    while let Ok(sample) = sink.pull_sample() {
        caps = sample.caps_owned();
        units.push(sample.buffer_owned().unwrap());
    }
    pipeline.set_state(gst::State::Null).unwrap();
    (units, caps.unwrap())
}

/// What a test wants, and what it hears.
struct Fake {
    demand: Mutex<Demand>,
    peek: AtomicBool,
    clock_ms: AtomicU64,
    told: Mutex<Option<Decoding>>,
    spared: AtomicU64,
}

impl Consumer for Fake {
    fn demand(&self) -> Demand {
        *self.demand.lock().unwrap()
    }
    fn peeks(&self) -> bool {
        self.peek.load(Ordering::Relaxed)
    }
    fn sized(&self, _: Sort, _: usize, _: Duration) -> bool {
        false
    }
    fn spares(&self, _: &gst::Buffer, _: Duration) -> bool {
        false
    }
    fn clock(&self) -> Duration {
        Duration::from_millis(self.clock_ms.load(Ordering::Relaxed))
    }
    fn strain(&self) -> Arc<Strain> {
        Arc::default()
    }
    fn coded(&self, _: Codec, _: &gst::CapsRef) {}
    fn came(&self, _: &gst::Buffer, _: Unit, _: Duration) {}
    fn arrived(&self, _: bool, _: Option<u64>) {}
    fn fed(&self, peeked: bool) {
        if peeked {
            self.peek.store(false, Ordering::Relaxed);
        }
    }
    fn catches_up(&self) {}
    fn report(&self, report: Report) {
        *self.told.lock().unwrap() = Some(report.decoding);
        self.spared.fetch_add(report.left_out.spared, Ordering::Relaxed);
    }
}

/// A picture: its time in ms and what it shows.
type Shown = (u64, u64);

/// What came out after each access unit went in.
struct Played {
    shown: Vec<Vec<Shown>>,
    told: Vec<Decoding>,
    spared: u64,
}

impl Played {
    fn all(&self) -> impl Iterator<Item = Shown> {
        self.shown.iter().flatten().copied()
    }

    fn since(&self, unit: usize) -> Vec<u64> {
        self.shown[unit..].iter().flatten().map(|(ms, _)| *ms).collect()
    }
}

/// Gives the units to a decoder behind a valve, one by one; `script` says what is wanted at each. Without
/// it there is no valve.
fn play(
    codec: Codec,
    (units, caps): &(Vec<gst::Buffer>, gst::Caps),
    script: Option<&dyn Fn(usize) -> (Demand, bool)>,
) -> Played {
    let fake = Arc::new(Fake {
        demand: Mutex::new(Demand::ALL),
        peek: AtomicBool::new(false),
        clock_ms: AtomicU64::new(0),
        told: Mutex::new(None),
        spared: AtomicU64::new(0),
    });
    let before = |at: usize| {
        if let Some(script) = script {
            let (demand, peek) = script(at);
            *fake.demand.lock().unwrap() = demand;
            fake.peek.fetch_or(peek, Ordering::Relaxed);
            fake.clock_ms.store(at as u64 * 1000 / FPS, Ordering::Relaxed);
        }
    };
    let mut played = Played { shown: vec![], told: vec![], spared: 0 };
    let after = |sink: &gst_app::AppSink| {
        played.shown.push(pull(sink));
        played.told.extend(*fake.told.lock().unwrap());
    };
    through(codec, (units.as_slice(), caps), script.map(|_| &fake), before, after);
    played.spared = fake.spared.load(Ordering::Relaxed);
    played
}

/// Gives the units to a decoder, one by one; with a consumer behind a valve.
fn through<C: Consumer + 'static>(
    codec: Codec,
    (units, caps): (&[gst::Buffer], &gst::Caps),
    consumer: Option<&Arc<C>>,
    mut before: impl FnMut(usize),
    mut after: impl FnMut(&gst_app::AppSink),
) {
    let pipeline = gst::Pipeline::new();
    let source = gst_app::AppSrc::builder().caps(caps).format(gst::Format::Time).build();
    let (decoder, _) =
        graph::decoder(codec, &["vah264dec", "vah265dec"].map(String::from)).unwrap();
    let sink = gst_app::AppSink::builder().sync(false).build();
    graph::add_linked(&pipeline, &[source.upcast_ref(), &decoder, sink.upcast_ref()]).unwrap();
    if let Some(consumer) = consumer {
        install(&decoder, codec, consumer).unwrap();
    }
    pipeline.set_state(gst::State::Playing).unwrap();
    let pad = decoder.static_pad("sink").unwrap();
    // The first goes by the source, which sends what must come before it; each of the rest straight into
    // the decoder, so that it is known what came out because of it.
    for (at, unit) in units.iter().enumerate() {
        before(at);
        if at == 0 {
            let (done, fed) = crossbeam_channel::bounded(1);
            let probe = pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                let _ = done.try_send(());
                gst::PadProbeReturn::Ok
            });
            source.push_buffer(unit.clone()).unwrap();
            fed.recv().unwrap();
            // It is done with the first once it takes another.
            let _guard = pad.stream_lock();
            pad.remove_probe(probe.unwrap());
        } else {
            pad.chain(unit.clone()).unwrap();
        }
        after(&sink);
    }
    pad.send_event(gst::event::SegmentDone::new(gst::ClockTime::NONE));
    after(&sink);
    pipeline.set_state(gst::State::Null).unwrap();
}

fn pull(sink: &gst_app::AppSink) -> Vec<Shown> {
    let mut shown = Vec::new();
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::ZERO) {
        let buffer = sample.buffer().unwrap();
        assert!(!buffer.flags().contains(gst::BufferFlags::CORRUPTED));
        let mut hash = DefaultHasher::new();
        hash.write(&buffer.map_readable().unwrap());
        shown.push((buffer.pts().unwrap().mseconds(), hash.finish()));
    }
    shown
}

fn looks(hz: f32, gap_secs: f32) -> Demand {
    let period = Duration::from_secs_f32(1.0 / hz);
    let severity = Severity::Medium;
    Demand::looks(Looks { period, gap_max: Duration::from_secs_f32(gap_secs), severity })
}

const NOTHING: Demand = Demand::GLANCES;

/// What full decoding shows, by time.
pub(in crate::ingest) fn truth(
    codec: Codec,
    units: &(Vec<gst::Buffer>, gst::Caps),
) -> BTreeMap<u64, u64> {
    play(codec, units, None).all().collect()
}

/// A stream with what its mode is when a second without a look is bearable, and why.
pub(in crate::ingest) type Case = (&'static str, Stream, DecodeMode, DecodeReason);

pub(in crate::ingest) fn streams() -> Vec<Case> {
    use DecodeMode::{All, Keys, References};
    use DecodeReason::{Enough, KeysTooRare, NoKeys};
    let h264 = |name, options: &str, mode, reason| {
        let encoder = format!("x264enc speed-preset=veryfast threads=1 {options}");
        (name, Stream { codec: Codec::H264, encoder, pictures: 130 }, mode, reason)
    };
    let h265 = |name, options: &str| {
        let encoder =
            format!("x265enc speed-preset=ultrafast option-string={options}:log-level=none");
        let encoder = format!("{encoder} key-int-max=10");
        (name, Stream { codec: Codec::H265, encoder, pictures: 60 }, Keys, Enough)
    };
    let open = "bframes=2 b-adapt=false option-string=open-gop=1 key-int-max=10";
    vec![
        h264("plain", "bframes=0 key-int-max=10", Keys, Enough),
        h264("B pictures", "bframes=3 b-pyramid=true key-int-max=10", Keys, Enough),
        h264("rare keys", "bframes=0 key-int-max=50", All, KeysTooRare),
        h264("rare keys, B", "bframes=3 b-adapt=false key-int-max=50", References, KeysTooRare),
        h264("refresh", "bframes=0 intra-refresh=true key-int-max=10", All, NoKeys),
        h264("open", open, All, NoKeys),
        h264("slices", "bframes=0 key-int-max=10 option-string=slices=4", Keys, Enough),
        h265("H.265, clean keys", "open-gop=1:bframes=2:b-adapt=0"),
        h265("H.265, closed", "open-gop=0"),
    ]
}

#[test]
fn each_picture_is_the_one_of_full_decoding() {
    for (name, stream, mode, reason) in streams() {
        let units = encode(&stream);
        let truth = truth(stream.codec, &units);
        assert_eq!(truth.len() as u32, stream.pictures, "{name}");
        let played = play(stream.codec, &units, Some(&|_| (looks(2.0, 1.0), false)));
        for (ms, hash) in played.all() {
            assert_eq!(truth.get(&ms), Some(&hash), "{name} at {ms} ms");
        }
        let told = played.told.last().unwrap();
        assert_eq!((told.mode, told.reason), (mode, reason), "{name}: {told:?}");
        let shown = played.all().count();
        println!("{name}: {shown} of {} pictures, {told:?}", truth.len());
    }
}

/// From key frames to every picture, in the middle of a group: within two access units the picture of now
/// is there, exact, and so are all after it.
#[test]
fn more_is_needed_at_once() {
    for (name, stream, ..) in
        streams().into_iter().filter(|(_, _, mode, _)| *mode == DecodeMode::Keys)
    {
        let units = encode(&stream);
        let truth = truth(stream.codec, &units);
        let turn = units.0.len() * 3 / 4 + 3;
        let script = |at| (if at < turn { looks(1.0, 1.0) } else { Demand::ALL }, false);
        let played = play(stream.codec, &units, Some(&script));
        for (ms, hash) in played.all() {
            assert_eq!(truth.get(&ms), Some(&hash), "{name} at {ms} ms");
        }
        assert_eq!(played.told[turn - 1].mode, DecodeMode::Keys, "{name}");
        let now = units.0[turn].pts().unwrap().mseconds();
        let soon: Vec<Shown> = played.shown[turn..turn + 3].iter().flatten().copied().collect();
        let held = 3 * 1000 / FPS;
        assert!(soon.iter().any(|(ms, _)| ms + held >= now), "{name}: {now} {soon:?}");
        let after = played.since(turn);
        let missing = truth.range(now..).find(|(ms, _)| !after.contains(ms));
        assert_eq!(missing, None, "{name}: {after:?}");
    }
}

/// The picture of now is wanted once, while nothing is decoded.
#[test]
fn a_single_picture_of_now() {
    for (name, stream, ..) in
        streams().into_iter().filter(|(_, _, mode, _)| *mode == DecodeMode::Keys)
    {
        let units = encode(&stream);
        let truth = truth(stream.codec, &units);
        let turn = units.0.len() * 3 / 4 + 3;
        let played = play(stream.codec, &units, Some(&|at| (NOTHING, at == turn)));
        for (ms, hash) in played.all() {
            assert_eq!(truth.get(&ms), Some(&hash), "{name} at {ms} ms");
        }
        assert_eq!(played.told[turn].mode, DecodeMode::None, "{name}");
        let now = units.0[turn].pts().unwrap().mseconds();
        // Of a stream whose pictures come in parts it is whole when the next one begins.
        let soon: Vec<u64> = played.shown[turn..=turn + 4].iter().flatten().map(|s| s.0).collect();
        assert!(soon.contains(&now), "{name}: {now} {soon:?}");
        let later = played.since(turn + 5);
        assert!(later.len() <= 1, "then nothing but a glance: {name}: {later:?}");
    }
}

/// Pictures that came all at once have no time of their own from the parser: each is still a picture for
/// itself, and no time is made up.
#[test]
fn pictures_that_came_at_once_are_not_parts_of_one() {
    let burst = 43..57;
    for (name, stream, mode, _) in streams() {
        let (mut units, caps) = encode(&stream);
        let truth = truth(stream.codec, &(units.clone(), caps.clone()));
        let reordered = units.windows(2).any(|two| two[1].pts() < two[0].pts());
        let first = units[burst.start - 1].pts().unwrap();
        let mut at = BTreeMap::new();
        for (n, unit) in units.iter_mut().enumerate() {
            let pts = unit.pts();
            let now = if burst.contains(&n) { first } else { pts.unwrap_or(first) };
            at.entry(now.mseconds())
                .or_insert_with(Vec::new)
                .extend(pts.map(gst::ClockTime::mseconds));
            if burst.contains(&n) {
                unit.make_mut().set_pts(None);
            }
        }
        let played = play(stream.codec, &(units, caps), Some(&|_| (looks(2.0, 1.0), false)));
        for (ms, hash) in played.all() {
            let shows = truth.iter().find(|(_, of)| **of == hash);
            let shows = *shows.unwrap_or_else(|| panic!("{name} at {ms} ms is no picture")).0;
            let is_its_own = at.get(&ms).is_some_and(|all| all.contains(&shows));
            assert!(reordered || is_its_own, "{name} at {ms} ms: that of {shows}");
        }
        let least = if mode == DecodeMode::All { truth.len() - 1 } else { truth.len() / 12 };
        assert!(played.all().count() >= least, "{name}: {}", played.all().count());
    }
}
