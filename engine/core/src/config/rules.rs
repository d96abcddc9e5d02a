//! `[[camera.rule]]` → [`Rule`]: an entry of the catalogue with a camera's own parameters.

use super::catalogue::{self, Entry, TriggerKind};
use super::pipeline::{ModelInfo, Package, PipelineSources};
use super::plan::{Rule, Trigger, Zone};
use super::problem::{Fault, Report, Source, closest, listed};
use super::read::Node;
use super::schedule;
use crate::id::Name;
use crate::observe::Class;
use std::collections::BTreeMap;
use std::time::Duration;

/// Catalogue entries read so far; `None` for those that are missing or bad, which was told.
pub(super) struct Catalogue<'a> {
    sources: &'a PipelineSources<'a>,
    report: &'a Report,
    entries: BTreeMap<Name, Option<Entry>>,
    /// Does the site name a calendar, good or bad?
    has_calendar: bool,
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
    ) -> Self {
        Self { sources, report, entries: BTreeMap::new(), has_calendar }
    }

    /// The entry that the rule uses. A bad entry is told once, in its own file; a missing one at
    /// each rule that wants it.
    fn entry(&mut self, rule: &Node) -> Option<(Name, &Entry)> {
        let name = rule.name("use")?;
        if !self.entries.contains_key(&name) {
            match (self.sources.catalogue)(&name) {
                Ok((file, text)) => {
                    let rank = self.entries.len() + 1;
                    let (text, report) = (text.as_str(), self.report);
                    let entry = catalogue::read(&Source { name: &file, text, rank, report });
                    self.entries.insert(name.clone(), entry);
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
        Fault::new(format!("{name} is not in the catalogue"), remedy)
    }

    /// Reads a rule; `None` only after a problem was told.
    pub(super) fn rule(
        &mut self,
        node: &Node,
        zones: &Zones,
        model: Option<&Package>,
    ) -> Option<Ruled> {
        let sources = self.sources;
        let zone = zones.find(node);
        let schedule = schedule::of_table(node, self.has_calendar);
        let (violation, entry) = self.entry(node)?;
        catalogue::refuse_foreign(node, entry.kind, violation.as_str());
        let trigger = trigger(node, &violation, entry);
        let classes = classes(node, entry, model, sources);
        let rule = Rule {
            id: if node.has("id") { node.name("id")? } else { violation.clone() },
            violation,
            version: entry.version,
            severity: node.text("severity").map_or(Some(entry.severity), catalogue::severity)?,
            zone: zone?,
            classes: classes?,
            confidence_min: node
                .number("confidence_min")
                .map_or(entry.confidence_min, |v| v as f32),
            schedule,
            trigger: trigger?,
            absence: node.number("absence_secs").map_or(entry.absence, Duration::from_secs_f64),
        };
        Some(Ruled { rule, look_hz: entry.look_hz })
    }
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
            rule.tell("zone", Fault::new(format!("{name} is not a zone of this camera"), remedy));
        }
        self.good.iter().position(|zone| zone.id == name)
    }
}

fn trigger(node: &Node, violation: &Name, entry: &Entry) -> Option<Trigger> {
    // Of a key that was written, the value or nothing: it was told why it is bad.
    let value = |name| if node.has(name) { node.number(name) } else { entry.parameter(name) };
    for name in entry.kind.parameters() {
        if !node.has(name) && entry.parameter(name).is_none() {
            let what = format!("`{name}` is missing, and {violation} has no default for it");
            node.tell(name, Fault::new(what, format!("add `{name}`; it depends on the camera")));
        }
    }
    let dwell = || value("dwell_secs").map(Duration::from_secs_f64);
    match entry.kind {
        TriggerKind::Standing => Some(Trigger::Standing { dwell: dwell()? }),
        TriggerKind::Crowding => {
            Some(Trigger::Crowding { count_min: value("count_min")? as usize, dwell: dwell()? })
        }
        TriggerKind::WrongWay => Some(Trigger::WrongWay {
            // 360 is 0.
            allowed_deg: (value("allowed_deg")? % 360.0) as f32,
            tolerance_deg: value("tolerance_deg")? as f32,
            travel_min: value("travel_min")? as f32,
        }),
    }
}

/// The classes that the rule means, of which the model knows each.
fn classes(
    node: &Node,
    entry: &Entry,
    model: Option<&Package>,
    sources: &PipelineSources,
) -> Option<Vec<Class>> {
    let written: Option<Vec<(usize, Class)>> = node.list("classes").map(|list| {
        list.into_iter().filter_map(|(at, text)| Some((at, Class::try_from(text).ok()?))).collect()
    });
    let own = written.is_some();
    let at = node.at("use");
    let wanted = written.unwrap_or_else(|| entry.classes.iter().map(|c| (at, c.clone())).collect());
    let Package { name, info } = model?;
    for (at, class) in wanted.iter().filter(|(_, class)| !info.knows(class)) {
        let key = if own { "classes" } else { "use" };
        let fault = unknown_class(class, name, info, sources);
        node.source.problem(*at, &format!("{}.{key}", node.path), fault);
    }
    let more = entry.classes_when_known.iter().filter(|class| !own && info.knows(class)).cloned();
    Some(wanted.into_iter().map(|(_, class)| class).chain(more).collect())
}

fn unknown_class(
    class: &Class,
    model: &Name,
    info: &ModelInfo,
    sources: &PipelineSources,
) -> Fault {
    let others: Vec<&Name> = sources
        .model_names
        .iter()
        .filter(|other| (sources.models)(other).is_ok_and(|info| info.knows(class)))
        .collect();
    let known = info.labels.iter().map(Class::as_str);
    let remedy = match (closest(class.as_str(), known.clone()), others.as_slice()) {
        (Some(near), _) => format!("did you mean \"{near}\"?"),
        (None, []) => {
            let known: std::collections::BTreeSet<&str> = known.collect();
            format!("set `classes` to some of what it sees: {}", listed(known))
        }
        (None, others) => format!("use a model that does ({}), or other `classes`", listed(others)),
    };
    Fault::new(format!("the model {model} does not see {class}"), remedy)
}
