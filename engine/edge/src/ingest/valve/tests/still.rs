//! Of a street on which nothing happens not even key frames are decoded, where the sizes of its coded pictures tell so;
//! and once something happens, it is seen at once.

use super::*;
use crate::ingest::GstFrame;
use viahe_core::frame::{Frame, FrameStamp};
use viahe_core::gate::{Answer, Gate as Luma, Proof, Sizes};
use viahe_core::id::Name;
use viahe_core::observe::Observation;
use viahe_core::random::SplitMix64;
use viahe_core::time::{ClockSource, Timestamp};

const SIZE: [usize; 2] = [320, 192];
/// In s: nothing moves, somebody walks about, is gone, and comes back in the middle of a group of pictures.
const WALKS: u64 = 30;
const GONE: u64 = 50;
const BACK_MS: u64 = 110_400;
const END: u64 = 114;
/// It has been shown by then that nothing moves.
const KNOWN: u64 = 80;
const PROOF: Proof = Proof { looks: 20 };
const LONGEST: Duration = Duration::from_secs(5);

fn draw(ms: u64, wall: &[f32], noise: f32, random: &mut SplitMix64) -> Vec<u8> {
    let [w, h] = SIZE;
    let walks = (WALKS * 1000..GONE * 1000).contains(&ms) || ms >= BACK_MS;
    let left = 10 + (ms / 25) as usize % 260;
    let mut bytes = vec![128; w * h * 3 / 2];
    for (at, value) in bytes[..w * h].iter_mut().enumerate() {
        let (x, y) = (at % w, at / w);
        let is_there = walks && (left..left + 24).contains(&x) && (80..130).contains(&y);
        let grain = noise * (random.unit_f32() + random.unit_f32() - 1.0);
        *value = (wall[at] + if is_there { 60.0 } else { 0.0 } + grain) as u8;
    }
    bytes
}

fn film(encoder: &str, noise: f32) -> (Vec<gst::Buffer>, gst::Caps) {
    crate::ingest::init().unwrap();
    let [w, h] = SIZE;
    let source = format!(
        "appsrc name=in format=time max-bytes=0 \
         caps=video/x-raw,format=I420,width={w},height={h},framerate={FPS}/1"
    );
    let stream = Stream { codec: Codec::H264, encoder: encoder.into(), pictures: 0 };
    let mut random = SplitMix64::new(1);
    let wall = |at: usize| {
        let [x, y] = [at % w, at / w].map(|px| px as f32);
        100.0 + 30.0 * (x / 9.0).sin() * (y / 7.0).cos()
    };
    let wall: Vec<f32> = (0..w * h).map(wall).collect();
    let frames = (0..END * FPS).map(|n| (n, draw(n * 1000 / FPS, &wall, noise, &mut random)));
    coded(&source, &stream, |pipeline| {
        let Some(source) = pipeline.by_name("in") else { return };
        let source = source.downcast::<gst_app::AppSrc>().unwrap();
        for (n, bytes) in frames {
            let mut buffer = gst::Buffer::from_mut_slice(bytes);
            buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_mseconds(n * 1000 / FPS));
            source.push_buffer(buffer).unwrap();
        }
        source.end_of_stream().unwrap();
    })
}

/// Looks once a second, as a worker does.
struct Watcher {
    ms: AtomicU64,
    /// Of the first picture, as the encoder says.
    zero: gst::ClockTime,
    mind: Mutex<(Luma, Sizes)>,
    /// Looks told without a picture, in ms.
    told: Mutex<Vec<u64>>,
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_secs(1_000_000).plus(Duration::from_millis(ms))
}

impl Consumer for Watcher {
    fn demand(&self) -> Demand {
        looks(1.0, 5.0)
    }
    fn peeks(&self) -> bool {
        false
    }
    fn sized(&self, sort: Sort, bytes: usize, _: Duration) -> bool {
        self.mind.lock().unwrap().1.picture(at(self.ms.load(Ordering::Relaxed)), sort, bytes)
    }
    fn spares(&self, key: &gst::Buffer, _: Duration) -> bool {
        let (luma, sizes) = &mut *self.mind.lock().unwrap();
        let ms = (key.pts().unwrap() - self.zero).mseconds();
        let told = luma.ask_sizes(at(ms), LONGEST, sizes) == Answer::Unchanged;
        self.told.lock().unwrap().extend(told.then_some(ms));
        told
    }
    fn clock(&self) -> Duration {
        Duration::from_millis(self.ms.load(Ordering::Relaxed))
    }
    fn strain(&self) -> Arc<Strain> {
        Arc::default()
    }
    fn coded(&self, _: Codec, _: &gst::CapsRef) {}
    fn came(&self, _: &gst::Buffer, _: Unit, _: Duration) {}
    fn arrived(&self, _: bool, _: Option<u64>) {}
    fn fed(&self, _: bool) {}
    fn catches_up(&self) {}
    fn report(&self, _: Report) {}
}

/// Seconds at which looks were told without a picture, and pictures were decoded.
fn watch((units, caps): &(Vec<gst::Buffer>, gst::Caps)) -> (Vec<f64>, Vec<f64>) {
    let watcher = Arc::new(Watcher {
        ms: AtomicU64::new(0),
        zero: units[0].pts().unwrap(),
        mind: Mutex::new((Luma::new(PROOF), Sizes::new(PROOF))),
        told: Mutex::new(Vec::new()),
    });
    let mut decoded = Vec::new();
    let before = |n: usize| watcher.ms.store(n as u64 * 1000 / FPS, Ordering::Relaxed);
    let after = |sink: &gst_app::AppSink| {
        let mut newest = None;
        while let Some(sample) = sink.try_pull_sample(gst::ClockTime::ZERO) {
            let pts = sample.buffer().unwrap().pts().unwrap();
            decoded.push((pts - watcher.zero).mseconds());
            newest = Some(sample);
        }
        let (Some(sample), Some(ms)) = (newest, decoded.last()) else { return };
        let (captured, clock) = (at(*ms), ClockSource::Arrival);
        let frame = FrameStamp { seq: *ms, captured, arrived: captured, offset_ms: 0, clock };
        let camera = Name::try_from("gate").unwrap();
        let seen = Observation {
            camera,
            frame,
            size_px: [320, 192],
            objects: Vec::new(),
            undecided: Vec::new(),
        };
        let frame = GstFrame::new(&sample, frame).unwrap();
        let (luma, sizes) = &mut *watcher.mind.lock().unwrap();
        let quiet = sizes.quiet_since(captured);
        if luma.ask(&frame.view(), captured, LONGEST, quiet) == Answer::Look {
            luma.looked(&seen);
        }
        if let Some(compared) = luma.take_compared() {
            sizes.checked(compared);
        }
    };
    through(Codec::H264, (units.as_slice(), caps), Some(&watcher), before, after);
    let secs = |ms: Vec<u64>| ms.into_iter().map(|ms| ms as f64 / 1000.0).collect();
    (secs(watcher.told.lock().unwrap().clone()), secs(decoded))
}

const GROUPS: &str = "speed-preset=ultrafast threads=1 bframes=0 key-int-max=10";

#[test]
fn at_constant_quality_a_still_street_is_not_decoded_and_who_comes_is_seen_at_once() {
    let film = film(&format!("x264enc pass=quant quantizer=23 {GROUPS}"), 1.5);
    let (told, decoded) = watch(&film);
    let back = BACK_MS as f64 / 1000.0;
    let within = |times: &[f64], from: f64, to: f64| {
        times.iter().filter(|secs| (from..to).contains(*secs)).count()
    };
    let (known, gone) = (KNOWN as f64, GONE as f64);
    let a_minute = |count: usize, secs: f64| count as f64 * 60.0 / secs;
    let before = a_minute(within(&decoded, gone, gone + 10.0), 10.0);
    // Up to the group of pictures that is caught up with.
    let still = a_minute(within(&decoded, known, 110.0), 110.0 - known);
    println!("decoded a minute: {before} before it is known, {still} after; told {}", told.len());
    assert!(before > 50.0 && still < 15.0, "{before} {still}: {decoded:?}");
    let walks = within(&told, WALKS as f64 + 0.1, gone);
    assert_eq!((walks, within(&told, back, f64::MAX)), (0, 0), "{told:?}");
    let seen = decoded.iter().find(|secs| **secs >= back).unwrap();
    assert!(*seen < back + 0.25, "{seen}");
    // Nothing is missed: each second of it there is a look.
    for second in known as usize..back as usize {
        let [from, to] = [second as f64, second as f64 + 1.0];
        assert!(within(&told, from, to) + within(&decoded, from, to) > 0, "{second}");
    }
}

#[test]
fn at_a_constant_rate_with_noise_all_key_frames_are_decoded() {
    let encoder = format!("x264enc pass=cbr bitrate=400 vbv-buf-capacity=300 {GROUPS}");
    let (told, decoded) = watch(&film(&encoder, 8.0));
    println!("{} decoded", decoded.len());
    assert_eq!(told, [0.0; 0]);
    assert!(decoded.len() as u64 >= END - 2);
}
