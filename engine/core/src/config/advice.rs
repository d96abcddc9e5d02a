//! What a valid pipeline should be told all the same.

use super::eyes::who_sees;
use super::problem::listed;
use crate::id::Name;
use crate::observe::Class;
use crate::plan::{Camera, Plan, Rule};
use std::collections::BTreeMap;
use std::fmt;
use viahe_contract::message::{Advice, SeenBy};

/// What should be known of a pipeline all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// For people, in one line.
    pub text: String,
    /// The same, for who makes words of it.
    pub advice: Advice,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Warnings about a plan, for `viahe check` and the log.
pub fn warnings(plan: &Plan) -> Vec<Warning> {
    let mut told: Vec<Warning> =
        plan.site.timezone.iana_name().and_then(signs).into_iter().collect();
    for camera in &plan.cameras {
        told.extend(camera.rules.is_empty().then(|| Warning {
            text: format!(
                "camera[{}]: it has no rule, so nothing comes of it; add [[camera.rule]]",
                camera.id
            ),
            advice: Advice::NoRule { camera: camera.id.clone() },
        }));
        told.extend(camera.rules.iter().filter_map(|rule| partial(camera, rule)));
    }
    told
}

/// Zones of `Etc/` count the other way round than people write them.
fn signs(zone: &str) -> Option<Warning> {
    let hours: i32 = zone.strip_prefix("Etc/GMT")?.parse().ok()?;
    if hours == 0 {
        return None;
    }
    let behind = hours > 0;
    let (side, hours) = (if behind { "behind" } else { "ahead of" }, hours.unsigned_abs());
    let text = format!(
        "site.timezone: {zone} is {hours} h *{side}* UTC: the signs of Etc/ zones are the other way \
         round; write the name of a place, such as \"Asia/Ho_Chi_Minh\" (7 h ahead)"
    );
    Some(Warning { text, advice: Advice::SignsOfZone { zone: zone.to_owned(), hours, behind } })
}

/// A rule that its model can see only a part of: what it misses, and who would see it.
fn partial(camera: &Camera, rule: &Rule) -> Option<Warning> {
    if rule.unseen.is_empty() {
        return None;
    }
    let (of, id, model) = (&camera.id, &rule.id, &camera.model);
    let classes: Vec<Class> = rule.unseen.iter().map(|unseen| unseen.class.clone()).collect();
    let mut by_model: BTreeMap<&Name, Vec<Class>> = BTreeMap::new();
    for unseen in &rule.unseen {
        for other in &unseen.seen_by {
            by_model.entry(other).or_default().push(unseen.class.clone());
        }
    }
    let seen_by =
        by_model.into_iter().map(|(model, classes)| SeenBy { model: model.clone(), classes });
    let seen_by: Vec<SeenBy> = seen_by.collect();
    let remedy = if seen_by.is_empty() {
        "no installed model sees any of it: install one that does, or leave it to other eyes"
            .to_owned()
    } else {
        format!("of the installed models {}", who_sees(&seen_by))
    };
    let text = format!(
        "camera[{of}].rule[{id}]: partial: the model {model} does not see {}, so the rule never \
         tells of such things; {remedy}",
        listed(&classes)
    );
    let (camera, rule, model) = (of.clone(), id.clone(), model.clone());
    Some(Warning { text, advice: Advice::Partial { camera, rule, model, classes, seen_by } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etc_zones_are_warned_of() {
        for (zone, want) in [
            ("Etc/GMT+7", Some("Etc/GMT+7 is 7 h *behind* UTC")),
            ("Etc/GMT-7", Some("Etc/GMT-7 is 7 h *ahead of* UTC")),
            ("Etc/GMT", None),
            ("Etc/GMT+0", None),
            ("Etc/UTC", None),
            ("Asia/Ho_Chi_Minh", None),
        ] {
            let told = signs(zone);
            assert_eq!(told.is_some(), want.is_some(), "{zone}");
            assert!(told.is_none_or(|t| t.text.contains(want.unwrap_or_default())), "{zone}");
        }
    }
}
