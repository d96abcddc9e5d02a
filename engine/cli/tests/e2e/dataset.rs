//! `viahe dataset export`: what operators judged becomes a data set, with heads hidden.

use crate::support::media::frame_png;
use crate::support::program::run_viahe;
use crate::support::sha256;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use viahe_contract::message::{Medium, Verdict};
use viahe_core::incident::Revision;
use viahe_edge::evidence::{evidence_dir, path_of};
use viahe_edge::store::{OutboxRow, Store};

const MODEL: &str = "ssdlite-coco";

/// A box on which some incidents were told and judged.
struct Place {
    dir: tempfile::TempDir,
    store: Store,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("state")).unwrap();
        let place = Self { dir, store };
        fs::write(
            place.pipeline(),
            format!(
                "[site]\nid = \"hue\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[engine]\nstate_dir = \"state\"\n\
                 [model.street]\npackage = \"{MODEL}\"\n[[camera]]\nid = \"gate\"\nurl = \"pattern://640x360@5\"\n\
                 model = \"street\"\n"
            ),
        )
        .unwrap();
        place
    }

    fn pipeline(&self) -> PathBuf {
        self.dir.path().join("pipeline.toml")
    }

    /// An incident of a day of November 2026, with a picture, and what operators said of it.
    fn told(&mut self, day: u32, class: &str, confidence: f64, said: &[&str]) -> String {
        let picture = fs::read(frame_png(self.dir.path(), 10 + 5 * day)).unwrap();
        let hash = sha256(&picture);
        let id = format!("01KANWBRKGQ4H5ZD0ZJ3M7V8{day:02}");
        let at = format!("2026-11-{day:02}T03:14:02.9Z");
        let revision: Revision = serde_json::from_value(json!({
            "incident": id, "revision": 1, "state": "open", "rule": "standing",
            "violation": "illegal-parking", "rule_version": 3, "severity": "medium",
            "camera": "gate", "zone": "kerb", "position": null,
            "first_seen": at, "opened": at, "updated": at, "closed": null,
            "subjects": [{ "track": 17, "class": class, "confidence": confidence, "box": [0.01, 0.01, 0.06, 0.04] }],
            "geometry": { "boxes": { "opened": [[0.01, 0.01, 0.06, 0.04]] } },
            "evidence": [{
                "sha256": hash, "bytes": picture.len(), "medium": "image/jpeg", "moment": "opened",
                "span": { "first": at, "last": at }, "capture": day,
            }],
            "model": null, "clock": { "source": "arrival", "offset_ms": 0 },
        }))
        .unwrap();
        let file = path_of(
            &evidence_dir(&self.dir.path().join("state")),
            revision.evidence[0].sha256,
            Medium::Jpeg,
        );
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, picture).unwrap();
        let row = OutboxRow::new(&revision, &"hue".try_into().unwrap(), &jiff::tz::TimeZone::UTC);
        self.store.commit(&[row.unwrap()], None).unwrap();
        let verdict = |(i, judgement): (usize, &&str)| -> Verdict {
            let reason = (*judgement == "dismissed").then_some("permitted");
            serde_json::from_value(json!({
                "incident": id, "revision": 1, "judgement": judgement, "reason": reason,
                "role": "ward-officer", "time": format!("2026-11-{day:02}T12:00:0{i}.000+07:00"),
            }))
            .unwrap()
        };
        let verdicts: Vec<Verdict> = said.iter().enumerate().map(verdict).collect();
        self.store.judge(&verdicts).unwrap();
        id
    }

    /// Exports, and returns the images and annotations of all parts.
    fn exported(&self, more: &[&str], says: &[&str]) -> (Vec<Value>, Vec<Value>) {
        let (out, pipeline) = (self.dir.path().join("out"), self.pipeline());
        let paths = [&pipeline, &out].map(|path| path.to_str().unwrap());
        let command = ["dataset", "export", paths[0], "--out", paths[1], "--model", MODEL];
        run_viahe([&command, more].concat()).prints(0, says);
        let (mut images, mut annotations) = (Vec::new(), Vec::new());
        for part in ["train", "val", "test"] {
            let file = out.join(format!("instances_{part}.json"));
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let read: Value = serde_json::from_str(&text).unwrap();
            let all = |key: &str| read[key].as_array().unwrap().clone();
            let [these, boxes, classes] = ["images", "annotations", "categories"].map(all);
            assert!(classes.iter().any(|class| class["name"] == "person"), "{classes:?}");
            images.extend(these.into_iter().map(|mut image| {
                image["part"] = part.into();
                image
            }));
            annotations.extend(boxes);
            // Our own reader takes it.
            run_viahe(["model", "eval", MODEL, file.to_str().unwrap()]).says(0, &[]);
        }
        images.sort_by_key(|image| image["id"].as_u64());
        (images, annotations)
    }
}

#[test]
fn what_was_judged_is_exported_with_the_hardest_first() {
    let mut place = Place::new();
    let sure = place.told(1, "vehicle.car", 0.9, &["confirmed"]);
    let unsure = place.told(2, "person", 0.4, &["confirmed"]);
    let dismissed = place.told(3, "vehicle.car", 0.9, &["dismissed"]);
    let argued = place.told(4, "vehicle.car", 0.9, &["dismissed", "confirmed"]);
    place.told(5, "vehicle.car", 0.9, &["confirmed", "withdrawn"]);
    place.told(6, "vehicle.car", 0.9, &[]);
    let frames = place.dir.path().join("frames");
    for (camera, day) in [("gate", "2026-11-03"), ("yard", "2026-11-03")] {
        let folder = frames.join(camera).join(day);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(frame_png(place.dir.path(), 60), folder.join("chosen.png")).unwrap();
    }
    let says = [
        "1 dismissed, 4 on which operators or models disagree, 1 unsure",
        "1: the verdict was withdrawn",
    ];
    let (images, annotations) = place.exported(&["--frames", frames.to_str().unwrap()], &says);
    let told: Vec<&str> = images
        .iter()
        .map(|image| image["told"]["incident"].as_str().unwrap_or("a frame"))
        .collect();
    // The model does not see what the made-up incidents tell, so all of them disagree.
    assert_eq!(told[0], dismissed);
    assert_eq!(told[1], unsure, "unsure besides");
    let both: BTreeSet<&str> = told[2..4].iter().copied().collect();
    assert_eq!(both, BTreeSet::from([&*sure, &*argued]));
    assert_eq!(told[4..], ["a frame", "a frame"]);
    assert_eq!(images[0]["told"]["reason"], "permitted");
    let mut parts: BTreeMap<[&str; 2], BTreeSet<&str>> = BTreeMap::new();
    for image in &images {
        let of = |key: &str| image[key].as_str().unwrap();
        parts.entry([of("camera"), of("day")]).or_default().insert(of("part"));
    }
    assert!(parts.values().all(|parts| parts.len() == 1), "{parts:?}");
    assert_eq!(parts.len(), 5);
    // What was confirmed is drawn; what was dismissed is not.
    let confirmed = |image: &Value| {
        let of = annotations
            .iter()
            .filter(|a| a["image_id"] == image["id"] && a["source"] == "confirmed");
        of.count()
    };
    assert_eq!(images.iter().map(confirmed).collect::<Vec<_>>(), [0, 1, 1, 1, 0, 0]);
    assert!(annotations.iter().any(|a| a["source"] == "model"), "the clip's people are drafts");
}

/// Mean difference of two pictures in a box of px.
fn difference(a: &image::RgbImage, b: &image::RgbImage, [x0, y0, x1, y1]: [u32; 4]) -> f64 {
    let pixels = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y)));
    let off = |(x, y)| {
        let pairs = a.get_pixel(x, y).0.into_iter().zip(b.get_pixel(x, y).0);
        pairs.map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>() / 3.0
    };
    let all: Vec<f64> = pixels.map(off).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

#[test]
fn heads_are_hidden_and_all_else_is_as_it_was() {
    let place = Place::new();
    let folder = place.dir.path().join("frames/gate/2026-11-03");
    fs::create_dir_all(&folder).unwrap();
    let frame = folder.join("a.png");
    fs::copy(frame_png(place.dir.path(), 60), &frame).unwrap();
    let frames = place.dir.path().join("frames");
    let (images, annotations) =
        place.exported(&["--frames", frames.to_str().unwrap()], &["1 pictures"]);
    assert_eq!(images.len(), 1);
    let [before, after] = [&frame, &place.dir.path().join("out/images/000001.jpg")]
        .map(|path: &PathBuf| image::open(Path::new(path)).unwrap().into_rgb8());
    let people: Vec<[f64; 4]> = annotations
        .iter()
        .map(|a| serde_json::from_value(a["bbox"].clone()).unwrap())
        .filter(|[_, _, w, h]: &[f64; 4]| h > w)
        .collect();
    assert!(people.len() > 2, "{annotations:?}");
    let within = |v: f64, most: u32| (v.max(0.0) as u32).min(most);
    for [left, top, wide, tall] in people {
        let part = |from: f64, to: f64| {
            let [x0, x1] = [left, left + wide].map(|v| within(v, before.width()));
            let [y0, y1] = [top + from * tall, top + to * tall].map(|v| within(v, before.height()));
            difference(&before, &after, [x0, y0, x1.max(x0 + 1), y1.max(y0 + 1)])
        };
        let head = part(0.0, 0.3);
        assert!(head > 4.0, "a head at {left}, {top} differs by {head}");
    }
    // The sky has nobody.
    let corner = difference(&before, &after, [0, 500, 40, 570]);
    assert!(corner < 4.0, "{corner}");
}
