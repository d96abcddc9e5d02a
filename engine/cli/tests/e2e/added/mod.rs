//! `viahe model add`: what is said of a model is found, what is guessed is tried, and what makes no sense is not written.

pub(crate) mod made;
mod own;
mod place;

use self::made::{BOX, CELLS, Made, NAMES, SIDE, ULTRALYTICS, rows, street, ultralytics};
use self::place::{Place, fact, is};
use std::fs;
use std::path::Path;
use viahe_testing::onnx::{self, Cover, F16, F32, Message, U8};

#[test]
fn what_ultralytics_wrote_down_is_found() {
    let place = Place::new();
    let file = place.write("YOLO11n street.onnx", ultralytics().bytes());
    let told = place.added(&file, &[]);
    assert_eq!(told["name"], "yolo11n-street");
    is(&told, "title", "found", "Ultralytics YOLO11n model trained on street.yaml");
    is(&told, "licence", "found", "AGPL-3.0-only");
    is(&told, "size", "found", "64x64 px");
    is(&told, "layout", "found", "nchw");
    is(&told, "colours", "found", "rgb, 0 to 1");
    is(&told, "fit", "found", "letterbox");
    is(&told, "head", "guessed", "yolox");
    is(&told, "labels", "found", "2 of 3 classes");
    assert_eq!(told["left_out"], serde_json::json!(["kite"]));
    let folder = place.models().join("yolo11n-street");
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["added.png", "model.toml", "yolo11n-street.onnx"]);
    assert_eq!(fs::read(&file).unwrap(), fs::read(folder.join("yolo11n-street.onnx")).unwrap());
    let mut seen = place.sees("yolo11n-street");
    seen.sort();
    assert_eq!(seen, ["person", "vehicle.car"]);

    // What is there stays; another name is offered.
    let text = fs::read(folder.join("model.toml")).unwrap();
    place
        .add(&file, &[])
        .says(2, &["yolo11n-street is installed already", "--name yolo11n-street-2"]);
    place.added(&file, &["--name", "yolo11n-street-2"]);
    assert_eq!(fs::read(folder.join("model.toml")).unwrap(), text);
}

#[test]
fn what_lies_beside_a_model_is_found() {
    // Hugging Face: the model in onnx/, its files above.
    let place = Place::new();
    let made = Made { outputs: street(), ..Made::default() };
    let file = place.write("onnx/model.onnx", made.bytes());
    let config = r#"{"model_type": "ssd", "id2label": {"0": "pedestrian", "1": "truck"}}"#;
    place.write("config.json", config);
    let processor = r#"{"do_normalize": false, "do_rescale": true, "rescale_factor": 0.00392156862745098,
        "do_resize": true, "resample": 3, "size": {"height": 64, "width": 64}}"#;
    place.write("preprocessor_config.json", processor);
    let told = place.added(&file, &["--name", "ssd-street", "--licence", "Apache-2.0"]);
    is(&told, "head", "guessed", "ssd");
    is(&told, "labels", "found", "2 of 2 classes");
    is(&told, "colours", "found", "rgb, 0 to 1");
    is(&told, "fit", "found", "stretch");
    is(&told, "licence", "given", "Apache-2.0");
    is(&told, "resampling", "default", "bilinear");
    assert_eq!(place.sees("ssd-street"), ["vehicle.truck"]);
    place.write("config.json", "{");
    place.add(&file, &["--name", "again"]).says(2, &["config.json, which lies beside the model"]);

    // Triton: the model in 1/, its configuration and the labels that this names above.
    let place = Place::new();
    let made =
        Made { input: (U8, [Some(1), None, None, None]), outputs: street(), ..Made::default() };
    let file = place.write("1/model.onnx", made.bytes());
    place.write("config.pbtxt", "name: \"kerb\" input [{ name: \"images\" data_type: TYPE_UINT8 format: FORMAT_NHWC dims: [ 64, 96, 3 ] }]
        output [{ name: \"scores\" dims: [ 1200, 2 ] label_filename: \"kerb.txt\" }, { name: \"boxes\" dims: [ 1200, 4 ] }]");
    place.write("kerb.txt", "bicycle\nlorry\n");
    let told = place.added(&file, &["--name", "kerb"]);
    is(&told, "title", "found", "kerb");
    is(&told, "size", "found", "96x64 px");
    is(&told, "layout", "found", "nhwc");
    is(&told, "labels", "found", "2 of 2 classes");
    is(&told, "licence", "default", "NOASSERTION");
    assert_eq!(place.sees("kerb"), ["vehicle.truck"]);
}

#[test]
fn bytes_and_half_floats_are_cast_at_the_edges() {
    let place = Place::new();
    for (name, element) in [("bytes", U8), ("halves", F16)] {
        let made = Made { input: (element, ultralytics().input.1), element: F16, ..ultralytics() };
        let file = place.write(&format!("{name}.onnx"), made.bytes());
        let told = place.added(&file, &[]);
        assert_eq!(told["changed"].as_array().unwrap().len(), 2, "{told:#}");
        assert_eq!(fact(&told, "colours").0, "found");
        let mut seen = place.sees(name);
        seen.sort();
        assert_eq!(seen, ["person", "vehicle.car"]);
    }
}

#[test]
fn what_a_runtime_is_too_old_for_is_lowered_where_that_changes_nothing() {
    let place = Place::new();
    let newest = Cover { ir: 14, opsets: &[("", 28)], metadata: &ULTRALYTICS };
    let made = Made { cover: newest, ..ultralytics() };
    let file = place.write("newest.onnx", made.bytes());
    let told = place.added(&file, &[]);
    assert!(told["changed"][0].as_str().unwrap().contains("opset 26, IR 13"), "{told:#}");
    assert_eq!(place.sees("newest").len(), 2);

    let place = Place::new();
    let cover = Cover { ir: 14, opsets: &[("", 28)], metadata: &ULTRALYTICS };
    let more = Some(onnx::node("SwiGLU", &["mean"], &["unread"], &[]));
    let file = place.write("newer.onnx", Made { cover, more, ..ultralytics() }.bytes());
    place.refused(&file, &[], 2, &["opset 28 and IR 14", "opset_version=17", "convert_version"]);
}

#[test]
fn a_head_that_reads_wrongly_is_told() {
    let place = Place::new();
    // As YOLOX's in its shape; its boxes are pixels all the same.
    let mut rows = vec![0.0; CELLS as usize * 8];
    for at in [20, 40, 60] {
        let [cx, cy, w, h] = BOX;
        rows[at * 8..at * 8 + 8].copy_from_slice(&[cx, cy, w, h, 0.95, 0.9, 0.0, 0.0]);
        rows[at * 8] += at as f32 / 4.0;
    }
    let made = Made { outputs: vec![("output", vec![1, CELLS, 8], rows)], ..Made::default() };
    let file = place.write("decoded.onnx", made.bytes());
    place.write("labels.txt", "person\ncar\nkite\n");
    // Who says so is believed no more than a guess.
    let wrong = "yolox, bgr, 0 to 255: 3 of 3 sure candidates are unusable";
    place.refused(&file, &["--head", "yolox"], 1, &["nothing sensible was seen", wrong]);
    // Unasked, the next guess is tried.
    is(&place.added(&file, &[]), "head", "guessed", "yolov5");
    assert_eq!(place.sees("decoded").len(), 3);
}

#[test]
fn a_candidate_may_be_a_column() {
    let place = Place::new();
    let mut values = vec![0.0; 7 * CELLS as usize];
    for (row, value) in BOX.into_iter().chain([0.0, 0.9]).enumerate() {
        values[row * CELLS as usize + 40] = value;
    }
    let made = Made { outputs: vec![("output0", vec![1, 7, CELLS], values)], ..ultralytics() };
    let file = place.write("columns.onnx", made.bytes());
    is(&place.added(&file, &[]), "head", "guessed", "yolov8");
    assert_eq!(place.sees("columns"), ["vehicle.car"]);
}

/// A car in one row of twenty, or in one cell of sixteen by sixteen, as each of the other heads has it.
#[test]
fn every_head_is_known_by_its_outputs() {
    let [cx, cy, w, h] = BOX;
    let [x0, y0, x1, y1] = [cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0];
    let side = SIDE as f32;
    let at = |row: usize, values: &[f32], rest: f32, len: usize| {
        let mut all = vec![rest; len];
        all[row * values.len()..][..values.len()].copy_from_slice(values);
        all
    };
    let boxes = |values: [f32; 4]| at(7, &values.map(|v| v / side), 0.0, 80);
    let rows = at(7, &[x0, y0, x1, y1, 0.9, 1.0], 0.0, 120);
    let logits = at(7, &[-9.0, 3.0, -9.0], -9.0, 60);
    // The cell of 4 px in which its centre lies.
    let cell = (cy / 4.0) as usize * 16 + (cx / 4.0) as usize;
    let of_cell = |values: &[f32]| {
        let mut map = vec![0.0; 256 * values.len()];
        for (channel, value) in values.iter().enumerate() {
            map[channel * 256 + cell] = *value;
        }
        map
    };
    let maps = |channels: u64| vec![1, channels, 16, 16];
    let heads = [
        ("yolov10", vec![("output0", vec![1, 20, 6], rows)]),
        (
            "detr",
            vec![
                ("logits", vec![1, 20, 3], logits),
                ("pred_boxes", vec![1, 20, 4], boxes([cx, cy, w, h])),
            ],
        ),
        (
            "centernet",
            vec![
                ("hm", maps(3), of_cell(&[0.0, 0.9, 0.0])),
                ("wh", maps(2), of_cell(&[w / 4.0, h / 4.0])),
                ("reg", maps(2), of_cell(&[(cx / 4.0).fract(), (cy / 4.0).fract()])),
            ],
        ),
        (
            "efficientdet",
            vec![
                ("detection_boxes", vec![1, 20, 4], boxes([y0, x0, y1, x1])),
                ("detection_scores", vec![1, 20], at(7, &[0.9], 0.0, 20)),
                ("detection_classes", vec![1, 20], at(7, &[2.0], 1.0, 20)),
            ],
        ),
    ];
    let place = Place::new();
    place.write("labels.txt", "person\ncar\nkite\n");
    for (head, outputs) in heads {
        let file =
            place.write(&format!("{head}.onnx"), Made { outputs, ..Made::default() }.bytes());
        is(&place.added(&file, &[]), "head", "guessed", head);
        assert_eq!(place.sees(head), ["vehicle.car"], "{head}");
    }
}

#[test]
fn what_cannot_be_found_out_is_asked_for() {
    let place = Place::new();
    let unnamed = Made { outputs: vec![rows(3)], ..Made::default() };
    let file = place.write("plain.onnx", unnamed.bytes());
    place.refused(&file, &[], 2, &["what its 3 classes are", "--labels FILE"]);
    let list = |text: &str| place.write("list", text).to_str().unwrap().to_owned();
    place.refused(
        &file,
        &["--labels", &list("person")],
        2,
        &["--labels lists 1 classes, and the graph has 3"],
    );
    let odd = list("kite\nfrisbee\nskis");
    place.refused(
        &file,
        &["--labels", &odd],
        2,
        &["none of its classes is one that rules speak of", "--map"],
    );
    let told = place.added(&file, &["--labels", &odd, "--map", "kite=waste", "--name", "mapped"]);
    is(&told, "labels", "given", "1 of 3 classes");
    assert_eq!(place.sees("mapped"), ["waste"]);
}

#[test]
fn nothing_is_written_of_what_sees_nothing() {
    let place = Place::new();
    let (name, shape, values) = rows(3);
    let blind = vec![0.0; values.len()];
    let cover = Cover { metadata: &ULTRALYTICS, ..Cover::default() };
    let made = Made { outputs: vec![(name, shape, blind)], cover, ..Made::default() };
    let file = place.write("blind.onnx", made.bytes());
    place.refused(
        &file,
        &[],
        1,
        &["nothing sensible was seen on the sample clip", "--picture", "--yes"],
    );
    place.add(&file, &["--yes", "--check"]).says(0, &[]);
    assert_eq!(fs::read_dir(place.models()).unwrap().count(), 0, "--check writes nothing");
    place.added(&file, &["--yes"]);
    assert!(place.sees("blind").is_empty());
}

#[test]
fn hostile_and_foreign_files_are_refused_before_they_run() {
    let place = Place::new();
    let good = ultralytics().bytes();
    let segment = [("names", NAMES), ("task", "segment")];
    let cover = Cover { metadata: &segment, ..Cover::default() };
    let segment = Made { cover, outputs: vec![rows(3)], ..Made::default() };
    let tensor = onnx::tensor("w", F32, &[1])
        .message(13, &Message::default().text(1, "location").text(2, "../../etc/passwd"));
    let external = onnx::model(&[], &[tensor], &[], &[]);
    let more = Some(onnx::node("NMS", &["mean"], &["unread"], &[]).text(7, "mmdeploy"));
    let custom = Made { more, ..ultralytics() };
    let classifier =
        Made { outputs: vec![("logits", vec![1, 1000], vec![0.0; 1000])], ..ultralytics() };
    let grey = Made { input: (F32, [Some(1), Some(1), Some(64), Some(64)]), ..ultralytics() };
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("empty", vec![], "cut off or is no ONNX file"),
        ("half", good[..good.len() / 2].to_vec(), "cut off or is no ONNX file"),
        ("text", b"version https://git-lfs.github.com/spec/v1".to_vec(), "no ONNX file"),
        ("external", external, "../../etc/passwd"),
        ("custom", custom.bytes(), "NMS of \"mmdeploy\""),
        ("segment", segment.bytes(), "task = \"segment\""),
        ("classifier", classifier.bytes(), "those of no head"),
        ("grey", grey.bytes(), "three colours"),
        ("orb", b"\x1c\x00\x00\x00ORTM".to_vec(), "ORT format"),
    ];
    for (name, bytes, word) in cases {
        let file = place.write(&format!("{name}.onnx"), bytes);
        place.refused(&file, &[], 2, &[word]);
    }
    place.refused(Path::new("/dev/zero"), &["--name", "zero"], 2, &["not a regular file"]);
    place.refused(&place.dir.path().join("none.onnx"), &[], 2, &["No such file"]);
}
