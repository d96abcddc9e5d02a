//! What follows from a plan and is not worth working out at each look.

use crate::config::Plan;
use crate::config::plan::{Camera, Rule};
use crate::observe::{Class, Object};
use crate::rule;
use std::collections::BTreeMap;

/// Of a whole plan; never saved.
#[derive(Debug)]
pub(super) struct Prepared {
    /// In the plan's order.
    pub(super) cameras: Vec<PreparedCamera>,
    /// Of the site's rules.
    pub(super) site_rules: Vec<PreparedRule>,
}

#[derive(Debug)]
pub(super) struct PreparedCamera {
    /// In the plan's order.
    pub(super) rules: Vec<PreparedRule>,
    /// A rule asks how things move.
    pub(super) needs_scene: bool,
    classes: Classes,
    /// Is it day, for a minute of event time.
    pub(super) day: Option<(u64, bool)>,
}

#[derive(Debug)]
pub(super) struct PreparedRule {
    pub(super) rule: rule::Prepared,
    /// Does its schedule apply, for a minute of event time.
    pub(super) scheduled: Option<(u64, bool)>,
}

/// Which things of which rule a class is meant by, worked out once for each class.
#[derive(Debug, Default)]
struct Classes {
    /// Index into `bits`.
    known: BTreeMap<Class, usize>,
    /// For each class and rule: bit `t` is thing `t`.
    bits: Vec<Vec<u32>>,
}

impl Prepared {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            cameras: plan.cameras.iter().map(PreparedCamera::new).collect(),
            site_rules: plan.rules.iter().map(|r| PreparedRule::new(r, None)).collect(),
        }
    }
}

impl PreparedRule {
    fn new(rule: &Rule, camera: Option<&Camera>) -> Self {
        let zone = camera.zip(rule.zone).map(|(c, z)| &c.zones[z].polygon);
        Self { rule: rule::Prepared::new(&rule.program, zone), scheduled: None }
    }
}

impl PreparedCamera {
    fn new(camera: &Camera) -> Self {
        Self {
            rules: camera.rules.iter().map(|r| PreparedRule::new(r, Some(camera))).collect(),
            needs_scene: camera.rules.iter().any(|r| r.program.needs_paths()),
            classes: Classes::default(),
            day: None,
        }
    }

    /// For each object, where its class is found by [`PreparedCamera::bits`].
    pub(super) fn classify(&mut self, camera: &Camera, objects: &[Object]) -> Vec<usize> {
        objects.iter().map(|o| self.classes.index(&o.class, &camera.rules)).collect()
    }

    /// For each object, the things of `rule` that its class is meant by.
    pub(super) fn bits(&self, classes: &[usize], rule: usize) -> Vec<u32> {
        classes.iter().map(|c| self.classes.bits[*c][rule]).collect()
    }
}

impl Classes {
    fn index(&mut self, class: &Class, rules: &[Rule]) -> usize {
        if let Some(i) = self.known.get(class) {
            return *i;
        }
        let bits = |rule: &Rule| {
            let meant = rule.program.things.iter().map(|t| t.classes.iter().any(|c| c.covers(class)));
            meant.enumerate().fold(0, |bits, (t, meant)| bits | u32::from(meant) << t)
        };
        self.bits.push(rules.iter().map(bits).collect());
        self.known.insert(class.clone(), self.bits.len() - 1);
        self.bits.len() - 1
    }
}
