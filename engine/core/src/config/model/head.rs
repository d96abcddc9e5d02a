//! `[output]` of a `model.toml` → [`Head`].

use crate::config::problem::Fault;
use crate::config::read::Node;
use crate::model::{Activation, BoxUnit, CellPoint, Head, KINDS_MAX, SCORES_MAX, grid_cells};
use crate::tensor::InputSpec;

/// A key that not every head reads.
struct Own {
    key: &'static str,
    /// Heads that cannot do without.
    needed: &'static [&'static str],
    /// Heads that read it where it is written.
    optional: &'static [&'static str],
    example: &'static str,
}

/// What every detector reads.
const DETECTORS: &[&str] = Head::DETECTORS;

const fn own(
    key: &'static str,
    needed: &'static [&'static str],
    optional: &'static [&'static str],
    example: &'static str,
) -> Own {
    Own { key, needed, optional, example }
}

static OWN: &[Own] = &[
    own("scores", &["ssd", "detr", "efficientdet"], &[], "scores = \"scores\""),
    own("boxes", &["ssd", "detr", "efficientdet"], &[], "boxes = \"boxes\""),
    own(
        "tensor",
        &["yolox", "nanodet", "yolov5", "yolov8", "yolov10", "classifier"],
        &[],
        "tensor = \"output\"",
    ),
    own("candidates", DETECTORS, &[], "candidates = 1917"),
    own("class_numbers", &["efficientdet"], &[], "class_numbers = \"classes\""),
    own("heatmap", &["centernet"], &[], "heatmap = \"hm\""),
    own("sizes", &["centernet"], &[], "sizes = \"wh\""),
    own("offsets", &["centernet"], &[], "offsets = \"reg\""),
    own("unit", &["efficientdet"], &["yolov5", "yolov8", "yolov10"], "unit = \"fractions\""),
    own("activation", &["centernet", "classifier"], &["detr"], "activation = \"sigmoid\""),
    own("strides", &["yolox", "nanodet", "centernet"], &[], "strides = [8, 16, 32]"),
    own("bins", &["nanodet"], &[], "bins = 11"),
    own("point", &["nanodet"], &[], "point = \"middle\""),
];

/// `None` only after a problem was told.
pub(super) fn head(node: &Node, input: Option<&InputSpec>) -> Option<Head> {
    let kind = node.text("head")?;
    check_keys(node, kind);
    let classes = node.number("classes")? as usize;
    if kind == "classifier" {
        return classifier(node, classes);
    }
    let candidates = node.number("candidates")? as usize;
    if candidates * classes > SCORES_MAX {
        let what = format!("{candidates} candidates x {classes} classes are too many scores");
        let remedy = format!("use a model with at most {SCORES_MAX} of them for an image");
        node.tell("candidates", Fault::new(what, remedy));
    }
    let name = |key| node.text(key).map(str::to_owned);
    Some(match kind {
        "ssd" => {
            let (scores, boxes) = (name("scores")?, name("boxes")?);
            Head::Ssd { scores, boxes, candidates, classes }
        }
        "detr" => {
            let activation = activation(node, Activation::Sigmoid);
            if activation == Activation::Softmax && classes < 2 {
                let what = "with softmax the last class is no object, so there must be another one";
                node.tell("classes", Fault::new(what, "count the columns of the scores"));
                return None;
            }
            let (scores, boxes) = (name("scores")?, name("boxes")?);
            Head::Detr { scores, boxes, activation, candidates, classes }
        }
        "efficientdet" => {
            let (boxes, scores) = (name("boxes")?, name("scores")?);
            let (class_numbers, unit) = (name("class_numbers")?, unit(node));
            Head::Efficientdet { boxes, scores, class_numbers, unit, candidates, classes }
        }
        "centernet" => centernet(node, input, classes)?,
        _ => of_one_tensor(node, input, candidates, classes)?,
    })
}

fn classifier(node: &Node, classes: usize) -> Option<Head> {
    if classes > KINDS_MAX {
        let what = format!("{classes} classes are too many for a classifier");
        let remedy = format!(
            "use one of at most {KINDS_MAX}: votes are kept for each, of whoever is followed"
        );
        node.tell("classes", Fault::new(what, remedy));
    }
    node.text("activation")?;
    let activation = activation(node, Activation::None);
    Some(Head::Classifier { tensor: node.text("tensor")?.to_owned(), activation, classes })
}

fn of_one_tensor(
    node: &Node,
    input: Option<&InputSpec>,
    candidates: usize,
    classes: usize,
) -> Option<Head> {
    let (tensor, unit) = (node.text("tensor")?.to_owned(), unit(node));
    Some(match node.text("head")? {
        "yolov5" => Head::Yolov5 { tensor, unit, candidates, classes },
        "yolov8" => Head::Yolov8 { tensor, unit, candidates, classes },
        "yolov10" => Head::Yolov10 { tensor, unit, candidates, classes },
        kind => {
            let strides = grids(node, input)?;
            if kind == "yolox" {
                return Some(Head::Yolox { tensor, strides, candidates, classes });
            }
            let bins = node.number("bins")? as usize;
            let middle = node.text("point")? == "middle";
            let point = if middle { CellPoint::Middle } else { CellPoint::Corner };
            Head::Nanodet { tensor, strides, candidates, classes, bins, point }
        }
    })
}

fn centernet(node: &Node, input: Option<&InputSpec>, classes: usize) -> Option<Head> {
    let activation = activation(node, Activation::None);
    if activation == Activation::Softmax {
        let what = "each class of head = \"centernet\" has a map of its own";
        node.tell("activation", Fault::new(what, "write \"sigmoid\" or \"none\""));
    }
    let strides = grids(node, input)?;
    let [stride] = strides[..] else {
        let what = "head = \"centernet\" has one map, so one stride";
        node.tell("strides", Fault::new(what, "write for instance `strides = [4]`"));
        return None;
    };
    let name = |key| node.text(key).map(str::to_owned);
    Some(Head::Centernet {
        heatmap: name("heatmap")?,
        sizes: name("sizes")?,
        offsets: name("offsets")?,
        activation,
        stride,
        cells: input?.size().map(|side| side.div_ceil(stride)),
        classes,
    })
}

/// Pixels, where nothing else is written.
fn unit(node: &Node) -> BoxUnit {
    if node.text("unit") == Some("fractions") { BoxUnit::Fractions } else { BoxUnit::Px }
}

fn activation(node: &Node, usual: Activation) -> Activation {
    match node.text("activation") {
        Some("none") => Activation::None,
        Some("sigmoid") => Activation::Sigmoid,
        Some("softmax") => Activation::Softmax,
        _ => usual,
    }
}

/// Each head reads keys of its own.
fn check_keys(node: &Node, kind: &str) {
    for Own { key, needed, optional, example } in OWN {
        if needed.contains(&kind) && !node.has(key) {
            let what = format!("`{key}` is missing, which head = \"{kind}\" reads");
            node.tell("head", Fault::new(what, format!("add `{example}`")));
        }
        if !needed.contains(&kind) && !optional.contains(&kind) && node.has(key) {
            let what = format!("`{key}` is of no use with head = \"{kind}\"");
            node.tell(key, Fault::new(what, "remove it, or correct `head`"));
        }
    }
}

/// The strides, whose grids together must have as many cells as there are candidates.
fn grids(node: &Node, input: Option<&InputSpec>) -> Option<Vec<usize>> {
    let strides: Vec<usize> =
        node.numbers("strides")?.into_iter().map(|stride| stride as usize).collect();
    let Some(input) = input else { return Some(strides) };
    let InputSpec { width, height, .. } = *input;
    // The coarsest grid of NanoDet-Plus reaches past the edge of its usual input.
    let whole = node.text("head") != Some("nanodet");
    if let Some(s) = strides.iter().find(|s| whole && !divides(**s, input.size())) {
        let what = format!("stride {s} does not divide {width}x{height} px");
        node.tell("strides", Fault::new(what, "correct it, or the input's `width` and `height`"));
        return Some(strides);
    }
    let (cells, candidates) = (grid_cells(input.size(), &strides), node.number("candidates")?);
    if cells != candidates as usize {
        let what = format!("{candidates} candidates, but the grids have {cells} cells");
        let remedy = "correct `candidates`, `strides` or the size of the input";
        node.tell("candidates", Fault::new(what, remedy));
    }
    Some(strides)
}

/// Does a grid of this stride end with the input?
pub(super) fn divides(stride: usize, size: [usize; 2]) -> bool {
    size.iter().all(|side| side.is_multiple_of(stride))
}
