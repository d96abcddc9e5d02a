//! A camera that is looked at only as the engine says that its rules need.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use viahe_core::attention::Need;
use viahe_core::engine::{Effect, Engine, Event};
use viahe_core::geometry::UnitBox;
use viahe_core::id::TrackId;
use viahe_core::incident::Revision;
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::sampler::Sampler;
use viahe_core::scenario::picture;
use viahe_core::time::Timestamp;

/// Beyond the longest gap that is borne by so much a rate still counts as kept: it is never exact.
const TOLERANCE: u32 = 10;
/// After a longer gap a tracker does not find again what has left its place.
const TRACKED: Duration = Duration::from_millis(1500);

/// Which frames there are to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Frames {
    /// All that are decoded: key frames so far apart where they are enough, and every one where not.
    Keys(Duration),
    /// Those that come as late as they may.
    Latest,
    /// All, looked at so much later than another camera would.
    Later(Duration),
}

/// When a tracker tells of a thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Believes {
    AtFirstSight,
    /// Until then it is undecided.
    WhenSeenAgain,
}

/// What came of it.
pub(crate) struct Told {
    pub(crate) said: Vec<Revision>,
    pub(crate) looks: u64,
    /// When.
    pub(crate) looked: Vec<Timestamp>,
    /// Frames that were decoded.
    pub(crate) decoded: u64,
}

struct Feed {
    frames: Frames,
    start: Timestamp,
    /// Between two frames.
    frame: Duration,
    sampler: Sampler,
    need: Need,
    looked: Option<Timestamp>,
    /// What the tracker calls things, and where it saw them last.
    names: BTreeMap<TrackId, (TrackId, UnitBox)>,
    next_name: u64,
    believes: Believes,
    /// Names of what was seen.
    seen: BTreeSet<TrackId>,
}

/// Tells an engine of a camera's frames those that it asks for, and anything else as it comes. `events` are
/// in order, with ticks.
pub(crate) fn told(plan: &Arc<Plan>, events: &[Event], frames: Frames) -> Told {
    told_of(plan, events, frames, Believes::AtFirstSight)
}

/// The same by such a tracker.
pub(crate) fn told_of(
    plan: &Arc<Plan>,
    events: &[Event],
    frames: Frames,
    believes: Believes,
) -> Told {
    let mut engine = Engine::new(Arc::clone(plan));
    let mut told = Told { said: Vec::new(), looks: 0, looked: Vec::new(), decoded: 0 };
    let mut times = events.iter().filter(|e| matches!(e, Event::Observed(_))).filter_map(Event::at);
    let start = times.next();
    let frame = start.zip(times.next()).map(|(a, b)| b.since(a));
    let mut feed = Feed {
        frames,
        start: start.unwrap_or_default(),
        frame: frame.unwrap_or_default(),
        sampler: sampler(plan, frames, start.unwrap_or_default()),
        need: Need::NONE,
        looked: None,
        names: BTreeMap::new(),
        next_name: 1_000_000,
        believes,
        seen: BTreeSet::new(),
    };
    for event in events {
        let at = event.at().unwrap_or_default();
        let mut event = event.clone();
        if let Event::Observed(observation) = &mut event {
            if !feed.is_decoded(at) {
                continue;
            }
            told.decoded += 1;
            if !feed.looks(at) {
                continue;
            }
            told.looks += 1;
            told.looked.push(at);
            feed.track(at, observation);
        }
        let effects = engine.apply(event);
        carry_out(&mut engine, effects, &mut told.said, |need| feed.attend(need, at));
    }
    let last = engine.finish();
    carry_out(&mut engine, last, &mut told.said, |_| {});
    told
}

fn carry_out(
    engine: &mut Engine,
    effects: Vec<Effect>,
    said: &mut Vec<Revision>,
    mut attend: impl FnMut(Need),
) {
    let mut todo = VecDeque::from(effects);
    while let Some(effect) = todo.pop_front() {
        match effect {
            Effect::Capture(capture) => {
                let evidence = Some(picture(&capture));
                todo.extend(engine.apply(Event::Captured { capture: capture.id, evidence }));
            }
            Effect::Publish(revision) => said.push(*revision),
            Effect::Attend { attention, .. } => attend(attention.need),
            _ => {}
        }
    }
}

/// On the grid of a camera that has looked always, whose next look would be at `start`.
fn sampler(plan: &Plan, frames: Frames, start: Timestamp) -> Sampler {
    let mut sampler = Sampler::new(plan.cameras[0].analyse_hz);
    let later = if let Frames::Later(by) = frames { by } else { Duration::ZERO };
    let period = sampler.period().unwrap_or_default();
    sampler.take(Timestamp(start.plus(later).0 - period.as_nanos() as u64));
    sampler.set_hz(0.0, start);
    sampler
}

impl Feed {
    fn attend(&mut self, need: Need, at: Timestamp) {
        self.need = need;
        self.sampler.set_hz(need.looks_hz, at);
    }

    fn is_decoded(&mut self, at: Timestamp) -> bool {
        if self.need == Need::NONE {
            return false;
        }
        let Frames::Keys(every) = self.frames else { return true };
        let gap = Duration::from_millis(u64::from(self.need.gap_max_ms));
        let enough = every <= gap + gap / TOLERANCE;
        self.sampler.set_slack(if enough { every / 2 } else { Duration::ZERO });
        !enough || at.since(self.start).as_nanos().is_multiple_of(every.as_nanos())
    }

    fn looks(&mut self, at: Timestamp) -> bool {
        let looks = match self.frames {
            Frames::Keys(_) | Frames::Later(_) => self.sampler.is_due(at),
            Frames::Latest => {
                let gap = Duration::from_millis(u64::from(self.need.gap_max_ms));
                let next = at.plus(self.frame);
                !gap.is_zero() && self.looked.is_none_or(|looked| next.since(looked) > gap)
            }
        };
        if looks {
            self.sampler.take(at);
        }
        looks
    }

    /// Names things as a tracker does that saw no frames in between.
    fn track(&mut self, at: Timestamp, observation: &mut Observation) {
        let rare = self.looked.replace(at).is_some_and(|looked| at.since(looked) > TRACKED);
        for object in &mut observation.objects {
            let known = self.names.get(&object.track).copied();
            let name = match known {
                Some((name, seen)) if !rare || seen.iou(&object.bbox) > 0.0 => name,
                None if !rare => object.track,
                _ => {
                    self.next_name += 1;
                    TrackId(self.next_name)
                }
            };
            self.names.insert(object.track, (name, object.bbox));
            object.track = name;
        }
        if self.believes == Believes::WhenSeenAgain {
            let Observation { objects, undecided, .. } = observation;
            *undecided = objects.extract_if(.., |object| self.seen.insert(object.track)).collect();
        }
    }
}

/// Each event at its time, with a tick every second.
pub(crate) fn ticking(events: Vec<Event>, from: Timestamp, to: Timestamp) -> Vec<Event> {
    let secs = to.since(from).as_secs();
    let ticks = (0..=secs).map(|s| Event::Tick(from.plus(Duration::from_secs(s))));
    let mut all: Vec<(Timestamp, u8, Event)> =
        events.into_iter().map(|e| (e.at().unwrap_or_default(), 0, e)).collect();
    all.extend(ticks.map(|tick| (tick.at().unwrap_or_default(), 1, tick)));
    all.sort_by_key(|(at, rank, _)| (*at, *rank));
    all.into_iter().map(|(_, _, event)| event).collect()
}
