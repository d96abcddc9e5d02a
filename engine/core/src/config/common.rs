//! What tables of several kinds have alike: names that must differ, hours, words.

use super::problem::{Fault, bare, quoted};
use super::read::Node;
use super::schedule::span;
use crate::id::Name;
use crate::plan::{Schedule, Words};
use std::collections::BTreeMap;
use viahe_contract::message::EditFault;

/// Tells each table whose id was used by an earlier one.
pub(super) fn refuse_repeats(
    nodes: &[Node],
    id: impl Fn(&Node) -> Option<Name>,
    who: &str,
    remedy: &str,
) {
    let mut seen: BTreeMap<Name, usize> = BTreeMap::new();
    for node in nodes {
        let Some(name) = id(node) else { continue };
        let key = ["id", "use"].into_iter().find(|key| node.has(key)).unwrap_or("name");
        match seen.get(&name) {
            Some(at) => {
                let line = node.source.line(*at).0;
                let what = format!("two {who} are called {name}, the first in line {line}");
                let code = EditFault::NameTaken { name };
                node.tell(key, Fault::new(what, remedy).coded(code));
            }
            None => {
                seen.insert(name, node.at(key));
            }
        }
    }
}

/// The `schedule` of a table, empty without one; tells spans that need a calendar where the site
/// names none.
pub(super) fn schedule(node: &Node, has_calendar: bool) -> Schedule {
    let mut schedule = Schedule::default();
    for (at, text) in node.list("schedule").unwrap_or_default() {
        let Ok(span) = span(text) else { continue };
        if span.needs_calendar() && !has_calendar {
            let what = format!("{} needs a calendar, and the site names none", quoted(text));
            let remedy = "add `calendar = \"vietnam\"` to [site], or write Mon to Sun only";
            let fault = Fault::new(what, remedy).coded(EditFault::NoCalendar { text: bare(text) });
            node.source.problem(at, &format!("{}.schedule", node.path), fault);
        }
        schedule.spans.push(span);
    }
    schedule
}

/// A text in both languages.
pub(super) fn words(node: &Node) -> Option<Words> {
    Some(Words { vi: node.text("vi")?.into(), en: node.text("en")?.into() })
}
