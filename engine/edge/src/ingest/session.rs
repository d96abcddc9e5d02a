//! One connection to a live source, from the first packet to its end.

use super::fault::{Fault, FaultKind, Redactor};
use super::graph::{self, Tail};
use super::meter::Meter;
use super::pulse::{Known, Pulse};
use super::rtsp::{Call, Progress, Relay};
use super::{CameraOptions, Codec, FrameSink, GstFrame, IngestError, probe, stamp};
use crate::clock;
use crate::ledger::{Ledger, Stage};
use crossbeam_channel::Sender;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use viahe_contract::message::Carrier;
use viahe_core::plan::Source;

/// Waits of the jitter buffer: enough to put UDP packets in order on a local network.
const JITTER_MS: u32 = 100;

/// Decoding that is further behind than this goes on at the next key frame.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// What wakes the supervision of a camera.
#[derive(Debug)]
pub(super) enum Wake {
    /// The owner wants it to end.
    Stop,
    /// Connection number `.0` gave its first frame, or one of another size.
    Picture(u64),
    /// Connection number `.0` failed.
    Failed(u64, Fault),
}

/// What outlives a connection.
pub(super) struct Camera {
    pub(super) options: CameraOptions,
    pub(super) sink: Arc<dyn FrameSink>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) meter: Mutex<Meter>,
    pub(super) wake: Sender<Wake>,
    pub(super) closed: AtomicBool,
}

impl Camera {
    pub(super) fn meter(&self) -> MutexGuard<'_, Meter> {
        // A count that is half done is still better than none.
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, wake: Wake) {
        if self.wake.try_send(wake).is_err() {
            self.meter().counters.reports_lost += 1;
        }
    }
}

/// Shared by the threads of one connection.
struct Link {
    camera: Arc<Camera>,
    number: u64,
    began: Instant,
    pulse: Pulse,
    closed: AtomicBool,
    size_px: Mutex<Option<[u32; 2]>>,
    /// Timestamp of the first key frame; `u64::MAX` before it.
    key_pts: AtomicU64,
}

impl Link {
    fn beat(&self, what: &AtomicU64) {
        let ms = clock::monotonic().saturating_duration_since(self.began).as_millis();
        what.store(u64::try_from(ms).unwrap_or(u64::MAX - 1) + 1, Ordering::Relaxed);
    }

    /// This connection has failed; what it says after its end is no news.
    fn failed(&self, fault: Fault) {
        if !self.closed() {
            self.camera.send(Wake::Failed(self.number, fault));
        }
    }

    fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.camera.closed.load(Ordering::Acquire)
    }
}

/// What earlier connections have taught.
#[derive(Clone, Debug)]
pub(super) struct Hints {
    /// How media is asked for.
    pub(super) carrier: Carrier,
    /// The login was accepted before.
    pub(super) login_good: bool,
    /// Decoders that do not work for this camera.
    pub(super) failed_decoders: Vec<String>,
}

/// A running connection.
pub(super) struct Session {
    pub(super) pipeline: gst::Pipeline,
    link: Arc<Link>,
    /// Between the pipeline and an RTSP camera; must outlive the pipeline's last words.
    pub(super) relay: Option<Relay>,
}

impl Session {
    /// Builds the pipeline and starts it; the connection itself is made in the background.
    ///
    /// # Errors
    /// When elements are missing or refuse to start.
    pub(super) fn open(
        camera: &Arc<Camera>,
        number: u64,
        hints: &Hints,
    ) -> Result<Self, IngestError> {
        let pipeline = gst::Pipeline::new();
        let link = Arc::new(Link {
            camera: Arc::clone(camera),
            number,
            began: clock::monotonic(),
            pulse: Pulse::default(),
            closed: AtomicBool::new(false),
            size_px: Mutex::new(None),
            key_pts: AtomicU64::new(u64::MAX),
        });
        // The callback takes each picture at once; the bound is for the moment between.
        let tail = Tail::new(&pipeline, 2, true)?;
        tap(&tail, &link);
        let mut relay = None;
        match &camera.options.source {
            Source::Rtsp { url, login, ca, .. } => {
                let call = Call {
                    url: url.clone(),
                    login: login.clone(),
                    login_good: hints.login_good,
                    ca: ca.clone(),
                    carrier: hints.carrier,
                };
                let weak = Arc::downgrade(&link);
                let called = Relay::start(call, move |fault| {
                    if let Some(link) = weak.upgrade() {
                        link.failed(fault);
                    }
                })?;
                let source = rtsp_source(&called.location, hints.carrier)?;
                watch_bus(&pipeline, &link, Some(Arc::clone(&called.progress)))?;
                relay = Some(called);
                pipeline.add(&source).map_err(|e| IngestError::Graph(e.to_string()))?;
                select_video(&source);
                attach_on_pad(&source, &pipeline, &tail, &link, hints.failed_decoders.clone());
            }
            Source::Pattern { size_px, fps } => {
                watch_bus(&pipeline, &link, None)?;
                pattern_source(&pipeline, &tail, *size_px, *fps)?;
            }
            Source::File { .. } => {
                return Err(IngestError::NotLive { camera: camera.options.name.clone() });
            }
        }
        let session = Self { pipeline, link, relay };
        match session.pipeline.set_state(gst::State::Playing) {
            Ok(_) => Ok(session),
            // The reason comes over the bus, but it may not; either way this one has ended.
            Err(e) => {
                session.close();
                let _ = session.pipeline.set_state(gst::State::Null);
                Err(IngestError::Graph(e.to_string()))
            }
        }
    }

    /// From here on no frame is delivered.
    pub(super) fn close(&self) {
        self.link.closed.store(true, Ordering::Release);
        if let Some(bus) = self.pipeline.bus() {
            bus.set_flushing(true);
        }
    }

    /// The camera has agreed to send.
    pub(super) fn playing(&self) -> bool {
        self.relay.as_ref().is_some_and(|relay| relay.progress.playing.load(Ordering::Relaxed))
    }

    /// The camera has accepted the login on this connection.
    pub(super) fn login_accepted(&self) -> bool {
        self.relay.as_ref().is_some_and(|r| r.progress.login_accepted.load(Ordering::Relaxed))
    }

    /// How long nothing may come, when a camera of usual pace is given `least`.
    pub(super) fn patience(&self, least: Duration, known: Known) -> Duration {
        self.link.pulse.patience(least, known)
    }

    /// How long the first picture may take, and media before it may pause.
    pub(super) fn first_patience(&self, least: Duration, known: Known) -> [Duration; 2] {
        self.link.pulse.first_patience(least, known)
    }

    /// Has enough come to know the camera's pace?
    pub(super) fn knows_pace(&self) -> bool {
        self.link.pulse.knows_pace()
    }

    /// Has the camera sent anything that can be decoded?
    pub(super) fn speaks(&self) -> bool {
        self.link.pulse.units.load(Ordering::Relaxed) > 0
    }

    /// Since the connection began, since media last came, since a picture was last delivered.
    pub(super) fn ages(&self, now: Instant) -> (Duration, Option<Duration>, Option<Duration>) {
        let age = now.saturating_duration_since(self.link.began);
        let since = |beat: &AtomicU64| {
            let ms = beat.load(Ordering::Relaxed).checked_sub(1)?;
            Some(age.saturating_sub(Duration::from_millis(ms)))
        };
        (age, since(&self.link.pulse.media), since(&self.link.pulse.picture))
    }
}

fn rtsp_source(location: &str, carrier: Carrier) -> Result<gst::Element, IngestError> {
    let source = graph::element("rtspsrc")?;
    source.set_property("location", location);
    // ntp-sync stays off: with it a step of the camera's clock would step the timestamps of the
    // pipeline. The relay keeps the session alive, and is the one that loses patience: it knows
    // what was asked.
    for (property, value) in [
        ("protocols", carrier.label()),
        ("latency", &JITTER_MS.to_string()),
        ("add-reference-timestamp-meta", "true"),
        ("do-rtsp-keep-alive", "false"),
        ("tcp-timeout", "20000000"),
        ("timeout", "0"),
        ("udp-reconnect", "false"),
        ("do-retransmission", "false"),
        ("user-agent", "viahe"),
    ] {
        graph::set_if_there(&source, property, value);
    }
    Ok(source)
}

/// Asks the camera for its first video stream only: sound and metadata stay where they are.
fn select_video(source: &gst::Element) {
    let chosen = AtomicI64::new(-1);
    source.connect("select-stream", false, move |values| {
        let number = i64::from(values.get(1)?.get::<u32>().ok()?);
        let caps = values.get(2)?.get::<gst::Caps>().ok();
        let media = caps.and_then(|c| c.structure(0)?.get::<String>("media").ok());
        let wanted = media.as_deref() == Some("video")
            && match chosen.compare_exchange(-1, number, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => true,
                Err(before) => before == number,
            };
        Some(wanted.to_value())
    });
}

/// Builds the decoding part when the camera has said what it sends.
fn attach_on_pad(
    source: &gst::Element,
    pipeline: &gst::Pipeline,
    tail: &Tail,
    link: &Arc<Link>,
    failed_decoders: Vec<String>,
) {
    let (pipeline, tail, link) = (pipeline.downgrade(), tail.clone(), Arc::downgrade(link));
    source.connect_pad_added(move |_, pad| {
        let (Some(pipeline), Some(link)) = (pipeline.upgrade(), link.upgrade()) else { return };
        if let Err(fault) = attach(&pipeline, &tail, &link, pad, &failed_decoders) {
            link.camera.send(Wake::Failed(link.number, fault));
        }
    });
}

fn attach(
    pipeline: &gst::Pipeline,
    tail: &Tail,
    link: &Arc<Link>,
    pad: &gst::Pad,
    failed_decoders: &[String],
) -> Result<(), Fault> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let text = |field| caps.structure(0).and_then(|s| s.get::<String>(field).ok());
    if text("media").as_deref() != Some("video") {
        return Ok(());
    }
    let encoding = text("encoding-name").unwrap_or_default();
    let codec = Codec::from_rtp(&encoding).ok_or_else(|| {
        let text = format!("the camera sends {encoding:.20}; set it to H.264 or H.265");
        Fault::new(FaultKind::Setup, text)
    })?;
    let built = graph::middle(pipeline, tail, codec, true, failed_decoders)
        .and_then(|middle| graph::link_pad(pad, &middle.first).map(|()| middle));
    let middle = built.map_err(|e| Fault::new(FaultKind::Box, e.to_string()))?;
    if let Some(pad) = middle.decoder.static_pad("sink") {
        guard(&pad, &middle.decoder, link);
    }
    let mut meter = link.camera.meter();
    meter.counters.codec = Some(codec.label());
    meter.counters.decoder = Some(middle.name);
    Ok(())
}

/// Before the decoder: notes that media comes, and lets an overloaded box catch up at a key frame
/// instead of falling further behind with a growing jitter buffer.
fn guard(pad: &gst::Pad, decoder: &gst::Element, link: &Arc<Link>) {
    let (link, decoder) = (Arc::downgrade(link), decoder.downgrade());
    let skipping = AtomicBool::new(false);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let (Some(link), Some(decoder)) = (link.upgrade(), decoder.upgrade()) else {
            return gst::PadProbeReturn::Ok;
        };
        let ms = clock::monotonic().saturating_duration_since(link.began).as_millis();
        link.pulse.unit(u64::try_from(ms).unwrap_or(u64::MAX));
        link.beat(&link.pulse.media);
        let Some(buffer) = info.buffer() else { return gst::PadProbeReturn::Ok };
        let segment = pad.sticky_event::<gst::event::Segment>(0);
        let segment = segment.as_ref().map(|event| event.segment());
        let behind = age(decoder.current_running_time(), segment, buffer.pts());
        let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        if let (true, Some(pts)) = (key, buffer.pts()) {
            let unset = u64::MAX;
            let order = Ordering::Relaxed;
            let _ = link.key_pts.compare_exchange(unset, pts.nseconds(), order, order);
        }
        let skip = skips(skipping.load(Ordering::Relaxed), behind, key);
        skipping.store(skip, Ordering::Relaxed);
        if skip {
            link.camera.meter().counters.dropped.overload += 1;
            return probe::leave_out();
        }
        gst::PadProbeReturn::Ok
    });
}

/// Is this access unit left out? Once skipping, only a key frame that is at most half as late
/// ends it.
fn skips(skipping: bool, behind: Duration, key: bool) -> bool {
    if skipping { !(key && behind < BEHIND_MAX / 2) } else { behind > BEHIND_MAX }
}

/// How long ago something stamped `pts` reached the box.
fn age(
    now: Option<gst::ClockTime>,
    segment: Option<&gst::Segment>,
    pts: Option<gst::ClockTime>,
) -> Duration {
    let then = segment
        .and_then(gst::Segment::downcast_ref::<gst::ClockTime>)
        .and_then(|segment| segment.to_running_time(pts));
    match (now, then) {
        (Some(now), Some(then)) => now.saturating_sub(then).into(),
        _ => Duration::ZERO,
    }
}

fn pattern_source(
    pipeline: &gst::Pipeline,
    tail: &Tail,
    [width, height]: [u32; 2],
    fps: u32,
) -> Result<(), IngestError> {
    let source = graph::element("videotestsrc")?;
    let filter = graph::element("capsfilter")?;
    source.set_property("is-live", true);
    graph::set_if_there(&source, "pattern", "ball");
    let signed = |v: u32| i32::try_from(v).unwrap_or(i32::MAX);
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", signed(width))
        .field("height", signed(height))
        .field("framerate", gst::Fraction::new(signed(fps.max(1)), 1))
        .build();
    filter.set_property("caps", caps);
    graph::add_linked(pipeline, &[&source, &filter])?;
    filter.link(&tail.convert).map_err(|e| IngestError::Graph(e.to_string()))
}

/// Errors and the end of the stream go to the supervision; the rest ends here, so that no queue
/// of messages grows.
fn watch_bus(
    pipeline: &gst::Pipeline,
    link: &Arc<Link>,
    progress: Option<Arc<Progress>>,
) -> Result<(), IngestError> {
    let bus = pipeline.bus().ok_or_else(|| IngestError::Graph("no bus".into()))?;
    let redact = Redactor::new(&link.camera.options.source);
    let link: Weak<Link> = Arc::downgrade(link);
    bus.set_sync_handler(move |_, message| {
        let fault = match message.view() {
            gst::MessageView::Error(e) => {
                let doubt = progress.as_ref().and_then(|progress| progress.doubt());
                Some(doubt.unwrap_or_else(|| Fault::from_error(&e.error(), &redact)))
            }
            gst::MessageView::Eos(_) => {
                Some(Fault::new(FaultKind::Network, "the camera ended the stream"))
            }
            _ => None,
        };
        if let (Some(fault), Some(link)) = (fault, link.upgrade()) {
            link.failed(fault);
        }
        gst::BusSyncReply::Drop
    });
    Ok(())
}

fn tap(tail: &Tail, link: &Arc<Link>) {
    let (link, convert) = (Arc::downgrade(link), tail.convert.downgrade());
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let (Some(link), Some(convert)) = (link.upgrade(), convert.upgrade()) else {
            return Err(gst::FlowError::Flushing);
        };
        if link.closed() {
            return Err(gst::FlowError::Flushing);
        }
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let tail = Tail { convert, sink: sink.clone() };
        deliver(&link, &tail, &sample);
        Ok(gst::FlowSuccess::Ok)
    });
    tail.sink.set_callbacks(callbacks.build());
}

/// Counts, stamps and hands on one picture. Damaged ones are counted and dropped: a smeared
/// picture gives false detections and evidence that nobody can judge, and a live camera has a
/// better one soon.
fn deliver(link: &Link, tail: &Tail, sample: &gst::Sample) {
    link.beat(&link.pulse.media);
    let Some(buffer) = sample.buffer() else { return };
    let camera = &link.camera;
    let late = age(tail.sink.current_running_time(), sample.segment(), buffer.pts());
    let now = stamp::Now { event_time: clock::event_time(), day_time: clock::now() };
    let at = clock::monotonic();
    let stamp = {
        let mut meter = camera.meter();
        let seq = meter.counters.frames_in;
        meter.counters.frames_in += 1;
        if buffer.flags().contains(gst::BufferFlags::CORRUPTED) {
            let key_pts = link.key_pts.load(Ordering::Relaxed);
            let dropped = &mut meter.counters.dropped;
            match buffer.pts() {
                // Every connection begins in the middle of a group of pictures.
                Some(pts) if pts.nseconds() < key_pts => dropped.lead_in += 1,
                _ => dropped.corrupt += 1,
            }
            return;
        }
        meter.clock.stamp(seq, now, late, reported(buffer))
    };
    let decoder = camera.meter().counters.decoder;
    camera.ledger.add(Stage::Ingest, tail.moved_bytes(buffer, decoder));
    let Ok(frame) = GstFrame::new(sample, stamp) else {
        camera.meter().counters.dropped.unusable += 1;
        return;
    };
    camera.meter().frame(at, frame.size_px(), stamp.clock);
    link.beat(&link.pulse.picture);
    let before =
        link.size_px.lock().unwrap_or_else(PoisonError::into_inner).replace(frame.size_px());
    if before != Some(frame.size_px()) {
        camera.send(Wake::Picture(link.number));
    }
    camera.sink.frame(Arc::new(frame));
}

/// When the camera says it took the picture.
fn reported(buffer: &gst::BufferRef) -> Option<viahe_core::time::Timestamp> {
    let is_ntp = |meta: &gst::MetaRef<'_, gst::ReferenceTimestampMeta>| {
        meta.reference().structure(0).is_some_and(|s| s.name() == "timestamp/x-ntp")
    };
    let meta = buffer.iter_meta::<gst::ReferenceTimestampMeta>().find(is_ntp)?;
    Some(stamp::unix_from_ntp(meta.timestamp().nseconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catching_up_begins_and_ends_where_it_should() {
        let ms = Duration::from_millis;
        let cases = [
            ("on time", false, ms(100), false, false),
            ("just late", false, ms(999), false, false),
            ("too late", false, ms(1001), true, true),
            ("still skipping, no key", true, ms(10), false, true),
            ("key, but late", true, ms(600), true, true),
            ("key in time", true, ms(400), true, false),
        ];
        for (name, skipping, behind, key, want) in cases {
            assert_eq!(skips(skipping, behind, key), want, "{name}");
        }
    }
}
