use super::*;
use crate::model::CellPoint;

#[path = "tests_heads.rs"]
mod heads;

const SSD: &str = r#"name = "ssdlite-coco"
version = 1
title = "SSDLite"
licence = "Apache-2.0"
file = "ssdlite-coco.onnx"
sha256 = "b5657e3465947a4a109aa95cfcbf73cfa64304ec4dccb0c1242f7911c6c8c471"
recipe = "make setup"
[input]
name = "image"
width = 300
height = 300
batch = "any"
layout = "nhwc"
channels = "rgb"
fit = "stretch"
mean = [0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
[output]
head = "ssd"
scores = "scores"
boxes = "boxes"
candidates = 1917
classes = 90
[nms]
iou = 0.5
confidence_min = 0.25
[labels]
0 = "person"
2 = "vehicle.car"
"#;

fn yolox() -> String {
    SSD.replace("batch = \"any\"", "batch = 1")
        .replace("= 300", "= 416")
        .replace("fit = \"stretch\"", "fit = \"letterbox\"\npad_value = 114.0")
        .replace(
            "head = \"ssd\"\nscores = \"scores\"\nboxes = \"boxes\"",
            "head = \"yolox\"\ntensor = \"output\"\nstrides = [8, 16, 32]",
        )
        .replace("1917", "3549")
}

#[test]
fn ssd_reads() {
    let model = parse("model.toml", SSD).unwrap();
    assert_eq!(model.name.as_str(), "ssdlite-coco");
    assert_eq!(model.batch, Batch::Any);
    assert_eq!(model.input.fit, FitMode::Stretch);
    assert_eq!(model.labels.len(), 90);
    assert_eq!(model.labels[2].as_ref().unwrap().as_str(), "vehicle.car");
    assert_eq!(model.labels[1], None);
    let shapes = model.head.tensors(2);
    assert_eq!(shapes, [("scores", vec![2, 1917, 90]), ("boxes", vec![2, 1917, 4])]);
}

#[test]
fn labels_outside_the_taxonomy_are_refused() {
    for (label, remedy) in
        [("vehicle.caar", "did you mean \"vehicle.car\"?"), ("robot", "add it there")]
    {
        let text = SSD.replace("vehicle.car", label);
        let told = parse("model.toml", &text).unwrap_err().to_string();
        assert!(told.starts_with("model.toml:29: labels.2:"), "{told}");
        assert!(told.contains(label) && told.contains(remedy), "{told}");
    }
    let mut taxonomy = Taxonomy::builtin();
    taxonomy
        .extend("own.toml", "[class]\n\"robot\" = { en = \"Robot\", vi = \"Rô bốt\" }")
        .unwrap();
    let own = SSD.replace("vehicle.car", "robot");
    assert!(parse_with("model.toml", &own, &taxonomy).is_ok());
}

#[test]
fn yolox_reads() {
    let model = parse("model.toml", &yolox()).unwrap();
    assert_eq!(model.batch, Batch::Fixed(1));
    assert_eq!(model.input.fit, FitMode::Letterbox { pad: 114.0 });
    assert_eq!(model.head.tensors(1), [("output", vec![1, 3549, 95])]);
}

fn nanodet() -> String {
    let own = "head = \"nanodet\"\nbins = 11\npoint = \"middle\"";
    yolox().replace("head = \"yolox\"", own)
}

#[test]
fn nanodet_reads() {
    let model = parse("model.toml", &nanodet()).unwrap();
    // 90 scores, and four sides of 11 distances.
    assert_eq!(model.head.tensors(1), [("output", vec![1, 3549, 134])]);
    let small = model.at([416, 256]).head;
    assert_eq!(small.tensors(1), [("output", vec![1, 2184, 134])]);
    // NanoDet-Plus: a fourth grid of 7 x 7 cells, the last of which reach past the edge.
    let plus = nanodet()
        .replace("32]", "32, 64]")
        .replace("3549", "3598")
        .replace("bins = 11", "bins = 8")
        .replace("middle", "corner");
    let Head::Nanodet { point, bins, .. } = parse("model.toml", &plus).unwrap().head else {
        panic!("another head");
    };
    assert_eq!((point, bins), (CellPoint::Corner, 8));
    for (from, to, want) in [
        ("bins = 11\n", "", "`bins` is missing"),
        ("point = \"middle\"", "", "`point` is missing"),
        ("point = \"middle\"", "point = \"centre\"", "not one of the options"),
        ("bins = 11", "bins = 1", "must be from 2 to 64"),
        ("3549", "3548", "the grids have 3549 cells"),
        ("bins = 11", "bins = 11\nboxes = \"boxes\"", "`boxes` is of no use"),
    ] {
        let told = parse("model.toml", &nanodet().replace(from, to)).unwrap_err().to_string();
        assert!(told.contains(want), "{to:?}: {told}");
    }
    let told = parse("model.toml", &yolox().replace("strides", "bins = 11\nstrides")).unwrap_err();
    assert!(told.to_string().contains("`bins` is of no use with head = \"yolox\""), "{told}");
}

#[test]
fn scores_are_calibrated_where_somebody_fitted_them() {
    assert_eq!(parse("model.toml", SSD).unwrap().scores, None);
    let with = |slope: &str| {
        let fitted = "data = \"d\"\ndate = \"2026-11-30\"\n";
        let table = format!("[scores]\nslope = {slope}\noffset = -0.5\n{fitted}");
        parse("model.toml", &SSD.replace("[labels]", &format!("{table}[labels]")))
    };
    assert_eq!(with("2.5").unwrap().scores, Some(Scores { slope: 2.5, offset: -0.5 }));
    for slope in ["0.0", "-1.0", "nan", "21.0"] {
        assert!(with(slope).unwrap_err().to_string().contains("scores.slope"), "{slope}");
    }
}

#[test]
fn all_problems_at_once() {
    let text = SSD
        .replace("\"ssdlite-coco\"", "\"SSD Lite\"")
        .replace("version = 1", "version = 0")
        .replace("\"ssdlite-coco.onnx\"", "\"../../etc/passwd\"")
        .replace("sha256 = \"b5", "sha256 = \"B5")
        .replace("width = 300", "width = 300.0\ncolour = 1")
        .replace("std = [1.0, 1.0", "std = [1.0, 0.0")
        .replace("\"ssd\"", "\"yolov4\"")
        .replace("iou = 0.5", "iou = nan")
        .replace("0 = \"person\"", "-1 = \"Person\"");
    let err = parse("models/x/model.toml", &text).unwrap_err();
    insta::assert_snapshot!(err);
}

#[test]
fn one_mistake_one_message() {
    #[rustfmt::skip]
    let cases = [
        // what was changed                                  line  the message says
        ("recipe = \"make setup\"\n", "",                       1, "`recipe` is missing"),
        ("[nms]", "[nmz]",                                      1, "`nms` is missing"),
        ("batch = \"any\"", "batch = 0",                       12, "must be from 1 to 64, got 0"),
        ("batch = \"any\"", "batch = \"some\"",                12, "neither"),
        ("layout = \"nhwc\"", "layout = \"hwc\"",              13, "not one of the options"),
        ("fit = \"stretch\"", "fit = \"letterbox\"",           15, "`pad_value` is missing"),
        ("fit = \"stretch\"", "fit = \"stretch\"\npad_value = 1.0", 16, "no use"),
        ("mean = [0, 0.0, 0.0]", "mean = [0.0]",               16, "must be a list of 3 numbers"),
        ("mean = [0, 0.0, 0.0]", "mean = [0.0, inf, 0.0]",     16, "must be a list of 3 numbers"),
        ("candidates = 1917", "candidates = 199999",           22, "too many"),
        ("confidence_min = 0.25", "confidence_min = 1.5",      26, "must be from 0 to 1, got 1.5"),
        ("2 = \"vehicle.car\"", "90 = \"vehicle.car\"",        29, "classes 0 to 89"),
        ("2 = \"vehicle.car\"", "02 = \"vehicle.car\"",        29, "not a class number"),
        ("0 = \"person\"\n2 = \"vehicle.car\"\n", "",          27, "the table is empty"),
        ("boxes = \"boxes\"\n", "",                           19, "`boxes` is missing"),
        ("iou = 0.5", "iou = 0.0",                             25, "more than 0"),
        ("fit = \"stretch\"", "fit = \"stretch\"\nfitt = 1",  16, "not a known key"),
        ("boxes = \"boxes\"", "boxes = \"boxes\"\ntensor = \"t\"", 22, "`tensor` is of no use"),
    ];
    for (from, to, line, want) in cases {
        let text = SSD.replace(
            "classes = 90",
            if to.contains("199999") { "classes = 9000" } else { "classes = 90" },
        );
        let err = parse("model.toml", &text.replace(from, to)).unwrap_err();
        let first = &err.problems[0];
        assert!(first.line == line && first.what.contains(want), "{from:?} -> {to:?}: {err}");
        assert!(err.problems.iter().all(|p| !p.remedy.is_empty()), "{err}");
    }
}

#[test]
fn grids_must_agree() {
    let err = parse("model.toml", &yolox().replace("3549", "3548")).unwrap_err();
    assert!(err.to_string().contains("the grids have 3549 cells"), "{err}");
    let err = parse("model.toml", &yolox().replace("32]", "33]")).unwrap_err();
    assert!(err.to_string().contains("stride 33 does not divide 416x416"), "{err}");
}

/// A head that reckons in cells of a grid follows the size of its input; others do not, and say so.
#[test]
fn sizes_are_read_for_heads_that_follow_them() {
    let with =
        |sizes: &str| yolox().replace("height = 416", &format!("height = 416\nsizes = {sizes}"));
    let model = parse("model.toml", &with("[[416, 256], [256, 256]]")).unwrap();
    assert_eq!(model.sizes, [[416, 256], [256, 256]]);
    let wide = model.at([416, 256]);
    assert_eq!((wide.input.size(), wide.sizes.len()), ([416, 256], 0));
    // 52 x 32, 26 x 16 and 13 x 8 cells.
    assert_eq!(wide.head.tensors(2), [("output", vec![2, 2184, 95])]);
    assert_eq!(model.at([416, 416]).head, model.head);
    for (sizes, want) in [
        ("[[416, 250]]", "stride 8 does not divide 416x250 px"),
        ("[[416, 240]]", "stride 32 does not divide 416x240 px"),
        ("[[256, 256], [256, 256]]", "256x256 px is listed twice"),
        ("[[416, 416]]", "416x416 px are no fewer than those of its own size"),
        ("[[640, 320]]", "640x320 px are no fewer"),
        (
            "[[416, 256.0]]",
            "must be a list of 1 to 3 [columns, rows], whole numbers from 8 to 4096",
        ),
        ("[416, 256]", "must be a list of 1 to 3"),
        ("[[32, 32], [64, 64], [96, 96], [128, 128]]", "must be a list of 1 to 3"),
        ("[]", "must be a list of 1 to 3"),
    ] {
        let err = parse("model.toml", &with(sizes)).unwrap_err();
        assert!(err.problems[0].line == 12 && err.to_string().contains(want), "{sizes}: {err}");
    }
    let err =
        parse("model.toml", &SSD.replace("height = 300", "height = 300\nsizes = [[256, 256]]"));
    let told = err.unwrap_err().to_string();
    assert!(told.contains("model.toml:12") && told.contains("made for one size"), "{told}");
}

#[test]
fn broken_toml_names_the_lines() {
    let err = parse("model.toml", "name = \nversion 1\n").unwrap_err();
    assert!(err.problems.iter().any(|p| p.line == 2), "{err}");
}

/// The SSD with these rows of `[recall]`.
fn recalled(rows: &str) -> String {
    let recall = "[recall]\ndata = \"a street\"\nmachine = \"a box\"\ndate = \"2026-11-30\"\n";
    SSD.replace("[labels]", &format!("{recall}height = [{rows}]\n[labels]"))
}

#[test]
fn the_least_height_is_that_from_which_on_half_are_found() {
    let least = |rows: &str| {
        let model = parse("model.toml", &recalled(rows)).unwrap_or_else(|e| panic!("{e}"));
        model.recall.unwrap().height_min_px()
    };
    let three = |a: f64, b: f64, c: f64| {
        format!(
            "{{ px = 10, share = {a} }}, {{ px = 20.5, share = {b} }}, {{ px = 30, share = {c} }}"
        )
    };
    assert_eq!(least(&three(0.1, 0.5, 0.9)), Some(20.5));
    assert_eq!(least(&three(0.6, 0.4, 0.9)), Some(30.0), "not where it was luck");
    assert_eq!(least(&three(0.6, 0.7, 0.4)), None, "not even the tallest");
    assert_eq!(parse("model.toml", SSD).unwrap().recall, None);
}

#[test]
fn a_recall_that_nobody_can_have_measured_is_refused() {
    for (rows, where_) in [
        ("{ px = 20, share = 0.5 }, { px = 20, share = 0.6 }", "no taller than the one before"),
        ("{ px = 301, share = 0.5 }", "300 px high"),
        ("{ px = 20, share = 1.5 }", "share"),
    ] {
        let told = parse("model.toml", &recalled(rows)).unwrap_err().to_string();
        assert!(told.contains(where_), "{rows}: {told}");
    }
    let undated = recalled("{ px = 20, share = 0.5 }").replace("date = \"2026-11-30\"\n", "");
    let told = parse("model.toml", &undated).unwrap_err().to_string();
    assert!(told.contains("date"), "{told}");
}

#[test]
fn weights_in_other_precisions_are_one_of_each() {
    let sha256 = "5".repeat(64);
    let variant = |precision: &str, file: &str| {
        format!(
            "[[variant]]\nprecision = \"{precision}\"\nfile = \"{file}\"\nsha256 = \"{sha256}\"\n"
        )
    };
    let both = variant("int8", "a.onnx") + &variant("fp16", "b.onnx");
    let model = parse("model.toml", &(SSD.to_owned() + &both)).unwrap();
    let int8 = model.in_precision(Precision::Int8).unwrap();
    assert_eq!((int8.precision, int8.file.as_str()), (Precision::Int8, "a.onnx"));
    assert_eq!(int8.sha256.to_string(), sha256);
    assert_eq!(model.in_precision(Precision::Fp32), Some(model.clone()));
    let plain = parse("model.toml", SSD).unwrap();
    assert_eq!(plain.in_precision(Precision::Int8), None);
    for (variants, want) in [
        (both.replace("fp16", "int8"), "there are two in int8"),
        (both.replace("b.onnx", "a.onnx"), "\"a.onnx\" is the file of another precision"),
        (both.replace("b.onnx", "ssdlite-coco.onnx"), "is the file of another precision"),
        (both.replace("fp16", "fp32"), "not one of the options"),
        (both.replace("file = \"a.onnx\"\n", ""), "`file` is missing"),
    ] {
        let told = parse("model.toml", &(SSD.to_owned() + &variants)).unwrap_err().to_string();
        assert!(told.contains(want), "{want:?}: {told}");
    }
}
