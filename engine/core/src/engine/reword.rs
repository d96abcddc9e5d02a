//! Words for what was opened by a version that had none.

use super::case::Case;
use super::machine::Engine;
use super::memory::RuleMemory;
use super::wording::wording;
use crate::incident::Wording;
use crate::plan::{Camera, Plan, Rule};
use std::sync::Arc;

impl Engine {
    /// What was opened by a release that had no words for people gets them now, from the plan, and
    /// where that has no such rule any more, the name of the violation.
    pub(super) fn word(&mut self) {
        let plan = Arc::clone(&self.plan);
        for memory in &mut self.memory.cameras {
            let camera = plan.cameras.iter().find(|camera| camera.id == memory.id);
            let rules = camera.map_or(&[][..], |camera| &camera.rules);
            memory.rules.iter_mut().for_each(|memory| word_rule(memory, &plan, camera, rules));
        }
        for memory in &mut self.memory.site.rules {
            word_rule(memory, &plan, None, &plan.rules);
        }
    }
}

fn word_rule(memory: &mut RuleMemory, plan: &Plan, camera: Option<&Camera>, rules: &[Rule]) {
    let rule = rules.iter().find(|rule| rule.id == memory.id);
    let closing = memory.closing.iter_mut().map(|(_, case)| case);
    for case in memory.cases.values_mut().chain(closing) {
        word_case(case, plan, camera, rule);
    }
}

fn word_case(case: &mut Case, plan: &Plan, camera: Option<&Camera>, rule: Option<&Rule>) {
    let Some(incident) = case.incident.as_mut().filter(|i| i.about.wording.title.is_empty()) else {
        return;
    };
    let about = &mut incident.about;
    let same = rule.filter(|rule| rule.violation == about.violation);
    about.wording = match same {
        Some(rule) => wording(plan, camera, rule),
        None => Wording { title: about.violation.to_string(), ..Wording::default() },
    };
    for unsaid in &mut case.unsaid {
        unsaid.word(&about.wording, plan.site.language);
    }
}
