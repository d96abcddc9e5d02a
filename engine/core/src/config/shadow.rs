//! `[shadow]` → [`Shadow`].
//!
//! Whether the candidate is installed is not asked here: a candidate that is missing or wrong must not keep a box from
//! starting. The box says so itself.

use super::problem::{Fault, listed};
use super::read::Node;
use super::sources::Package;
use crate::id::Name;
use crate::plan::{PromotionBounds, Shadow};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) fn read(node: &Node, models: &BTreeMap<Name, Option<Package>>) -> Option<Shadow> {
    let (model, package) = incumbent(node, models)?;
    let bounds = PromotionBounds {
        verdicts_min: node.number("verdicts_min")? as u64,
        confidence: node.number("confidence")?,
        precision_loss_max: node.number("precision_loss_max")?,
        recall_min: node.number("recall_min")?,
        cost_max: node.number("cost_max")?,
    };
    Some(Shadow {
        model,
        incumbent: package?,
        candidate: node.name("candidate")?,
        share: node.number("share")?,
        stretch: Duration::from_secs(node.number("stretch_secs")? as u64),
        auto: node.text("promote")? == "auto",
        bounds,
    })
}

/// The model at work; its package is none where that was told already.
fn incumbent(
    node: &Node,
    models: &BTreeMap<Name, Option<Package>>,
) -> Option<(Name, Option<Name>)> {
    let of = |(name, package): (&Name, &Option<Package>)| {
        (name.clone(), package.as_ref().map(|package| package.name.clone()))
    };
    let names: Vec<Name> = models.keys().cloned().collect();
    let Some(asked) = node.name("model") else {
        if names.len() == 1 {
            return models.iter().next().map(of);
        }
        if !node.has("model") {
            let what = "it does not follow whose place the candidate may take";
            let remedy = format!("add `model` with one of {}", listed(&names));
            node.tell("model", Fault::new(what, remedy));
        }
        return None;
    };
    let found = models.get_key_value(&asked).map(of);
    if found.is_none() {
        let what = format!("there is no [model.{asked}]");
        node.tell("model", Fault::new(what, format!("there are {}", listed(&names))));
    }
    found
}
