//! A live camera: connected, watched, and connected again, for as long as it is wanted.

use super::camera::{CameraOptions, FeedState, FrameSink};
use super::carrier::{Carriers, Next, Shown};
use super::codec::is_hardware;
use super::decode::Demand;
use super::fault::{Fault, FaultKind};
use super::link::{Camera, Hints, Wake};
use super::meter::{CameraCounters, Meter};
use super::pace::{Pace, Waits};
use super::pulse::Known;
use super::reel::Reel;
use super::remote::Remote;
use super::rtsp::Relay;
use super::session::{Ages, Session};
use super::{IngestError, graph};
use crate::clock;
use crate::ledger::Ledger;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use viahe_contract::message::CameraFault;
use viahe_core::plan::{Source, Transport};

/// Media without one whole picture for this many times `stall_after` is a fault as well.
const DAMAGED_STALLS: u32 = 5;
/// A camera of which no picture can be decoded for want of a key frame is asked for one by a new
/// connection.
const NO_KEY_MAX: Duration = Duration::from_secs(45);
/// After so long without a fault the next wait is the shortest again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);
/// A pipeline that does not shut down in this time is left to a thread of its own.
const TEARDOWN_MAX: Duration = Duration::from_secs(1);
/// How long a drop waits for the camera to end.
const STOP_MAX: Duration = Duration::from_secs(2);
/// So many pipelines of one camera may hang in their shutdown; then it waits for them.
const HUNG_MAX: usize = 3;
/// Reports that may wait for the supervision.
const WAKES_MAX: usize = 32;

/// A camera that is watched until this is dropped, which takes 2 s at most.
pub struct LiveCamera {
    camera: Arc<Camera>,
    ended: Receiver<()>,
}

impl LiveCamera {
    /// Starts to watch a camera. Returns at once; whether the camera can be reached is told to
    /// `sink`.
    ///
    /// # Errors
    /// [`IngestError`] when the options are wrong or GStreamer is not there.
    pub fn start(
        options: CameraOptions,
        sink: Arc<dyn FrameSink>,
        ledger: Arc<Ledger>,
    ) -> Result<Self, IngestError> {
        graph::init()?;
        options.check()?;
        let transport = match &options.source {
            // Over UDP media would leave the encryption; nobody does that for a person.
            Source::Rtsp { url, transport: Transport::Auto, .. } if url.starts_with("rtsps://") => {
                Transport::Tcp
            }
            Source::Rtsp { transport, .. } => *transport,
            _ => Transport::default(),
        };
        let (wake, wakes) = bounded(WAKES_MAX);
        let (name, seed, demand) = (options.name.clone(), options.rng_seed, options.demand);
        let reel = options.keeps_film.then(Reel::default);
        let camera = Arc::new(Camera {
            options,
            sink,
            ledger,
            meter: Mutex::new(Meter::default()),
            wake,
            closed: AtomicBool::new(false),
            demand: Mutex::new(demand),
            peek: AtomicBool::new(false),
            reel,
            film_cut: AtomicBool::new(false),
        });
        let (done, ended) = bounded(1);
        let supervision = Supervision {
            camera: Arc::clone(&camera),
            wakes,
            waits: Waits::new(seed),
            carriers: Carriers::new(transport),
            login_good: false,
            login_doubted: false,
            failed_decoders: Vec::new(),
            known: Known::default(),
            hung: Arc::new(AtomicUsize::new(0)),
        };
        std::thread::Builder::new()
            .name(format!("cam-{name}").chars().take(15).collect())
            .spawn(move || {
                supervision.run();
                // The owner may have stopped waiting.
                let _ = done.try_send(());
            })
            .map_err(|source| IngestError::Thread { camera: name, source })?;
        Ok(Self { camera, ended })
    }

    /// From its next picture on this is needed of it.
    pub fn demand(&self, demand: Demand) {
        self.camera.need(demand);
    }

    /// Its picture of now is wanted as well, however little is decoded.
    pub fn peek(&self) {
        self.camera.peek.store(true, Ordering::Relaxed);
    }

    /// What others may ask of it, for as long as it is there.
    pub fn remote(&self) -> Remote {
        Remote::new(&self.camera)
    }

    /// What it has done so far.
    pub fn counters(&self) -> CameraCounters {
        self.camera.meter().snapshot(clock::monotonic())
    }
}

impl Drop for LiveCamera {
    fn drop(&mut self) {
        self.camera.closed.store(true, Ordering::Release);
        // When the channel is full, supervision is about to read it and sees `closed`.
        let _ = self.camera.wake.try_send(Wake::Stop);
        let _ = self.ended.recv_timeout(STOP_MAX);
    }
}

/// How a connection ended.
enum End {
    Stopped,
    Failed { fault: Fault, shown: Shown, lasted: Duration },
}

impl End {
    /// Nothing was learnt of the camera.
    fn early(fault: Fault) -> Self {
        Self::Failed { fault, shown: Shown::Nothing, lasted: Duration::ZERO }
    }
}

struct Supervision {
    camera: Arc<Camera>,
    wakes: Receiver<Wake>,
    waits: Waits,
    carriers: Carriers,
    /// The camera has accepted the login, and not refused it since.
    login_good: bool,
    /// The other way round.
    login_doubted: bool,
    failed_decoders: Vec<String>,
    /// Of the camera's pace.
    known: Known,
    hung: Arc<AtomicUsize>,
}

impl Supervision {
    fn run(mut self) {
        for number in 0.. {
            match self.connection(number) {
                End::Stopped => return,
                End::Failed { mut fault, shown, lasted } => {
                    match self.learn(&fault, shown, lasted) {
                        Next::Other => continue,
                        Next::NoneLeft => fault = Fault::no_carrier(),
                        Next::Wait => {}
                    }
                    if !self.pause(fault) {
                        return;
                    }
                }
            }
        }
    }

    /// One connection from its beginning to its end.
    fn connection(&mut self, number: u64) -> End {
        self.tell(FeedState::Connecting);
        self.camera.meter().connection();
        if let Some(reel) = &self.camera.reel {
            reel.rewind();
        }
        let began = clock::monotonic();
        if self.hung.load(Ordering::Acquire) >= HUNG_MAX {
            let text = "earlier connections hang in their shutdown";
            return End::early(Fault::new(CameraFault::BoxFails, text));
        }
        let hints = Hints {
            carrier: self.carriers.now(),
            login_good: self.login_good,
            failed_decoders: self.failed_decoders.clone(),
        };
        let session = match Session::open(&self.camera, number, &hints) {
            Ok(session) => session,
            Err(error) => return End::early(error.into()),
        };
        let fault = self.watch(&session, number);
        session.close();
        let silent = fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Silent);
        if session.knows_pace() {
            let patience = session.patience(self.camera.options.stall_after, self.known);
            self.known = Known { unsure: 0, patience };
        } else if session.speaks() || (silent && session.playing()) {
            self.known.unsure = self.known.unsure.saturating_add(1);
        }
        let now = clock::monotonic();
        let Ages { media, picture, .. } = session.ages(now);
        if let (Some(fault), Some(_)) = (&fault, picture) {
            let (reason, code) = (fault.text.clone(), fault.code.clone());
            self.tell(FeedState::Stalled { reason, code });
        }
        if session.login_accepted() {
            (self.login_good, self.login_doubted) = (true, false);
        }
        let shown = match &fault {
            _ if picture.is_some() => Shown::Pictures,
            Some(fault) if fault.kind == FaultKind::Carrier => Shown::Refused,
            _ if media.is_none() && session.playing() => Shown::Barren,
            _ => Shown::Nothing,
        };
        if !dismantle(session.pipeline, session.relay, &self.hung, TEARDOWN_MAX) {
            self.camera.meter().counters.teardown_hung += 1;
        }
        match fault {
            None => End::Stopped,
            Some(fault) => {
                End::Failed { fault, shown, lasted: now.saturating_duration_since(began) }
            }
        }
    }

    /// Waits until the connection fails; `None` when it is to stop.
    fn watch(&self, session: &Session, number: u64) -> Option<Fault> {
        let mut online = false;
        loop {
            if self.stopped() {
                return None;
            }
            let wait = match self.watchdog(session, clock::monotonic()) {
                Ok(wait) => wait,
                Err(fault) => return Some(fault),
            };
            match self.wakes.recv_timeout(wait) {
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
                Ok(Wake::Failed(of, fault)) if of == number => return Some(fault),
                Ok(Wake::Picture(of)) if of == number => {
                    self.online(!online);
                    online = true;
                }
                // Of an earlier connection, or time to look again.
                Ok(Wake::Failed(..) | Wake::Picture(_)) | Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A fault, or how long nothing can be wrong yet. It trusts no message: media
    /// may stop while RTSP and RTCP go on for ever.
    fn watchdog(&self, session: &Session, now: Instant) -> Result<Duration, Fault> {
        let least = self.camera.options.stall_after;
        let stall = session.patience(least, self.known);
        let Ages { connection: age, media, picture, owed, no_key } = session.ages(now);
        let Some(picture) = picture else {
            let [whole, pause] = session.first_patience(least, self.known);
            let left = whole.saturating_sub(age);
            let left = media.map_or(left, |media| left.min(pause.saturating_sub(media)));
            return if left.is_zero() { Err(self.without_picture(session, age)) } else { Ok(left) };
        };
        let media = media.unwrap_or(picture);
        if media >= stall {
            return Err(Fault::silent(media));
        }
        // What was not given to the decoder is not missed.
        let owed = owed.unwrap_or_default();
        if owed >= stall * DAMAGED_STALLS {
            return Err(Fault::damaged(owed));
        }
        let dark = no_key.unwrap_or_default();
        if dark >= NO_KEY_MAX {
            return Err(Fault::no_key_frame(dark));
        }
        let damaged = (stall * DAMAGED_STALLS).saturating_sub(owed);
        Ok(stall.saturating_sub(media).min(damaged).min(NO_KEY_MAX.saturating_sub(dark)))
    }

    fn without_picture(&self, session: &Session, after: Duration) -> Fault {
        if session.speaks() {
            Fault::no_key_frame(after)
        } else if session.playing() {
            Fault::no_media(self.carriers.now(), after)
        } else {
            Fault::no_first_frame(after)
        }
    }

    fn online(&self, first: bool) {
        let state = {
            let mut meter = self.camera.meter();
            meter.counters.connections += u64::from(first);
            meter.counters.carrier = match self.camera.options.source {
                Source::Rtsp { .. } => Some(self.carriers.now()),
                _ => None,
            };
            let c = &meter.counters;
            FeedState::Online {
                size_px: c.size_px.unwrap_or_default(),
                codec: c.codec,
                decoder: c.decoder,
            }
        };
        self.tell(state);
    }

    /// Draws lessons for the next connection.
    fn learn(&mut self, fault: &Fault, shown: Shown, lasted: Duration) -> Next {
        let pictures = shown == Shown::Pictures;
        if pictures && lasted >= HEALTHY_AFTER {
            self.waits.reset();
        }
        if fault.kind == FaultKind::Login {
            (self.login_good, self.login_doubted) = (false, true);
        }
        let decoder = self.camera.meter().counters.decoder;
        if let Some(decoder) = decoder
            && fault.kind == FaultKind::Box
            && !pictures
            && is_hardware(decoder)
        {
            self.failed_decoders.push(decoder.to_owned());
        }
        self.carriers.learn(shown)
    }

    /// Waits before the next try; false when it is to stop.
    fn pause(&mut self, fault: Fault) -> bool {
        // Whatever goes wrong after a refusal, the next try may say the same wrong login.
        let pace = if self.login_doubted { Pace::Slow } else { fault.pace() };
        let retry_in = self.waits.next(pace);
        let Fault { text: reason, code, .. } = fault;
        self.tell(FeedState::Offline { reason, code, retry_in });
        let until = clock::monotonic() + retry_in;
        loop {
            if self.stopped() {
                return false;
            }
            let left = until.saturating_duration_since(clock::monotonic());
            match self.wakes.recv_timeout(left) {
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
                Ok(_) => {} // From the connection that has ended.
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }

    fn stopped(&self) -> bool {
        self.camera.closed.load(Ordering::Acquire)
    }

    fn tell(&self, state: FeedState) {
        if !self.stopped() {
            self.camera.sink.state(state);
        }
    }
}

/// Shuts a pipeline, and what stands between it and its camera, down on a thread of its own, so that one that hangs blocks nobody. False when
/// it had not ended after `limit`; `hung` counts those that have not ended yet.
pub(super) fn dismantle(
    pipeline: gst::Pipeline,
    relay: Option<Relay>,
    hung: &Arc<AtomicUsize>,
    limit: Duration,
) -> bool {
    let (done, ended) = bounded(1);
    hung.fetch_add(1, Ordering::AcqRel);
    let counted = Arc::clone(hung);
    let spawned = std::thread::Builder::new().name("cam-teardown".into()).spawn(move || {
        let _ = pipeline.set_state(gst::State::Null);
        drop(pipeline);
        // Only now, so that the camera hears the end.
        drop(relay);
        counted.fetch_sub(1, Ordering::AcqRel);
        let _ = done.try_send(());
    });
    if let Err(error) = &spawned {
        tracing::warn!(%error, "no thread to shut a pipeline down on");
        // Nobody else counts it any more.
        hung.fetch_sub(1, Ordering::AcqRel);
    }
    spawned.is_ok() && ended.recv_timeout(limit).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_core::id::Name;
    use viahe_core::plan::Secret;

    #[test]
    fn addresses_that_are_refused() {
        let check = |url: &str| {
            let login = Some(("admin".to_owned(), Secret::new("canary-77")));
            let source =
                Source::Rtsp { url: url.into(), login, transport: Transport::Tcp, ca: None };
            CameraOptions::new(Name::try_from("cam-1").unwrap(), source, 1).check()
        };
        for good in ["rtsp://10.0.0.7/a", "rtsps://cam.local:322/a?b=c@d"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["http://10.0.0.7/a", "rtsp:///a", "rtsp://admin:canary-77@10.0.0.7/a", ""] {
            let text = check(bad).unwrap_err().to_string();
            assert!(!text.contains("canary"), "{text}");
        }
    }
}
