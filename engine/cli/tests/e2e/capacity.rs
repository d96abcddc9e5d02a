//! What a box bears is measured with real workers, and what cannot be told is not told.

use crate::support::clip;
use crate::support::engine::{CameraSim, Pipeline};
use crate::support::program::run_viahe;
use serde_json::Value;

/// A port on which nobody listens.
const NOWHERE: &str = "rtsp://127.0.0.1:9/gate";

#[test]
fn a_box_is_measured_with_a_camera_and_with_a_recording() {
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let east = sim.url("gate-east");
    let pipeline = Pipeline::new(1).camera("gate-east", &east);
    let pipeline = pipeline.camera("gate-north", NOWHERE).camera("gate-west", NOWHERE);
    let file = pipeline.write();
    let (file, west) = (file.to_str().unwrap(), format!("gate-west={}", clip().display()));
    let args = ["capacity", file, "--camera", &west, "--seconds", "5", "--json"];
    let ended = run_viahe(args);
    let report: Value = serde_json::from_str(&ended.stdout.join("\n")).unwrap();
    ended.says(0, &[]);
    assert!(report["bears_cameras"].as_u64().unwrap() >= 1, "{report}");
    assert!(report["cpu_ms_per_camera"].as_f64().unwrap() > 1.0, "{report}");
    let of = |camera: &str| {
        let all = report["cameras"].as_array().unwrap();
        all.iter().find(|figures| figures["camera"] == camera).unwrap().clone()
    };
    for camera in ["gate-east", "gate-west"] {
        let of = of(camera);
        assert_eq!(of["status"], "online", "{of}");
        for figure in ["fps", "looks_hz", "decode_ms", "inference_ms"] {
            assert!(of[figure].as_f64().unwrap() > 0.0, "{figure}: {of}");
        }
    }
    assert!(!of("gate-north")["reason"].as_str().unwrap().is_empty());
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("model ssdlite-coco: the default, since it was not measured"),
        "{notes}"
    );
    assert!(notes.contains("no pictures came: gate-north"), "{notes}");
    // Neither broker nor state folder of the pipeline was touched.
    assert!(!pipeline.state_dir().exists());
}

#[test]
fn without_pictures_nothing_is_told() {
    let pipeline = Pipeline::new(1).camera("gate", NOWHERE);
    let file = pipeline.write();
    let ended = run_viahe(["capacity", file.to_str().unwrap(), "--seconds", "1"]);
    let told = ended.stdout.join("\n");
    assert!(told.contains("It cannot be told") && told.contains("gate: offline ("), "{told}");
    ended.says(1, &["no camera sent pictures", "viahe check --connect"]);
}
