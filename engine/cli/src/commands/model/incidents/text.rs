//! The figures as tables for people.

use super::judged::Judged;
use std::fmt::Write as _;
use viahe_core::evaluate::incidents::{Row, Share, Verdict};

/// What nobody could measure.
const NONE: &str = "–";
/// Of what was missed or false, so many are told; all are in the files.
const LISTED_MAX: usize = 20;

/// As `87 % (65–96)`.
pub(super) fn share(of: Option<Share>) -> String {
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    of.map_or_else(
        || NONE.to_owned(),
        |of| format!("{} % ({}–{})", percent(of.share), percent(of.low), percent(of.high)),
    )
}

pub(super) fn number(of: Option<f64>, digits: usize) -> String {
    of.map_or_else(|| NONE.to_owned(), |of| format!("{of:.digits$}"))
}

/// Rules, then all of them.
pub(super) fn rows(judged: &Judged) -> Vec<(&str, &Row)> {
    let report = &judged.report;
    let rules = report.rules.iter().map(|row| (row.rule.as_str(), row));
    rules.chain([("together", &report.together)]).collect()
}

/// The columns of [`cells`].
pub(super) const HEAD: [&str; 11] = [
    "rule",
    "happened",
    "told",
    "hits",
    "repeats",
    "false",
    "precision (95 %)",
    "recall (95 %)",
    "s to detect",
    "s, 9 of 10",
    "alerts/camera-hour",
];

/// A row of the table.
pub(super) fn cells(name: &str, row: &Row) -> Vec<String> {
    let delays = row.secs_to_detect;
    vec![
        name.to_owned(),
        row.happened.to_string(),
        row.told.to_string(),
        row.hits.to_string(),
        row.repeats.to_string(),
        row.false_alarms.to_string(),
        share(row.precision),
        share(row.recall),
        number(delays.map(|of| of.median), 1),
        number(delays.map(|of| of.p90), 1),
        number(row.alerts_per_camera_hour, 2),
    ]
}

/// All of a model.
pub(super) fn of(judged: &Judged) -> String {
    let table: Vec<Vec<String>> =
        rows(judged).into_iter().map(|(name, row)| cells(name, row)).collect();
    let mut text = format!("{}\n\n{}", heading(judged), aligned(&HEAD, &table));
    text += &listed("missed", &missed(judged));
    text += &listed("false alarms", &false_alarms(judged));
    text
}

/// What was looked at, and what it cost.
pub(super) fn heading(judged: &Judged) -> String {
    let Judged { model, version, labels, report, recordings, .. } = judged;
    let cost = judged.cpu_secs.map(|cpu| {
        let each = number(judged.hits_per_cpu_sec, 4);
        format!("; {cpu:.1} s of processor time, {each} hits for each")
    });
    let count = match recordings.len() {
        1 => "one recording".to_owned(),
        many => format!("{many} recordings"),
    };
    format!(
        "{model} version {version} on {labels}: {count}, {:.3} camera-hours{}",
        report.together.camera_hours,
        cost.unwrap_or_default()
    )
}

pub(super) fn missed(judged: &Judged) -> Vec<String> {
    let mut all = Vec::new();
    for recording in &judged.recordings {
        for of in recording.happened.iter().filter(|of| of.told_secs.is_none()) {
            let (rule, at) = (&of.happened.rule, of.happened.begin_secs);
            all.push(format!("{rule} at {at:.1} s of {}", recording.file));
        }
    }
    all
}

fn false_alarms(judged: &Judged) -> Vec<String> {
    let mut all = Vec::new();
    for recording in &judged.recordings {
        for of in recording.alerts.iter().filter(|of| of.verdict == Verdict::FalseAlarm) {
            all.push(format!(
                "{} at {:.1} s of {}",
                of.alert.rule, of.alert.told_secs, recording.file
            ));
        }
    }
    all
}

fn listed(what: &str, all: &[String]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!("\n\n{what}:");
    for one in all.iter().take(LISTED_MAX) {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {one}");
    }
    let more = all.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        let _ = write!(text, "\n  and {more} more, which --json names");
    }
    text
}

/// Two models, rule by rule.
pub(super) fn beside(before: &Judged, after: &Judged) -> String {
    let mut text = format!("{}\n{}\n\n", heading(before), heading(after));
    let head = [
        "rule",
        "happened",
        "precision",
        "→",
        "recall",
        "→",
        "s to detect",
        "→",
        "alerts/camera-hour",
        "→",
    ];
    let table: Vec<Vec<String>> = together(before, after)
        .into_iter()
        .map(|(name, before, after)| {
            let mut cells =
                vec![name.to_owned(), before.or(after).map_or(0, |row| row.happened).to_string()];
            for of in [
                (|row: &Row| share(row.precision)) as fn(&Row) -> String,
                |row| share(row.recall),
                |row| number(row.secs_to_detect.map(|of| of.median), 1),
                |row| number(row.alerts_per_camera_hour, 2),
            ] {
                let said = |row: Option<&Row>| row.map_or_else(|| NONE.to_owned(), of);
                cells.extend([said(before), said(after)]);
            }
            cells
        })
        .collect();
    text += &aligned(&head, &table);
    let (lost, gained) = (missed(after), missed(before));
    let alone = |these: &[String], others: &[String]| -> Vec<String> {
        these.iter().filter(|one| !others.contains(one)).cloned().collect()
    };
    text += &listed(
        &format!("{} tells of it, {} does not", before.model, after.model),
        &alone(&lost, &gained),
    );
    text += &listed(
        &format!("{} tells of it, {} does not", after.model, before.model),
        &alone(&gained, &lost),
    );
    text
}

/// Each rule, then all, of both.
pub(super) fn together<'j>(
    before: &'j Judged,
    after: &'j Judged,
) -> Vec<(&'j str, Option<&'j Row>, Option<&'j Row>)> {
    let (first, second) = (rows(before), rows(after));
    let find = |rows: &[(&'j str, &'j Row)], name: &str| {
        rows.iter().find(|(other, _)| *other == name).map(|(_, row)| *row)
    };
    let all = first.iter().map(|(name, row)| (*name, Some(*row), find(&second, name)));
    all.collect()
}

/// Columns as wide as their widest cell; names to the left, numbers to the right.
fn aligned(head: &[&str], rows: &[Vec<String>]) -> String {
    let wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(wide).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (i, (cell, wide)) in cells.zip(&widths).enumerate() {
            // Writing to a string does not fail.
            let _ = match i {
                0 => write!(text, "{cell:wide$}"),
                _ => write!(text, "  {cell:>wide$}"),
            };
        }
        text
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text += "\n";
        text += &line(&mut row.iter().map(String::as_str));
    }
    text
}
