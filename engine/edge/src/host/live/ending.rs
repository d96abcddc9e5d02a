//! The end of a run: the last pictures, the last commit, the last words.

use super::host::Live;
use super::outside::{Arrival, Storage};
use super::parts::Totals;
use super::plane::EventPlane;
use super::watch::Price;
use crate::store::StoreError;
use std::time::Duration;
use viahe_contract::message::CameraFault;
use viahe_core::engine::Changes;
use viahe_core::id::Name;
use viahe_core::seam::CameraReport;

/// How long a stop waits for pictures that are on their way.
const LAST_PICTURES_WITHIN: Duration = Duration::from_secs(2);
/// Messages that are looked at once more; as many as may wait.
const HEARD_MAX: usize = 4_096;
/// Lost revisions that are named in the log.
const LOST_NAMED_MAX: usize = 100;

impl EventPlane {
    /// Waits for pictures that are on their way, commits, ends the workers, and hands over. Whoever asked
    /// for something and did not get it is told.
    pub(super) fn finish(mut self, drain: Duration) -> Totals {
        self.stopping = true;
        self.hear_the_last();
        let lost = self.driver.host_mut().pictures.give_up_all("the engine stops");
        self.apply_all(lost);
        self.driver.host_mut().give_up_retracing();
        self.refuse_what_is_heard();
        let waiting = self.arrivals.waiting();
        let (engine, live) = self.driver.parts();
        let now = live.time.monotonic();
        if let Err(error) = live.commit(engine, now, Price::All) {
            tracing::error!(%error, "the last events are not saved");
        }
        if let Err(error) = live.keep_verdicts(now) {
            tracing::error!(%error, "the last verdicts are not kept");
        }
        live.say_replies();
        live.measure(engine, waiting);
        live.look_at_disk(now);
        live.say_goodbye();
        let state = Changes::from(engine.save());
        self.arrivals.close();
        live.fleet.stop();
        // What is only in memory goes to the broker too, if it is there.
        let left = live.centre.hand_over(drain);
        self.refuse_what_is_heard();
        let live = self.driver.into_host();
        if live.reload.as_ref().is_some_and(|reload| reload.asked.try_recv().is_ok()) {
            tracing::warn!("the pipeline is not read again: the engine stops");
        }
        live.end(&state, left)
    }

    /// Pictures that are on their way.
    fn hear_the_last(&mut self) {
        let until = self.driver.host().time.monotonic() + LAST_PICTURES_WITHIN;
        loop {
            let live = self.driver.host();
            if live.pictures.outstanding() == 0 || live.time.monotonic() >= until {
                return;
            }
            // Here words wait for their pictures.
            let heard = match self.next(None) {
                Arrival::Worker(said) => self.hear(said).is_ok(),
                Arrival::NoWorkers => false,
                Arrival::Finished(done) => {
                    self.finished(done);
                    true
                }
                Arrival::Heard(message) => {
                    self.heard(message);
                    true
                }
                Arrival::Nothing => true,
            };
            if !heard {
                return;
            }
        }
    }

    /// Orders that came too late.
    fn refuse_what_is_heard(&mut self) {
        for _ in 0..HEARD_MAX {
            match self.arrivals.of_wire() {
                Some(message) => self.heard(message),
                None => return,
            }
        }
    }
}

impl Live {
    /// No camera is watched any more.
    fn say_goodbye(&self) {
        let cameras: Vec<Name> = self.plan.cameras.iter().map(|c| c.id.clone()).collect();
        for camera in cameras {
            let reason = "the engine was stopped".to_owned();
            self.tell_camera(&CameraReport::offline(camera, reason, CameraFault::Stopped));
        }
    }

    /// Ends what works beside this thread; says what is left.
    fn end(self, state: &Changes, left: usize) -> Totals {
        let Self { owed, mut journal, books, pictures, .. } = self;
        let (mut store, mut totals) = (owed.store, books.totals);
        journal.finish();
        pictures.end(LAST_PICTURES_WITHIN);
        last_try(&mut *store, state);
        totals.lost = store.held().waiting();
        if totals.lost > 0 {
            let lost = totals.lost;
            let events = store.held().ids(LOST_NAMED_MAX).join(" ");
            tracing::error!(lost, events, "lost: incidents that neither disk nor broker took");
        }
        let left = (left as u64).saturating_sub(totals.lost);
        if left > 0 {
            tracing::warn!(left, "incidents wait in the outbox for the next start");
        }
        totals
    }
}

/// Before the end: the disk may take now what it did not, and a damaged file is no reason to lose what
/// is in memory.
fn last_try(store: &mut dyn Storage, state: &Changes) {
    if store.held().is_empty() {
        return;
    }
    let mut done = store.commit(&[], state).map(drop);
    if matches!(done, Err(StoreError::Corrupt { .. })) {
        done = store.begin_anew().and_then(|()| store.commit(&[], state).map(drop));
    }
    if let Err(error) = done {
        tracing::error!(%error, "the last events are not saved");
    }
}
