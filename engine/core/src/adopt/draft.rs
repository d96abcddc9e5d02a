//! All that is known of a model, as whole descriptions.

use super::beside::Beside;
use super::edges::{Input, Unusable, input, words};
use super::fact::{Fact, How};
use super::heads::{Hints, Reading, readings};
use super::labels::{Labels, coco, fitted, labels, listed};
use super::said::{Fitting, Said};
use super::scale::{RGB_255, ROUNDED, Scale, usual};
use super::text::{Try, plain};
use crate::config::Taxonomy;
use crate::model::LICENCE_UNKNOWN;
use crate::observe::Class;
use crate::onnx::{Changes, Element, Limits, Outlet, Outline, Refused, Renamed, check, lowered};
use std::collections::BTreeMap;

/// Most descriptions that are tried.
const TRIES_MAX: usize = 24;
/// Grey, as most letterboxes are padded.
const PAD: f32 = 114.0;

/// What somebody says of a model.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The text of a list of classes.
    pub labels: Option<String>,
    /// What classes mean, by their names.
    pub map: BTreeMap<String, Class>,
    /// How its output is read.
    pub head: Option<String>,
    /// Of the weights.
    pub licence: Option<String>,
    /// Columns and rows of the input.
    pub size: Option<[usize; 2]>,
}

/// What a model may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What has to be changed in the file so that it can be run.
    pub changes: Changes,
    /// Why, in words.
    pub changed: Vec<String>,
    /// Whole descriptions, the likeliest first; at least one.
    pub tries: Vec<Try>,
}

/// Goes through all that is said of a model. `title` is what it is called where nothing says.
///
/// # Errors
/// [`Unusable`], when no description can be right.
pub fn draft(
    (bytes, outline): (&[u8], &Outline<'_>),
    beside: &Beside,
    given: &Given,
    taxonomy: &Taxonomy,
    (limits, title): (Option<&Limits>, &str),
) -> Result<Draft, Unusable> {
    let mut remarks = Vec::new();
    let versions = versions(outline, limits, &mut remarks)?;
    let mut said = beside.said(outline)?;
    if let Some(why) = said.iter().find_map(|said| said.unusable.clone()) {
        return Err(Unusable::Edges(why));
    }
    if let Some(text) = &given.labels {
        let names = listed(text).ok_or_else(|| {
            Unusable::Edges("--labels lists no classes; write one a line".to_owned())
        })?;
        let source = "--labels".to_owned();
        said.insert(0, Said { source, names: Some(names), ..Said::default() });
    }
    let (mut input, mut facts) = input(outline, &said, given.size)?;
    facts.extend(of_people(&said, given, title));
    let changes = Changes {
        versions,
        input: renamed(bytes, &input.name, input.element, &mut remarks),
        outputs: outline
            .outputs
            .iter()
            .filter_map(|output| Some((output.name, output.element?)))
            .filter_map(|(name, element)| renamed(bytes, name, element, &mut remarks))
            .collect(),
    };
    if let Some(renamed) = &changes.input {
        input.name.clone_from(&renamed.to);
    }
    let tries = tries(outline, &Known { input, facts, said, given, taxonomy }, &changes)?;
    Ok(Draft { changes, changed: remarks, tries })
}

/// Older versions, where the runtime does not take the file's and they mean the same.
fn versions(
    outline: &Outline<'_>,
    limits: Option<&Limits>,
    changed: &mut Vec<String>,
) -> Result<Option<[u64; 2]>, Unusable> {
    let newer = match check(outline, limits) {
        Ok(()) => return Ok(None),
        Err(newer @ Refused::Newer { .. }) => newer,
        Err(other) => return Err(other.into()),
    };
    let Some([opset, ir]) = limits.and_then(|limits| lowered(outline, limits)) else {
        return Err(newer.into());
    };
    changed.push(format!(
        "written as opset {opset}, IR {ir} instead of {}, {}, which ONNX Runtime does not take; none of its operators differs",
        outline.opset(),
        outline.ir
    ));
    Ok(Some([opset, ir]))
}

/// An edge that is not of 32-bit floats gets one that is.
fn renamed(
    bytes: &[u8],
    name: &str,
    element: Element,
    changed: &mut Vec<String>,
) -> Option<Renamed> {
    if element == Element::F32 || !element.casts_to_floats() {
        return None;
    }
    let taken = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    let mut to = format!("{name}_f32");
    while taken(&to) {
        to.push('_');
    }
    changed.push(format!("{name:?} is {element}: cast at the edge of the graph, where it is float32 and called {to:?}"));
    Some(Renamed { from: name.to_owned(), to, element })
}

/// Title and licence.
fn of_people(said: &[Said], given: &Given, title: &str) -> [Fact; 2] {
    let told = |of: fn(&Said) -> Option<&String>| {
        said.iter().find_map(|said| Some((of(said)?.clone(), said.source.clone())))
    };
    let title = match told(|said| said.title.as_ref()) {
        Some((title, source)) if !title.trim().is_empty() => {
            Fact::new("title", plain(&title), How::Found, source)
        }
        _ => Fact::new("title", title, How::Default, "the file's name"),
    };
    let licence = match (&given.licence, told(|said| said.licence.as_ref())) {
        (Some(licence), _) => Fact::new("licence", plain(licence), How::Given, "--licence"),
        (None, Some((licence, source))) => {
            Fact::new("licence", plain(&licence), How::Found, source)
        }
        (None, None) => Fact::new(
            "licence",
            LICENCE_UNKNOWN,
            How::Default,
            "written nowhere; find out what the weights may be used for, and write it here",
        ),
    };
    [title, licence]
}

/// What all descriptions have in common.
struct Known<'k> {
    input: Input,
    facts: Vec<Fact>,
    said: Vec<Said>,
    given: &'k Given,
    taxonomy: &'k Taxonomy,
}

fn tries(
    outline: &Outline<'_>,
    known: &Known<'_>,
    changes: &Changes,
) -> Result<Vec<Try>, Unusable> {
    let said = |of: fn(&Said) -> Option<&'static str>| known.said.iter().find_map(of);
    let hints = Hints {
        size: known.input.size,
        names: known.said.iter().find_map(|said| said.names.as_ref().map(Vec::len)),
        head: said(|said| said.head),
        activation: said(|said| said.activation),
    };
    let mut all = readings(&outline.outputs, hints);
    if let Some(head) = &known.given.head {
        all.retain(|reading| reading.head == head);
    }
    if all.is_empty() {
        return Err(no_head(outline, known.given));
    }
    let mut tries = Vec::new();
    let mut refused = None;
    for mut reading in all {
        rename(&mut reading, changes);
        match of_reading(&reading, known) {
            Ok(more) => tries.extend(more),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    tries.truncate(TRIES_MAX);
    match refused {
        Some(error) if tries.is_empty() => Err(error),
        _ => Ok(tries),
    }
}

/// Values of keys that name a tensor name the new one.
fn rename(reading: &mut Reading, changes: &Changes) {
    let quoted = |name: &str| serde_json::Value::from(name).to_string();
    for (_, value) in &mut reading.keys {
        if let Some(renamed) =
            changes.outputs.iter().find(|renamed| quoted(&renamed.from) == *value)
        {
            *value = quoted(&renamed.to);
        }
    }
}

fn no_head(outline: &Outline<'_>, given: &Given) -> Unusable {
    let output = |output: &Outlet<'_>| {
        let shape = output.shape.as_deref().map_or_else(|| "of unknown shape".to_owned(), words);
        format!("{:?} {shape}", output.name)
    };
    let outputs: Vec<String> = outline.outputs.iter().take(8).map(output).collect();
    let outputs = outputs.join(", ");
    Unusable::Edges(match &given.head {
        Some(head) => format!(
            "its outputs ({outputs}) have not the shapes of head = {head:?}; leave --head out to see what they may be"
        ),
        None => format!(
            "its outputs ({outputs}) are those of no head that viahe reads; models/README.md lists them: export the model with its boxes \
             decoded, or with scores and boxes as two outputs"
        ),
    })
}

/// What a reading's classes are, by the first source that lists as many.
fn names(reading: &Reading, known: &Known<'_>) -> Result<(Vec<String>, Fact), Unusable> {
    let softmax =
        reading.keys.iter().any(|(key, value)| *key == "activation" && value == "\"softmax\"");
    let classes = reading.classes - usize::from(softmax);
    let mut other = None;
    for said in &known.said {
        let Some(names) = &said.names else { continue };
        let listed = if reading.from_one && names.len() + 1 == classes {
            let from_one = std::iter::once(String::new()).chain(names.iter().cloned()).collect();
            Some((from_one, Some("class numbers begin at 1")))
        } else {
            fitted(names, classes)
        };
        if let Some((names, remark)) = listed {
            let how = if said.source == "--labels" { How::Given } else { How::Found };
            let why = remark
                .map_or_else(|| said.source.clone(), |remark| format!("{}; {remark}", said.source));
            return Ok((names, Fact::new("labels", "", how, why)));
        }
        let list = said.source.clone();
        other = other.or(Some(Unusable::Count { list, names: names.len(), classes }));
    }
    match (other, coco(classes)) {
        (None, Some((names, why))) => Ok((names, Fact::new("labels", "", How::Guessed, why))),
        (Some(other), _) => Err(other),
        (None, None) => Err(Unusable::Names { classes }),
    }
}

fn of_reading(reading: &Reading, known: &Known<'_>) -> Result<Vec<Try>, Unusable> {
    let (names, mut labelled) = names(reading, known)?;
    let labels: Labels = labels(&names, &known.given.map, known.taxonomy);
    if labels.of.is_empty() {
        return Err(Unusable::Meaning { names: names.into_iter().take(20).collect() });
    }
    labelled.value = format!("{} of {} classes", labels.of.len(), names.len());
    let head = match &known.given.head {
        Some(head) => Fact::new("head", head, How::Given, "--head"),
        None if known.said.iter().any(|said| said.head == Some(reading.head)) => {
            Fact::new("head", reading.head, How::Found, reading.why.clone())
        }
        None => Fact::new("head", reading.head, How::Guessed, reading.why.clone()),
    };
    let (fit, fitted) = fit(reading.head, known);
    let tried = |(scale, how, why): (Scale, How, String)| {
        let mut facts = known.facts.clone();
        facts.push(Fact::new("colours", scale.words(), how, why));
        facts.extend([fitted.clone(), head.clone(), labelled.clone()]);
        facts.extend(resampling(&known.said));
        let value =
            |key: &str| facts.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
        Try {
            head: reading.head,
            title: value("title").unwrap_or_default(),
            licence: value("licence").unwrap_or_default(),
            input: known.input.clone(),
            fit,
            scale,
            reading: reading.clone(),
            labels: labels.clone(),
            facts,
        }
    };
    Ok(scales(reading.head, known).into_iter().map(tried).collect())
}

fn fit(head: &str, known: &Known<'_>) -> (Fitting, Fact) {
    let told = known.said.iter().find_map(|said| Some((said.fit?, &said.source)));
    let usual = match head {
        "ssd" | "detr" | "efficientdet" => Fitting::Stretch,
        _ => Fitting::Letterbox { pad: PAD },
    };
    let (fit, how, why) = match told {
        Some((fit, source)) => (fit, How::Found, source.clone()),
        None => (usual, How::Guessed, format!("usual of {head}")),
    };
    let word = if fit == Fitting::Stretch { "stretch" } else { "letterbox" };
    (fit, Fact::new("fit", word, how, why))
}

/// What colours may become, the likeliest first.
fn scales(head: &str, known: &Known<'_>) -> Vec<(Scale, How, String)> {
    if known.input.element == Element::U8 {
        let scale = Scale { mean: ROUNDED, ..RGB_255 };
        let why = "its input is uint8; half a step more rounds instead of cutting off".to_owned();
        return vec![(scale, How::Found, why)];
    }
    if let Some((scale, source)) =
        known.said.iter().find_map(|said| Some((said.scale?, &said.source)))
    {
        return vec![(scale, How::Found, source.clone())];
    }
    usual(head).iter().map(|scale| (*scale, How::Guessed, format!("usual of {head}"))).collect()
}

/// Pictures are resampled in one way here.
fn resampling(said: &[Said]) -> Option<Fact> {
    let (other, source) =
        said.iter().find_map(|said| Some((said.resampling.clone()?, &said.source)))?;
    let why = format!(
        "{source} says {other}; viahe resamples bilinearly, which may cost a little precision"
    );
    Some(Fact::new("resampling", "bilinear", How::Default, why))
}
