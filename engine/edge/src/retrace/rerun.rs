//! An engine of one camera, or of the site alone, that sees what was seen once more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use viahe_contract::id::IncidentId;
use viahe_core::driver::{Driver, Host, Upshot};
use viahe_core::engine::{Effect, Engine, Event, RestoreError, Saved};
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::plan::Plan;
use viahe_core::rule::explain::Tracer;
use viahe_core::scenario::picture;
use viahe_core::time::Timestamp;

/// An engine at work, and what it tells.
pub(super) struct Rerun {
    driver: Driver<Listener>,
}

/// Keeps the first word on each incident, with its end.
#[derive(Debug)]
pub(super) struct Listener {
    /// Whose incidents are kept: what a state had of others ends when it is taken up without them.
    camera: Option<Name>,
    /// Incidents that opened before are not kept.
    since: Timestamp,
    most: usize,
    /// As they were first told, in that order, but for their end.
    pub(super) told: Vec<Revision>,
    known: BTreeMap<IncidentId, usize>,
    /// Those that found no room.
    pub(super) left_out: u64,
}

impl Rerun {
    /// Of all that `camera` tells from `since` on it keeps the first `most`.
    pub(super) fn new(plan: &Plan, camera: &Name, since: Timestamp, most: usize) -> Self {
        let engine = Engine::new(only(plan, Some(camera)));
        Self { driver: Driver::new(engine, Listener::new(Some(camera), since, most)) }
    }

    /// Notes why this rule fires; its camera is none for a rule of the site.
    pub(super) fn tracing(plan: &Plan, camera: Option<&Name>, rule: &Name) -> Self {
        let mut engine = Engine::new(only(plan, camera));
        engine.trace(camera.cloned(), rule.clone());
        Self { driver: Driver::new(engine, Listener::new(camera, Timestamp(u64::MAX), 0)) }
    }

    /// Goes on from what an engine had saved; what it had of other cameras is nothing here.
    ///
    /// # Errors
    /// [`RestoreError`] when this version cannot read it.
    pub(super) fn resume(&mut self, state: &str) -> Result<(), RestoreError> {
        let Ok(()) = self.driver.resume(&Saved::whole(state))?;
        Ok(())
    }

    pub(super) fn apply(&mut self, event: Event) {
        let Ok(()) = self.driver.apply(event);
    }

    /// There is no more: what it told, and what it noted.
    pub(super) fn finish(mut self) -> (Listener, Tracer) {
        let Ok(()) = self.driver.finish();
        let traced = self.driver.engine().traced().unwrap_or_default();
        (self.driver.into_host(), traced)
    }
}

/// The plan with nothing but a camera, or with the rules of the site alone.
fn only(plan: &Plan, camera: Option<&Name>) -> Arc<Plan> {
    let mut plan = plan.clone();
    plan.cameras.retain(|one| Some(&one.id) == camera);
    if camera.is_some() {
        plan.rules.clear();
    }
    Arc::new(plan)
}

impl Host for Listener {
    type Error = Infallible;

    fn carry_out(&mut self, effect: Effect) -> Result<Upshot, Infallible> {
        match effect {
            // As if there were a camera behind it.
            Effect::Capture(capture) => {
                let evidence = Some(picture(&capture));
                return Ok(Upshot::Event(Event::Captured { capture: capture.id, evidence }));
            }
            Effect::Publish(revision) => self.hear(*revision),
            _ => {}
        }
        Ok(Upshot::Nothing)
    }
}

impl Listener {
    fn new(camera: Option<&Name>, since: Timestamp, most: usize) -> Self {
        let (camera, told, known) = (camera.cloned(), Vec::new(), BTreeMap::new());
        Self { camera, since, most, told, known, left_out: 0 }
    }

    fn hear(&mut self, revision: Revision) {
        if let Some(known) = self.known.get(&revision.incident) {
            let told = &mut self.told[*known];
            (told.state, told.closed) = (revision.state, revision.closed);
        } else if revision.opened < self.since
            || revision.revision > 1
            || revision.camera != self.camera
        {
            // Of an earlier time, one that found no room, or of no concern.
        } else if self.told.len() < self.most {
            self.known.insert(revision.incident.clone(), self.told.len());
            self.told.push(revision);
        } else {
            self.left_out += 1;
        }
    }
}
