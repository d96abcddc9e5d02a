//! A pipeline file and the catalogue as who edits them from afar sees them. No secret is read, and no
//! address.
//!
//! What cannot be read is left out: what is wrong with the file is the reader's to say.

use super::catalogue::{Entry, severity};
use super::edit::rule_numbers;
use super::parameter_words::parameter_words;
use super::pipeline_keys::PIPELINE;
use super::problem::{FileKind, Report, Source};
use super::read::{Child, Node, document};
use super::rule_keys::RULE;
use super::schema::Kind;
use crate::id::Name;
use crate::observe::Class;
use crate::plan::program::{Test, ValueFrom};
use crate::plan::{Program, Words};
use crate::sensor::Quantity;
use std::collections::BTreeMap;
use viahe_contract::message::{
    Calibration, CameraView, EntryNeeds, EntryView, InBoth, LineView, MeasureView, ModelView,
    ParameterKind, ParameterView, PermitWritten, RuleWritten, ZoneView,
};
use viahe_contract::place::Position;

/// What a pipeline file has that can be drawn and set.
#[derive(Debug, Default, PartialEq)]
pub struct View {
    /// In file order.
    pub cameras: Vec<CameraView>,
    /// By name.
    pub models: Vec<ModelView>,
    /// Those of the site.
    pub rules: Vec<RuleWritten>,
    /// In file order.
    pub permits: Vec<PermitWritten>,
    /// In file order.
    pub sensors: Vec<MeasureView>,
    /// In file order.
    pub windows: Vec<MeasureView>,
}

/// Looks at a pipeline file; nothing of one that is no TOML.
pub fn view(text: &str) -> View {
    let report = Report::default();
    let source = Source { kind: FileKind::Pipeline, name: "", text, rank: 0, report: &report };
    let Some(table) = document(&source) else { return View::default() };
    let root = Node::root(&source, &table, PIPELINE);
    let nodes = |key: &str| root.children(key).into_iter().map(|child| child.node);
    let models: BTreeMap<Name, Name> = root
        .children("model")
        .into_iter()
        .filter_map(|Child { name, node }| Some((name?, node.name("package")?)))
        .collect();
    let sensors: Vec<MeasureView> = nodes("sensor").filter_map(|node| sensor(&node)).collect();
    View {
        cameras: nodes("camera").filter_map(|node| camera(&node, &models)).collect(),
        models: models.into_iter().map(|(id, package)| ModelView { id, package }).collect(),
        rules: nodes("rule").filter_map(|node| rule(&node)).collect(),
        permits: nodes("permit").filter_map(|node| permit(&node)).collect(),
        windows: nodes("window").filter_map(|node| window(&node, &sensors)).collect(),
        sensors,
    }
}

/// An entry of the catalogue.
pub fn entry_view(name: &Name, entry: &Entry) -> EntryView {
    EntryView {
        entry: name.clone(),
        title: in_both(&entry.title),
        guidance: in_both(&entry.guidance),
        traps: entry.traps.iter().map(in_both).collect(),
        severity: entry.severity,
        needs: needs(&entry.program),
        parameters: rule_numbers().filter_map(|name| parameter(name, entry)).collect(),
    }
}

fn in_both(words: &Words) -> InBoth {
    InBoth { vi: words.vi.clone(), en: words.en.clone() }
}

fn needs(program: &Program) -> EntryNeeds {
    let measures = |from: ValueFrom| {
        let mut values = program.values();
        values.find(|(of, _)| *of == from).map(|(_, quantity)| quantity.as_str().to_owned())
    };
    EntryNeeds {
        camera: program.looks() || program.watches_camera(),
        zone: program.looks(),
        line: program.things.iter().any(|thing| thing.crossing.is_some()),
        calibration: program.things.iter().any(|thing| thing.speed_min_mps.is_some()),
        position: program.conditions.iter().any(|c| matches!(c.test, Test::Light(_))),
        sensor: measures(ValueFrom::Sensor),
        window: measures(ValueFrom::Window),
    }
}

/// A number that rules of the entry may set: one that it takes, or one that all take.
fn parameter(name: &'static str, entry: &Entry) -> Option<ParameterView> {
    let default = match name {
        "absence_secs" => Some(entry.absence.as_secs_f64()),
        "cooldown_secs" => Some(entry.cooldown.as_secs_f64()),
        "confidence_min" => Some(confidence(&entry.program)?),
        own if entry.takes.contains(&own) => entry.parameter(own),
        _ => return None,
    };
    let key = RULE.iter().find(|key| key.name == name)?;
    let (min, max, kind) = match key.kind {
        Kind::Whole { min, max } => (min as f64, max as f64, ParameterKind::Whole),
        Kind::Number { min, max } if name == "allowed_deg" => (min, max, ParameterKind::Direction),
        Kind::Number { min, max } => (min, max, ParameterKind::Number),
        _ => return None,
    };
    let unit = match name.rsplit('_').next() {
        Some("secs") => Some("s".to_owned()),
        Some("mps") => Some("m/s".to_owned()),
        Some("deg") => Some("°".to_owned()),
        Some("on" | "off") => {
            entry.program.values().next().map(|(_, quantity)| quantity.unit().to_string())
        }
        _ => None,
    };
    let (text, name) = (key.doc.to_owned(), name.to_owned());
    let [title, help] = parameter_words(&name).map_or([None, None], |both| both.map(Some));
    Some(ParameterView { name, kind, default, min, max, unit, text, title, help })
}

/// What the entry wants of the things that it is about; none where it is about none.
fn confidence(program: &Program) -> Option<f64> {
    let thing = program.things.get(program.subject()?)?;
    // As it was written, not as the nearest number of half the digits.
    Some((f64::from(thing.confidence_min) * 1e4).round() / 1e4)
}

fn camera(node: &Node, models: &BTreeMap<Name, Name>) -> Option<CameraView> {
    let position = node
        .child("position")
        .and_then(|node| Some(Position { lat: node.number("lat")?, lon: node.number("lon")? }));
    let model = node.name("model")?;
    let zone = |Child { name, node }: Child| {
        let polygon = node.corners("polygon")?;
        Some(ZoneView { id: name?, name: node.text("name").map(Into::into), polygon })
    };
    let line = |Child { name, node }: Child| {
        Some(LineView { id: name?, points: node.pairs("points")?.try_into().ok()? })
    };
    let ground = |node: Node| {
        let [picture, ground_m] = ["picture", "ground_m"].map(|key| node.pairs(key));
        Some(Calibration {
            picture: picture?.try_into().ok()?,
            ground_m: ground_m?.try_into().ok()?,
        })
    };
    Some(CameraView {
        id: node.name("id")?,
        name: node.text("name").map(Into::into),
        position,
        model: models.get(&model).cloned().unwrap_or(model),
        input_px: None,
        letterbox: false,
        height_min_px: None,
        regions: node.text("regions") != Some("off"),
        zones: node.children("zone").into_iter().filter_map(zone).collect(),
        lines: node.children("line").into_iter().filter_map(line).collect(),
        calibration: node.child("calibration").and_then(ground),
        rules: node.children("rule").iter().filter_map(|child| rule(&child.node)).collect(),
    })
}

fn rule(node: &Node) -> Option<RuleWritten> {
    let classes = node.list("classes").unwrap_or_default();
    let written = rule_numbers().filter(|name| node.has(name));
    Some(RuleWritten {
        entry: node.name("use")?,
        id: node.name("id"),
        zone: node.name("zone"),
        line: node.name("line"),
        sensor: node.name("sensor"),
        window: node.name("window"),
        schedule: spans(node),
        severity: node.text("severity").and_then(severity),
        classes: classes.iter().filter_map(|(_, text)| Class::try_from(*text).ok()).collect(),
        parameters: written
            .filter_map(|name| Some((name.to_owned(), node.number(name)?)))
            .collect(),
    })
}

fn permit(node: &Node) -> Option<PermitWritten> {
    let text = |key: &str| node.text(key).map(str::to_owned);
    let names = |key: &str| {
        let list = node.list(key).unwrap_or_default();
        list.iter().filter_map(|(_, text)| Name::try_from(*text).ok()).collect()
    };
    Some(PermitWritten {
        id: node.name("id")?,
        reason: text("reason")?,
        uses: names("uses"),
        cameras: names("cameras"),
        zones: names("zones"),
        schedule: spans(node),
        from: text("from"),
        until: text("until"),
        polygon: node.corners("polygon"),
    })
}

fn spans(node: &Node) -> Vec<String> {
    let list = node.list("schedule").unwrap_or_default();
    list.iter().map(|(_, text)| (*text).to_owned()).collect()
}

fn sensor(node: &Node) -> Option<MeasureView> {
    let quantity = node.text("quantity")?;
    let known = Quantity::ALL.into_iter().find(|known| known.as_str() == quantity)?;
    let (quantity, unit) = (quantity.to_owned(), known.unit().to_string());
    Some(MeasureView { id: node.name("id")?, quantity, unit })
}

/// It measures what its sensors do.
fn window(node: &Node, sensors: &[MeasureView]) -> Option<MeasureView> {
    let list = node.list("sensors")?;
    let of = sensors.iter().find(|sensor| list.iter().any(|(_, id)| sensor.id.as_str() == *id))?;
    let id = node.name("name")?;
    Some(MeasureView { id, quantity: of.quantity.clone(), unit: of.unit.clone() })
}

#[cfg(test)]
mod tests;
