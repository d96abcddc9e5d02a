//! The event plane as one state machine: [`Event`] in, [`Effect`]s out. No I/O, no clock.
//!
//! One owner, no locks. The same events give the same effects, also when the state is saved and
//! restored in between ([`Engine::save`], [`Engine::restore`]), and the same incidents when events
//! come late within what their sources are allowed.
//!
//! An incident is first said when its pictures are on disk or known to be lost: the operator gets
//! one alert with its evidence, not two halves. Pictures are asked for with [`Effect::Capture`]
//! and answered with [`Event::Captured`].

mod cases;
mod clock;
mod command;
mod correct;
mod done;
mod memory;
mod order;
mod prepared;
mod readings;
mod say;
mod standing;
mod upgrade;
mod values;
mod watch;

pub use cases::UPDATE_EVERY;
pub use command::{Answer, Command};
pub use done::Known;
pub use readings::TooLate;
pub use standing::{Declared, Orders, STANDING_MAX, Silence, Silenced, Standing};
pub use values::WindowTold;

use crate::config::Plan;
use crate::id::Name;
use crate::incident::{Evidence, Revision};
use crate::observe::{Observation, ViewReport};
use crate::rule::explain::Tracer;
use crate::rule::program::CameraTrouble;
use crate::time::Timestamp;
use memory::Memory;
use prepared::Prepared;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use viahe_contract::id::CaptureId;
use viahe_contract::message::{CameraStatus, EvidenceKind, ModelRef, SensorHealth};
use watch::Sight;

/// Everything that can happen to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A frame was analysed.
    Observed(Observation),
    /// A picture is on disk, or will never be.
    Captured {
        /// Which.
        capture: CaptureId,
        /// The file; none when the frame was gone or could not be written.
        evidence: Option<Evidence>,
    },
    /// A vision worker has started: tracks are counted anew, and these models look.
    WorkerStarted {
        /// By camera.
        models: BTreeMap<Name, ModelRef>,
    },
    /// A camera went on or off line.
    Camera {
        /// Which.
        camera: Name,
        /// When, by the box's clock.
        at: Timestamp,
        /// How it is.
        status: CameraStatus,
    },
    /// What a camera's view is like.
    Viewed(ViewReport),
    /// A sensor measured something.
    Reading {
        /// Which.
        sensor: Name,
        /// When.
        at: Timestamp,
        /// In the canonical unit of its quantity.
        value: f64,
    },
    /// An operator wants something.
    Command(Command),
    /// The box's clock has gone on to here.
    Tick(Timestamp),
    /// The box's clock was set: times of events from now on are later by so much, or earlier when
    /// it is negative, than they would have been. Nothing else happened.
    ClockSet {
        /// By how much, in ms.
        by_ms: i64,
    },
}

/// What the edge must do, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Take a picture of a frame and answer with [`Event::Captured`].
    Capture(Capture),
    /// A picture is not needed any more, also if it is not there yet.
    Discard(CaptureId),
    /// Make this known, durably and at least once.
    Publish(Box<Revision>),
    /// The rules of a camera are suspended because of its view, or not any more.
    View {
        /// Which camera.
        camera: Name,
        /// What is wrong; none when all is well again.
        trouble: Option<CameraTrouble>,
        /// Since when.
        since: Timestamp,
    },
    /// A sensor is well, or not any more.
    Sensor {
        /// Which.
        sensor: Name,
        /// How it is.
        state: SensorHealth,
        /// Since when.
        at: Timestamp,
        /// It was heard at least once.
        ever: bool,
    },
    /// A reading came too late to make a rule hold.
    TooLate(TooLate),
    /// Make a result of a window known.
    Window(WindowTold),
    /// Answer a command.
    Answer(Answer),
}

/// A picture to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// To answer with.
    pub id: CaptureId,
    /// Whose frame.
    pub camera: Name,
    /// Which frame.
    pub seq: u64,
    /// What for.
    pub kind: EvidenceKind,
}

/// Owns all state of the event plane.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    /// Follows from the plan.
    prepared: Prepared,
    memory: Memory,
    /// Of [`Engine::notes`].
    notes: Vec<String>,
    /// Room to work in.
    sight: Sight,
    traced: Option<Traced>,
}

/// A rule that somebody wants explained.
#[derive(Debug)]
struct Traced {
    camera: Option<Name>,
    rule: Name,
    tracer: RefCell<Tracer>,
}

/// Why a saved state cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("saved state is not readable by this version ({0}); it will be set aside")]
pub struct RestoreError(#[from] serde_json::Error);

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(plan: Arc<Plan>) -> Self {
        let mut memory = Memory::default();
        memory.align(&plan);
        let (notes, sight) = (Vec::new(), Sight::default());
        Self { prepared: Prepared::new(&plan), plan, memory, notes, sight, traced: None }
    }

    /// Goes on from [`Engine::save`] of this or an earlier release, with what became of incidents
    /// whose rules `plan` no longer has or has changed; [`Engine::notes`] says what else changed.
    ///
    /// # Errors
    /// [`RestoreError`] when `saved` was not written by any of them.
    pub fn restore(plan: Arc<Plan>, saved: &[u8]) -> Result<(Self, Vec<Effect>), RestoreError> {
        let mut engine = Self::new(plan);
        let effects = engine.resume(saved)?;
        Ok((engine, effects))
    }

    /// As [`Engine::restore`], in place: whoever listens by [`Engine::trace`] goes on to.
    ///
    /// # Errors
    /// [`RestoreError`] when `saved` was not written by any release; nothing has changed then.
    pub fn resume(&mut self, saved: &[u8]) -> Result<Vec<Effect>, RestoreError> {
        (self.memory, self.notes) = upgrade::read(saved, &self.plan)?;
        self.prepared = Prepared::new(&self.plan);
        self.word();
        Ok(self.align())
    }

    /// What the state that it goes on from could not say as it is said now, for people: it was saved by
    /// an earlier release.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The whole state.
    pub fn save(&self) -> Vec<u8> {
        // Maps with string or integer keys and finite numbers only: cannot fail.
        serde_json::to_vec(&self.memory).unwrap_or_default()
    }

    /// Goes on under another plan. What it does not touch goes on as if nothing had happened;
    /// rules whose structure or zone changed start anew, and their incidents end.
    pub fn reload(&mut self, plan: Arc<Plan>) -> Vec<Effect> {
        self.prepared = Prepared::new(&plan);
        self.plan = plan;
        self.align()
    }

    /// From now on, notes why this rule fires or does not; `camera` is none for rules of the site.
    pub fn trace(&mut self, camera: Option<Name>, rule: Name) {
        self.traced = Some(Traced { camera, rule, tracer: RefCell::new(Tracer::default()) });
    }

    /// What [`Engine::trace`] found so far.
    pub fn traced(&self) -> Option<Tracer> {
        self.traced.as_ref().map(|t| t.tracer.borrow().clone())
    }

    /// Pictures asked for and not yet answered; after a restart or the loss of a worker they must
    /// be answered with none.
    pub fn awaited(&self) -> impl Iterator<Item = CaptureId> + '_ {
        self.memory.awaited.keys().chain(self.memory.snapshots.keys()).copied()
    }

    /// All pictures that are not yet said for good, there or awaited.
    pub fn pictures(&self) -> impl Iterator<Item = CaptureId> + '_ {
        let cases = self.memory.rules().flat_map(memory::RuleMemory::all_cases);
        let told = cases.flat_map(|c| c.pictures.iter().map(|(id, _)| *id));
        told.chain(self.memory.snapshots.keys().copied())
    }

    /// Incidents that are open.
    pub fn open_incidents(&self) -> usize {
        let open = |case: &&cases::Case| case.incident.is_some();
        self.memory.rules().map(|r| r.cases.values().filter(open).count()).sum()
    }

    /// Events that came too late to be used.
    pub fn observations_late(&self) -> u64 {
        self.memory.observations_late + self.memory.held.late
    }

    /// Subjects that rules had no room for.
    pub fn subjects_dropped(&self) -> u64 {
        self.memory.rules().map(|r| r.state.dropped()).sum()
    }

    /// Readings that came too late to be their sensor's value.
    pub fn readings_late(&self) -> u64 {
        self.memory.readings_late
    }

    /// Readings that came again: the same time and value.
    pub fn readings_repeated(&self) -> u64 {
        self.memory.readings_repeated
    }

    /// Readings that came after newer ones and were put in their place.
    pub fn readings_corrected(&self) -> u64 {
        self.memory.readings_corrected
    }

    /// Applies one event.
    pub fn apply(&mut self, mut event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.memory.clock.hear(&mut event);
        self.take(event, &mut effects);
        self.memory.clock.tell(&mut effects);
        effects
    }

    /// Applies an event whose turn it is.
    fn now(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Observed(observation) => self.observed(&observation, effects),
            Event::Captured { capture, evidence } => self.captured(capture, evidence, effects),
            Event::WorkerStarted { models } => {
                self.memory.models = models;
                for camera in &mut self.memory.cameras {
                    // The clock may have been set meanwhile; a new worker begins a new time.
                    camera.last = Timestamp::default();
                    camera.beats.iter_mut().for_each(|beat| beat.scene.forget_tracks());
                }
            }
            Event::Camera { camera, at, status } => {
                self.camera_status(&camera, at, status, effects);
            }
            Event::Viewed(report) => self.viewed(&report, effects),
            Event::Reading { sensor, at, value } => self.reading(&sensor, at, value, effects),
            Event::Command(command) => self.command(command, effects),
            Event::Tick(at) => self.tick(at, effects),
            Event::ClockSet { by_ms } => self.clock_set(by_ms, effects),
        }
    }
}
