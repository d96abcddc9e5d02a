//! A subject moves in the zone against the allowed direction, at least `travel_min` far.
//!
//! Travel is measured over the path of a track's box centre, in heights of the frame, so that a
//! wide picture does not stretch it. The heading is that of the last piece of the path that is
//! long enough; jitter of a standing thing never is.

use super::hold::{AWAY_MAX, LOOK_GAP_MAX, Phase};
use super::{Look, SUBJECTS_MAX, Signal, SubjectKey, ending, same_kind, subject};
use crate::id::TrackId;
use crate::incident::Subject;
use crate::observe::Object;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Most points of a path kept; at 5 Hz more than 12 s.
const PATH_MAX: usize = 64;
/// A path is forgotten beyond this: slower than `travel_min` in it is not driving.
const PATH_SPAN_MAX: Duration = Duration::from_secs(12);
/// A broken track goes on in a new one that begins so near to where it was heading, in heights of
/// the frame.
const REJOIN_DISTANCE_MAX: f32 = 0.15;

/// Memory of the rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WrongWay {
    next_key: SubjectKey,
    movers: Vec<Mover>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Mover {
    key: SubjectKey,
    /// Who it is, while we know.
    track: Option<TrackId>,
    /// Oldest first: when, and where in heights of the frame.
    path: VecDeque<(Timestamp, [f32; 2])>,
    phase: Phase,
    first_wrong: Timestamp,
    /// When it was last in view; once it has fired, when it last drove the wrong way.
    last: Timestamp,
    looked: Timestamp,
    /// For how long it has not been in view; once it has fired, not been driving the wrong way.
    absent: Duration,
    latest: Subject,
}

impl WrongWay {
    pub(super) fn step(
        &mut self,
        look: Look<'_>,
        allowed_deg: f32,
        tolerance_deg: f32,
        travel_min: f32,
    ) -> Vec<Signal> {
        let mut signals = Vec::new();
        let mut seen = vec![false; self.movers.len()];
        let mut matters = seen.clone();
        for object in look.objects().filter(|o| look.zone.contains(o.bbox.ground())) {
            let at = point(&look, object);
            let Some(i) = self.mover_for(&look, object, at, &seen) else { continue };
            seen.resize(self.movers.len(), false);
            matters.resize(self.movers.len(), false);
            seen[i] = true;
            let mover = &mut self.movers[i];
            mover.go(look.at(), at, object);
            let wrong = |far: f32| mover.wrong_since(allowed_deg, tolerance_deg, far);
            let (begun, done) = (wrong(travel_min / 2.0), wrong(travel_min));
            mover.report(begun, done, &mut signals);
            matters[i] = mover.keep(look.at(), begun.is_some());
        }
        self.forget(&look, &matters, &mut signals);
        signals
    }

    pub(super) fn suspend(&mut self) -> Vec<Signal> {
        self.movers.drain(..).filter_map(|m| ending(m.key, m.phase, m.last)).collect()
    }

    pub(super) fn forget_tracks(&mut self) {
        self.movers.iter_mut().for_each(|mover| mover.track = None);
    }

    /// The mover of this track, or one that fired and was lost near here, or a new one while there
    /// is room.
    fn mover_for(
        &mut self,
        look: &Look<'_>,
        object: &Object,
        at: [f32; 2],
        seen: &[bool],
    ) -> Option<usize> {
        if let Some(i) = self.movers.iter().position(|m| m.track == Some(object.track)) {
            return Some(i);
        }
        let free = |i: &usize| !seen.get(*i).copied().unwrap_or(false);
        let rejoin = (0..self.movers.len()).filter(free).find(|&i| {
            let m = &self.movers[i];
            let expected = m.expected_at(look.at());
            let near = expected.is_some_and(|p| distance(p, at) <= REJOIN_DISTANCE_MAX);
            let in_view = look.observation.objects.iter().any(|o| Some(o.track) == m.track);
            !in_view && m.phase == Phase::Fired && near && same_kind(&m.latest.class, &object.class)
        });
        if let Some(i) = rejoin {
            self.movers[i].track = Some(object.track);
            return Some(i);
        }
        if self.movers.len() < SUBJECTS_MAX {
            let mover = self.newcomer(look, object);
            self.movers.push(mover);
            return Some(self.movers.len() - 1);
        }
        // One that is out of view and of which nothing has come makes room.
        let i = (0..seen.len()).find(|i| !seen[*i] && self.movers[*i].phase == Phase::New)?;
        self.movers[i] = self.newcomer(look, object);
        Some(i)
    }

    fn newcomer(&mut self, look: &Look<'_>, object: &Object) -> Mover {
        let key = self.next_key;
        self.next_key += 1;
        Mover {
            key,
            track: Some(object.track),
            path: VecDeque::with_capacity(8),
            phase: Phase::New,
            first_wrong: look.at(),
            last: look.at(),
            looked: look.at(),
            absent: Duration::ZERO,
            latest: subject(object),
        }
    }

    fn forget(&mut self, look: &Look<'_>, matters: &[bool], signals: &mut Vec<Signal>) {
        let mut i = 0;
        self.movers.retain_mut(|m| {
            let here = matters.get(i).copied().unwrap_or(false);
            i += 1;
            let away = look.at().since(m.looked) > AWAY_MAX;
            let gap = look.at().since(m.looked).min(LOOK_GAP_MAX);
            m.looked = look.at();
            m.absent = if here { Duration::ZERO } else { m.absent + gap };
            let over = away || m.absent > look.rule.absence;
            if over {
                signals.extend(ending(m.key, m.phase, m.last));
            }
            !over
        });
    }
}

impl Mover {
    fn go(&mut self, at: Timestamp, place: [f32; 2], object: &Object) {
        self.latest = subject(object);
        while self.path.len() >= PATH_MAX
            || self.path.front().is_some_and(|(t, _)| at.since(*t) > PATH_SPAN_MAX)
        {
            self.path.pop_front();
        }
        self.path.push_back((at, place));
    }

    /// Takes note of when it last mattered; does it matter now?
    fn keep(&mut self, at: Timestamp, wrong: bool) -> bool {
        let matters = wrong || self.phase != Phase::Fired;
        if matters {
            self.last = at;
        }
        matters
    }

    /// Where it is at `at` if it goes on as it did.
    fn expected_at(&self, at: Timestamp) -> Option<[f32; 2]> {
        let (newest, here) = *self.path.back()?;
        let Some((before, there)) = self.path.iter().rev().nth(1) else { return Some(here) };
        let step_secs = newest.since(*before).as_secs_f32();
        if step_secs <= 0.0 {
            return Some(here);
        }
        let steps = at.since(newest).as_secs_f32() / step_secs;
        Some([0, 1].map(|i| here[i] + steps * (here[i] - there[i])))
    }

    /// When the newest piece of path of length `far` began, if its heading is wrong.
    fn wrong_since(&self, allowed_deg: f32, tolerance_deg: f32, far: f32) -> Option<Timestamp> {
        let (_, here) = *self.path.back()?;
        let (since, there) =
            self.path.iter().rev().find(|(_, p)| distance(*p, here) >= far.max(f32::EPSILON))?;
        let heading = (here[1] - there[1]).atan2(here[0] - there[0]).to_degrees();
        (angle_between(heading, allowed_deg) > tolerance_deg).then_some(*since)
    }

    fn report(
        &mut self,
        begun: Option<Timestamp>,
        done: Option<Timestamp>,
        signals: &mut Vec<Signal>,
    ) {
        let subjects = vec![self.latest.clone()];
        match (self.phase, begun, done) {
            (Phase::Fired, Some(_), _) => {
                signals.push(Signal::Continues { key: self.key, subjects });
            }
            (Phase::New | Phase::Settled, _, Some(since)) => {
                let first_seen =
                    if self.phase == Phase::Settled { self.first_wrong.min(since) } else { since };
                self.phase = Phase::Fired;
                signals.push(Signal::Fired { key: self.key, first_seen, subjects });
            }
            (Phase::New, Some(since), None) => {
                self.phase = Phase::Settled;
                self.first_wrong = since;
                signals.push(Signal::Began(self.key));
            }
            (Phase::Settled, None, None) => {
                self.phase = Phase::New;
                signals.push(Signal::Lapsed(self.key));
            }
            _ => {}
        }
    }
}

/// Centre of the box in heights of the frame.
fn point(look: &Look<'_>, object: &Object) -> [f32; 2] {
    let [width, height] = look.observation.size_px;
    let aspect = if height == 0 { 1.0 } else { width as f32 / height as f32 };
    let centre = object.bbox.centre();
    [centre.x * aspect, centre.y]
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// 0 to 180 degrees.
fn angle_between(a_deg: f32, b_deg: f32) -> f32 {
    let d = (a_deg - b_deg).rem_euclid(360.0);
    d.min(360.0 - d)
}
