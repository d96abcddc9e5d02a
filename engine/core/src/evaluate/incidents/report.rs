//! What alerts were worth, by rule.

use super::matching::{Alert, Happened, Verdict, matched};
use super::share::Share;
use crate::id::Name;
use serde::Serialize;
use std::collections::BTreeSet;

/// A recording that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Its cameras, and the site where that has rules of its own.
    pub watchers: Vec<Watcher>,
    /// All that happened of what these rules are about.
    pub happened: Vec<Happened>,
    /// All that was told.
    pub alerts: Vec<Alert>,
}

/// What watched for so long.
#[derive(Clone, Debug, PartialEq)]
pub struct Watcher {
    /// By which rules.
    pub rules: BTreeSet<Name>,
    /// How long, h.
    pub hours: f64,
    /// A camera; else the site, whose time is not that of a camera more.
    pub is_camera: bool,
}

/// What the alerts of a model and its rules were worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How long after its end something may still be told, s.
    pub grace_secs: f64,
    /// By rule, in order of their ids.
    pub rules: Vec<Row>,
    /// All rules.
    pub together: Row,
}

/// The figures of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Id of the rule; empty of all together.
    pub rule: String,
    /// How long cameras watched by it, h.
    pub camera_hours: f64,
    /// What happened.
    pub happened: u32,
    /// What was told.
    pub told: u32,
    /// What happened and was told.
    pub hits: u32,
    /// Told once more of the same.
    pub repeats: u32,
    /// Told of nothing.
    pub false_alarms: u32,
    /// Hits in what was told: repeats are work for nothing too.
    pub precision: Option<Share>,
    /// Hits in what happened.
    pub recall: Option<Share>,
    /// How long after it had begun hits were told.
    pub secs_to_detect: Option<Delays>,
    /// None of no time.
    pub alerts_per_camera_hour: Option<f64>,
}

/// Times to detect, s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Delays {
    /// Half of them are no longer.
    pub median: f64,
    /// Nine of ten are no longer.
    pub p90: f64,
    /// The longest.
    pub max: f64,
}

impl Delays {
    /// By rank: of an even number the lower one of the two in the middle. None of none.
    fn of(mut secs: Vec<f64>) -> Option<Self> {
        secs.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let rank = (share * secs.len() as f64).ceil() as usize;
            secs.get(rank.max(1) - 1).copied()
        };
        Some(Self { median: rank(0.5)?, p90: rank(0.9)?, max: rank(1.0)? })
    }
}

impl Report {
    /// Of all recordings together.
    pub fn new(watched: &[Watched], grace_secs: f64) -> Self {
        let verdicts: Vec<Vec<Verdict>> =
            watched.iter().map(|of| matched(&of.happened, &of.alerts, grace_secs)).collect();
        let rules: BTreeSet<&Name> =
            watched.iter().flat_map(|of| &of.watchers).flat_map(|of| &of.rules).collect();
        let row = |rule: Option<&Name>| row(watched, &verdicts, rule);
        Self {
            grace_secs,
            rules: rules.into_iter().map(|rule| row(Some(rule))).collect(),
            together: row(None),
        }
    }
}

/// Of one rule, or of all.
fn row(watched: &[Watched], verdicts: &[Vec<Verdict>], rule: Option<&Name>) -> Row {
    let is = |of: &Name| rule.is_none_or(|rule| rule == of);
    let mut row = Row { rule: rule.map(ToString::to_string).unwrap_or_default(), ..Row::default() };
    let mut delays = Vec::new();
    for (of, verdicts) in watched.iter().zip(verdicts) {
        for watcher in &of.watchers {
            let counts = match rule {
                Some(rule) => watcher.rules.contains(rule),
                None => watcher.is_camera,
            };
            row.camera_hours += if counts { watcher.hours } else { 0.0 };
        }
        row.happened += count(of.happened.iter().filter(|happened| is(&happened.rule)));
        for (alert, verdict) in of.alerts.iter().zip(verdicts).filter(|(a, _)| is(&a.rule)) {
            row.told += 1;
            match *verdict {
                Verdict::Hit(i) => {
                    row.hits += 1;
                    delays.push(alert.told_secs - of.happened[i].begin_secs);
                }
                Verdict::Repeat(_) => row.repeats += 1,
                Verdict::FalseAlarm => row.false_alarms += 1,
            }
        }
    }
    row.precision = Share::new(row.hits, row.told);
    row.recall = Share::new(row.hits, row.happened);
    row.secs_to_detect = Delays::of(delays);
    row.alerts_per_camera_hour =
        (row.camera_hours > 0.0).then(|| f64::from(row.told) / row.camera_hours);
    row
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
