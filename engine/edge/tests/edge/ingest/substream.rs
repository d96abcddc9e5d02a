//! A small stream that is looked at, and pictures of the large one at the moments of the looks: over real
//! RTSP, with a clip that shows which picture it is.

use super::support::{numbered_clip, rtsp};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use viahe_contract::message::{CameraStatus, Moment, StreamRole, StreamState, Streams};
use viahe_core::attention::Need;
use viahe_core::engine::Capture;
use viahe_core::frame::{Frame, FrameStamp, FrameView};
use viahe_core::id::{CaptureId, Name};
use viahe_core::plan::Transport;
use viahe_core::seam::{
    Assign, CameraReport, FromWorker, Picture, ProcessPlan, SEAM_VERSION, ToWorker, Use,
    VisionCamera, WorkerStats,
};
use viahe_core::time::{ClockSource, Timestamp};
use viahe_core::tune::Provider;
use viahe_edge::camera_sim::{CameraSim, SimOptions};
use viahe_edge::clock;
use viahe_edge::ingest::{
    CameraOptions, Demand, Developed, FeedState, FrameSink, LiveCamera, NoPicture, Remote, Taken,
};
use viahe_edge::models::Locations;
use viahe_edge::vision::worker;

/// Long for a machine that is busy; nothing waits for it when all is well.
const LONG: Duration = Duration::from_secs(40);
const FPS: u32 = 25;
const LARGE: [u32; 2] = [960, 540];
const SMALL: [u32; 2] = [320, 180];
const PICTURES: u32 = 100;
const LOOKS: usize = 25;

/// Which picture of the clip it is.
fn number(view: &FrameView<'_>) -> u32 {
    let luma = view.plane(0);
    let [width, height] = [view.width(), view.height()];
    let bit = |n: usize| luma.data[height / 2 * luma.stride + (2 * n + 1) * width / 16] > 128;
    (0..8).map(|n| u32::from(bit(n)) << n).sum()
}

/// By how many pictures two numbers differ; the clip begins again.
fn apart(a: u32, b: u32) -> u32 {
    a.abs_diff(b).min(PICTURES - a.abs_diff(b))
}

/// Keeps the newest frame.
#[derive(Default)]
struct Newest(Mutex<(u64, Option<Arc<dyn Frame>>)>);

impl FrameSink for Newest {
    fn frame(&self, frame: Arc<dyn Frame>) {
        let mut newest = self.0.lock().unwrap();
        *newest = (newest.0 + 1, Some(frame));
    }
    fn state(&self, _: FeedState) {}
}

struct Pair {
    sim: CameraSim,
    _main: LiveCamera,
    remote: Remote,
    _sub: LiveCamera,
    looks: Arc<Newest>,
    shown: Arc<Newest>,
}

fn clips(dir: &Path) -> [PathBuf; 2] {
    [("large.mp4", LARGE), ("small.mp4", SMALL)]
        .map(|(name, size)| numbered_clip(dir, name, size, FPS, PICTURES))
}

impl Pair {
    fn start([large, small]: &[PathBuf; 2], set: impl Fn(&CameraSim)) -> Self {
        let sim = CameraSim::start(&SimOptions {
            clip: large.clone(),
            mounts: vec!["cam".into()],
            small: Some(small.clone()),
            apart: false,
            port: 0,
            login: None,
            tls: None,
        })
        .unwrap();
        set(&sim);
        let options = |mount: &str| {
            let source = rtsp(&sim.url(mount), Transport::Tcp, None);
            CameraOptions::new(Name::try_from("cam-test").unwrap(), source, 1)
        };
        let (looks, shown) = (Arc::<Newest>::default(), Arc::<Newest>::default());
        let main = CameraOptions { demand: Demand::KEPT, keeps_film: true, ..options("cam") };
        let main = LiveCamera::start(main, Arc::clone(&shown) as _, Arc::default()).unwrap();
        let sub = LiveCamera::start(options("cam/small"), Arc::clone(&looks) as _, Arc::default());
        let (remote, sub) = (main.remote(), sub.unwrap());
        Self { sim, _main: main, remote, _sub: sub, looks, shown }
    }

    /// The next frame of the small stream.
    fn look(&self) -> Arc<dyn Frame> {
        let before = self.looks.0.lock().unwrap().0;
        let deadline = clock::monotonic() + LONG;
        loop {
            assert!(clock::monotonic() < deadline, "no frame");
            if let (now, Some(frame)) = &*self.looks.0.lock().unwrap()
                && *now > before
            {
                return Arc::clone(frame);
            }
            std::thread::yield_now();
        }
    }

    fn picture(&self, frame: &Arc<dyn Frame>) -> Result<Developed, NoPicture> {
        let look = Taken { reached: frame.stamp().captured, reported: frame.reported() };
        let now = clock::monotonic();
        self.remote.picture(look, frame.stamp(), now + LONG, now + LONG)
    }

    /// Takes pictures of looks, once they are found by this clock; how many pictures they are off, in order.
    fn off(&self, by: ClockSource) -> Vec<u32> {
        let mut off = Vec::new();
        let deadline = clock::monotonic() + LONG;
        while off.len() < LOOKS {
            assert!(clock::monotonic() < deadline, "found by {by:?}: {off:?}");
            let frame = self.look();
            let [width, height] = SMALL.map(|px| px as usize);
            assert_eq!((frame.view().width(), frame.view().height()), (width, height));
            // At first there is nothing to be held against it.
            let Ok(picture) = self.picture(&frame) else { continue };
            if picture.by != by {
                continue;
            }
            let view = picture.frame.view();
            let [width, height] = LARGE.map(|px| px as usize);
            assert_eq!((view.width(), view.height()), (width, height));
            assert_eq!(picture.frame.stamp().seq, frame.stamp().seq);
            off.push(apart(number(&view), number(&frame.view())));
        }
        off.sort_unstable();
        println!("pictures off: {off:?}");
        off
    }
}

/// The large stream is later by five pictures, which the camera's own clock tells, right or wrong.
#[test]
fn pictures_show_the_moments_of_looks_by_the_cameras_clock() {
    let dir = tempfile::tempdir().unwrap();
    let clips = clips(dir.path());
    for ahead in [0, 7, -3_600] {
        let pair = Pair::start(&clips, |sim| {
            sim.set_clock_ahead(ahead);
            sim.delay_large(Duration::from_millis(200));
        });
        let off = pair.off(ClockSource::Rtcp);
        assert!(off.iter().all(|off| *off <= 1), "{ahead}: {off:?}");
        assert_eq!(pair.shown.0.lock().unwrap().0, 1, "of the large stream only this was decoded");
    }
}

/// Without a clock, or with two, only when pictures came is known.
#[test]
fn pictures_show_the_moments_of_looks_by_arrival() {
    let dir = tempfile::tempdir().unwrap();
    let clips = clips(dir.path());
    for name in ["no reports", "two clocks"] {
        let pair = Pair::start(&clips, |sim| match name {
            "two clocks" => sim.set_small_clock_ahead(7),
            _ => sim.tell_no_clock(),
        });
        // Until the jitter buffer knows a stream's pace, all of it is as late as its first packet was.
        (0..3 * FPS).for_each(|_| drop(pair.look()));
        let off = pair.off(ClockSource::Arrival);
        assert!(off[LOOKS / 2] <= 1, "{name}: {off:?}");
    }
}

/// Nothing comes any more of the large stream: there is an answer, in time.
#[test]
fn a_moment_of_which_nothing_came_is_told_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let pair = Pair::start(&clips(dir.path()), |_| {});
    pair.off(ClockSource::Rtcp);
    let last = pair.look();
    pair.sim.pause_media(true);
    let later = Duration::from_secs(1);
    let look = Taken {
        reached: last.stamp().captured.plus(later),
        reported: last.reported().map(|at| at.plus(later)),
    };
    let asked = clock::monotonic();
    let wait = asked + Duration::from_millis(300);
    let answer = pair.remote.picture(look, last.stamp(), wait, asked + LONG);
    assert!(matches!(answer, Err(NoPicture::Late)), "{answer:?}");
    assert!(clock::monotonic() >= wait);
}

/// A worker that looks at a camera of two streams, and what it says.
struct Worker {
    to: Sender<ToWorker>,
    from: Receiver<FromWorker>,
    folder: tempfile::TempDir,
    captures: u64,
    last: Option<FrameStamp>,
    told: Vec<CameraReport>,
    stats: WorkerStats,
}

const CAMERA: &str = "gate";

impl Worker {
    fn start(sim: &CameraSim) -> Self {
        let name = |text: &str| Name::try_from(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let model = name("ssdlite-coco");
        let installed =
            Locations::discover(None).unwrap().installed_for([&model], Provider::Cpu).unwrap();
        let (to, inbox) = bounded(64);
        let (outbox, from) = unbounded();
        std::thread::spawn(move || worker::serve(&inbox, outbox));
        let process = ProcessPlan {
            version: SEAM_VERSION,
            axis_zero: clock::axis_zero(),
            threads: 1,
            running: std::collections::BTreeMap::new(),
            provider: Provider::Cpu,
            library: installed.library,
            taxonomies: installed.taxonomies,
            evidence_dir: folder.path().into(),
            shadow_dir: None,
        };
        to.send(ToWorker::Start(process)).unwrap();
        let files = installed.models[&model].clone();
        to.send(ToWorker::Use(Use { epoch: 1, name: model.clone(), files })).unwrap();
        let source = |mount: &str| rtsp(&sim.url(mount), Transport::Tcp, None);
        let camera = VisionCamera {
            id: name(CAMERA),
            source: source("cam"),
            substream: Some(source("cam/small")),
            model,
            need: Need::steady(4.0),
            areas: Vec::new(),
            closely: false,
            confidence_min: None,
            refine: Vec::new(),
            recorded: false,
        };
        to.send(ToWorker::Assign(Assign { epoch: 1, camera })).unwrap();
        let (told, stats) = (Vec::new(), WorkerStats::default());
        Self { to, from, folder, captures: 0, last: None, told, stats }
    }

    /// Hears until something is as wanted.
    fn until<T>(&mut self, what: &str, wanted: impl Fn(&Self, &FromWorker) -> Option<T>) -> T {
        let deadline = clock::monotonic() + LONG;
        loop {
            let told = self.from.recv_deadline(deadline);
            let told =
                told.unwrap_or_else(|_| panic!("no {what}: {:?} {:?}", self.told, self.stats));
            match &told {
                FromWorker::Observation(look) => {
                    if let Some(last) = self.last {
                        assert!(look.frame.captured > last.captured && look.frame.seq > last.seq);
                    }
                    self.last = Some(look.frame);
                }
                FromWorker::Camera(report) => self.told.push(report.clone()),
                FromWorker::Stats(stats) => self.stats = stats.clone(),
                FromWorker::Failed { reason, .. } => panic!("{reason}"),
                _ => {}
            }
            if let Some(it) = wanted(self, &told) {
                return it;
            }
        }
    }

    /// The next look at pictures of this size.
    fn look(&mut self, size: [u32; 2]) -> FrameStamp {
        self.until("look", |_, told| match told {
            FromWorker::Observation(look) => (look.size_px == size).then_some(look.frame),
            _ => None,
        })
    }

    fn until_told(&mut self, status: CameraStatus, reason: &str) {
        self.until(reason, |_, told| match told {
            FromWorker::Camera(told) => {
                let fits = match reason {
                    "" => told.reason.is_empty(),
                    part => told.reason.contains(part),
                };
                (told.status == status && fits).then_some(())
            }
            _ => None,
        });
    }

    /// The picture of a look: when, how large, and which of the clip.
    fn picture(&mut self, look: FrameStamp) -> (Picture, u32) {
        self.captures += 1;
        let id = CaptureId(self.captures);
        let (camera, moment) = (Name::try_from(CAMERA).unwrap(), Moment::Opened);
        self.to.send(ToWorker::Capture(Capture { id, camera, seq: look.seq, moment })).unwrap();
        let picture = self.until("picture", |_, told| match told {
            FromWorker::Captured { capture, picture } if *capture == id => Some(picture.clone()),
            _ => None,
        });
        let file = std::fs::read_dir(self.folder.path().join("pending")).unwrap().next();
        let file = file.unwrap().unwrap().path();
        let jpeg = std::fs::read(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        (picture.unwrap(), number_of_jpeg(&jpeg))
    }

    /// How the streams are, once a report says so of them.
    fn until_streams(&mut self, wanted: impl Fn(&Streams) -> bool) {
        self.until("streams", |worker, _| {
            let of = worker.stats.cameras.values().next()?;
            wanted(of.streams.as_ref()?).then_some(())
        });
    }
}

fn number_of_jpeg(jpeg: &[u8]) -> u32 {
    let cursor = zune_jpeg::zune_core::bytestream::ZCursor::new(jpeg);
    let mut decoder = zune_jpeg::JpegDecoder::new(cursor);
    let rgb = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    let bright = |n: usize| rgb[(height / 2 * width + (2 * n + 1) * width / 16) * 3] > 128;
    (0..8).map(|n| u32::from(bright(n)) << n).sum()
}

/// The clip goes on by a number a picture: how many of these, each with its time, fit together to one.
fn agreeing(pictures: &[(Timestamp, u32)]) -> usize {
    let fit = |(at, number): (Timestamp, u32), (later, shown): (Timestamp, u32)| {
        let between = (later.0.cast_signed() - at.0.cast_signed()) as f64 / 1e9 * f64::from(FPS);
        let should = (f64::from(number) + between).rem_euclid(f64::from(PICTURES)).round() as u32;
        apart(should, shown) <= 1
    };
    let of = |one| pictures.iter().filter(|other| fit(one, **other)).count();
    pictures.iter().map(|one| of(*one)).max().unwrap_or(0)
}

/// Looks are small and pictures large, of the same moment; while one stream is away the other does both.
#[test]
fn each_stream_does_the_others_work_while_that_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let [large, small] = clips(dir.path());
    let (clip, mounts) = (large, vec!["cam".into()]);
    let (small, login, tls) = (Some(small), None, None);
    let sim = SimOptions { clip, mounts, small, apart: false, port: 0, login, tls };
    let sim = CameraSim::start(&sim).unwrap();
    let mut worker = Worker::start(&sim);
    worker.until_streams(|both| {
        let is_there = |of: &StreamState| of.state == CameraStatus::Online;
        both.looks == StreamRole::Sub && is_there(&both.main) && is_there(&both.sub)
    });
    // A machine that is busy may have let go of the look's frame, which is then a later one, and may take
    // longer than an incident waits, so that it is the small one's picture: what is shown is still of its time.
    let (mut pictures, mut too_late) = (Vec::new(), 0);
    while pictures.len() < 8 + too_late {
        let look = worker.look(SMALL);
        let (picture, number) = worker.picture(look);
        assert!(picture.seq >= look.seq && (picture.size_px == LARGE || picture.size_px == SMALL));
        too_late += usize::from(picture.size_px == SMALL);
        assert!(too_late < 8, "it is the exception");
        pictures.push((picture.captured, number));
    }

    sim.pause_large(true);
    worker.until_told(CameraStatus::Online, "main stream: ");
    let look = worker.look(SMALL);
    let (last, number) = worker.picture(look);
    assert_eq!(last.size_px, SMALL, "what was looked at");
    assert!(last.seq > look.seq || last.captured == look.captured);
    pictures.push((last.captured, number));
    let agree = agreeing(&pictures);
    assert!(agree > pictures.len() / 2, "{agree} of {pictures:?} are of their own times");
    worker.until("count", |worker, _| {
        let of = worker.stats.cameras.values().next()?;
        (of.pictures == [(StreamRole::Main, 8), (StreamRole::Sub, 1 + too_late as u64)].into())
            .then_some(())
    });

    sim.pause_large(false);
    worker.until_told(CameraStatus::Online, "");
    sim.pause_small(true);
    worker.until_streams(|both| both.looks == StreamRole::Main);
    let look = worker.look(LARGE);
    let told = worker.told.iter().rfind(|told| told.reason.contains("substream: ")).unwrap();
    assert_eq!(told.status, CameraStatus::Online, "it is looked at");
    assert_eq!(worker.picture(look).0.size_px, LARGE);

    sim.pause_small(false);
    worker.look(SMALL);
    worker.until_streams(|both| both.looks == StreamRole::Sub);
    worker.to.send(ToWorker::Stop).unwrap();
}
