//! `viahe detect` on a frame of the clip.

use crate::support::event::{PARKED, iou};
use crate::support::media::frame_png;
use crate::support::program::run_viahe;
use serde_json::Value;

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
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        ((info.width, info.height), pixels)
    };
    let (size, before) = read(&picture);
    let (drawn_size, after) = read(&drawn.join(picture.file_name().unwrap()));
    assert_eq!((size, drawn_size), ((768, 576), (768, 576)));
    assert!(before != after, "boxes are drawn");

    let people = run_viahe(["detect", image]);
    people.says(0, &[]);
    assert!(people.stdout.iter().any(|l| l.contains("vehicle.")), "{:?}", people.stdout);
}
