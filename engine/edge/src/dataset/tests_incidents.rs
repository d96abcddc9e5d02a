use super::IncidentLabels;
use std::path::{Path, PathBuf};
use viahe_core::plan::Plan;

const LABELS: &str = r#"{
  "pipeline": "street.toml",
  "left_out": ["deep"],
  "recordings": [
    { "file": "gate.mp4", "camera": "gate", "start": "2026-01-05T08:00:00+07:00",
      "incidents": [{ "rule": "standing", "zone": "kerb", "begin_secs": 1.5, "end_secs": 20 }] },
    { "file": "all.jsonl.gz",
      "incidents": [{ "rule": "ordered-off", "camera": "market", "begin_secs": 0, "end_secs": 0 }] }
  ]
}"#;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["gate.mp4", "all.jsonl.gz"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        Self { dir }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("labels.json")
    }

    /// What is wrong with labels, read and held against the pipeline.
    fn wrong(&self, text: &str) -> Option<String> {
        std::fs::write(self.file(), text).unwrap();
        let read = IncidentLabels::read(&self.file());
        let fits = read.and_then(|labels| labels.fit(&self.file(), &plan()));
        fits.err().map(|error| error.to_string())
    }
}

fn plan() -> Plan {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats");
    crate::project::load(&formats.join("street.toml")).unwrap()
}

#[test]
fn labels_are_read_beside_their_recordings() {
    let place = Place::new();
    assert_eq!(place.wrong(LABELS), None);
    let labels = IncidentLabels::read(&place.file()).unwrap();
    assert_eq!(labels.pipeline, place.dir.path().join("street.toml"));
    assert!((labels.grace_secs - 10.0).abs() < f64::EPSILON);
    let [pictures, seen] = &labels.recordings[..] else { panic!("{labels:?}") };
    assert_eq!(
        [pictures, seen].map(crate::dataset::LabelledRecording::is_of_observations),
        [false, true]
    );
    assert_eq!(pictures.happened[0].camera, pictures.camera);
    assert_eq!(seen.happened[0].camera.as_ref().unwrap().as_str(), "market");
}

#[test]
fn what_is_wrong_with_labels_is_told_with_its_place() {
    let place = Place::new();
    for (from, to, told) in [
        ("\"left_out\"", "\"leftout\"", "unknown field `leftout`"),
        ("\"left_out\": [\"deep\"]", "\"left_out\": [\"standing\"]", "standing is in left_out"),
        ("\"left_out\"", "\"grace_secs\": 601, \"left_out\"", "grace_secs: 0 to 600"),
        ("gate.mp4", "gone.mp4", "gone.mp4 is no file"),
        ("\"camera\": \"gate\", ", "", "gate.mp4: say whose pictures these are"),
        ("\"end_secs\": 20", "\"end_secs\": 1", "incidents[0]: begin_secs 1.5 and end_secs 1"),
        ("\"camera\": \"gate\"", "\"camera\": \"gates\"", "no camera gates; it has gate, market"),
        (
            "\"rule\": \"standing\"",
            "\"rule\": \"stands\"",
            "camera gate has no rule stands; it has standing",
        ),
        ("\"zone\": \"kerb\"", "\"zone\": \"curb\"", "camera gate has no zone curb; it has kerb"),
        ("\"camera\": \"market\", ", "", "the site has no rule ordered-off; it has deep"),
    ] {
        let text = LABELS.replacen(from, to, 1);
        assert_ne!(text, LABELS, "{from}");
        let why = place.wrong(&text).unwrap_or_default();
        assert!(why.contains("labels.json") && why.contains(told), "{to}: {why}");
    }
}
