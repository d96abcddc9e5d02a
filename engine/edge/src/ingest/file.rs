//! A recording, read once from start to end as fast as its reader takes it.

use super::codec::Codec;
use super::error::fault;
use super::fault::{Fault, Redactor};
use super::graph::{self, Tail};
use super::labour::Labour;
use super::live::dismantle;
use super::{GstFrame, IngestError};
use crate::clock;
use crate::ledger::{Ledger, Stage};
use gstreamer as gst;
use gstreamer::prelude::*;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use viahe_core::frame::FrameStamp;
use viahe_core::time::{ClockSource, Timestamp};

/// Pictures that are decoded ahead of the reader.
const AHEAD_FRAMES: u32 = 4;
/// How often a wait for a picture looks for errors.
const LOOK: gst::ClockTime = gst::ClockTime::from_mseconds(100);
/// A recording that gives nothing for so long is given up; a picture takes milliseconds.
const STUCK_MAX: Duration = Duration::from_secs(20);
/// Between pictures that carry no time: raw streams at 25 fps.
const UNTIMED_STEP: Duration = Duration::from_millis(40);

/// Parts of an MP4 file that are looked at; a day of fragments of a second has fewer.
const PARTS_MAX: usize = 1 << 18;

/// What a file is, by its first bytes; raw streams by name, as they have no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// In a container that this element takes apart.
    Demuxed(&'static str),
    /// An elementary stream with start codes.
    Raw(Codec),
}

/// Looks into the file at `path`.
pub(crate) fn container_of(path: &Path) -> Result<Container, IngestError> {
    let open = |source| IngestError::Open { path: path.to_owned(), source };
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(open)?;
    file.take(16).read_to_end(&mut head).map_err(open)?;
    container(&head, path).ok_or_else(|| IngestError::Container { path: path.to_owned() })
}

fn container(head: &[u8], path: &Path) -> Option<Container> {
    if head.get(4..8) == Some(b"ftyp") {
        return Some(Container::Demuxed("qtdemux"));
    }
    if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        return Some(Container::Demuxed("matroskademux"));
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ") {
        return Some(Container::Demuxed("avidemux"));
    }
    if !(head.starts_with(&[0, 0, 0, 1]) || head.starts_with(&[0, 0, 1])) {
        return None;
    }
    match path.extension()?.to_str()? {
        "h264" | "264" => Some(Container::Raw(Codec::H264)),
        "h265" | "265" | "hevc" => Some(Container::Raw(Codec::H265)),
        _ => None,
    }
}

/// Bytes that an MP4 file lacks at its end: its last part reaches beyond the end of the file, as
/// after a copy that was interrupted. None when it is whole. Sizes of parts are in ISO/IEC
/// 14496-12, 4.2: 1 means that 64 bits follow the type, 0 that the part lasts to the end.
fn missing_bytes(path: &Path) -> std::io::Result<Option<u64>> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    let mut at = 0u64;
    for _ in 0..PARTS_MAX {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        if file.read_exact(&mut head).is_err() {
            break;
        }
        let [s0, s1, s2, s3, kind @ .., _, _, _, _, _, _, _, _] = head;
        let large = u64::from_be_bytes(*head.last_chunk().unwrap_or(&[0; 8]));
        let size = match u32::from_be_bytes([s0, s1, s2, s3]) {
            1 => large,
            small => u64::from(small),
        };
        // A size below that of its own head is damage of another sort, which the demuxer meets.
        if size < 8 {
            break;
        }
        at = at.saturating_add(size);
        if at > length {
            // Rubbish after the end is no part.
            let is_part = matches!(&kind, b"mdat" | b"moov" | b"moof");
            return Ok(is_part.then(|| at - length));
        }
    }
    Ok(None)
}

/// Reads a recording: every whole frame once, in order. Decoding runs ahead on its own thread, by
/// four frames at most.
pub struct FileReader {
    path: PathBuf,
    start: Timestamp,
    pipeline: gst::Pipeline,
    tail: Tail,
    ledger: Arc<Ledger>,
    found: Arc<Mutex<Option<(Codec, &'static str)>>>,
    labour: Arc<Mutex<Labour>>,
    seq: u64,
    corrupt: u64,
    last: Option<Timestamp>,
    ended: bool,
    missing: Option<u64>,
}

impl FileReader {
    /// Opens `path`; its first frame is taken to be of the time `start`.
    ///
    /// # Errors
    /// [`IngestError`] when it cannot be read or is of no known kind.
    pub fn open(path: &Path, start: Timestamp, ledger: Arc<Ledger>) -> Result<Self, IngestError> {
        graph::init()?;
        let kind = container_of(path)?;
        let missing = match kind {
            Container::Demuxed("qtdemux") => missing_bytes(path),
            _ => Ok(None),
        };
        let missing =
            missing.map_err(|source| IngestError::Open { path: path.to_owned(), source })?;
        let pipeline = gst::Pipeline::new();
        let tail = Tail::new(&pipeline, AHEAD_FRAMES, false)?;
        let found = Arc::new(Mutex::new(None));
        let labour = watch_labour(&tail)?;
        let source = graph::element("filesrc")?;
        source.set_property("location", path);
        match kind {
            Container::Raw(codec) => {
                let middle = graph::middle(&pipeline, &tail, codec, false, &[])?;
                pipeline.add(&source).map_err(|e| IngestError::Graph(e.to_string()))?;
                source.link(&middle.first).map_err(|e| IngestError::Graph(e.to_string()))?;
                *found.lock().unwrap_or_else(PoisonError::into_inner) = Some((codec, middle.name));
            }
            Container::Demuxed(demuxer) => {
                let demuxer = graph::element(demuxer)?;
                graph::add_linked(&pipeline, &[&source, &demuxer])?;
                attach_on_pad(&demuxer, &pipeline, &tail, &found);
            }
        }
        let reader = Self {
            path: path.to_owned(),
            start,
            pipeline,
            tail,
            ledger,
            found,
            labour,
            seq: 0,
            corrupt: 0,
            last: None,
            ended: false,
            missing,
        };
        // A refusal has its reason on the bus, which the first `next` reads.
        let _ = reader.pipeline.set_state(gst::State::Playing);
        Ok(reader)
    }

    /// How long the recording is, once its first frame was read; none when it does not say.
    pub fn duration(&self) -> Option<Duration> {
        let length = self.pipeline.query_duration::<gst::ClockTime>()?;
        Some(Duration::from_nanos(length.nseconds()))
    }

    /// Frames left out because the recording is damaged there.
    pub fn dropped_corrupt(&self) -> u64 {
        self.corrupt
    }

    /// Processor time of the thread that decodes it.
    pub fn cpu(&self) -> Duration {
        self.labour.lock().unwrap_or_else(PoisonError::into_inner).sum
    }

    /// `h264` or `h265`, and the decoder's element, once known.
    pub fn codec(&self) -> Option<(&'static str, &'static str)> {
        let found = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.map(|(codec, decoder)| (codec.label(), decoder))
    }

    fn fail(&mut self, reason: impl Into<String>) -> IngestError {
        self.ended = true;
        let (path, frames, mut reason) = (self.path.clone(), self.seq, reason.into());
        if let Some(missing) = self.missing {
            reason = format!(
                "the file is cut off, {missing} bytes are missing at its end; copy it again ({reason})"
            );
        }
        IngestError::Decode { path, frames, reason }
    }

    /// The next sample; `None` at the end.
    fn sample(&mut self) -> Result<Option<gst::Sample>, IngestError> {
        let since = clock::monotonic();
        loop {
            if let Some(sample) = self.tail.sink.try_pull_sample(LOOK) {
                return Ok(Some(sample));
            }
            if let Some(reason) = self.reported() {
                return Err(self.fail(reason));
            }
            if self.tail.sink.is_eos() {
                return match (self.codec(), self.missing) {
                    (Some(_), None) => Ok(None),
                    // What was there has been read; that it was all must not be believed.
                    (Some(_), Some(_)) => Err(self.fail("its end was reached")),
                    (None, _) => Err(self.fail("no H.264 or H.265 video was found in it")),
                };
            }
            if clock::monotonic().saturating_duration_since(since) > STUCK_MAX {
                return Err(self.fail(format!("nothing came for {} s", STUCK_MAX.as_secs())));
            }
        }
    }

    /// What an element has to complain about. The queue of messages is emptied on the way.
    fn reported(&self) -> Option<String> {
        let bus = self.pipeline.bus()?;
        while let Some(message) = bus.pop() {
            match message.view() {
                gst::MessageView::Error(e) => {
                    let said = Fault::from_error(&e.error(), &Redactor::default()).text;
                    return Some(match self.codec() {
                        Some(_) => said,
                        None => format!("no H.264 or H.265 video was found in it ({said})"),
                    });
                }
                // Without a linked pad the end reaches the bus, but never the sink.
                gst::MessageView::Eos(_) if self.codec().is_none() => {
                    return Some("no H.264 or H.265 video was found in it".into());
                }
                _ => {}
            }
        }
        None
    }

    /// The start plus the frame's position; later than the frame before whatever the file says.
    fn stamp(&mut self, sample: &gst::Sample) -> FrameStamp {
        let position = sample
            .segment()
            .and_then(|s| s.downcast_ref::<gst::ClockTime>())
            .and_then(|s| s.to_running_time(sample.buffer()?.pts()));
        let captured = match (position, self.last) {
            (Some(position), _) => self.start.plus(position.into()),
            (None, Some(last)) => last.plus(UNTIMED_STEP),
            (None, None) => self.start,
        };
        let captured = match self.last {
            Some(last) if captured <= last => last.plus(Duration::from_micros(1)),
            _ => captured,
        };
        self.last = Some(captured);
        // A replay must give the same stamps each time, so no clock is read for the arrival.
        FrameStamp {
            seq: self.seq,
            captured,
            arrived: captured,
            offset_ms: 0,
            clock: ClockSource::Recording,
        }
    }
}

impl Iterator for FileReader {
    type Item = Result<GstFrame, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let sample = match self.sample() {
                Ok(Some(sample)) => sample,
                Ok(None) => break,
                Err(error) => return Some(Err(error)),
            };
            let stamp = self.stamp(&sample);
            self.seq += 1;
            let flags = sample.buffer().map_or(gst::BufferFlags::empty(), gst::BufferRef::flags);
            if flags.contains(gst::BufferFlags::CORRUPTED) {
                self.corrupt += 1;
                continue;
            }
            let decoder = self.codec().map(|(_, decoder)| decoder);
            let moved = sample.buffer().map_or(0, |b| self.tail.moved_bytes(b, decoder));
            self.ledger.add(Stage::Ingest, moved);
            return Some(GstFrame::new(&sample, stamp).map_err(|e| self.fail(e.to_string())));
        }
        self.ended = true;
        None
    }
}

impl Drop for FileReader {
    fn drop(&mut self) {
        let hung = Arc::new(AtomicUsize::new(0));
        dismantle(self.pipeline.clone(), None, &hung, Duration::from_secs(2));
    }
}

/// Counts what the thread uses that brings pictures to the end.
fn watch_labour(tail: &Tail) -> Result<Arc<Mutex<Labour>>, IngestError> {
    let labour = Arc::new(Mutex::new(Labour::default()));
    let pad = tail.sink.static_pad("sink").ok_or_else(|| fault("appsink has no sink pad"))?;
    let of = Arc::clone(&labour);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        of.lock().unwrap_or_else(PoisonError::into_inner).look_in();
        gst::PadProbeReturn::Ok
    });
    Ok(labour)
}

/// Builds the decoding part for the first video stream.
fn attach_on_pad(
    demuxer: &gst::Element,
    pipeline: &gst::Pipeline,
    tail: &Tail,
    found: &Arc<Mutex<Option<(Codec, &'static str)>>>,
) {
    let (pipeline, tail, found) = (pipeline.downgrade(), tail.clone(), Arc::clone(found));
    demuxer.connect_pad_added(move |demuxer, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let codec = caps.structure(0).and_then(|s| Codec::from_caps(s.name()));
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(codec), Some(pipeline), None) = (codec, pipeline.upgrade(), *found) else {
            return;
        };
        refuse_turned(demuxer, pad);
        let built = graph::middle(&pipeline, &tail, codec, false, &[])
            .and_then(|m| graph::link_pad(pad, &m.first).map(|()| m.name));
        match built {
            Ok(decoder) => *found = Some((codec, decoder)),
            Err(e) => gst::element_error!(demuxer, gst::StreamError::CodecNotFound, ("{e}")),
        }
    });
}

/// A recording that says it is to be shown turned is refused: zones drawn on what a player shows
/// would lie elsewhere.
fn refuse_turned(demuxer: &gst::Element, pad: &gst::Pad) {
    let told = demuxer.downgrade();
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::EventView::Tag(tags)) = info.event().map(|event| event.view())
            && let Some(turned) = tags.tag().get::<gst::tags::ImageOrientation>()
            && turned.get() != UPRIGHT
            && let Some(demuxer) = told.upgrade()
        {
            let how = turned.get();
            gst::element_error!(
                demuxer,
                gst::StreamError::WrongType,
                ("it is to be shown turned ({how}), and is read as it lies; write it upright, such \
                  as by `ffmpeg -i IN OUT`, which turns the pictures")
            );
        }
        gst::PadProbeReturn::Ok
    });
}

/// The orientation of what is not turned.
const UPRIGHT: &str = "rotate-0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        let cases: [(&[u8], &str, Option<Container>); 6] = [
            (b"\0\0\0\x20ftypisom", "a.avi", Some(Container::Demuxed("qtdemux"))),
            (b"\x1A\x45\xDF\xA3....", "a.mkv", Some(Container::Demuxed("matroskademux"))),
            (b"RIFF\0\0\0\0AVI LIST", "a", Some(Container::Demuxed("avidemux"))),
            (b"\0\0\0\x01\x67", "a.h264", Some(Container::Raw(Codec::H264))),
            (b"\0\0\0\x01\x67", "a.txt", None),
            (b"", "a.mp4", None),
        ];
        for (head, path, want) in cases {
            assert_eq!(container(head, Path::new(path)), want, "{path}");
        }
    }
}
