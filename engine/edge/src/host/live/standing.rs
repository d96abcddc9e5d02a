//! A box that is blind by order says so: in its log, its health, its status and each camera's state.

use crate::publish::{disaster, suspension};
use crate::trouble::{Silent, Trouble, Troubles};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use viahe_contract::message::Suspension;
use viahe_core::engine::{Orders, Silence, Silenced, Standing};
use viahe_core::id::Name;

/// Places named in one sentence; a message says all of them.
const PLACES_MAX: usize = 5;

/// Raises what stands as troubles, and ends what is over. Saying the same again changes nothing.
pub(crate) fn raise(orders: &Orders, zone: &TimeZone, troubles: &Troubles) {
    let of = |why: Silence| -> Vec<&Silenced> {
        orders.silenced.iter().filter(|silenced| silenced.why == why).collect()
    };
    let told = |silenced: &[&Silenced]| -> Vec<Suspension> {
        silenced.iter().map(|s| suspension(s, zone)).collect()
    };
    let ordered = of(Silence::Ordered);
    if ordered.is_empty() {
        troubles.end(Trouble::RulesSuspended);
    } else {
        let silent = Silent { suspensions: told(&ordered), disaster: None };
        troubles.raise_with(Trouble::RulesSuspended, suspended_text(&ordered, zone), silent);
    }
    let Some(declared) = &orders.disaster else { return troubles.end(Trouble::Disaster) };
    let relaxed = of(Silence::Disaster);
    let effect = match declared.level {
        1 => "what it relaxes must last three times as long".to_owned(),
        _ if relaxed.is_empty() => "no rule here is silent because of it".to_owned(),
        _ => format!("silent are {}", places(&relaxed)),
    };
    let text = format!(
        "disaster level {} is declared {}: {effect}; the command `disaster` with level 0 ends it",
        declared.level,
        by_whom(&declared.standing, zone),
    );
    let silent = Silent { suspensions: told(&relaxed), disaster: Some(disaster(declared, zone)) };
    troubles.raise_with(Trouble::Disaster, text, silent);
}

fn suspended_text(silenced: &[&Silenced], zone: &TimeZone) -> String {
    let mut by_order: BTreeMap<&Standing, Vec<&Silenced>> = BTreeMap::new();
    for one in silenced {
        by_order.entry(&one.standing).or_default().push(one);
    }
    let all = by_order
        .iter()
        .map(|(standing, silenced)| format!("{} {}", places(silenced), by_whom(standing, zone)));
    let all: Vec<String> = all.collect();
    format!(
        "rules say nothing by order: {}; the command `suspend` with an `until` that is over lifts it",
        all.join("; ")
    )
}

/// `all rules of le-loi-03, illegal-parking of le-loi-04 and 2 more places`.
fn places(silenced: &[&Silenced]) -> String {
    let place = |one: &&Silenced| {
        let whose = one.camera.as_ref().map_or("the site", Name::as_str);
        let rules: Vec<&str> = one.rules.iter().map(Name::as_str).collect();
        if one.all {
            format!("all rules of {whose}")
        } else {
            format!("{} of {whose}", rules.join(", "))
        }
    };
    let mut text: Vec<String> = silenced.iter().take(PLACES_MAX).map(place).collect();
    if silenced.len() > PLACES_MAX {
        text.push(format!("those of {} more places", silenced.len() - PLACES_MAX));
    }
    text.join(", ")
}

fn by_whom(standing: &Standing, zone: &TimeZone) -> String {
    let until = standing.until.rfc3339(zone);
    match &standing.by {
        Some(by) => format!("until {until} by {by} (command {})", standing.command),
        None => format!("until {until} by the command {}", standing.command),
    }
}

/// How many rules are silent now, by camera (empty for the site's own) and reason; for the metric.
pub(super) fn counts(orders: &Orders) -> BTreeMap<(String, &'static str), u64> {
    let mut counts = BTreeMap::new();
    for one in &orders.silenced {
        let camera = one.camera.as_ref().map_or_else(String::new, Name::to_string);
        *counts.entry((camera, one.why.label())).or_default() += one.rules.len() as u64;
    }
    counts
}
