//! What a rule remembers from look to look, and what it says at each.

use super::bears::{Bears, Scrutiny};
use super::due::Asked;
use super::evaluate::{Memory, QUEUE_TOGETHER, evaluate, fresh};
use super::lineage::Room;
use super::look::{Adjust, Look, Prepared, Values};
use super::movers::Movers;
use super::path::PATH_SPAN_MAX;
use super::places::Places;
use super::report::{Reported, take};
use super::riders::Rides;
use super::ruled_out::is_ruled_out;
use super::select::Members;
use super::signal::{Concerned, Signal, SubjectKey, subject};
use super::temporal::Level;
use crate::incident::Subject;
use crate::plan::program::{Identity, Scope};
use crate::plan::{Program, Rule};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So far back a rule that begins to apply compares what it sees: the paths of things, and whether others
/// have stood for as long.
pub const HINDSIGHT: Duration = QUEUE_TOGETHER;
const _: () = assert!(HINDSIGHT.as_secs() >= PATH_SPAN_MAX.as_secs());

/// Room to work in, kept from look to look so that nothing is allocated for each.
#[derive(Debug, Default)]
pub struct Scratch {
    members: Members,
    levels: Vec<Level>,
    pub(super) lineage: Room,
}

/// Memory of one rule. The default one is no rule's, and only stands in for one that is at work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleState {
    next_key: SubjectKey,
    /// Of the conditions that do not depend on the subject.
    shared: Vec<Memory>,
    subjects: Subjects,
    /// Who rides what, as far as the program asks.
    #[serde(default)]
    rides: Rides,
    /// Subjects that found no room.
    dropped: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Subjects {
    Places(Places),
    Movers(Movers),
    Zone(Reported),
}

impl Default for Subjects {
    fn default() -> Self {
        Self::Places(Places::default())
    }
}

impl RuleState {
    /// A rule that has seen nothing yet.
    pub fn new(program: &Program) -> Self {
        let mut next_key = 0;
        let subjects = match program.scope {
            Scope::Each { identity: Identity::Place, .. } => Subjects::Places(Places::default()),
            Scope::Each { identity: Identity::Track, .. } => Subjects::Movers(Movers::default()),
            Scope::Zone { .. } => Subjects::Zone(Reported::new(take(&mut next_key))),
        };
        let rides = Rides::default();
        Self { next_key, shared: fresh(program), subjects, rides, dropped: 0 }
    }

    /// Is there nothing to do for a rule that finds nobody it means in a look?
    pub fn may_skip(&self, prepared: &Prepared) -> bool {
        prepared.skippable && self.has_no_subjects()
    }

    /// Looks once. Looks come in time order.
    pub fn step(&mut self, look: &Look<'_>, scratch: &mut Scratch) -> Vec<Signal> {
        let mut signals = Vec::new();
        let program = &look.rule.program;
        let Scratch { members, levels, .. } = scratch;
        match &look.view {
            Some(view) => members.find(look, view, &mut self.rides),
            None => members.clear(),
        }
        levels.clear();
        levels.resize(program.conditions.len(), Level::No);
        evaluate(look, members, None, &mut self.shared, levels);
        look.note(None, levels);
        let Self { next_key, subjects, .. } = self;
        self.dropped += match (subjects, program.scope, &look.view) {
            (Subjects::Places(places), Scope::Each { thing, .. }, Some(view)) => {
                places.step(look, view, thing, members, levels, next_key, &mut signals)
            }
            (Subjects::Movers(movers), Scope::Each { thing, .. }, Some(view)) => {
                movers.step(look, view, thing, members, levels, next_key, &mut signals)
            }
            (Subjects::Zone(reported), Scope::Zone { about }, _) => {
                let level = levels[program.trigger];
                let told = || concerned(look, members, about);
                reported.tell(level, look.at, told, next_key, &mut signals);
                0
            }
            // A state is made for its program's scope, so there is no other pair.
            _ => 0,
        };
        signals
    }

    /// The number that the next new subject gets.
    pub fn next_key(&self) -> SubjectKey {
        self.next_key
    }

    /// Subjects that found no room since the rule began.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How closely it must look at `at`, while a disaster changes it so.
    pub fn scrutiny(&self, rule: &Rule, bears: &Bears, adjust: Adjust, at: Timestamp) -> Scrutiny {
        let asked = Asked {
            conditions: &rule.program.conditions,
            durations: adjust.durations,
            at,
            ahead: bears.ahead,
        };
        let (subjects, open) = match &self.subjects {
            Subjects::Places(places) => (places.scrutiny(&asked), false),
            Subjects::Movers(movers) => (movers.scrutiny(&asked), false),
            Subjects::Zone(reported) => (Scrutiny::Idle, reported.is_open()),
        };
        subjects.max(asked.shared(&self.shared, open))
    }

    fn has_no_subjects(&self) -> bool {
        match &self.subjects {
            Subjects::Places(places) => places.is_empty(),
            Subjects::Movers(movers) => movers.is_empty(),
            Subjects::Zone(reported) => reported.is_idle(),
        }
    }

    /// Forgets everything, because the rule does not apply now: what is open ends.
    pub fn suspend(&mut self, program: &Program) -> Vec<Signal> {
        let signals = match &mut self.subjects {
            Subjects::Places(places) => places.suspend(),
            Subjects::Movers(movers) => movers.suspend(),
            Subjects::Zone(reported) => {
                let ended = reported.end().into_iter().collect();
                *reported = Reported::new(take(&mut self.next_key));
                ended
            }
        };
        self.rides = Rides::default();
        if !self.has_no_memory(program) {
            self.shared = fresh(program);
        }
        signals
    }

    /// Is there nothing that [`RuleState::suspend`] would end or forget? Who rides what is of no use once
    /// nobody was looked at for some seconds.
    pub fn is_at_rest(&self, program: &Program) -> bool {
        self.has_no_subjects() && (self.has_no_memory(program) || self.shared == fresh(program))
    }

    /// Is there nothing that looks could bring about, because what is measured rules it out? One that asks how things
    /// move looks back, and goes on looking: what is measured changes without notice.
    pub fn is_ruled_out(&self, program: &Program, values: &Values, adjust: Adjust) -> bool {
        is_ruled_out(program, values, adjust) && !program.needs_paths() && self.is_at_rest(program)
    }

    fn has_no_memory(&self, program: &Program) -> bool {
        self.shared.len() == program.conditions.len()
            && self.shared.iter().all(|m| *m == Memory::None)
    }
}

/// The members that an incident of a zone is about, surest first.
fn concerned(look: &Look<'_>, members: &Members, about: Option<usize>) -> Concerned {
    let (Some(view), Some(thing)) = (&look.view, about) else { return Concerned::default() };
    let mut subjects: Vec<Subject> =
        members.iter(thing).map(|o| subject(&view.observation.objects[o])).collect();
    subjects.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
    Concerned { subjects, path: Vec::new() }
}
