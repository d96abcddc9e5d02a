//! Pictures too large to decode are refused before a decoder takes memory for them.

use super::IngestError;
use super::codec::Codec;
use super::coded::{Coded, Size};
use super::error::fault;
use super::probe::leave_out;
use gstreamer as gst;
use gstreamer::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Largest picture, 8K in either orientation: what is larger takes gigabytes to decode, and a few
/// bytes of a header are enough to ask for it.
pub(super) const AREA_PX_MAX: u64 = 7680 * 4320;

/// What is coded may be larger than what is shown by less than a block of 64 px on each side.
const BLOCK_PX: u64 = 64;

/// Why pictures of this size are not decoded. `how` the size is known.
fn too_large((width, height): Size, how: &str, area_max: u64) -> Option<String> {
    (width.saturating_mul(height) > area_max).then(|| {
        format!(
            "its pictures are {how} {width}x{height} px, more than 8K (7680x4320); choose a \
             smaller stream"
        )
    })
}

/// Of what is coded, without the rest of a block that rounding adds.
fn coded_too_large((width, height): Size, area_max: u64) -> Option<String> {
    let less = (width.saturating_sub(BLOCK_PX - 1), height.saturating_sub(BLOCK_PX - 1));
    too_large(less, "", area_max)?;
    too_large((width, height), "coded as", area_max)
}

/// What is known of a stream on its way into the decoder.
struct Gate {
    coded: Coded,
    refused: bool,
}

impl Gate {
    /// Why nothing more goes in, when that is new.
    fn caps(&mut self, caps: &gst::CapsRef, area_max: u64) -> Option<String> {
        let of = caps.structure(0)?;
        let side = |name| of.get::<i32>(name).ok().map(|px| u64::from(px.unsigned_abs()));
        let shown = side("width").zip(side("height"));
        let data = of.get::<gst::Buffer>("codec_data").ok();
        let data = data.as_ref().and_then(|data| data.map_readable().ok());
        let coded = self.coded.caps(data.as_ref().map(gst::BufferMap::as_slice));
        let why = shown
            .and_then(|size| too_large(size, "said to be", area_max))
            .or_else(|| coded.and_then(|size| coded_too_large(size, area_max)));
        self.refused = why.is_some();
        why
    }

    fn unit(&mut self, buffer: &gst::BufferRef, area_max: u64) -> Option<String> {
        let data = buffer.map_readable().ok()?;
        let why = coded_too_large(self.coded.access_unit(&data)?, area_max)?;
        self.refused = true;
        Some(why)
    }
}

/// Lets nothing into a decoder once a size was announced that it is not to decode: by the parser, or
/// in a parameter set, whose coded size the parser does not tell.
pub(super) fn refuse_large(
    decoder: &gst::Element,
    codec: Codec,
    area_max: u64,
) -> Result<(), IngestError> {
    let pad = decoder.static_pad("sink").ok_or_else(|| fault("a decoder has no sink pad"))?;
    let of = decoder.downgrade();
    let gate = Mutex::new(Gate { coded: Coded::new(codec), refused: false });
    let what = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    pad.add_probe(what, move |_, info| {
        let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let why = match (info.event().map(|event| event.view()), info.buffer()) {
            (Some(gst::EventView::Caps(caps)), _) => gate.caps(caps.caps(), area_max),
            (_, Some(_)) if gate.refused => return leave_out(),
            (_, Some(buffer)) => gate.unit(buffer, area_max),
            _ => None,
        };
        drop(gate);
        let Some(why) = why else { return gst::PadProbeReturn::Ok };
        if let Some(decoder) = of.upgrade() {
            gst::element_error!(decoder, gst::StreamError::WrongType, ("{why}"));
        }
        leave_out()
    });
    Ok(())
}

#[cfg(test)]
mod tests;
