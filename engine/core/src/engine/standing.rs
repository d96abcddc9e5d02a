//! Orders that stand: which rules are silent because somebody said so, who, and until when.
//!
//! Each ends by itself within [`STANDING_MAX`](super::STANDING_MAX) unless it is given again: a box that nobody visits must
//! not stay blind because somebody forgot.

use super::command::{Declared, SILENT_FROM, Standing};
use super::machine::Engine;
use crate::id::Name;
use crate::plan::{Disaster, Rule};
use crate::time::Timestamp;

/// Rules that say nothing because of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silenced {
    /// Of this camera; none for rules of the site.
    pub camera: Option<Name>,
    /// Which; all of them when `all`.
    pub rules: Vec<Name>,
    /// These are all rules that the camera, or the site, has.
    pub all: bool,
    /// Why.
    pub why: Silence,
    /// By whom, until when.
    pub standing: Standing,
}

/// Why rules are silent by order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// They were suspended.
    Ordered,
    /// They are relaxed, and the level of the disaster is 2 or 3.
    Disaster,
}

impl Silence {
    /// In messages and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Disaster => "disaster",
        }
    }
}

/// All orders that stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// The disaster, if one is declared.
    pub disaster: Option<Declared>,
    /// By camera in the plan's order, the site's own rules last.
    pub silenced: Vec<Silenced>,
}

impl Engine {
    /// The orders that stand at `at`, by the box's clock.
    pub fn orders(&self, at: Timestamp) -> Orders {
        let disaster = self.disaster(at).cloned();
        let mut silenced = Vec::new();
        for (memory, camera) in self.memory.cameras.iter().zip(&self.plan.cameras) {
            let camera_id = Some(&memory.id);
            let rules = camera.rules.iter().zip(memory.rules.iter().map(|m| &m.suspended));
            silence(camera_id, rules, disaster.as_ref(), at, &mut silenced);
        }
        let rules = self.plan.rules.iter().zip(self.memory.site.rules.iter().map(|m| &m.suspended));
        silence(None, rules, disaster.as_ref(), at, &mut silenced);
        Orders { disaster, silenced }
    }
}

/// Adds the rules of one camera, or of the site, that are silent by order: by order.
fn silence<'a>(
    camera: Option<&Name>,
    rules: impl Iterator<Item = (&'a Rule, &'a Option<Standing>)>,
    disaster: Option<&Declared>,
    at: Timestamp,
    out: &mut Vec<Silenced>,
) {
    let flooded = disaster.filter(|declared| declared.level >= SILENT_FROM);
    let first = out.len();
    let mut count = 0;
    for (rule, suspended) in rules {
        count += 1;
        let ordered = suspended.as_ref().filter(|s| s.holds(at)).map(|s| (Silence::Ordered, s));
        let relaxed = flooded.filter(|_| rule.disaster == Disaster::Relax);
        let relaxed = relaxed.map(|declared| (Silence::Disaster, &declared.standing));
        let Some((why, standing)) = ordered.or(relaxed) else { continue };
        let same = |s: &&mut Silenced| s.why == why && s.standing == *standing;
        match out[first..].iter_mut().find(same) {
            Some(silenced) => silenced.rules.push(rule.id.clone()),
            None => out.push(Silenced {
                camera: camera.cloned(),
                rules: vec![rule.id.clone()],
                all: false,
                why,
                standing: standing.clone(),
            }),
        }
    }
    out[first..].iter_mut().for_each(|silenced| silenced.all = silenced.rules.len() == count);
}
