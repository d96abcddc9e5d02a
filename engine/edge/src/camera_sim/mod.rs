//! A simulated RTSP camera that serves a clip, for the demo and the tests.
//!
//! The clip is not encoded again: its access units are sent in real time, over and over, with
//! timestamps that go on, so a client sees one endless stream. RTSP, RTP over TCP and UDP, RTCP
//! sender reports and logins are those of gstreamer-rtsp-server. Serves the loopback only.

mod clip;
mod clock;
mod error;
mod feed;

pub use error::SimError;

use crate::clock::monotonic;
use crate::ingest::init;
use clip::Clip;
use clock::SimClock;
use feed::{Pace, Valve};
use gstreamer as gst;
use gstreamer_rtsp_server as gst_rtsp_server;
use gstreamer_rtsp_server::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_core::plan::Secret;

/// What a simulated camera is to serve.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// MP4, Matroska, AVI, .h264 or .h265 with H.264 or H.265.
    pub clip: PathBuf,
    /// Names under which it is served, without the first slash.
    pub mounts: Vec<String>,
    /// The same clip with smaller pictures: each mount is served as `MOUNT/small` as well, and both show the
    /// same at every moment, whenever somebody connects.
    pub small: Option<PathBuf>,
    /// Each mount begins elsewhere in the clip, as cameras do that know nothing of each other. Else
    /// all begin with its first picture.
    pub apart: bool,
    /// TCP port; 0 takes a free one.
    pub port: u16,
    /// User name and password that clients must give, by digest authentication.
    pub login: Option<(String, Secret)>,
    /// PEM files of certificate and private key; with them it serves `rtsps://` only.
    pub tls: Option<(PathBuf, PathBuf)>,
}

impl SimOptions {
    /// Does the server ask who may see what? It has its certificate from the same place.
    fn guarded(&self) -> bool {
        self.login.is_some() || self.tls.is_some()
    }
}

/// A running simulated camera; dropping it closes all connections.
pub struct CameraSim {
    main: glib::MainLoop,
    thread: Option<std::thread::JoinHandle<()>>,
    server: gst_rtsp_server::RTSPServer,
    large: Film,
    small: Option<Film>,
    port: u16,
    scheme: &'static str,
}

use gst::glib;

impl CameraSim {
    /// Reads the clip and starts to listen.
    ///
    /// # Errors
    /// [`SimError`] when the clip or the port cannot be used.
    pub fn start(options: &SimOptions) -> Result<Self, SimError> {
        init()?;
        if options.mounts.is_empty() {
            return Err(SimError::NoMount);
        }
        // Where there are small ones as well, both begin now.
        let began = options.small.is_some().then(monotonic);
        let large = Film::read(&options.clip, began)?;
        let small = options.small.as_deref().map(|path| Film::read(path, began)).transpose()?;
        let server = gst_rtsp_server::RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service(&options.port.to_string());
        if options.guarded() {
            server.set_auth(Some(&auth(options)?));
        }
        let failed =
            |reason: &str| SimError::Serve { port: options.port, reason: reason.to_owned() };
        let mounts = server.mount_points().ok_or_else(|| failed("it has no mount points"))?;
        for (i, mount) in options.mounts.iter().enumerate() {
            let first = if options.apart { large.clip.apart(i) } else { 0 };
            mounts.add_factory(&format!("/{mount}"), factory(&large, first, options));
            if let Some(small) = &small {
                mounts.add_factory(&format!("/{mount}/{SMALL}"), factory(small, first, options));
            }
        }
        // Everything of the server lives in a context of its own: no main loop of the process is
        // needed, and two simulated cameras do not meet.
        let context = glib::MainContext::new();
        let main = glib::MainLoop::new(Some(&context), false);
        server.attach(Some(&context)).map_err(|e| failed(&e.to_string()))?;
        let port = u16::try_from(server.bound_port()).map_err(|_| failed("it is not bound"))?;
        let running = main.clone();
        let thread = std::thread::Builder::new()
            .name("camera-sim".into())
            .spawn(move || {
                // The context is new, so no other thread can own it.
                let _ = context.with_thread_default(|| running.run());
            })
            .map_err(|e| failed(&e.to_string()))?;
        let scheme = if options.tls.is_some() { "rtsps" } else { "rtsp" };
        Ok(Self { main, thread: Some(thread), server, large, small, port, scheme })
    }

    /// The address of a mount, without a login.
    pub fn url(&self, mount: &str) -> String {
        format!("{}://127.0.0.1:{}/{mount}", self.scheme, self.port)
    }

    /// The TCP port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn films(&self) -> impl Iterator<Item = &Film> {
        [&self.large].into_iter().chain(&self.small)
    }

    /// Stops or resumes the media of all mounts while RTSP and RTCP go on, as a camera does whose
    /// encoder hangs. Resumes with a key frame.
    pub fn pause_media(&self, paused: bool) {
        self.films().for_each(|film| film.valve.set(paused));
    }

    /// The same of its large pictures alone.
    pub fn pause_large(&self, paused: bool) {
        self.large.valve.set(paused);
    }

    /// The same of its small pictures alone.
    pub fn pause_small(&self, paused: bool) {
        self.small.iter().for_each(|film| film.valve.set(paused));
    }

    /// Puts the clock that its sender reports tell so many seconds ahead of the box's.
    pub fn set_clock_ahead(&self, secs: i64) {
        self.films().for_each(|film| film.clock.set_ahead(secs));
    }

    /// The same of the reports of small pictures alone, as if they were by another clock.
    pub fn set_small_clock_ahead(&self, secs: i64) {
        self.small.iter().for_each(|film| film.clock.set_ahead(secs));
    }

    /// From now on it sends no sender reports.
    pub fn tell_no_clock(&self) {
        self.films().for_each(|film| film.clock.be_silent());
    }

    /// Large pictures reach the wire so much later than small ones of the same moment.
    pub fn delay_large(&self, by: Duration) {
        self.large.pace.delay(by);
    }

    /// Clients that are connected.
    pub fn clients(&self) -> usize {
        use gst_rtsp_server::RTSPFilterResult as Filter;
        self.server.client_filter(Some(&mut |_, _| Filter::Ref)).len()
    }
}

impl Drop for CameraSim {
    fn drop(&mut self) {
        use gst_rtsp_server::RTSPFilterResult as Filter;
        self.films().for_each(|film| film.valve.close());
        self.server.client_filter(Some(&mut |_, _| Filter::Remove));
        if let Some(pool) = self.server.session_pool() {
            pool.filter(Some(&mut |_, _| Filter::Remove));
        }
        self.main.quit();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A clip, and how and by which clock it is sent.
struct Film {
    clip: Arc<Clip>,
    valve: Arc<Valve>,
    pace: Arc<Pace>,
    clock: Arc<SimClock>,
}

impl Film {
    fn read(clip: &Path, began: Option<Instant>) -> Result<Self, SimError> {
        Ok(Self {
            clip: Arc::new(Clip::read(clip)?),
            valve: Arc::default(),
            pace: Arc::new(Pace::new(began)),
            clock: Arc::default(),
        })
    }
}

fn factory(film: &Film, first: usize, options: &SimOptions) -> gst_rtsp_server::RTSPMediaFactory {
    let factory = gst_rtsp_server::RTSPMediaFactory::new();
    factory.set_launch(film.clip.launch());
    // One pipeline for all clients of a mount.
    factory.set_shared(true);
    if options.guarded() {
        let may = gst::Structure::builder(ROLE)
            .field("media.factory.access", true)
            .field("media.factory.construct", true)
            .build();
        factory.add_role_from_structure(&may);
    }
    let (clip, valve) = (Arc::clone(&film.clip), Arc::clone(&film.valve));
    let (pace, clock) = (Arc::clone(&film.pace), Arc::clone(&film.clock));
    factory.connect_media_configure(move |_, media| {
        clock::attach(media, &clock);
        feed::start(media, &clip, first, &valve, &pace);
    });
    factory
}

/// Below a mount, where its small pictures are.
const SMALL: &str = "small";
const ROLE: &str = "viewer";

/// Asks for the login if there is one, and holds the certificate.
fn auth(options: &SimOptions) -> Result<gst_rtsp_server::RTSPAuth, SimError> {
    let auth = gst_rtsp_server::RTSPAuth::new();
    let mut token = gst_rtsp_server::RTSPToken::builder().field("media.factory.role", ROLE).build();
    match &options.login {
        Some((user, password)) => {
            auth.set_supported_methods(gstreamer_rtsp::RTSPAuthMethod::Digest);
            auth.add_digest(user, password.reveal(), &token);
        }
        None => auth.set_default_token(Some(&mut token)),
    }
    if let Some((path, key)) = &options.tls {
        let certificate = gst_rtsp_server::gio::TlsCertificate::from_files(path, key);
        let certificate = certificate.map_err(|e| SimError::Certificate {
            path: path.clone(),
            reason: e.message().to_owned(),
        })?;
        auth.set_tls_certificate(Some(&certificate));
    }
    Ok(auth)
}
