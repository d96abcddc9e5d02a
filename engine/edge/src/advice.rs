//! What a valid pipeline should be told that only the box can know: by its files and its clock.

use crate::clock;
use crate::models::Locations;
use std::collections::BTreeSet;
use viahe_contract::message::Advice;
use viahe_core::config::Warning;
use viahe_core::id::Name;
use viahe_core::plan::{Camera, Plan, Source};
use viahe_core::time::Timestamp;

/// Warnings about a plan on this box today, for `viahe check` and the log. Beside those that follow from the plan
/// alone; see [`viahe_core::config::warnings`].
pub fn warnings(plan: &Plan) -> Vec<Warning> {
    let mut told: Vec<Warning> = plan.cameras.iter().filter_map(no_recording).collect();
    told.extend(no_licences(plan));
    told.extend(permits_over(plan, clock::now()));
    told.extend(calendar_ends(plan, clock::now()));
    told
}

/// A recording may come later, as when a pipeline is written ahead of it.
fn no_recording(camera: &Camera) -> Option<Warning> {
    let Source::File { path } = &camera.source else { return None };
    let what = match path.metadata() {
        Ok(meta) if meta.is_file() => return None,
        Ok(_) => "is not a file".to_owned(),
        Err(error) => format!("cannot be read: {error}"),
    };
    let text = format!("camera[{}].url: the recording {} {what}", camera.id, path.display());
    Some(Warning { text, advice: Advice::NoRecording { camera: camera.id.clone() } })
}

/// Incidents name the licence of the weights that saw them: none is told before they are.
fn no_licences(plan: &Plan) -> Vec<Warning> {
    let models: BTreeSet<&Name> = plan.cameras.iter().map(|camera| &camera.model).collect();
    // A model that is not there is told elsewhere.
    let Ok(locations) = Locations::discover(Some(&plan.folder)) else { return Vec::new() };
    let unknown = |name: &Name| {
        let model = locations.describe(name).ok().filter(|model| !model.has_licence())?;
        let text = format!(
            "model {name}: its licence is {}, so nobody knows who may use it, and its incidents say so; ask who made it, and \
             write what they say into its model.toml",
            model.licence
        );
        Some(Warning { text, advice: Advice::NoLicence { model: name.clone() } })
    };
    models.into_iter().filter_map(unknown).collect()
}

fn permits_over(plan: &Plan, now: Timestamp) -> impl Iterator<Item = Warning> + '_ {
    plan.permits.iter().filter_map(move |permit| {
        let until = permit.until.filter(|until| *until <= now)?;
        let (id, zone) = (&permit.id, &plan.site.timezone);
        let ended = until.rfc3339(zone);
        let text = format!("permit[{id}]: it ended at {ended}; remove it, or correct `until`");
        let advice = Advice::PermitOver { permit: id.clone(), until: until.local(zone) };
        Some(Warning { text, advice })
    })
}

fn calendar_ends(plan: &Plan, now: Timestamp) -> Option<Warning> {
    let calendar = plan.site.calendar.as_ref()?;
    let text = calendar.ending(now.in_zone(&plan.site.timezone).date())?;
    let (calendar, year) = (calendar.name.clone(), calendar.last_year()?.into());
    Some(Warning { text, advice: Advice::CalendarEnds { calendar, year } })
}
