//! Non-maximum suppression: of boxes that mean one object, the surest stays.
//!
//! Two boxes mean one object when they overlap by more than
//! - the model's own `nms.iou` and have the same taxonomy class, or
//! - [`GROUP_IOU`] and have the same taxonomy root (`vehicle`, `person`, `goods` …).
//!
//! The second rule is there because detectors score each class on its own: one van comes out as
//! car and as truck, one moped as motorcycle and as bicycle, from the same or a neighbouring
//! anchor, so the boxes are nearly equal. Two tracks on one vehicle would be two incidents. Boxes
//! of different roots never suppress each other: a rider and the motorcycle are two objects.

use super::detection::Detection;
use super::kinds::Kinds;
use crate::model::Model;

/// Above this overlap, boxes of different classes of one taxonomy root are one object. Boxes of
/// one object from neighbouring anchors differ by regression noise only (0.8 and more); different
/// vehicles that hide each other seldom share more than 0.6. A model's `nms.iou` that is higher
/// takes its place.
pub const GROUP_IOU: f32 = 0.7;

/// Greedy suppression with fixed thresholds.
#[derive(Clone, Debug)]
pub(super) struct Nms {
    class_iou: f32,
    group_iou: f32,
    kinds: Kinds,
}

impl Nms {
    pub(super) fn new(model: &Model) -> Self {
        let (class_iou, group_iou) = (model.nms_iou, GROUP_IOU.max(model.nms_iou));
        Self { class_iou, group_iou, kinds: Kinds::of(model) }
    }

    /// Keeps, of `sorted` (best first), what no better one suppresses; appends it to `out`, which
    /// stays best first. Work: at most `sorted.len()` squared over two comparisons.
    pub(super) fn keep(&self, sorted: &[Detection], out: &mut Vec<Detection>) {
        let first = out.len();
        for candidate in sorted {
            let hidden = out[first..].iter().any(|kept| self.same_object(kept, candidate));
            if !hidden {
                out.push(*candidate);
            }
        }
    }

    fn same_object(&self, a: &Detection, b: &Detection) -> bool {
        let (x, y) = (self.kinds.meaning(a.class), self.kinds.meaning(b.class));
        let (Some(x), Some(y)) = (x, y) else { return false };
        // What is seen in two parts of a frame is brought together where it is known what each shows.
        if a.part != b.part || x.root != y.root {
            return false;
        }
        let limit = if x.class == y.class { self.class_iou } else { self.group_iou };
        a.bbox.iou(&b.bbox) > limit
    }
}
