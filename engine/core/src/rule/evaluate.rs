//! One pass over a program's conditions at one look.

use super::look::Look;
use super::measure;
use super::select::Members;
use super::temporal::{
    Absent, AbsentParams, Around, Hits, HitsParams, Hold, HoldParams, Hysteresis, Level, Phase,
    Queue, Rate, RateParams, Sequence, SequenceParams, Step, Thresholds,
};
use crate::geometry::{UnitBox, UnitPoint};
use crate::plan::program::{Program, Test};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A subject whose own track was seen to leave is missing only for so long.
const LEFT_ABSENCE: Duration = Duration::from_secs(15);
/// Traffic so near, in heights of the taller box, is around a subject.
const QUEUE_NEAR: f32 = 2.0;
/// What came to rest within so long of a subject stopped for the same reason.
pub(super) const QUEUE_TOGETHER: Duration = Duration::from_secs(45);
/// So many that stopped together in the zone are a queue; beside it, in the lane, one is enough.
const QUEUE_IN_ZONE_MIN: usize = 3;

/// What a condition remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Memory {
    /// Nothing.
    #[default]
    None,
    Held(Option<Hold>),
    Hits(Hits),
    Sequence(Sequence),
    Absent(Absent),
    Rate(Rate),
    Hysteresis(Hysteresis),
    Queue(Queue),
}

/// The memories of a program that has seen nothing.
pub(super) fn fresh(program: &Program) -> Vec<Memory> {
    let memory = |test: &Test| match test {
        Test::Held { .. } => Memory::Held(None),
        Test::Hits { .. } => Memory::Hits(Hits::default()),
        Test::Sequence { .. } => Memory::Sequence(Sequence::default()),
        Test::Absent { .. } => Memory::Absent(Absent::default()),
        Test::Rate { .. } => Memory::Rate(Rate::default()),
        Test::Value { .. } => Memory::Hysteresis(Hysteresis::default()),
        Test::Queue { .. } => Memory::Queue(Queue::default()),
        _ => Memory::None,
    };
    program.conditions.iter().map(|c| memory(&c.test)).collect()
}

/// A subject as a look finds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    /// Its object; none when it was not seen.
    pub(super) object: Option<usize>,
    /// Of which things it is a member.
    pub(super) mask: u32,
    /// Of which things it half is: see [`Members::half`].
    pub(super) half: u32,
    /// Where it is, or was last.
    pub(super) bbox: UnitBox,
    /// Since when it has been where it is.
    pub(super) since: Timestamp,
    /// Its track was seen to leave.
    pub(super) left: bool,
}

/// Evaluates conditions in order. With a `sighting`, those that depend on the subject; without,
/// the others. `levels` holds what is known of all conditions so far.
pub(super) fn evaluate(
    look: &Look<'_>,
    members: &Members,
    sighting: Option<&Sighting>,
    memories: &mut [Memory],
    levels: &mut [Level],
) {
    let program = &look.rule.program;
    for (i, condition) in program.conditions.iter().enumerate() {
        if look.personal[i] == sighting.is_some() {
            let at = look.at;
            let level = match sighting {
                Some(sighting) if !condition.test.is_temporal() => {
                    personal(look, members, sighting, &condition.test, &mut memories[i], levels)
                }
                _ => instant(look, members, &condition.test, &mut memories[i], levels),
            };
            levels[i] = match (level, &memories[i]) {
                (Some(level), _) => level,
                // Who is with a thing that is not seen itself cannot be told.
                (None, Memory::Absent(absent)) if sighting.is_some_and(|s| s.object.is_none()) => {
                    absent.level()
                }
                (None, _) => {
                    let left = sighting.is_some_and(|s| s.left);
                    temporal(look, &condition.test, &mut memories[i], levels, left, at)
                }
            };
        }
    }
}

/// A subject stands behind something: its conditions are neither met nor missed, but what hides it
/// is part of the traffic around it.
pub(super) fn pass_hidden(
    look: &Look<'_>,
    members: &Members,
    sighting: &Sighting,
    memories: &mut [Memory],
) {
    for (condition, memory) in look.rule.program.conditions.iter().zip(memories) {
        match (&condition.test, memory) {
            (Test::Queue { among }, Memory::Queue(queue)) => {
                queue.step(look.pace, look.at, &around(look, members, sighting, *among));
            }
            (_, Memory::Held(Some(hold))) => {
                hold.pass_hidden(&look.pace, look.at);
            }
            _ => {}
        }
    }
}

fn yes(at: Timestamp, holds: bool) -> Level {
    if holds { Level::Yes { since: at, last: at } } else { Level::No }
}

/// Tests that depend on the subject and on no other condition's past.
fn personal(
    look: &Look<'_>,
    members: &Members,
    sighting: &Sighting,
    test: &Test,
    memory: &mut Memory,
    levels: &[Level],
) -> Option<Level> {
    match test {
        Test::Is(thing) => {
            let is = |mask: u32| mask >> thing & 1 == 1;
            let since = sighting.object.and_then(|o| members.headed_since(o, *thing));
            let since = since.unwrap_or(look.at);
            Some(if is(sighting.mask) {
                Level::Yes { since, last: look.at }
            } else if is(sighting.half) {
                Level::Pending { since }
            } else {
                Level::No
            })
        }
        Test::Queue { among } => {
            // A state of an earlier version had no memory of it.
            if !matches!(memory, Memory::Queue(_)) {
                *memory = Memory::Queue(Queue::default());
            }
            let Memory::Queue(queue) = memory else { return Some(Level::No) };
            let around = around(look, members, sighting, *among);
            Some(yes(look.at, queue.step(look.pace, look.at, &around)))
        }
        _ => combined(look, test, levels),
    }
}

/// Tests of the zone as a whole that need at most a threshold's memory.
fn instant(
    look: &Look<'_>,
    members: &Members,
    test: &Test,
    memory: &mut Memory,
    levels: &[Level],
) -> Option<Level> {
    let level = match test {
        Test::Is(thing) => yes(look.at, members.count(*thing) > 0),
        Test::Count { thing, min, max } => {
            yes(look.at, (*min..=*max).contains(&members.count(*thing)))
        }
        Test::Share { thing, min } => yes(look.at, occupied(look, members, *thing) >= *min),
        Test::Value { from, above, on, off, .. } => {
            let Memory::Hysteresis(state) = memory else { return Some(Level::No) };
            let lower = look.adjust.thresholds;
            let thresholds = Thresholds { above: *above, on: on * lower, off: off * lower };
            state.step(&thresholds, look.at, look.values.get(*from))
        }
        Test::Camera(states) => {
            yes(look.at, look.trouble.is_some_and(|trouble| states.contains(&trouble)))
        }
        Test::Light(day) => yes(look.at, look.day == Some(*day)),
        _ => return combined(look, test, levels),
    };
    Some(level)
}

fn combined(look: &Look<'_>, test: &Test, levels: &[Level]) -> Option<Level> {
    let all = Level::Yes { since: Timestamp::default(), last: look.at };
    match test {
        Test::All(list) => Some(list.iter().fold(all, |level, i| level.and(levels[*i]))),
        Test::Some(list) => Some(list.iter().fold(Level::No, |level, i| level.or(levels[*i]))),
        Test::Not(of) => Some(yes(look.at, !levels[*of].holds())),
        _ => None,
    }
}

fn temporal(
    look: &Look<'_>,
    test: &Test,
    memory: &mut Memory,
    levels: &[Level],
    left: bool,
    at: Timestamp,
) -> Level {
    let pace = look.pace;
    match (test, memory) {
        (Test::Held { of, duration, grace, lapse, share_min, pause }, Memory::Held(hold)) => {
            let dwell = duration.mul_f32(look.adjust.durations);
            let most = |gap: Duration| if left { gap.min(LEFT_ABSENCE) } else { gap };
            let params = HoldParams {
                settle: look.settle.min(dwell / 2),
                dwell,
                absence: most(*grace),
                lapse: most((*lapse).min(*grace)),
                support_min: *share_min,
                pace,
            };
            let paused = pause.is_some_and(|i| levels[i].holds());
            held(hold, &params, at, levels[*of], paused)
        }
        (Test::Hits { of, min, looks, grace }, Memory::Hits(hits)) => {
            let params = HitsParams { min: *min, looks: *looks, grace: *grace, pace };
            hits.step(&params, at, levels[*of].holds())
        }
        (Test::Sequence { steps, within, grace }, Memory::Sequence(sequence)) => {
            let holds: Vec<bool> = steps.iter().map(|i| levels[*i].holds()).collect();
            let params = SequenceParams { within: *within, grace: *grace, pace };
            sequence.step(&params, at, &holds)
        }
        (Test::Absent { after, of, duration, grace }, Memory::Absent(absent)) => {
            let params = AbsentParams { duration: *duration, grace: *grace, pace };
            absent.step(&params, at, levels[*after].holds(), levels[*of].holds())
        }
        (Test::Rate { of, min, within, grace }, Memory::Rate(rate)) => {
            let params = RateParams { min: *min, within: *within, grace: *grace, pace };
            rate.step(&params, at, levels[*of].holds())
        }
        // Memories are made for their tests, so there is no other pair.
        _ => Level::No,
    }
}

fn held(
    state: &mut Option<Hold>,
    params: &HoldParams,
    at: Timestamp,
    inner: Level,
    paused: bool,
) -> Level {
    // What it rests on may have begun before this look: a path, an inner hold.
    let begin = || {
        let mut hold = Hold::begin_under(params, at);
        hold.first = inner.since().unwrap_or(at);
        hold
    };
    let holds = inner.holds_at(at) || (inner.holds() && !params.absence.is_zero());
    match state {
        None if holds => *state = Some(begin()),
        None => {}
        Some(hold) if paused && holds => hold.pause(at),
        Some(hold) => {
            let step = hold.step(params, at, holds);
            if step == Step::Over {
                *state = holds.then(begin);
            }
        }
    }
    match state {
        Some(hold) if hold.phase == Phase::Fired => {
            Level::Yes { since: hold.first, last: hold.last }
        }
        Some(hold) if hold.phase == Phase::Settled => Level::Pending { since: hold.first },
        _ => Level::No,
    }
}

/// Does traffic around a standing subject stand for the same reason? Those that stopped about
/// when it did, in the lane beside the zone or many of them in it; and who moves beside it.
fn around(look: &Look<'_>, members: &Members, subject: &Sighting, among: usize) -> Around {
    let mut around = Around::default();
    let Some(view) = &look.view else { return around };
    let aspect = view.observation.aspect();
    let near = |a: &UnitBox, b: &UnitBox| gap(a, b, aspect) <= QUEUE_NEAR;
    let (mut in_lane, mut beside, mut further) = (false, Vec::new(), Vec::new());
    for o in members.iter(among).filter(|o| Some(*o) != subject.object) {
        let object = &view.observation.objects[o];
        let Some(path) = view.scene.path(o) else { continue };
        let is_beside = near(&subject.bbox, &object.bbox);
        if path.moving && is_beside {
            around.passing.push(path.who);
        }
        let Some(still) = path.still_since else { continue };
        around.resting.push(path.who);
        let apart = still.since(subject.since).max(subject.since.since(still));
        if !view.zone.contains(object.bbox.ground()) {
            in_lane |= is_beside && apart <= QUEUE_TOGETHER;
        } else if apart <= QUEUE_TOGETHER {
            if is_beside { &mut beside } else { &mut further }.push(&object.bbox);
        }
    }
    // The last one of a row has one neighbour only, and that one has another.
    let next = further.iter().filter(|b| beside.iter().any(|a| near(a, b)));
    around.stands =
        in_lane || (!beside.is_empty() && 1 + beside.len() + next.count() >= QUEUE_IN_ZONE_MIN);
    around
}

/// Distance between two boxes in heights of the taller one.
fn gap(a: &UnitBox, b: &UnitBox, aspect: f32) -> f32 {
    let (a, b) = (a.corners(), b.corners());
    let tall = (a[3] - a[1]).max(b[3] - b[1]).max(f32::EPSILON);
    let apart = |lo: usize, hi: usize| (a[lo] - b[hi]).max(b[lo] - a[hi]).max(0.0);
    measure::distance([apart(0, 2) * aspect, apart(1, 3)], [0.0, 0.0]) / tall
}

/// Share of the zone that members cover with the lower half of their boxes: the upper half of a
/// box shows what is behind.
fn occupied(look: &Look<'_>, members: &Members, thing: usize) -> f32 {
    let Some(view) = &look.view else { return 0.0 };
    let feet: Vec<[f32; 4]> = members
        .iter(thing)
        .map(|o| {
            let [x0, y0, x1, y1] = view.observation.objects[o].bbox.corners();
            [x0, (y0 + y1) * 0.5, x1, y1]
        })
        .collect();
    if feet.is_empty() || view.samples.is_empty() {
        return 0.0;
    }
    let covered = |p: &&UnitPoint| {
        feet.iter().any(|b| (b[0]..=b[2]).contains(&p.x) && (b[1]..=b[3]).contains(&p.y))
    };
    view.samples.iter().filter(covered).count() as f32 / view.samples.len() as f32
}
