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
use crate::model::Model;

/// Above this overlap, boxes of different classes of one taxonomy root are one object. Boxes of
/// one object from neighbouring anchors differ by regression noise only (0.8 and more); different
/// vehicles that hide each other seldom share more than 0.6. A model's `nms.iou` that is higher
/// takes its place.
pub const GROUP_IOU: f32 = 0.7;

/// What a model's class means, as numbers that compare fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Equal for classes with the same taxonomy class.
    class: u16,
    /// Equal for classes with the same taxonomy root.
    root: u16,
}

/// Greedy suppression with fixed thresholds.
#[derive(Clone, Debug)]
pub(super) struct Nms {
    class_iou: f32,
    group_iou: f32,
    /// By the model's class.
    meanings: Vec<Option<Meaning>>,
}

impl Nms {
    pub(super) fn new(model: &Model) -> Self {
        let mut classes: Vec<&str> = Vec::new();
        let mut roots: Vec<&str> = Vec::new();
        let meanings = model
            .labels
            .iter()
            .map(|label| {
                let text = label.as_ref()?.as_str();
                let root = text.split_once('.').map_or(text, |(root, _)| root);
                Some(Meaning {
                    class: index_of(&mut classes, text),
                    root: index_of(&mut roots, root),
                })
            })
            .collect();
        Self { class_iou: model.nms_iou, group_iou: GROUP_IOU.max(model.nms_iou), meanings }
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
        let meaning = |d: &Detection| self.meanings.get(usize::from(d.class.0)).copied().flatten();
        let (Some(x), Some(y)) = (meaning(a), meaning(b)) else { return false };
        if x.root != y.root {
            return false;
        }
        let limit = if x.class == y.class { self.class_iou } else { self.group_iou };
        a.bbox.iou(&b.bbox) > limit
    }
}

/// The position of `text` in `seen`, where it is put when it is new. Classes are at most
/// [`CLASSES_MAX`](crate::model::CLASSES_MAX), so the index fits.
fn index_of<'t>(seen: &mut Vec<&'t str>, text: &'t str) -> u16 {
    let at = seen.iter().position(|s| *s == text).unwrap_or_else(|| {
        seen.push(text);
        seen.len() - 1
    });
    at as u16
}
