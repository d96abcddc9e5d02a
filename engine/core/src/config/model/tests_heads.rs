//! Each head, as `[output]` writes it.

use super::*;
use crate::model::{Activation, BoxUnit};

/// The SSD, 640 x 320 px, with another `[output]`.
fn with(output: &str) -> String {
    let (before, rest) = SSD.split_once("[output]").unwrap();
    let (_, after) = rest.split_once("[nms]").unwrap();
    let before =
        before.replace("width = 300", "width = 640").replace("height = 300", "height = 320");
    format!("{before}[output]\n{output}\n[nms]{after}")
}

const OUTPUTS: &[&str] = &[
    "head = \"yolov5\"\ntensor = \"t\"\ncandidates = 12600\nclasses = 3",
    "head = \"yolov8\"\ntensor = \"t\"\ncandidates = 4200\nclasses = 3",
    "head = \"yolov10\"\ntensor = \"t\"\ncandidates = 300\nclasses = 3",
    "head = \"detr\"\nscores = \"s\"\nboxes = \"b\"\ncandidates = 300\nclasses = 3",
    "head = \"centernet\"\nheatmap = \"h\"\nsizes = \"s\"\noffsets = \"o\"\nactivation = \"none\"\nstrides = [4]\ncandidates = 12800\nclasses = 3",
    "head = \"efficientdet\"\nboxes = \"b\"\nscores = \"s\"\nclass_numbers = \"c\"\nunit = \"fractions\"\ncandidates = 100\nclasses = 3",
];

#[test]
fn each_head_has_its_tensors() {
    let shapes: [&[(&str, &[usize])]; 6] = [
        &[("t", &[2, 12_600, 8])],
        &[("t", &[2, 7, 4_200])],
        &[("t", &[2, 300, 6])],
        &[("s", &[2, 300, 3]), ("b", &[2, 300, 4])],
        &[("h", &[2, 3, 80, 160]), ("s", &[2, 2, 80, 160]), ("o", &[2, 2, 80, 160])],
        &[("b", &[2, 100, 4]), ("s", &[2, 100]), ("c", &[2, 100])],
    ];
    for (output, want) in OUTPUTS.iter().zip(shapes) {
        let model = parse("model.toml", &with(output)).unwrap_or_else(|e| panic!("{output}: {e}"));
        assert!(output.contains(&format!("\"{}\"", model.head.name())), "{output}");
        let want: Vec<(&str, Vec<usize>)> =
            want.iter().map(|(name, shape)| (*name, shape.to_vec())).collect();
        assert_eq!(model.head.tensors(2), want);
        let rows = output.split("candidates = ").nth(1).unwrap().split('\n').next().unwrap();
        assert_eq!(model.head.candidates(), rows.parse::<usize>().unwrap(), "{output}");
        assert_eq!((model.head.classes(), model.labels.len()), (3, 3));
    }
}

#[test]
fn every_name_is_of_a_head() {
    let others = [SSD.to_owned(), yolox(), nanodet()];
    let texts = others.into_iter().chain(OUTPUTS.iter().map(|output| with(output)));
    let names: Vec<&str> =
        texts.map(|text| parse("model.toml", &text).unwrap().head.name()).collect();
    assert_eq!(names, Head::DETECTORS);
}

#[test]
fn units_and_activations_are_as_usual_unless_written() {
    let read = |text: &str| parse("model.toml", text).unwrap().head;
    for (at, key, want) in [
        (0, "", BoxUnit::Px),
        (1, "unit = \"px\"", BoxUnit::Px),
        (1, "unit = \"fractions\"", BoxUnit::Fractions),
        (2, "unit = \"fractions\"", BoxUnit::Fractions),
        (5, "", BoxUnit::Fractions),
    ] {
        let head = read(&with(&format!("{}\n{key}", OUTPUTS[at])));
        let (Head::Yolov5 { unit, .. }
        | Head::Yolov8 { unit, .. }
        | Head::Yolov10 { unit, .. }
        | Head::Efficientdet { unit, .. }) = head
        else {
            panic!("another head");
        };
        assert_eq!(unit, want, "{} {key}", OUTPUTS[at]);
    }
    for (at, key, want) in [
        (3, "", Activation::Sigmoid),
        (3, "activation = \"none\"", Activation::None),
        (3, "activation = \"softmax\"", Activation::Softmax),
        (4, "", Activation::None),
        (4, "activation = \"sigmoid\"", Activation::Sigmoid),
    ] {
        let written = |output: &str| match (at, key) {
            (4, "activation = \"sigmoid\"") => output.replace("activation = \"none\"", ""),
            _ => output.to_owned(),
        };
        // Of a softmax the last column is no class.
        let columns = if want == Activation::Softmax { "classes = 4" } else { "classes = 3" };
        let output = written(OUTPUTS[at]).replace("classes = 3", columns);
        let head = read(&with(&format!("{output}\n{key}")));
        let (Head::Detr { activation, .. } | Head::Centernet { activation, .. }) = head else {
            panic!("another head");
        };
        assert_eq!(activation, want, "{} {key}", OUTPUTS[at]);
    }
}

#[test]
fn what_is_wrong_with_an_output_is_told() {
    #[rustfmt::skip]
    let cases = [
        // which, what was changed                          the message says
        (0, "tensor = \"t\"", "",                           "`tensor` is missing, which head = \"yolov5\" reads"),
        (1, "candidates", "strides = [8]\ncandidates",      "`strides` is of no use with head = \"yolov8\""),
        (2, "candidates", "activation = \"none\"\ncandidates", "`activation` is of no use with head = \"yolov10\""),
        (2, "candidates", "unit = \"cells\"\ncandidates",   "not one of the options"),
        (3, "candidates", "unit = \"px\"\ncandidates",      "`unit` is of no use with head = \"detr\""),
        (3, "boxes = \"b\"", "",                            "`boxes` is missing"),
        (4, "strides = [4]", "strides = [4, 8]",            "one map, so one stride"),
        (4, "strides = [4]", "strides = [3]",               "stride 3 does not divide 640x320 px"),
        (4, "strides = [4]", "strides = [8]",               "12800 candidates, but the grids have 3200 cells"),
        (4, "\"none\"", "\"softmax\"",                  "has a map of its own"),
        (4, "activation = \"none\"", "",                  "add `activation = \"sigmoid\"`"),
        (4, "heatmap = \"h\"", "",                          "`heatmap` is missing"),
        (4, "offsets = \"o\"", "",                          "add `offsets = \"reg\"`"),
        (5, "unit = \"fractions\"", "",                     "`unit` is missing, which head = \"efficientdet\" reads"),
        (5, "class_numbers = \"c\"", "",                    "`class_numbers` is missing"),
    ];
    for (at, from, to, want) in cases {
        let told = parse("model.toml", &with(&OUTPUTS[at].replacen(from, to, 1))).unwrap_err();
        assert!(told.to_string().contains(want), "{} {to:?}: {told}", OUTPUTS[at]);
    }
}

/// With softmax the last column is no object, so that nothing can be called so.
#[test]
fn no_object_has_no_label() {
    let softmax = format!("{}\nactivation = \"softmax\"", OUTPUTS[3]);
    let told = parse("model.toml", &with(&softmax)).unwrap_err().to_string();
    assert!(told.contains("the model has classes 0 to 1"), "{told}");
    let four = with(&softmax.replace("classes = 3", "classes = 4"));
    let model = parse("model.toml", &four).unwrap();
    assert_eq!((model.labels.len(), model.head.classes()), (3, 4));
    let alone = parse("model.toml", &with(&softmax.replace("classes = 3", "classes = 1")));
    assert!(alone.unwrap_err().to_string().contains("the last class is no object"));
}

/// A map of cells follows the size of the input.
#[test]
fn a_map_may_have_other_sizes() {
    let sizes = |output: &str, sizes: &str| {
        with(output).replace("height = 320", &format!("height = 320\nsizes = {sizes}"))
    };
    let model = parse("model.toml", &sizes(OUTPUTS[4], "[[320, 256]]")).unwrap();
    let small = model.at([320, 256]).head;
    assert_eq!(small.tensors(1)[0].1, [1, 3, 64, 80]);
    let told = parse("model.toml", &sizes(OUTPUTS[4], "[[322, 256]]")).unwrap_err();
    assert!(told.to_string().contains("stride 4 does not divide 322x256 px"), "{told}");
    let told = parse("model.toml", &sizes(OUTPUTS[1], "[[320, 256]]")).unwrap_err();
    assert!(told.to_string().contains("head = \"yolov8\" are made for one size"), "{told}");
}
