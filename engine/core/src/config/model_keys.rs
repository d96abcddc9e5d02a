//! The keys of a model file, and of the taxonomy to which its labels belong.

use super::problem::Fault;
use super::schema::Kind::{self, Number, Numbers, OneOf, Sizes, Table, Tables, Text};
use super::schema::Kind::{Whole, WholeOr, Wholes};
use super::schema::Need::{self, Optional, Required};
use super::schema::{CLASS, DATE, Form, Key, NAME, TEXT, form, key};
use crate::model::{
    BATCH_MAX, BINS_MAX, CANDIDATES_MAX, CLASSES_MAX, Head, INPUT_SIDE_PX_MAX, Precision, SIZES_MAX,
};
use viahe_contract::sha256::Sha256;

/// Most grids of a head.
const STRIDES_MAX: usize = 8;

#[expect(clippy::cast_possible_wrap, reason = "the limits of a model are far below")]
const fn limit(of: usize) -> i64 {
    of as i64
}

/// Weights stay in their folder: a plain file name, no path.
static FILE_NAME: Form = form("file name", r"^[^./\\][^/\\]{0,119}$", |text| {
    let plain = !text.starts_with('.') && !text.contains(['/', '\\', '\0']) && text.len() <= 120;
    if plain && !text.trim().is_empty() {
        return Ok(());
    }
    Err(Fault::not_a(text, "a plain file name", "keep the weights in the model's folder"))
});
static SHA256: Form = form("SHA-256", "^[0-9a-f]{64}$", |text| match Sha256::try_from(text) {
    Ok(_) => Ok(()),
    Err(_) => Err(Fault::not_a(text, "a SHA-256", "copy the 64 digits that sha256sum prints")),
});
static CLASS_NUMBER: Form = form("class number", "^(0|[1-9][0-9]*)$", |text| {
    let number = text.parse::<usize>().is_ok_and(|number| number.to_string() == text);
    if number {
        return Ok(());
    }
    Err(Fault::not_a(
        text,
        "a class number",
        "count the model's classes from 0: `2 = \"vehicle.car\"`",
    ))
});

/// `model.toml`.
pub(super) static MODEL_FILE: &[Key] = &[
    key("name", Text(&NAME), Required, r#""ssdlite-coco""#, "The name of its folder."),
    key(
        "version",
        Whole { min: 1, max: u32::MAX as i64 },
        Required,
        "1",
        "Raised when the same name begins to mean another file or another mapping.",
    ),
    key("title", Text(&TEXT), Required, r#""SSDLite MobileNetV2, COCO""#, "For people."),
    key("licence", Text(&TEXT), Required, r#""Apache-2.0""#, "Of the weights, as SPDX writes it."),
    key(
        "file",
        Text(&FILE_NAME),
        Required,
        r#""ssdlite-coco.onnx""#,
        "The weights, beside this file or in the folder of its name under `VIAHE_DEPS`.",
    ),
    key(
        "sha256",
        Text(&SHA256),
        Required,
        r#""b5657e3465947a4a109aa95cfcbf73cfa64304ec4dccb0c1242f7911c6c8c471""#,
        "Of the weights.",
    ),
    key(
        "recipe",
        Text(&TEXT),
        Required,
        r#""make setup""#,
        "The command that brings the weights, shown when they are missing.",
    ),
    key(
        "variant",
        Tables(VARIANT),
        Optional,
        "",
        "The same weights in another precision, with the same inputs and outputs. Where `viahe tune` has measured that \
         looks cost less with them on the box, they are used there.",
    ),
    key("input", Table(INPUT), Required, "", "What the model must be fed."),
    key("output", Table(OUTPUT), Required, "", "How its output reads."),
    key(
        "nms",
        Table(NMS),
        Optional,
        "",
        "Which boxes count. Every detector needs it; a classifier has no boxes.",
    ),
    key(
        "crop",
        Table(CROP),
        Optional,
        "",
        "What a classifier is shown, see [classifiers](#classifiers): it needs it, and no other head reads it.",
    ),
    key(
        "scores",
        Table(SCORES),
        Optional,
        "",
        "What makes its scores mean what those of other models do, so that a rule's `confidence_min` need not know which \
         model looks. Without it scores count as the model gives them.",
    ),
    key(
        "recall",
        Table(RECALL),
        Optional,
        "",
        "Which share of people it finds by how tall they are, where somebody measured it. The zone editor of a centre \
         shades where people look less tall than the least height from which on at least half of them are found.",
    ),
    key(
        "labels",
        Kind::Entries { keys: &CLASS_NUMBER, values: &CLASS },
        Required,
        r#"{ 0 = "person", 2 = "vehicle.car" }"#,
        "What the model's classes mean, by their numbers: classes of `models/taxonomy.toml`, or of \
         one beside a site's own models. A class that is not listed is ignored.",
    ),
];

static VARIANT: &[Key] = &[
    key("precision", OneOf(Precision::NAMES), Required, r#""int8""#, "Of what the weights are."),
    key(
        "file",
        Text(&FILE_NAME),
        Required,
        r#""ssdlite-coco.int8.onnx""#,
        "The weights, where `file` would be.",
    ),
    key(
        "sha256",
        Text(&SHA256),
        Required,
        r#""b5657e3465947a4a109aa95cfcbf73cfa64304ec4dccb0c1242f7911c6c8c471""#,
        "Of these weights.",
    ),
];

static INPUT: &[Key] = &[
    key("name", Text(&TEXT), Required, r#""image""#, "The input tensor, of 32-bit floats."),
    key("width", SIDE, Required, "300", "Its columns, px."),
    key("height", SIDE, Required, "300", "Its rows, px."),
    key(
        "sizes",
        Sizes { most: SIZES_MAX - 1, min: SIDE_MIN, max: limit(INPUT_SIDE_PX_MAX) },
        Optional,
        "[[416, 320], [416, 256]]",
        "Smaller sizes that the graph takes as well, where it leaves columns and rows open: each image is \
         of the cheapest one that shows no less than `width` x `height`. Only of a head that follows \
         the size, as `yolox`, `nanodet` and `centernet` do; every stride divides each side.",
    ),
    key(
        "batch",
        WholeOr { word: "any", min: 1, max: limit(BATCH_MAX) },
        Required,
        r#""any""#,
        "How many images the graph takes at once: any number, or just so many.",
    ),
    key(
        "layout",
        OneOf(&["nhwc", "nchw"]),
        Required,
        r#""nhwc""#,
        "Whether the channels come last or first.",
    ),
    key(
        "channels",
        OneOf(&["rgb", "bgr"]),
        Required,
        r#""rgb""#,
        "Their order, as the model was trained with.",
    ),
    key(
        "fit",
        OneOf(&["stretch", "letterbox"]),
        Required,
        r#""stretch""#,
        "How a picture is fitted in: stretched, or scaled in its own shape and placed top left.",
    ),
    key(
        "pad_value",
        Number { min: 0.0, max: 255.0 },
        Optional,
        "114.0",
        "What fills the rest of a `letterbox`, before `mean` and `std`; required with it.",
    ),
    key(
        "mean",
        CHANNELS,
        Required,
        "[0.0, 0.0, 0.0]",
        "In the order of `channels`: the model is fed (8-bit value - mean) / std.",
    ),
    key("std", CHANNELS, Required, "[1.0, 1.0, 1.0]", "See `mean`; none is 0."),
    key(
        "contrast_gain_max",
        Number { min: 1.0, max: 8.0 },
        Optional,
        "3.0",
        "Pictures of little contrast, by night or in haze, are stretched up to so many times before the model sees them, \
         see [little light](#little-light). Without it all are left as they are: give it where you measured that the model \
         finds more.",
    ),
];

const SIDE_MIN: i64 = 8;
const SIDE: Kind = Whole { min: SIDE_MIN, max: limit(INPUT_SIDE_PX_MAX) };
const CHANNELS: Kind = Numbers { count: 3, min: -1e9, max: 1e9 };

static OUTPUT: &[Key] = &[
    key("head", OneOf(Head::NAMES), Required, r#""ssd""#, "Its layout, see [heads](#heads)."),
    key(
        "tensor",
        Text(&TEXT),
        Optional,
        r#""output""#,
        "Of `yolox`, `nanodet`, `yolov5`, `yolov8`, `yolov10` and `classifier`: the only tensor.",
    ),
    key(
        "scores",
        Text(&TEXT),
        Optional,
        r#""scores""#,
        "Of `ssd`, `detr` and `efficientdet`: the tensor of the scores.",
    ),
    key(
        "boxes",
        Text(&TEXT),
        Optional,
        r#""boxes""#,
        "Of `ssd`, `detr` and `efficientdet`: the tensor of the boxes.",
    ),
    key(
        "class_numbers",
        Text(&TEXT),
        Optional,
        r#""detection_classes""#,
        "Of `efficientdet`: the tensor of the class numbers.",
    ),
    key("heatmap", Text(&TEXT), Optional, r#""hm""#, "Of `centernet`: the tensor of the scores."),
    key(
        "sizes",
        Text(&TEXT),
        Optional,
        r#""wh""#,
        "Of `centernet`: the tensor of widths and heights.",
    ),
    key(
        "offsets",
        Text(&TEXT),
        Optional,
        r#""reg""#,
        "Of `centernet`: the tensor of where in its cell a centre lies.",
    ),
    key(
        "unit",
        OneOf(&["px", "fractions"]),
        Optional,
        r#""px""#,
        "What boxes are written in: pixels of the input, or fractions of its width and height. Of `yolov5`, `yolov8` \
         and `yolov10`, where it is `px` unless written, and of `efficientdet`, which must say.",
    ),
    key(
        "activation",
        OneOf(&["none", "sigmoid", "softmax"]),
        Optional,
        r#""sigmoid""#,
        "What makes probabilities of the scores. Of `detr`, `sigmoid` unless written; `none` where they are probabilities \
         already, `softmax` where the last column is no object. Of `centernet`, which must say: `sigmoid` where the \
         heatmap holds logits, as in most exports, else `none`. Of `classifier`, which must say: `softmax` of all columns, \
         `sigmoid` of each, or `none`.",
    ),
    key(
        "strides",
        Wholes { most: STRIDES_MAX, min: 1, max: 1024 },
        Optional,
        "[8, 16, 32]",
        "Of `yolox` and `nanodet`: px of the input for a cell, one grid after the other. Of `centernet`: of its only map, \
         often `[4]`.",
    ),
    key(
        "bins",
        Whole { min: 2, max: limit(BINS_MAX) },
        Optional,
        "11",
        "Of `nanodet`: how many distances a side of a box may have, 0, 1, 2 … cells (`reg_max` + 1).",
    ),
    key(
        "point",
        OneOf(&["middle", "corner"]),
        Optional,
        r#""middle""#,
        "Of `nanodet`: from where in its cell distances are; NanoDet the middle, NanoDet-Plus the upper left corner.",
    ),
    key(
        "candidates",
        Whole { min: 1, max: limit(CANDIDATES_MAX) },
        Optional,
        "1917",
        "Of all detectors: how many boxes the output has: its rows, of `yolov8` its columns, of `centernet` the cells of its map.",
    ),
    key(
        "classes",
        Whole { min: 1, max: limit(CLASSES_MAX) },
        Required,
        "90",
        "How many classes the model tells apart: columns of scores, of `detr` with softmax also the one that is no object. \
         Of `yolov10` and `efficientdet` one more than the largest class number, of `classifier` 64 at most.",
    ),
];

static NMS: &[Key] = &[
    key(
        "iou",
        SHARE,
        Required,
        "0.5",
        "Boxes of one class that overlap by more are one object. More than 0.",
    ),
    key(
        "confidence_min",
        SHARE,
        Required,
        "0.25",
        "Weaker candidates are ignored: of the confidence that `[scores]` makes, where there is one. More than 0.",
    ),
];

static CROP: &[Key] = &[
    key(
        "of",
        Kind::List(&CLASS),
        Required,
        r#"["person"]"#,
        "It is shown things of these classes and of their kinds; each of its labels is a kind of one of them.",
    ),
    key(
        "top",
        SHARE,
        Need::Number(0.0),
        "0.0",
        "Where the part that it is shown begins, in heights of the thing's box from its top.",
    ),
    key(
        "bottom",
        SHARE,
        Need::Number(1.0),
        "0.3",
        "Where it ends: 0.3 of a person is the head and the shoulders.",
    ),
    key(
        "margin",
        Number { min: 0.0, max: 2.0 },
        Need::Number(0.0),
        "0.1",
        "Added on each side, as a share of the part's width and height.",
    ),
    key(
        "height_min_px",
        Number { min: 1.0, max: 4096.0 },
        Required,
        "60",
        "Less tall things are not shown: height of the whole box, in px of the frame.",
    ),
];

static SCORES: &[Key] = &[
    key(
        "slope",
        Number { min: 0.1, max: 20.0 },
        Required,
        "2.9",
        "ln(c / (1 - c)) of a confidence c is so many times that of the score.",
    ),
    key(
        "offset",
        Number { min: -20.0, max: 20.0 },
        Required,
        "2.9",
        "What is added to that; more than 0 of a model that is too unsure of itself.",
    ),
    key(
        "data",
        Text(&TEXT),
        Required,
        r#""612 boxes of the sample clip""#,
        "On what it was fitted, and what counted as right.",
    ),
    key("date", Text(&DATE), Required, r#""2026-11-30""#, "When."),
];

static RECALL: &[Key] = &[
    key(
        "data",
        Text(&TEXT),
        Required,
        r#""12 people of the sample clip, made smaller""#,
        "On what it was measured, and what counted as found.",
    ),
    key("machine", Text(&TEXT), Required, r#""2 shared vCPU""#, "Where."),
    key("date", Text(&DATE), Required, r#""2026-11-30""#, "When."),
    key(
        "height",
        Tables(RECALL_HEIGHT),
        Required,
        "",
        "What was found, from the least height to the tallest.",
    ),
];

static RECALL_HEIGHT: &[Key] = &[
    key(
        "px",
        Number { min: 1.0, max: INPUT_SIDE_PX_MAX as f64 },
        Required,
        "24",
        "How tall they are on the model's input.",
    ),
    key("share", SHARE, Required, "0.5", "Which share of them was found in a single look."),
];

const SHARE: Kind = Number { min: 0.0, max: 1.0 };

/// `taxonomy.toml`.
pub(super) static TAXONOMY_FILE: &[Key] = &[
    key(
        "version",
        Whole { min: 1, max: u32::MAX as i64 },
        Optional,
        "1",
        "Raised when a class begins to mean something else.",
    ),
    key(
        "class",
        Kind::Titled { keys: &CLASS, table: CLASS_TITLE },
        Required,
        r#"{ "goods.cart" = { en = "Cart", vi = "Xe đẩy" } }"#,
        "The classes that there are, each with its parents.",
    ),
];

static CLASS_TITLE: &[Key] = &[
    key("vi", Text(&TEXT), Optional, r#""Xe đẩy""#, "In Vietnamese, for people."),
    key("en", Text(&TEXT), Optional, r#""Cart""#, "In English, for people."),
];
