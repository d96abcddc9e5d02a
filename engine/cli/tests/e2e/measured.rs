//! `viahe model` and `viahe track eval`: what is measured is what is there, in every format of data sets.

use crate::support::media::frame_png;
use crate::support::program::run_viahe;
use crate::support::root;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const MODEL: &str = "ssdlite-coco";
const SIZE: [f64; 2] = [768.0, 576.0];

/// An object: class, left, top, width and height in px.
pub(crate) type Object = (String, [f64; 4]);

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Pictures, and what the model sees in each: the truth that it must find again.
pub(crate) fn seen(dir: &Path) -> Vec<(PathBuf, Vec<Object>)> {
    let pictures = [100, 400].map(|number| frame_png(dir, number));
    let mut arguments = vec!["detect", "--model", MODEL, "--json"];
    arguments.extend(pictures.iter().map(|picture| picture.to_str().unwrap()));
    let ended = run_viahe(arguments);
    ended.says(0, &[]);
    let objects = ended.stdout.iter().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let object = |object: &Value| {
            let [x0, y0, x1, y1] =
                serde_json::from_value::<[f64; 4]>(object["box_px"].clone()).unwrap();
            (object["class"].as_str().unwrap().to_owned(), [x0, y0, x1 - x0, y1 - y0])
        };
        line["objects"].as_array().unwrap().iter().map(object).collect()
    });
    pictures.into_iter().zip(objects.collect::<Vec<_>>()).collect()
}

fn classes(seen: &[(PathBuf, Vec<Object>)]) -> Vec<String> {
    let all = seen.iter().flat_map(|(_, objects)| objects);
    let mut classes: Vec<String> = all.map(|(class, _)| class.clone()).collect();
    classes.sort();
    classes.dedup();
    classes
}

/// As COCO, with `more` names of classes.
pub(crate) fn coco(dir: &Path, seen: &[(PathBuf, Vec<Object>)], more: &[&str]) -> PathBuf {
    let mut classes = classes(seen);
    classes.extend(more.iter().map(|name| (*name).to_owned()));
    let at = |class: &str| classes.iter().position(|other| other == class).unwrap();
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for (image, (path, objects)) in seen.iter().enumerate() {
        images.push(json!({"id": image, "file_name": path, "width": 768, "height": 576}));
        for (class, bbox) in objects {
            let id = annotations.len();
            annotations.push(json!({"id": id, "image_id": image, "category_id": at(class), "bbox": bbox, "area": bbox[2] * bbox[3], "iscrowd": 0}));
        }
    }
    let categories: Vec<Value> =
        classes.iter().enumerate().map(|(id, name)| json!({"id": id, "name": name})).collect();
    let file = dir.join("coco.json");
    write(
        &file,
        &json!({"images": images, "categories": categories, "annotations": annotations})
            .to_string(),
    );
    file
}

fn yolo(dir: &Path, seen: &[(PathBuf, Vec<Object>)]) -> PathBuf {
    let classes = classes(seen);
    let file = dir.join("yolo/data.yaml");
    write(&file, &format!("val: images\nnames: [{}]\n", classes.join(", ")));
    for (path, objects) in seen {
        let name = path.file_name().unwrap();
        let line = |(class, [x, y, w, h]): &Object| {
            let at = classes.iter().position(|other| other == class).unwrap();
            let [width, height] = SIZE;
            format!(
                "{at} {} {} {} {}\n",
                (x + w / 2.0) / width,
                (y + h / 2.0) / height,
                w / width,
                h / height
            )
        };
        let labels: String = objects.iter().map(line).collect();
        write(&dir.join("yolo/labels").join(name).with_extension("txt"), &labels);
        fs::create_dir_all(dir.join("yolo/images")).unwrap();
        fs::copy(path, dir.join("yolo/images").join(name)).unwrap();
    }
    file
}

fn voc(dir: &Path, seen: &[(PathBuf, Vec<Object>)]) -> PathBuf {
    let folder = dir.join("voc");
    for (path, objects) in seen {
        let name = path.file_name().unwrap();
        let object = |(class, [x, y, w, h]): &Object| {
            format!(
                "<object><name>{class}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>",
                x + 1.0,
                y + 1.0,
                x + w,
                y + h
            )
        };
        let objects: String = objects.iter().map(object).collect();
        let xml = format!(
            "<annotation><size><width>768</width><height>576</height></size>{objects}</annotation>"
        );
        write(&folder.join("Annotations").join(name).with_extension("xml"), &xml);
        fs::create_dir_all(folder.join("JPEGImages")).unwrap();
        fs::copy(path, folder.join("JPEGImages").join(name)).unwrap();
    }
    folder
}

#[test]
fn what_a_model_sees_is_found_again_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let seen = seen(dir.path());
    let count: usize = seen.iter().map(|(_, objects)| objects.len()).sum();
    assert!(count >= 6, "{seen:?}");
    let out = dir.path().join("out.json");
    for set in [coco(dir.path(), &seen, &[]), yolo(dir.path(), &seen), voc(dir.path(), &seen)] {
        let [set, json] = [&set, &out].map(|path| path.to_str().unwrap());
        let ended = run_viahe([
            "model",
            "eval",
            MODEL,
            set,
            "--confidence",
            "0.25",
            "--json",
            json,
            "--card",
        ]);
        ended.prints(
            0,
            &["mean of classes", "by how tall on the model's input", "[recall]", "px = "],
        );
        let told = read(&out);
        let report = &told["report"];
        let all = &report["mean"]["all"];
        let near = |of: &Value| (of.as_f64().unwrap() - 1.0).abs() < 1e-9;
        assert!(near(&all["ap"]) && near(&all["ap50"]) && near(&all["ar"]), "{set}: {all}");
        assert_eq!(all["objects"], count, "{set}");
        for row in report["classes"].as_array().unwrap() {
            assert_eq!(
                (&row["recall"], &row["precision"]),
                (&json!(1.0), &json!(1.0)),
                "{set}: {row}"
            );
        }
        let tall = report["heights"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|of| of["heights"].as_array().unwrap());
        assert_eq!(tall.map(|h| h["found"].as_u64().unwrap()).sum::<u64>(), count as u64, "{set}");
        assert_eq!((&told["model"], &told["left_out"]), (&json!(MODEL), &json!(0)));
    }
}

#[test]
fn what_is_not_measured_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = seen(dir.path());
    // Somebody calls the first object a tuk-tuk; another picture is gone, and a third of another size.
    let first = seen[0].1[0].0.clone();
    seen[0].1[0].0 = "tuk-tuk".into();
    seen.push((dir.path().join("gone.png"), Vec::new()));
    let small = dir.path().join("small.png");
    image::RgbImage::new(64, 64).save(&small).unwrap();
    seen.push((small, Vec::new()));
    let (set, out) = (coco(dir.path(), &seen, &["train"]), dir.path().join("out.json"));
    let [set, json] = [&set, &out].map(|path| path.to_str().unwrap());
    let eval =
        |more: &[&str]| run_viahe([&["model", "eval", MODEL, set, "--json", json], more].concat());
    let ended = eval(&[]);
    ended.says(
        2,
        &[
            "gone.png",
            "its labels are of 768x576 px, and it has 64x64",
            "2 pictures of",
            "were left out",
        ],
    );
    let told = read(&out);
    assert_eq!(told["classes_left_out"], json!(["tuk-tuk", "train"]), "{told}");
    assert_eq!(told["left_out"], 2);
    let labels = told["labels_left_out"].as_array().unwrap();
    assert!(
        labels.contains(&json!("furniture.umbrella")) && !labels.contains(&json!(first)),
        "{labels:?}"
    );
    eval(&["--map", &format!("tuk-tuk={first}")]).says(2, &["were left out"]);
    assert_eq!(read(&out)["classes_left_out"], json!(["train"]));
    eval(&["--map", "tuk-tuk=water.flood"])
        .says(2, &["the model tells nothing of class water.flood"]);
    eval(&["--map", "rickshaw=vehicle"]).says(2, &["the data set has no class \"rickshaw\""]);
    eval(&["--map", "tuk-tuk"]).says(2, &["write it like van=vehicle.car"]);
    run_viahe(["model", "eval", "no-such-model", set])
        .says(3, &["\"no-such-model\" is not installed"]);
    run_viahe(["model", "eval", MODEL, "/nowhere.json"]).says(2, &["/nowhere.json"]);
    run_viahe(["model", "eval", MODEL, set, "--json", set]).says(2, &["would be written over"]);
}

#[test]
fn models_are_compared_and_timed() {
    let dir = tempfile::tempdir().unwrap();
    let seen = seen(dir.path());
    let (set, out) = (coco(dir.path(), &seen, &[]), dir.path().join("out.json"));
    let [set, json] = [&set, &out].map(|path| path.to_str().unwrap());
    let ended = run_viahe(["model", "compare", MODEL, MODEL, set, "--json", json]);
    ended.prints(0, &["AP50-95", "before   after    gain", "+0.0", "mean of classes"]);
    let told = read(&out);
    assert_eq!(told[0]["report"], told[1]["report"]);
    let html = dir.path().join("out.html");
    run_viahe(["model", "compare", MODEL, MODEL, set, "--html", html.to_str().unwrap()])
        .says(0, &[]);
    let page = fs::read_to_string(&html).unwrap();
    let shown = [
        "AP50-95 by class",
        "Recall: which share",
        "person: which share is found by how tall",
        "<polyline",
    ];
    assert!(shown.iter().all(|part| page.contains(part)), "{page}");
    let ended =
        run_viahe(["model", "bench", MODEL, "--threads", "1,2", "--rounds", "2", "--json", json]);
    ended.prints(0, &["one session takes", "CPU-ms"]);
    let told = read(&out);
    assert!(told["memory_bytes"].as_u64().unwrap() > 1 << 20, "{told}");
    for (cost, threads) in told["by_threads"].as_array().unwrap().iter().zip([1, 2]) {
        assert_eq!((&cost["threads"], &cost["runs"]), (&json!(threads), &json!(10)));
        assert!(
            cost["cpu_ms"].as_f64().unwrap() > 0.0
                && cost["ms"].as_f64() <= cost["ms_p95"].as_f64()
        );
    }
    run_viahe(["model", "bench", MODEL, "--threads", "0"]).says(2, &["--threads 0: 1 to"]);
}

#[test]
fn tracks_are_scored_by_file_and_by_folder() {
    let fixtures = root().join("fixtures/evaluate");
    let said = read(&fixtures.join("said.json"))["tracks"].clone();
    let dir = tempfile::tempdir().unwrap();
    let (truth, tracks, out) =
        (dir.path().join("truth"), dir.path().join("tracks"), dir.path().join("out.json"));
    for name in ["street", "square", "grid"] {
        let [from_truth, from_tracks] = ["truth", "tracks"].map(|of| {
            fs::read_to_string(fixtures.join(format!("tracks/{name}.{of}.txt"))).unwrap()
        });
        // As MOTChallenge has it, and as others do.
        let place =
            if name == "grid" { "grid.txt".to_owned() } else { format!("{name}/gt/gt.txt") };
        write(&truth.join(place), &from_truth);
        write(&tracks.join(format!("{name}.txt")), &from_tracks);
    }
    let [truth_dir, tracks_dir, json] = [&truth, &tracks, &out].map(|path| path.to_str().unwrap());
    let html = dir.path().join("out.html");
    let page = html.to_str().unwrap();
    let ended = run_viahe(["track", "eval", truth_dir, tracks_dir, "--json", json, "--html", page]);
    let page = fs::read_to_string(&html).unwrap();
    assert!(["HOTA", "together", "<svg"].iter().all(|part| page.contains(part)), "{page}");
    ended.prints(0, &["HOTA", "together"]);
    let told = read(&out);
    for name in ["street", "square", "grid", "together"] {
        for figure in ["mota", "idf1", "hota", "id_switches", "fragments"] {
            let [got, want] = [&told, &said].map(|of| of[name][figure].as_f64().unwrap());
            assert!((got - want).abs() < 1e-9, "{name}: {figure} is {got}, and should be {want}");
        }
    }
    let (one, other) = (truth.join("grid.txt"), tracks.join("grid.txt"));
    let [one, other] = [&one, &other].map(|path| path.to_str().unwrap());
    run_viahe(["track", "eval", one, other]).prints(0, &["grid"]);
    run_viahe(["track", "eval", one, other, "--class", "9"])
        .says(2, &["nothing of class 9", "choose one with --class"]);
    run_viahe(["track", "eval", one, tracks_dir]).says(2, &["name two files or two folders"]);
    run_viahe(["track", "eval", one, other, "--json", one]).says(2, &["would be written over"]);
    write(&tracks.join("grid.txt"), "1,7,0,0,9,9,1\n1,7,0,0,9,9,1\n");
    run_viahe(["track", "eval", one, other])
        .says(2, &["grid.txt: line 2: id 7 is in frame 1 already"]);
    write(&tracks.join("grid.txt"), "5000,7,0,0,9,9,1\n");
    run_viahe(["track", "eval", one, other]).says(0, &["the tracks with 5000", "false alarms"]);
    fs::remove_file(tracks.join("grid.txt")).unwrap();
    run_viahe(["track", "eval", truth_dir, tracks_dir]).says(2, &["grid.txt is not there"]);
    run_viahe(["track"]).says(2, &["--input"]);
}
