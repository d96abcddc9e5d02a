//! A street that stands still, comes to life and stands still again, in several weathers.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use viahe_core::frame::Frame;
use viahe_core::random::SplitMix64;
use viahe_core::time::Timestamp;
use viahe_edge::ingest::{FileReader, GstFrame};
use viahe_edge::ledger::Ledger;
use viahe_edge::models::Locations;

/// Of the clip it is made of.
const CLIP_FPS: usize = 10;
/// Numbers of noise that are drawn; each row of a frame begins at one of them.
const GRAINS: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Sensor noise only.
    Day,
    /// An eighth of the light, and strong noise.
    Night,
    /// Bright streaks, others in each frame.
    Rain,
    /// The camera shakes by 2 to 5 px.
    Shake,
    /// Few bits: flat pictures that pump at key frames.
    Starved,
    /// Light that rises and falls, and a beam of light that passes once.
    Lights,
}

impl Weather {
    fn encoder(self) -> &'static str {
        match self {
            Self::Starved => "x264enc speed-preset=ultrafast bitrate=60 vbv-buf-capacity=2000",
            _ => "x264enc speed-preset=ultrafast pass=quant quantizer=23",
        }
    }
}

struct Picture {
    size: [usize; 2],
    planes: [Vec<u8>; 3],
}

impl Picture {
    fn of(frame: &GstFrame) -> Self {
        let view = frame.view();
        let size = [view.width(), view.height()];
        let half = [size[0].div_ceil(2), size[1].div_ceil(2)];
        let plane = |i: usize, [w, h]: [usize; 2]| {
            let plane = view.plane(i);
            (0..h).flat_map(|y| plane.data[y * plane.stride..][..w].iter().copied()).collect()
        };
        Self { size, planes: [plane(0, size), plane(1, half), plane(2, half)] }
    }

    /// Itself, but this part of another one.
    fn with(&self, other: &Self, [x0, y0, x1, y1]: [usize; 4]) -> Self {
        let mut planes = self.planes.clone();
        for (i, plane) in planes.iter_mut().enumerate() {
            let (scale, width) =
                if i == 0 { (1, self.size[0]) } else { (2, self.size[0].div_ceil(2)) };
            for y in y0 / scale..y1 / scale {
                let row = y * width + x0 / scale..y * width + x1 / scale;
                plane[row.clone()].copy_from_slice(&other.planes[i][row]);
            }
        }
        Self { size: self.size, planes }
    }

    /// The luma of a picture moved by so many px; what comes in at the edges is repeated.
    fn moved(&self, [dx, dy]: [isize; 2]) -> Vec<u8> {
        let [w, h] = self.size;
        let mut luma = Vec::with_capacity(w * h);
        for y in 0..h {
            let row = &self.planes[0][y.saturating_add_signed(dy).min(h - 1) * w..][..w];
            luma.extend((0..w).map(|x| row[x.saturating_add_signed(dx).min(w - 1)]));
        }
        luma
    }
}

/// How a clip is made.
#[derive(Clone, Copy)]
pub(crate) struct Street {
    pub(crate) weather: Weather,
    /// Frames a second.
    pub(crate) fps: usize,
    /// Seconds of it: the picture is frozen, something moves, and it is frozen again.
    pub(crate) secs: [usize; 3],
    /// Frozen is only this part of it, in px: left, top, right, bottom. Elsewhere people walk all the time.
    pub(crate) still: Option<[usize; 4]>,
}

/// Draws the frames of a clip, one after the other.
struct Studio {
    weather: Weather,
    pictures: Vec<Arc<Picture>>,
    grains: Vec<f32>,
    random: SplitMix64,
}

impl Studio {
    /// The sample clip, its first and last picture held for a while.
    fn new(street: &Street) -> Self {
        let locations = Locations::discover(None).unwrap();
        let clips = locations.deps.iter().map(|d| d.join("clips/vtest.mp4"));
        let file = clips.into_iter().find(|c| c.is_file()).expect("run: make setup");
        let frames = FileReader::open(&file, Timestamp::from_secs(1), Arc::new(Ledger::default()));
        let [before, moves, after] = street.secs.map(|secs| secs * street.fps);
        let moving: Vec<_> = (frames.unwrap().step_by(CLIP_FPS / street.fps).take(moves))
            .map(|frame| Arc::new(Picture::of(&frame.unwrap())))
            .collect();
        let still = |of: &Arc<Picture>, frames| match street.still {
            None => vec![Arc::clone(of); frames],
            Some(part) => {
                // To and fro, as nobody jumps.
                let there_and_back = moving.iter().chain(moving.iter().rev()).cycle();
                let with = |of_now: &Arc<Picture>| Arc::new(of_now.with(of, part));
                there_and_back.take(frames).map(with).collect()
            }
        };
        let [first, last] = [still(&moving[0], before), still(moving.last().unwrap(), after)];
        let pictures = [first, moving, last].concat();
        let mut random = SplitMix64::new(street.weather as u64 + 1);
        // The sum of three dice is bell-shaped enough.
        let mut grain = || (0..3).map(|_| random.unit_f32() * 2.0 - 1.0).sum();
        let grains = (0..GRAINS).map(|_| grain()).collect();
        Self { weather: street.weather, pictures, grains, random }
    }

    fn within(&mut self, low: usize, high: usize) -> usize {
        low + (self.random.draw() % (high - low + 1) as u64) as usize
    }

    /// A distance in px, either way.
    fn jolt(&mut self) -> isize {
        let px = self.within(2, 5).cast_signed();
        if self.within(0, 1) == 0 { px } else { -px }
    }

    /// Luma of frame `number`, as the camera sees it in this weather.
    fn luma(&mut self, number: usize) -> Vec<u8> {
        let picture = Arc::clone(&self.pictures[number]);
        let [w, h] = picture.size;
        let mut luma = match self.weather {
            Weather::Shake => picture.moved([self.jolt(), self.jolt()]),
            _ => picture.planes[0].clone(),
        };
        let noise = if self.weather == Weather::Night { 4.3 } else { 2.3 };
        let (gain, offset) = match self.weather {
            Weather::Night => (0.12, 14.0),
            Weather::Lights => (0.85 + 0.15 * (number as f32 / 11.0).sin(), 0.0),
            _ => (1.0, 0.0),
        };
        let lit: [f32; 256] =
            std::array::from_fn(|value| 16.0 + (value as f32 - 16.0) * gain + offset);
        for row in luma.chunks_exact_mut(w) {
            let from = self.within(0, GRAINS - w);
            for (value, grain) in row.iter_mut().zip(&self.grains[from..]) {
                *value = (lit[usize::from(*value)] + grain * noise) as u8;
            }
        }
        if self.weather == Weather::Rain {
            for _ in 0..150 {
                let (x, y) = (self.within(0, w - 1), self.within(0, h - 41));
                for row in y..y + 16 + self.within(0, 24) {
                    luma[row * w + x] = luma[row * w + x].saturating_add(45);
                }
            }
        }
        if self.weather == Weather::Lights && number % 37 == 20 {
            for row in luma[h / 2 * w..].chunks_exact_mut(w) {
                for value in &mut row[w / 4..w / 2] {
                    *value = value.saturating_add(50);
                }
            }
        }
        luma
    }

    /// The next frame, with its time; none at the end.
    fn frame(&mut self, number: usize, fps: usize) -> Option<gst::Buffer> {
        let picture = Arc::clone(self.pictures.get(number)?);
        let mut bytes = self.luma(number);
        bytes.extend(picture.planes[1..].iter().flatten());
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        let step = gst::ClockTime::from_mseconds(1000 / fps as u64);
        let made = buffer.get_mut()?;
        made.set_pts(step * number as u64);
        made.set_duration(step);
        Some(buffer)
    }
}

/// Makes the clip.
pub(crate) fn make(dir: &Path, street: &Street) -> PathBuf {
    let Street { weather, fps, .. } = *street;
    let path = dir.join("street.mkv");
    let mut studio = Studio::new(street);
    let [w, h] = studio.pictures[0].size;
    let pipeline = gst::parse::launch(&format!(
        "appsrc name=in format=time \
         caps=video/x-raw,format=I420,width={w},height={h},framerate={fps}/1 ! {} threads=1 \
         bframes=0 key-int-max={} ! h264parse ! matroskamux ! filesink location=\"{}\"",
        weather.encoder(),
        fps * 2,
        path.display()
    ));
    let pipeline = pipeline.unwrap().downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("in").unwrap().downcast::<gst_app::AppSrc>().unwrap();
    let mut number = 0;
    // Drawn when it is asked for, so that nobody waits for room.
    let draw = move |source: &gst_app::AppSrc, _: u32| {
        let ended = match studio.frame(number, fps) {
            Some(frame) => source.push_buffer(frame).map(drop),
            None => source.end_of_stream().map(drop),
        };
        number += 1;
        // Why it went wrong is on the bus.
        let _ = ended;
    };
    source.set_callbacks(gst_app::AppSrcCallbacks::builder().need_data(draw).build());
    pipeline.set_state(gst::State::Playing).unwrap();
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let end =
        pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(120), &wanted);
    assert_eq!(end.unwrap().type_(), gst::MessageType::Eos);
    pipeline.set_state(gst::State::Null).unwrap();
    path
}
