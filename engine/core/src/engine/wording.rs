//! What people are told of an incident, in the site's language.

use crate::id::Name;
use crate::incident::{Wording, stage_text};
use crate::plan::{Camera, Language, Plan, Rule};
use viahe_contract::message::Stage;

/// What people are told of a rule, without a stage.
pub(super) fn wording(plan: &Plan, camera: Option<&Camera>, rule: &Rule) -> Wording {
    let language = plan.site.language;
    let zone = camera.zip(rule.zone).map(|(c, z)| &c.zones[z]);
    let called = |name: &Option<String>, id: &Name| name.clone().unwrap_or(id.to_string());
    Wording {
        title: rule.title.of(language).into(),
        guidance: rule.guidance.of(language).into(),
        camera_name: camera.map(|c| called(&c.name, &c.id)),
        place: zone.map(|z| called(&z.name, &z.id)),
        stage_text: None,
    }
}

/// The words of an incident at a stage.
pub(super) fn worded(wording: &Wording, stage: Option<Stage>, language: Language) -> Wording {
    let stage_text = stage.map(|stage| stage_text(stage, language).into());
    Wording { stage_text, ..wording.clone() }
}
