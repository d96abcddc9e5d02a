//! Does a track stand still, where, and since when?

use super::motion::Shape;
use crate::geometry::PxBox;

/// The mean place forgets after so many hits: a slow lean of the camera is followed.
const MEAN_OVER_HITS: f32 = 64.0;
/// So many hits in a row away from the place end the stand; one may be a half-hidden box.
const STRAYS_MAX: u8 = 2;

/// The place of one track and how long it has been kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stillness {
    mean: [f32; 4],
    hits: f32,
    since_secs: f64,
    until_secs: f64,
    strays: u8,
}

impl Stillness {
    pub(super) fn new(at_secs: f64, bbox: &PxBox) -> Self {
        Self {
            mean: [bbox.x0, bbox.y0, bbox.x1, bbox.y1],
            hits: 1.0,
            since_secs: at_secs,
            until_secs: at_secs,
            strays: 0,
        }
    }

    pub(super) fn add(&mut self, at_secs: f64, bbox: &PxBox, shape: &Shape, radius: f32) {
        let dx = (self.mean[0] + self.mean[2]) * 0.5 - shape.x;
        let dy = (self.mean[1] + self.mean[3]) * 0.5 - shape.y;
        if dx.hypot(dy) > radius * shape.size {
            self.strays += 1;
            if self.strays >= STRAYS_MAX {
                *self = Self::new(at_secs, bbox);
            }
            return;
        }
        self.strays = 0;
        self.until_secs = at_secs;
        self.hits = (self.hits + 1.0).min(MEAN_OVER_HITS);
        let seen = [bbox.x0, bbox.y0, bbox.x1, bbox.y1];
        for (mean, seen) in self.mean.iter_mut().zip(seen) {
            *mean += (seen - *mean) / self.hits;
        }
    }

    /// Follows a movement of the camera.
    pub(super) fn shift(&mut self, dx: f32, dy: f32) {
        for (mean, by) in self.mean.iter_mut().zip([dx, dy, dx, dy]) {
            *mean += by;
        }
    }

    /// How long it has stood, s.
    pub(super) fn stood_secs(&self) -> f32 {
        (self.until_secs - self.since_secs) as f32
    }

    /// Hits at this place, up to a bound.
    pub(super) fn hits(&self) -> f32 {
        self.hits
    }

    /// The mean box.
    pub(super) fn place(&self) -> Option<PxBox> {
        PxBox::new(self.mean[0], self.mean[1], self.mean[2], self.mean[3])
    }
}
