//! A rule, and where it stands: in the plan, in memory, and in what was prepared.

use crate::plan::{Camera, Plan, Rule};

/// A rule and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct RuleAt<'a> {
    /// Index of its camera; none for rules of the site.
    pub(super) camera: Option<usize>,
    /// Among the rules of its camera, or of the site.
    pub(super) index: usize,
    pub(super) rule: &'a Rule,
}

impl RuleAt<'_> {
    /// Its camera.
    pub(super) fn camera_of<'p>(&self, plan: &'p Plan) -> Option<&'p Camera> {
        self.camera.map(|c| &plan.cameras[c])
    }
}

/// The rules of a camera.
pub(super) fn of_camera(plan: &Plan, c: usize) -> impl Iterator<Item = RuleAt<'_>> {
    let rules = plan.cameras[c].rules.iter().enumerate();
    rules.map(move |(index, rule)| RuleAt { camera: Some(c), index, rule })
}

/// The rules that need no picture: of the site, then of the cameras.
pub(super) fn by_value(plan: &Plan) -> impl Iterator<Item = RuleAt<'_>> {
    let rules = plan.rules.iter().enumerate();
    let site = rules.map(|(index, rule)| RuleAt { camera: None, index, rule });
    let cameras = (0..plan.cameras.len()).flat_map(|c| of_camera(plan, c));
    let needs_values = |rule: &Rule| rule.sensor.is_some() || rule.window.is_some();
    site.chain(cameras).filter(move |at| needs_values(at.rule) && !at.rule.program.looks())
}
