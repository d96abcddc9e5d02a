//! What models find in labelled pictures, as a page with plots.

use super::measure::Measured;
use crate::page::{Bar, Bars, Curve, Curves, Page};
use std::collections::BTreeSet;
use viahe_core::evaluate::detections::{Heights, Row};

/// Of one model, or of several side by side.
pub(super) fn page(measured: &[Measured]) -> Page {
    let names: Vec<String> = measured.iter().map(|of| of.model.to_string()).collect();
    let mut page = Page::new(&format!("What is found: {}", names.join(" and ")));
    let Some(first) = measured.first() else { return page };
    let (pictures, confidence) = (first.report.pictures, first.report.confidence.get());
    page.paragraph(&format!(
        "{pictures} pictures of {}, {} left out.",
        first.dataset, first.left_out
    ));
    for (what, of) in [
        ("AP50-95 by class and group", (|row: &Row| Some(row.precision_by_size.all?.ap)) as Of),
        ("AP50 by class and group", |row| Some(row.precision_by_size.all?.ap50)),
    ] {
        page.figure(what, &bars(measured, &names, of));
    }
    for (what, of) in [
        ("Recall: which share of things is found", (|row: &Row| row.recall) as Of),
        ("Precision: which share of what is found is there", |row| row.precision),
    ] {
        page.figure(
            &format!("{what}, from confidence {confidence} on"),
            &bars(measured, &names, of),
        );
    }
    let groups: BTreeSet<&str> =
        measured.iter().flat_map(|of| &of.report.heights).map(|of| of.group.as_str()).collect();
    for group in groups {
        let caption =
            format!("{group}: which share is found by how tall, from confidence {confidence} on");
        page.figure(&caption, &curves(measured, group));
    }
    page
}

type Of = fn(&Row) -> Option<f64>;

fn bars(measured: &[Measured], names: &[String], of: Of) -> Bars {
    let rows = |of: &'_ Measured| -> Vec<Row> {
        let report = &of.report;
        // A class that is all of its group stands there once.
        let is_new = |row: &&Row| report.classes.iter().all(|class| class.name != row.name);
        report.classes.iter().chain(report.groups.iter().filter(is_new)).cloned().collect()
    };
    let all: Vec<Vec<Row>> = measured.iter().map(rows).collect();
    let mut called: Vec<&str> = all.iter().flatten().map(|row| row.name.as_str()).collect();
    called.sort_unstable();
    called.dedup();
    let bar = |row: &Row| {
        let value = of(row)?;
        let says =
            format!("{} objects, {} found, {} false", row.objects, row.found, row.false_alarms);
        Some(Bar { value, bounds: None, says })
    };
    let group = |name: &str| {
        let bars = all.iter().map(|rows| rows.iter().find(|row| row.name == name).and_then(bar));
        (name.to_owned(), bars.collect())
    };
    Bars { series: names.to_vec(), groups: called.into_iter().map(group).collect() }
}

fn curves(measured: &[Measured], group: &str) -> Curves {
    let points = |of: &Heights| {
        let point = of.heights.iter().map(|at| [at.px, at.found as f64 / at.objects as f64]);
        point.collect()
    };
    let curve = |of: &Measured| {
        let heights = of.report.heights.iter().find(|heights| heights.group == group)?;
        Some(Curve { name: of.model.to_string(), points: points(heights) })
    };
    Curves {
        along: "height on the model's input, px".into(),
        curves: measured.iter().filter_map(curve).collect(),
    }
}
