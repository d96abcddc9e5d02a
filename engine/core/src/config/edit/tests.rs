mod models;
mod odd;

use super::*;
use crate::config::view::{View, view};
use odd::ODD;
use serde_json::{Value as Json, json};
use viahe_contract::message::{Calibration, CameraView, DiffKind, LineView, ModelView, ZoneView};

/// As people write one: with comments, blank lines, and numbers as they like them.
const STREET: &str = r#"# The street before the market.
[site]
id = "hue"                         # part of every topic
timezone = "Asia/Ho_Chi_Minh"

[model.street]
package = "ssdlite-coco"

# --- A street ------------------------------------------------
[[camera]]
id = "le-loi-03"
url = "rtsp://viewer:s3cret@10.0.3.17/stream1"
model = "street"

# Zones are fractions of the picture.
[camera.zone.kerb]
polygon = [[0.05, 0.60], [0.95, 0.60], [0.95, 0.80], [0.05, 0.80]]   # up to the gate

[camera.zone.sidewalk]
polygon = [
  [0.05, 0.82],  # the tree
  [0.95, 0.82],
  [0.95, 0.98],
  [0.05, 0.98],
]

# By day.
[[camera.rule]]
use = "illegal-parking"
zone = "kerb"
dwell_secs = 120                   # patient

# --- Night ---

# The same again, worse.
[[camera.rule]]
use = "illegal-parking"
id = "parking-night"
zone = "kerb"
severity = "high"
schedule = ["22:00-06:00"]         # every day

# --- A square ------------------------------------------------
[[camera]]
id = "square"
url = "rtsp://10.0.3.18/live"
model = "street"

# The end.
"#;

fn edits(edits: Json) -> Vec<Edit> {
    serde_json::from_value(edits).unwrap()
}

fn after(text: &str, list: Json) -> String {
    edited(text, &edits(list)).unwrap()
}

/// What is different, one line each.
fn changed(old: &str, new: &str) -> Vec<String> {
    let told = difference(old, new).into_iter().filter_map(|line| match line.kind {
        DiffKind::Same => None,
        DiffKind::Added => Some(format!("+{}", line.text)),
        DiffKind::Removed => Some(format!("-{}", line.text)),
    });
    told.collect()
}

fn changed_by(list: Json) -> Vec<String> {
    changed(STREET, &after(STREET, list))
}

#[test]
fn a_zone_that_is_moved_changes_its_line_alone() {
    let zone = json!([{ "kind": "set_zone", "camera": "le-loi-03", "zone": "kerb",
        "polygon": [[0.05, 0.6], [0.95, 0.612_345_6], [0.95, 0.8], [0.05, 0.8]] }]);
    assert_eq!(
        changed_by(zone),
        [
            "-polygon = [[0.05, 0.60], [0.95, 0.60], [0.95, 0.80], [0.05, 0.80]]   # up to the gate",
            "+polygon = [[0.05, 0.60], [0.95, 0.6123], [0.95, 0.80], [0.05, 0.80]]   # up to the gate",
        ]
    );
    let several = json!([{ "kind": "set_zone", "camera": "le-loi-03", "zone": "sidewalk",
        "polygon": [[0.05, 0.82], [0.9, 0.82], [0.95, 0.98], [0.5, 0.9], [0.05, 0.98]] }]);
    assert_eq!(changed_by(several), ["-  [0.95, 0.82],", "+  [0.9, 0.82],", "+  [0.5, 0.9],"]);
}

#[test]
fn what_says_the_same_is_not_written_anew() {
    let same = json!([
        { "kind": "set_zone", "camera": "le-loi-03", "zone": "kerb",
          "polygon": [[0.05, 0.6], [0.95, 0.6], [0.95, 0.8], [0.05, 0.8]] },
        { "kind": "set_rule", "camera": "le-loi-03", "rule": "parking-night", "written":
          { "use": "illegal-parking", "id": "parking-night", "zone": "kerb", "severity": "high",
            "schedule": ["22:00-06:00"] } },
        { "kind": "set_rule", "camera": "le-loi-03", "rule": "illegal-parking", "written":
          { "use": "illegal-parking", "zone": "kerb", "parameters": { "dwell_secs": 120.0 } } },
    ]);
    assert_eq!(after(STREET, same), STREET);
}

#[test]
fn what_is_new_stands_with_its_like() {
    let new = json!([
        { "kind": "set_zone", "camera": "le-loi-03", "zone": "gate", "name": "Cổng chợ",
          "polygon": [[0, 0.1], [1, 0.1], [0.5, 0.3]] },
        { "kind": "set_line", "camera": "le-loi-03", "line": "stop", "points": [[0.1, 0.7], [0.9, 0.7]] },
        { "kind": "set_calibration", "camera": "square",
          "picture": [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]],
          "ground_m": [[0, 0], [6, 0], [6, 20.5], [0, 20.5]] },
        { "kind": "set_rule", "camera": "le-loi-03", "written":
          { "use": "wrong-way", "zone": "gate", "parameters": { "allowed_deg": 270, "travel_min": 0.2 } } },
        { "kind": "set_rule", "camera": "square", "written": { "use": "camera-fault" } },
        { "kind": "set_permit", "written": { "id": "bay", "reason": "parking_bay",
          "uses": ["illegal-parking"], "cameras": ["le-loi-03"],
          "polygon": [[0.05, 0.7], [0.2, 0.7], [0.2, 0.8], [0.05, 0.8]] } },
    ]);
    insta::assert_snapshot!(after(STREET, new));
}

#[test]
fn comments_that_stand_apart_stay_when_what_is_below_goes() {
    let night = json!([{ "kind": "remove_rule", "camera": "le-loi-03", "rule": "parking-night" }]);
    assert_eq!(
        changed_by(night),
        [
            "-# The same again, worse.",
            "-[[camera.rule]]",
            "-use = \"illegal-parking\"",
            "-id = \"parking-night\"",
            "-zone = \"kerb\"",
            "-severity = \"high\"",
            "-schedule = [\"22:00-06:00\"]         # every day",
            "-",
        ]
    );
    let number = json!([{ "kind": "set_rule", "camera": "le-loi-03", "rule": "illegal-parking",
        "written": { "use": "illegal-parking", "zone": "kerb", "parameters": { "dwell_secs": 90.5 } } }]);
    assert_eq!(
        changed_by(number),
        [
            "-dwell_secs = 120                   # patient",
            "+dwell_secs = 90.5                   # patient"
        ]
    );
}

/// An edit as it is meant, whatever the file looks like: the oracle.
fn meant(view: &mut View, edit: &Edit) {
    let View { cameras, rules, permits, models, .. } = view;
    let camera =
        |id: &Name| -> usize { cameras.iter().position(|camera| camera.id == *id).unwrap() };
    match edit.clone() {
        Edit::SetZone { camera: of, zone: id, name, polygon } => {
            let n = camera(&of);
            put(&mut cameras[n].zones, ZoneView { id, name, polygon }, |a, b| a.id == b.id);
        }
        Edit::RemoveZone { camera: of, zone } => {
            let n = camera(&of);
            cameras[n].zones.retain(|other| other.id != zone);
        }
        Edit::SetLine { camera: of, line: id, points } => {
            let n = camera(&of);
            put(&mut cameras[n].lines, LineView { id, points }, |a, b| a.id == b.id);
        }
        Edit::RemoveLine { camera: of, line } => {
            let n = camera(&of);
            cameras[n].lines.retain(|other| other.id != line);
        }
        Edit::SetCalibration { camera: of, picture, ground_m } => {
            let n = camera(&of);
            cameras[n].calibration = Some(Calibration { picture, ground_m });
        }
        Edit::RemoveCalibration { camera: of } => {
            let n = camera(&of);
            cameras[n].calibration = None;
        }
        Edit::SetModel { model: id, package } => {
            let old = models.iter().find(|m| m.id == id).map(|m| m.package.clone());
            let of_it = cameras.iter_mut().filter(|camera| Some(&camera.model) == old.as_ref());
            of_it.for_each(|camera| camera.model = package.clone());
            put(models, ModelView { id, package }, |a, b| a.id == b.id);
            models.sort_by(|a, b| a.id.cmp(&b.id));
        }
        Edit::UseModel { camera: of, model } => {
            let of_it = models.iter().find(|m| m.id == model).unwrap();
            let n = camera(&of);
            cameras[n].model = of_it.package.clone();
        }
        Edit::SetRule { camera: of, rule, written } => {
            let rules = of.map(|of| camera(&of)).map_or(rules, |n| &mut cameras[n].rules);
            match rule {
                Some(name) => *rules.iter_mut().find(|r| called(r) == name).unwrap() = written,
                None => rules.push(written),
            }
        }
        Edit::RemoveRule { camera: of, rule } => {
            let rules = of.map(|of| camera(&of)).map_or(rules, |n| &mut cameras[n].rules);
            rules.retain(|other| called(other) != rule);
        }
        Edit::SetPermit { permit, written } => match permit {
            Some(id) => *permits.iter_mut().find(|p| p.id == id).unwrap() = written,
            None => permits.push(written),
        },
        Edit::RemovePermit { permit } => permits.retain(|other| other.id != permit),
    }
}

fn put<T>(all: &mut Vec<T>, new: T, same: impl Fn(&T, &T) -> bool) {
    match all.iter_mut().find(|other| same(other, &new)) {
        Some(old) => *old = new,
        None => all.push(new),
    }
}

fn called(rule: &RuleWritten) -> Name {
    rule.id.clone().unwrap_or_else(|| rule.entry.clone())
}

/// Each after those before it.
fn all_kinds() -> Vec<Edit> {
    let picture = json!([[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]]);
    let ground_m = json!([[0.0, 0.0], [6.0, 0.0], [6.0, 20.25], [0.0, 20.25]]);
    let bay = json!({ "id": "bay", "reason": "parking_bay", "uses": ["illegal-parking"],
        "polygon": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]] });
    let zone = |camera: &str, zone: &str, polygon: Json| json!({ "kind": "set_zone", "camera": camera, "zone": zone, "polygon": polygon });
    let more: Json = (0..9).map(|n| json!([f64::from(n) / 10.0, 0.5])).collect();
    edits(json!([
        zone("le-loi-03", "kerb", json!([[0.0, 0.0], [0.75, 0.25], [1.0, 1.0], [0.0, 1.0]])),
        zone("le-loi-03", "new", more),
        zone("square", "first", json!([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])),
        { "kind": "set_zone", "camera": "square", "zone": "first", "name": "Quảng trường",
          "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]] },
        { "kind": "set_line", "camera": "square", "line": "stop", "points": [[0.1, 0.7], [0.9, 0.7]] },
        { "kind": "set_line", "camera": "le-loi-03", "line": "stop", "points": [[0.1, 0.7], [0.9, 0.7]] },
        { "kind": "set_line", "camera": "le-loi-03", "line": "stop", "points": [[0.1, 0.7], [0.9, 0.6]] },
        { "kind": "set_calibration", "camera": "square", "picture": picture, "ground_m": ground_m },
        { "kind": "set_model", "model": "sharp", "package": "yolox-nano" },
        { "kind": "use_model", "camera": "square", "model": "sharp" },
        { "kind": "set_model", "model": "street", "package": "nanodet-g" },
        { "kind": "set_rule", "camera": "le-loi-03", "rule": "illegal-parking", "written":
          { "use": "illegal-parking", "id": "day", "zone": "kerb", "severity": "low",
            "schedule": ["06:00-22:00"], "classes": ["vehicle.car"],
            "parameters": { "dwell_secs": 90.0, "confidence_min": 0.4 } } },
        { "kind": "set_rule", "camera": "le-loi-03", "written":
          { "use": "wrong-way", "zone": "new", "parameters": { "allowed_deg": 270.0 } } },
        { "kind": "set_rule", "camera": "square", "written": { "use": "crowding", "zone": "first" } },
        { "kind": "set_rule", "camera": "le-loi-03", "rule": "day", "written":
          { "use": "illegal-parking", "zone": "kerb" } },
        { "kind": "set_rule", "written": { "use": "flooded-street", "sensor": "gauge" } },
        { "kind": "set_permit", "written": bay },
        { "kind": "set_permit", "permit": "bay", "written": { "id": "market", "reason": "night_market",
          "uses": ["illegal-parking"], "cameras": ["le-loi-03"], "zones": ["kerb"],
          "schedule": ["Fri-Sun 18:00-24:00"], "from": "2026-12-01 17:00", "until": "2026-12-03 22:00" } },
        { "kind": "remove_rule", "camera": "le-loi-03", "rule": "wrong-way" },
        { "kind": "remove_rule", "rule": "flooded-street" },
        { "kind": "remove_permit", "permit": "market" },
        { "kind": "remove_line", "camera": "square", "line": "stop" },
        { "kind": "remove_zone", "camera": "le-loi-03", "zone": "kerb" },
        { "kind": "remove_calibration", "camera": "square" },
    ]))
}

/// The comments of a text; those alone that have a line of their own, if that is asked for.
fn comments(text: &str, alone: bool) -> Vec<&str> {
    let of_line = |line: &str| line.find('#').filter(|at| !alone || line[..*at].trim().is_empty());
    text.lines().filter_map(|line| of_line(line).map(|at| &line[at..])).collect()
}

#[test]
fn however_a_file_is_written_edits_mean_the_same() {
    let street = [("as people write", STREET)];
    for (name, text) in street.into_iter().chain(ODD) {
        let all = all_kinds();
        let mut now = text.to_owned();
        let mut want = view(text);
        assert_eq!(want.cameras.len(), 2, "{name}");
        for edit in &all {
            let next = edited(&now, std::slice::from_ref(edit)).unwrap_or_else(|problems| {
                panic!("{name}: {edit:?}: {problems:?}\n{now}");
            });
            meant(&mut want, edit);
            assert_eq!(view(&next), want, "{name}: {edit:?}\n{next}");
            if !matches!(edit, Edit::RemoveZone { .. } | Edit::RemoveRule { .. }) {
                // One behind a key goes with the key.
                let alone = matches!(edit, Edit::SetRule { .. });
                let (before, after) = (comments(&now, alone), comments(&next, alone));
                let lost: Vec<&&str> = before.iter().filter(|c| !after.contains(c)).collect();
                assert!(lost.is_empty(), "{name}: {edit:?} lost {lost:?}\n{next}");
            }
            let crlf = |text: &str| text.matches("\r\n").count();
            let is_crlf = crlf(text) > 0;
            assert_eq!(crlf(&next), if is_crlf { next.matches('\n').count() } else { 0 }, "{name}");
            now = next;
        }
        assert_eq!(edited(text, &all).map(|text| view(&text)), Ok(want), "{name}: all at once");
    }
}

#[test]
fn what_cannot_be_found_is_told_of_its_edit() {
    let all = json!([
        { "kind": "remove_zone", "camera": "le-loi-03", "zone": "kerp" },
        { "kind": "remove_line", "camera": "nowhere", "line": "stop" },
        { "kind": "remove_rule", "camera": "le-loi-03", "rule": "no-such" },
        { "kind": "remove_zone", "camera": "le-loi-03", "zone": "sidewalk" },
        { "kind": "set_rule", "camera": "le-loi-03", "written":
          { "use": "crowding", "parameters": { "url": 1.0 } } },
        { "kind": "remove_calibration", "camera": "square" },
        { "kind": "set_permit", "permit": "bay", "written": { "id": "bay", "reason": "event", "uses": [] } },
    ]);
    let problems = edited(STREET, &edits(all)).unwrap_err();
    let told: Vec<(Option<u32>, &str, &str)> =
        problems.iter().map(|p| (p.edit, p.field.as_str(), p.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(0), "camera[le-loi-03].zone.kerp", "there is no zone kerp here"),
            (Some(1), "camera[nowhere].line.stop", "there is no camera nowhere"),
            (Some(2), "camera[le-loi-03].rule[no-such]", "there is no rule no-such here"),
            (Some(4), "camera[le-loi-03].rule[crowding]", "\"url\" is not a parameter"),
            (Some(5), "camera[square].calibration", "there is no calibration here"),
            (Some(6), "permit[bay]", "there is no permit bay here"),
        ]
    );
}

#[test]
fn rules_of_one_name_are_not_guessed_at() {
    let twice = STREET.replace("id = \"parking-night\"\n", "");
    let gone = json!([{ "kind": "remove_rule", "camera": "le-loi-03", "rule": "illegal-parking" }]);
    let problems = edited(&twice, &edits(gone)).unwrap_err();
    assert_eq!(problems[0].text, "2 are called illegal-parking here");
}

#[test]
fn a_broken_file_is_told_without_its_words() {
    let broken = STREET.replace("stream1\"", "stream1");
    let problems = edited(&broken, &[]).unwrap_err();
    assert_eq!((problems[0].field.as_str(), problems[0].edit), ("", None));
    assert!(!format!("{problems:?}").contains("s3cret"), "{problems:?}");
}

#[test]
fn a_place_belongs_to_the_last_edit_that_wrote_there() {
    let all = all_kinds();
    for (place, want) in [
        ("camera[le-loi-03].zone.kerb.polygon", Some(22)),
        ("camera[le-loi-03].zone.kerb-2.polygon", None),
        ("camera[square].calibration.picture", Some(23)),
        ("camera[le-loi-03].rule[day].dwell_secs", Some(11)),
        ("permit[bay]", Some(16)),
        ("camera[square].model", Some(9)),
        ("model.street.package", Some(10)),
        ("camera[le-loi-03].url", None),
        ("", None),
    ] {
        assert_eq!(wrote(&all, place), want, "{place}");
    }
}

/// What a difference shows of a file whose every line is different.
#[test]
fn no_secret_is_shown() {
    let hostile = r#"# url = "rtsp://admin:t0psecret@10.0.3.17/"
# password="t0psecret"
[mqtt]
url = "mqtt://broker.example"
username = "t0psecret"
password = """
t0psecret
t0psecret"""
console = { url = "https://ioc.example", token = "t0psecret" }
camera = [{ id = "gate", url = "rtsp://a:t0psecret@h/", "substream" = 't0psecret' }]
name = "Lê Lợi" # see https://t0psecret.example
"#;
    let shown = |old: &str, new: &str| {
        difference(old, new).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
    };
    for text in [shown("", hostile), shown(hostile, "")] {
        assert!(!text.contains("t0psecret") && !text.contains("ioc.example"), "{text}");
        assert!(text.contains("name = \"Lê Lợi\"") && text.contains("id = \"gate\""), "{text}");
        assert_eq!(text.lines().count(), hostile.lines().count(), "{text}");
    }
    let broken = format!("{hostile}\nx = ");
    assert!(!shown("", &broken).contains("t0psecret"));
    let view = format!("{:?}", view(STREET));
    assert!(!view.contains("s3cret") && !view.contains("10.0.3.17"), "{view}");
}

#[test]
fn a_difference_has_two_lines_around_it_and_a_bound() {
    let zone = json!([{ "kind": "set_rule", "camera": "le-loi-03", "rule": "illegal-parking",
        "written": { "use": "illegal-parking", "zone": "kerb", "parameters": { "dwell_secs": 90 } } }]);
    let lines = difference(STREET, &after(STREET, zone));
    let told: Vec<(DiffKind, u32)> = lines.iter().map(|line| (line.kind, line.line)).collect();
    let at = STREET.lines().position(|line| line.starts_with("dwell_secs")).unwrap() as u32 + 1;
    let want = [
        (DiffKind::Same, at - 2),
        (DiffKind::Same, at - 1),
        (DiffKind::Removed, at),
        (DiffKind::Added, at),
        (DiffKind::Same, at + 1),
        (DiffKind::Same, at + 2),
    ];
    assert_eq!(told, want);
    let long = "a = 1\n".repeat(9_000);
    assert_eq!(difference("", &long).len(), 2_000);
}

/// A camera of a view, so that the compiler says when there is more of it to be edited.
#[test]
fn all_of_a_view_can_be_edited_or_is_of_the_box() {
    let View { cameras, rules: _, permits: _, sensors: _, windows: _, models: _ } = view(STREET);
    let CameraView { zones, lines, calibration, rules, .. } = &cameras[0];
    assert_eq!((zones.len(), lines.len(), calibration, rules.len()), (2, 0, &None, 2));
}
