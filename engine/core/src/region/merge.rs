//! One object seen in two parts of a frame is one detection.
//!
//! Two boxes from different parts mean one object when they are of one kind and equal in what both parts
//! show. So a car that one tile cuts off at its border is known again in its neighbour, in the whole frame
//! and in a tile where it is cut off on the other side.

use crate::detect::{Detection, Kinds};
use crate::geometry::{PxBox, PxRect};
use crate::tensor::Fit;

/// Boxes from different parts are one object above this overlap in what both show. Lower than within an image:
/// of a car of ten model px one px is a tenth. Judgement.
const SAME_IOU: f32 = 0.4;
/// A box that ends within so many model px of a border is cut off by it.
const CUT_PX: f32 = 3.0;

/// A detection, and what it was seen in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) detection: Detection,
    pub(super) fit: Fit,
    /// The border of its part cuts it off.
    pub(super) cut: bool,
}

impl Seen {
    pub(super) fn new(detection: Detection, fit: Fit, frame: PxRect) -> Self {
        Self { detection, fit, cut: is_cut(&detection.bbox, &fit, frame) }
    }

    /// What is seen closely and whole is known best.
    fn rank(&self, frame: PxRect) -> u8 {
        match (self.cut, self.fit.crop == frame) {
            (false, false) => 0,
            (_, true) => 1,
            (true, false) => 2,
        }
    }
}

/// Does it end at a border beyond which the frame goes on?
fn is_cut(bbox: &PxBox, fit: &Fit, frame: PxRect) -> bool {
    let Fit { scale, crop, .. } = fit;
    let [slack_x, slack_y] = scale.map(|s| CUT_PX / s);
    crop.x > frame.x && bbox.x0 - (crop.x as f32) < slack_x
        || crop.y > frame.y && bbox.y0 - (crop.y as f32) < slack_y
        || crop.right() < frame.right() && crop.right() as f32 - bbox.x1 < slack_x
        || crop.bottom() < frame.bottom() && crop.bottom() as f32 - bbox.y1 < slack_y
}

/// Brings together what is one object; best known first, then surest.
pub(super) fn merge(seen: &mut Vec<Seen>, frame: PxRect, kinds: &Kinds) {
    let order = |a: &Seen, b: &Seen| {
        let surer = b.detection.confidence.get().total_cmp(&a.detection.confidence.get());
        a.rank(frame).cmp(&b.rank(frame)).then(surer)
    };
    seen.sort_by(order);
    let mut kept = 0;
    for at in 0..seen.len() {
        let candidate = seen[at];
        let (known, _) = seen.split_at_mut(kept);
        if let Some(one) = known.iter_mut().find(|other| is_same(other, &candidate, kinds)) {
            join(one, &candidate);
        } else {
            seen[kept] = candidate;
            kept += 1;
        }
    }
    seen.truncate(kept);
}

/// The one that is known better keeps its box, unless both are cut off: then they are what both show.
fn join(kept: &mut Seen, other: &Seen) {
    let (a, b) = (&mut kept.detection, &other.detection);
    if b.confidence > a.confidence {
        a.confidence = b.confidence;
    }
    if kept.cut && other.cut {
        let (x, y) = (a.bbox, b.bbox);
        a.bbox = PxBox {
            x0: x.x0.min(y.x0),
            y0: x.y0.min(y.y0),
            x1: x.x1.max(y.x1),
            y1: x.y1.max(y.y1),
        };
    }
}

fn is_same(a: &Seen, b: &Seen, kinds: &Kinds) -> bool {
    // Within one part it was decided when it was decoded.
    if a.fit == b.fit || !kinds.are_alike(a.detection.class, b.detection.class) {
        return false;
    }
    let in_both = |seen: &Seen| {
        clip(&seen.detection.bbox, &a.fit.crop).and_then(|bbox| clip(&bbox, &b.fit.crop))
    };
    in_both(a).zip(in_both(b)).is_some_and(|(a, b)| a.iou(&b) > SAME_IOU)
}

fn clip(bbox: &PxBox, to: &PxRect) -> Option<PxBox> {
    PxBox::new(
        bbox.x0.max(to.x as f32),
        bbox.y0.max(to.y as f32),
        bbox.x1.min(to.right() as f32),
        bbox.y1.min(to.bottom() as f32),
    )
}
