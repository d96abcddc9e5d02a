//! The loop around the engine: in which order effects are carried out, and what comes of them.

use crate::support::{name, one_camera};
use std::convert::Infallible;
use std::sync::Arc;
use viahe_contract::message::Order;
use viahe_core::driver::{Driver, Host, Upshot};
use viahe_core::engine::{Answer, Command, Effect, Engine, Event, Known};
use viahe_core::frame::FrameStamp;
use viahe_core::id::{CaptureId, CommandId};
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(1_795_310_040);

fn plan() -> Arc<Plan> {
    one_camera("gate", "")
}

/// Writes down what it is asked, and does what the test says.
struct Scribe {
    asked: Vec<Effect>,
    does: fn(&Effect) -> Upshot,
}

impl Host for Scribe {
    type Error = Infallible;

    fn carry_out(&mut self, effect: Effect) -> Result<Upshot, Infallible> {
        let upshot = (self.does)(&effect);
        self.asked.push(effect);
        Ok(upshot)
    }
}

fn nothing(_: &Effect) -> Upshot {
    Upshot::Nothing
}

/// No picture is there.
fn no_picture(effect: &Effect) -> Upshot {
    match effect {
        Effect::Capture(capture) => {
            Upshot::Event(Event::Captured { capture: capture.id, evidence: None })
        }
        _ => Upshot::Nothing,
    }
}

fn undone(effect: &Effect) -> Upshot {
    match effect {
        Effect::Answer(answer) => Upshot::Undone(answer.id.clone()),
        _ => Upshot::Nothing,
    }
}

fn id() -> CommandId {
    CommandId::try_from("snap-1").unwrap()
}

fn order() -> Order {
    Order::Snapshot { camera: name("gate") }
}

/// A driver whose engine has seen a frame and was asked for a picture of it.
fn asked(does: fn(&Effect) -> Upshot) -> Driver<Scribe> {
    let scribe = Scribe { asked: Vec::new(), does };
    let mut driver = Driver::new(Engine::new(plan()), scribe);
    let (clock, offset_ms) = (ClockSource::Arrival, 0);
    let frame = FrameStamp { seq: 1, captured: NOW, arrived: NOW, clock, offset_ms };
    let seen = Observation {
        camera: name("gate"),
        frame,
        size_px: [1000, 500],
        objects: vec![],
        undecided: Vec::new(),
    };
    let Ok(()) = driver.apply(Event::Observed(seen));
    let command = Command { id: id(), at: NOW, order: order(), by: None };
    let Ok(()) = driver.apply(Event::Command(command));
    driver
}

#[test]
fn what_follows_from_an_answer_comes_after_what_is_to_be_done_already() {
    let mut driver = asked(nothing);
    let capture = match &driver.host_mut().asked[..] {
        [Effect::Capture(capture), Effect::Attend { .. }] => capture.clone(),
        other => panic!("{other:?}"),
    };
    *driver.host_mut() = Scribe { asked: Vec::new(), does: no_picture };
    let other = CaptureId(capture.id.0 + 1);
    let Ok(()) = driver.carry_out(vec![Effect::Capture(capture), Effect::Discard(other)]);
    let done = &driver.host().asked[..];
    assert!(
        matches!(done, [Effect::Capture(_), Effect::Discard(_), Effect::Answer(_)]),
        "{done:?}"
    );
}

#[test]
fn pictures_that_were_waited_for_when_it_was_saved_will_not_come() {
    let saved = asked(nothing).engine().save();
    let scribe = Scribe { asked: Vec::new(), does: nothing };
    let mut driver = Driver::new(Engine::new(plan()), scribe);
    let Ok(()) = driver.resume(&saved).unwrap();
    let done = &driver.host().asked[..];
    assert!(matches!(done, [Effect::Answer(Answer { result: Err(_), .. })]), "{done:?}");
    assert_eq!(driver.engine().awaited().count(), 0);
}

#[test]
fn a_command_that_was_not_carried_out_after_all_may_be_given_again() {
    for (does, done) in [(nothing as fn(&Effect) -> Upshot, true), (undone, false)] {
        let mut driver = asked(does);
        let answer = Answer { id: id(), result: Ok("done".into()), evidence: None };
        driver.note(order(), &answer);
        let Ok(()) = driver.carry_out(vec![Effect::Answer(answer)]);
        let is_known = matches!(driver.engine().known(&id(), &order()), Known::Done(_));
        assert_eq!(is_known, done);
    }
}
