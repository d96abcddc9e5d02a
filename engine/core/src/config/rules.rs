//! `[[camera.rule]]` → [`Rule`]: an entry of the catalogue with a camera's own parameters.

use super::catalogue::{self, Entry};
use super::common;
use super::eyes;
use super::problem::{Fault, FileKind, Report, Source, closest, listed};
use super::read::Node;
use super::sources::{Package, PipelineSources};
use crate::id::Name;
use crate::plan::program::{Test, ValueFrom};
use crate::plan::{Line, Program, Rule, Sensor, Window, Zone};
use crate::sensor::Quantity;
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_contract::message::EditFault;

/// Catalogue entries read so far; `None` for those that are missing or bad, which was told.
pub(super) struct Catalogue<'a> {
    sources: &'a PipelineSources<'a>,
    report: &'a Report,
    entries: BTreeMap<Name, Option<Known>>,
    /// Does the site name a calendar, good or bad?
    has_calendar: bool,
    /// None when some of it is bad.
    measured: Option<Measured<'a>>,
}

/// What measures at the site.
#[derive(Clone, Copy)]
pub(super) struct Measured<'a> {
    pub(super) sensors: &'a [Sensor],
    pub(super) windows: &'a [Window],
}

impl Measured<'_> {
    /// The sensor and the window of a rule; tells what is missing, of no use, or measures
    /// something else.
    fn of(&self, node: &Node, program: &Program) -> Option<(Option<usize>, Option<usize>)> {
        let sensors: Vec<(&str, Quantity)> =
            self.sensors.iter().map(|s| (s.id.as_str(), s.decoder.quantity)).collect();
        let quantity = |w: &Window| self.sensors[w.sensors[0]].decoder.quantity;
        let windows: Vec<(&str, Quantity)> =
            self.windows.iter().map(|w| (w.name.as_str(), quantity(w))).collect();
        let wanted = |from: ValueFrom| {
            program.values().find(|(f, _)| *f == from).map(|(_, quantity)| quantity)
        };
        let sensor = source(node, "sensor", wanted(ValueFrom::Sensor), &sensors);
        let window = source(node, "window", wanted(ValueFrom::Window), &windows);
        Some((sensor.ok()?, window.ok()?))
    }
}

/// The index of what a rule names under `key`; an error only after a problem was told.
fn source(
    node: &Node,
    key: &str,
    wanted: Option<Quantity>,
    there: &[(&str, Quantity)],
) -> Result<Option<usize>, ()> {
    let tell = |what: String, remedy: String, code: Option<EditFault>| {
        node.tell(key, Fault { what, remedy, code: code.map(Box::new) });
    };
    let Some(quantity) = wanted else {
        if node.has(key) {
            let remedy = format!("remove `{key}`");
            tell(format!("this entry asks no {key}"), remedy, Some(EditFault::OfNoUse));
            return Err(());
        }
        return Ok(None);
    };
    let fitting = || there.iter().filter(|(_, q)| *q == quantity).map(|(name, _)| *name);
    let (fits, missing) = if fitting().next().is_none() {
        let code = EditFault::NoneMeasures { quantity: quantity.as_str().to_owned() };
        (format!("add a table [[{key}]] for {}", quantity.as_str()), code)
    } else {
        let code = EditFault::Missing { key: key.to_owned() };
        (format!("those of {} are {}", quantity.as_str(), listed(fitting())), code)
    };
    if !node.has(key) {
        let remedy = format!("name one that measures it: {fits}");
        tell(format!("`{key}` is missing"), remedy, Some(missing));
        return Err(());
    }
    let name = node.name(key).ok_or(())?;
    let Some(found) = there.iter().position(|(other, _)| *other == name.as_str()) else {
        let remedy = match closest(name.as_str(), there.iter().map(|(name, _)| *name)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => fits,
        };
        tell(format!("there is no {key} {name}"), remedy, Some(EditFault::Unknown { name }));
        return Err(());
    };
    let measures = there[found].1;
    if measures != quantity {
        let what = format!("{name} measures {}, not {}", measures.as_str(), quantity.as_str());
        tell(what, fits, None);
        return Err(());
    }
    Ok(Some(found))
}

/// An entry, and its text.
struct Known {
    entry: Entry,
    text: String,
}

/// A rule, and what its camera must do for it.
pub(super) struct Ruled {
    pub(super) rule: Rule,
    pub(super) look_hz: f32,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(
        sources: &'a PipelineSources<'a>,
        report: &'a Report,
        has_calendar: bool,
        measured: Option<Measured<'a>>,
    ) -> Self {
        Self { sources, report, entries: BTreeMap::new(), has_calendar, measured }
    }

    /// The entry that the rule uses. A bad entry is told once, in its own file; a missing one at
    /// each rule that wants it.
    fn entry(&mut self, rule: &Node) -> Option<(Name, &Known)> {
        let name = rule.name("use")?;
        if !self.entries.contains_key(&name) {
            match (self.sources.catalogue)(&name) {
                Ok((file, text)) => {
                    let rank = self.entries.len() + 1;
                    let report = self.report;
                    let source =
                        Source { kind: FileKind::Entry, name: &file, text: &text, rank, report };
                    let entry = catalogue::read(&source);
                    self.entries.insert(name.clone(), entry.map(|entry| Known { entry, text }));
                }
                Err(reason) => {
                    rule.tell("use", self.missing(&name, &reason));
                    return None;
                }
            }
        }
        let entry = self.entries.get(&name)?.as_ref()?;
        Some((name, entry))
    }

    fn missing(&self, name: &Name, reason: &str) -> Fault {
        let names = self.sources.catalogue_names;
        if names.is_empty() || names.contains(name) {
            let what = format!("the catalogue entry {name} cannot be read: {reason}");
            return Fault::new(what, "repair it, or use another entry");
        }
        let remedy = match closest(name.as_str(), names.iter().map(Name::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("entries are {}", listed(names)),
        };
        let code = EditFault::Unknown { name: name.clone() };
        Fault::new(format!("{name} is not in the catalogue"), remedy).coded(code)
    }

    /// Reads a rule; `None` only after a problem was told. `camera` is none for rules of the site.
    pub(super) fn rule(&mut self, node: &Node, camera: Option<&Around>) -> Option<Ruled> {
        let (sources, measured) = (self.sources, self.measured);
        let schedule = common::schedule(node, self.has_calendar);
        let (violation, Known { entry, text }) = self.entry(node)?;
        catalogue::refuse_foreign(node, &entry.takes, violation.as_str());
        let absence = node.number("absence_secs").map_or(entry.absence, Duration::from_secs_f64);
        let mut program = program(node, &violation, entry, text, absence)?;
        let mut unseen = Vec::new();
        let sees = match camera {
            Some(around) => {
                let known = eyes::classes(node, entry, &mut program, around.model, sources);
                let places = around.places(node, &program);
                known.map(|some_unseen| unseen = some_unseen).and(places)
            }
            None => site_places(node, &program),
        };
        let measured = measured.and_then(|measured| measured.of(node, &program));
        let ((zone, line), (sensor, window)) = (sees?, measured?);
        let rule = Rule {
            id: if node.has("id") { node.name("id")? } else { violation.clone() },
            violation,
            version: entry.version,
            look_hz: entry.look_hz,
            severity: node.text("severity").map_or(Some(entry.severity), catalogue::severity)?,
            zone,
            line,
            sensor,
            window,
            schedule,
            program,
            unseen,
            absence,
            cooldown: node.number("cooldown_secs").map_or(entry.cooldown, Duration::from_secs_f64),
            escalation: entry.escalation.clone(),
            disaster: entry.disaster,
            evidence: entry.evidence.clone(),
            title: entry.title.clone(),
            guidance: entry.guidance.clone(),
            citations: entry.citations.clone(),
        };
        let looks = rule.program.looks();
        Some(Ruled { rule, look_hz: if looks { entry.look_hz } else { 0.0 } })
    }
}

/// What a camera offers to its rules.
pub(super) struct Around<'a> {
    pub(super) zones: &'a Zones,
    pub(super) lines: &'a [Line],
    pub(super) model: Option<&'a Package>,
    pub(super) calibrated: bool,
    pub(super) placed: bool,
}

impl Around<'_> {
    /// The zone and the line of a rule; tells what is missing or of no use.
    fn places(&self, node: &Node, program: &Program) -> Option<(Option<usize>, Option<usize>)> {
        let mut good = true;
        let mut tell = |key: &str, what: &str, remedy: &str, code: EditFault| {
            node.tell(key, Fault::new(what, remedy).coded(code));
            good = false;
        };
        let missing = |key: &str| EditFault::Missing { key: key.to_owned() };
        if program.looks() && !node.has("zone") {
            let remedy = "add `zone = \"kerb\"`, a zone of this camera";
            tell("zone", "`zone` is missing", remedy, missing("zone"));
        }
        if !program.looks() && node.has("zone") {
            tell("zone", "this entry looks at no things", "remove `zone`", EditFault::OfNoUse);
        }
        let crosses = program.things.iter().any(|t| t.crossing.is_some());
        if crosses && !node.has("line") {
            let remedy = "add `line = \"NAME\"` and a table [camera.line.NAME]";
            tell("line", "`line` is missing", remedy, missing("line"));
        }
        if !crosses && node.has("line") {
            tell("line", "this entry asks for no line", "remove `line`", EditFault::OfNoUse);
        }
        if program.things.iter().any(|t| t.speed_min_mps.is_some()) && !self.calibrated {
            let what = "it asks for speeds, and the camera is not calibrated";
            let remedy = "add a table [camera.calibration], or use another entry";
            tell("use", what, remedy, EditFault::NotCalibrated);
        }
        let light = program.conditions.iter().any(|c| matches!(c.test, Test::Light(_)));
        if light && !self.placed {
            let what = "it asks for day or night, and where the camera stands is not known";
            let remedy = "add `position = { lat = …, lon = … }` to the camera";
            tell("use", what, remedy, EditFault::NoPosition);
        }
        let zone = if node.has("zone") { Some(self.zones.find(node)?) } else { None };
        let line = if node.has("line") { Some(self.line(node)?) } else { None };
        good.then_some((zone, line))
    }

    fn line(&self, node: &Node) -> Option<usize> {
        let name = node.name("line")?;
        let found = self.lines.iter().position(|line| line.id == name);
        if found.is_none() {
            let names = self.lines.iter().map(|line| line.id.as_str());
            let remedy = match closest(name.as_str(), names) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("add a table [camera.line.{name}] with its points"),
            };
            let fault = Fault::new(format!("{name} is not a line of this camera"), remedy);
            node.tell("line", fault.coded(EditFault::Unknown { name }));
        }
        found
    }
}

/// A rule of the site needs no camera, and has none.
fn site_places(node: &Node, program: &Program) -> Option<(Option<usize>, Option<usize>)> {
    if program.looks() || program.watches_camera() {
        let what = "this entry needs a camera";
        node.tell("use", Fault::new(what, "move it under a [[camera]], as [[camera.rule]]"));
        return None;
    }
    for key in ["zone", "line", "classes", "confidence_min"].into_iter().filter(|k| node.has(k)) {
        let fault = Fault::new("rules of the site see nothing", format!("remove `{key}`"));
        node.tell(key, fault.coded(EditFault::OfNoUse));
    }
    Some((None, None))
}

/// The zones of a camera as the file names them: bad ones too, so that a rule in a zone with a
/// bad polygon is not told to name another.
pub(super) struct Zones {
    /// Is there any, good or bad?
    pub(super) written: bool,
    pub(super) names: Vec<Name>,
    pub(super) good: Vec<Zone>,
}

impl Zones {
    fn find(&self, rule: &Node) -> Option<usize> {
        let name = rule.name("zone")?;
        // A camera whose zones are all bad was told so.
        if !self.names.contains(&name) && (!self.names.is_empty() || !self.written) {
            let remedy = match closest(name.as_str(), self.names.iter().map(Name::as_str)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None if self.names.is_empty() => {
                    format!("add a table [camera.zone.{name}] with its polygon")
                }
                None => format!("zones here are {}", listed(&self.names)),
            };
            let fault = Fault::new(format!("{name} is not a zone of this camera"), remedy);
            rule.tell("zone", fault.coded(EditFault::Unknown { name: name.clone() }));
        }
        self.good.iter().position(|zone| zone.id == name)
    }
}

/// The entry's program with the rule's parameters.
fn program(
    node: &Node,
    violation: &Name,
    entry: &Entry,
    text: &str,
    absence: Duration,
) -> Option<Program> {
    // Of a key that was written, the value or nothing: it was told why it is bad.
    let value = |name: &str| {
        if node.has(name) { node.number(name) } else { entry.parameter(name) }
    };
    let mut good = true;
    for name in &entry.takes {
        if !node.has(name) && entry.parameter(name).is_none() {
            let what = format!("`{name}` is missing, and {violation} has no default for it");
            let fault = Fault::new(what, format!("add `{name}`; it depends on the camera"));
            node.tell(name, fault.coded(EditFault::Missing { key: (*name).to_owned() }));
        }
        good &= value(name).is_some();
    }
    if !good {
        return None;
    }
    let program = catalogue::program(text, absence, &|name| value(name).unwrap_or_default());
    program.map_err(|fault| node.tell("use", fault)).ok()
}
