//! A model that is to take over is tried on what its cameras have just shown: one that cannot look at them, or
//! whose output is not what its description says, never does.

use crate::vision::analyse::{Eye, Gaze};
use crate::vision::areas::Areas;
use crate::vision::slots::SharedFrame;
use std::sync::Arc;
use viahe_core::detect::Sanity;
use viahe_core::model::Model;

/// Pictures for a trial: judgement. Of a right model one would do; of a wrong one it must show a thing that is sure.
pub(super) const FRAMES_MAX: usize = 4;

/// Looks at each frame by itself.
///
/// # Errors
/// Why the model cannot be used, for people.
pub(super) fn tried(eye: &mut Eye, model: &Model, frames: &[SharedFrame]) -> Result<(), String> {
    let mut sanity = Sanity::default();
    for frame in frames {
        let mut gaze =
            Gaze::new(model.name.clone(), model, 0, Arc::new(Areas::default()), Arc::default());
        eye.look_at(&**frame, &mut gaze)
            .map_err(|error| format!("it cannot look at a picture of its cameras: {error}"))?;
        sanity.add(&eye.take_decoded());
    }
    match sanity.of_pictures(&model.head) {
        Some(wrong) => Err(format!("of {} pictures of its cameras, {wrong}", frames.len())),
        None => Ok(()),
    }
}
