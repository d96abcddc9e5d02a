//! What each picture of an incident is drawn with: known when the picture is asked for, used once the
//! incident that names it is said.

use super::error::EvidenceError;
use super::names;
use super::overlay::{Mark, OverlayOptions, overlay_svg};
use super::store::EvidenceStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use viahe_contract::id::CaptureId;
use viahe_contract::message::Moment;
use viahe_core::artefact::Artefact;
use viahe_core::engine::Capture;
use viahe_core::incident::Revision;
use viahe_core::observe::{Object, Observation};
use viahe_core::plan::Plan;

/// Pictures that are not drawn over yet, by capture.
#[derive(Debug, Default)]
pub struct Drawings {
    shown: BTreeMap<CaptureId, Shown>,
}

#[derive(Debug)]
struct Shown {
    seq: u64,
    objects: Vec<Object>,
    /// Of the picture, once it is there.
    size_px: Option<[u32; 2]>,
}

impl Drawings {
    /// What was seen in the frame of a picture that is asked for because of it.
    pub fn asked(&mut self, capture: &Capture, seen: &Observation) {
        if (&capture.camera, capture.seq) == (&seen.camera, seen.frame.seq) {
            let (seq, objects) = (capture.seq, seen.objects.clone());
            self.shown.insert(capture.id, Shown { seq, objects, size_px: None });
        }
    }

    /// The picture came, perhaps of another frame: boxes of this one would be wrong on it.
    pub fn came(&mut self, capture: CaptureId, seq: u64, size_px: [u32; 2]) {
        let Some(shown) = self.shown.get_mut(&capture) else { return };
        shown.size_px = Some(size_px);
        if shown.seq != seq {
            shown.objects.clear();
        }
    }

    /// Nobody wants the picture any more.
    pub fn forget(&mut self, capture: CaptureId) {
        self.shown.remove(&capture);
    }

    /// What is to be drawn beside the pictures of a revision that have no drawing yet; they are in
    /// their place.
    pub fn sketches(&mut self, revision: &Revision, plan: &Arc<Plan>) -> Vec<Sketch> {
        let named = revision.evidence.iter();
        let taken: Vec<(Artefact, Shown)> = named
            .filter_map(|artefact| Some((artefact.clone(), self.shown.remove(&artefact.capture)?)))
            .collect();
        if taken.is_empty() {
            return Vec::new();
        }
        let revision = Arc::new(revision.clone());
        let sketch = |(artefact, shown)| Sketch {
            artefact,
            shown,
            revision: Arc::clone(&revision),
            plan: Arc::clone(plan),
        };
        taken.into_iter().map(sketch).collect()
    }
}

/// A drawing that is to be made.
#[derive(Debug)]
pub struct Sketch {
    artefact: Artefact,
    shown: Shown,
    revision: Arc<Revision>,
    plan: Arc<Plan>,
}

impl Sketch {
    /// Draws zone and boxes, if there is anything to draw on.
    ///
    /// # Errors
    /// [`EvidenceError`] when the drawing cannot be written.
    pub fn draw(&self, store: &EvidenceStore) -> Result<(), EvidenceError> {
        match drawing(&self.artefact, &self.shown, &self.revision, &self.plan) {
            Some(svg) => store.put_overlay(self.artefact.sha256, &svg).map(drop),
            None => Ok(()),
        }
    }
}

fn drawing(artefact: &Artefact, shown: &Shown, revision: &Revision, plan: &Plan) -> Option<String> {
    let size_px = shown.size_px?;
    let camera = plan.cameras.iter().find(|c| Some(&c.id) == revision.camera.as_ref())?;
    let zone = camera.zones.iter().find(|z| Some(&z.id) == revision.zone.as_ref());
    let rule = camera.rules.iter().find(|r| r.id == revision.rule);
    let title = rule.map_or(revision.violation.as_str(), |r| r.title.of(plan.site.language));
    let when = artefact.span.first.in_zone(&plan.site.timezone);
    let what = match artefact.moment {
        Moment::FirstSeen => "Ảnh đầu tiên",
        Moment::Opened => "Lúc báo",
        Moment::Closed => "Lúc kết thúc",
        Moment::Commanded => "Theo yêu cầu",
    };
    let lines = [
        format!("{what}: {}", when.strftime("%d/%m/%Y %H:%M:%S (%:z)")),
        format!("Camera: {}", camera.name.as_deref().unwrap_or(camera.id.as_str())),
    ];
    let is_subject = |o: &&Object| revision.subjects.iter().any(|s| s.track == o.track);
    let subjects: Vec<&Object> = shown.objects.iter().filter(is_subject).collect();
    let label = |o: &&Object| format!("{} {:.2}", o.class, o.confidence.get());
    let labels: Vec<String> = subjects.iter().map(label).collect();
    let marks = subjects.iter().zip(&labels);
    let marks: Vec<Mark<'_>> =
        marks.map(|(o, label)| Mark { bbox: o.bbox, label, subject: true }).collect();
    let options = OverlayOptions {
        picture: &names::name_of(artefact.sha256, artefact.medium),
        size_px,
        title,
        lines: &lines,
        zone: zone.map_or("", |zone| zone.name.as_deref().unwrap_or(zone.id.as_str())),
    };
    Some(overlay_svg(&options, zone.map(|zone| &zone.polygon), &marks))
}
