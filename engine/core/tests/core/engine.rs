//! The event plane on hand-drawn traces: observations in, incidents out.

use crate::support::{KERB, name, one_camera};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::id::CaptureId;
use viahe_contract::message::{Medium, Moment, State};
use viahe_contract::sha256::Sha256;
use viahe_core::artefact::{Artefact, Span};
use viahe_core::engine::{Capture, Effect, Engine, Event};
use viahe_core::frame::FrameStamp;
use viahe_core::id::TrackId;
use viahe_core::incident::Revision;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};

const DWELL: Duration = Duration::from_secs(20);
const ABSENCE: Duration = Duration::from_mins(1);

/// A camera over a street with one rule of the catalogue.
fn plan(rule: &str) -> Arc<Plan> {
    let rest = format!(
        r#"
        analyse_hz = 2.0
        {KERB}
        [[camera.rule]]
        id = "rule"
        zone = "kerb"
        confidence_min = 0.3
        absence_secs = {}
        {rule}
        "#,
        ABSENCE.as_secs()
    );
    one_camera("cam", &rest)
}

fn parking() -> Arc<Plan> {
    plan("use = \"illegal-parking\"\nclasses = [\"vehicle\"]\ndwell_secs = 20")
}

/// A trace under construction: looks at 2 Hz unless said otherwise.
#[derive(Default)]
struct Trace {
    at_ms: u64,
    events: Vec<Event>,
}

type Seen<'a> = (u64, &'a str, [f32; 4]);

impl Trace {
    fn look(&mut self, objects: &[Seen<'_>]) -> &mut Self {
        let objects = objects
            .iter()
            .map(|(track, class, bbox)| Object {
                track: TrackId(*track),
                class: Class::try_from(*class).unwrap(),
                confidence: 0.8.try_into().unwrap(),
                bbox: (*bbox).try_into().unwrap(),
            })
            .collect();
        let at = Timestamp(1_000_000_000_000_000 + self.at_ms * 1_000_000);
        let frame = FrameStamp {
            seq: self.at_ms,
            captured: at,
            arrived: at,
            offset_ms: 0,
            clock: ClockSource::Recording,
        };
        self.events.push(Event::Observed(Observation {
            camera: name("cam"),
            frame,
            size_px: [1000, 500],
            objects,
            undecided: Vec::new(),
        }));
        self.at_ms += 500;
        self
    }

    fn looks(&mut self, secs: u64, objects: &[Seen<'_>]) -> &mut Self {
        for _ in 0..secs * 2 {
            self.look(objects);
        }
        self
    }

    fn blind(&mut self, secs: u64) -> &mut Self {
        self.at_ms += secs * 1000;
        self
    }
}

fn picture(capture: CaptureId, moment: Moment, seq: u64) -> Artefact {
    Artefact {
        sha256: Sha256::try_from(format!("{seq:064x}")).unwrap(),
        bytes: 1,
        medium: Medium::Jpeg,
        moment,
        span: Span::at(Timestamp(seq)),
        capture,
    }
}

/// Runs the events, answers captures at once, saves and restores before event `cut`.
fn run(plan: &Arc<Plan>, events: &[Event], cut: Option<usize>) -> (Vec<Revision>, Vec<String>) {
    let mut engine = Engine::new(Arc::clone(plan));
    let (mut said, mut log) = (Vec::new(), Vec::new());
    let mut live: BTreeMap<CaptureId, Moment> = BTreeMap::new();
    for (i, event) in events.iter().enumerate() {
        if cut == Some(i) {
            engine = Engine::restore(Arc::clone(plan), &engine.save()).unwrap().0;
        }
        let mut todo: std::collections::VecDeque<_> = engine.apply(event.clone()).into();
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Capture(c) => {
                    live.insert(c.id, c.moment);
                    let evidence = picture(c.id, c.moment, c.seq);
                    todo.extend(
                        engine.apply(Event::Captured { capture: c.id, evidence: Some(evidence) }),
                    );
                }
                Effect::Discard(id) => {
                    let kind = live.remove(&id).expect("only what was captured is discarded");
                    log.push(format!("discard {kind:?}"));
                }
                Effect::Publish(revision) => said.push(*revision),
                _ => {}
            }
        }
    }
    (said, log)
}

fn states(said: &[Revision]) -> Vec<(u32, State)> {
    said.iter().map(|r| (r.revision, r.state)).collect()
}

/// The same incidents when the run is cut anywhere.
fn check(plan: &Arc<Plan>, events: &[Event]) -> Vec<Revision> {
    let (said, _) = run(plan, events, None);
    for cut in 0..events.len() {
        assert_eq!(run(plan, events, Some(cut)).0, said, "cut before event {cut}");
    }
    said
}

const CAR: [f32; 4] = [0.10, 0.40, 0.30, 0.60];
const NEXT_CAR: [f32; 4] = [0.32, 0.40, 0.52, 0.60];
const PERSON: [f32; 4] = [0.18, 0.35, 0.24, 0.65];

fn shifted(b: [f32; 4], dx: f32) -> [f32; 4] {
    [b[0] + dx, b[1], b[2] + dx, b[3]]
}

#[test]
fn one_parked_car_is_one_incident_with_three_pictures() {
    let mut t = Trace::default();
    t.looks(5, &[]).looks(700, &[(1, "vehicle.car", CAR)]).looks(70, &[]);
    let said = check_few(&parking(), &t.events);
    assert_eq!(states(&said), [(1, State::Open), (2, State::Open), (3, State::Closed)]);
    let (open, closed) = (&said[0], &said[2]);
    assert_eq!(open.opened.since(open.first_seen), DWELL);
    let kinds: Vec<_> = closed.evidence.iter().map(|e| e.moment).collect();
    assert_eq!(kinds, [Moment::FirstSeen, Moment::Opened, Moment::Closed]);
    assert_eq!(open.evidence.len(), 2);
    let last_seen = closed.closed.unwrap();
    // By the rule's own looks, one a second.
    assert_eq!(last_seen.since(open.first_seen), Duration::from_secs(699));
}

/// Like [`check`] for long traces: every 97th cut.
fn check_few(plan: &Arc<Plan>, events: &[Event]) -> Vec<Revision> {
    let (said, _) = run(plan, events, None);
    for cut in (0..events.len()).step_by(97) {
        assert_eq!(run(plan, events, Some(cut)).0, said, "cut before event {cut}");
    }
    said
}

#[test]
fn a_parked_car_that_blinks_is_hidden_and_changes_its_track_is_one_incident() {
    let mut t = Trace::default();
    for i in 0..60 {
        let seen: &[Seen<'_>] = if i % 3 == 0 { &[(1, "vehicle.car", CAR)] } else { &[] };
        t.look(seen);
    }
    t.looks(50, &[]); // behind a bus
    t.looks(30, &[(9, "vehicle.truck", CAR)]); // another id, another class, the same thing
    t.blind(600); // the camera was away
    t.events.push(Event::WorkerStarted { models: BTreeMap::new() });
    t.looks(30, &[(4_294_967_297, "vehicle.car", CAR)]); // a new worker
    let said = check(&parking(), &t.events);
    assert_eq!(states(&said), [(1, State::Open), (2, State::Open)], "{said:#?}");
    assert_eq!(said[0].incident, said[1].incident);
}

#[test]
fn passing_and_queueing_cars_are_no_incident() {
    let mut t = Trace::default();
    for car in 0..40u64 {
        for step in 0..8 {
            t.look(&[(car, "vehicle.car", shifted([0.0, 0.4, 0.2, 0.6], step as f32 * 0.1))]);
        }
    }
    // A creeping queue: one car, 0.8 % of the frame a look.
    for step in 0..90 {
        t.look(&[(99, "vehicle.car", shifted([0.0, 0.4, 0.2, 0.6], step as f32 * 0.008))]);
    }
    let (said, _) = run(&parking(), &t.events, None);
    assert_eq!(said, []);
}

#[test]
fn a_short_stop_gives_its_picture_back() {
    let mut t = Trace::default();
    t.looks(10, &[(1, "vehicle.car", CAR)]).looks(3, &[(1, "vehicle.car", shifted(CAR, 0.5))]);
    t.looks(70, &[]);
    let (said, log) = run(&parking(), &t.events, None);
    assert_eq!(said, []);
    assert_eq!(log[0], "discard FirstSeen");
}

#[test]
fn two_cars_side_by_side_are_two_and_a_second_box_on_one_is_not_a_third() {
    let part = [0.11, 0.42, 0.24, 0.60];
    let mut t = Trace::default();
    for i in 0..120 {
        let mut seen = vec![(1, "vehicle.car", CAR), (2, "vehicle.truck", NEXT_CAR)];
        if i % 4 == 1 {
            seen.push((3, "vehicle.car", part));
        }
        t.look(&seen);
    }
    let said = check(&parking(), &t.events);
    assert_eq!(states(&said), [(1, State::Open), (1, State::Open)]);
    assert_ne!(said[0].incident, said[1].incident);
}

#[test]
fn a_track_id_taken_along_by_a_passing_car_does_not_make_a_second_incident() {
    let mut t = Trace::default();
    t.looks(30, &[(1, "vehicle.car", CAR)]);
    for step in 1..6 {
        t.look(&[(1, "vehicle.car", shifted(CAR, step as f32 * 0.12))]);
    }
    t.looks(40, &[(2, "vehicle.car", CAR)]);
    let said = check(&parking(), &t.events);
    assert_eq!(states(&said), [(1, State::Open)]);
}

#[test]
fn a_car_that_leaves_closes_soon_and_the_next_one_is_new() {
    let mut t = Trace::default();
    t.looks(30, &[(1, "vehicle.car", CAR)]);
    for step in 1..6 {
        t.look(&[(1, "vehicle.car", shifted(CAR, step as f32 * 0.12))]);
    }
    t.looks(20, &[]).looks(30, &[(2, "vehicle.car", CAR)]);
    let said = check(&parking(), &t.events);
    assert_eq!(states(&said), [(1, State::Open), (2, State::Closed), (1, State::Open)]);
}

#[test]
fn a_false_box_now_and_then_is_no_parked_car() {
    let mut t = Trace::default();
    for i in 0..400 {
        let seen: &[Seen<'_>] = if i % 8 == 0 { &[(1, "vehicle.car", CAR)] } else { &[] };
        // As often as the rule looks.
        t.look(seen).at_ms += 500;
    }
    assert_eq!(run(&parking(), &t.events, None).0, []);
}

#[test]
fn what_stands_behind_a_lorry_for_three_minutes_is_still_the_same() {
    let lorry = [0.05, 0.30, 0.50, 0.80];
    let mut t = Trace::default();
    t.looks(30, &[(1, "vehicle.car", CAR)]);
    t.looks(180, &[(7, "vehicle.truck", lorry)]);
    t.looks(30, &[(1, "vehicle.car", CAR)]);
    let said = check_few(&parking(), &t.events);
    let of_the_car: Vec<_> = said.iter().filter(|r| r.incident == said[0].incident).collect();
    assert!(of_the_car.iter().all(|r| r.state == State::Open), "{said:#?}");
    // The lorry itself stood for three minutes.
    assert_eq!(said.iter().filter(|r| r.revision == 1).count(), 2);
}

#[test]
fn a_car_that_drives_into_the_place_of_one_that_vanished_is_another() {
    let mut t = Trace::default();
    t.looks(30, &[(1, "vehicle.car", CAR)]).looks(10, &[]);
    for step in (0..5).rev() {
        t.look(&[(2, "vehicle.car", shifted(CAR, step as f32 * 0.15))]);
    }
    t.looks(80, &[(2, "vehicle.car", CAR)]);
    let said = check(&parking(), &t.events);
    let opened = said.iter().filter(|r| r.revision == 1 && r.state == State::Open).count();
    assert_eq!(opened, 2, "{said:#?}");
}

#[test]
fn the_car_of_this_morning_is_not_the_car_of_last_night() {
    let mut t = Trace::default();
    t.looks(15, &[(1, "vehicle.car", CAR)]).blind(10 * 3600);
    t.events.push(Event::WorkerStarted { models: BTreeMap::new() });
    t.looks(15, &[(1, "vehicle.car", CAR)]);
    assert_eq!(check(&parking(), &t.events), []);
}

#[test]
fn a_clock_that_was_set_back_does_not_blind_a_camera() {
    let mut t = Trace { at_ms: 7 * 3_600_000, ..Trace::default() };
    t.looks(10, &[]);
    t.at_ms = 0;
    t.events.push(Event::WorkerStarted { models: BTreeMap::new() });
    t.looks(30, &[(1, "vehicle.car", CAR)]);
    assert_eq!(states(&check(&parking(), &t.events)), [(1, State::Open)]);
}

#[test]
fn a_motorbike_before_a_parked_lorry_is_seen() {
    let lorry = [0.05, 0.30, 0.50, 0.80];
    let bike = [0.20, 0.60, 0.27, 0.78];
    let mut t = Trace::default();
    t.looks(40, &[(1, "vehicle.truck", lorry), (2, "vehicle.two_wheel.motorcycle", bike)]);
    assert_eq!(check(&parking(), &t.events).len(), 2);
}

#[test]
fn a_car_that_the_frame_cuts_off_stands_in_the_zone() {
    let mut t = Trace::default();
    t.looks(30, &[(1, "vehicle.car", [0.4, 0.8, 0.6, 1.0])]);
    assert_eq!(check(&parking(), &t.events).len(), 1);
}

#[test]
fn other_classes_and_other_places_do_not_count() {
    let mut t = Trace::default();
    let above = [0.1, 0.0, 0.3, 0.15];
    t.looks(60, &[(1, "person", PERSON), (2, "vehicle.car", above)]);
    assert_eq!(run(&parking(), &t.events, None).0, []);
}

#[test]
fn late_observations_are_counted_not_used() {
    let mut t = Trace::default();
    t.looks(2, &[]);
    t.events.swap(1, 3);
    let plan = parking();
    let mut engine = Engine::new(plan);
    for event in t.events {
        engine.apply(event);
    }
    assert_eq!(engine.observations_late(), 2);
}

#[test]
fn a_crowd_is_one_incident() {
    let crowd = plan("use = \"crowding\"\ncount_min = 4\ndwell_secs = 20");
    let people: Vec<Seen<'_>> =
        (0..5).map(|i| (i, "person", shifted(PERSON, i as f32 * 0.1))).collect();
    let mut t = Trace::default();
    t.looks(10, &people[..3]);
    for i in 0..80 {
        t.look(&people[..if i % 5 == 0 { 3 } else { 5 }]);
    }
    t.looks(70, &people[..2]);
    let said = check(&crowd, &t.events);
    assert_eq!(states(&said), [(1, State::Open), (2, State::Closed)]);
    assert_eq!(said[0].subjects.len(), 5);
}

#[test]
fn against_the_arrow_is_an_incident_once_also_when_the_track_breaks() {
    let lane = plan("use = \"wrong-way\"\nallowed_deg = 0\ntolerance_deg = 60\ntravel_min = 0.3");
    let small = [0.02, 0.4, 0.10, 0.5];
    let mut t = Trace::default();
    for step in 0..12 {
        t.look(&[(1, "vehicle.car", shifted(small, step as f32 * 0.07))]); // the right way
    }
    for step in (0..12).rev() {
        let track = if step > 5 { 2 } else { 3 };
        t.look(&[(track, "vehicle.car", shifted(small, step as f32 * 0.07))]);
    }
    // Stands and jitters.
    for i in 0..60 {
        t.look(&[(4, "vehicle.car", shifted(small, 0.5 + (i % 2) as f32 * 0.01))]);
    }
    t.looks(70, &[]);
    let said = check(&lane, &t.events);
    assert_eq!(states(&said), [(1, State::Open), (2, State::Closed)], "{said:#?}");
    assert!(said[0].first_seen < said[0].opened);
}

#[test]
fn lost_pictures_do_not_hold_an_incident_back() {
    let mut t = Trace::default();
    t.looks(30, &[(1, "vehicle.car", CAR)]);
    let mut engine = Engine::new(parking());
    let mut said = Vec::new();
    for event in t.events {
        for effect in engine.apply(event) {
            if let Effect::Publish(revision) = effect {
                said.push(*revision);
            }
        }
    }
    assert!(said.is_empty());
    for capture in engine.awaited().collect::<Vec<_>>() {
        for effect in engine.apply(Event::Captured { capture, evidence: None }) {
            if let Effect::Publish(revision) = effect {
                said.push(*revision);
            }
        }
    }
    assert_eq!(states(&said), [(1, State::Open)]);
    assert!(said[0].evidence.is_empty());
}

/// A slow card: no picture is on disk before all is over, and one zone has had two crowds.
#[test]
fn late_pictures_change_no_word() {
    let crowd = plan("use = \"crowding\"\ncount_min = 4\ndwell_secs = 20\ncooldown_secs = 1");
    let people: Vec<Seen<'_>> =
        (0..5).map(|i| (i, "person", shifted(PERSON, i as f32 * 0.1))).collect();
    let mut t = Trace::default();
    for _ in 0..2 {
        t.looks(60, &people).looks(90, &people[..2]);
    }
    let (prompt, _) = run(&crowd, &t.events, None);
    assert_eq!(prompt.len(), 4);

    let mut engine = Engine::new(Arc::clone(&crowd));
    let mut captures = Vec::new();
    for (i, event) in t.events.iter().enumerate() {
        if i % 7 == 0 {
            engine = Engine::restore(Arc::clone(&crowd), &engine.save()).unwrap().0;
        }
        for effect in engine.apply(event.clone()) {
            match effect {
                Effect::Capture(capture) => captures.push(capture),
                other => assert!(!matches!(other, Effect::Publish(_)), "{other:?}"),
            }
        }
    }
    let mut late = Vec::new();
    for Capture { id: capture, moment, seq, .. } in captures {
        let evidence = Some(picture(capture, moment, seq));
        for effect in engine.apply(Event::Captured { capture, evidence }) {
            if let Effect::Publish(revision) = effect {
                late.push(*revision);
            }
        }
    }
    assert_eq!(late, prompt);
    assert_eq!(engine.pictures().count(), 0);
}
