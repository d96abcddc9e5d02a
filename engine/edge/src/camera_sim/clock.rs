//! A camera's clock that is wrong: its sender reports are changed on their way out.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as gst_rtsp_server;
use gstreamer_rtsp_server::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// How far the camera's clock is ahead of the box's.
#[derive(Debug, Default)]
pub(super) struct SimClock {
    secs: AtomicI64,
    silent: AtomicBool,
}

impl SimClock {
    pub(super) fn set_ahead(&self, secs: i64) {
        self.secs.store(secs, Ordering::Relaxed);
    }

    pub(super) fn be_silent(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }
}

/// Packet type of a sender report (RFC 3550, 6.4.1).
const SENDER_REPORT: u8 = 200;

/// Seconds of the NTP time in it, from the packet's start.
const NTP_SECS: std::ops::Range<usize> = 8..12;

/// Changes the time in all sender reports of a media.
pub(super) fn attach(media: &gst_rtsp_server::RTSPMedia, clock: &Arc<SimClock>) {
    let clock = Arc::clone(clock);
    media.connect_prepared(move |media| {
        let pipeline = media.element().parent().and_downcast::<gst::Bin>();
        let elements = pipeline.iter().flat_map(GstBinExtManual::children);
        let pads = elements.flat_map(|element| element.src_pads());
        for pad in pads.filter(|pad| pad.name().starts_with("send_rtcp_src")) {
            let clock = Arc::clone(&clock);
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                if clock.silent.load(Ordering::Relaxed) {
                    // Not `Drop`: see `ingest/probe`.
                    return gst::PadProbeReturn::Handled;
                }
                let secs = clock.secs.load(Ordering::Relaxed);
                if let (Some(buffer), true) = (info.buffer_mut(), secs != 0)
                    && let Ok(mut bytes) = buffer.make_mut().map_writable()
                {
                    put_ahead(&mut bytes, secs);
                }
                gst::PadProbeReturn::Ok
            });
        }
    });
}

/// Moves the time of a sender report; the report comes first in its compound packet.
fn put_ahead(packet: &mut [u8], secs: i64) {
    if packet.get(1) != Some(&SENDER_REPORT) {
        return;
    }
    let Some(field) = packet.get_mut(NTP_SECS) else { return };
    let Ok(before) = <[u8; 4]>::try_from(&*field) else { return };
    // The seconds of NTP wrap in 32 bits, as those of a camera do.
    let after = i64::from(u32::from_be_bytes(before)).wrapping_add(secs) as u32;
    field.copy_from_slice(&after.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sender_reports_are_changed() {
        let report = [0x80, 200, 0, 6, 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 9];
        let mut packet = report;
        put_ahead(&mut packet, 2);
        assert_eq!(packet[8..], [0, 0, 0, 1, 9]);
        put_ahead(&mut packet, -2);
        assert_eq!(packet, report);
        let mut receiver_report = [0x80, 201, 0, 6, 1, 2, 3, 4, 5, 6, 7, 8];
        put_ahead(&mut receiver_report, 5);
        assert_eq!(receiver_report[8..], [5, 6, 7, 8]);
        put_ahead(&mut [0x80, 200, 0], 5);
    }
}
