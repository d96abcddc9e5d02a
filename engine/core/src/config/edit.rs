//! Edits of a pipeline file, made in its text: what an edit is not about stays as it was, byte by byte.
//!
//! An edit need not be right: the reader says what is wrong with the text that comes of it.

mod array;
mod find;
mod hidden;
mod lines;

use super::problem::{Fault, listed};
use super::rule_keys::RULE;
use super::schema::Kind;
use array::{fraction, metres, number, pairs, texts};
use find::{Left, Spot, camera, hand_on, named, push, remove_named};
use toml_edit::{DocumentMut, Item, TableLike, Value};
use viahe_contract::class::Class;
use viahe_contract::id::Name;
use viahe_contract::message::{DiffLine, Edit, EditProblem, PermitWritten, RuleWritten, Severity};

/// The text with these edits made in it, each in what those before it left.
///
/// # Errors
/// What cannot be found, and a text that is no TOML.
pub fn edited(text: &str, edits: &[Edit]) -> Result<String, Vec<EditProblem>> {
    let mut document = document(text).map_err(|fault| vec![problem("", None, fault)])?;
    let problems: Vec<EditProblem> = (0..)
        .zip(edits)
        .filter_map(|(n, edit)| {
            let fault = make(&mut document, edit).err()?;
            Some(problem(&field(edit), Some(n), fault))
        })
        .collect();
    if problems.is_empty() {
        Ok(lines::carry_over(text, &document.to_string()))
    } else {
        Err(problems)
    }
}

/// The edit, from 0, that wrote what stands at a place that the reader names.
pub fn wrote(edits: &[Edit], place: &str) -> Option<u32> {
    let below = |field: &str| {
        let rest = place.strip_prefix(field);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let last = edits.iter().rposition(|edit| below(&field(edit)))?;
    u32::try_from(last).ok()
}

/// What is different between two texts of the file, without secrets.
pub fn difference(old: &str, new: &str) -> Vec<DiffLine> {
    lines::difference(old, new, &hidden::shown(old), &hidden::shown(new))
}

fn problem(field: &str, edit: Option<u32>, Fault { what, remedy, code }: Fault) -> EditProblem {
    let fault = code.map(|code| *code);
    EditProblem { field: field.to_owned(), edit, text: what, remedy, fault }
}

fn document(text: &str) -> Result<DocumentMut, Fault> {
    lines::plain(text).parse().map_err(|error: toml_edit::TomlError| {
        // Not the error's `Display`: that repeats the line, and a password with it.
        let what = format!("the file is no TOML any more: {}", error.message());
        Fault::new(what, "repair it on the box, or go back to an earlier version")
    })
}

/// What an edit writes, as the reader calls it.
fn field(edit: &Edit) -> String {
    let rule = |camera: &Option<Name>, rule: &Name| match camera {
        Some(camera) => format!("camera[{camera}].rule[{rule}]"),
        None => format!("rule[{rule}]"),
    };
    match edit {
        Edit::SetZone { camera, zone, .. } | Edit::RemoveZone { camera, zone } => {
            format!("camera[{camera}].zone.{zone}")
        }
        Edit::SetLine { camera, line, .. } | Edit::RemoveLine { camera, line } => {
            format!("camera[{camera}].line.{line}")
        }
        Edit::SetCalibration { camera, .. } | Edit::RemoveCalibration { camera } => {
            format!("camera[{camera}].calibration")
        }
        Edit::SetModel { model, .. } => format!("model.{model}.package"),
        Edit::UseModel { camera, .. } => format!("camera[{camera}].model"),
        Edit::SetRule { camera, written, .. } => {
            rule(camera, written.id.as_ref().unwrap_or(&written.entry))
        }
        Edit::RemoveRule { camera, rule: gone } => rule(camera, gone),
        Edit::SetPermit { written, .. } => format!("permit[{}]", written.id),
        Edit::RemovePermit { permit } => format!("permit[{permit}]"),
    }
}

fn make(document: &mut DocumentMut, edit: &Edit) -> Result<(), Fault> {
    match edit {
        Edit::SetZone { camera: of, zone, name, polygon } => {
            let zone = camera(document, of)?.table("zone", true)?.table(zone.as_str(), false)?;
            set(zone.table, "name", name.as_deref().map(Value::from));
            let old = zone.table.get("polygon");
            let polygon = pairs(old, polygon, fraction);
            set(zone.table, "polygon", Some(polygon));
            Ok(())
        }
        Edit::SetLine { camera: of, line, points } => {
            let line = camera(document, of)?.table("line", true)?.table(line.as_str(), false)?;
            let points = pairs(line.table.get("points"), points, fraction);
            set(line.table, "points", Some(points));
            Ok(())
        }
        Edit::SetCalibration { camera: of, picture, ground_m } => {
            let ground = camera(document, of)?.table("calibration", false)?;
            let picture = pairs(ground.table.get("picture"), picture, fraction);
            let ground_m = pairs(ground.table.get("ground_m"), ground_m, metres);
            set(ground.table, "picture", Some(picture));
            set(ground.table, "ground_m", Some(ground_m));
            Ok(())
        }
        Edit::SetModel { model, package } => {
            let root = around(document, None)?;
            let model = root.table("model", true)?.table(model.as_str(), false)?;
            set(model.table, "package", Some(Value::from(package.as_str())));
            Ok(())
        }
        Edit::UseModel { camera: of, model } => {
            set(camera(document, of)?.table, "model", Some(Value::from(model.as_str())));
            Ok(())
        }
        Edit::SetRule { camera: of, rule, written } => {
            let mut parent = around(document, of.as_ref())?;
            let table = match rule {
                Some(rule) => named(parent.table, "rule", rule, rule_name)?,
                None => push(&mut parent, "rule")?,
            };
            set_rule(table, written)
        }
        Edit::SetPermit { permit, written } => {
            let mut root = around(document, None)?;
            let table = match permit {
                Some(permit) => named(root.table, "permit", permit, permit_name)?,
                None => push(&mut root, "permit")?,
            };
            set_permit(table, written);
            Ok(())
        }
        Edit::RemoveZone { .. }
        | Edit::RemoveLine { .. }
        | Edit::RemoveCalibration { .. }
        | Edit::RemoveRule { .. }
        | Edit::RemovePermit { .. } => {
            let left = remove(document, edit)?;
            hand_on(document, left);
            Ok(())
        }
    }
}

/// Takes something out; says what is to stay of it.
fn remove(document: &mut DocumentMut, edit: &Edit) -> Result<Option<Left>, Fault> {
    match edit {
        Edit::RemoveZone { camera: of, zone } => {
            camera(document, of)?.remove_in("zone", zone.as_str())
        }
        Edit::RemoveLine { camera: of, line } => {
            camera(document, of)?.remove_in("line", line.as_str())
        }
        Edit::RemoveCalibration { camera: of } => camera(document, of)?.remove("calibration"),
        Edit::RemoveRule { camera: of, rule } => {
            remove_named(around(document, of.as_ref())?.table, "rule", rule, rule_name)
        }
        Edit::RemovePermit { permit } => {
            remove_named(around(document, None)?.table, "permit", permit, permit_name)
        }
        _ => Ok(None),
    }
}

/// Where rules stand: in a camera, or at the top.
fn around<'d>(document: &'d mut DocumentMut, of: Option<&Name>) -> Result<Spot<'d>, Fault> {
    match of {
        Some(of) => camera(document, of),
        None => Ok(Spot { table: document.as_table_mut(), position: None }),
    }
}

fn rule_name(rule: &dyn TableLike) -> Option<&str> {
    rule.get("id").or_else(|| rule.get("use"))?.as_str()
}

fn permit_name(permit: &dyn TableLike) -> Option<&str> {
    permit.get("id")?.as_str()
}

/// The keys of a rule that are numbers.
pub(super) fn rule_numbers() -> impl Iterator<Item = &'static str> {
    let numbers =
        RULE.iter().filter(|key| matches!(key.kind, Kind::Number { .. } | Kind::Whole { .. }));
    numbers.map(|key| key.name)
}

fn set_rule(table: &mut dyn TableLike, written: &RuleWritten) -> Result<(), Fault> {
    let known = |name: &String| rule_numbers().any(|known| known == name);
    if let Some(strange) = written.parameters.keys().find(|name| !known(name)) {
        let what = format!("{strange:?} is not a parameter");
        return Err(Fault::new(what, format!("parameters are {}", listed(rule_numbers()))));
    }
    let name = |name: &Option<Name>| name.as_ref().map(|name| Value::from(name.as_str()));
    set(table, "use", Some(Value::from(written.entry.as_str())));
    set(table, "id", name(&written.id));
    set(table, "zone", name(&written.zone));
    set(table, "line", name(&written.line));
    set(table, "sensor", name(&written.sensor));
    set(table, "window", name(&written.window));
    for parameter in rule_numbers() {
        set(table, parameter, written.parameters.get(parameter).map(|value| number(*value)));
    }
    let severity = written.severity.map(|severity| match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    });
    set(table, "severity", severity.map(Value::from));
    set_list(table, "schedule", written.schedule.iter().map(String::as_str));
    set_list(table, "classes", written.classes.iter().map(Class::as_str));
    Ok(())
}

fn set_permit(table: &mut dyn TableLike, written: &PermitWritten) {
    let names = |names: &'_ [Name]| names.iter().map(|n| n.as_str().to_owned()).collect::<Vec<_>>();
    set(table, "id", Some(Value::from(written.id.as_str())));
    set(table, "reason", Some(Value::from(written.reason.as_str())));
    for (key, list) in
        [("uses", &written.uses), ("cameras", &written.cameras), ("zones", &written.zones)]
    {
        set_list(table, key, names(list).iter().map(String::as_str));
    }
    set_list(table, "schedule", written.schedule.iter().map(String::as_str));
    set(table, "from", written.from.as_deref().map(Value::from));
    set(table, "until", written.until.as_deref().map(Value::from));
    let old = table.get("polygon");
    let polygon = written.polygon.as_ref().map(|polygon| pairs(old, polygon, fraction));
    set(table, "polygon", polygon);
}

/// A list of texts; an empty one is taken out.
fn set_list<'t>(table: &mut dyn TableLike, key: &str, list: impl Iterator<Item = &'t str>) {
    let list: Vec<&str> = list.collect();
    let value = (!list.is_empty()).then(|| texts(table.get(key), &list));
    set(table, key, value);
}

/// Sets a key, or takes it out. One that has the value already stays as it is written; another keeps what
/// is written around its value.
fn set(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    let Some(mut value) = value else {
        table.remove(key);
        return;
    };
    match table.get_mut(key) {
        None => {
            table.insert(key, Item::Value(value));
        }
        Some(item) => {
            if let Some(old) = item.as_value() {
                if array::same(old, &value) {
                    return;
                }
                *value.decor_mut() = old.decor().clone();
            }
            *item = Item::Value(value);
        }
    }
}

#[cfg(test)]
mod tests;
