//! What a classifier is shown, and whether its labels are kinds of that.

use crate::config::problem::{Fault, listed};
use crate::config::read::Node;
use crate::model::{Batch, Classifier, Crop, Model};
use viahe_contract::class::Class;

/// A part of a box less tall than this, in heights of it, shows nothing.
const PART_MIN: f32 = 0.02;

/// `None` only after a problem was told.
pub(super) fn classifier(root: &Node, model: Model) -> Option<Classifier> {
    if !matches!(model.batch, Batch::Any | Batch::Fixed(1)) {
        let what = "a classifier is shown one crop at a time";
        root.child("input")?
            .tell("batch", Fault::new(what, "export it for a batch of 1, or of any number"));
    }
    let node = root.child("crop")?;
    let of: Vec<Class> =
        node.list("of")?.into_iter().filter_map(|(_, of)| Class::try_from(of).ok()).collect();
    let share = |key| node.number(key).map(|share| share as f32);
    let (top, bottom, margin) = (share("top")?, share("bottom")?, share("margin")?);
    if bottom - top < PART_MIN {
        let what = format!("it is shown nothing from {top} to {bottom}");
        node.tell(
            "bottom",
            Fault::new(what, "let `bottom` be more than `top`: both are counted from the top"),
        );
    }
    refuse_others(root, &of);
    Some(Classifier {
        model,
        crop: Crop { of, top, bottom, margin, height_min_px: share("height_min_px")? },
    })
}

/// Labels that are no kinds of what it is shown, and none at all.
fn refuse_others(root: &Node, of: &[Class]) {
    let labels = root.entries("labels").unwrap_or_default();
    if labels.is_empty() {
        let what = "without labels a classifier says nothing";
        root.tell(
            "labels",
            Fault::new(what, "say what its classes mean: `1 = \"person.rider_bare\"`"),
        );
    }
    for (at, key, text) in labels {
        let Ok(class) = Class::try_from(text) else { continue };
        if of.iter().any(|of| of != &class && of.covers(&class)) {
            continue;
        }
        let what = format!("{class} is no kind of {}, so it narrows nothing down", listed(of));
        let remedy = "label kinds of `of` in [crop] only; leave out what means nothing";
        root.source.problem(at, &format!("labels.{key}"), Fault::new(what, remedy));
    }
}
