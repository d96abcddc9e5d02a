//! A clip as access units with their times.

use super::error::SimError;
use crate::ingest::{Codec, Container, IngestError, container_of, element, init};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// A clip that gives no unit for so long cannot be read.
const STUCK_MAX: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// One access unit in decoding order.
pub(super) struct Unit {
    pub(super) data: gst::Buffer,
    /// When it is sent, from the start of the clip.
    pub(super) send_at: Duration,
    /// When it is shown.
    pub(super) show_at: Duration,
    pub(super) key: bool,
}

/// All of a clip, in memory.
pub(super) struct Clip {
    pub(super) units: Vec<Unit>,
    /// From the first unit of one round to that of the next.
    pub(super) round: Duration,
    codec: Codec,
}

impl Clip {
    /// Reads the file at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, SimError> {
        init()?;
        let (pipeline, sink) = reader(path)?;
        let result = collect(path, &pipeline, &sink);
        let _ = pipeline.set_state(gst::State::Null);
        result
    }

    /// Index of the last key unit at or before `i`.
    pub(super) fn key_before(&self, i: usize) -> usize {
        (0..=i).rev().find(|&k| self.units[k].key).unwrap_or(0)
    }

    /// Where camera `i` begins that knows nothing of the others: by the golden ratio, so that
    /// however many they are, they are spread over the clip and over its groups of pictures.
    pub(super) fn apart(&self, i: usize) -> usize {
        let share = (i as f64 * 0.618_034).fract();
        ((self.units.len() as f64 * share) as usize).min(self.units.len().saturating_sub(1))
    }

    /// The caps of all units.
    pub(super) fn caps(&self) -> gst::Caps {
        let name = match self.codec {
            Codec::H264 => "video/x-h264",
            Codec::H265 => "video/x-h265",
        };
        gst::Caps::builder(name)
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .build()
    }

    /// What a media of the RTSP server is made of.
    pub(super) fn launch(&self) -> &'static str {
        match self.codec {
            Codec::H264 => {
                "( appsrc name=feed is-live=true format=time max-buffers=64 leaky-type=downstream \
                 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
            }
            Codec::H265 => {
                "( appsrc name=feed is-live=true format=time max-buffers=64 leaky-type=downstream \
                 ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1 )"
            }
        }
    }
}

/// `filesrc ! demuxer? ! parser ! appsink`, playing.
fn reader(path: &Path) -> Result<(gst::Pipeline, gst_app::AppSink), IngestError> {
    let graph = |e: &dyn std::fmt::Display| IngestError::Graph(e.to_string());
    let pipeline = gst::Pipeline::new();
    let source = element("filesrc")?;
    source.set_property("location", path);
    let sink =
        gst_app::AppSink::builder().max_buffers(64).sync(false).enable_last_sample(false).build();
    pipeline.add_many([&source, sink.upcast_ref()]).map_err(|e| graph(&e))?;
    match container_of(path)? {
        Container::Raw(codec) => {
            let parser = parser(&pipeline, &sink, codec)?;
            source.link(&parser).map_err(|e| graph(&e))?;
        }
        Container::Demuxed(name) => {
            let demuxer = element(name)?;
            pipeline.add(&demuxer).map_err(|e| graph(&e))?;
            source.link(&demuxer).map_err(|e| graph(&e))?;
            let (weak, sink) = (pipeline.downgrade(), sink.clone());
            let taken = OnceLock::new();
            demuxer.connect_pad_added(move |demuxer, pad| {
                let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
                let codec = caps.structure(0).and_then(|s| Codec::from_caps(s.name()));
                let (Some(codec), Some(pipeline)) = (codec, weak.upgrade()) else { return };
                if taken.set(()).is_err() {
                    return;
                }
                let linked = parser(&pipeline, &sink, codec).and_then(|parser| {
                    let to =
                        parser.static_pad("sink").ok_or(IngestError::Graph("no pad".into()))?;
                    pad.link(&to).map(|_| ()).map_err(|e| IngestError::Graph(e.to_string()))
                });
                if let Err(e) = linked {
                    gst::element_error!(demuxer, gst::StreamError::Demux, ("{e}"));
                }
            });
        }
    }
    // A refusal has its reason on the bus, which the collector reads.
    let _ = pipeline.set_state(gst::State::Playing);
    Ok((pipeline, sink))
}

/// A parser that gives whole access units with parameter sets before each key frame.
fn parser(
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
    codec: Codec,
) -> Result<gst::Element, IngestError> {
    let graph = |e: gst::glib::BoolError| IngestError::Graph(e.to_string());
    let parser = element(codec.parser())?;
    parser.set_property("config-interval", -1i32);
    let name = if codec == Codec::H264 { "video/x-h264" } else { "video/x-h265" };
    let caps = gst::Caps::builder(name).field("stream-format", "byte-stream");
    sink.set_caps(Some(&caps.field("alignment", "au").build()));
    pipeline.add(&parser).map_err(graph)?;
    parser.link(sink).map_err(graph)?;
    parser.sync_state_with_parent().map_err(graph)?;
    Ok(parser)
}

fn collect(
    path: &Path,
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
) -> Result<Clip, SimError> {
    let fail = |frames: usize, reason: String| {
        let frames = frames as u64;
        SimError::Clip(IngestError::Decode { path: path.to_owned(), frames, reason })
    };
    let mut raw: Vec<(gst::Buffer, Option<gst::ClockTime>)> = Vec::new();
    let mut codec = None;
    while let Some(sample) = sink.try_pull_sample(STUCK_MAX) {
        let caps = sample.caps().and_then(|c| c.structure(0));
        codec = codec.or_else(|| caps.and_then(|s| Codec::from_caps(s.name())));
        let step = caps.and_then(|s| s.get::<gst::Fraction>("framerate").ok());
        let step = step
            .filter(|f| f.numer() > 0)
            .and_then(|f| gst::ClockTime::SECOND.mul_div_floor(f.denom() as u64, f.numer() as u64));
        let Some(buffer) = sample.buffer_owned() else { continue };
        raw.push((buffer, step));
    }
    let error = pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
    if let Some(gst::MessageView::Error(e)) = error.as_ref().map(|m| m.view()) {
        return Err(fail(raw.len(), e.error().message().to_owned()));
    }
    let codec = codec.ok_or_else(|| fail(0, "it holds no H.264 or H.265 video".into()))?;
    let units = units(raw);
    let first_key = units.iter().position(|u| u.key);
    let first_key = first_key.ok_or_else(|| SimError::NoKeyFrame { path: path.to_owned() })?;
    Ok(rebased(units, first_key, codec))
}

/// Gives every unit its times; those of a raw stream follow from the frame rate, else 25 fps.
fn units(raw: Vec<(gst::Buffer, Option<gst::ClockTime>)>) -> Vec<Unit> {
    let mut next = Duration::ZERO;
    let with_times = raw.into_iter().map(|(data, step)| {
        let step = step.map_or(Duration::from_millis(40), Duration::from);
        let show_at = data.pts().map_or(next, Duration::from);
        let send_at = data.dts().map_or(show_at, Duration::from).max(next.min(show_at));
        next = send_at + step;
        let key = !data.flags().contains(gst::BufferFlags::DELTA_UNIT);
        Unit { data, send_at, show_at, key }
    });
    with_times.collect()
}

/// Starts at the first key unit and at time zero.
fn rebased(mut units: Vec<Unit>, first_key: usize, codec: Codec) -> Clip {
    units.drain(..first_key);
    let zero = units.first().map_or(Duration::ZERO, |u| u.send_at);
    for unit in &mut units {
        unit.send_at = unit.send_at.saturating_sub(zero);
        unit.show_at = unit.show_at.saturating_sub(zero);
    }
    let last = units.last().map_or(Duration::ZERO, |u| u.send_at);
    let step = last / u32::try_from(units.len().saturating_sub(1)).unwrap_or(1).max(1);
    Clip { units, round: last + step.max(Duration::from_millis(1)), codec }
}
