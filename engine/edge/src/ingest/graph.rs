//! The elements of a pipeline, each named here: nothing is plugged in by guesswork, so a hostile
//! stream reaches no demuxer or decoder that is not on this list.

use super::IngestError;
use super::area;
use super::codec::{Codec, SOFT_H264, SOFT_H265, is_hardware};
use super::error::fault;
use super::pool::{self, PicturePool};
use super::stamp;
use crate::telemetry::foreign::{self, Weight};
use gstreamer as gst;
use gstreamer::glib::{LogField, LogWriterOutput};
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use std::time::Duration;

/// Starts the library. Cheap after the first time.
///
/// # Errors
/// [`IngestError::Init`] when it does not start.
pub(crate) fn init() -> Result<(), IngestError> {
    static STARTED: std::sync::OnceLock<Result<(), String>> = std::sync::OnceLock::new();
    let started = STARTED.get_or_init(|| {
        // Before the library says its first word.
        gst::glib::log_set_writer_func(log_line);
        gst::init().map_err(|e| e.to_string())?;
        silence_credentials();
        Ok(())
    });
    started.clone().map_err(IngestError::Init)
}

/// What `GLib` and the libraries above it complain of goes into the log.
fn log_line(level: gst::glib::LogLevel, fields: &[LogField<'_>]) -> LogWriterOutput {
    use gst::glib::LogLevel;
    let weight = match level {
        LogLevel::Error => Weight::Error,
        LogLevel::Critical | LogLevel::Warning => Weight::Warning,
        LogLevel::Message | LogLevel::Info | LogLevel::Debug => return LogWriterOutput::Handled,
    };
    let field = |key| fields.iter().find(|f| f.key() == key).and_then(LogField::value_str);
    let library = field("GLIB_DOMAIN").unwrap_or("GLib");
    foreign::say(library, weight, field("MESSAGE").unwrap_or_default());
    LogWriterOutput::Handled
}

/// From the level `DEBUG` on these categories print request headers and properties, and so
/// passwords. A person who sets `GST_DEBUG=9` in the field must not thereby fill the journal with
/// them.
fn silence_credentials() {
    // A category exists from the moment the class of its element does.
    drop(gst::ElementFactory::make("rtspsrc").build());
    let names = ["rtspsrc", "rtspconnection", "rtspmessage", "rtspdefs", "sdpmessage"];
    for category in names.into_iter().chain(["GST_PROPERTIES", "structure", "default"]) {
        if let Some(category) = gst::DebugCategory::get(category)
            && category.threshold() > gst::DebugLevel::Info
        {
            category.set_threshold(gst::DebugLevel::Info);
        }
    }
}

/// Makes an element.
///
/// # Errors
/// [`IngestError::MissingElement`] with the package that has it.
pub(crate) fn element(name: &'static str) -> Result<gst::Element, IngestError> {
    gst::ElementFactory::make(name)
        .build()
        .map_err(|_| IngestError::MissingElement { element: name, package: package_of(name) })
}

fn package_of(element: &str) -> &'static str {
    match element {
        "h264parse" | "h265parse" => "gstreamer1.0-plugins-bad",
        "videoconvert" | "videotestsrc" | "appsink" => "gstreamer1.0-plugins-base",
        name if name.starts_with("avdec_") => "gstreamer1.0-libav",
        "filesrc" | "capsfilter" => "libgstreamer1.0-0",
        _ => "gstreamer1.0-plugins-good",
    }
}

/// Sets a property where this version of the element has it; hardware decoders differ.
pub(super) fn set_if_there(element: &gst::Element, name: &str, value: &str) {
    if element.find_property(name).is_some() {
        element.set_property_from_str(name, value);
    }
}

/// The first decoder of the list that is installed and has not failed for this camera.
pub(super) fn decoder(
    codec: Codec,
    failed: &[String],
) -> Result<(gst::Element, &'static str), IngestError> {
    let usable = |name: &&&str| !is_hardware(name) || !failed.iter().any(|f| f == **name);
    for name in codec.decoders().iter().filter(usable) {
        let Ok(decoder) = element(name) else { continue };
        // One thread: a camera's decoding must not take the cores of all others, and more
        // threads delay each frame by their number. Damaged pictures come out flagged, so that
        // they are counted here instead of vanishing; no number of them ends the stream.
        for (property, value) in [
            ("max-threads", "1"),
            ("output-corrupt", "true"),
            ("max-errors", "-1"),
            ("std-compliance", "normal"),
            ("qos", "false"),
        ] {
            set_if_there(&decoder, property, value);
        }
        return Ok((decoder, name));
    }
    let element = if codec == Codec::H264 { SOFT_H264 } else { SOFT_H265 };
    Err(IngestError::MissingElement { element, package: package_of(element) })
}

/// The end of every pipeline: `videoconvert ! appsink`. The converter passes I420 and NV12 on
/// untouched; it works only for what a decoder gives beyond them (10 bit, 4:2:2).
#[derive(Clone, Debug)]
pub(super) struct Tail {
    pub(super) convert: gst::Element,
    pub(super) sink: gst_app::AppSink,
    /// The converter's pads, in and out: looking them up by name allocates.
    pub(super) sides: [gst::Pad; 2],
}

impl Tail {
    /// Makes it and adds it to `pipeline`. `frames_max` pictures wait at most; `lossy` drops the
    /// oldest when nobody takes them, else the decoder waits.
    pub(super) fn new(
        pipeline: &gst::Pipeline,
        frames_max: u32,
        lossy: bool,
    ) -> Result<Self, IngestError> {
        let convert = element("videoconvert")?;
        convert.set_property_from_str("n-threads", "1");
        let formats = gst::List::new(["I420", "NV12"]);
        let sink = gst_app::AppSink::builder()
            .caps(&gst::Caps::builder("video/x-raw").field("format", formats).build())
            .max_buffers(frames_max)
            .drop(lossy)
            .sync(false)
            .enable_last_sample(false)
            .build();
        add_linked(pipeline, &[&convert, sink.upcast_ref()])?;
        offer_padding(&sink)?;
        let side = |name| convert.static_pad(name).ok_or_else(|| fault("videoconvert has no pads"));
        let sides = [side("sink")?, side("src")?];
        Ok(Self { convert, sink, sides })
    }

    /// Bytes of a picture that were moved since the decoder wrote it: by the converter, and by
    /// a software decoder that gives a copy of what it wrote. Those in hardware have pools of their own.
    pub(super) fn moved_bytes(&self, picture: &gst::BufferRef, decoder: Option<&str>) -> usize {
        let copied = !pool::is_in_place(picture) && decoder.is_some_and(|d| !is_hardware(d));
        picture.size() * usize::from(self.converts() || copied)
    }

    /// Does the converter really convert now? Called from the streaming thread, where the caps
    /// on both of its sides belong to the same frame.
    fn converts(&self) -> bool {
        let caps = self.sides.each_ref().map(gst::Pad::current_caps);
        let [taken, given] = caps.each_ref().map(|caps| caps.as_deref().and_then(format));
        taken != given
    }
}

/// That of the pictures; read in place, since it is asked for each of them.
fn format(caps: &gst::CapsRef) -> Option<&str> {
    caps.structure(0)?.get::<&str>("format").ok()
}

/// Tells the decoder that strides other than the default are welcome, and offers a pool that pads
/// as the decoder likes. Without the first, avdec copies every picture into a tight buffer; without
/// the second, those whose coded size is not their own (1080 lines are coded as 1088).
fn offer_padding(sink: &gst_app::AppSink) -> Result<(), IngestError> {
    let pad = sink.static_pad("sink").ok_or_else(|| fault("appsink has no sink pad"))?;
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        match info.query_mut().map(gst::QueryRef::view_mut) {
            Some(gst::QueryViewMut::Allocation(query)) => {
                query.add_allocation_meta::<gst_video::VideoMeta>(None);
                let info = query.get().0.and_then(|c| gst_video::VideoInfo::from_caps(c).ok());
                if let Some(size) = info.and_then(|info| u32::try_from(info.size()).ok()) {
                    let pool = PicturePool::new();
                    // No maximum: a reader that holds pictures must not stop the decoder.
                    query.add_allocation_pool(Some(&pool), size, 0, 0);
                }
                gst::PadProbeReturn::Handled
            }
            _ => gst::PadProbeReturn::Ok,
        }
    });
    Ok(())
}

/// How long ago something stamped `pts` reached the box.
pub(super) fn age(
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

/// When the camera says it took the picture.
pub(super) fn reported(buffer: &gst::BufferRef) -> Option<viahe_core::time::Timestamp> {
    let is_ntp = |meta: &gst::MetaRef<'_, gst::ReferenceTimestampMeta>| {
        meta.reference().structure(0).is_some_and(|s| s.name() == "timestamp/x-ntp")
    };
    let meta = buffer.iter_meta::<gst::ReferenceTimestampMeta>().find(is_ntp)?;
    Some(stamp::unix_from_ntp(meta.timestamp().nseconds()))
}

/// What stands between a source's pad and the tail.
#[derive(Debug)]
pub(super) struct Middle {
    /// Its sink pad takes the source's pad.
    pub(super) first: gst::Element,
    /// Gives them whole.
    pub(super) parser: gst::Element,
    /// Takes whole access units.
    pub(super) decoder: gst::Element,
    /// Name of the decoder.
    pub(super) name: &'static str,
}

/// Adds `depayloader? ! parser ! decoder` and links it to `tail`.
pub(super) fn middle(
    pipeline: &gst::Pipeline,
    tail: &Tail,
    codec: Codec,
    rtp: bool,
    failed: &[String],
) -> Result<Middle, IngestError> {
    let parser = element(codec.parser())?;
    let (decoder, name) = decoder(codec, failed)?;
    let depayloader = if rtp { Some(element(codec.depayloader())?) } else { None };
    let mut chain: Vec<&gst::Element> = depayloader.iter().collect();
    chain.extend([&parser, &decoder]);
    add_linked(pipeline, &chain)?;
    area::refuse_large(&decoder, codec, area::AREA_PX_MAX)?;
    decoder.link(&tail.convert).map_err(|_| fault("decoder to converter"))?;
    // From the end to the start: each is ready before something is pushed into it.
    for element in chain.iter().rev() {
        element.sync_state_with_parent().map_err(|_| fault("an element does not start"))?;
    }
    let first = chain[0].clone();
    Ok(Middle { first, parser, decoder, name })
}

/// Links a source's pad to the first element of a chain.
pub(super) fn link_pad(pad: &gst::Pad, to: &gst::Element) -> Result<(), IngestError> {
    let sink = to.static_pad("sink").ok_or_else(|| fault("an element has no sink pad"))?;
    pad.link(&sink).map(|_| ()).map_err(|e| fault(&format!("source to parser: {e}")))
}

/// Adds `elements` to `pipeline` and links each to the next.
pub(super) fn add_linked(
    pipeline: &gst::Pipeline,
    elements: &[&gst::Element],
) -> Result<(), IngestError> {
    pipeline.add_many(elements).map_err(|e| fault(&e.to_string()))?;
    gst::Element::link_many(elements).map_err(|e| fault(&e.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::probe::leave_out;
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn what_is_left_out_is_released_once_and_nobody_complains() {
        init().unwrap();
        let pad = gst::Pad::builder(gst::PadDirection::Sink)
            .chain_function(|_, _, _| panic!("it was to be left out"))
            .build();
        pad.set_active(true).unwrap();
        pad.add_probe(gst::PadProbeType::BUFFER, |_, _| leave_out());
        pad.send_event(gst::event::StreamStart::new("s"));
        pad.send_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
        let complaints = foreign::heard("GStreamer");
        let released = Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let counted = Counted(vec![0; 16], Arc::clone(&released));
            pad.chain(gst::Buffer::from_slice(counted)).unwrap();
        }
        assert_eq!(released.load(Ordering::Relaxed), 100);
        assert_eq!(foreign::heard("GStreamer"), complaints);
    }

    struct Counted(Vec<u8>, Arc<AtomicUsize>);

    impl AsRef<[u8]> for Counted {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn complaints_of_libraries_are_heard() {
        init().unwrap();
        let before = foreign::heard("viahe-test");
        gst::glib::g_critical!("viahe-test", "something is wrong");
        assert_eq!(foreign::heard("viahe-test"), before + 1);
    }
}
