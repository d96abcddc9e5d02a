//! What others may ask of a live camera without holding it.

use super::decode::Demand;
use super::film::Taken;
use super::link::Camera;
use super::reel::{Developed, NoPicture};
use std::sync::{Arc, Weak};
use std::time::Instant;
use viahe_core::frame::FrameStamp;

/// A [`LiveCamera`](super::LiveCamera) from afar; does nothing once that is gone.
#[derive(Clone)]
pub struct Remote(Weak<Camera>);

impl Remote {
    pub(super) fn new(camera: &Arc<Camera>) -> Self {
        Self(Arc::downgrade(camera))
    }

    /// From its next picture on this is needed of it.
    pub fn demand(&self, demand: Demand) {
        if let Some(camera) = self.0.upgrade() {
            camera.need(demand);
        }
    }

    /// Its picture of the moment of a look at another stream, which has this stamp. Waits for it until
    /// `wait`, and for the decoder until `end`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn picture(
        &self,
        look: Taken,
        stamp: FrameStamp,
        wait: Instant,
        end: Instant,
    ) -> Result<Developed, NoPicture> {
        let camera = self.0.upgrade().ok_or(NoPicture::Away)?;
        camera.reel.as_ref().ok_or(NoPicture::Away)?.picture(look, stamp, wait, end)
    }
}
