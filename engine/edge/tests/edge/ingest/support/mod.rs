//! Clips made on the spot, a sink that writes down what it is told, and a camera that can be
//! killed.

#![allow(unreachable_pub)] // All of it is test code.

pub mod scripted;

use crossbeam_channel::{Receiver, Sender, unbounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_core::frame::{Frame, FrameStamp};
use viahe_core::id::Name;
use viahe_core::plan::{Secret, Source, Transport};
use viahe_edge::camera_sim::{CameraSim, SimOptions};
use viahe_edge::clock;
use viahe_edge::ingest::{CameraOptions, FeedState, FrameSink, LiveCamera};
use viahe_edge::ledger::Ledger;

/// Runs a pipeline to its end.
pub fn run_pipeline(description: &str) {
    gst::init().unwrap();
    let pipeline = gst::parse::launch(description).unwrap();
    let bus = pipeline.bus().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(120), &wanted);
    pipeline.set_state(gst::State::Null).unwrap();
    match message.as_ref().map(|m| m.view()) {
        Some(gst::MessageView::Eos(_)) => {}
        other => panic!("{description}: {other:?}"),
    }
}

/// A clip of moving test pictures with a key frame a second. The name's extension chooses the
/// container; `265` in the name H.265.
pub fn make_clip(dir: &Path, name: &str, [w, h]: [u32; 2], fps: u32, frames: u32) -> PathBuf {
    let path = dir.join(name);
    let (encoder, parser) = if name.contains("265") {
        (format!("x265enc speed-preset=ultrafast tune=zerolatency key-int-max={fps}"), "h265parse")
    } else {
        let preset = "x264enc speed-preset=ultrafast bframes=0 threads=1";
        (format!("{preset} key-int-max={fps}"), "h264parse")
    };
    let muxer = match path.extension().unwrap().to_str().unwrap() {
        "mp4" => "mp4mux ! ",
        "mkv" => "matroskamux ! ",
        "avi" => "avimux ! ",
        "h264" => "video/x-h264,stream-format=byte-stream ! ",
        _ => "video/x-h265,stream-format=byte-stream ! ",
    };
    run_pipeline(&format!(
        "videotestsrc num-buffers={frames} pattern=ball ! \
         video/x-raw,format=I420,width={w},height={h},framerate={fps}/1 ! {encoder} ! {parser} ! \
         {muxer} filesink location=\"{}\"",
        path.display()
    ));
    path
}

/// A clip of H.264 with a key frame a second whose pictures have their numbers in them: eight fields from left
/// to right, the lowest bit first, bright for one.
pub fn numbered_clip(dir: &Path, name: &str, [w, h]: [u32; 2], fps: u32, pictures: u32) -> PathBuf {
    let (path, raw) = (dir.join(name), dir.join(format!("{name}.raw")));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&raw).unwrap());
    for number in 0..pictures {
        let bright = |x: u32| number >> (x * 8 / w) & 1 == 1;
        let row: Vec<u8> = (0..w).map(|x| if bright(x) { 200 } else { 40 }).collect();
        for _ in 0..h {
            file.write_all(&row).unwrap();
        }
        file.write_all(&vec![128; (w * h / 2) as usize]).unwrap();
    }
    file.flush().unwrap();
    run_pipeline(&format!(
        "filesrc location=\"{}\" ! rawvideoparse format=i420 width={w} height={h} framerate={fps}/1 ! \
         x264enc speed-preset=ultrafast bframes=0 threads=1 key-int-max={fps} ! h264parse ! mp4mux ! \
         filesink location=\"{}\"",
        raw.display(),
        path.display()
    ));
    path
}

/// What a camera told its sink, and when.
#[derive(Clone, Debug)]
pub enum Told {
    Frame(FrameStamp, [usize; 2]),
    State(FeedState),
}

struct Recorder(Sender<(Instant, Told)>);

impl FrameSink for Recorder {
    fn frame(&self, frame: Arc<dyn Frame>) {
        let view = frame.view();
        let told = Told::Frame(frame.stamp(), [view.width(), view.height()]);
        let _ = self.0.send((clock::monotonic(), told));
    }

    fn state(&self, state: FeedState) {
        let _ = self.0.send((clock::monotonic(), Told::State(state)));
    }
}

/// A camera under test and what it tells.
pub struct Watched {
    pub camera: LiveCamera,
    pub told: Receiver<(Instant, Told)>,
    pub ledger: Arc<Ledger>,
    last: Option<FrameStamp>,
    pub states: Vec<FeedState>,
}

impl Watched {
    pub fn start(source: Source) -> Self {
        let (tell, told) = unbounded();
        let ledger = Arc::new(Ledger::default());
        let seed = u64::from(std::process::id());
        println!("rng_seed {seed}");
        let options = CameraOptions::new(Name::try_from("cam-test").unwrap(), source, seed);
        let camera =
            LiveCamera::start(options, Arc::new(Recorder(tell)), Arc::clone(&ledger)).unwrap();
        Self { camera, told, ledger, last: None, states: Vec::new() }
    }

    /// Waits until `wanted` is told; when that was. Event time must increase all the while.
    pub fn until(
        &mut self,
        what: &str,
        at_most: Duration,
        mut wanted: impl FnMut(&Told) -> bool,
    ) -> Instant {
        let deadline = clock::monotonic() + at_most;
        loop {
            let (at, told) = self.told.recv_deadline(deadline).unwrap_or_else(|_| {
                panic!("no {what} in {at_most:?}; {:?}; {:?}", self.camera.counters(), self.states)
            });
            match &told {
                Told::Frame(stamp, _) => {
                    if let Some(last) = self.last {
                        assert!(stamp.captured > last.captured, "{last:?} then {stamp:?}");
                        assert!(stamp.seq > last.seq, "{last:?} then {stamp:?}");
                    }
                    self.last = Some(*stamp);
                }
                Told::State(state) => self.states.push(state.clone()),
            }
            if wanted(&told) {
                return at;
            }
        }
    }

    pub fn frame(&mut self, at_most: Duration) -> Instant {
        self.until("frame", at_most, |t| matches!(t, Told::Frame(..)))
    }

    /// Waits for a frame that is told after `after`.
    pub fn frame_after(&mut self, after: Instant, at_most: Duration) -> Instant {
        loop {
            let at = self.frame(at_most);
            if at > after {
                return at;
            }
        }
    }

    pub fn stalled(&mut self, at_most: Duration) -> Instant {
        let stalled = |t: &Told| matches!(t, Told::State(FeedState::Stalled { .. }));
        self.until("stall", at_most, stalled)
    }
}

pub fn rtsp(url: &str, transport: Transport, login: Option<(&str, &str)>) -> Source {
    let login = login.map(|(user, password)| (user.to_owned(), Secret::new(password)));
    Source::Rtsp { url: url.into(), login, transport, ca: None }
}

/// A camera over RTSP in TLS, whose certificate is checked against `ca`.
pub fn rtsps(url: &str, login: Option<(&str, &str)>, ca: Option<&Path>) -> Source {
    let mut source = rtsp(url, Transport::Tcp, login);
    if let Source::Rtsp { ca: of, .. } = &mut source {
        *of = ca.map(Path::to_owned);
    }
    source
}

/// A certificate that signed itself, as cameras have, and its key; `holder` is a
/// subjectAltName.
pub fn certificate(dir: &Path, name: &str, holder: &str) -> (PathBuf, PathBuf) {
    let [cert, key] = ["pem", "key"].map(|e| dir.join(format!("{name}.{e}")));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
        .args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName={holder}")])
        .args([OsStr::new("-out"), cert.as_os_str(), OsStr::new("-keyout"), key.as_os_str()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

pub fn sim(clip: &Path, login: Option<(&str, &str)>) -> CameraSim {
    sim_with(clip, login, None)
}

/// The same, in TLS if a certificate and its key are given.
pub fn sim_with(
    clip: &Path,
    login: Option<(&str, &str)>,
    tls: Option<(PathBuf, PathBuf)>,
) -> CameraSim {
    CameraSim::start(&SimOptions {
        clip: clip.into(),
        mounts: vec!["cam".into()],
        small: None,
        apart: false,
        port: 0,
        login: login.map(|(user, password)| (user.to_owned(), Secret::new(password))),
        tls,
    })
    .unwrap()
}

/// Two cameras, `cam` and `other`, which begin apart in the clip.
pub fn sim_apart(clip: &Path) -> CameraSim {
    let mounts = vec!["cam".into(), "other".into()];
    let clip = clip.into();
    CameraSim::start(&SimOptions {
        clip,
        mounts,
        small: None,
        apart: true,
        port: 0,
        login: None,
        tls: None,
    })
    .unwrap()
}

/// A simulated camera in a process of its own: this test binary, run again for its test
/// `sim_child`.
pub struct SimProcess {
    child: Child,
    stdin: ChildStdin,
    pub port: u16,
}

impl SimProcess {
    /// Starts it; `port` 0 takes a free one.
    pub fn start(clip: &Path, port: u16) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ingest::sim_child", "--nocapture"])
            .env("VIAHE_TEST_SIM", clip)
            .env("VIAHE_TEST_SIM_PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("sim port ")?.1.parse().ok())
            .expect("the simulated camera does not start");
        Self { child, stdin, port }
    }

    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/cam", self.port)
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// SIGKILL, and wait for its end.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for SimProcess {
    fn drop(&mut self) {
        let _ = self.stdin.flush();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of the test `sim_child`: serves until its standard input is closed.
pub fn serve_as_child() {
    let Some(clip) = std::env::var_os("VIAHE_TEST_SIM") else { return };
    let port = std::env::var("VIAHE_TEST_SIM_PORT").unwrap().parse().unwrap();
    let mounts = vec!["cam".into()];
    let options = SimOptions {
        clip: clip.into(),
        mounts,
        small: None,
        apart: false,
        port,
        login: None,
        tls: None,
    };
    let sim = CameraSim::start(&options).unwrap();
    println!("\nsim port {}", sim.port());
    let _ = std::io::stdin().lines().count();
}
