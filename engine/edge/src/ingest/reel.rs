//! The film of a live camera, as its stream fills it, and pictures out of it.

use super::codec::Codec;
use super::coded::unit::Unit;
use super::film::{Excerpt, Film, Found, Taken};
use super::graph::{self, Tail};
use super::{GstFrame, IngestError, area};
use crate::clock;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use viahe_core::frame::FrameStamp;
use viahe_core::time::ClockSource;

/// Pictures that come out of the decoder while nobody takes them.
const WAITING_MAX: u32 = 2;

/// Why there is no picture of a moment.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    /// No pictures come of it now.
    #[error("it sends none")]
    Away,
    /// None is near enough to that moment.
    #[error("it has none of that moment")]
    Gone,
    /// None came in time.
    #[error("none of that moment came in time")]
    Late,
    /// It cannot be decoded.
    #[error("there is no key frame from which that moment can be decoded")]
    NoKey,
    /// The decoder failed on it.
    #[error("it could not be decoded: {0}")]
    Decode(String),
}

impl From<IngestError> for NoPicture {
    fn from(error: IngestError) -> Self {
        Self::Decode(error.to_string())
    }
}

/// A picture of another stream of the same camera, and how sure its moment is.
#[derive(Debug)]
pub struct Developed {
    /// With the number that it was asked for by, and its own time.
    pub frame: GstFrame,
    /// By which clock it is known to show that moment.
    pub by: ClockSource,
}

/// Filled by the streaming thread, read by others.
#[derive(Debug, Default)]
pub(super) struct Reel {
    inner: Mutex<Inner>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    film: Film<gst::Buffer>,
    coding: Option<(Codec, gst::Caps)>,
}

impl Reel {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was kept of a connection that ended is of no use to the next.
    pub(super) fn rewind(&self) {
        *self.lock() = Inner::default();
        self.grown.notify_all();
    }

    /// What follows is coded so.
    pub(super) fn coded(&self, codec: Codec, caps: &gst::CapsRef) {
        let mut inner = self.lock();
        let caps = caps.to_owned();
        if inner.coding.as_ref().is_some_and(|(_, before)| *before != caps) {
            inner.film = Film::default();
        }
        inner.coding = Some((codec, caps));
    }

    /// Keeps an access unit; true while groups are more than is kept.
    pub(super) fn push(&self, unit: &gst::Buffer, what: Unit, taken: Taken) -> bool {
        let pts = unit.pts().map(Duration::from);
        let cut = {
            let film = &mut self.lock().film;
            film.push(unit.clone(), what, pts, taken, unit.size());
            film.is_cut()
        };
        self.grown.notify_all();
        cut
    }

    /// The picture that shows the moment of `look`, which has this `stamp`. Waits for it until `wait`, and for
    /// the decoder until `end`.
    pub(super) fn picture(
        &self,
        look: Taken,
        stamp: FrameStamp,
        wait: Instant,
        end: Instant,
    ) -> Result<Developed, NoPicture> {
        let (excerpt, codec, caps) = self.wait_for(look, wait)?;
        let captured = stamp.captured.shifted(excerpt.later_ns);
        let stamp = FrameStamp { captured, arrived: captured, ..stamp };
        let by = excerpt.by;
        let sample = develop(excerpt, codec, &caps, end)?;
        let frame = GstFrame::new(&sample, stamp).map_err(|e| NoPicture::Decode(e.to_string()))?;
        Ok(Developed { frame, by })
    }

    fn wait_for(
        &self,
        look: Taken,
        wait: Instant,
    ) -> Result<(Excerpt<gst::Buffer>, Codec, gst::Caps), NoPicture> {
        let mut inner = self.lock();
        loop {
            let left = wait.saturating_duration_since(clock::monotonic());
            match (inner.film.find(look, left.is_zero()), &inner.coding) {
                (Found::Here(excerpt), Some((codec, caps))) => {
                    return Ok((excerpt, *codec, caps.clone()));
                }
                (Found::Gone, _) if left.is_zero() => return Err(NoPicture::Late),
                (Found::Gone, _) => return Err(NoPicture::Gone),
                (Found::NoKey, _) => return Err(NoPicture::NoKey),
                (Found::NotYet, _) | (Found::Here(_), None) if left.is_zero() => {
                    return Err(NoPicture::Late);
                }
                (Found::NotYet, _) | (Found::Here(_), None) => {}
            }
            let waited = self.grown.wait_timeout(inner, left);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Decodes the picture that an excerpt is about, beside the stream and by the processor: decoders in
/// hardware are few, and slow to open.
fn develop(
    excerpt: Excerpt<gst::Buffer>,
    codec: Codec,
    caps: &gst::Caps,
    end: Instant,
) -> Result<gst::Sample, NoPicture> {
    let pipeline = gst::Pipeline::new();
    let tail = Tail::new(&pipeline, WAITING_MAX, false)?;
    let source =
        gst_app::AppSrc::builder().caps(caps).format(gst::Format::Time).max_bytes(0).build();
    let in_hardware: Vec<String> = codec.decoders().iter().map(ToString::to_string).collect();
    let (decoder, _) = graph::decoder(codec, &in_hardware)?;
    graph::add_linked(&pipeline, &[source.upcast_ref(), &decoder])?;
    area::refuse_large(&decoder, codec, area::AREA_PX_MAX)?;
    decoder.link(&tail.convert).map_err(|e| NoPicture::Decode(e.to_string()))?;
    let meant = gst::ClockTime::try_from(excerpt.pts).ok();
    let graph = |e: &dyn std::fmt::Display| NoPicture::Decode(e.to_string());
    for unit in excerpt.units {
        source.push_buffer(unit).map_err(|e| graph(&e))?;
    }
    source.end_of_stream().map_err(|e| graph(&e))?;
    let running = pipeline.set_state(gst::State::Playing).map_err(|e| graph(&e));
    let picture = running.and_then(|_| pick(&tail.sink, meant, end));
    let _ = pipeline.set_state(gst::State::Null);
    picture
}

fn pick(
    sink: &gst_app::AppSink,
    meant: Option<gst::ClockTime>,
    end: Instant,
) -> Result<gst::Sample, NoPicture> {
    loop {
        let left = end.saturating_duration_since(clock::monotonic());
        let left = gst::ClockTime::try_from(left).unwrap_or(gst::ClockTime::ZERO);
        let Some(sample) = sink.try_pull_sample(left) else {
            let why = if sink.is_eos() { "no picture came out" } else { "it took too long" };
            return Err(NoPicture::Decode(why.into()));
        };
        let Some(buffer) = sample.buffer() else { continue };
        if buffer.pts() != meant {
            continue;
        }
        if buffer.flags().contains(gst::BufferFlags::CORRUPTED) {
            return Err(NoPicture::Decode("parts of it were lost on the way".into()));
        }
        return Ok(sample);
    }
}

#[cfg(test)]
mod tests;
