//! How rarely a rule may look: the longest gap between looks that its program bears.
//!
//! Nobody writes it down: it follows from the program. Each operator says beside its step what it bears; here
//! that is folded into four gaps, of which the state of the rule chooses one ([`Scrutiny`]), and a fifth for what
//! is on its way to a zone (`docs/adr/0032-closer-looks-at-what-comes.md`). What was measured and why so: `docs/adr/0025-looks-as-rare-as-rules-bear.md`.

use super::temporal::{
    AbsentParams, HitsParams, HoldParams, PASSED_KEEP, Pace, RateParams, SequenceParams,
};
use crate::plan::Rule;
use crate::plan::program::{Identity, Motion, Program, RelationKind, Scope, Test, Thing, ThingIx};
use std::time::Duration;

/// Time between two looks beyond this is not watched in full.
const GAP_MAX: Duration = Pace::CAMERA.gap_max;
/// An incident may be told later by this part of the time that it takes, because its beginning was seen late.
const LATE_SHARE: u32 = 10;
/// What comes late by no more than this part of it changes nothing: of a dwell of minutes the idle gap is less.
const PROMPT_SHARE: u32 = 20;
/// Half the time for which one that passes is beside something, or in a zone: about the shortest of the
/// stories.
const PASSES: Duration = Duration::from_secs(1);
/// Who is who, of what stands, and whether it stands: two thirds of the time for which a thing that was
/// lost is waited for in any case. At that time itself, one car that follows another is taken for it.
const STANDS: Duration = Duration::from_secs(2);
/// Who rides what.
const RIDES: Duration = Duration::from_secs(1);
/// Before what is due, for looks to become dense and to have seen what counts.
const AHEAD: Duration = Duration::from_secs(5);

/// How closely a rule must look now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scrutiny {
    /// Nothing is there that it means, and it remembers nothing.
    Idle,
    /// All that is there is where it was when it was told: only its end is waited for.
    Told,
    /// Something is there.
    Busy,
    /// Something is about to come about, or it hangs on each look what becomes of it.
    Close,
}

/// The longest gaps between looks that a rule bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bears {
    /// While nothing is there that it means: what comes is seen late by so much.
    pub idle: Duration,
    /// While something that it means is on its way to its zone; the idle gap where it makes no difference when that is
    /// seen to have come.
    pub approach: Duration,
    /// While all that is there has been told, and only its end is waited for.
    pub told: Duration,
    /// While something is there.
    pub busy: Duration,
    /// When something is about to come about: its own rate.
    pub close: Duration,
    /// So long before something comes about looks are to be close.
    pub(super) ahead: Duration,
}

impl Bears {
    /// What a rule bears by its program. Where events wait for older ones (`lateness`) its state is behind, so it is
    /// not known what it bears now.
    pub fn of(rule: &Rule, lateness: Duration) -> Self {
        let close = Duration::from_secs_f32(1.0 / rule.look_hz.max(f32::EPSILON));
        if !lateness.is_zero() {
            return Self {
                idle: close,
                approach: close,
                told: close,
                busy: close,
                close,
                ahead: Duration::ZERO,
            };
        }
        let within = |gap: Duration| gap.min(GAP_MAX).max(close);
        let program = &rule.program;
        let trigger = fold(program, rule.look_hz);
        let moves = program.things.iter().map(motion).min().unwrap_or(GAP_MAX);
        let identity = match program.scope {
            Scope::Each { identity: Identity::Place, .. } => STANDS,
            // Who moves is somebody else at the next rare look.
            Scope::Each { identity: Identity::Track, .. } => Duration::ZERO,
            Scope::Zone { .. } => GAP_MAX,
        };
        let busy = within(trigger.busy.min(moves).min(identity));
        let queue = program.conditions.iter().any(|c| matches!(c.test, Test::Queue { .. }));
        let idle = within(trigger.passes.min(trigger.takes / LATE_SHARE).min(moves));
        let enters = program.things.iter().any(Thing::is_of_zone);
        let prompt = enters && idle * PROMPT_SHARE > trigger.takes;
        // Who is who no longer decides when it is told; what else comes is as new as on an empty street.
        let told = match program.scope {
            Scope::Each { identity: Identity::Place, .. } => {
                busy.max(idle.min(within(trigger.busy.min(moves))))
            }
            _ => busy,
        };
        Self {
            idle,
            approach: if prompt { idle.min(busy) } else { idle },
            told,
            busy,
            close,
            ahead: if queue { PASSED_KEEP + AHEAD } else { busy * 2 + close },
        }
    }

    /// Does it look more closely when something comes?
    pub fn minds_what_comes(&self) -> bool {
        self.approach < self.idle
    }

    /// The gap that it bears now.
    pub fn gap(&self, scrutiny: Scrutiny) -> Duration {
        match scrutiny {
            Scrutiny::Idle => self.idle,
            Scrutiny::Told => self.told,
            Scrutiny::Busy => self.busy,
            Scrutiny::Close => self.close,
        }
    }
}

/// What a condition bears.
#[derive(Clone, Copy)]
struct Folded {
    /// The shortest time that it takes to hold, from the first look at what it is about.
    takes: Duration,
    /// With looks no rarer than this, what it must see is seen.
    passes: Duration,
    /// With looks no rarer than this, what was seen is judged as with more.
    busy: Duration,
}

impl Folded {
    /// Of what no look is needed for, or takes nothing to be seen.
    const ALWAYS: Self = Self { takes: Duration::ZERO, passes: GAP_MAX, busy: GAP_MAX };

    fn and(self, other: Self) -> Self {
        Self { takes: self.takes.max(other.takes), ..self.or(other) }
    }

    fn or(self, other: Self) -> Self {
        Self {
            takes: self.takes.min(other.takes),
            passes: self.passes.min(other.passes),
            busy: self.busy.min(other.busy),
        }
    }

    /// What rests on it lasts for this long at least.
    fn lasts(self, time: Duration) -> Self {
        // What is over in a moment, such as the crossing of a line, does not last.
        let lasting = if self.passes.is_zero() { Duration::ZERO } else { time / 2 };
        Self { takes: self.takes + time, passes: self.passes.max(lasting), ..self }
    }

    fn busy(self, gap: Duration) -> Self {
        Self { busy: self.busy.min(gap), ..self }
    }
}

/// What the trigger bears.
fn fold(program: &Program, look_hz: f32) -> Folded {
    let mut folded: Vec<Folded> = Vec::with_capacity(program.conditions.len());
    for condition in &program.conditions {
        let of = condition_bears(program, &condition.test, &folded, look_hz);
        folded.push(of);
    }
    folded[program.trigger]
}

fn condition_bears(program: &Program, test: &Test, folded: &[Folded], look_hz: f32) -> Folded {
    let pace = Pace::CAMERA;
    match test {
        // The subject itself is there for as long as what is asked of it takes.
        Test::Is(thing) if matches!(program.scope, Scope::Each { .. }) => {
            seen(program, *thing, GAP_MAX)
        }
        Test::Is(thing) | Test::Count { thing, .. } | Test::Share { thing, .. } => {
            seen(program, *thing, PASSES)
        }
        Test::Value { .. } | Test::Camera(_) | Test::Light(_) | Test::Queue { .. } => {
            Folded::ALWAYS
        }
        Test::All(list) => list.iter().fold(Folded::ALWAYS, |all, i| all.and(folded[*i])),
        Test::Some(list) => {
            list.iter().map(|i| folded[*i]).reduce(Folded::or).unwrap_or(Folded::ALWAYS)
        }
        // It need not be seen to be there; what is there must be judged.
        Test::Not(of) => Folded::ALWAYS.busy(folded[*of].busy),
        Test::Held { of, duration, grace, lapse, share_min, pause } => {
            let params = HoldParams {
                settle: Duration::ZERO,
                dwell: *duration,
                absence: *grace,
                lapse: (*lapse).min(*grace),
                support_min: *share_min,
                pace,
            };
            let paused = pause.map_or(GAP_MAX, |i| folded[i].busy);
            folded[*of].lasts(*duration).busy(params.bears().min(paused))
        }
        Test::Hits { of, min, looks, grace } => {
            let params = HitsParams { min: *min, looks: *looks, grace: *grace, pace };
            folded[*of].lasts(params.takes(look_hz)).busy(HitsParams::BEARS)
        }
        Test::Sequence { steps, within, grace } => {
            let params = SequenceParams { within: *within, grace: *grace, pace };
            let all = steps.iter().fold(Folded::ALWAYS, |all, i| all.and(folded[*i]));
            all.busy(params.bears(steps.len()).min(all.passes))
        }
        Test::Absent { after, of, duration, grace } => {
            let params = AbsentParams { duration: *duration, grace: *grace, pace };
            let missing = Folded::ALWAYS.lasts(*duration).busy(params.bears());
            missing.busy(folded[*of].busy).and(folded[*after])
        }
        Test::Rate { of, min, within, grace } => {
            let params = RateParams { min: *min, within: *within, grace: *grace, pace };
            let each = Folded { takes: Duration::ZERO, ..folded[*of] };
            each.busy(params.bears().min(each.passes))
        }
    }
}

/// What it takes to see a member of a thing, which is there for two of these gaps at least.
fn seen(program: &Program, thing: ThingIx, gap: Duration) -> Folded {
    let of = &program.things[thing];
    let rides = of.relations.iter().any(|r| !matches!(r.kind, RelationKind::Beside(_)));
    let passes = if motion(of).is_zero() {
        Duration::ZERO
    } else if of.relations.iter().any(|r| r.min > 0) {
        PASSES
    } else {
        gap
    };
    Folded { passes, busy: if rides { RIDES } else { GAP_MAX }, ..Folded::ALWAYS }
}

/// What it takes to see how it moves.
fn motion(thing: &Thing) -> Duration {
    let way = thing.heading.is_some() || thing.crossing.is_some() || thing.speed_min_mps.is_some();
    match thing.motion {
        _ if way => Duration::ZERO,
        Some(Motion::Standing | Motion::Moving) => STANDS,
        None => GAP_MAX,
    }
}
