//! What a camera's view looks like, told now and then, whether its frames are analysed or not.

use crate::ledger::{Ledger, Stage};
use std::sync::Arc;
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::observe::ViewReport;
use viahe_core::sampler::Sampler;
use viahe_core::view::Signature;

/// How often a camera's view is told. A covered lens is news after 10 s, so this is often enough; a
/// signature costs a fraction of what one inference does.
const VIEW_HZ: f32 = 0.5;

/// Glances at the frames of one camera.
pub(super) struct Glance {
    camera: Name,
    sampler: Sampler,
    ledger: Arc<Ledger>,
}

impl Glance {
    pub(super) fn new(camera: Name, ledger: Arc<Ledger>) -> Self {
        Self { camera, sampler: Sampler::new(VIEW_HZ), ledger }
    }

    /// What the view looks like, when it is time to tell.
    pub(super) fn at(&mut self, frame: &dyn Frame) -> Option<ViewReport> {
        let at = frame.stamp().captured;
        if !self.sampler.is_due(at) {
            return None;
        }
        self.sampler.take(at);
        let signature = Signature::of(&frame.view());
        self.ledger.add(Stage::View, Signature::SAMPLES);
        Some(ViewReport { camera: self.camera.clone(), at, signature })
    }
}
