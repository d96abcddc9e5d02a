//! What is told when a model's output is read as that of another head, unit or order.

use super::street::{self, BINS, CELLS, CLASSES, SIDE};
use super::*;
use crate::model::{Activation, BoxUnit, CellPoint};

/// What `viahe detect` would say of these tensors, read so.
fn told(reader: &Head, tensors: &[Vec<f32>]) -> Option<String> {
    let (_, stats) = street::read(reader, tensors);
    let mut sanity = Sanity::default();
    sanity.add(&stats);
    sanity.of_pictures(reader)
}

/// The head of this name, as `model.toml` would have to describe it to read tensors of these shapes; none, where it
/// cannot: that is told when the model is loaded.
fn fitting(name: &str, shapes: &[Vec<usize>]) -> Option<Head> {
    let text = |text: &str| text.to_owned();
    let (tensor, unit, strides) = (text("t"), BoxUnit::Px, vec![8, 16, 32]);
    let head = match (name, shapes) {
        ("ssd", [s, b]) if s.len() == 2 && b[1] == 4 => {
            Head::Ssd { scores: text("s"), boxes: text("b"), candidates: s[0], classes: s[1] }
        }
        ("detr", [s, b]) if s.len() == 2 && b[1] == 4 => {
            let (scores, boxes) = (text("s"), text("b"));
            Head::Detr {
                scores,
                boxes,
                activation: Activation::Sigmoid,
                candidates: s[0],
                classes: s[1],
            }
        }
        ("yolox", [t]) if t[0] == CELLS && t[1] > 5 => {
            Head::Yolox { tensor, strides, candidates: t[0], classes: t[1] - 5 }
        }
        ("nanodet", [t]) if t[0] == CELLS && t[1] > 16 => {
            let bins = if t[1] > 4 * BINS { BINS } else { 4 };
            let (candidates, classes, point) = (t[0], t[1] - 4 * bins, CellPoint::Middle);
            Head::Nanodet { tensor, strides, candidates, classes, bins, point }
        }
        ("yolov5", [t]) if t[1] > 5 && t[1] < 200 => {
            Head::Yolov5 { tensor, unit, candidates: t[0], classes: t[1] - 5 }
        }
        ("yolov8", [t]) if t[0] > 4 && t[0] < 200 => {
            Head::Yolov8 { tensor, unit, candidates: t[1], classes: t[0] - 4 }
        }
        ("yolov10", [t]) if t[1] == 6 => {
            Head::Yolov10 { tensor, unit, candidates: t[0], classes: CLASSES }
        }
        _ => return None,
    };
    Some(head)
}

fn shapes(head: &Head) -> Vec<Vec<usize>> {
    head.tensors(1).into_iter().map(|(_, shape)| shape[1..].to_vec()).collect()
}

/// A line for each head whose tensors another one may read: `written as → read as: what is told`.
#[test]
fn every_head_read_as_every_other() {
    let one_class =
        Head::Yolov5 { tensor: "t".into(), unit: BoxUnit::Px, candidates: 300, classes: 1 };
    let mut lines = Vec::new();
    for writer in street::heads().into_iter().chain([one_class]) {
        let things: Vec<_> =
            street::things().into_iter().filter(|t| t.class < writer.classes()).collect();
        let tensors = street::written(&writer, &things);
        for reader in Head::DETECTORS.iter().filter(|name| **name != writer.name()) {
            let Some(reader) = fitting(reader, &shapes(&writer)) else { continue };
            let told = told(&reader, &tensors);
            let why = told.as_deref().map_or("nothing", |told| reason(told));
            lines.push(format!("{} -> {}: {why}", described(&writer), described(&reader)));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

fn reason(told: &str) -> &str {
    let (_, rest) = told.split_once("unusable: ").unwrap();
    rest.split_once("; export").unwrap().0
}

/// With what sets it apart from others of its name.
fn described(head: &Head) -> String {
    let own = match head {
        Head::Yolov5 { classes: 1, .. } => " of one class".to_owned(),
        Head::Yolov5 { unit, .. } | Head::Yolov8 { unit, .. } | Head::Yolov10 { unit, .. } => {
            format!(" {unit:?}")
        }
        Head::Efficientdet { unit, .. } => format!(" {unit:?}"),
        Head::Detr { activation, .. } | Head::Centernet { activation, .. } => {
            format!(" {activation:?}")
        }
        _ => String::new(),
    };
    format!("{}{own}", head.name()).to_lowercase()
}

/// Of the right name and with the wrong unit or activation.
#[test]
fn a_wrong_key_is_told() {
    let heads = street::heads();
    let mut lines = Vec::new();
    for writer in &heads {
        for reader in heads.iter().filter(|reader| reader.name() == writer.name()) {
            if described(writer) == described(reader) || shapes(writer) != shapes(reader) {
                continue;
            }
            let tensors = street::written(writer, &street::things());
            let told = told(reader, &tensors);
            let why = told.as_deref().map_or("nothing", |told| reason(told));
            lines.push(format!("{} -> {}: {why}", described(writer), described(reader)));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// Tensors of one shape may be named in the wrong order, and scores may come without their sigmoid.
#[test]
fn other_exports_of_the_same_head_are_told() {
    let logit = |v: &f32| (v / (1.0 - v)).ln().clamp(-20.0, 20.0);
    let of = |name: &str| street::heads().into_iter().find(|head| head.name() == name).unwrap();
    let written = |head: &Head| street::written(head, &street::things());
    let mut lines = Vec::new();
    let mut tell = |what: &str, head: &Head, tensors: &[Vec<f32>]| {
        let told = told(head, tensors);
        lines.push(format!("{what}: {}", told.as_deref().map_or("nothing", |told| reason(told))));
    };
    for (name, scores) in [("ssd", 0), ("efficientdet", 1), ("centernet", 0)] {
        let (head, mut tensors) = (of(name), written(&of(name)));
        tensors[scores] = tensors[scores].iter().map(logit).collect();
        tell(&format!("{name} without sigmoid"), &head, &tensors);
    }
    for name in ["yolox", "yolov5", "yolov8", "nanodet"] {
        let (head, mut tensors) = (of(name), written(&of(name)));
        let is_score = |at: usize| match head {
            Head::Yolov8 { .. } => at >= 4 * CELLS,
            Head::Nanodet { .. } => at % (CLASSES + 4 * BINS) < CLASSES,
            _ => at % (5 + CLASSES) >= 4,
        };
        for (_, value) in tensors[0].iter_mut().enumerate().filter(|(at, _)| is_score(*at)) {
            *value = logit(value);
        }
        tell(&format!("{name} without sigmoid"), &head, &tensors);
    }
    for (name, a, b) in [("efficientdet", 1, 2), ("centernet", 1, 2)] {
        let (head, mut tensors) = (of(name), written(&of(name)));
        tensors.swap(a, b);
        tell(&format!("{name} with two tensors exchanged"), &head, &tensors);
    }
    let (head, mut tensors) = (of("yolov10"), written(&of("yolov10")));
    for row in tensors[0].chunks_exact_mut(6) {
        row.swap(4, 5);
    }
    tell("yolov10 with the class before the score", &head, &tensors);
    let (head, mut tensors) = (of("yolov8"), written(&of("yolov8")));
    for at in 0..CELLS {
        let [x, y, w, h] = [0, 1, 2, 3].map(|row| tensors[0][row * CELLS + at]);
        for (row, v) in [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0].into_iter().enumerate()
        {
            tensors[0][row * CELLS + at] = v;
        }
    }
    tell("yolov8 with corners", &head, &tensors);
    let (head, mut tensors) = (of("ssd"), written(&of("ssd")));
    tensors[1] = [-0.5_f32, -0.5, 1.5, 1.5].repeat(CELLS);
    tensors[0].fill(0.3);
    tell("ssd with boxes as large as the picture", &head, &tensors);
    insta::assert_snapshot!(lines.join("\n"));
}

/// What is told of a picture full of things stays true of one with a few, and of none.
#[test]
fn a_right_model_is_not_accused_for_what_it_sees() {
    // A lorry that fills the picture, seen by a dozen candidates.
    let side = SIDE as f32;
    let lorry = street::Thing { class: 1, score: 0.9, corners: [0.0, 0.0, side, side] };
    for head in street::heads() {
        if matches!(head, Head::Yolox { .. } | Head::Nanodet { .. } | Head::Centernet { .. }) {
            continue;
        }
        assert_eq!(told(&head, &street::written(&head, &[lorry; 12])), None, "{head:?}");
        assert_eq!(told(&head, &street::written(&head, &street::things()[..1])), None, "{head:?}");
    }
}
