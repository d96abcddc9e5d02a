//! A model whose outputs are its input: scores and boxes are cut out of the picture's values, so
//! a test decides what "the model" sees.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use viahe_core::config::model::parse;
use viahe_core::model::Model;
use viahe_testing::model::TINY;
use viahe_testing::onnx::{self, F32, Message, Shape};

/// Values of one 8 x 8 px picture.
pub(crate) const PICTURE: usize = 8 * 8 * 3;
/// Scores `[4, 3]` come first, then boxes `[4, 4]`; the rest is not read.
pub(crate) const SCORES: usize = 12;
pub(crate) const BOXES: usize = 16;

pub(crate) struct Tiny {
    pub(crate) batch: Option<u64>,
    pub(crate) input: (&'static str, u64),
    pub(crate) side: u64,
    pub(crate) scores_shape: Vec<Option<u64>>,
    /// Added to all scores.
    pub(crate) bias: f32,
    pub(crate) second_input: bool,
    /// What the node that shapes the scores is told: images, candidates, classes.
    pub(crate) reshape: [i64; 3],
    /// The shape of the scores is computed from the picture, so it shows only in a run.
    pub(crate) late_shape: bool,
    /// To the scores is added how many boxes are left of two that overlap by just what is borne: providers
    /// do not agree in that.
    pub(crate) suppressing: bool,
}

impl Default for Tiny {
    fn default() -> Self {
        Self {
            batch: None,
            input: ("image", F32),
            side: 8,
            scores_shape: vec![None, Some(4), Some(3)],
            bias: 0.0,
            second_input: false,
            reshape: [0, 4, 3],
            late_shape: false,
            suppressing: false,
        }
    }
}

impl Tiny {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (name, element) = self.input;
        let shape: Shape<'_> = &[self.batch, Some(self.side), Some(self.side), Some(3)];
        let mut inputs = vec![onnx::value(name, element, shape)];
        if self.second_input {
            inputs.push(onnx::value("threshold", F32, &[Some(1)]));
        }
        let rest = whole(self.side * self.side * 3) - whole(SCORES + BOXES);
        let shape_name = if self.late_shape { "late_shape" } else { "scores_shape" };
        let (left, of_suppression) = suppression();
        let bias = if self.suppressing { "left" } else { "bias" };
        let mut nodes: Vec<Message> = vec![
            onnx::node("Cast", &[name], &["picture"], &[("to", F32)]),
            onnx::node("Flatten", &["picture"], &["flat"], &[("axis", 1)]),
            onnx::node("Split", &["flat", "sizes"], &["a", "b", "c"], &[("axis", 1)]),
            onnx::node("Reshape", &["a", shape_name], &["plain"], &[]),
            onnx::node("Add", &["plain", bias], &["scores"], &[]),
            onnx::node("Reshape", &["b", "boxes_shape"], &["boxes"], &[]),
        ];
        if self.late_shape {
            let late = [
                onnx::node("ReduceSum", &["c"], &["sum"], &[("keepdims", 0)]),
                onnx::node("Cast", &["sum"], &["whole"], &[("to", 7)]),
                onnx::node("Add", &["scores_shape", "whole"], &["late_shape"], &[]),
            ];
            nodes.splice(3..3, late);
        }
        if self.suppressing {
            nodes.splice(3..3, left);
        }
        let mut constants = vec![
            onnx::whole_numbers("sizes", &[whole(SCORES), whole(BOXES), rest]),
            onnx::whole_numbers("scores_shape", &self.reshape),
            onnx::whole_numbers("boxes_shape", &[0, 4, 4]),
            onnx::floats("bias", &[1], &[self.bias]),
        ];
        if self.suppressing {
            constants.extend(of_suppression);
        }
        let outputs = [
            onnx::value("scores", F32, &self.scores_shape),
            onnx::value("boxes", F32, &[self.batch, Some(4), Some(4)]),
        ];
        onnx::model(&nodes, &constants, &inputs, &outputs)
    }
}

/// `left` is nine times the square of how many boxes are left: 12, of which the second covers half of the first.
fn suppression() -> ([Message; 5], [Message; 5]) {
    let nodes = [
        onnx::node("Reshape", &["a", "one_class"], &["their_scores"], &[]),
        onnx::node(
            "NonMaxSuppression",
            &["twelve", "their_scores", "most", "half", "low"],
            &["selected"],
            &[],
        ),
        onnx::node("Size", &["selected"], &["count"], &[]),
        onnx::node("Cast", &["count"], &["counted"], &[("to", F32)]),
        onnx::node("Mul", &["counted", "counted"], &["left"], &[]),
    ];
    let twelve = (0..12u8).flat_map(|n| {
        let from = 2.0 * f32::from(n);
        if n == 1 { [0.0, 0.0, 1.0, 0.5] } else { [0.0, from, 1.0, from + 1.0] }
    });
    let constants = [
        onnx::whole_numbers("one_class", &[1, 1, 12]),
        onnx::whole_numbers("most", &[12]),
        onnx::floats("twelve", &[1, 12, 4], &twelve.collect::<Vec<_>>()),
        onnx::floats("half", &[1], &[0.5]),
        onnx::floats("low", &[1], &[-1000.0]),
    ];
    (nodes, constants)
}

fn whole<T: TryInto<i64, Error: std::fmt::Debug>>(n: T) -> i64 {
    n.try_into().unwrap()
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    let digits: Vec<String> = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    digits.concat()
}

/// The description that goes with `bytes`; `batch` as it is written in the file.
pub(crate) fn describe(bytes: &[u8], batch: &str) -> Model {
    let text = TINY
        .replace(&"0".repeat(64), &hash(bytes))
        .replace("batch = 1", &format!("batch = {batch}"));
    parse("model.toml", &text).unwrap()
}

pub(crate) fn save(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("tiny.onnx");
    std::fs::write(&path, bytes).unwrap();
    path
}
