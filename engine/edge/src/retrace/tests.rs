//! Bounds of time, pieces of the history, and what comes of a thread.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::budget::Budget;
use super::error::RetraceError;
use super::pieces::{Piece, Pieces};
use super::retracer::{Job, Question, Retracer};
use crate::clock;
use crate::history::{History, history_dir};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use viahe_contract::message::Refusal;
use viahe_core::engine::Event;
use viahe_core::frame::FrameStamp;
use viahe_core::id::Name;
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::time::{ClockSource, Timestamp};
use viahe_testing::wait::{LONG, until};

fn plan(state_dir: &Path) -> Arc<Plan> {
    let street = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats/street.toml");
    let mut plan = crate::project::load(&street).unwrap();
    state_dir.clone_into(&mut plan.engine.state_dir);
    Arc::new(plan)
}

fn job(id: &str, plan: &Arc<Plan>) -> Job {
    let question = Question::Preview {
        then: Arc::clone(plan),
        camera: "gate".try_into().unwrap(),
        back: Duration::from_mins(1),
    };
    let (id, now) = (id.try_into().unwrap(), Timestamp::from_secs(1_795_310_040));
    Job { id, now, plan: Arc::clone(plan), question }
}

#[test]
fn time_ends_by_itself_or_with_the_box() {
    let stop = Arc::new(AtomicBool::new(false));
    Budget::new(Duration::from_mins(1), Arc::clone(&stop)).check().unwrap();
    let over = Budget::new(Duration::ZERO, Arc::clone(&stop)).check();
    assert!(matches!(over, Err(RetraceError::TooLong(0))), "{over:?}");
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let stopped = Budget::new(Duration::from_mins(1), stop).check();
    assert!(matches!(stopped, Err(RetraceError::Stopped)), "{stopped:?}");
}

#[test]
fn a_second_question_waits_for_the_answer_to_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let plan = plan(dir.path());
    let mut retracer = Retracer::default();
    retracer.begin(job("first", &plan)).unwrap();
    let busy = retracer.begin(job("second", &plan)).unwrap_err();
    assert!(busy.text.contains("ask again"), "{busy}");
    assert_eq!(busy.code, Some(Refusal::Busy));
    let answer = until("the first answer", LONG, || retracer.answer());
    assert_eq!(answer.id.as_str(), "first");
    let none = answer.result.unwrap_err();
    assert!(none.text.contains("no history of that time"), "{none}");
    assert_eq!(none.code, Some(Refusal::NoHistory));
    retracer.begin(job("third", &plan)).unwrap();
    assert_eq!(retracer.give_up().unwrap().as_str(), "third");
    assert!(retracer.answer().is_none() && retracer.give_up().is_none());
}

fn seen(camera: &str, second: u64) -> Event {
    let at = Timestamp::from_secs(1_795_310_040 + second);
    let (clock, offset_ms) = (ClockSource::Arrival, 0);
    let frame = FrameStamp { seq: second, captured: at, arrived: at, clock, offset_ms };
    let camera = camera.try_into().unwrap();
    Event::Observed(Observation {
        camera,
        frame,
        size_px: [640, 360],
        objects: Vec::new(),
        undecided: Vec::new(),
    })
}

/// A piece for each ten seconds, with what two cameras saw, one of which has the other's name in its own.
#[test]
fn pieces_are_read_from_the_last_one_that_begins_early_enough_and_of_one_camera() {
    let dir = tempfile::tempdir().unwrap();
    let ring = history_dir(dir.path());
    let mut history = History::open(&ring, 1 << 20, clock::monotonic()).unwrap().unwrap();
    for second in 0..40 {
        for camera in ["gate", "gate-2"] {
            history.write(&seen(camera, second), || format!("state of {second}"));
        }
        if second % 10 == 9 {
            history.end_segment();
        }
    }
    let budget = Budget::new(Duration::from_mins(1), Arc::default());
    let at = |second: u64| Timestamp::from_secs(1_795_310_040 + second);
    let since = |second| Pieces::since(dir.path(), at(second), &budget).unwrap().unwrap();
    assert_eq!(since(25).begins, at(20));
    assert_eq!(since(20).begins, at(20));
    let read = |camera: Option<&str>| {
        let camera = camera.map(|id| Name::try_from(id).unwrap());
        let (mut states, mut events) = (Vec::new(), Vec::new());
        let take = |piece| {
            match piece {
                Piece::Begins(state) => states.push(state),
                Piece::Event(event) => events.push(event),
            }
            Ok(())
        };
        since(15).read(camera.as_ref(), at(31), &budget, take).unwrap();
        (states, events)
    };
    let (states, events) = read(Some("gate"));
    assert_eq!(states, ["state of 10", "state of 20", "state of 30"]);
    assert_eq!(events, (10..32).map(|second| seen("gate", second)).collect::<Vec<_>>());
    assert_eq!(read(Some("gate-2")).1.len(), 22);
    assert_eq!(read(None).1, []);
    let stop = Arc::new(AtomicBool::new(true));
    let stopped = Pieces::since(dir.path(), at(5), &Budget::new(Duration::from_mins(1), stop));
    assert!(matches!(stopped, Err(RetraceError::Stopped)), "{stopped:?}");
    assert!(Pieces::since(&ring, at(5), &budget).unwrap().is_none(), "there is none");
}
