#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use viahe_contract::message::EditFault;

const TEXT: &str = r#"# The street.
[site]
id = "hue"
timezone = "Asia/Ho_Chi_Minh"

[mqtt]
url = "mqtt://127.0.0.1"
username = "box"
password = "t0psecret"

[model.street]
package = "ssdlite-coco"

[[camera]]
id = "gate"
url = "rtsp://viewer:t0psecret@10.0.3.17/stream"   # the old one
model = "street"

[camera.zone.kerb]
polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]

[[camera.rule]]
use = "illegal-parking"
zone = "kerb"
dwell_secs = 120 # patient
"#;

/// A box's folder.
struct Place {
    dir: tempfile::TempDir,
    clerk: Clerk,
    running: Plan,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("pipeline.toml"), TEXT).unwrap();
        let path = dir.path().join("pipeline.toml");
        let running = project::load(&path).unwrap();
        let clerk = Clerk::new(&path, &dir.path().join("state"));
        Self { dir, clerk, running }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("pipeline.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn site(&self) -> SiteView {
        self.clerk.site(&TimeZone::UTC).unwrap()
    }

    fn draft(&self, edits: &Value) -> Result<Draft, Refusal> {
        let edits: Vec<Edit> = serde_json::from_value(edits.clone()).unwrap();
        self.clerk.draft(version_of(&self.text()), Change::Edits(&edits), &self.running)
    }

    fn edit(&self, command: &str, dwell_secs: f64) -> Result<Edited, Refused> {
        let draft = self.draft(&dwell(dwell_secs)).unwrap();
        self.clerk.write(&draft, &reason(command))?;
        Ok(draft.edited)
    }

    fn revert(&self, command: &str, to: Sha256) -> Result<(), Refusal> {
        let base = version_of(&self.text());
        let draft = self.clerk.draft(base, Change::Back(&to), &self.running)?;
        self.clerk.write(&draft, &reason(command)).map_err(Refusal::Other)
    }

    /// Who made it so, newest first.
    fn history(&self) -> Vec<(Sha256, Option<String>)> {
        self.site().history.into_iter().map(|entry| (entry.version, entry.by)).collect()
    }
}

fn dwell(secs: f64) -> Value {
    json!([{ "kind": "set_rule", "camera": "gate", "rule": "illegal-parking", "written":
        { "use": "illegal-parking", "zone": "kerb", "parameters": { "dwell_secs": secs } } }])
}

fn reason(command: &str) -> Reason {
    Reason {
        command: CommandId::try_from(command).unwrap(),
        by: Some(hoa()),
        why: "too soon".to_owned(),
        at: Timestamp::from_secs(1_795_000_000),
    }
}

fn with(secs: &str) -> String {
    TEXT.replace("dwell_secs = 120", &format!("dwell_secs = {secs}"))
}

fn hoa() -> String {
    "Hoa".to_owned()
}

#[test]
fn an_edit_is_written_and_kept_and_undone() {
    let place = Place::new();
    let edited = place.edit("a", 90.0).unwrap();
    assert_eq!(place.text(), with("90"));
    assert_eq!(edited.version, version_of(&with("90")));
    assert_eq!(place.history(), [(edited.version, Some(hoa())), (version_of(TEXT), None)]);
    place.revert("b", version_of(TEXT)).unwrap();
    assert_eq!(place.text(), TEXT);
    let history = place.history();
    assert_eq!(history.len(), 3);
    assert_eq!(history[0], (version_of(TEXT), Some(hoa())));
    assert_eq!(place.clerk.done(&CommandId::try_from("a").unwrap()), Some(edited.version));
    assert_eq!(place.clerk.done(&CommandId::try_from("c").unwrap()), None);
    let nowhere = place.revert("c", version_of("nothing")).unwrap_err();
    assert!(
        matches!(&nowhere, Refusal::Other(why) if why.code == Some(message::Refusal::VersionGone)),
        "{nowhere:?}"
    );
}

#[test]
fn what_somebody_wrote_in_between_is_no_base_and_is_kept() {
    let place = Place::new();
    place.edit("a", 90.0).unwrap();
    let mut hand = with("90");
    hand.push_str("# by hand\n");
    let draft = place.draft(&dwell(60.0)).unwrap();
    fs::write(place.path(), &hand).unwrap();
    let late = place.clerk.write(&draft, &reason("b")).unwrap_err();
    assert!(late.text.contains("somebody else has just changed it"), "{late}");
    assert_eq!(late.code, Some(message::Refusal::NotWritten));
    assert_eq!(place.text(), hand);
    let edits: Vec<Edit> = serde_json::from_value(dwell(60.0)).unwrap();
    let stale = place
        .clerk
        .draft(version_of(&with("90")), Change::Edits(&edits), &place.running)
        .unwrap_err();
    assert!(matches!(stale, Refusal::Conflict(now) if now == version_of(&hand)), "{stale:?}");
    assert_eq!(place.history()[0], (version_of(&hand), None), "seen before it is kept");

    let draft = place.draft(&dwell(60.0)).unwrap();
    assert!(draft.edited.warnings[0].contains("changed the file on the box"), "{draft:?}");
    assert_eq!(draft.edited.advice[0], message::Advice::NotWhatRuns);
    assert_eq!(draft.edited.advice.len(), draft.edited.warnings.len());
    place.clerk.write(&draft, &reason("c")).unwrap();
    let by: Vec<Option<String>> = place.history().into_iter().map(|(_, by)| by).collect();
    assert_eq!(by, [Some(hoa()), None, Some(hoa()), None]);
    place.revert("d", version_of(&hand)).unwrap();
    assert_eq!(place.text(), hand);
}

#[test]
fn what_would_be_wrong_is_told_at_its_field_and_nothing_is_written() {
    let place = Place::new();
    let mut edits = dwell(90.0);
    let zone = json!({ "kind": "set_zone", "camera": "gate", "zone": "kerb",
        "polygon": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]] });
    edits.as_array_mut().unwrap().push(zone);
    let Err(Refusal::Wrong(edited)) = place.draft(&edits) else { panic!("it is right") };
    let told: Vec<(&str, Option<u32>)> =
        edited.problems.iter().map(|p| (p.field.as_str(), p.edit)).collect();
    assert_eq!(told, [("camera[gate].zone.kerb.polygon", Some(1))]);
    assert_eq!(edited.problems[0].fault, Some(EditFault::Crossing));
    assert_eq!((edited.version, edited.diff.len()), (version_of(TEXT), 0));
    let gone = json!([{ "kind": "remove_zone", "camera": "gate", "zone": "kerb" }]);
    let Err(Refusal::Wrong(edited)) = place.draft(&gone) else { panic!("it is right") };
    assert_eq!(edited.problems[0].field, "camera[gate].rule[illegal-parking].zone");
    assert_eq!(place.text(), TEXT);
    assert!(!place.dir.path().join("state").exists());
}

/// Each moment at which the power may go, by what lies on the disk then.
#[test]
fn a_power_cut_loses_neither_the_file_nor_who_changed_it() {
    for replaced in [false, true] {
        let place = Place::new();
        let head = Head {
            by: Some(hoa()),
            ..Head::found(version_of(&with("90")), Timestamp::from_secs(9))
        };
        place
            .clerk
            .texts
            .found(&Head::found(version_of(TEXT), Timestamp::from_secs(1)), TEXT)
            .unwrap();
        place.clerk.texts.begin(&head, &with("90")).unwrap();
        if replaced {
            fs::write(place.path(), with("90")).unwrap();
        }
        // What was being written beside the file.
        fs::write(place.dir.path().join(".pipeline.toml.viahe-new"), "[si").unwrap();
        let again = Clerk::new(&place.path(), &place.dir.path().join("state"));
        let edits: Vec<Edit> = serde_json::from_value(dwell(60.0)).unwrap();
        let draft =
            again.draft(version_of(&place.text()), Change::Edits(&edits), &place.running).unwrap();
        again.write(&draft, &reason("b")).unwrap();
        assert_eq!(place.text(), with("60"));
        let by: Vec<Option<String>> = place.history().into_iter().map(|(_, by)| by).collect();
        if replaced {
            assert_eq!(by, [Some(hoa()), Some(hoa()), None], "it was changed, by her");
        } else {
            assert_eq!(by, [Some(hoa()), None], "it never was");
        }
        let left = fs::read_dir(place.dir.path()).unwrap().count();
        assert_eq!(left, 2, "the file and the state folder");
    }
}

/// A text that was cut off is none.
#[test]
fn a_history_that_rots_is_left_out() {
    let place = Place::new();
    place.edit("a", 90.0).unwrap();
    let dir = place.dir.path().join("state/pipeline");
    let first = dir.join("000001.toml");
    let whole = fs::read_to_string(&first).unwrap();
    fs::write(&first, whole.replace("patient", "patienz")).unwrap();
    let rotten = place.revert("b", version_of(TEXT)).unwrap_err();
    assert!(
        matches!(&rotten, Refusal::Other(why) if why.code == Some(message::Refusal::VersionGone)),
        "{rotten:?}"
    );
    fs::write(&first, "").unwrap();
    fs::write(dir.join("pending.toml"), "# viahe: {").unwrap();
    assert_eq!(place.history(), [(version_of(&with("90")), Some(hoa()))]);
    place.edit("c", 60.0).unwrap();
    assert_eq!(place.history().len(), 2);
}

#[test]
fn the_history_is_bounded_and_for_this_user_alone() {
    let place = Place::new();
    for secs in 1..60 {
        place.edit(&format!("c-{secs}"), f64::from(secs)).unwrap();
    }
    assert_eq!(place.history().len(), 50);
    let dir = place.dir.path().join("state/pipeline");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let files: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(files.len(), 50);
    assert!(files.iter().all(|file| mode(file) == 0o600));
}

#[test]
fn the_file_stays_whose_and_as_open_as_it_was_also_behind_a_link() {
    let place = Place::new();
    let (link, real) = (place.path(), place.dir.path().join("etc/real.toml"));
    fs::create_dir(place.dir.path().join("etc")).unwrap();
    fs::rename(&link, &real).unwrap();
    symlink("etc/real.toml", &link).unwrap();
    fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&real, Some(1234), Some(4321)).unwrap();
    }
    let before = fs::metadata(&real).unwrap();
    place.edit("a", 90.0).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), with("90"));
    let after = fs::metadata(&real).unwrap();
    let of = |meta: &fs::Metadata| (meta.mode(), meta.uid(), meta.gid());
    assert_eq!(of(&after), of(&before));
    assert_eq!(fs::read_dir(place.dir.path().join("etc")).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_not_to_be_written_is_not_and_says_so() {
    let (file, folder) = (message::Lock::File, message::Lock::Folder);
    for (what, lock, place_of) in [("the file", file, "pipeline.toml"), ("its folder", folder, "")]
    {
        let place = Place::new();
        assert_eq!((place.site().locked, place.site().lock), (None, None));
        let locked = place.dir.path().join(place_of);
        let open = fs::metadata(&locked).unwrap().permissions();
        fs::set_permissions(&locked, Permissions::from_mode(open.mode() & !0o222)).unwrap();
        let told = place.site().locked.unwrap();
        assert_eq!(place.site().lock, Some(lock));
        assert!(told.contains(&format!("{what} is read-only for viahe")), "{told}");
        let draft = place.draft(&dwell(90.0)).unwrap();
        assert_eq!(
            place.clerk.write(&draft, &reason("a")),
            Err(Refused::new(message::Refusal::Locked { lock }, told))
        );
        fs::set_permissions(&locked, open).unwrap();
        assert_eq!(place.text(), TEXT);
        place.edit("b", 90.0).unwrap();
    }
}

#[test]
fn nothing_that_leaves_the_box_holds_a_secret() {
    let place = Place::new();
    // One that the line of the address is near to, and one that moves it.
    let renamed = json!([{ "kind": "set_calibration", "camera": "gate",
        "picture": [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]],
        "ground_m": [[0, 0], [6, 0], [6, 20], [0, 20]] }]);
    let draft = place.draft(&renamed).unwrap();
    assert!(draft.text.contains("t0psecret"));
    place.clerk.write(&draft, &reason("a")).unwrap();
    let other = place.text().replace("10.0.3.17", "10.0.3.18").replace("t0psecret", "n3wsecret");
    fs::write(place.path(), &other).unwrap();
    let base = version_of(&other);
    let back = place.clerk.draft(base, Change::Back(&version_of(TEXT)), &place.running).unwrap();
    assert!(back.edited.diff.iter().any(|line| line.text.contains("(hidden)")), "{back:?}");
    let told = [
        serde_json::to_string(&place.site()).unwrap(),
        serde_json::to_string(&draft.edited).unwrap(),
        serde_json::to_string(&back.edited).unwrap(),
    ];
    for told in told {
        for secret in ["t0psecret", "n3wsecret", "10.0.3.1", "127.0.0.1"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
}

#[test]
fn a_site_is_told_with_its_catalogue_and_models() {
    let site = Place::new().site();
    assert_eq!(site.version, version_of(TEXT));
    assert_eq!(json!(site.cameras[0].zones[0].polygon[0]), json!([0.1, 0.1]));
    assert!(site.cameras[0].input_px.is_some());
    // As its model package says.
    assert_eq!((site.cameras[0].height_min_px, site.cameras[0].letterbox), (Some(25.0), false));
    let parking = site.catalogue.iter().find(|entry| entry.entry.as_str() == "illegal-parking");
    assert!(parking.unwrap().parameters.iter().any(|p| p.name == "dwell_secs"));
    assert!(serde_json::to_string(&site).unwrap().len() < 100_000);
}
