//! Figures as tables for people.

use super::measure::Measured;
use std::fmt::Write as _;
use viahe_core::evaluate::detections::{Average, Heights, Report, Row, Sizes};
use viahe_edge::clock;

/// What nobody could measure.
const NONE: &str = "–";

/// A share as percent.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| NONE.to_owned(), |share| format!("{:.1}", 100.0 * share))
}

fn name_width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0).max("mean of classes".len())
}

/// All of a model on a data set.
pub(super) fn of(measured: &Measured) -> String {
    let report = &measured.report;
    let wide = name_width(report.classes.iter().map(|row| row.name.as_str()));
    let mut text = heading(measured);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "\n\n{:wide$}  objects  AP50-95   AP50   AP75  small  medium  large | from {}: recall  precision",
        "%",
        report.confidence.get()
    );
    for row in &report.classes {
        let _ = write!(text, "\n{}", line(row, wide));
    }
    let _ = write!(text, "\n{:wide$}  {}", "mean of classes", precisions(&report.mean));
    text += "\n\nClasses of a group taken for one (a car that is called a truck is found):";
    for row in &report.groups {
        let _ = write!(text, "\n{}", line(row, wide));
    }
    for of in &report.heights {
        text += &by_height(of, report);
    }
    text
}

fn pictures(report: &Report) -> String {
    match report.pictures {
        1 => "one picture".to_owned(),
        many => format!("{many} pictures"),
    }
}

fn heading(measured: &Measured) -> String {
    let Measured { model, dataset, left_out, classes_left_out, labels_left_out, report, .. } =
        measured;
    let mut text = format!("{model} on {dataset}: {}", pictures(report));
    if *left_out > 0 {
        let _ = write!(text, ", {left_out} left out");
    }
    for (what, names) in [
        (
            "Not measured, since the model tells nothing of it (or --map NAME=CLASS says what it is)",
            classes_left_out,
        ),
        ("Not measured, since the data set does not label it", labels_left_out),
    ] {
        if !names.is_empty() {
            let _ = write!(text, "\n{what}: {}", names.join(", "));
        }
    }
    text
}

fn line(row: &Row, wide: usize) -> String {
    format!(
        "{:wide$}  {} | {:>6}{} {:>9}",
        row.name,
        precisions(&row.precision_by_size),
        percent(row.recall),
        "        ",
        percent(row.precision)
    )
}

fn precisions(sizes: &Sizes) -> String {
    let ap = |of: fn(&Average) -> f64| percent(sizes.all.as_ref().map(of));
    let size = |of: &Option<Average>| percent(of.as_ref().map(|average| average.ap));
    format!(
        "{:7}  {:>7}  {:>5}  {:>5}  {:>5}  {:>6}  {:>5}",
        sizes.all.map_or(0, |average| average.objects),
        ap(|average| average.ap),
        ap(|average| average.ap50),
        ap(|average| average.ap75),
        size(&sizes.small),
        size(&sizes.medium),
        size(&sizes.large)
    )
}

fn by_height(of: &Heights, report: &Report) -> String {
    let mut text = format!(
        "\n\n{} by how tall on the model's input, found from confidence {} on:\n  px   ",
        of.group,
        report.confidence.get()
    );
    let mut rows = [String::new(), String::new()];
    for height in &of.heights {
        let _ = write!(text, " {:>6.0}", height.px);
        let share = height.found as f64 / height.objects as f64;
        let _ = write!(rows[0], " {share:>6.2}");
        let _ = write!(rows[1], " {:>6}", height.objects);
    }
    let [found, objects] = rows;
    format!("{text}\n  found{found}\n  of   {objects}")
}

/// The `[recall]` of `model.toml`; the machine is to be written in by who knows what it is called.
pub(super) fn card(measured: &Measured, people: &Heights) -> String {
    let report = &measured.report;
    let day = clock::now().rfc3339(&jiff::tz::TimeZone::UTC);
    let day = day.split('T').next().unwrap_or_default();
    let data = format!(
        "{}, {}; found: confidence {}, IoU 0.5",
        measured.dataset,
        pictures(report),
        report.confidence.get()
    );
    let mut text = format!(
        "[recall]\ndata = {}\nmachine = {}\ndate = \"{day}\"\nheight = [",
        toml_text(&data),
        toml_text(std::env::consts::ARCH)
    );
    for height in &people.heights {
        let share = height.found as f64 / height.objects as f64;
        let _ = write!(text, "\n    {{ px = {:.0}, share = {share:.2} }},", height.px);
    }
    text + "\n]"
}

/// JSON's escapes are TOML's.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Two models, class by class.
pub(super) fn beside(before: &Measured, after: &Measured) -> String {
    let rows: Vec<(&str, Option<&Row>, Option<&Row>)> = together(&before.report, &after.report);
    let wide = name_width(rows.iter().map(|(name, ..)| *name));
    let mut text = format!("{}\n\n{}\n", heading(before), heading(after));
    let _ = write!(
        text,
        "\n{:wide$}  {:^23} | {:^23} | {:^23}\n{:wide$}",
        "%",
        "AP50-95",
        "AP50",
        format!("recall from {}", before.report.confidence.get()),
        ""
    );
    for _ in 0..3 {
        text += "   before   after    gain |";
    }
    text.truncate(text.len() - 2);
    let ap =
        |row: Option<&Row>, of: fn(&Average) -> f64| row?.precision_by_size.all.as_ref().map(of);
    for (name, before, after) in rows {
        let cells = [
            gain(ap(before, |a| a.ap), ap(after, |a| a.ap)),
            gain(ap(before, |a| a.ap50), ap(after, |a| a.ap50)),
            gain(before.and_then(|row| row.recall), after.and_then(|row| row.recall)),
        ];
        let _ = write!(text, "\n{name:wide$} {}", cells.join(" |"));
    }
    let mean = |of: &Measured, what: fn(&Average) -> f64| of.report.mean.all.as_ref().map(what);
    let cells = [
        gain(mean(before, |a| a.ap), mean(after, |a| a.ap)),
        gain(mean(before, |a| a.ap50), mean(after, |a| a.ap50)),
    ];
    let _ = write!(text, "\n{:wide$} {}", "mean of classes", cells.join(" |"));
    text
}

/// Classes and then groups of both, by name.
fn together<'r>(
    before: &'r Report,
    after: &'r Report,
) -> Vec<(&'r str, Option<&'r Row>, Option<&'r Row>)> {
    let mut rows: Vec<(&str, _, _)> = Vec::new();
    for (before, after) in [(&before.classes, &after.classes), (&before.groups, &after.groups)] {
        let mut names: Vec<&str> =
            before.iter().chain(after).map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        // A class that is all of its group stands there once.
        names.retain(|name| rows.iter().all(|(other, ..)| other != name));
        let find = |of: &'r [Row], name: &str| of.iter().find(|row| row.name == name);
        rows.extend(names.into_iter().map(|name| (name, find(before, name), find(after, name))));
    }
    rows
}

fn gain(before: Option<f64>, after: Option<f64>) -> String {
    let gain = before.zip(after).map(|(before, after)| format!("{:+.1}", 100.0 * (after - before)));
    let gain = gain.unwrap_or_else(|| NONE.to_owned());
    format!(" {:>7} {:>7} {gain:>7}", percent(before), percent(after))
}
