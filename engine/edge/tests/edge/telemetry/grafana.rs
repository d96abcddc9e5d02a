//! The board for Grafana asks for what `/metrics` shows, and for nothing else.

use super::openmetrics::Page;
use super::{ONE, engine, name, scrape, start, worker};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use viahe_contract::message::{DecodeMode, DecodeReason, Decoding};
use viahe_core::attention::Need;
use viahe_core::seam::DropReason;

/// Labels that Prometheus adds.
const OF_PROMETHEUS: [&str; 1] = ["instance"];

/// The labels of each series of a page, with the values that they have there.
type Series = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn full_page() -> Page {
    let (metrics, server) = start();
    metrics.plan([(name("le-loi-03"), ONE)]);
    let mut stats = worker(9);
    for camera in stats.cameras.values_mut() {
        camera.frames_dropped = DropReason::ALL.map(|why| (why, 1)).into();
        camera.decoding = Some(Decoding {
            mode: DecodeMode::Keys,
            reason: DecodeReason::Enough,
            key_interval_secs: Some(2.0),
        });
        camera.decoded_secs = DecodeMode::ALL.map(|mode| (mode, 1.0)).into();
    }
    metrics.worker(ONE, &stats);
    metrics.attend(&name("le-loi-03"), Need::steady(1.0));
    metrics.engine(&engine(9));
    scrape(server.addr())
}

fn series(page: &Page) -> Series {
    let mut all = Series::new();
    for key in page.samples() {
        let (name, labels) = key.split_once('{').unwrap_or((key, "}"));
        let of = all.entry(name.to_owned()).or_default();
        for pair in labels.trim_end_matches('}').split(',').filter(|pair| !pair.is_empty()) {
            let (label, value) = pair.split_once('=').unwrap();
            of.entry(label.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
        }
    }
    all
}

/// Words of a text, and where each ends.
fn words(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut from = 0;
    std::iter::from_fn(move || {
        let begin = from + text[from..].find(is_word)?;
        let length = text[begin..].find(|c| !is_word(c)).unwrap_or(text.len() - begin);
        from = begin + length;
        Some((&text[begin..from], from))
    })
}

/// What a query asks for that is not there; none when all is.
fn missing(query: &str, legend: &str, series: &Series) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut known: BTreeSet<String> = OF_PROMETHEUS.map(str::to_owned).into();
    let mut asked = 0;
    for (metric, end) in words(query).filter(|(word, _)| word.starts_with("viahe_")) {
        asked += 1;
        let Some(labels) = series.get(metric) else {
            wrong.push(format!("no series {metric}"));
            continue;
        };
        known.extend(labels.keys().cloned());
        let matchers = query[end..].strip_prefix('{').and_then(|rest| rest.split('}').next());
        for matcher in matchers.into_iter().flat_map(|all| all.split(',')) {
            let Some((label, value)) = matcher.split_once(['=', '!']) else {
                wrong.push(format!("{matcher:?} is no matcher"));
                continue;
            };
            if OF_PROMETHEUS.contains(&label) {
                continue;
            }
            let Some(values) = labels.get(label) else {
                wrong.push(format!("{metric} has no label {label}"));
                continue;
            };
            let value = value.trim_start_matches(['=', '~']).trim_matches('"');
            for one in value.split('|').filter(|one| !one.starts_with('$')) {
                if !values.contains(one) {
                    wrong.push(format!("{metric} has no {label} {one}"));
                }
            }
        }
    }
    if asked == 0 {
        wrong.push("it asks for nothing".to_owned());
    }
    // What remains of the labels where they are put together.
    let by = query.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    let by: Vec<&str> = by.flat_map(|labels| labels.split(", ")).collect();
    let shown = legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    let shown: Vec<&str> = shown.collect();
    for label in by.iter().chain(&shown) {
        if !known.contains(*label) {
            wrong.push(format!("no label {label}"));
        }
    }
    if !by.is_empty() {
        let gone = shown.iter().filter(|label| !by.contains(label));
        wrong.extend(gone.map(|label| format!("label {label} is not there any more")));
    }
    if query.matches('(').count() != query.matches(')').count() {
        wrong.push("parentheses do not match".to_owned());
    }
    let is_total =
        |word: &str| ["_total", "_sum", "_count", "_bucket"].iter().any(|s| word.ends_with(s));
    for (metric, end) in words(query).filter(|(word, _)| is_total(word)) {
        let after = query[end..].split_once('}').map_or(&query[end..], |(_, rest)| rest);
        if !after.starts_with('[') {
            wrong.push(format!("{metric} only ever grows: ask for its rate"));
        }
    }
    wrong
}

#[test]
fn every_query_of_the_board_asks_for_what_is_there() {
    let series = series(&full_page());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grafana.json");
    let board: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut asked = BTreeSet::new();
    let (mut ids, mut places) = (BTreeSet::new(), Vec::new());
    for panel in board["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id comes twice");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
        let apart =
            |[a, b, c, d]: &[u64; 4]| x >= a + c || *a >= x + w || y >= b + d || *b >= y + h;
        assert!(x + w <= 24 && places.iter().all(apart), "{title} lies on another");
        places.push([x, y, w, h]);
        for target in panel["targets"].as_array().into_iter().flatten() {
            let [query, legend] = ["expr", "legendFormat"].map(|key| target[key].as_str().unwrap());
            assert_eq!(missing(query, legend, &series), [""; 0], "{title}: {query}");
            asked.extend(words(query).map(|(word, _)| word.to_owned()));
        }
    }
    for variable in board["templating"]["list"].as_array().unwrap() {
        if let Some(query) = variable["query"]["query"].as_str() {
            assert_eq!(missing(query, "", &series), [""; 0], "{query}");
        }
    }
    for needed in [
        "viahe_decode_seconds_total",
        "viahe_camera_looks_wanted_hz",
        "viahe_frames_inferred_total",
        "viahe_looks_gated_total",
        "viahe_looks_late_total",
        "viahe_cpu_seconds_total",
        "viahe_frames_dropped_total",
        "viahe_look_age_seconds_bucket",
        "viahe_trouble",
    ] {
        assert!(asked.contains(needed), "the board does not show {needed}");
    }
}

#[test]
fn a_query_for_what_is_not_there_is_found() {
    let series = series(&full_page());
    let wrong = |query: &str, legend: &str| missing(query, legend, &series).join("; ");
    for (query, legend, want) in [
        ("rate(viahe_frames_totl{camera=~\"$camera\"}[5m])", "", "no series viahe_frames_totl"),
        (
            "rate(viahe_frames_total{kamera=\"a\"}[5m])",
            "",
            "viahe_frames_total has no label kamera",
        ),
        (
            "viahe_frames_total{camera=\"$camera\"}",
            "",
            "viahe_frames_total only ever grows: ask for its rate",
        ),
        (
            "rate(viahe_frames_dropped_total{reason=~\"spared|overlaod\"}[5m])",
            "",
            "viahe_frames_dropped_total has no reason overlaod",
        ),
        ("sum by (stag) (rate(viahe_cpu_seconds_total[5m]))", "", "no label stag"),
        ("viahe_camera_up", "{{violation}}", "no label violation"),
        (
            "sum by (stage) (rate(viahe_cpu_seconds_total[5m]))",
            "{{camera}}",
            "label camera is not there any more",
        ),
        ("sum(viahe_camera_up", "", "parentheses do not match"),
        ("up", "", "it asks for nothing"),
    ] {
        assert_eq!(wrong(query, legend), want);
    }
}
