//! A street of which it is known what stands where, and the tensors that a model with each head would give of it.

use super::*;
use crate::model::{Activation, BoxUnit, CellPoint};

/// Columns and rows of the input.
pub(super) const SIDE: usize = 320;
/// Of grids of 8, 16 and 32 px.
pub(super) const CELLS: usize = 2_100;
pub(super) const CLASSES: usize = 20;
pub(super) const BINS: usize = 8;
const NOTHING: f32 = 0.01;

#[derive(Clone, Copy, Debug)]
pub(super) struct Thing {
    pub(super) class: usize,
    pub(super) score: f32,
    /// Corners, px.
    pub(super) corners: [f32; 4],
}

impl Thing {
    fn centre(&self) -> [f32; 2] {
        let [x0, y0, x1, y1] = self.corners;
        [f32::midpoint(x0, x1), f32::midpoint(y0, y1)]
    }

    fn size(&self) -> [f32; 2] {
        let [x0, y0, x1, y1] = self.corners;
        [x1 - x0, y1 - y0]
    }

    fn centre_and_size(&self) -> [f32; 4] {
        let ([x, y], [w, h]) = (self.centre(), self.size());
        [x, y, w, h]
    }

    /// The cell in which its centre lies, and where in it.
    fn cell(&self, stride: usize) -> ([usize; 2], [f32; 2]) {
        let at = self.centre().map(|v| v / stride as f32);
        (at.map(|v| v as usize), at.map(f32::fract))
    }
}

fn in_fractions(values: [f32; 4]) -> [f32; 4] {
    values.map(|v| v / SIDE as f32)
}

fn in_unit(unit: BoxUnit, values: [f32; 4]) -> [f32; 4] {
    if unit == BoxUnit::Px { values } else { in_fractions(values) }
}

/// Thirty things of four classes that do not overlap.
pub(super) fn things() -> Vec<Thing> {
    let thing = |i: usize| {
        let (x, y) = ((i % 6) as f32 * 53.0 + 4.0, (i / 6) as f32 * 64.0 + 5.0);
        let (w, h) = (24.0 + (i * 7 % 22) as f32, 30.0 + (i * 5 % 26) as f32);
        let score = 0.95 - i as f32 / 100.0;
        Thing { class: i % 4, score, corners: [x, y, x + w, y + h] }
    };
    (0..30).map(thing).collect()
}

/// A model of this head for that street.
pub(super) fn model(head: &Head) -> Model {
    let mut model = ssd_model();
    (model.input.width, model.input.height) = (SIDE, SIDE);
    let labels = ["person", "vehicle.car", "goods.cart", "animal.dog"];
    model.labels = vec![None; head.object_classes()];
    for (label, text) in model.labels.iter_mut().zip(labels) {
        *label = Some(crate::observe::Class::try_from(text).unwrap());
    }
    model.head = head.clone();
    model
}

/// Each head once, and with each unit and activation.
pub(super) fn heads() -> Vec<Head> {
    let name = |text: &str| text.to_owned();
    let (strides, classes) = (vec![8, 16, 32], CLASSES);
    let mut heads = vec![
        Head::Ssd { scores: name("s"), boxes: name("b"), candidates: CELLS, classes },
        Head::Yolox { tensor: name("t"), strides: strides.clone(), candidates: CELLS, classes },
        Head::Nanodet {
            tensor: name("t"),
            strides,
            candidates: CELLS,
            classes,
            bins: BINS,
            point: CellPoint::Middle,
        },
    ];
    for unit in [BoxUnit::Px, BoxUnit::Fractions] {
        heads.push(Head::Yolov5 { tensor: name("t"), unit, candidates: CELLS, classes });
        heads.push(Head::Yolov8 { tensor: name("t"), unit, candidates: CELLS, classes });
        heads.push(Head::Yolov10 { tensor: name("t"), unit, candidates: 300, classes });
        heads.push(Head::Efficientdet {
            boxes: name("b"),
            scores: name("s"),
            class_numbers: name("c"),
            unit,
            candidates: 100,
            classes,
        });
    }
    for activation in [Activation::None, Activation::Sigmoid, Activation::Softmax] {
        let (scores, boxes, candidates) = (name("s"), name("b"), 300);
        heads.push(Head::Detr { scores, boxes, activation, candidates, classes });
    }
    for activation in [Activation::None, Activation::Sigmoid] {
        heads.push(Head::Centernet {
            heatmap: name("h"),
            sizes: name("s"),
            offsets: name("o"),
            activation,
            stride: 4,
            cells: [SIDE / 4; 2],
            classes,
        });
    }
    heads
}

/// What a model with this head would give of that street.
pub(super) fn written(head: &Head, things: &[Thing]) -> Vec<Vec<f32>> {
    let of = Writer { things, n: head.candidates(), classes: head.classes() };
    match head {
        Head::Ssd { .. } => {
            let boxes = of.rows(4, |t| swapped(in_fractions(t.corners)), anywhere);
            vec![of.rows(of.classes, |t| of.own(t, t.score), anywhere), boxes]
        }
        Head::Detr { activation, .. } => {
            let scores = match activation {
                Activation::Softmax => of_softmax(things, of.n, of.classes),
                activation => {
                    let scores = of.rows(of.classes, |t| of.own(t, t.score), anywhere);
                    activated(scores, *activation == Activation::Sigmoid)
                }
            };
            let boxes = |t: &Thing| in_fractions(t.centre_and_size()).to_vec();
            vec![scores, of.rows(4, boxes, anywhere)]
        }
        Head::Centernet { activation, .. } => maps(things, *activation == Activation::Sigmoid),
        Head::Efficientdet { unit, .. } => {
            let numbers = of.rows(1, |t| vec![t.class as f32], anywhere);
            vec![
                of.rows(4, |t| swapped(in_unit(*unit, t.corners)), anywhere),
                of.rows(1, |t| vec![t.score], anywhere),
                numbers.iter().map(|v| v.floor()).collect(),
            ]
        }
        head => vec![of.one_tensor(head)],
    }
}

struct Writer<'a> {
    things: &'a [Thing],
    n: usize,
    classes: usize,
}

impl Writer<'_> {
    /// Rows in which nothing is, but for those of the things.
    fn rows(
        &self,
        columns: usize,
        row: impl Fn(&Thing) -> Vec<f32>,
        at: impl Fn(usize, &Thing) -> usize,
    ) -> Vec<f32> {
        let mut tensor = vec![NOTHING; self.n * columns];
        for (i, thing) in self.things.iter().enumerate() {
            tensor[at(i, thing) * columns..][..columns].copy_from_slice(&row(thing));
        }
        tensor
    }

    /// Scores of a thing's row.
    fn own(&self, thing: &Thing, score: f32) -> Vec<f32> {
        (0..self.classes).map(|c| if c == thing.class { score } else { NOTHING }).collect()
    }

    fn one_tensor(&self, head: &Head) -> Vec<f32> {
        match head {
            Head::Yolox { .. } => {
                let row = |t: &Thing| {
                    let (_, [x, y]) = t.cell(16);
                    let [w, h] = t.size().map(|v| (v / 16.0).ln());
                    [vec![x, y, w, h, t.score], self.own(t, 1.0)].concat()
                };
                self.rows(5 + self.classes, row, middle_grid)
            }
            Head::Nanodet { .. } => {
                let row = |t: &Thing| {
                    let (_, [x, y]) = t.cell(16);
                    let [w, h] = t.size().map(|v| v / 32.0);
                    let sides = [w - x + 0.5, h - y + 0.5, w + x - 0.5, h + y - 0.5];
                    [self.own(t, t.score), sides.map(distribution).concat()].concat()
                };
                // From the middle of the cell to a side: its half, and how far off the middle the centre is.
                self.rows(self.classes + 4 * BINS, row, middle_grid)
            }
            Head::Yolov5 { unit, .. } => {
                let row = |t: &Thing| {
                    let bbox = in_unit(*unit, t.centre_and_size());
                    [bbox.to_vec(), vec![t.score], self.own(t, 1.0)].concat()
                };
                self.rows(5 + self.classes, row, anywhere)
            }
            Head::Yolov8 { unit, .. } => {
                let row = |t: &Thing| {
                    let bbox = in_unit(*unit, t.centre_and_size());
                    [bbox.to_vec(), self.own(t, t.score)].concat()
                };
                let (columns, n) = (4 + self.classes, self.n);
                let rows = self.rows(columns, row, anywhere);
                (0..rows.len()).map(|at| rows[at % n * columns + at / n]).collect()
            }
            Head::Yolov10 { unit, .. } => {
                let row = |t: &Thing| {
                    let corners = in_unit(*unit, t.corners);
                    [corners.to_vec(), vec![t.score, t.class as f32]].concat()
                };
                self.rows(6, row, anywhere)
            }
            other => panic!("{other:?} has several tensors"),
        }
    }
}

/// Any row will do.
fn anywhere(i: usize, _: &Thing) -> usize {
    i * 3 + 1
}

/// Sixteen pixels a cell: the second grid, after that of forty columns and rows.
fn middle_grid(_: usize, thing: &Thing) -> usize {
    let ([x, y], _) = thing.cell(16);
    1_600 + y * 20 + x
}

fn swapped([x0, y0, x1, y1]: [f32; 4]) -> Vec<f32> {
    vec![y0, x0, y1, x1]
}

fn activated(scores: Vec<f32>, logits: bool) -> Vec<f32> {
    if logits { scores.iter().map(|v| (v / (1.0 - v)).ln()).collect() } else { scores }
}

/// Logits of a distribution with this mean, in cells.
fn distribution(cells: f32) -> Vec<f32> {
    let (below, share) = (cells as usize, cells.fract());
    let mut logits = vec![-30.0; BINS];
    logits[below] = (1.0 - share).max(1e-9).ln();
    logits[below + 1] = share.max(1e-9).ln();
    logits
}

/// The last column is no object; a class and it share all there is.
fn of_softmax(things: &[Thing], n: usize, classes: usize) -> Vec<f32> {
    let mut scores = vec![-40.0; n * classes];
    for row in scores.chunks_exact_mut(classes) {
        row[classes - 1] = 4.0;
    }
    for (i, thing) in things.iter().enumerate() {
        let row = &mut scores[(i * 3 + 1) * classes..][..classes];
        row[thing.class] = 4.0 + (thing.score / (1.0 - thing.score)).ln();
    }
    scores
}

/// Around a peak the heat falls off.
fn maps(things: &[Thing], logits: bool) -> Vec<Vec<f32>> {
    let (columns, n) = (SIDE / 4, SIDE / 4 * (SIDE / 4));
    let mut heatmap = vec![NOTHING; CLASSES * n];
    let (mut sizes, mut offsets) = (vec![1.0; 2 * n], vec![0.5; 2 * n]);
    for thing in things {
        let ([x, y], within) = thing.cell(4);
        for (dx, dy) in (0..9).map(|i| (i % 3, i / 3)) {
            let share = [1.0, 0.8, 0.6][usize::from(dx != 1) + usize::from(dy != 1)];
            heatmap[thing.class * n + (y + dy - 1) * columns + x + dx - 1] = thing.score * share;
        }
        for axis in 0..2 {
            sizes[axis * n + y * columns + x] = thing.size()[axis] / 4.0;
            offsets[axis * n + y * columns + x] = within[axis];
        }
    }
    vec![activated(heatmap, logits), sizes, offsets]
}

/// What is read from these tensors, in a frame as large as the input.
pub(super) fn read(head: &Head, tensors: &[Vec<f32>]) -> (Vec<Detection>, DecodeStats) {
    let model = model(head);
    let shapes = head.tensors(1);
    let views: Vec<TensorView<'_>> =
        shapes.iter().zip(tensors).map(|((_, shape), data)| TensorView { shape, data }).collect();
    let mut out = Vec::new();
    let sheet = Sheet::whole(&model.input, [SIDE, SIDE]);
    let stats = Decoder::new(&model).decode(&views, 0, &sheet, &mut out).unwrap();
    (out, stats)
}

#[test]
fn every_head_tells_what_stands_there() {
    let things = things();
    for head in heads() {
        let (seen, stats) = read(&head, &written(&head, &things));
        assert_eq!(seen.len(), things.len(), "{head:?}: {stats:?}");
        for (got, want) in seen.iter().zip(&things) {
            assert_eq!(usize::from(got.class.0), want.class, "{head:?}");
            assert!((got.confidence.get() - want.score).abs() < 1e-4, "{head:?}: {got:?} {want:?}");
            let corners = [got.bbox.x0, got.bbox.y0, got.bbox.x1, got.bbox.y1];
            let near =
                corners.iter().zip(want.corners).all(|(got, want)| (got - want).abs() < 0.01);
            assert!(near, "{head:?}: {got:?} {want:?}");
        }
        let mut sanity = Sanity::default();
        sanity.add(&stats);
        assert_eq!(sanity.of_pictures(&head), None, "{head:?}");
    }
}

#[test]
fn nothing_at_all_and_the_same_everywhere() {
    for head in heads() {
        let (seen, stats) = read(&head, &written(&head, &[]));
        assert_eq!((seen.len(), stats), (0, DecodeStats::default()), "{head:?}");
        // Every candidate says the same.
        let mut tensors = written(&head, &things()[..1]);
        for ((_, shape), tensor) in head.tensors(1).iter().zip(&mut tensors) {
            fill(&head, shape, tensor);
        }
        let (_, stats) = read(&head, &tensors);
        assert_eq!(stats.sure + stats.over_limit, head.candidates() as u32, "{head:?}: {stats:?}");
    }
}

/// Repeats the first thing's values for every candidate.
fn fill(head: &Head, shape: &[usize], tensor: &mut [f32]) {
    let (n, source) = (head.candidates(), tensor.to_vec());
    let first = things()[0];
    let at = match head {
        Head::Yolox { .. } | Head::Nanodet { .. } => middle_grid(0, &first),
        Head::Centernet { .. } => {
            let ([x, y], _) = first.cell(4);
            y * SIDE / 4 + x
        }
        _ => anywhere(0, &first),
    };
    let by_columns = matches!(head, Head::Yolov8 { .. } | Head::Centernet { .. });
    let width = shape[1..].iter().product::<usize>() / n;
    for (i, value) in tensor.iter_mut().enumerate() {
        *value = if by_columns { source[i / n * n + at] } else { source[at * width + i % width] };
    }
}
