//! Cameras that are kept away from their workers, which die of them: told like any other state.

use super::host::Live;
use super::told::Kept;
use crate::vision::supervise::Quarantine;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use viahe_contract::message::CameraFault;
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::seam::CameraReport;
use viahe_core::time::Timestamp;

impl Live {
    /// Once a second, and when a worker has died.
    pub(super) fn look_at_quarantine(&mut self) -> Vec<Event> {
        let (now, at) = (self.time.monotonic(), self.time.now());
        let mut kept = self.fleet.quarantined();
        if self.told.quarantined.is(&kept) {
            return Vec::new();
        }
        let mut before = self.told.quarantined.take();
        let cameras: BTreeSet<Name> = before.keys().chain(kept.keys()).cloned().collect();
        let (mut later, mut changed) = (BTreeMap::new(), Vec::new());
        for camera in cameras {
            match (before.remove(&camera), kept.remove(&camera)) {
                (Some(was), Some(quarantine)) if was.quarantine == quarantine => {
                    later.insert(camera, was);
                }
                (_, Some(quarantine)) => {
                    let next_try = at.plus(quarantine.next_try.saturating_duration_since(now));
                    let reason = told(&quarantine, next_try, &self.plan.site.timezone);
                    let fault = CameraFault::Quarantined { deaths: quarantine.deaths };
                    changed.push((camera.clone(), reason, fault));
                    later.insert(camera, Kept { quarantine, next_try });
                }
                (_, None) => {
                    let reason = "it is tried again".to_owned();
                    changed.push((camera, reason, CameraFault::TriedAgain));
                }
            }
        }
        self.books.metrics.quarantine(later.keys().cloned().collect());
        self.told.quarantined.set(later);
        // One that is no longer watched was told for the last time.
        changed.retain(|(camera, ..)| self.plan.cameras.iter().any(|c| c.id == *camera));
        let report =
            |(camera, reason, fault)| self.camera(CameraReport::offline(camera, reason, fault));
        changed.into_iter().filter_map(report).collect()
    }
}

fn told(quarantine: &Quarantine, next_try: Timestamp, zone: &TimeZone) -> String {
    let Quarantine { deaths, reason, .. } = quarantine;
    format!(
        "quarantined: {deaths} vision workers died while opening it (the last one: {reason}); it is tried \
         again at {}; a reload that changes it tries at once",
        next_try.local(zone)
    )
}
