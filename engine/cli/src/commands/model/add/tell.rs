//! What was found out, guessed and seen: for people, and for programs.

use super::trial::{Chosen, Found};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use viahe_core::adopt::{Draft, Fact};
use viahe_core::id::Name;
use viahe_core::onnx::Outline;

/// All that there is to tell.
pub(super) struct Told<'t> {
    pub(super) name: &'t Name,
    pub(super) outline: &'t Outline<'t>,
    pub(super) draft: &'t Draft,
    /// Files beside the model.
    pub(super) sources: Vec<PathBuf>,
    pub(super) chosen: &'t Chosen,
    /// None where nothing was written.
    pub(super) folder: Option<PathBuf>,
}

/// As lines, or as one JSON object.
pub(super) fn tell(told: &Told<'_>, as_json: bool) -> Result<String, serde_json::Error> {
    if as_json { serde_json::to_string_pretty(&object(told)) } else { Ok(lines(told)) }
}

fn object(told: &Told<'_>) -> serde_json::Value {
    let Told { chosen, outline, draft, .. } = told;
    let thing = |(of, class): &(viahe_core::detect::Detection, String)| {
        let b = of.bbox;
        json!({"class": class, "confidence": of.confidence.get(), "box_px": [b.x0, b.y0, b.x1, b.y1]})
    };
    let seen: Vec<_> = chosen
        .pictures
        .iter()
        .zip(&chosen.found)
        .map(|(picture, found)| json!({"picture": picture, "objects": found.iter().map(thing).collect::<Vec<_>>()}))
        .collect();
    json!({
        "name": told.name,
        "folder": told.folder,
        "opset": outline.opset(),
        "ir": outline.ir,
        "producer": outline.producer.join(" ").trim(),
        "read": told.sources,
        "facts": chosen.of.facts,
        "left_out": chosen.of.left_out(),
        "changed": draft.changed,
        "tried": chosen.tried,
        "seen": seen,
        "model_toml": chosen.text,
    })
}

fn lines(told: &Told<'_>) -> String {
    let Told { chosen, outline, draft, .. } = told;
    let mut text = format!(
        "{}: opset {}, IR {}, written by {}; {} operators, {:.1} MB of weights",
        told.name,
        outline.opset(),
        outline.ir,
        if outline.producer[0].is_empty() { "nobody knows" } else { outline.producer[0] },
        outline.nodes,
        outline.weights_bytes as f64 / 1e6
    );
    for source in &told.sources {
        let _ = write!(text, "\nread beside it: {}", source.display());
    }
    let wide = |of: fn(&Fact) -> &str| {
        chosen.of.facts.iter().map(|fact| of(fact).chars().count()).max().unwrap_or(0)
    };
    let (keys, values) = (wide(|fact| fact.key), wide(|fact| &fact.value));
    for Fact { key, value, how, why } in &chosen.of.facts {
        let _ = write!(text, "\n  {key:keys$}  {value:values$}  {:7}  {why}", how.word());
    }
    if !chosen.of.left_out().is_empty() {
        let names = chosen.of.left_out().join(", ");
        let _ =
            write!(text, "\nleft out, since rules do not speak of it (--map NAME=CLASS): {names}");
    }
    for changed in &draft.changed {
        let _ = write!(text, "\nchanged: {changed}");
    }
    let _ = write!(text, "\ntried on {}:", chosen.pictures.join(", "));
    for tried in &chosen.tried {
        let _ = write!(text, "\n  {tried}");
    }
    for (picture, found) in chosen.pictures.iter().zip(&chosen.found) {
        let _ = write!(text, "\nseen on {picture}: {}", things(found));
    }
    let name = told.name;
    match &told.folder {
        Some(folder) => {
            let folder = folder.display();
            let _ = write!(
                text,
                "\nadded {folder}; look at {folder}/added.png: are the boxes where things are?\nIf so: viahe model activate {name} \
                 --pipeline FILE.toml; if not, remove the folder and add it with --head, --labels or --picture"
            );
        }
        None => text += "\nnothing was written, since --check was given",
    }
    text
}

fn things(found: &Found) -> String {
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let thing = |(of, class): &(viahe_core::detect::Detection, String)| {
        format!("{class} {:.2}", of.confidence.get())
    };
    found.iter().map(thing).collect::<Vec<_>>().join(", ")
}
