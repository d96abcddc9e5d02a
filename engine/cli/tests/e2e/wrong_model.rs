//! A model whose output is not what its description says: told, and not taken for an empty street.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::media::frame_png;
use crate::support::program::{Program, viahe};
use crate::support::{LONG, clip, root, sha256, until};
use std::path::Path;
use std::process::Command;

/// The installed model with its output changed by one more operator of ONNX.
const CHANGE: &str = "
import sys, onnx, numpy
from onnx import helper, numpy_helper
source, target, change = sys.argv[1:]
model = onnx.load(source)
graph = model.graph
tensor = 'scores' if change == 'logits' else 'boxes'
for node in graph.node:
    node.output[:] = [name + '_right' if name == tensor else name for name in node.output]
def constant(name, value):
    graph.initializer.append(numpy_helper.from_array(numpy.array(value, dtype=numpy.float32), name))
if change == 'pixels':
    constant('change', 300.0)
    graph.node.append(helper.make_node('Mul', [tensor + '_right', 'change'], [tensor]))
elif change == 'nan':
    constant('change', float('nan'))
    graph.node.append(helper.make_node('Mul', [tensor + '_right', 'change'], [tensor]))
else:
    constant('viahe_one', 1.0)
    # A sigmoid that rounds to 0 or 1 had a finite logit.
    constant('viahe_low', 1e-6)
    constant('viahe_high', 1.0 - 1e-6)
    graph.node.append(helper.make_node('Max', [tensor + '_right', 'viahe_low'], ['viahe_above']))
    graph.node.append(helper.make_node('Min', ['viahe_above', 'viahe_high'], ['viahe_inside']))
    graph.node.append(helper.make_node('Sub', ['viahe_one', 'viahe_inside'], ['viahe_rest']))
    graph.node.append(helper.make_node('Div', ['viahe_inside', 'viahe_rest'], ['viahe_odds']))
    graph.node.append(helper.make_node('Log', ['viahe_odds'], [tensor]))
onnx.save(model, target)
";

/// A package of this name under `models`, whose output is changed.
pub(crate) fn package(models: &Path, name: &str, change: &str) {
    let folder = models.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let weights = folder.join("ssdlite-coco.onnx");
    let mut python = Command::new(root().join(".deps/venv/bin/python"));
    python.args(["-c", CHANGE]).arg(root().join(".deps/models/ssdlite-coco/ssdlite-coco.onnx"));
    python.arg(&weights).arg(change);
    Program::start(python).end(LONG).says(0, &[]);
    let text = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let right = text.lines().find(|l| l.starts_with("sha256")).unwrap();
    let wrong = format!("sha256 = \"{}\"", sha256(&std::fs::read(&weights).unwrap()));
    let text =
        text.replacen(right, &wrong, 1).replacen("\"ssdlite-coco\"", &format!("\"{name}\""), 1);
    std::fs::write(folder.join("model.toml"), text).unwrap();
}

#[test]
fn detect_says_what_contradicts_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let picture = frame_png(dir.path(), 100);
    for (change, word) in [("pixels", "no fractions of the input"), ("logits", "no probabilities")]
    {
        let models = dir.path().join(change);
        package(&models, "street-model", change);
        let mut command = viahe(["detect", "--model", "street-model", picture.to_str().unwrap()]);
        command.env("VIAHE_MODELS", &models);
        let ended = Program::start(command).end(LONG);
        ended.says(1, &["street-model", "sure candidates are unusable", word, "model.toml"]);
    }
    // What gives no number for an empty picture is not loaded at all.
    let models = dir.path().join("nan");
    package(&models, "street-model", "nan");
    let mut command = viahe(["detect", "--model", "street-model", picture.to_str().unwrap()]);
    command.env("VIAHE_MODELS", &models);
    Program::start(command).end(LONG).says(3, &["street-model", "NaN"]);
}

#[test]
fn a_running_box_is_in_trouble_with_a_wrong_model() {
    const SERIES: &str = "viahe_trouble{trouble=\"model_output\"}";
    let (broker, dir) = (Broker::start(), tempfile::tempdir().unwrap());
    let ears = broker.listen();
    package(dir.path(), "street-model", "pixels");
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let right = Engine::start(&pipeline);
    right.until_looks(&["gate-east"], 6);
    assert_eq!(right.metric(SERIES), 0);
    drop(right);

    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap().replace("ssdlite-coco", "street-model");
    std::fs::write(pipeline.dir.path().join("wrong.toml"), text).unwrap();
    let wrong = Engine::start_file(&pipeline.dir.path().join("wrong.toml"), |command| {
        command.env("VIAHE_MODELS", dir.path());
    });
    wrong.until_metric(SERIES, |n| n == 1);
    wrong.process.line("sure candidates are unusable");
    let health = wrong.health();
    assert_eq!(health["status"], "degraded", "{health}");
    assert!(health["reasons"].to_string().contains("street-model"), "{health}");
    until("the trouble in the box's status", LONG, || {
        ears.heard().into_iter().find(|m| m.payload.to_string().contains("model_output"))
    });
}
