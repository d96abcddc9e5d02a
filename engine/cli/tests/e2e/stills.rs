//! `viahe detect` on a frame of the clip.

use crate::support::engine::{CameraSim, Pipeline};
use crate::support::event::{PARKED, iou};
use crate::support::media::frame_png;
use crate::support::program::{Program, run_viahe, viahe};
use crate::support::{LONG, clip};
use serde_json::Value;
use std::path::Path;

#[test]
fn the_parked_vehicles_are_found_and_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let (picture, drawn) = (frame_png(dir.path(), 100), dir.path().join("drawn"));
    let [image, folder] = [&picture, &drawn].map(|p| p.to_str().unwrap());
    let arguments = ["detect", "--model", "ssdlite-coco", "--json", "--annotate", folder, image];
    let ended = run_viahe(arguments);
    ended.says(0, &[]);
    let seen: Value = serde_json::from_str(&ended.stdout.join("\n")).unwrap();
    assert_eq!(seen["image"], image);
    assert_eq!(seen["size_px"], serde_json::json!([768, 576]));
    let vehicles: Vec<[f64; 4]> = seen["objects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|o| o["class"].as_str().unwrap().starts_with("vehicle."))
        .map(|o| [0, 1, 2, 3].map(|i| o["box_px"][i].as_f64().unwrap() / [768.0, 576.0][i % 2]))
        .collect();
    for parked in PARKED {
        assert!(vehicles.iter().any(|v| iou(*v, parked) > 0.5), "{parked:?} not in {vehicles:?}");
    }

    let read = |path: &std::path::Path| {
        let image = image::open(path).unwrap().into_rgb8();
        (image.dimensions(), image.into_raw())
    };
    let (size, before) = read(&picture);
    let (drawn_size, after) = read(&drawn.join(picture.file_name().unwrap()));
    assert_eq!((size, drawn_size), ((768, 576), (768, 576)));
    assert!(before != after, "boxes are drawn");

    let people = run_viahe(["detect", image]);
    people.says(0, &[]);
    assert!(people.stdout.iter().any(|l| l.contains("vehicle.")), "{:?}", people.stdout);
}

/// A picture with zones to look at, and what it says.
#[test]
fn a_frame_shows_zones_lines_permits_and_a_grid() {
    let dir = tempfile::tempdir().unwrap();
    let sim = CameraSim::start_with(&clip(), &["gate-east"], 0, Some("viewer:right"));
    let url = format!("rtsp://viewer:${{env:E2E_CAMERA}}@127.0.0.1:{}/gate-east", sim.port);
    let pipeline = Pipeline::new(1)
        .camera("gate-east", &url)
        .more("\n[camera.line.gate]\npoints = [[0.3, 0.5], [0.7, 0.6]]\n")
        .more(
            "\n[[permit]]\nid = \"market\"\nreason = \"night_market\"\ncameras = [\"gate-east\"]\n\
             uses = [\"illegal-parking\"]\nuntil = \"2099-01-01 00:00\"\n\
             polygon = [[0.1, 0.8], [0.3, 0.8], [0.3, 0.95], [0.1, 0.95]]\n",
        );
    let file = pipeline.write();
    let frame = |source: &str, out: &str, more: &[&str]| {
        let out = dir.path().join(out);
        let mut command = viahe(["frame", source, "--pipeline", file.to_str().unwrap()]);
        command.arg("--out").arg(&out).args(more).env("E2E_CAMERA", "right");
        (Program::start(command).end(LONG), out)
    };
    let (plain, plain_out) = frame("gate-east", "plain.png", &[]);
    plain.prints(0, &["plain.png: 768x576 px"]);
    let (ended, out) = frame("gate-east", "zones.png", &["--zones"]);
    ended.prints(0, &["camera gate-east: zone kerb, permit market, line gate"]);
    let [plain, drawn] = [&plain_out, &out].map(|p| image::open(p).unwrap().into_rgb8());
    assert_eq!((plain.dimensions(), drawn.dimensions()), ((768, 576), (768, 576)));
    // On the way between two corners of the zone, of the permit, and along the line.
    for (at, [r, g, b]) in [
        ([0.80, 0.19], [255, 212, 0]),
        ([0.20, 0.80], [64, 224, 255]),
        ([0.50, 0.55], [255, 64, 200]),
    ] {
        let [x, y] = [(at[0] * 768.0) as u32, (at[1] * 576.0) as u32];
        assert_eq!(drawn.get_pixel(x, y).0, [r, g, b], "{at:?}");
    }

    // A recording in its place needs no secret; a picture of it is a source as well.
    let (ended, _) = frame(clip().to_str().unwrap(), "clip.jpg", &["--zones", "--at", "30"]);
    ended.prints(0, &["clip.jpg: 768x576 px", "zone kerb"]);
    let (ended, _) = frame(plain_out.to_str().unwrap(), "again.webp", &["--grid"]);
    ended.prints(0, &["again.webp"]);
    let (ended, _) = frame("gate-esat", "none.png", &[]);
    ended.says(2, &["gate-esat", "neither a file nor a camera", "gate-east"]);
    // What cannot be written is refused before anything is connected to.
    let (ended, _) = frame("gate-east", "clip.gif", &[]);
    ended.says(2, &["clip.gif", ".png, .jpg or .webp"]);
    let (ended, _) = frame("gate-east", "nowhere/clip.png", &[]);
    ended.says(2, &["there is no folder", "nowhere"]);
    let (ended, _) = frame(clip().to_str().unwrap(), "late.png", &["--at", "80"]);
    ended.says(1, &["no picture 80.0 s from its beginning", "last one stands at 79."]);
    let (ended, _) = frame("gate-east", "live.png", &["--at", "5"]);
    ended.says(2, &["--at is for recordings"]);
    let (ended, out) = frame(plain_out.to_str().unwrap(), "plain.png", &["--grid"]);
    ended.says(2, &["would be written over"]);
    assert_eq!(image::open(out).unwrap().into_rgb8(), plain, "untouched");

    // A file or folder of a camera's name does not stand in for it.
    std::fs::copy(clip(), dir.path().join("gate-east")).unwrap();
    for name in ["gate-east", "./gate-east"] {
        let pipeline = file.to_str().unwrap();
        let args = ["frame", name, "--pipeline", pipeline, "--zones", "--out", "named.png"];
        let mut command = viahe(args);
        command.current_dir(dir.path()).env_remove("E2E_CAMERA");
        let ended = Program::start(command).end(LONG);
        if name == "gate-east" {
            ended.says(2, &["E2E_CAMERA"]);
        } else {
            ended.prints(0, &["zone kerb"]);
        }
    }
}

/// A person's own pictures, and names with dots.
#[test]
fn drawings_take_no_place_of_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let picture = frame_png(dir.path(), 100);
    let [ten, eleven] = ["cam.10h15.png", "cam.10h16.png"].map(|name| dir.path().join(name));
    std::fs::copy(&picture, &ten).unwrap();
    std::fs::copy(&picture, &eleven).unwrap();
    let before = std::fs::read(&ten).unwrap();
    let detect = |folder: &Path| {
        let all = [&ten, &eleven].map(|p| p.to_str().unwrap());
        run_viahe(["detect", "--annotate", folder.to_str().unwrap(), all[0], all[1]])
    };
    detect(dir.path()).says(2, &["cam.10h15.png", "would be written over"]);
    // Also by another name of the folder.
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(dir.path(), &link).unwrap();
    detect(&link).says(2, &["cam.10h15.png", "would be written over"]);
    assert_eq!(std::fs::read(&ten).unwrap(), before);
    let drawn = dir.path().join("drawn");
    detect(&drawn).says(0, &[]);
    for name in ["cam.10h15.png", "cam.10h16.png"] {
        assert!(drawn.join(name).is_file(), "{name}");
    }
    std::fs::write(&eleven, "no picture").unwrap();
    detect(&drawn).says(2, &["one picture could not be read"]);
}
