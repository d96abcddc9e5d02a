//! Pictures that are late: what is said does not wait for them, is said once more with them, and is otherwise
//! what would have been said had they been prompt.

use crate::support::{KERB, name, one_camera};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use viahe_contract::id::{CaptureId, IncidentId, TrackId};
use viahe_contract::message::{EvidenceState, State};
use viahe_core::engine::{Capture, Effect, Engine, Event};
use viahe_core::frame::FrameStamp;
use viahe_core::incident::Revision;
use viahe_core::observe::{Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::random::SplitMix64;
use viahe_core::scenario::picture;
use viahe_core::time::{ClockSource, Timestamp};

/// A kerb with dwells that are shorter than some pictures take.
fn plan(camera: &str) -> Arc<Plan> {
    let rest = format!(
        r#"
        {KERB}
        [[camera.rule]]
        id = "rule"
        use = "illegal-parking"
        classes = ["vehicle"]
        zone = "kerb"
        dwell_secs = 5
        absence_secs = 5
        "#
    );
    one_camera(camera, &rest)
}

/// Vehicles come to three places and go, a look a second.
fn street(random: &mut SplitMix64) -> Vec<Event> {
    let mut stands: [(u64, u64); 3] = [(0, 0); 3];
    (0..120u64)
        .map(|second| {
            for (until, from) in &mut stands {
                if second >= *until + 12 && random.draw().is_multiple_of(6) {
                    (*from, *until) = (second, second + 2 + random.draw() % 25);
                }
            }
            let there = (0u8..).zip(&stands).filter(|(_, (until, _))| second < *until);
            let objects = there.map(|(place, (_, from))| {
                let left = 0.1 + 0.3 * f32::from(place);
                Object {
                    track: TrackId(from * 3 + u64::from(place)),
                    class: "vehicle.car".try_into().unwrap(),
                    confidence: 0.8.try_into().unwrap(),
                    bbox: [left, 0.4, left + 0.2, 0.6].try_into().unwrap(),
                }
            });
            let at = Timestamp::from_secs(1_000_000 + second);
            let (clock, offset_ms) = (ClockSource::Recording, 0);
            let frame = FrameStamp { seq: second, captured: at, arrived: at, clock, offset_ms };
            let (camera, objects) = (name("cam"), objects.collect());
            Event::Observed(Observation {
                camera,
                frame,
                size_px: [1000, 500],
                objects,
                undecided: Vec::new(),
            })
        })
        .collect()
}

/// An engine, and whoever takes its pictures.
struct Box {
    plan: Arc<Plan>,
    engine: Engine,
    /// Those that are on their way: looks until they come, and until they are late.
    asked: VecDeque<(Capture, u64, u64)>,
    said: Vec<Revision>,
}

impl Box {
    fn new(plan: &Arc<Plan>) -> Self {
        let engine = Engine::new(Arc::clone(plan));
        Self { plan: Arc::clone(plan), engine, asked: VecDeque::new(), said: Vec::new() }
    }

    fn apply(&mut self, event: Event, takes: &mut impl FnMut() -> u64) {
        for effect in self.engine.apply(event) {
            match effect {
                Effect::Capture(capture) => self.asked.push_back((capture, takes(), 1)),
                Effect::Discard(id) => self.asked.retain(|(capture, ..)| capture.id != id),
                Effect::Publish(revision) => self.said.push(*revision),
                _ => {}
            }
        }
    }

    /// One look more has passed.
    fn pass(&mut self, takes: &mut impl FnMut() -> u64) {
        for (capture, left, patience) in std::mem::take(&mut self.asked) {
            let id = capture.id;
            if left == 0 {
                let evidence = Some(picture(&capture));
                self.apply(Event::Captured { capture: id, evidence }, takes);
            } else {
                if patience == 0 {
                    self.apply(Event::Late { capture: id }, takes);
                }
                self.asked.push_back((capture, left - 1, patience.saturating_sub(1)));
            }
        }
    }

    /// Saved and restored; pictures are still on their way.
    fn restart(&mut self) {
        self.engine = Engine::restore(Arc::clone(&self.plan), &self.engine.save()).unwrap().0;
    }
}

/// What is said of each incident.
fn by_incident(said: &[Revision]) -> BTreeMap<IncidentId, Vec<Revision>> {
    let mut all: BTreeMap<IncidentId, Vec<Revision>> = BTreeMap::new();
    for revision in said {
        all.entry(revision.incident.clone()).or_default().push(revision.clone());
    }
    all
}

/// Without what only shows pictures, and without pictures.
fn words(said: &[Revision]) -> Vec<Revision> {
    let news = said.iter().filter(|r| r.evidence_state != EvidenceState::Added);
    (1..)
        .zip(news)
        .map(|(revision, r)| Revision {
            revision,
            evidence: Vec::new(),
            evidence_state: EvidenceState::Complete,
            ..r.clone()
        })
        .collect()
}

/// Only pictures are new in what only shows pictures, and a promise is kept by what comes next at last.
fn check_promises(said: &[Revision]) {
    let numbers: Vec<u32> = said.iter().map(|r| r.revision).collect();
    assert_eq!(numbers, (1..=said.len() as u32).collect::<Vec<_>>());
    for pair in said.windows(2) {
        if pair[1].evidence_state == EvidenceState::Added {
            assert_eq!(pair[0].evidence_state, EvidenceState::Awaited);
            assert_eq!(words(&pair[..1])[0], {
                let again = Revision { evidence_state: EvidenceState::Complete, ..pair[1].clone() };
                words(&[again])[0].clone()
            });
        }
    }
    assert_ne!(said.last().unwrap().evidence_state, EvidenceState::Awaited, "{said:#?}");
}

#[test]
fn late_pictures_follow_and_change_no_word() {
    let plan = plan("cam");
    let (mut followed, mut said) = (0, 0);
    for seed in 0..60 {
        println!("seed {seed}");
        let mut random = SplitMix64::new(seed);
        let events = street(&mut random);
        let run = |takes: &mut dyn FnMut() -> u64, cuts: &mut SplitMix64| {
            let mut it = Box::new(&plan);
            let mut takes = || takes();
            for event in events.iter().cloned() {
                if cuts.draw().is_multiple_of(10) {
                    it.restart();
                }
                it.apply(event, &mut takes);
                it.pass(&mut takes);
            }
            while !it.asked.is_empty() {
                it.pass(&mut takes);
            }
            by_incident(&it.said)
        };
        let prompt = run(&mut || 0, &mut SplitMix64::new(1));
        let mut delays = SplitMix64::new(seed);
        let late = run(&mut || delays.draw() % 9, &mut random);
        assert!(late.keys().eq(prompt.keys()));
        for (late, prompt) in late.values().zip(prompt.values()) {
            check_promises(late);
            assert_eq!(words(late), words(prompt));
            let shown = |said: &[Revision]| said.last().map(|last| last.evidence.clone());
            assert_eq!(shown(late), shown(prompt));
            followed += late.len() - prompt.len();
            said += prompt.len();
        }
    }
    assert!(said > 200 && followed > 50, "{said} {followed}");
}

/// A car stands and is told of; its pictures are late. Also that with which its end is told.
fn told_without_pictures(it: &mut Box, until_gone: bool) {
    let mut never = || u64::MAX;
    for second in 0..if until_gone { 40 } else { 15 } {
        let there = second < 15;
        let car = Object {
            track: TrackId(1),
            class: "vehicle.car".try_into().unwrap(),
            confidence: 0.8.try_into().unwrap(),
            bbox: [0.1, 0.4, 0.3, 0.6].try_into().unwrap(),
        };
        let at = Timestamp::from_secs(1_000_000 + second);
        let (clock, offset_ms) = (ClockSource::Recording, 0);
        let frame = FrameStamp { seq: second, captured: at, arrived: at, clock, offset_ms };
        let (camera, objects) = (name("cam"), if there { vec![car] } else { Vec::new() });
        let look =
            Observation { camera, frame, size_px: [1000, 500], objects, undecided: Vec::new() };
        it.apply(Event::Observed(look), &mut never);
        it.pass(&mut never);
    }
    it.pass(&mut never);
    it.pass(&mut never);
}

fn said(it: &Box) -> Vec<(u32, State, EvidenceState, usize)> {
    let of = |r: &Revision| (r.revision, r.state, r.evidence_state, r.evidence.len());
    it.said.iter().map(of).collect()
}

const NO: EvidenceState = EvidenceState::Awaited;
const NOW: EvidenceState = EvidenceState::Added;

/// Whoever was promised pictures is told when they are lost.
#[test]
fn lost_pictures_end_the_waiting_once() {
    let plan = plan("cam");
    for until_gone in [false, true] {
        let mut it = Box::new(&plan);
        told_without_pictures(&mut it, until_gone);
        it.restart();
        let awaited: Vec<CaptureId> = it.engine.awaited().collect();
        for capture in awaited {
            it.apply(Event::Captured { capture, evidence: None }, &mut || 0);
        }
        let mut want = vec![(1, State::Open, NO, 0)];
        want.push(if until_gone { (2, State::Closed, NO, 0) } else { (2, State::Open, NOW, 0) });
        want.extend(until_gone.then_some((3, State::Closed, NOW, 0)));
        assert_eq!(said(&it), want);
        assert_eq!(it.engine.incidents().count(), usize::from(!until_gone));
        // Late again, or there after all: nobody waits.
        it.apply(Event::Late { capture: CaptureId(0) }, &mut || 0);
        assert_eq!(said(&it).len(), want.len());
    }
}

/// The rule goes while its pictures are awaited: what was promised is not awaited for ever.
#[test]
fn a_rule_that_goes_keeps_its_promises() {
    let plan = plan("cam");
    for until_gone in [false, true] {
        let mut it = Box::new(&plan);
        told_without_pictures(&mut it, until_gone);
        let before = it.said.len();
        for effect in it.engine.reload(self::plan("other")) {
            if let Effect::Publish(revision) = effect {
                it.said.push(*revision);
            }
        }
        let last = if until_gone { NOW } else { EvidenceState::Complete };
        let number = before as u32 + 1;
        assert_eq!(said(&it)[before..], [(number, State::Closed, last, 0)], "{until_gone}");
        assert_eq!(it.engine.incidents().count(), 0);
    }
}

#[test]
fn a_word_waits_no_longer_than_for_its_last_picture() {
    let mut it = Box::new(&plan("cam"));
    let mut never = || u64::MAX;
    told_without_pictures(&mut it, false);
    assert_eq!(said(&it), [(1, State::Open, NO, 0)]);
    let asked = std::mem::take(&mut it.asked);
    let last = asked.len() - 1;
    for (i, (capture, ..)) in asked.into_iter().enumerate() {
        let evidence = Some(picture(&capture));
        it.apply(Event::Captured { capture: capture.id, evidence }, &mut never);
        assert_eq!(said(&it).len(), if i < last { 1 } else { 2 });
    }
    assert_eq!(said(&it)[1], (2, State::Open, NOW, 2));
    assert_eq!(it.said[1].updated, it.said[0].updated);
}
