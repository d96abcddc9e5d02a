//! A model that is small enough to be written by hand.

/// Its `model.toml`: pictures of 8 x 8 px, four candidates, three classes, the last one without a label.
pub const TINY: &str = r#"name = "tiny"
version = 1
title = "t"
licence = "l"
file = "tiny.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
recipe = "make tiny"
[input]
name = "image"
width = 8
height = 8
batch = 1
layout = "nhwc"
channels = "rgb"
fit = "stretch"
mean = [0, 0, 0]
std = [1, 1, 1]
[output]
head = "ssd"
scores = "scores"
boxes = "boxes"
candidates = 4
classes = 3
[nms]
iou = 0.5
confidence_min = 0.25
[labels]
0 = "person"
1 = "vehicle.car"
"#;

/// The `model.toml` of a classifier of the same size: heads of people, with a helmet, without, and what is neither.
pub const HELMETS: &str = r#"name = "helmets"
version = 1
title = "Heads of riders"
licence = "l"
file = "helmets.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
recipe = "make helmets"
[input]
name = "image"
width = 8
height = 8
batch = "any"
layout = "nhwc"
channels = "rgb"
fit = "stretch"
mean = [0, 0, 0]
std = [1, 1, 1]
[output]
head = "classifier"
tensor = "kinds"
activation = "softmax"
classes = 3
[crop]
of = ["person"]
bottom = 0.5
height_min_px = 20
[labels]
0 = "person.rider_helmet"
1 = "person.rider_bare"
"#;
