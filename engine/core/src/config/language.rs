//! The things and conditions of a catalogue entry → [`Program`].
//!
//! They may be written in any order; here they are put so that each names only earlier ones.

use super::problem::{Fault, closest, listed};
use super::quantities::quantity;
use super::read::{Amount, Child, Node};
use super::rule_keys::PARAMETERS;
use crate::id::Name;
use crate::observe::Class;
use crate::plan::Program;
use crate::plan::program::{
    Area, CONDITIONS_MAX, CameraTrouble, Condition, Crossing, Heading, Identity, Motion, Relation,
    RelationKind, Scope, THINGS_MAX, Test, Thing, ValueFrom,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use viahe_contract::message::EditFault;

/// A held condition of one subject must be seen in more looks than this: a parked car is even at
/// dusk, a false box is not.
const SEEN_MIN_EACH: f64 = 0.2;
/// A crowd is counted short in some looks (people hide each other), but not in most.
const SEEN_MIN_ZONE: f64 = 0.5;
/// Things of an entry that are the operators of `[when.NAME]`.
const OPERATORS: &[&str] = &[
    "is", "count", "share", "sensor", "window", "camera", "light", "queue", "all", "any", "not",
    "held", "hits", "sequence", "absent", "rate",
];

/// What each operator takes besides itself; the first of two lists is required.
fn takes(operator: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match operator {
        "count" => (&["min"], &["max"]),
        "share" => (&["min"], &[]),
        "sensor" | "window" => (&["on"], &["off", "below"]),
        "held" => (&["for_secs"], &["grace_secs", "lapse_secs", "seen_min", "unless"]),
        "hits" => (&["min", "looks"], &["grace_secs"]),
        "sequence" => (&["within_secs"], &["grace_secs"]),
        "absent" => (&["after", "for_secs"], &["grace_secs"]),
        "rate" => (&["min", "within_secs"], &["grace_secs"]),
        _ => (&[], &[]),
    }
}

/// A thing as an entry writes it: what a model must see for it is not decided yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// A model must know each.
    pub classes: Vec<Class>,
    /// Meant as well, where the model knows them.
    pub classes_when_known: Vec<Class>,
}

/// A program, and what its things want of a model, in the same order.
pub(super) struct Read {
    pub(super) program: Program,
    pub(super) wanted: Vec<Wanted>,
    /// Parameters that it names, in the order of the table.
    pub(super) parameters: Vec<&'static str>,
}

/// Reads the program of an entry with these parameters; `None` only after a problem was told.
pub(super) fn read(
    root: &Node,
    absence: Duration,
    parameter: &dyn Fn(&'static str) -> f64,
) -> Option<Read> {
    let reader = Reader { absence, parameter, used: RefCell::default() };
    let things = sorted(root, "thing", THINGS_MAX, &thing_links(root))?;
    let conditions = sorted(root, "when", CONDITIONS_MAX, &condition_links(root))?;
    let thing_names: Vec<Name> = things.iter().filter_map(|t| t.name.clone()).collect();
    let when_names: Vec<Name> = conditions.iter().filter_map(|c| c.name.clone()).collect();
    let names = Names { things: &thing_names, conditions: &when_names };
    let scope = scope(root, &names);
    let each = matches!(scope, Some(Scope::Each { .. }));
    let read: Vec<Option<(Thing, Wanted)>> =
        things.iter().map(|child| reader.thing(child, &names)).collect();
    let tests: Vec<Option<Condition>> =
        conditions.iter().map(|child| reader.condition(child, &names, each)).collect();
    let trigger = names.condition(root, "trigger");
    let (things, wanted) = read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
    let program = Program {
        things,
        conditions: tests.into_iter().collect::<Option<_>>()?,
        trigger: trigger?,
        scope: scope?,
    };
    let used = reader.used.into_inner();
    let parameters = PARAMETERS.iter().map(|k| k.name).filter(|n| used.contains(n)).collect();
    Some(Read { program, wanted, parameters })
}

/// What may be named.
struct Names<'a> {
    things: &'a [Name],
    conditions: &'a [Name],
}

impl Names<'_> {
    fn thing(&self, node: &Node, key: &str) -> Option<usize> {
        find(node, key, self.things, &node.name(key)?, "thing")
    }

    fn condition(&self, node: &Node, key: &str) -> Option<usize> {
        find(node, key, self.conditions, &node.name(key)?, "when")
    }

    fn conditions(&self, node: &Node, key: &str) -> Option<Vec<usize>> {
        let names = node.list(key)?;
        let place = |(_, text): &(usize, &str)| {
            find(node, key, self.conditions, &Name::try_from(*text).ok()?, "when")
        };
        names.iter().map(place).collect()
    }
}

fn find(node: &Node, key: &str, names: &[Name], name: &Name, table: &str) -> Option<usize> {
    let found = names.iter().position(|n| n == name);
    if found.is_none() {
        let remedy = match closest(name.as_str(), names.iter().map(Name::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if names.is_empty() => format!("add a table [{table}.{name}]"),
            None => format!("there are {}; or add a table [{table}.{name}]", listed(names)),
        };
        node.tell(key, Fault::new(format!("there is no [{table}.{name}]"), remedy));
    }
    found
}

fn scope(root: &Node, names: &Names) -> Option<Scope> {
    if !root.has("each") {
        if root.has("by") {
            root.tell("by", Fault::new("`by` is of no use without `each`", "remove it"));
        }
        let about = if root.has("about") { Some(names.thing(root, "about")?) } else { None };
        return Some(Scope::Zone { about });
    }
    if root.has("about") {
        let what = "`about` is for entries without `each`";
        root.tell("about", Fault::new(what, "remove one of the two"));
    }
    let identity = if root.text("by")? == "track" { Identity::Track } else { Identity::Place };
    Some(Scope::Each { thing: names.thing(root, "each")?, identity })
}

type Links = BTreeMap<Name, Vec<Name>>;

fn thing_links(root: &Node) -> Links {
    let relations = ["beside", "not_beside", "on", "not_on", "carries"];
    let links = |node: &Node| {
        relations.iter().filter(|k| node.has(k)).filter_map(|k| node.name(k)).collect()
    };
    let children = root.children("thing");
    children.into_iter().filter_map(|c| Some((c.name?, links(&c.node)))).collect()
}

fn condition_links(root: &Node) -> Links {
    let links = |node: &Node| {
        let single = ["not", "held", "hits", "absent", "rate", "after", "unless"];
        let mut links: Vec<Name> =
            single.iter().filter(|k| node.has(k)).filter_map(|k| node.name(k)).collect();
        for key in ["all", "any", "sequence"] {
            let names = node.list(key).unwrap_or_default();
            links.extend(names.into_iter().filter_map(|(_, text)| Name::try_from(text).ok()));
        }
        links
    };
    let children = root.children("when");
    children.into_iter().filter_map(|c| Some((c.name?, links(&c.node)))).collect()
}

/// The tables under `key`, each after those that it names. Tells a circle once.
fn sorted<'n>(root: &Node<'n>, key: &str, most: usize, links: &Links) -> Option<Vec<Child<'n>>> {
    let mut waiting = root.children(key);
    if waiting.len() > most {
        let what = format!("there are {}, and {most} are the most", waiting.len());
        root.tell(key, Fault::new(what, "split the entry in two"));
        return None;
    }
    let known: BTreeSet<Name> = waiting.iter().filter_map(|c| c.name.clone()).collect();
    let mut done: BTreeSet<Name> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|child| {
            let named = child.name.as_ref().and_then(|name| links.get(name));
            // What is not there at all is told where it is named.
            named.is_none_or(|names| names.iter().all(|n| done.contains(n) || !known.contains(n)))
        });
        let Some(ready) = ready else {
            let names: Vec<&Name> = waiting.iter().filter_map(|c| c.name.as_ref()).collect();
            let what = format!("{} name each other in a circle", listed(names));
            let node = &waiting[0].node;
            let fault = Fault::new(what, "let one of them stand on its own");
            node.source.problem(node.start(), &node.path, fault);
            return None;
        };
        let child = waiting.remove(ready);
        done.extend(child.name.clone());
        sorted.push(child);
    }
    Some(sorted)
}

struct Reader<'a> {
    absence: Duration,
    parameter: &'a dyn Fn(&'static str) -> f64,
    used: RefCell<BTreeSet<&'static str>>,
}

impl Reader<'_> {
    fn named(&self, name: &'static str) -> f64 {
        self.used.borrow_mut().insert(name);
        (self.parameter)(name)
    }

    fn amount(&self, node: &Node, key: &str) -> Option<f64> {
        match node.amount(key)? {
            Amount::Number(value) => Some(value),
            Amount::Parameter(name) => Some(self.named(name)),
        }
    }

    fn seconds(&self, node: &Node, key: &str) -> Option<Duration> {
        self.amount(node, key).map(Duration::from_secs_f64)
    }

    fn thing(&self, child: &Child, names: &Names) -> Option<(Thing, Wanted)> {
        let node = &child.node;
        let wanted = Wanted {
            classes: classes(node, "classes"),
            classes_when_known: classes(node, "classes_when_known"),
        };
        if !node.has("classes") && !node.has("classes_when_known") {
            let remedy = "add `classes`, or `classes_when_known`";
            node.tell("classes", Fault::new("it names no classes", remedy));
        }
        for (key, of) in [("over_min", "over"), ("carries_min", "carries")] {
            let wanted =
                if of == "over" { node.text("area") == Some("over") } else { node.has(of) };
            if node.has(key) && !wanted {
                let fault = Fault::new(format!("`{key}` is of no use without `{of}`"), "remove it");
                node.tell(key, fault);
            }
        }
        let area = match node.text("area")? {
            "out" => Area::Out,
            "over" => Area::Over(self.amount(node, "over_min")? as f32),
            "anywhere" => Area::Anywhere,
            _ => Area::In,
        };
        let motion = match node.text("motion") {
            Some("standing") => Some(Motion::Standing),
            Some(_) => Some(Motion::Moving),
            None => None,
        };
        let crossing = match node.text("crossing") {
            Some("left_to_right") => Some(Crossing::LeftToRight),
            Some("right_to_left") => Some(Crossing::RightToLeft),
            Some(_) => Some(Crossing::Either),
            None => None,
        };
        let speed = self.amount(node, "speed_min_mps").map(|v| v as f32);
        let thing = Thing {
            name: child.name.as_ref()?.to_string(),
            classes: wanted.classes.clone(),
            confidence_min: node.number("confidence_min")? as f32,
            area,
            motion,
            speed_min_mps: speed,
            heading: node.text("heading").map(|text| self.heading(text == "against")),
            crossing,
            relations: self.relations(node, names)?,
        };
        Some((thing, wanted))
    }

    fn heading(&self, against: bool) -> Heading {
        Heading {
            against,
            // 360 is 0.
            allowed_deg: (self.named("allowed_deg") % 360.0) as f32,
            tolerance_deg: self.named("tolerance_deg") as f32,
            travel_min: self.named("travel_min") as f32,
        }
    }

    fn relations(&self, node: &Node, names: &Names) -> Option<Vec<Relation>> {
        let near = self.amount(node, "near_max")? as f32;
        let carried = self.amount(node, "carries_min")? as usize;
        let (some, not_any) = ((1, usize::MAX), (0, 0));
        let kinds = [
            ("beside", RelationKind::Beside(near), some),
            ("not_beside", RelationKind::Beside(near), not_any),
            ("on", RelationKind::On, some),
            ("not_on", RelationKind::On, not_any),
            ("carries", RelationKind::Under, (carried, usize::MAX)),
        ];
        let mut relations = Vec::new();
        for (key, kind, (min, max)) in kinds {
            if node.has(key) {
                relations.push(Relation { kind, other: names.thing(node, key)?, min, max });
            }
        }
        Some(relations)
    }

    fn condition(&self, child: &Child, names: &Names, each: bool) -> Option<Condition> {
        let node = &child.node;
        let written: Vec<&str> =
            OPERATORS.iter().filter(|operator| node.has(operator)).copied().collect();
        let [operator] = written.as_slice() else {
            let what = match written.len() {
                0 => "it has no operator".into(),
                _ => format!("it has several operators: {}", listed(&written)),
            };
            let remedy = format!("write exactly one of {}", OPERATORS.join(", "));
            node.source.problem(node.start(), &node.path, Fault::new(what, remedy));
            return None;
        };
        let (required, optional) = takes(operator);
        for key in node.written_keys().map(|key| key.name) {
            if key != *operator && !required.contains(&key) && !optional.contains(&key) {
                let all: Vec<&str> = required.iter().chain(optional).copied().collect();
                let remedy = match all.as_slice() {
                    [] => "remove it".into(),
                    all => format!("remove it; {operator} takes {}", listed(all)),
                };
                node.tell(key, Fault::new(format!("{operator} does not take `{key}`"), remedy));
            }
        }
        for key in required.iter().filter(|key| !node.has(key)) {
            let fault = Fault::new(format!("{operator} needs `{key}`"), format!("add `{key}`"));
            node.tell(operator, fault);
        }
        let test = self.test(node, operator, names, each)?;
        Some(Condition { name: child.name.as_ref()?.to_string(), test })
    }

    fn test(&self, node: &Node, operator: &str, names: &Names, each: bool) -> Option<Test> {
        let thing = || names.thing(node, operator);
        let of = || names.condition(node, operator);
        let grace = || self.seconds(node, "grace_secs").unwrap_or_default();
        let whole = |key| self.amount(node, key).map(|v| v as usize);
        Some(match operator {
            "is" => Test::Is(thing()?),
            "count" => Test::Count {
                thing: thing()?,
                min: whole("min")?,
                max: whole("max").unwrap_or(usize::MAX),
            },
            "share" => Test::Share { thing: thing()?, min: self.amount(node, "min")? as f32 },
            "sensor" => self.value(node, ValueFrom::Sensor, "sensor")?,
            "window" => self.value(node, ValueFrom::Window, "window")?,
            "camera" => Test::Camera(troubles(node)),
            "light" => Test::Light(node.text("light")? == "day"),
            "queue" => Test::Queue { among: thing()? },
            "all" => Test::All(names.conditions(node, "all")?),
            "any" => Test::Some(names.conditions(node, "any")?),
            "not" => Test::Not(of()?),
            "held" => Test::Held {
                of: of()?,
                duration: self.seconds(node, "for_secs")?,
                grace: self.seconds(node, "grace_secs").unwrap_or(self.absence),
                lapse: self.seconds(node, "lapse_secs").unwrap_or(Duration::MAX),
                share_min: self.amount(node, "seen_min").unwrap_or(if each {
                    SEEN_MIN_EACH
                } else {
                    SEEN_MIN_ZONE
                }) as f32,
                pause: if node.has("unless") {
                    Some(names.condition(node, "unless")?)
                } else {
                    None
                },
            },
            "hits" => hits(node, of()?, whole("min")?, whole("looks")?, grace())?,
            "sequence" => self.sequence(node, names)?,
            "absent" => Test::Absent {
                after: names.condition(node, "after")?,
                of: of()?,
                duration: self.seconds(node, "for_secs")?,
                grace: grace(),
            },
            _ => Test::Rate {
                of: of()?,
                min: whole("min")?.max(1),
                within: self.seconds(node, "within_secs")?,
                grace: grace(),
            },
        })
    }

    fn sequence(&self, node: &Node, names: &Names) -> Option<Test> {
        let steps = names.conditions(node, "sequence")?;
        if steps.len() < 2 {
            let fault =
                Fault::new("one thing alone is no sequence", "name at least two conditions");
            node.tell("sequence", fault);
            return None;
        }
        let within = self.seconds(node, "within_secs")?;
        let grace = self.seconds(node, "grace_secs").unwrap_or_default();
        Some(Test::Sequence { steps, within, grace })
    }

    fn value(&self, node: &Node, from: ValueFrom, key: &str) -> Option<Test> {
        let quantity = quantity(node.text(key)?)?;
        let above = node.text("below")? == "no";
        let on = self.amount(node, "on")?;
        let off = if node.has("off") { self.amount(node, "off")? } else { on };
        if (above && off > on) || (!above && off < on) {
            let what =
                format!("with `on` at {on} and `off` at {off} it would end before it begins");
            let remedy =
                if above { "let `off` be at most `on`" } else { "let `off` be at least `on`" };
            node.tell("off", Fault::new(what, remedy).coded(EditFault::OffBeyondOn { above }));
            return None;
        }
        Some(Test::Value { from, quantity, above, on, off })
    }
}

fn hits(node: &Node, of: usize, min: usize, looks: usize, grace: Duration) -> Option<Test> {
    if min == 0 || min > looks {
        let what = format!("{min} of {looks} looks can never be told from none");
        let fault = Fault::new(what, "let `min` be from 1 to `looks`");
        let looks = u32::try_from(looks).unwrap_or(u32::MAX);
        node.tell("min", fault.coded(EditFault::HitsBeyondLooks { looks }));
        return None;
    }
    Some(Test::Hits { of, min, looks, grace })
}

fn troubles(node: &Node) -> Vec<CameraTrouble> {
    let trouble = |text: &str| match text {
        "moved" => CameraTrouble::Moved,
        "blinded" => CameraTrouble::Blinded,
        "too_dark" => CameraTrouble::TooDark,
        _ => CameraTrouble::Offline,
    };
    node.list("camera").unwrap_or_default().iter().map(|(_, text)| trouble(text)).collect()
}

/// The good classes of a list.
fn classes(node: &Node, name: &str) -> Vec<Class> {
    let list = node.list(name).unwrap_or_default();
    list.into_iter().filter_map(|(_, text)| Class::try_from(text).ok()).collect()
}
