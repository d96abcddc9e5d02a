//! The figures as a page with plots.

use super::judged::{Judged, Outcome, Recorded, Told};
use super::text::{HEAD, cells, heading, rows};

use crate::page::{Bar, Bars, Mark, MarkKind, Page, Row as Line, Span, Timeline};
use std::collections::BTreeSet;
use viahe_core::evaluate::incidents::{Row, Share, Verdict};
use viahe_core::id::Name;

pub(super) fn of(judged: &[Judged]) -> Page {
    let names: Vec<String> = judged.iter().map(|of| of.model.to_string()).collect();
    let mut page = Page::new(&format!("Incidents told: {}", names.join(" and ")));
    for one in judged {
        page.paragraph(&heading(one));
    }
    if let Some(grace) = judged.first().map(|of| of.report.grace_secs) {
        page.paragraph(&format!(
            "An alert is a hit when its rule fired, at the same camera, while something labelled lasted or within {grace} s \
             of its end, and nothing else was told of it before. Thin lines are 95 % intervals (Wilson): where those of two \
             models overlap much, the recordings do not tell which one is better."
        ));
    }
    let recordings = judged.first().map(|of| of.recordings.iter().zip(1..)).into_iter().flatten();
    let recordings: Vec<String> =
        recordings.map(|(of, number)| format!("{number}: {}", of.file)).collect();
    page.paragraph(&format!("Recordings: {}.", recordings.join("; ")));
    for (what, of) in [
        ("Precision: which share of what was told had happened", (|row: &Row| row.precision) as Of),
        ("Recall: which share of what happened was told", |row| row.recall),
    ] {
        page.figure(what, &bars(judged, &names, of));
    }
    for one in judged {
        page.heading(one.model.as_str());
        let table: Vec<Vec<String>> =
            rows(one).into_iter().map(|(name, row)| cells(name, row)).collect();
        page.table(&HEAD, &table);
        page.figure("What happened and what was told, along each recording, min:s", &timeline(one));
    }
    page
}

type Of = fn(&Row) -> Option<Share>;

fn bars(judged: &[Judged], names: &[String], of: Of) -> Bars {
    let bar = |share: Share| Bar {
        value: share.share,
        bounds: Some([share.low, share.high]),
        says: format!("{} of {}", share.hits, share.of),
    };
    let all = judged.first().map(rows).unwrap_or_default();
    let group = |(name, _): (&str, &Row)| {
        let row = |one: &Judged| {
            rows(one).into_iter().find(|(other, _)| *other == name).and_then(|(_, row)| of(row))
        };
        (name.to_owned(), judged.iter().map(|one| row(one).map(bar)).collect())
    };
    Bars { series: names.to_vec(), groups: all.into_iter().map(group).collect() }
}

/// A line for each camera and rule of each recording of which there is something to be shown.
fn timeline(judged: &Judged) -> Timeline {
    let secs = judged.recordings.iter().map(|of| of.secs).fold(0.0, f64::max);
    let lines = judged.recordings.iter().zip(1..).flat_map(|(of, number)| lines(of, number));
    Timeline { secs, rows: lines.collect() }
}

fn lines(of: &Recorded, number: usize) -> Vec<Line> {
    let happened = of.happened.iter().map(|of| (&of.happened.camera, &of.happened.rule));
    let told = of.alerts.iter().map(|of| (&of.alert.camera, &of.alert.rule));
    let all: BTreeSet<(&Option<Name>, &Name)> = happened.chain(told).collect();
    all.into_iter().map(|(camera, rule)| line(of, number, camera.as_ref(), rule)).collect()
}

fn line(of: &Recorded, number: usize, camera: Option<&Name>, rule: &Name) -> Line {
    let place = camera.map_or("site", Name::as_str);
    let spans = of.happened.iter().filter(|of| of.happened.camera.as_ref() == camera);
    let marks = of.alerts.iter().filter(|of| of.alert.camera.as_ref() == camera);
    Line {
        name: format!("{number}: {place}, {rule}"),
        spans: spans.filter(|of| of.happened.rule == *rule).map(span).collect(),
        marks: marks.filter(|of| of.alert.rule == *rule).map(mark).collect(),
    }
}

fn span(of: &Outcome) -> Span {
    let (begin_secs, end_secs) = (of.happened.begin_secs, of.happened.end_secs);
    let told = of.told_secs.map(|at| format!("told at {at:.1} s"));
    let told = told.unwrap_or_else(|| "missed".to_owned());
    Span {
        begin_secs,
        end_secs,
        was_told: of.told_secs.is_some(),
        says: format!("{begin_secs:.1} to {end_secs:.1} s, {told}"),
    }
}

fn mark(of: &Told) -> Mark {
    Mark {
        at_secs: of.alert.told_secs,
        kind: match of.verdict {
            Verdict::Hit(_) => MarkKind::Hit,
            Verdict::Repeat(_) => MarkKind::Repeat,
            Verdict::FalseAlarm => MarkKind::FalseAlarm,
        },
        says: format!("told at {:.1} s", of.alert.told_secs),
    }
}
