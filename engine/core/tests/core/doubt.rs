//! What is seen to be over while the view is in doubt: the camera is turned, or a bus is before the lens.

use crate::street::lens::{STRAIGHT, Shot};
use crate::street::{Actor, CAR, Street};
use crate::support;
use crate::support::World;
use std::sync::Arc;
use viahe_contract::message::{EndReason, State};
use viahe_core::config;
use viahe_core::engine::{Effect, Engine, Event};
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::model::ModelInfo;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

const TURNED: Shot = Shot { turned: 9, ..STRAIGHT };

fn model(_: &Name) -> Result<ModelInfo, String> {
    let file = support::root().join("fixtures/scenarios/models/all-classes/model.toml");
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let model = config::model::parse("model.toml", &text).map_err(|e| e.to_string())?;
    Ok(ModelInfo::from(&model))
}

/// A kerb whose rule takes a car for gone that was seen to leave 15 s ago, sooner than a turn is known.
fn plan() -> Arc<Plan> {
    let text = "[site]\nid = \"doubt\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n\
                [model.all]\npackage = \"all-classes\"\n\
                [[camera]]\nid = \"kerb\"\nurl = \"pattern://1280x720@5\"\nmodel = \"all\"\n\
                [camera.zone.kerb]\npolygon = [[0.05, 0.62], [0.95, 0.62], [0.95, 0.8], [0.05, 0.8]]\n\
                [[camera.rule]]\nuse = \"illegal-parking\"\nzone = \"kerb\"\ndwell_secs = 20\nabsence_secs = 12\n";
    Arc::new(World::new().parse_with("doubt.toml", text, &model).unwrap())
}

/// Parked from 6 s on and told at 26 s; at `gone` it is not there any more.
fn street(shots: &[(f32, Shot)], gone: f32) -> Street {
    let parked = Actor::new(CAR).stops(0.5, 0.72, 6.0, gone).until(gone);
    Street::new("kerb", 0.5, 145.0).views(shots).with(parked)
}

struct Told {
    /// The last revision, and after which second of the street it was said.
    last: Revision,
    secs: f32,
    said: usize,
}

/// What an engine tells that is saved and restored after each event, or not.
fn tell(street: &Street, restarts: bool, until: f32) -> Told {
    told_of(street.events(), street.time(0.0), restarts, until)
}

fn told_of(events: Vec<Event>, start: Timestamp, restarts: bool, until: f32) -> Told {
    let mut engine = Engine::new(plan());
    let (mut said, mut secs) = (Vec::new(), 0.0);
    let mut hear = |effects: Vec<Effect>, at: f32| {
        for effect in effects {
            if let Effect::Publish(revision) = effect {
                said.push(*revision);
                secs = at;
            }
        }
    };
    for event in events {
        let at = event.at().map_or(0.0, |at| at.since(start).as_secs_f32());
        if at > until {
            break;
        }
        let mut effects = engine.apply(event);
        while let Some(i) = effects.iter().position(|e| matches!(e, Effect::Capture(_))) {
            let Effect::Capture(capture) = effects.remove(i) else { unreachable!() };
            effects.extend(engine.apply(Event::Captured { capture: capture.id, evidence: None }));
        }
        hear(effects, at);
        if restarts {
            let saved = engine.save();
            engine = Engine::restore(plan(), &saved).unwrap().0;
        }
    }
    hear(engine.finish(), until);
    Told { last: said.last().unwrap().clone(), secs, said: said.len() }
}

fn check(told: &Told, reason: EndReason, secs: std::ops::Range<f32>) {
    let Revision { state, ended_by, opened, closed, .. } = &told.last;
    assert_eq!((*state, *ended_by, told.said), (State::Closed, Some(reason), 2));
    assert!(secs.contains(&told.secs), "told after {} s", told.secs);
    assert!(closed.unwrap() > *opened && closed.unwrap() < told.last.updated);
}

/// The kerb is empty as soon as the camera is turned, and so the car is gone for the rule before it is known why.
#[test]
fn an_end_in_a_view_that_is_lost_is_the_loss_of_the_view() {
    let turned = street(&[(0.0, STRAIGHT), (60.0, TURNED)], 60.0);
    for restarts in [false, true] {
        check(&tell(&turned, restarts, 140.0), EndReason::ViewLost, 88.0..94.0);
    }
    let covered = street(&[(0.0, STRAIGHT), (60.0, Shot { covered: 1.0, ..STRAIGHT })], 50.0);
    check(&tell(&covered, false, 140.0), EndReason::ViewLost, 68.0..72.0);
}

/// It left while nobody could see it: that is said once the view is what it was.
#[test]
fn an_end_in_a_view_that_comes_back_is_over_once_it_is_back() {
    let knocked = street(&[(0.0, STRAIGHT), (60.0, TURNED), (84.0, STRAIGHT)], 60.0);
    for restarts in [false, true] {
        let told = tell(&knocked, restarts, 140.0);
        check(&told, EndReason::Over, 83.0..87.0);
        // As of when it was last seen, not of when it was said.
        assert!(told.last.closed.unwrap() <= knocked.time(60.0));
    }
    let seen = street(&[(0.0, STRAIGHT)], 60.0);
    check(&tell(&seen, false, 140.0), EndReason::Over, 71.0..76.0);
}

/// The recording ends, or the camera shows nothing any more: nobody will judge.
#[test]
fn an_end_is_said_when_nobody_judges_the_view() {
    let turned = street(&[(0.0, STRAIGHT), (60.0, TURNED)], 60.0);
    check(&tell(&turned, false, 80.0), EndReason::Over, 79.0..81.0);
    let dark = turned.away(80.0, 200.0).ticks(1.0);
    let (from, mut events) = (dark.time(80.0), dark.events());
    events.retain(|event| !matches!(event, Event::Viewed(report) if report.at > from));
    let told = told_of(events, dark.time(0.0), false, 145.0);
    check(&told, EndReason::Over, 140.0..142.0);
}
