//! The engine's state, and what can be asked of it. What changes it stands in the files above: one for
//! each sort of event, joined in [`super::apply`].

use super::attended::Attended;
use super::command::Declared;
use super::memory::{Memory, RuleMemory};
use super::prepared::Prepared;
use super::rule_at::{RuleAt, of_camera};
use super::sight::Sight;
use crate::id::{CaptureId, IncidentId, Name};
use crate::plan::Plan;
use crate::rule::Scratch;
use crate::rule::explain::Tracer;
use crate::time::Timestamp;
use std::cell::RefCell;
use std::sync::Arc;

/// Owns all state of the event plane.
#[derive(Debug)]
pub struct Engine {
    pub(super) plan: Arc<Plan>,
    /// Follows from the plan.
    pub(super) prepared: Prepared,
    pub(super) memory: Memory,
    /// Of [`Engine::notes`].
    pub(super) notes: Vec<String>,
    /// Room to work in.
    pub(super) sight: Sight,
    pub(super) scratch: Scratch,
    pub(super) traced: Option<Traced>,
    pub(super) attended: Attended,
}

/// A rule that somebody wants explained.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) camera: Option<Name>,
    pub(super) rule: Name,
    pub(super) tracer: RefCell<Tracer>,
}

impl Traced {
    /// Is it this one?
    pub(super) fn is(&self, camera: Option<&Name>, rule: &Name) -> bool {
        self.camera.as_ref() == camera && self.rule == *rule
    }

    /// Where it stands in the plan, if it looks.
    pub(super) fn looking<'p>(&self, plan: &'p Plan) -> Option<RuleAt<'p>> {
        let c = plan.cameras.iter().position(|camera| Some(&camera.id) == self.camera.as_ref())?;
        of_camera(plan, c).find(|of| of.rule.id == self.rule && of.rule.program.looks())
    }
}

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(plan: Arc<Plan>) -> Self {
        let mut memory = Memory::default();
        memory.align(&plan);
        Self {
            prepared: Prepared::new(&plan),
            plan,
            memory,
            notes: Vec::new(),
            sight: Sight::default(),
            scratch: Scratch::default(),
            traced: None,
            attended: Attended::default(),
        }
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
        let cameras = self.memory.cameras.iter();
        let mut of_cases: Vec<_> = cameras.flat_map(|c| c.awaited.keys().copied()).collect();
        // As they were asked for.
        of_cases.sort_unstable();
        of_cases.into_iter().chain(self.memory.site.snapshots.keys().copied())
    }

    /// All pictures that are not yet said for good, there or awaited.
    pub fn pictures(&self) -> impl Iterator<Item = CaptureId> + '_ {
        let cases = self.memory.rules().flat_map(RuleMemory::all_cases);
        let told = cases.flat_map(|c| c.pictures.iter().map(|(id, _)| *id));
        told.chain(self.memory.site.snapshots.keys().copied())
    }

    /// Incidents of which anything is still to be said.
    pub fn incidents(&self) -> impl Iterator<Item = &IncidentId> {
        let cases = self.memory.rules().flat_map(RuleMemory::all_cases);
        cases.filter_map(|case| Some(&case.incident.as_ref()?.id))
    }

    /// Incidents that are open.
    pub fn open_incidents(&self) -> usize {
        self.memory.rules().map(|r| r.cases.values().filter(|c| c.incident.is_some()).count()).sum()
    }

    /// Time of the newest event, by the box's clock as it is now; none before the first.
    pub fn newest(&self) -> Option<Timestamp> {
        self.memory.site.clock.newest()
    }

    /// The box's clock less event time, in ns.
    pub fn ahead_ns(&self) -> i64 {
        self.memory.site.clock.ahead_ns()
    }

    /// Events that came too late to be used.
    pub fn observations_late(&self) -> u64 {
        self.memory.site.observations_late + self.memory.site.held.late
    }

    /// Subjects that rules had no room for.
    pub fn subjects_dropped(&self) -> u64 {
        self.memory.rules().map(|r| r.state.dropped()).sum()
    }

    /// Readings that came too late to be their sensor's value.
    pub fn readings_late(&self) -> u64 {
        self.memory.site.readings_late
    }

    /// Readings that came again: the same time and value.
    pub fn readings_repeated(&self) -> u64 {
        self.memory.site.readings_repeated
    }

    /// Readings that came after newer ones and were put in their place.
    pub fn readings_corrected(&self) -> u64 {
        self.memory.site.readings_corrected
    }

    /// Level of the disaster that holds at `at`; 0 is none.
    pub fn disaster_level(&self, at: Timestamp) -> u8 {
        self.disaster(at).map_or(0, |declared| declared.level)
    }

    /// The disaster that holds at `at`.
    pub(super) fn disaster(&self, at: Timestamp) -> Option<&Declared> {
        self.memory.site.disaster.as_ref().filter(|declared| declared.standing.holds(at))
    }

    pub(super) fn camera_index(&self, id: &Name) -> Option<usize> {
        self.plan.cameras.iter().position(|camera| camera.id == *id)
    }

    /// The name of a rule's camera.
    pub(super) fn camera_id(&self, of: RuleAt<'_>) -> Option<&Name> {
        of.camera_of(&self.plan).map(|camera| &camera.id)
    }
}
