//! `pipelines/catalogue/NAME.toml` → [`Entry`]: a kind of violation, with defaults that a
//! pipeline's rules may change.

use super::common::words;
use super::language::{self, Wanted};
use super::problem::{ConfigError, Fault, FileKind, Report, Source, listed};
use super::read::{Node, document};
use super::rule_keys::{CATALOGUE, PARAMETERS};
use super::schema::Kind;
use crate::observe::Class;
use crate::plan::{Citation, Disaster, Escalation, Program, Words};
use std::time::Duration;
use viahe_contract::message::{EditFault, Moment, Severity};

/// A kind of violation.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Counts changes of the entry.
    pub version: u32,
    /// How bad it is.
    pub severity: Severity,
    /// Frames per second that must be analysed.
    pub look_hz: f32,
    /// Longest time without its subject before it is gone.
    pub absence: Duration,
    /// Silence after an incident.
    pub cooldown: Duration,
    /// What a declared disaster does.
    pub disaster: Disaster,
    /// Pictures that an incident asks for.
    pub evidence: Vec<Moment>,
    /// How offences are treated; none for what is no offence.
    pub escalation: Option<Escalation>,
    /// The law.
    pub citations: Vec<Citation>,
    /// Name of the violation.
    pub title: Words,
    /// What to look for before confirming.
    pub guidance: Words,
    /// Known reasons for false incidents.
    pub traps: Vec<Words>,
    /// What must hold, with the defaults filled in (and any value where there is none).
    pub program: Program,
    /// What its things want of a model, in the order of the program's.
    pub wanted: Vec<Wanted>,
    /// Parameters that it takes.
    pub takes: Vec<&'static str>,
    /// Defaults: key and value, in the units of the key.
    pub parameters: Vec<(&'static str, f64)>,
}

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    /// Everything that is wrong with it, for the person who edits it.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let report = Report::default();
        let entry =
            read(&Source { kind: FileKind::Entry, name: file, text, rank: 0, report: &report });
        report.finish(entry, file)
    }

    /// The default of a parameter.
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

/// The program of the entry that `text` is, with these parameters.
///
/// # Errors
/// What is wrong with them together.
pub(super) fn program(
    text: &str,
    absence: Duration,
    parameter: &dyn Fn(&'static str) -> f64,
) -> Result<Program, Fault> {
    let report = Report::default();
    let source = Source { kind: FileKind::Entry, name: "", text, rank: 0, report: &report };
    let read = document(&source).and_then(|table| {
        language::read(&Node::root(&source, &table, CATALOGUE), absence, parameter)
    });
    match report.finish(read, "") {
        Ok(read) => Ok(read.program),
        Err(error) => {
            let first = &error.problems[0];
            let what = format!("{}: {}", first.path, first.what);
            let code = first.fault.clone().map(Box::new);
            Err(Fault { what, remedy: first.remedy.clone(), code })
        }
    }
}

/// Reads an entry; `None` only after a problem was told.
pub(super) fn read(source: &Source) -> Option<Entry> {
    let table = document(source)?;
    let root = Node::root(source, &table, CATALOGUE);
    root.check();
    let defaults = root.child("parameters").map(|node| parameters(&node)).unwrap_or_default();
    let absence = Duration::from_secs_f64(root.number("absence_secs")?);
    let value = |name: &'static str| {
        let default = defaults.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        default.unwrap_or_else(|| any_value(name))
    };
    let read = language::read(&root, absence, &value)?;
    if let Some(node) = root.child("parameters") {
        refuse_foreign(&node, &read.parameters, "this entry");
    }
    Some(Entry {
        version: root.number("version")? as u32,
        severity: severity(root.text("severity")?)?,
        look_hz: root.number("look_hz")? as f32,
        absence,
        cooldown: Duration::from_secs_f64(root.number("cooldown_secs")?),
        disaster: match root.text("disaster")? {
            "relax" => Disaster::Relax,
            "raise" => Disaster::Raise,
            _ => Disaster::Keep,
        },
        evidence: evidence(&root),
        escalation: root.child("escalation").and_then(|node| escalation(&node)),
        citations: root.children("citation").iter().filter_map(|c| citation(&c.node)).collect(),
        title: words(&root.child("title")?)?,
        guidance: words(&root.child("guidance")?)?,
        traps: root.children("trap").iter().filter_map(|trap| words(&trap.node)).collect(),
        program: read.program,
        wanted: read.wanted,
        takes: read.parameters,
        parameters: defaults,
    })
}

fn parameters(node: &Node) -> Vec<(&'static str, f64)> {
    PARAMETERS.iter().filter_map(|key| Some((key.name, node.number(key.name)?))).collect()
}

/// A value of the parameter's range, for a look at an entry that leaves it to its rules.
fn any_value(name: &str) -> f64 {
    match PARAMETERS.iter().find(|key| key.name == name).map(|key| &key.kind) {
        Some(Kind::Number { min, max }) => 1.0_f64.clamp(*min, *max),
        _ => 1.0,
    }
}

/// Tells parameters that the entry does not take.
pub(super) fn refuse_foreign(node: &Node, takes: &[&'static str], who: &str) {
    for key in PARAMETERS {
        if node.has(key.name) && !takes.contains(&key.name) {
            let what = format!("{who} does not take `{}`", key.name);
            let takes = listed(takes.iter().map(|p| format!("`{p}`")));
            let fault = Fault::new(what, format!("remove it; {who} takes {takes}"));
            node.tell(key.name, fault.coded(EditFault::OfNoUse));
        }
    }
}

fn evidence(root: &Node) -> Vec<Moment> {
    let all = [Moment::FirstSeen, Moment::Opened, Moment::Closed];
    let Some(list) = root.list("evidence") else { return all.to_vec() };
    let kind = |text: &str| match text {
        "first_seen" => Moment::FirstSeen,
        "opened" => Moment::Opened,
        _ => Moment::Closed,
    };
    list.iter().map(|(_, text)| kind(text)).collect()
}

fn escalation(node: &Node) -> Option<Escalation> {
    let except = node.list("except").into_iter().flatten();
    Some(Escalation {
        reoffence: Duration::from_secs_f64(node.number("reoffence_days")? * 86_400.0),
        every: Duration::from_secs_f64(node.number("every_secs")?),
        except: except.filter_map(|(_, text)| Class::try_from(text).ok()).collect(),
    })
}

fn citation(node: &Node) -> Option<Citation> {
    let from: jiff::civil::Date = node.text("from")?.parse().ok()?;
    let until = match node.text("until") {
        Some(text) => Some(text.parse::<jiff::civil::Date>().ok()?),
        None => None,
    };
    if until.is_some_and(|until| until <= from) {
        let fault = Fault::new("it ends before it begins", "let `until` be after `from`");
        node.tell("until", fault);
    }
    Some(Citation {
        law: node.text("law")?.into(),
        article: node.text("article")?.into(),
        from,
        until,
        verified: node.text("verified") == Some("yes"),
    })
}

pub(super) fn severity(text: &str) -> Option<Severity> {
    match text {
        "info" => Some(Severity::Info),
        "low" => Some(Severity::Low),
        "medium" => Some(Severity::Medium),
        "high" => Some(Severity::High),
        _ => None,
    }
}
