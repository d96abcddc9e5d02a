//! Recordings with a known outcome: run a plan over events, and compare what it tells with what
//! it should.
//!
//! Used by `viahe test` and by the suite in `fixtures/scenarios`. Pictures that the engine asks
//! for are answered at once, as if there were a camera behind the recording.

use crate::artefact::{Artefact, Span};
use crate::driver::{Driver, Host, Upshot};
use crate::engine::{Capture, Effect, Engine, Event, RestoreError, Saved, TooLate};
use crate::id::{IncidentId, Name};
use crate::incident::Revision;
use crate::observe::Class;
use crate::plan::{Expected, Plan, Test};
use crate::random::SplitMix64;
use crate::rule::explain::Tracer;
use crate::time::Timestamp;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::Medium;
use viahe_contract::sha256::Sha256;

/// An incident, as it stands after the last event.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its id.
    pub incident: IncidentId,
    /// Whose.
    pub rule: Name,
    /// None when its rule is one of the site.
    pub camera: Option<Name>,
    /// When it began.
    pub first_seen: Timestamp,
    /// When it opened.
    pub opened: Timestamp,
    /// When what it is about was last seen; none while it is open.
    pub closed: Option<Timestamp>,
    /// What it is about, best first.
    pub subjects: Vec<Class>,
    /// All that was said of it.
    pub revisions: Vec<Revision>,
}

/// Runs a plan over events; incidents come in the order in which they were first told.
pub fn run(plan: &Arc<Plan>, events: impl IntoIterator<Item = Event>) -> Vec<Told> {
    let mut run = Run::new(plan);
    for event in events {
        run.apply(event);
    }
    run.finish().0
}

/// As [`run`], but the state is saved and restored before every `every`-th event.
///
/// # Errors
/// [`RestoreError`] when the engine cannot read what it has saved.
pub fn run_cut(
    plan: &Arc<Plan>,
    events: impl IntoIterator<Item = Event>,
    every: usize,
) -> Result<Vec<Told>, RestoreError> {
    let mut run = Run::new(plan);
    for (i, event) in events.into_iter().enumerate() {
        if i % every.max(1) == 0 {
            let saved = run.driver.engine().save();
            let (engine, effects) = Engine::restore(Arc::clone(plan), &saved)?;
            run.driver = Driver::new(engine, run.driver.into_host());
            let Ok(()) = run.driver.carry_out(effects);
        }
        run.apply(event);
    }
    Ok(run.finish().0)
}

/// A run, event by event.
pub struct Run {
    driver: Driver<Listener>,
}

impl Run {
    /// Has seen nothing yet.
    pub fn new(plan: &Arc<Plan>) -> Self {
        Self::of(Engine::new(Arc::clone(plan)))
    }

    /// As [`Run::new`]; notes why this rule fires or does not. `camera` is none for rules of the site.
    pub fn tracing(plan: &Arc<Plan>, camera: Option<Name>, rule: Name) -> Self {
        let mut engine = Engine::new(Arc::clone(plan));
        engine.trace(camera, rule);
        Self::of(engine)
    }

    fn of(engine: Engine) -> Self {
        Self { driver: Driver::new(engine, Listener::default()) }
    }

    /// Goes on from what an engine had saved. Pictures that it waited for are lost.
    ///
    /// # Errors
    /// [`RestoreError`] when this version cannot read it.
    pub fn resume(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        let Ok(()) = self.driver.resume(saved)?;
        Ok(())
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: Event) {
        let Ok(()) = self.driver.apply(event);
    }

    /// Readings so far that came too late for their sensor's lateness, and would have made a rule
    /// hold.
    pub fn too_late(&self) -> &[TooLate] {
        &self.driver.host().too_late
    }

    /// All that was told, and what [`Run::tracing`] has noted.
    pub fn finish(mut self) -> (Vec<Told>, Option<Tracer>) {
        let Ok(()) = self.driver.finish();
        let traced = self.driver.engine().traced();
        (self.driver.into_host().told, traced)
    }
}

/// Takes pictures of nothing, and remembers what is told.
#[derive(Default)]
struct Listener {
    told: Vec<Told>,
    too_late: Vec<TooLate>,
}

impl Host for Listener {
    type Error = Infallible;

    fn carry_out(&mut self, effect: Effect) -> Result<Upshot, Infallible> {
        match effect {
            Effect::Capture(capture) => {
                let evidence = Some(picture(&capture));
                return Ok(Upshot::Event(Event::Captured { capture: capture.id, evidence }));
            }
            Effect::Publish(revision) => self.publish(*revision),
            Effect::TooLate(told) => self.too_late.push(told),
            _ => {}
        }
        Ok(Upshot::Nothing)
    }
}

impl Listener {
    fn publish(&mut self, revision: Revision) {
        let known = self.told.iter().position(|t| t.incident == revision.incident);
        let i = known.unwrap_or_else(|| {
            self.told.push(Told {
                incident: revision.incident.clone(),
                rule: revision.rule.clone(),
                camera: revision.camera.clone(),
                first_seen: revision.first_seen,
                opened: revision.opened,
                closed: None,
                subjects: Vec::new(),
                revisions: Vec::new(),
            });
            self.told.len() - 1
        });
        let told = &mut self.told[i];
        told.closed = revision.closed;
        told.subjects = revision.subjects.iter().map(|s| s.class.clone()).collect();
        told.revisions.push(revision);
    }
}

/// Stands for a picture of the frame.
pub fn picture(capture: &Capture) -> Artefact {
    let mut hash = [0; 32];
    hash[24..].copy_from_slice(&capture.seq.to_be_bytes());
    Artefact {
        sha256: Sha256::from_bytes(hash),
        bytes: 1,
        medium: Medium::Jpeg,
        moment: capture.moment,
        span: Span::at(Timestamp(capture.seq)),
        capture: capture.id,
    }
}

/// The same events as they may come when each is on its way for less than `lateness`. A start of
/// the worker is passed by none: it has no time of its own.
pub fn shuffled(events: &[Event], lateness: Duration, seed: u64) -> Vec<Event> {
    let mut random = SplitMix64::new(seed);
    let mut part = 0;
    let mut keyed: Vec<(u32, u64, &Event)> = Vec::with_capacity(events.len());
    for event in events {
        let Some(at) = event.at() else {
            part += 1;
            keyed.push((part, 0, event));
            part += 1;
            continue;
        };
        let span = u64::try_from(lateness.as_nanos()).unwrap_or(u64::MAX).max(1);
        keyed.push((part, at.0.saturating_add(random.draw() % span), event));
    }
    keyed.sort_by_key(|(part, at, _)| (*part, *at));
    keyed.into_iter().map(|(_, _, event)| event.clone()).collect()
}

/// What differs from the test's expectations, a line each; none when all is as it should be.
/// `start` is the time of the recording's first event.
pub fn compare(test: &Test, start: Timestamp, told: &[Told]) -> Vec<String> {
    let mut free: Vec<&Told> = told.iter().collect();
    let mut unmet: Vec<&Expected> = Vec::new();
    // What fits is taken first, so that one that is wrong cannot take the place of one that is
    // right.
    for expected in &test.expected {
        let fits = |t: &&Told| is_of(expected, t) && differences(expected, start, t).is_empty();
        match free.iter().position(fits) {
            Some(i) => {
                free.remove(i);
            }
            None => unmet.push(expected),
        }
    }
    let mut lines = Vec::new();
    for expected in unmet {
        let aim = expected.opened.or(expected.first_seen).or(expected.closed).unwrap_or_default();
        let aim = start.plus(aim);
        let near = (0..free.len())
            .filter(|i| is_of(expected, free[*i]))
            .min_by_key(|i| free[*i].opened.0.abs_diff(aim.0));
        match near {
            Some(i) => {
                let told = free.remove(i);
                let of = format!("wrong: {}", named(&told.rule, told.camera.as_ref()));
                lines
                    .extend(differences(expected, start, told).iter().map(|d| format!("{of} {d}")));
            }
            None => lines.push(format!("missing: {}", described(expected))),
        }
    }
    lines.extend(free.iter().map(|t| format!("unexpected: {}", shown(t, start))));
    lines
}

fn is_of(expected: &Expected, told: &Told) -> bool {
    expected.rule == told.rule && (expected.camera.is_none() || expected.camera == told.camera)
}

fn differences(expected: &Expected, start: Timestamp, told: &Told) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |what: &str, want: Option<Duration>, got: Option<Timestamp>| {
        let Some(want) = want else { return };
        let Some(got) = got else {
            found.push(format!("should have {what} at {}, but is still open", secs(want)));
            return;
        };
        if start.plus(want).0.abs_diff(got.0) > expected.within.as_nanos() as u64 {
            let (want, got) = (secs(want), secs(got.since(start)));
            found.push(format!("{what} at {got}, should have {what} at {want}"));
        }
    };
    check("begun", expected.first_seen, Some(told.first_seen));
    check("opened", expected.opened, Some(told.opened));
    check("ended", expected.closed, told.closed);
    if let Some(closed) = told.closed.filter(|_| expected.open) {
        found.push(format!("ended at {}, should still be open", secs(closed.since(start))));
    }
    found
}

fn secs(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn named(rule: &Name, camera: Option<&Name>) -> String {
    camera.map_or_else(|| rule.to_string(), |camera| format!("{rule} of {camera}"))
}

fn described(expected: &Expected) -> String {
    let mut text = named(&expected.rule, expected.camera.as_ref());
    for (what, time) in
        [("begun", expected.first_seen), ("opened", expected.opened), ("ended", expected.closed)]
    {
        if let Some(time) = time {
            let _ = write!(text, ", {what} at {}", secs(time));
        }
    }
    text
}

fn shown(told: &Told, start: Timestamp) -> String {
    let at = |time: Timestamp| secs(time.since(start));
    let end = told.closed.map_or_else(|| "still open".into(), |t| format!("ended at {}", at(t)));
    let classes: Vec<&str> = told.subjects.iter().map(Class::as_str).collect();
    let about =
        if classes.is_empty() { String::new() } else { format!(" ({})", classes.join(", ")) };
    let of = named(&told.rule, told.camera.as_ref());
    format!("{of}{about}, begun at {}, opened at {}, {end}", at(told.first_seen), at(told.opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: &str, opened: u64, closed: Option<u64>) -> Told {
        let rule = Name::try_from(rule).unwrap();
        let at = Timestamp::from_secs;
        Told {
            incident: crate::incident::incident_id(&rule, None, &rule, None, at(opened)),
            rule,
            camera: None,
            first_seen: at(opened - 5),
            opened: at(opened),
            closed: closed.map(at),
            subjects: Vec::new(),
            revisions: Vec::new(),
        }
    }

    fn expected(rule: &str, opened: u64) -> Expected {
        Expected {
            rule: Name::try_from(rule).unwrap(),
            camera: None,
            first_seen: None,
            opened: Some(Duration::from_secs(opened)),
            closed: None,
            open: false,
            within: Duration::from_secs(2),
        }
    }

    #[test]
    fn what_differs_is_told_with_both_values() {
        let mut open = expected("kerb", 50);
        open.open = true;
        let test = Test {
            name: Name::try_from("test").unwrap(),
            line: 1,
            recording: "x".into(),
            expected: vec![expected("kerb", 10), expected("kerb", 20), expected("lane", 7), open],
        };
        let start = Timestamp::from_secs(100);
        let all = [
            told("kerb", 125, None),
            told("kerb", 111, None),
            told("kerb", 150, Some(160)),
            told("walk", 105, Some(300)),
        ];
        assert_eq!(
            compare(&test, start, &all),
            [
                "wrong: kerb opened at 25.0 s, should have opened at 20.0 s",
                "missing: lane, opened at 7.0 s",
                "wrong: kerb ended at 60.0 s, should still be open",
                "unexpected: walk, begun at 0.0 s, opened at 5.0 s, ended at 200.0 s",
            ]
        );
    }

    #[test]
    fn a_shuffle_is_late_within_its_bounds() {
        let events: Vec<Event> = (0..200).map(|s| Event::Tick(Timestamp::from_secs(s))).collect();
        let late = shuffled(&events, Duration::from_secs(5), 7);
        assert_ne!(late, events);
        let mut newest = 0;
        for event in &late {
            let at = event.at().unwrap().0;
            assert!(newest < at + 5_000_000_000);
            newest = newest.max(at);
        }
        assert_eq!(shuffled(&events, Duration::ZERO, 7), events);
    }
}
