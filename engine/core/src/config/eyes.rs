//! What a camera's model sees of what a rule is about: all, a part, or too little; and which other models do.

use super::catalogue::Entry;
use super::language::Wanted;
use super::problem::{Fault, closest, listed};
use super::read::Node;
use super::refine;
use super::sources::{Package, PipelineSources};
use crate::id::Name;
use crate::model::ModelInfo;
use crate::observe::Class;
use crate::plan::{Program, Unseen};
use std::collections::BTreeSet;
use viahe_contract::message::{EditFault, SeenBy};

/// For people: `market-nano sees waste; street sees goods.stall and goods.cart`.
pub(super) fn who_sees(seen_by: &[SeenBy]) -> String {
    let sees = |by: &SeenBy| format!("{} sees {}", by.model, listed(&by.classes));
    seen_by.iter().map(sees).collect::<Vec<_>>().join("; ")
}

/// Gives the program's things the classes that are meant and that the model knows; says which it
/// would know if it could.
pub(super) fn classes(
    node: &Node,
    entry: &Entry,
    program: &mut Program,
    model: Option<&Package>,
    sources: &PipelineSources,
) -> Option<Vec<Unseen>> {
    let main = program.subject();
    if let Some(main) = main {
        let confidence_min = node.number("confidence_min").map(|v| v as f32);
        let thing = &mut program.things[main];
        thing.confidence_min = confidence_min.unwrap_or(thing.confidence_min);
    }
    let own: Option<Vec<(usize, Class)>> = node.list("classes").map(|list| {
        list.into_iter().filter_map(|(at, text)| Some((at, Class::try_from(text).ok()?))).collect()
    });
    let package = model?;
    let Package { name, info, .. } = package;
    let (mut missing, mut partly) = (Vec::<Class>::new(), Vec::<Class>::new());
    let mut unknown = Vec::new();
    for (t, (thing, wanted)) in program.things.iter_mut().zip(&entry.wanted).enumerate() {
        let own = own.as_ref().filter(|_| main == Some(t));
        if let Some(own) = own {
            for (at, class) in own.iter().filter(|(_, class)| !info.knows(class)) {
                let fault = unknown_class(class, name, info, sources);
                node.source.problem(*at, &format!("{}.classes", node.path), fault);
            }
            thing.classes = own.iter().map(|(_, class)| class.clone()).collect();
            continue;
        }
        let Wanted { classes, classes_when_known } = wanted;
        let known = classes_when_known.iter().filter(|class| info.knows(class));
        thing.classes = classes.iter().chain(known).cloned().collect();
        let unseen = classes.iter().filter(|class| !info.knows(class));
        missing.extend(unseen.cloned());
        let unknown_here = || classes_when_known.iter().filter(|class| !info.knows(class)).cloned();
        partly.extend(unknown_here());
        if thing.classes.is_empty() {
            unknown.extend(unknown_here());
        }
    }
    if !program.can_open() {
        missing.append(&mut unknown);
    }
    for list in [&mut missing, &mut partly] {
        let mut told = BTreeSet::new();
        list.retain(|class| told.insert(class.clone()));
    }
    if !missing.is_empty() {
        node.tell("use", blind_to(&missing, package, sources));
        return None;
    }
    let seen_by = seen_by(&partly, sources);
    let with_eyes = |class: Class| {
        let sees = |by: &&SeenBy| by.classes.contains(&class);
        let seen_by = seen_by.iter().filter(sees).map(|by| by.model.clone()).collect();
        Unseen { class, seen_by }
    };
    Some(partly.into_iter().map(with_eyes).collect())
}

/// The installed models that see some of these classes, and which.
fn seen_by(classes: &[Class], sources: &PipelineSources) -> Vec<SeenBy> {
    if classes.is_empty() {
        return Vec::new();
    }
    let sees = |model: &Name| {
        let info = (sources.models)(model).ok().filter(|info| info.refines.is_empty())?;
        let seen: Vec<Class> = classes.iter().filter(|class| info.knows(class)).cloned().collect();
        (!seen.is_empty()).then(|| SeenBy { model: model.clone(), classes: seen })
    };
    sources.model_names.iter().filter_map(sees).collect()
}

/// The entry is about classes that the model does not know.
fn blind_to(missing: &[Class], package: &Package, sources: &PipelineSources) -> Fault {
    let model = &package.name;
    let seen_by = seen_by(missing, sources);
    let whole = seen_by.iter().filter(|by| by.classes.len() == missing.len());
    let whole: Vec<Name> = whole.map(|by| by.model.clone()).collect();
    let remedy = if !whole.is_empty() {
        format!("use a model that does ({})", listed(&whole))
    } else if let Some(remedy) = refine::remedy(missing, package, sources) {
        remedy
    } else if seen_by.is_empty() {
        "no installed model does; install one that does, or leave the rule out".into()
    } else {
        format!("no installed model sees all of them: {}", who_sees(&seen_by))
    };
    let (model_name, classes) = (model.clone(), missing.to_vec());
    let code = EditFault::ModelBlind { model: model_name, classes, others: whole, seen_by };
    Fault::new(format!("the model {model} does not see {}", listed(missing)), remedy).coded(code)
}

fn unknown_class(
    class: &Class,
    model: &Name,
    info: &ModelInfo,
    sources: &PipelineSources,
) -> Fault {
    let seen_by = seen_by(std::slice::from_ref(class), sources);
    let others: Vec<Name> = seen_by.iter().map(|by| by.model.clone()).collect();
    let known = info.labels.iter().map(Class::as_str);
    let remedy = match (closest(class.as_str(), known.clone()), others.as_slice()) {
        (Some(near), _) => format!("did you mean \"{near}\"?"),
        (None, []) => {
            let known: BTreeSet<&str> = known.collect();
            format!("set `classes` to some of what it sees: {}", listed(known))
        }
        (None, others) => format!("use a model that does ({}), or other `classes`", listed(others)),
    };
    let (model_name, classes) = (model.clone(), vec![class.clone()]);
    let code = EditFault::ModelBlind { model: model_name, classes, others, seen_by };
    Fault::new(format!("the model {model} does not see {class}"), remedy).coded(code)
}
