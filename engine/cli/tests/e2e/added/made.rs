//! Models that see the same in every picture.

use viahe_testing::onnx::{self, Cover, F32, Message};

/// Columns and rows of made models, and the cells of their grids of 8, 16 and 32 px.
pub(crate) const SIDE: u64 = 64;
pub(crate) const CELLS: u64 = 84;
pub(crate) const BOX: [f32; 4] = [30.0, 34.0, 12.0, 20.0];
pub(crate) const NAMES: &str = "{0: 'person', 1: 'car', 2: 'kite'}";
pub(crate) const ULTRALYTICS: [(&str, &str); 7] = [
    ("author", "Ultralytics"),
    ("description", "Ultralytics YOLO11n model trained on street.yaml"),
    ("license", "AGPL-3.0 License (https://ultralytics.com/license)"),
    ("task", "detect"),
    ("imgsz", "[64, 64]"),
    ("names", NAMES),
    ("args", "{'batch': 1, 'half': False, 'dynamic': False, 'nms': False}"),
];

/// A model that sees the same in every picture.
pub(crate) struct Made<'m> {
    pub(crate) input: (u64, [Option<u64>; 4]),
    /// Name, shape and values of each output.
    pub(crate) outputs: Vec<(&'m str, Vec<u64>, Vec<f32>)>,
    /// Of the outputs.
    pub(crate) element: u64,
    pub(crate) cover: Cover<'m>,
    /// An operator more, which nothing reads.
    pub(crate) more: Option<Message>,
    /// So many operators that each picture goes through for nothing.
    pub(crate) detour: usize,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            input: (F32, [Some(1), Some(3), Some(SIDE), Some(SIDE)]),
            outputs: Vec::new(),
            element: F32,
            cover: Cover::default(),
            more: None,
            detour: 0,
        }
    }
}

impl Made<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (element, shape) = &self.input;
        let mut nodes = vec![onnx::node("Cast", &["images"], &["picture"], &[("to", F32)])];
        let mut picture = "picture".to_owned();
        for n in 0..self.detour {
            let further = format!("picture.{n}");
            nodes.push(onnx::node("Sin", &[&picture], &[&further], &[]));
            picture = further;
        }
        nodes.extend([
            onnx::node("ReduceMean", &[&picture], &["mean"], &[("keepdims", 0)]),
            onnx::node("Mul", &["mean", "zero"], &["nothing"], &[]),
        ]);
        let mut constants = vec![onnx::floats("zero", &[], &[0.0])];
        let mut outputs = Vec::new();
        for (name, shape, values) in &self.outputs {
            let [constant, sum] = [format!("{name}.values"), format!("{name}.sum")];
            constants.push(onnx::floats(&constant, shape, values));
            nodes.push(onnx::node("Add", &[&constant, "nothing"], &[&sum], &[]));
            nodes.push(onnx::node("Cast", &[&sum], &[name], &[("to", self.element)]));
            let shape: Vec<Option<u64>> = shape.iter().map(|n| Some(*n)).collect();
            outputs.push(onnx::value(name, self.element, &shape));
        }
        nodes.extend(self.more.clone());
        let inputs = [onnx::value("images", *element, shape)];
        onnx::covered(&onnx::graph(&nodes, &constants, &inputs, &outputs), &self.cover)
    }
}

/// As `YOLOX` has it: a person in one cell of the grid of 8 px, a car in another one.
pub(crate) fn rows(classes: usize) -> (&'static str, Vec<u64>, Vec<f32>) {
    placed(classes, &[(40, 0, 0.0), (50, 1, 16.0)])
}

/// As `YOLOX` has it: things of a class each in a cell of that grid, so many px from the usual place.
pub(crate) fn placed(
    classes: usize,
    things: &[(usize, usize, f32)],
) -> (&'static str, Vec<u64>, Vec<f32>) {
    let width = 5 + classes;
    let mut values = vec![0.0; CELLS as usize * width];
    for &(at, class, dx) in things {
        let [cx, cy, w, h] = BOX;
        let row = &mut values[at * width..(at + 1) * width];
        row[0] = (cx + dx) / 8.0 - (at % 8) as f32;
        row[1] = cy / 8.0 - (at / 8) as f32;
        (row[2], row[3]) = ((w / 8.0).ln(), (h / 8.0).ln());
        (row[4], row[5 + class]) = (1.0, 0.9);
    }
    ("output0", vec![1, CELLS, width as u64], values)
}

/// As an SSD has it: of two classes the second, in one place.
pub(crate) fn street() -> Vec<(&'static str, Vec<u64>, Vec<f32>)> {
    let (mut scores, mut boxes) = (vec![0.0; 1200 * 2], vec![0.0; 1200 * 4]);
    scores[600 * 2 + 1] = 0.8;
    boxes[2400..2404].copy_from_slice(&[0.2, 0.3, 0.6, 0.5]);
    vec![("scores", vec![1, 1200, 2], scores), ("boxes", vec![1, 1200, 4], boxes)]
}

pub(crate) fn ultralytics() -> Made<'static> {
    let cover = Cover { metadata: &ULTRALYTICS, ..Cover::default() };
    Made { outputs: vec![rows(3)], cover, ..Made::default() }
}
