//! `pipelines/catalogue/NAME.toml` → [`Entry`]: a kind of violation, with defaults that a
//! pipeline's rules may change.

use super::plan::Severity;
use super::problem::{ConfigError, Fault, Report, Source, listed};
use super::read::{Node, document};
use super::schema::{CATALOGUE, PARAMETERS};
use crate::observe::Class;
use std::time::Duration;

/// What must hold for an incident to open; which parameters apply follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// A subject stands in the zone.
    Standing,
    /// Many subjects are in the zone at once.
    Crowding,
    /// A subject moves in the zone against the allowed direction.
    WrongWay,
}

impl TriggerKind {
    /// The keys that a rule of this kind takes besides the common ones.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Standing => &["dwell_secs"],
            Self::Crowding => &["count_min", "dwell_secs"],
            Self::WrongWay => &["allowed_deg", "tolerance_deg", "travel_min"],
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "standing" => Some(Self::Standing),
            "crowding" => Some(Self::Crowding),
            "wrong_way" => Some(Self::WrongWay),
            _ => None,
        }
    }
}

/// A text in the languages of the operations centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// A kind of violation.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What must hold.
    pub kind: TriggerKind,
    /// Counts changes of the entry.
    pub version: u32,
    /// How bad it is.
    pub severity: Severity,
    /// Which things are meant; a model must know each.
    pub classes: Vec<Class>,
    /// Which things are meant as well, where the model knows them.
    pub classes_when_known: Vec<Class>,
    /// Weaker observations are ignored, 0 to 1.
    pub confidence_min: f32,
    /// Frames per second that must be analysed.
    pub look_hz: f32,
    /// Longest time without its subject before an incident is over.
    pub absence: Duration,
    /// Name of the violation.
    pub title: Words,
    /// What to look for before confirming.
    pub guidance: Words,
    /// Known reasons for false incidents.
    pub traps: Vec<Words>,
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
        let entry = read(&Source { name: file, text, rank: 0, report: &report });
        report.finish(entry, file)
    }

    /// The default of a parameter.
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

/// Reads an entry; `None` only after a problem was told.
pub(super) fn read(source: &Source) -> Option<Entry> {
    let table = document(source)?;
    let root = Node::root(source, &table, CATALOGUE);
    root.check();
    let kind = TriggerKind::read(root.text("kind")?)?;
    let parameters = root.child("parameters").map(|node| parameters(&node, kind));
    Some(Entry {
        kind,
        version: root.number("version")? as u32,
        severity: severity(root.text("severity")?)?,
        classes: classes(&root, "classes")?,
        classes_when_known: classes(&root, "classes_when_known").unwrap_or_default(),
        confidence_min: root.number("confidence_min")? as f32,
        look_hz: root.number("look_hz")? as f32,
        absence: Duration::from_secs_f64(root.number("absence_secs")?),
        title: words(&root.child("title")?)?,
        guidance: words(&root.child("guidance")?)?,
        traps: root.children("trap").iter().filter_map(|trap| words(&trap.node)).collect(),
        parameters: parameters.unwrap_or_default(),
    })
}

pub(super) fn words(node: &Node) -> Option<Words> {
    Some(Words { vi: node.text("vi")?.into(), en: node.text("en")?.into() })
}

fn parameters(node: &Node, kind: TriggerKind) -> Vec<(&'static str, f64)> {
    refuse_foreign(node, kind, "this kind");
    let value = |name: &&'static str| node.number(name).map(|value| (*name, value));
    kind.parameters().iter().filter_map(value).collect()
}

/// Tells parameters that rules of this kind do not take.
pub(super) fn refuse_foreign(node: &Node, kind: TriggerKind, who: &str) {
    for key in PARAMETERS {
        if node.has(key.name) && !kind.parameters().contains(&key.name) {
            let what = format!("{who} does not take `{}`", key.name);
            let takes = listed(kind.parameters().iter().map(|p| format!("`{p}`")));
            node.tell(key.name, Fault::new(what, format!("remove it; {who} takes {takes}")));
        }
    }
}

/// The good classes of a list; `None` when the list is absent.
fn classes(node: &Node, name: &str) -> Option<Vec<Class>> {
    Some(node.list(name)?.into_iter().filter_map(|(_, text)| Class::try_from(text).ok()).collect())
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
