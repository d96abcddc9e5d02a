//! `models/<name>/model.toml` → [`Model`]: all that the engine knows of a model.

mod crop;
mod head;

use self::crop::classifier;
use self::head::{divides, head};
use super::model_keys::MODEL_FILE;
use super::problem::{ConfigError, Fault, FileKind, Report, Source};
use super::read::{Child, Node, document};
use super::taxonomy::Taxonomy;
use crate::id::Name;
use crate::model::{
    Batch, Described, Head, INPUT_SIDE_PX_MAX, Model, Precision, Recall, Scores, Variant,
};
use crate::tensor::{Channels, FitMode, InputSpec, Layout};
use viahe_contract::class::Class;
use viahe_contract::sha256::Sha256;

/// Divisors below this are as bad as 0.
const STD_MIN: f32 = 1e-6;
/// Most characters of a licence: every incident carries it. SPDX's longest usual expressions have some 80.
const LICENCE_CHARS_MAX: usize = 200;

/// Parses and validates the text of a detector's file; `file` is what messages call it.
///
/// # Errors
/// [`ConfigError`] with every problem that was found, in file order.
pub fn parse(file: &str, text: &str) -> Result<Model, ConfigError> {
    parse_with(file, text, &Taxonomy::builtin())
}

/// As [`parse`], where labels may be classes of another taxonomy.
///
/// # Errors
/// As [`parse`]; also for a classifier.
pub fn parse_with(file: &str, text: &str, taxonomy: &Taxonomy) -> Result<Model, ConfigError> {
    read(file, text, |root| {
        let described = described(root, taxonomy)?;
        if matches!(described, Described::Classifier(_)) {
            let what = "it is a classifier, which finds nothing in a picture";
            let remedy = "name it in `refine` of a detector under [model.NAME] of a pipeline";
            root.child("output")?.tell("head", Fault::new(what, remedy));
        }
        Some(described.into_model())
    })
}

/// As [`parse_with`], of detectors and classifiers.
///
/// # Errors
/// As [`parse`].
pub fn parse_any(file: &str, text: &str, taxonomy: &Taxonomy) -> Result<Described, ConfigError> {
    read(file, text, |root| described(root, taxonomy))
}

fn read<T>(
    file: &str,
    text: &str,
    what: impl FnOnce(&Node) -> Option<T>,
) -> Result<T, ConfigError> {
    let report = Report::default();
    let source = Source { kind: FileKind::Model, name: file, text, rank: 0, report: &report };
    let read = document(&source).and_then(|table| {
        let root = Node::root(&source, &table, MODEL_FILE);
        root.check();
        what(&root)
    });
    report.finish(read, file)
}

fn described(root: &Node, taxonomy: &Taxonomy) -> Option<Described> {
    let model = model(root, taxonomy);
    if root.child("output")?.text("head")? == "classifier" {
        return classifier(root, model?).map(Described::Classifier);
    }
    model.map(Described::Detector)
}

/// `None` only after a problem was told.
fn model(root: &Node, taxonomy: &Taxonomy) -> Option<Model> {
    let input = root.child("input").and_then(|node| input(&node));
    let head = root.child("output").and_then(|node| head(&node, input.as_ref()));
    let sizes = root.child("input").zip(input.as_ref()).zip(head.as_ref());
    let sizes = sizes.map(|((node, own), head)| sizes_of(&node, own, head)).unwrap_or_default();
    let nms = boxes(root);
    let labels = labels(root, head.as_ref().map(Head::object_classes), taxonomy);
    let batch = root.child("input").and_then(|node| batch(&node));
    let recall = root.child("recall").and_then(|node| recall(&node, input.as_ref()));
    let scores = root.child("scores").and_then(|node| scores(&node));
    let (nms_iou, confidence_min) = nms?;
    let licence = root.text("licence")?;
    if licence.chars().count() > LICENCE_CHARS_MAX {
        let what = format!("it is longer than {LICENCE_CHARS_MAX} characters");
        root.tell("licence", Fault::new(what, "write its name as SPDX does: \"Apache-2.0\""));
    }
    Some(Model {
        name: Name::try_from(root.text("name")?).ok()?,
        version: root.number("version")? as u32,
        title: root.text("title")?.into(),
        licence: licence.into(),
        file: root.text("file")?.into(),
        sha256: Sha256::try_from(root.text("sha256")?).ok()?,
        precision: Precision::Fp32,
        variants: variants(root)?,
        recipe: root.text("recipe")?.into(),
        input_name: root.child("input")?.text("name")?.into(),
        input: input?,
        sizes,
        batch: batch?,
        head: head?,
        nms_iou,
        confidence_min,
        scores,
        labels: labels?,
        recall,
    })
}

/// Other precisions; tells one that is there twice, and a file that is another one's.
fn variants(root: &Node) -> Option<Vec<Variant>> {
    let mut variants: Vec<Variant> = Vec::new();
    let mut whole = true;
    for Child { node, .. } in root.children("variant") {
        let of = (node.text("precision").and_then(Precision::of_label), node.text("file"));
        let (Some(precision), Some(file)) = of else { continue };
        let Some(sha256) = node.text("sha256").and_then(|text| Sha256::try_from(text).ok()) else {
            continue;
        };
        if variants.iter().any(|known| known.precision == precision) {
            let what = format!("there are two in {}", precision.label());
            node.tell("precision", Fault::new(what, "keep one of each precision"));
            whole = false;
        }
        let files = variants.iter().map(|known| known.file.as_str());
        if files.chain(root.text("file")).any(|known| known == file) {
            let what = format!("{file:?} is the file of another precision");
            node.tell("file", Fault::new(what, "give each precision a file of its own"));
            whole = false;
        }
        variants.push(Variant { precision, file: file.into(), sha256 });
    }
    whole.then_some(variants)
}

fn input(node: &Node) -> Option<InputSpec> {
    let fit = fit(node);
    let std = channels(node, "std");
    if std.is_some_and(|std| std.iter().any(|v| v.abs() < STD_MIN)) {
        node.tell(
            "std",
            Fault::new("it holds a 0, and 0 divides nothing", "write 1.0 in its place"),
        );
    }
    Some(InputSpec {
        width: node.number("width")? as usize,
        height: node.number("height")? as usize,
        layout: if node.text("layout")? == "nhwc" { Layout::Nhwc } else { Layout::Nchw },
        channels: if node.text("channels")? == "rgb" { Channels::Rgb } else { Channels::Bgr },
        fit: fit?,
        contrast_gain_max: node.number("contrast_gain_max").map_or(1.0, |gain| gain as f32),
        mean: channels(node, "mean")?,
        std: std?,
    })
}

/// Other sizes of its images; whatever is wrong with one is told.
fn sizes_of(node: &Node, own: &InputSpec, head: &Head) -> Vec<[usize; 2]> {
    let sizes = node.sizes("sizes");
    let wrong = |(i, [width, height]): (usize, &[usize; 2])| {
        let Some(strides) = head.strides() else {
            let what =
                format!("boxes of head = \"{}\" are made for one size of the input", head.name());
            return Some(Fault::new(what, "remove `sizes`; a head = \"yolox\" may have them"));
        };
        let size = format!("{width}x{height} px");
        if width * height >= own.width * own.height {
            let what = format!("{size} are no fewer than those of its own size");
            return Some(Fault::new(what, "list smaller ones only, or make this one its own"));
        }
        if sizes[..i].contains(&[*width, *height]) {
            return Some(Fault::new(format!("{size} is listed twice"), "remove one of them"));
        }
        let stride = strides.iter().find(|s| !divides(**s, [*width, *height]))?;
        let what = format!("stride {stride} does not divide {size}");
        Some(Fault::new(what, "list sizes that every one of `strides` divides"))
    };
    if let Some(fault) = sizes.iter().enumerate().find_map(wrong) {
        node.tell("sizes", fault);
    }
    sizes
}

fn batch(node: &Node) -> Option<Batch> {
    match node.text("batch") {
        Some(_) => Some(Batch::Any),
        None => node.number("batch").map(|images| Batch::Fixed(images as usize)),
    }
}

fn channels(node: &Node, name: &str) -> Option<[f32; 3]> {
    let [a, b, c] = node.numbers(name)?.try_into().ok()?;
    Some([a as f32, b as f32, c as f32])
}

fn fit(node: &Node) -> Option<FitMode> {
    let letterbox = node.text("fit")? == "letterbox";
    match (letterbox, node.has("pad_value")) {
        (true, true) => node.number("pad_value").map(|pad| FitMode::Letterbox { pad: pad as f32 }),
        (false, false) => Some(FitMode::Stretch),
        (true, false) => {
            let what = "`pad_value` is missing, which fit = \"letterbox\" needs";
            node.tell("fit", Fault::new(what, "add `pad_value = 114.0`, or what fills the rest"));
            None
        }
        (false, true) => {
            let what = "`pad_value` is of no use with fit = \"stretch\"";
            node.tell("pad_value", Fault::new(what, "remove it, or change `fit`"));
            None
        }
    }
}

/// What a detector's boxes must be; of a classifier, which has none, whatever. Each has tables that the other has not.
fn boxes(root: &Node) -> Option<(f32, f32)> {
    let kind = root.child("output")?.text("head")?;
    let detects = kind != "classifier";
    let (needed, of_no_use): (&str, &[&str]) = if detects {
        ("nms", &["crop"])
    } else {
        ("crop", &["nms", "variant", "scores", "recall"])
    };
    if !root.has(needed) {
        let what = format!("`{needed}` is missing, which head = \"{kind}\" needs");
        root.tell(needed, Fault::new(what, format!("add a table [{needed}]")));
    }
    for key in of_no_use.iter().filter(|key| root.has_any(key)) {
        let what = format!("`{key}` is of no use with head = \"{kind}\"");
        root.tell(key, Fault::new(what, "remove it, or correct `head`"));
    }
    if detects { root.child("nms").and_then(|node| nms(&node)) } else { Some((1.0, 0.0)) }
}

fn nms(node: &Node) -> Option<(f32, f32)> {
    let share = |key| {
        let share = node.number(key)? as f32;
        if share <= 0.0 {
            node.tell(key, Fault::new("must be more than 0", "write for instance `0.25`"));
        }
        Some(share)
    };
    let (iou, confidence_min) = (share("iou"), share("confidence_min"));
    Some((iou?, confidence_min?))
}

/// Of what data, and when, is for people.
fn scores(node: &Node) -> Option<Scores> {
    Some(Scores { slope: node.number("slope")? as f32, offset: node.number("offset")? as f32 })
}

/// What was measured; of what data, when and on which machine is for people.
fn recall(node: &Node, input: Option<&InputSpec>) -> Option<Recall> {
    let height_max = input.map_or(INPUT_SIDE_PX_MAX, |input| input.height) as f64;
    let mut by_height: Vec<[f64; 2]> = Vec::new();
    for row in node.children("height") {
        let [px, share] = [row.node.number("px")?, row.node.number("share")?];
        if px > height_max {
            let what = format!("the input is {height_max} px high, and nothing on it is {px} px");
            row.node.tell("px", Fault::new(what, "say it in px of the model's input"));
        }
        if by_height.last().is_some_and(|[below, _]| px <= *below) {
            let what = format!("{px} px is no taller than the one before");
            row.node.tell("px", Fault::new(what, "list heights from the least to the tallest"));
        }
        by_height.push([px, share]);
    }
    Some(Recall { by_height })
}

/// `classes` is none when the head has a problem of its own; numbers are then not held against it.
fn labels(root: &Node, classes: Option<usize>, taxonomy: &Taxonomy) -> Option<Vec<Option<Class>>> {
    let mut labels: Vec<Option<Class>> = vec![None; classes.unwrap_or(0)];
    for (at, key, text) in root.entries("labels")? {
        let tell = |fault| root.source.problem(at, &format!("labels.{key}"), fault);
        let class = Class::try_from(text).ok()?;
        if !taxonomy.has(&class) {
            let remedy = match taxonomy.near(&class) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "name a class of models/taxonomy.toml, or add it there".to_owned(),
            };
            let what = format!("{class} is not in the taxonomy, so no rule asks for it");
            tell(Fault::new(what, remedy));
        }
        match (key.parse().ok().and_then(|i: usize| labels.get_mut(i)), classes) {
            (Some(label), _) => *label = Some(class),
            (None, Some(classes)) => {
                let what = format!("the model has classes 0 to {}", classes - 1);
                tell(Fault::new(what, "correct the number, or `classes` in [output]"));
            }
            (None, None) => {}
        }
    }
    classes.is_some().then_some(labels)
}

#[cfg(test)]
mod tests;
