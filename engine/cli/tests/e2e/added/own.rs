//! What is known beforehand: the models of this repository, and the operators of ONNX.

use super::place::{Place, is};
use crate::support::LONG;
use crate::support::program::Program;
use crate::support::root;
use std::fs;
use std::process::Command;

/// The models of this repository are found out again; the first one is the example of `docs/models.md`.
#[test]
fn the_models_here_are_described_as_people_described_them() {
    let place = Place::new();
    let file = root().join(".deps/models/ssdlite-coco/ssdlite-coco.onnx");
    let told = place.added(&file, &["--name", "ssdlite-again", "--licence", "Apache-2.0"]);
    is(&told, "head", "guessed", "ssd");
    is(&told, "colours", "guessed", "rgb, 0 to 255");
    is(&told, "labels", "guessed", "23 of 90 classes");
    let written = fs::read_to_string(place.models().join("ssdlite-again/model.toml")).unwrap();
    let right = fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let plain = |text: &str, key: &str| -> String {
        let line = text.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.unwrap_or_default().split(" #").next().unwrap_or_default().trim().to_owned()
    };
    for key in [
        "sha256",
        "width",
        "height",
        "batch",
        "layout",
        "channels",
        "fit",
        "mean",
        "std",
        "head",
        "candidates",
        "classes",
    ] {
        assert_eq!(plain(&written, key), plain(&right, key));
    }
    assert!(place.sees("ssdlite-again").contains(&"person".to_owned()));

    let file = root().join(".deps/models/nanodet-g/nanodet-g.onnx");
    let told = place.added(&file, &["--name", "nanodet-again", "--size", "416x416"]);
    is(&told, "head", "guessed", "nanodet");
    let written = fs::read_to_string(place.models().join("nanodet-again/model.toml")).unwrap();
    let right = fs::read_to_string(root().join("models/nanodet-g/model.toml")).unwrap();
    for key in [
        "sha256",
        "layout",
        "channels",
        "fit",
        "pad_value",
        "mean",
        "std",
        "strides",
        "bins",
        "point",
        "candidates",
        "classes",
    ] {
        assert_eq!(plain(&written, key), plain(&right, key));
    }
}

/// The engine's table of ONNX's operators, and what it knows of its newest versions, are what the package `onnx` of the set-up says.
#[test]
fn the_table_of_operators_is_that_of_onnx() {
    const ASK: &str = "
import onnx
from onnx import defs
names = {}
for s in defs.get_all_schemas_with_history(): names.setdefault(s.domain, set()).add(s.name)
print('newest', defs.onnx_opset_version(), onnx.IR_VERSION)
for domain in ('', 'ai.onnx.ml'): print('names', domain or 'ai.onnx', *sorted(names[domain]))
print('changed', *sorted(n for n in names[''] if defs.get_schema(n, 28, '').since_version > 26))
";
    let mut python = Command::new(root().join(".deps/venv/bin/python"));
    python.args(["-c", ASK]);
    let ended = Program::start(python).end(LONG);
    ended.says(0, &[]);
    let line = |word: &str| -> Vec<String> {
        let line = ended.stdout.iter().find_map(|line| line.strip_prefix(&format!("{word} ")));
        line.unwrap_or_default().split(' ').map(str::to_owned).collect()
    };
    assert_eq!(line("newest"), ["28", "14"]);
    let table = fs::read_to_string(root().join("engine/core/src/onnx/operators.txt")).unwrap();
    for domain in ["ai.onnx", "ai.onnx.ml"] {
        let names = line(&format!("names {domain}"));
        assert!(names.len() > 15, "{names:?}");
        for name in names {
            assert!(table.split_whitespace().any(|word| word == name), "{name}");
        }
    }
    // Those that the guard does not lower, and those of which only the types that they take became more.
    let want = "BitShift Cast CausalConvWithState Celu Compress DepthToSpace DequantizeLinear Einsum LinearAttention Mod OneHot \
                Optional OptionalGetElement OptionalHasElement QuantizeLinear Range ReduceLogSum ReduceLogSumExp ReverseSequence \
                SpaceToDepth SwiGLU Unique";
    assert_eq!(line("changed").join(" "), want);
}
