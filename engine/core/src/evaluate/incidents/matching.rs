//! Which alert was told of what.

use crate::id::Name;
use serde::Serialize;

/// Something that happened, as somebody labelled it. Times are seconds since the recording began.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happened {
    /// Id of the rule that should tell.
    pub rule: Name,
    /// Where; none of a rule of the site.
    pub camera: Option<Name>,
    /// In which zone; none when that does not matter.
    pub zone: Option<Name>,
    /// From when on somebody who watches would say that it is so, s.
    pub begin_secs: f64,
    /// Until when, s; not before it begins.
    pub end_secs: f64,
}

/// An incident that was told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// Id of its rule.
    pub rule: Name,
    /// Whose; none of a rule of the site.
    pub camera: Option<Name>,
    /// In which zone; none when its rule has none.
    pub zone: Option<Name>,
    /// When its rule fired, s since the recording began.
    pub told_secs: f64,
}

/// What an alert was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first one of this, by its index.
    Hit(usize),
    /// True, and told already: one more of this.
    Repeat(usize),
    /// Nothing of its kind happened there and then.
    FalseAlarm,
}

/// What each alert was, in their order. An alert tells of what happened while it lasts, or within `grace_secs` of its end.
///
/// In order of time each alert takes, of what nobody has told of yet, what ends first, which leaves the others the most
/// time to be told of: no other choice makes more hits, where all are of one zone (earliest deadline first; Jackson 1955).
pub fn matched(happened: &[Happened], alerts: &[Alert], grace_secs: f64) -> Vec<Verdict> {
    let mut order: Vec<usize> = (0..alerts.len()).collect();
    order.sort_by(|&a, &b| alerts[a].told_secs.total_cmp(&alerts[b].told_secs).then(a.cmp(&b)));
    let mut told = vec![false; happened.len()];
    let mut verdicts = vec![Verdict::FalseAlarm; alerts.len()];
    for at in order {
        let may = |&i: &usize| tells_of(&alerts[at], &happened[i], grace_secs);
        let ends_first =
            |a: &usize, b: &usize| happened[*a].end_secs.total_cmp(&happened[*b].end_secs);
        let all = || (0..happened.len()).filter(may);
        verdicts[at] = match all().filter(|&i| !told[i]).min_by(ends_first) {
            Some(i) => {
                told[i] = true;
                Verdict::Hit(i)
            }
            None => all().min_by(ends_first).map_or(Verdict::FalseAlarm, Verdict::Repeat),
        };
    }
    verdicts
}

fn tells_of(alert: &Alert, happened: &Happened, grace_secs: f64) -> bool {
    alert.rule == happened.rule
        && alert.camera == happened.camera
        && (happened.zone.is_none() || alert.zone == happened.zone)
        && (happened.begin_secs..=happened.end_secs + grace_secs).contains(&alert.told_secs)
}
