//! Carries out what the gate decides, on the pad before a decoder.

use super::Codec;
use super::coded::Coded;
use super::coded::unit::{Kind, Unit};
use super::decode::{Arrived, Demand, Gate, Report, Step, Strain, Verdict};
use super::error::fault;
use super::probe::leave_out;
use super::{IngestError, graph};
use gstreamer as gst;
use gstreamer::prelude::*;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use viahe_core::gate::Sort;

/// Who wants pictures, and hears what becomes of them. Called from the streaming thread.
pub(super) trait Consumer: Send + Sync {
    /// What pictures are needed for now.
    fn demand(&self) -> Demand;
    /// Is the picture of this moment wanted, however little is decoded?
    fn peeks(&self) -> bool;
    /// A picture came, decoded or not, and reached the box so long ago. True when it is to be seen at once.
    fn sized(&self, sort: Sort, bytes: usize, behind: Duration) -> bool;
    /// A key frame is to be decoded for a look. True when that look has been told without it.
    fn spares(&self, key: &gst::Buffer, behind: Duration) -> bool;
    /// A clock that is never set, the same for all.
    fn clock(&self) -> Duration;
    /// Who gives way when decoding falls behind.
    fn strain(&self) -> Arc<Strain>;
    /// What follows is coded so.
    fn coded(&self, codec: Codec, caps: &gst::CapsRef);
    /// An access unit came, which reached the box so long ago.
    fn came(&self, unit: &gst::Buffer, what: Unit, behind: Duration);
    /// An access unit came; `begins` when decoding can begin with it.
    fn arrived(&self, begins: bool, pts: Option<u64>);
    /// One goes to the decoder; `peeked` when what [`Consumer::peeks`] asked for is with it.
    fn fed(&self, peeked: bool);
    /// What follows begins at the newest key frame: pictures that were shown come out again.
    fn catches_up(&self);
    /// How it goes; after each access unit.
    fn report(&self, report: Report);
}

/// Decoding gives way to looking: what is decoded while no thread has time to look is decoded in vain.
const NICE: i32 = 10;

thread_local! {
    static GIVES_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Lowers the priority of this thread, once; to lower one's own is never refused.
fn give_way() {
    if !GIVES_WAY.replace(true) {
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}

struct Valve {
    coded: Coded,
    gate: Gate<gst::Buffer>,
    /// The time of the newest picture.
    newest: Option<gst::ClockTime>,
}

/// Between pictures that came at the same time, so that each has a time of its own.
const STEP: gst::ClockTime = gst::ClockTime::from_useconds(1);

/// Lets into `decoder` what the consumer's demand asks for, until the consumer is gone.
pub(super) fn install<C: Consumer + 'static>(
    decoder: &gst::Element,
    codec: Codec,
    consumer: &Arc<C>,
) -> Result<(), IngestError> {
    let pad = decoder.static_pad("sink").ok_or_else(|| fault("a decoder has no sink pad"))?;
    let gate = Gate::new(consumer.strain());
    let valve = Mutex::new(Valve { coded: Coded::new(codec), gate, newest: None });
    let (of, consumer): (_, Weak<C>) = (decoder.downgrade(), Arc::downgrade(consumer));
    // What the valve itself gives to the decoder passes here again.
    let own = AtomicBool::new(false);
    let what = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    pad.add_probe(what, move |pad, info| {
        if own.load(Ordering::Relaxed) {
            return gst::PadProbeReturn::Ok;
        }
        let (Some(decoder), Some(consumer)) = (of.upgrade(), consumer.upgrade()) else {
            return gst::PadProbeReturn::Ok;
        };
        let Some(buffer) = info.buffer_mut() else {
            if let Some(gst::EventView::Caps(caps)) = info.event().map(|event| event.view()) {
                valve.lock().unwrap_or_else(PoisonError::into_inner).caps(caps.caps());
                consumer.coded(codec, caps.caps());
            }
            return gst::PadProbeReturn::Ok;
        };
        give_way();
        let verdict = {
            let mut valve = valve.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(what) = valve.read(buffer) else { return gst::PadProbeReturn::Ok };
            valve.time(buffer, what);
            let (now, segment) = (decoder.current_running_time(), segment(pad));
            let behind = graph::age(now, segment.as_ref(), buffer.pts());
            valve.unit(buffer, what, behind, &*consumer)
        };
        match verdict {
            Verdict::Feed => gst::PadProbeReturn::Ok,
            Verdict::Leave => leave_out(),
            Verdict::Instead(steps) => {
                own.store(true, Ordering::Relaxed);
                info.flow_res = carry_out(pad, steps);
                own.store(false, Ordering::Relaxed);
                leave_out()
            }
        }
    });
    Ok(())
}

fn segment(pad: &gst::Pad) -> Option<gst::Segment> {
    pad.sticky_event::<gst::event::Segment>(0).map(|event| event.segment().to_owned())
}

fn carry_out(
    pad: &gst::Pad,
    steps: Vec<Step<gst::Buffer>>,
) -> Result<gst::FlowSuccess, gst::FlowError> {
    for step in steps {
        match step {
            Step::Feed(buffer) => drop(pad.chain(buffer)?),
            // Of all that a decoder of GStreamer understands this alone makes it give out what it holds
            // without being closed and opened again: `findings/decoder-drain.sh`.
            Step::Drain => {
                let end = gst::event::SegmentDone::new(gst::ClockTime::NONE);
                // It may refuse only when it is being shut down.
                let _ = pad.send_event(end);
            }
        }
    }
    Ok(gst::FlowSuccess::Ok)
}

impl Valve {
    fn caps(&mut self, caps: &gst::CapsRef) {
        let data = caps.structure(0).and_then(|of| of.get::<gst::Buffer>("codec_data").ok());
        let data = data.as_ref().and_then(|data| data.map_readable().ok());
        let _ = self.coded.caps(data.as_ref().map(gst::BufferMap::as_slice));
    }

    /// What it is; none when it cannot be read.
    fn read(&mut self, buffer: &gst::Buffer) -> Option<Unit> {
        let data = buffer.map_readable().ok()?;
        let _ = self.coded.access_unit(&data);
        Some(self.coded.unit(&data))
    }

    /// Pictures that came all at once, as after a moment in which nothing came, have the same time, and the
    /// parser leaves it out of all but the first. A decoder would make times up for them, and for those that
    /// follow: each gets its own, in the order in which they came.
    fn time(&mut self, buffer: &mut gst::Buffer, what: Unit) {
        let told = buffer.pts();
        // The second field of a picture begins anew, at the same time.
        if let Some(newest) = self.newest
            && what.begins
            && !self.coded.fields()
            && told.is_none_or(|told| told == newest)
        {
            buffer.make_mut().set_pts(newest + STEP);
        }
        self.newest = buffer.pts().or(self.newest);
    }

    fn unit<C: Consumer>(
        &mut self,
        buffer: &gst::Buffer,
        what: Unit,
        behind: Duration,
        consumer: &C,
    ) -> Verdict<gst::Buffer> {
        consumer.came(buffer, what, behind);
        consumer.arrived(
            matches!(what.kind, Kind::Key | Kind::Recovery),
            buffer.pts().map(gst::ClockTime::nseconds),
        );
        let sort = match what.kind {
            Kind::Key => Some(Sort::Key),
            Kind::Inter if what.disposable => Some(Sort::Disposable),
            Kind::Inter => Some(Sort::Reference),
            _ => None,
        };
        let sudden = sort.is_some_and(|sort| consumer.sized(sort, buffer.size(), behind));
        let peek = sudden || consumer.peeks();
        let demand = consumer.demand();
        let mut arrived = Arrived {
            what,
            pts: buffer.pts().map(Into::into),
            now: consumer.clock(),
            behind,
            bytes: buffer.size(),
            fields: self.coded.fields(),
            spared: false,
        };
        let looks = !peek && self.gate.looks_at(&arrived, demand);
        arrived.spared = looks && consumer.spares(buffer, behind);
        let verdict = self.gate.unit(arrived, buffer, demand, peek);
        let feeds = |step: &Step<_>| matches!(step, Step::Feed(_));
        let fed = match &verdict {
            Verdict::Feed => true,
            Verdict::Leave => false,
            Verdict::Instead(steps) => steps.iter().any(feeds),
        };
        if fed && what.kind != Kind::Empty {
            consumer.fed(peek);
        }
        if matches!(&verdict, Verdict::Instead(steps) if steps.iter().filter(|s| feeds(s)).count() > 1)
        {
            consumer.catches_up();
        }
        consumer.report(self.gate.report());
        verdict
    }
}

#[cfg(test)]
pub(super) mod tests;
