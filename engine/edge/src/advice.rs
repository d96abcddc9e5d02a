//! What a valid pipeline should be told that only the box can know: by its files and its clock.

use crate::clock;
use viahe_core::plan::{Camera, Plan, Source};
use viahe_core::time::Timestamp;

/// Warnings about a plan on this box today, one line each, for `viahe check` and the log. Beside those
/// that follow from the plan alone; see [`viahe_core::config::warnings`].
pub fn warnings(plan: &Plan) -> Vec<String> {
    let mut told: Vec<String> = plan.cameras.iter().filter_map(no_recording).collect();
    told.extend(permits_over(plan, clock::now()));
    let today = clock::now().in_zone(&plan.site.timezone).date();
    told.extend(plan.site.calendar.as_ref().and_then(|calendar| calendar.ending(today)));
    told
}

/// A recording may come later, as when a pipeline is written ahead of it.
fn no_recording(camera: &Camera) -> Option<String> {
    let Source::File { path } = &camera.source else { return None };
    let what = match path.metadata() {
        Ok(meta) if meta.is_file() => return None,
        Ok(_) => "is not a file".to_owned(),
        Err(error) => format!("cannot be read: {error}"),
    };
    Some(format!("camera[{}].url: the recording {} {what}", camera.id, path.display()))
}

fn permits_over(plan: &Plan, now: Timestamp) -> impl Iterator<Item = String> + '_ {
    plan.permits.iter().filter_map(move |permit| {
        let until = permit.until.filter(|until| *until <= now)?;
        let until = until.rfc3339(&plan.site.timezone);
        Some(format!("permit[{}]: it ended at {until}; remove it, or correct `until`", permit.id))
    })
}
