//! The loop of a box: what arrives is applied, what is due is done.

use super::backlog::Backlog;
use super::below::Below;
use super::books::Books;
use super::day::Time;
use super::host::Live;
use super::inbound::Inbox;
use super::journal::Journal;
use super::outside::{Arrival, Arrivals};
use super::owed::Owed;
use super::parts::{Parts, PlaneError, Totals};
use super::pictures::Pictures;
use super::refusals::Refusals;
use super::take_up;
use super::told::Told;
use super::watch::Watch;
use super::workers::Workers;
use crate::evidence::Finished;
use crate::store::StoreError;
use crate::vision::supervise::FromFleet;
use crossbeam_channel::{Receiver, TryRecvError};
use std::collections::BTreeSet;
use std::time::Duration;
use viahe_contract::id::CaptureId;
use viahe_core::driver::Driver;
use viahe_core::engine::{Effect, Event};

/// Events applied before a commit; more wait for the next one.
const BATCH_MAX: usize = 256;
/// How often time is looked at when nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// The running event plane.
pub struct EventPlane {
    pub(super) driver: Driver<Live>,
    pub(super) arrivals: Box<dyn Arrivals>,
    backlog: Backlog,
    /// Orders and readings are not taken any more.
    pub(super) stopping: bool,
}

impl EventPlane {
    /// Goes on where the last run stopped.
    ///
    /// # Errors
    /// [`PlaneError::Store`] when the file with the saved state cannot be read. A state that is there
    /// and makes no sense is kept aside, and told.
    pub(crate) fn new(parts: Parts) -> Result<Self, PlaneError> {
        let (mut engine, ended) = take_up::take_up(&parts.plan, &*parts.store)?;
        let Parts { clock, event_time, arrivals, store, store_error, .. } = parts;
        let (day, set_back) = event_time.day(&*clock, engine.ahead_ns(), engine.newest());
        // Those that are waited for will not come: they were asked of a worker that is no more.
        let awaited: BTreeSet<CaptureId> = engine.awaited().collect();
        let known: BTreeSet<CaptureId> =
            engine.pictures().filter(|capture| !awaited.contains(capture)).collect();
        let held = store.held().clone();
        let time = Time::new(clock, day);
        if parts.recorder.is_some() {
            engine.attend_fully();
        }
        // Before any worker looks.
        let attention = engine.attend_at(time.now());
        let now = time.monotonic();
        parts.metrics.plan(parts.fleet.seats());
        let live = Live {
            plan: parts.plan,
            time,
            pictures: Pictures::new(parts.evidence, parts.finisher, held, |id| known.contains(&id)),
            fleet: parts.fleet,
            workers: Workers::default(),
            refusals: Refusals::default(),
            below: Below::default(),
            owed: Owed::new(store, now),
            disk: Watch::default(),
            journal: Journal::new(parts.recorder, parts.history),
            retracer: parts.retracer,
            centre: parts.centre,
            told: Told::nothing(now),
            inbox: Inbox::default(),
            shadow: parts.shadow,
            tuned: parts.tuned,
            reload: parts.reload,
            troubles: parts.troubles,
            books: Books::new(parts.metrics, now),
            observer: parts.observer,
        };
        let (driver, backlog) = (Driver::new(engine, live), Backlog::new(now));
        let mut plane = Self { driver, arrivals, backlog, stopping: false };
        let Ok(()) = plane.driver.carry_out(attention);
        plane.begin(set_back, ended, store_error);
        Ok(plane)
    }

    /// What the last run left to be said.
    fn begin(
        &mut self,
        set_back: Option<i64>,
        ended: Vec<Effect>,
        store_error: Option<StoreError>,
    ) {
        if let Some(by_ms) = set_back {
            self.clock_was_set(by_ms);
        }
        let live = self.driver.host_mut();
        let now = live.time.monotonic();
        if let Some(error) = store_error {
            live.disk.committed(Some(&error));
            live.owed.try_at_once(now);
        }
        live.look_at_disk(now);
        // Incidents of rules that are no more, or were changed.
        let Ok(()) = self.driver.carry_out(ended);
        let (engine, live) = self.driver.parts();
        live.close_forgotten(engine);
        let Ok(()) = self.driver.give_up_awaited();
        let (engine, live) = self.driver.parts();
        if live.plan.cameras.is_empty() {
            // No worker will say which models look.
            live.centre.status(Vec::new());
        }
        live.tell_orders(engine);
        // Health and metrics are right from the first answer on.
        live.measure(engine, self.arrivals.waiting());
    }

    /// Runs until `stop` says so or its sender is gone; then everything is committed and handed
    /// to the broker as far as it takes it within `drain`.
    ///
    /// # Errors
    /// [`PlaneError::PartMissing`] when the worker cannot work on this machine.
    pub fn run(mut self, stop: &Receiver<()>, drain: Duration) -> Result<Totals, PlaneError> {
        let result = self.until_stopped(stop);
        let totals = self.finish(drain);
        result.map(|()| totals)
    }

    fn until_stopped(&mut self, stop: &Receiver<()>) -> Result<(), PlaneError> {
        while matches!(stop.try_recv(), Err(TryRecvError::Empty)) {
            match self.next(self.patience()) {
                Arrival::Worker(said) => self.batch(said)?,
                Arrival::Heard(message) => self.heard(message),
                Arrival::Finished(done) => self.finished(done),
                Arrival::Nothing => {}
                Arrival::NoWorkers => return Err(PlaneError::Supervisor),
            }
            self.reload_if_asked();
            self.tick()?;
        }
        Ok(())
    }

    /// Waits for the next that arrives, but no longer than so, and not for long.
    pub(super) fn next(&mut self, within: Option<Duration>) -> Arrival {
        let within = within.map_or(TICK, |within| within.min(TICK));
        self.arrivals.next(self.driver.host().pictures.done(), within)
    }

    /// How long until something waits for a picture in vain.
    fn patience(&self) -> Option<Duration> {
        let live = self.driver.host();
        let late = live.pictures.next_late();
        late.map(|late| late.saturating_duration_since(live.time.monotonic()))
    }

    pub(super) fn finished(&mut self, done: Option<Finished>) {
        let event = self.driver.host_mut().pictures.finished(done);
        self.apply_all(event.into_iter().collect());
    }

    fn batch(&mut self, first: FromFleet) -> Result<(), PlaneError> {
        self.hear(first)?;
        for _ in 1..BATCH_MAX {
            match self.arrivals.of_workers() {
                Some(said) => self.hear(said)?,
                None => break,
            }
        }
        Ok(())
    }

    pub(super) fn hear(&mut self, said: FromFleet) -> Result<(), PlaneError> {
        self.backlog.hear();
        let events = self.driver.host_mut().hear(said)?;
        self.apply_all(events);
        Ok(())
    }

    pub(super) fn apply_all(&mut self, events: Vec<Event>) {
        for event in events {
            self.apply(event);
        }
    }

    /// Applies what happened, once it is written down.
    pub(super) fn apply(&mut self, event: Event) {
        let (engine, live) = self.driver.parts();
        live.journal.write(engine, &event);
        live.pictures.sees(&event);
        let Ok(()) = self.driver.apply(event);
    }

    fn clock_was_set(&mut self, by_ms: i64) {
        let event = self.driver.host_mut().clock_was_set(by_ms);
        self.apply(event);
    }

    fn tick(&mut self) -> Result<(), PlaneError> {
        if let Some(by_ms) = self.driver.host_mut().time.follow() {
            self.clock_was_set(by_ms);
        }
        let live = self.driver.host_mut();
        let now = live.time.monotonic();
        // An answer may already wait to be heard, or to be looked at.
        let heard_up_to = self.backlog.heard_up_to(self.arrivals.waiting(), now);
        if live.pictures.done().is_empty() {
            let mut unanswered = live.pictures.give_up_overdue(heard_up_to);
            unanswered.extend(live.pictures.late(heard_up_to));
            self.apply_all(unanswered);
        }
        let (engine, live) = self.driver.parts();
        live.hear_retraced();
        live.owed.check(&live.plan.engine.state_dir)?;
        live.keep_up(engine, now)?;
        if live.told.is_due(now) {
            live.tell_cameras();
        }
        if live.books.are_due(now) {
            let at = live.time.now();
            self.apply(Event::Tick(at));
            let waiting = self.arrivals.waiting();
            let (engine, live) = self.driver.parts();
            live.tell_orders(engine);
            live.tell_kept_commands(now);
            live.keep_verdicts(now)?;
            live.journal.tick(now);
            let changed = live.look_at_workers(now, heard_up_to)?;
            live.look_at_disk(now);
            live.measure(engine, waiting);
            self.apply_all(changed);
        }
        Ok(())
    }
}
