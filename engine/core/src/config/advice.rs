//! What a valid pipeline should be told all the same.

use super::problem::listed;
use crate::plan::{Camera, Plan, Rule};

/// Warnings about a plan, one line each, for `viahe check` and the log.
pub fn warnings(plan: &Plan) -> Vec<String> {
    let mut told: Vec<String> =
        plan.site.timezone.iana_name().and_then(signs).into_iter().collect();
    for camera in &plan.cameras {
        told.extend(camera.rules.is_empty().then(|| {
            format!(
                "camera[{}]: it has no rule, so nothing comes of it; add [[camera.rule]]",
                camera.id
            )
        }));
        told.extend(camera.rules.iter().filter_map(|rule| partial(camera, rule)));
    }
    told
}

/// Zones of `Etc/` count the other way round than people write them.
fn signs(zone: &str) -> Option<String> {
    let hours: i32 = zone.strip_prefix("Etc/GMT")?.parse().ok()?;
    let side = match hours {
        0 => return None,
        1.. => "behind",
        _ => "ahead of",
    };
    Some(format!(
        "site.timezone: {zone} is {} h *{side}* UTC: the signs of Etc/ zones are the other way \
         round; write the name of a place, such as \"Asia/Ho_Chi_Minh\" (7 h ahead)",
        hours.abs()
    ))
}

/// A rule that its model can see only a part of.
fn partial(camera: &Camera, rule: &Rule) -> Option<String> {
    let (of, id) = (&camera.id, &rule.id);
    (!rule.unseen.is_empty()).then(|| {
        format!(
            "camera[{of}].rule[{id}]: partial: the model {} does not see {}, so the rule never \
             tells of such things; use a model that does, or leave them to other eyes",
            camera.model,
            listed(&rule.unseen)
        )
    })
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
            assert!(told.is_none_or(|t| t.contains(want.unwrap_or_default())), "{zone}");
        }
    }
}
