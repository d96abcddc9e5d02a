//! One connection to a live source, from the first packet to its end.

use super::fault::{Fault, Redactor};
use super::graph::{self, Tail};
use super::link::{Camera, Hints, Link, Wake};
use super::pulse::{Known, Pulse};
use super::rtsp::{Call, Progress, Relay};
use super::{Codec, GstFrame, IngestError, stamp, valve};
use crate::clock;
use crate::ledger::Stage;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};
use viahe_contract::message::{CameraFault, Carrier};
use viahe_core::plan::Source;

/// Waits of the jitter buffer: enough to put UDP packets in order on a local network.
const JITTER_MS: u32 = 100;

/// How long ago things happened; none that did not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ages {
    /// The connection began.
    pub(super) connection: Duration,
    /// Media came.
    pub(super) media: Option<Duration>,
    /// A picture was delivered.
    pub(super) picture: Option<Duration>,
    /// Something was given to the decoder, of which no picture has come yet.
    pub(super) owed: Option<Duration>,
    /// Decoding began to wait for a key frame, and waits still.
    pub(super) no_key: Option<Duration>,
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
        let link = Arc::new(Link::new(camera, number));
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

    /// How long ago what happened.
    pub(super) fn ages(&self, now: Instant) -> Ages {
        let connection = now.saturating_duration_since(self.link.began);
        let since = |beat: &AtomicU64| {
            let ms = beat.load(Ordering::Relaxed).checked_sub(1)?;
            Some(connection.saturating_sub(Duration::from_millis(ms)))
        };
        let Pulse { media, picture, owed, no_key, .. } = &self.link.pulse;
        let [media, picture, owed, no_key] = [media, picture, owed, no_key].map(since);
        let owed = owed.filter(|_| self.link.pulse.is_in_debt());
        Ages { connection, media, picture, owed, no_key }
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
        Fault::new(CameraFault::CodecUnknown, text)
    })?;
    let built = graph::middle(pipeline, tail, codec, true, failed_decoders)
        .and_then(|middle| graph::link_pad(pad, &middle.first).map(|()| middle));
    let middle = built.map_err(|e| Fault::new(CameraFault::BoxFails, e.to_string()))?;
    if link.camera.reel.is_some() {
        // Whatever is decoded apart begins at any key frame, with what is needed for it.
        middle.parser.set_property("config-interval", -1i32);
    }
    valve::install(&middle.decoder, codec, link)
        .map_err(|e| Fault::new(CameraFault::BoxFails, e.to_string()))?;
    let mut meter = link.camera.meter();
    meter.counters.codec = Some(codec.label());
    meter.counters.decoder = Some(middle.name);
    Ok(())
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
                Some(Fault::new(CameraFault::Ended, "the camera ended the stream"))
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
    let sides = tail.sides.clone();
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let (Some(link), Some(convert)) = (link.upgrade(), convert.upgrade()) else {
            return Err(gst::FlowError::Flushing);
        };
        if link.closed() {
            return Err(gst::FlowError::Flushing);
        }
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let tail = Tail { convert, sink: sink.clone(), sides: sides.clone() };
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
    // After catching up what was shown before comes again.
    if let Some(pts) = buffer.pts().map(|pts| pts.nseconds().saturating_add(1)) {
        if pts <= link.repeats_to.load(Ordering::Relaxed) {
            return;
        }
        link.repeats_to.store(0, Ordering::Relaxed);
        link.shown_pts.store(pts, Ordering::Relaxed);
    }
    let late = graph::age(tail.sink.current_running_time(), sample.segment(), buffer.pts());
    let now = stamp::Now { event_time: clock::event_time(), day_time: clock::now() };
    let stamp = {
        let mut meter = camera.meter();
        let seq = meter.counters.frames_in;
        meter.counters.frames_in += 1;
        if meter.counters.codec.is_none() {
            // A test picture passes no valve.
            meter.arrived(clock::monotonic());
            meter.works();
        }
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
        meter.clock.stamp(seq, now, late, graph::reported(buffer))
    };
    let decoder = camera.meter().counters.decoder;
    camera.ledger.add(Stage::Ingest, tail.moved_bytes(buffer, decoder));
    let Ok(frame) =
        GstFrame::new(sample, stamp).map(|frame| frame.reported(graph::reported(buffer)))
    else {
        camera.meter().counters.dropped.unusable += 1;
        return;
    };
    camera.meter().frame(frame.size_px(), stamp.clock);
    link.beat(&link.pulse.picture);
    link.pulse.paid();
    let before =
        link.size_px.lock().unwrap_or_else(PoisonError::into_inner).replace(frame.size_px());
    if before != Some(frame.size_px()) {
        camera.send(Wake::Picture(link.number));
    }
    camera.sink.frame(Arc::new(frame));
}
