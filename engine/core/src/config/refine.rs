//! `refine` of `[model.NAME]`: the classifiers that narrow down what a detector sees.

use super::problem::{Fault, closest, listed};
use super::read::Child;
use super::sources::{Package, PipelineSources};
use crate::id::Name;
use crate::observe::Class;
use crate::plan::Rule;
use std::collections::{BTreeMap, BTreeSet};

/// Most classifiers of a detector: each has its share of the time of looks.
const CLASSIFIERS_MAX: usize = 4;

/// Gives detectors the classifiers that they name, and what those see; tells what is no classifier, or is shown nothing.
pub(super) fn models(
    nodes: &[Child],
    models: &BTreeMap<Name, Option<Package>>,
) -> BTreeMap<Name, Option<Package>> {
    let mut whole = models.clone();
    for Child { name, node } in nodes {
        let Some(named) = node.list("refine") else { continue };
        if named.len() > CLASSIFIERS_MAX {
            let what = format!("{} classifiers are too many for one detector", named.len());
            node.tell("refine", Fault::new(what, format!("name {CLASSIFIERS_MAX} at most")));
        }
        let package = name.as_ref().and_then(|name| whole.get_mut(name)?.as_mut());
        let Some(package) = package else { continue };
        let mut seen = BTreeSet::new();
        for (at, text) in named.into_iter().take(CLASSIFIERS_MAX) {
            if !seen.insert(text) {
                let fault = Fault::new(format!("{text} is named twice"), "remove one of them");
                node.source.problem(at, &format!("{}.refine", node.path), fault);
                continue;
            }
            match classifier(text, package, models) {
                Ok(classifier) => package.refine.extend(classifier.cloned()),
                Err(fault) => node.source.problem(at, &format!("{}.refine", node.path), fault),
            }
        }
        let kinds = package.refine.iter().flat_map(|classifier| classifier.info.labels.clone());
        package.info.labels.extend(kinds);
    }
    whole
}

/// None where it cannot be used, which was told.
fn classifier<'m>(
    name: &str,
    detector: &Package,
    models: &'m BTreeMap<Name, Option<Package>>,
) -> Result<Option<&'m Package>, Fault> {
    let Some(package) = Name::try_from(name).ok().and_then(|name| models.get(&name)) else {
        let remedy = match closest(name, models.keys().map(Name::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!(
                "add it, with the `package` of a classifier; models in this file are {}",
                listed(models.keys())
            ),
        };
        return Err(Fault::new(format!("there is no [model.{name}]"), remedy));
    };
    let Some(package) = package else { return Ok(None) };
    if !detector.info.refines.is_empty() {
        let what =
            format!("{} is a classifier, and finds nothing that could be refined", detector.name);
        return Err(Fault::new(what, "move `refine` to the detector that cameras look with"));
    }
    if package.info.refines.is_empty() {
        let what = format!("{} is a detector: it looks at whole pictures", package.name);
        return Err(Fault::new(what, "name a model with head = \"classifier\", or remove it"));
    }
    let of = &package.info.refines;
    let meets = |class: &Class| of.iter().any(|of| of.covers(class) || class.covers(of));
    if !detector.info.labels.iter().any(meets) {
        let what = format!(
            "{} is shown {}, which {} does not see",
            package.name,
            listed(of),
            detector.name
        );
        return Err(Fault::new(what, "use a detector that does, or remove it"));
    }
    Ok(Some(package))
}

/// The classifiers of which these rules need to know what they say. A rule that is about all that a classifier is shown
/// does not.
pub(super) fn asked<'r>(model: &Package, rules: impl Iterator<Item = &'r Rule>) -> Vec<Name> {
    let asked: BTreeSet<&Class> =
        rules.flat_map(|rule| &rule.program.things).flat_map(|thing| &thing.classes).collect();
    let needs = |classifier: &&Package| {
        let Package { info, .. } = classifier;
        asked.iter().any(|asked| {
            let all = info.refines.iter().any(|of| asked.covers(of));
            !all && info.labels.iter().any(|kind| asked.covers(kind))
        })
    };
    model.refine.iter().filter(needs).map(|classifier| classifier.name.clone()).collect()
}

/// For people: the installed classifier by which these classes would be seen, if there is one.
pub(super) fn remedy(
    missing: &[Class],
    detector: &Package,
    sources: &PipelineSources,
) -> Option<String> {
    let labels = &detector.info.labels;
    let meets = |of: &Class| labels.iter().any(|label| of.covers(label) || label.covers(of));
    let helps = |name: &&Name| {
        (sources.models)(name).is_ok_and(|info| {
            info.refines.iter().any(meets) && missing.iter().all(|class| info.knows(class))
        })
    };
    let name = sources.model_names.iter().find(helps)?;
    Some(format!(
        "let {name} refine what it sees: declare it under [model.NAME], and name that in `refine`"
    ))
}
