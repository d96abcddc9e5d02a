//! What the tracker has to know of the classes of a model.

use viahe_core::observe::Class;
use viahe_core::track::TrackerOptions;

/// For a model with these labels.
pub(super) fn tracking(labels: &[Option<Class>]) -> TrackerOptions {
    TrackerOptions {
        class_groups: class_groups(labels),
        top_speeds: labels.iter().map(|label| top_speed(label.as_ref())).collect(),
        ..Default::default()
    }
}

/// Classes of one kind (`vehicle.car`, `vehicle.truck`) may be one thing to the tracker; a person
/// and a vehicle never.
fn class_groups(labels: &[Option<Class>]) -> Vec<u16> {
    let mut roots: Vec<&str> = Vec::new();
    labels
        .iter()
        .map(|label| {
            let root = label.as_ref().map_or("", |c| c.as_str());
            let root = root.split('.').next().unwrap_or_default();
            let known = roots.iter().position(|r| *r == root).unwrap_or_else(|| {
                roots.push(root);
                roots.len() - 1
            });
            known as u16
        })
        .collect()
}

/// How many times its own size a thing of this class moves in a second at most: a person who runs, a motorbike at 60 km/h.
fn top_speed(label: Option<&Class>) -> f32 {
    match label.and_then(|class| class.as_str().split('.').next()) {
        Some("person") => 5.0,
        Some("vehicle") => 10.0,
        _ => 8.0,
    }
}
