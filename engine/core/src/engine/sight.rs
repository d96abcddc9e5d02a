//! What all rules of a camera share at one look.

use crate::observe::Observation;
use crate::plan::Camera;

/// Kept, so that a look allocates nothing for it.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// For each object, where its class is found by
    /// [`PreparedCamera::bits`](super::prepared::PreparedCamera::bits).
    pub(super) classes: Vec<usize>,
    /// For each zone and object: is its ground point inside?
    pub(super) inside: Vec<Vec<bool>>,
    /// For each object, the things of the rule whose turn it is that its class is meant by.
    pub(super) bits: Vec<u32>,
    /// For each beat of the camera: is this look a turn of it?
    pub(super) turns: Vec<bool>,
}

impl Sight {
    /// Notes what stands in which zone.
    pub(super) fn stand(&mut self, camera: &Camera, observation: &Observation) {
        self.inside.resize_with(camera.zones.len(), Vec::new);
        for (inside, zone) in self.inside.iter_mut().zip(&camera.zones) {
            inside.clear();
            let objects = observation.objects.iter();
            inside.extend(objects.map(|o| zone.polygon.contains(o.bbox.ground())));
        }
    }
}
