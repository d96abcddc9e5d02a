//! Heads and suppression alone, on outputs that are made up.

use crate::find;
use crate::measure::{median, timed};
use std::hint::black_box;
use viahe_core::config::model::parse;
use viahe_core::detect::{Decoder, TensorView};
use viahe_core::id::Name;
use viahe_core::model::{Head, Model};
use viahe_core::tensor::Sheet;
use viahe_edge::models::Locations;

const ROUNDS: usize = 240;

/// Each head as its best known models have it: side of the input, and `[output]` without its classes.
const HEADS: &[(usize, &str)] = &[
    (640, "head = \"yolov5\"\ntensor = \"t\"\ncandidates = 25200"),
    (640, "head = \"yolov8\"\ntensor = \"t\"\ncandidates = 8400"),
    (640, "head = \"yolov10\"\ntensor = \"t\"\ncandidates = 300"),
    (640, "head = \"detr\"\nscores = \"s\"\nboxes = \"b\"\ncandidates = 300"),
    (
        512,
        "head = \"centernet\"\nheatmap = \"h\"\nsizes = \"s\"\noffsets = \"o\"\nstrides = [4]\ncandidates = 16384",
    ),
    (
        512,
        "head = \"efficientdet\"\nboxes = \"b\"\nscores = \"s\"\nclass_numbers = \"c\"\nunit = \"px\"\ncandidates = 100",
    ),
];

/// On a quiet street (nothing found), on a busy one (150 candidates) and when every candidate is sure; the models that
/// are installed, and each other head.
pub(crate) fn decoding_at_worst() {
    println!("\ndecoding alone");
    let locations = Locations::discover(None).expect("VIAHE_… lead somewhere");
    for name in ["ssdlite-coco", "nanodet-g", "yolox-nano"] {
        let name = Name::try_from(name).expect("a name");
        match find(&locations, &name) {
            Ok(package) => time(name.as_str(), &package.model),
            Err(e) => println!("SKIPPED: {e}"),
        }
    }
    for (side, output) in HEADS {
        let model = described(*side, output);
        time(model.head.name(), &model);
    }
}

/// With COCO's 80 classes, ten of which mean something, as of the models here.
fn described(side: usize, output: &str) -> Model {
    let labels: Vec<String> = (0..10).map(|class| format!("{class} = \"vehicle.car\"")).collect();
    let text = format!(
        "name = \"made-up\"\nversion = 1\ntitle = \"t\"\nlicence = \"l\"\nfile = \"f\"\nsha256 = \"{}\"\nrecipe = \"r\"\n\
         [input]\nname = \"i\"\nwidth = {side}\nheight = {side}\nbatch = 1\nlayout = \"nchw\"\nchannels = \"rgb\"\n\
         fit = \"letterbox\"\npad_value = 114.0\nmean = [0, 0, 0]\nstd = [255, 255, 255]\n\
         [output]\n{output}\nclasses = 80\n[nms]\niou = 0.5\nconfidence_min = 0.25\n[labels]\n{}\n",
        "0".repeat(64),
        labels.join("\n")
    );
    parse("made-up", &text).expect("a right description")
}

fn time(name: &str, model: &Model) {
    for (case, sure) in [("empty", 0), ("150 candidates", 150), ("all sure", usize::MAX)] {
        let outputs = made_up(model, sure);
        let shapes = model.head.tensors(1);
        let tensors: Vec<TensorView<'_>> = shapes
            .iter()
            .zip(&outputs)
            .map(|((_, shape), data)| TensorView { shape, data })
            .collect();
        let mut decoder = Decoder::new(model);
        let sheet = Sheet::whole(&model.input, [1920, 1080]);
        let mut out = Vec::new();
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(timed(|| {
                let stats = decoder.decode(black_box(&tensors), 0, &sheet, &mut out);
                black_box(stats.expect("the right shapes"));
            }));
        }
        let (found, us) = (out.len(), median(&mut times) * 1e3);
        let each = us * 1e3 / model.head.candidates() as f32;
        println!("  {name}, {case}: {us:.1} us, {each:.1} ns a candidate, {found} found");
    }
}

/// Outputs in which `sure` candidates, evenly spread, hold an object of the first labelled class.
fn made_up(model: &Model, sure: usize) -> Vec<Vec<f32>> {
    let n = model.head.candidates();
    let class = model.labels.iter().position(Option::is_some).expect("a label");
    let every = (sure > 0).then(|| (n / sure.clamp(1, n)).max(1));
    let of =
        MadeUp { n, classes: model.head.classes(), class, side: model.input.width as f32, every };
    match &model.head {
        Head::Yolox { .. } => vec![of.objectness(|_| [0.5, 0.5, 1.0, 1.0])],
        Head::Yolov5 { .. } => vec![of.objectness(|i| [of.at(i)[0], of.at(i)[1], 64.0, 64.0])],
        Head::Nanodet { bins, .. } => {
            let sides = |i: usize| (0..4 * bins).map(move |at| ((i + at) % 7) as f32);
            vec![(0..n).flat_map(|i| of.scores(i).chain(sides(i))).collect()]
        }
        Head::Yolov8 { .. } => {
            let value = |row: usize, i: usize| match row {
                0 | 1 => of.at(i)[row],
                2 | 3 => 64.0,
                _ => of.own(row - 4, of.score(i), 0.01),
            };
            vec![(0..4 + of.classes).flat_map(|row| (0..n).map(move |i| value(row, i))).collect()]
        }
        Head::Yolov10 { .. } => {
            let row = |i: usize| {
                let [x, y] = of.at(i);
                [x, y, x + 64.0, y + 64.0, of.score(i), class as f32]
            };
            vec![(0..n).flat_map(row).collect()]
        }
        Head::Ssd { .. } => {
            let boxes = of.corners().map(|v| v / of.side).collect();
            vec![(0..n).flat_map(|i| of.scores(i)).collect(), boxes]
        }
        Head::Detr { .. } => {
            let logit = |i: usize| (of.score(i) / (1.0 - of.score(i))).ln();
            let row = |i: usize| (0..of.classes).map(move |c| of.own(c, logit(i), -4.0));
            let boxes =
                (0..n).flat_map(|i| of.at(i).map(|v| v / of.side).into_iter().chain([0.1; 2]));
            vec![(0..n).flat_map(row).collect(), boxes.collect()]
        }
        Head::Centernet { .. } => {
            let map = |c: usize| (0..n).map(move |i| of.own(c, of.score(i), 0.01));
            let heatmap = (0..of.classes).flat_map(map);
            vec![heatmap.collect(), vec![16.0; 2 * n], vec![0.5; 2 * n]]
        }
        Head::Efficientdet { .. } => {
            let scores = (0..n).map(|i| of.score(i));
            vec![of.corners().collect(), scores.collect(), vec![class as f32; n]]
        }
        Head::Classifier { .. } => unreachable!("a classifier has no candidates"),
    }
}

#[derive(Clone, Copy)]
struct MadeUp {
    n: usize,
    classes: usize,
    /// Of all objects.
    class: usize,
    /// Of the input, px.
    side: f32,
    /// Every so many candidates are sure; none is.
    every: Option<usize>,
}

impl MadeUp {
    fn score(self, i: usize) -> f32 {
        let sure = self.every.is_some_and(|every| i.is_multiple_of(every));
        if sure { 0.3 + (i % 97) as f32 / 200.0 } else { 0.01 }
    }

    /// A place, px.
    fn at(self, i: usize) -> [f32; 2] {
        [(i % 41) as f32 / 50.0, (i % 43) as f32 / 50.0].map(|v| v * self.side)
    }

    fn own(self, class: usize, own: f32, other: f32) -> f32 {
        if class == self.class { own } else { other }
    }

    /// Of each class.
    fn scores(self, i: usize) -> impl Iterator<Item = f32> {
        (0..self.classes).map(move |class| self.own(class, self.score(i), 0.01))
    }

    /// Rows of a box, objectness and scores.
    fn objectness(self, bbox: impl Fn(usize) -> [f32; 4]) -> Vec<f32> {
        let sure = move || (0..self.classes).map(move |class| self.own(class, 1.0, 0.01));
        let row = |i: usize| bbox(i).into_iter().chain([self.score(i)]).chain(sure());
        (0..self.n).flat_map(row).collect()
    }

    /// `y0, x0, y1, x1` of each, px.
    fn corners(self) -> impl Iterator<Item = f32> {
        (0..self.n).flat_map(move |i| {
            let [x, y] = self.at(i);
            [y, x, y + 64.0, x + 64.0]
        })
    }
}
