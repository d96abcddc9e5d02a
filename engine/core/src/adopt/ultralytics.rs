//! `metadata_props` as Ultralytics writes them (8.x and 26.x), and the two that `YOLOv5`'s own exporter does.

use super::literal::Literal;
use super::said::{Fitting, Said, by_number};
use super::scale::RGB_1;
use crate::onnx::Outline;
use crate::tensor::Layout;

/// Grey that its letterbox is filled with.
const PAD: f32 = 114.0;

/// What they say; none where they are not there.
pub(super) fn said(outline: &Outline<'_>) -> Option<Said> {
    let value = |key| outline.said(key).and_then(Literal::read);
    let names = match value("names")? {
        Literal::Dict(entries) => by_number(entries.iter().filter_map(numbered))?,
        Literal::List(items) => {
            by_number(items.iter().enumerate().filter_map(|(i, name)| match name {
                Literal::Text(name) => Some((i, name.clone())),
                _ => None,
            }))?
        }
        _ => return None,
    };
    let author = outline.said("author").unwrap_or("YOLOv5");
    let task = outline.said("task").unwrap_or("detect");
    let in_graph = value("end2end").is_some_and(|v| v.is_true())
        || value("args").is_some_and(|args| args.get("nms").is_some_and(Literal::is_true));
    // Rows first, unlike here.
    let size = value("imgsz").and_then(|size| match size {
        Literal::List(sides) => match &sides[..] {
            [rows, columns] => Some([columns.whole()?, rows.whole()?]),
            _ => None,
        },
        _ => None,
    });
    Some(Said {
        source: format!("metadata_props of {author}"),
        title: outline.said("description").map(str::to_owned),
        licence: outline.said("license").map(licence),
        names: Some(names),
        size,
        layout: Some(Layout::Nchw),
        fit: Some(Fitting::Letterbox { pad: PAD }),
        scale: Some(RGB_1),
        head: in_graph.then_some("yolov10"),
        unusable: (task != "detect").then(|| {
            format!("its metadata say task = {task:?}, and viahe takes detectors: export one of task detect")
        }),
        ..Said::default()
    })
}

fn numbered((number, name): &(Literal, Literal)) -> Option<(usize, String)> {
    match name {
        Literal::Text(name) => Some((number.whole()?, name.clone())),
        _ => None,
    }
}

/// As SPDX writes it, where that is known.
fn licence(text: &str) -> String {
    if text.starts_with("AGPL-3.0") { "AGPL-3.0-only".to_owned() } else { text.to_owned() }
}
