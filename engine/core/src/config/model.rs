//! `models/<name>/model.toml` → [`Model`]: all that the engine knows of a model.

mod reader;

use self::reader::{
    Found, Problems, Section, fraction, not_a, number, one_of, text, triple, whole,
};
use super::taxonomy::Taxonomy;
use crate::id::Name;
use crate::model::{
    BATCH_MAX, Batch, CANDIDATES_MAX, CLASSES_MAX, Head, INPUT_SIDE_PX_MAX, Model, SCORES_MAX,
};
use crate::observe::Class;
use crate::tensor::{Channels, FitMode, InputSpec, Layout};
use toml::de::{DeTable, DeValue};
use viahe_contract::sha256::Sha256;

pub use self::reader::{ModelFileError, Problem};

/// Parses and validates the text of a model file; `file` is what messages call it.
///
/// # Errors
/// [`ModelFileError`] with every problem that was found, in file order.
pub fn parse(file: &str, text: &str) -> Result<Model, ModelFileError> {
    parse_with(file, text, &Taxonomy::builtin())
}

/// As [`parse`], where labels may be classes of another taxonomy.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(file: &str, text: &str, taxonomy: &Taxonomy) -> Result<Model, ModelFileError> {
    let mut problems = Problems::new(text);
    let (document, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        for error in syntax {
            let offset = error.span().map_or(0, |s| s.start);
            problems.add(offset, error.message(), "correct the TOML");
        }
        return Err(problems.into_error(file));
    }
    match read_model(document.get_ref(), taxonomy, &mut problems) {
        Some(model) if problems.is_empty() => Ok(model),
        _ => Err(problems.into_error(file)),
    }
}

/// `None` only when a problem was noted.
fn read_model(
    document: &DeTable<'_>,
    taxonomy: &Taxonomy,
    problems: &mut Problems<'_>,
) -> Option<Model> {
    let mut root = Section::root(document);
    let mut line = |key, example: &str, problems: &mut Problems<'_>| {
        root.required(key, &format!("write it like {key} = {example:?}"), problems, text)
    };
    let name = line("name", "ssdlite-coco", problems);
    let title = line("title", "SSDLite MobileNetV2, COCO", problems);
    let licence = line("licence", "Apache-2.0", problems);
    let weights = line("file", "ssdlite-coco.onnx", problems);
    let sha256 = line("sha256", "64 hex digits, as sha256sum prints them", problems);
    let recipe = line("recipe", "make setup", problems);
    let version =
        root.required("version", "write version = 1", problems, whole(1, u32::MAX as usize));

    let name = checked(name, problems, Name::try_from, "use the folder's name");
    let weights = checked(weights, problems, file_name, "keep the weights in the model's folder");
    let sha256 = checked(sha256, problems, Sha256::try_from, "copy what sha256sum prints");

    let input = read_input(&mut root.table("input", problems), problems);
    let output = root.table("output", problems);
    let head = read_head(output, input.as_ref(), problems);
    let nms = read_nms(&mut root.table("nms", problems), problems);
    let classes = head.as_ref().map(Head::classes);
    let labels = read_labels(&root.table("labels", problems), classes, taxonomy, problems);
    root.refuse_unknown(problems);

    let (input_name, input, batch) = input?;
    let (nms_iou, confidence_min) = nms?;
    Some(Model {
        name: name?,
        version: u32::try_from(version?.value).ok()?,
        title: title?.value,
        licence: licence?.value,
        file: weights?,
        sha256: sha256?,
        recipe: recipe?.value,
        input_name,
        input,
        batch,
        head: head?,
        nms_iou,
        confidence_min,
        labels: labels?,
    })
}

/// Applies a check to a text that was found, and notes its complaint.
fn checked<T>(
    found: Option<Found<String>>,
    problems: &mut Problems<'_>,
    check: impl FnOnce(String) -> Result<T, String>,
    remedy: &str,
) -> Option<T> {
    let Found { value, offset } = found?;
    check(value).map_err(|what| problems.add(offset, what, remedy)).ok()
}

/// Weights stay in their folder: a plain file name, no path.
fn file_name(text: String) -> Result<String, String> {
    let plain = !text.starts_with('.') && !text.contains(['/', '\\', '\0']) && text.len() <= 120;
    if plain { Ok(text) } else { Err(format!("{text:?} is not a plain file name")) }
}

fn read_input(
    section: &mut Section<'_>,
    problems: &mut Problems<'_>,
) -> Option<(String, InputSpec, Batch)> {
    let name = section.required("name", "write the input tensor's name", problems, text);
    let side = whole(8, INPUT_SIDE_PX_MAX);
    let width = section.required("width", "write the input's columns", problems, &side);
    let height = section.required("height", "write the input's rows", problems, &side);
    let batch = section.required("batch", "write batch = \"any\" or batch = 1", problems, batch_of);
    let layout = section.required(
        "layout",
        "write \"nhwc\" when channels come last, else \"nchw\"",
        problems,
        one_of(&[("nhwc", Layout::Nhwc), ("nchw", Layout::Nchw)]),
    );
    let channels = section.required(
        "channels",
        "write the order that the model was trained with",
        problems,
        one_of(&[("rgb", Channels::Rgb), ("bgr", Channels::Bgr)]),
    );
    let letterbox = section.required(
        "fit",
        "write \"stretch\", or \"letterbox\" when the model wants the picture's own shape",
        problems,
        one_of(&[("stretch", false), ("letterbox", true)]),
    );
    let fit = read_fit(section, letterbox.as_ref(), problems);
    let mean = section.required("mean", "write mean = [0.0, 0.0, 0.0]", problems, triple);
    let std = section.required("std", "write std = [1.0, 1.0, 1.0]", problems, |value| {
        let std = triple(value)?;
        if std.iter().all(|v| v.abs() >= 1e-6) { Ok(std) } else { Err("holds a zero".into()) }
    });
    section.refuse_unknown(problems);
    let spec = InputSpec {
        width: width?.value,
        height: height?.value,
        layout: layout?.value,
        channels: channels?.value,
        fit: fit?,
        mean: mean?.value,
        std: std?.value,
    };
    Some((name?.value, spec, batch?.value))
}

fn read_fit(
    section: &mut Section<'_>,
    letterbox: Option<&Found<bool>>,
    problems: &mut Problems<'_>,
) -> Option<FitMode> {
    let remedy = "write a value from 0 to 255 with fit = \"letterbox\", none otherwise";
    let pad = section.optional("pad_value", remedy, problems, |value| {
        let pad = number(value)?;
        if (0.0..=255.0).contains(&pad) { Ok(pad) } else { Err(format!("{pad} is out of range")) }
    });
    match (letterbox?, pad) {
        (Found { value: true, .. }, Some(pad)) => Some(FitMode::Letterbox { pad: pad.value }),
        (Found { value: false, .. }, None) => Some(FitMode::Stretch),
        (Found { value: true, offset }, None) => {
            problems.add(*offset, "input.pad_value is missing", remedy);
            None
        }
        (Found { value: false, .. }, Some(pad)) => {
            problems.add(pad.offset, "input.pad_value has no use with fit = \"stretch\"", remedy);
            None
        }
    }
}

fn batch_of(value: &DeValue<'_>) -> Result<Batch, String> {
    match value {
        DeValue::String(word) if word.as_ref() == "any" => Ok(Batch::Any),
        DeValue::Integer(_) => whole(1, BATCH_MAX)(value).map(Batch::Fixed),
        _ => Err("is neither \"any\" nor a whole number".into()),
    }
}

#[derive(Clone, Copy)]
enum HeadKind {
    Ssd,
    Yolox,
}

fn read_head(
    mut section: Section<'_>,
    input: Option<&(String, InputSpec, Batch)>,
    problems: &mut Problems<'_>,
) -> Option<Head> {
    let kind = section.required(
        "head",
        "write the layout of the model's output",
        problems,
        one_of(&[("ssd", HeadKind::Ssd), ("yolox", HeadKind::Yolox)]),
    );
    let candidates = section.required(
        "candidates",
        "write the rows of the output",
        problems,
        whole(1, CANDIDATES_MAX),
    );
    let classes = section.required(
        "classes",
        "write how many classes the model tells apart",
        problems,
        whole(1, CLASSES_MAX),
    );
    let (kind, candidates, classes) = (kind?.value, candidates?, classes?.value);
    if candidates.value * classes > SCORES_MAX {
        let what = format!("{} candidates x {classes} classes are too many", candidates.value);
        problems.add(candidates.offset, what, format!("at most {SCORES_MAX} scores an image"));
    }
    let mut name = |key, problems: &mut Problems<'_>| {
        section.required(key, "write the output tensor's name", problems, text).map(|f| f.value)
    };
    let head = match kind {
        HeadKind::Ssd => {
            let (scores, boxes) = (name("scores", problems), name("boxes", problems));
            Head::Ssd { scores: scores?, boxes: boxes?, candidates: candidates.value, classes }
        }
        HeadKind::Yolox => {
            let tensor = name("tensor", problems);
            let strides =
                section.required("strides", "write strides = [8, 16, 32]", problems, strides_of)?;
            if let Some((_, spec, _)) = input {
                check_grids(spec, &strides, &candidates, problems);
            }
            let (strides, candidates) = (strides.value, candidates.value);
            Head::Yolox { tensor: tensor?, strides, candidates, classes }
        }
    };
    section.refuse_unknown(problems);
    Some(head)
}

fn strides_of(value: &DeValue<'_>) -> Result<Vec<usize>, String> {
    let array = value.as_array().ok_or_else(|| not_a("array", value))?;
    if !(1..=8).contains(&array.len()) {
        return Err(format!("holds {} strides, not 1 to 8", array.len()));
    }
    array.iter().map(|v| whole(1, 1024)(v.get_ref())).collect()
}

/// The grids of all strides together must have as many cells as there are candidates.
fn check_grids(
    spec: &InputSpec,
    strides: &Found<Vec<usize>>,
    candidates: &Found<usize>,
    problems: &mut Problems<'_>,
) {
    if let Some(s) = strides
        .value
        .iter()
        .find(|&&s| !(spec.width.is_multiple_of(s) && spec.height.is_multiple_of(s)))
    {
        let what = format!("stride {s} does not divide {}x{} px", spec.width, spec.height);
        problems.add(strides.offset, what, "correct strides, or the input's width and height");
        return;
    }
    let cells: usize = strides.value.iter().map(|s| (spec.width / s) * (spec.height / s)).sum();
    if cells != candidates.value {
        let what = format!("{} candidates, but the grids have {cells} cells", candidates.value);
        problems.add(candidates.offset, what, "correct candidates, strides or the input's size");
    }
}

fn read_nms(section: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<(f32, f32)> {
    let iou = section.required("iou", "write iou = 0.5", problems, fraction);
    let confidence_min =
        section.required("confidence_min", "write confidence_min = 0.25", problems, fraction);
    section.refuse_unknown(problems);
    Some((iou?.value, confidence_min?.value))
}

/// `classes` is `None` when the head has a problem of its own; keys are then not held against it.
fn read_labels(
    section: &Section<'_>,
    classes: Option<usize>,
    taxonomy: &Taxonomy,
    problems: &mut Problems<'_>,
) -> Option<Vec<Option<Class>>> {
    let mut labels: Vec<Option<Class>> = vec![None; classes.unwrap_or(0)];
    let mut none_yet = true;
    for (key, offset, value) in section.entries() {
        none_yet = false;
        let Some(index) = key.parse::<usize>().ok().filter(|i| i.to_string() == key) else {
            let what = format!("labels.{key}: the key is not a class number");
            problems.add(offset, what, "write it like 2 = \"vehicle.car\"");
            continue;
        };
        let class = text(value).and_then(|t| Class::try_from(t.as_str()));
        match (class, labels.get_mut(index)) {
            (Err(what), _) => {
                let remedy = "name a class of models/taxonomy.toml";
                problems.add(offset, format!("labels.{key}: {what}"), remedy);
            }
            (Ok(class), _) if !taxonomy.has(&class) => {
                let remedy = match taxonomy.near(&class) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "name a class of models/taxonomy.toml, or add it there".to_owned(),
                };
                let what =
                    format!("labels.{key}: {class} is not in the taxonomy, so no rule asks for it");
                problems.add(offset, what, remedy);
            }
            (Ok(class), Some(label)) => *label = Some(class),
            (Ok(_), None) => {
                if let Some(classes) = classes {
                    let what = format!("labels.{key}: the model has classes 0 to {}", classes - 1);
                    problems.add(offset, what, "correct the key, or output.classes");
                }
            }
        }
    }
    if none_yet && section.is_present() {
        let remedy = "give at least one class a meaning, e.g. 0 = \"person\"";
        problems.add(section.offset(), "[labels] is empty", remedy);
    }
    classes.is_some().then_some(labels)
}

#[cfg(test)]
mod tests;
