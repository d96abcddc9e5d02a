//! Every head through ONNX Runtime: graphs whose outputs are cut out of the picture's values, so that a test decides
//! what "the model" gives.

use super::{runtime, tiny};
use viahe_core::config::model::parse;
use viahe_core::geometry::PxRect;
use viahe_core::model::Model;
use viahe_core::tensor::{Fit, Sheet};
use viahe_edge::infer::{Detector, DetectorOptions, Runtime};
use viahe_testing::model::TINY;
use viahe_testing::onnx::{self, F32, Message};

/// Columns and rows of the picture.
const SIDE: usize = 64;
const BINS: usize = 4;

/// A head, and its tensors for one thing: a car (class 1 of 3) of confidence 0.75 from (16, 8) to (48, 40).
struct Case {
    output: &'static str,
    tensors: Vec<Vec<f32>>,
}

fn cases() -> Vec<Case> {
    let case = |output, tensors: &[&[f32]]| Case {
        output,
        tensors: tensors.iter().map(|tensor| tensor.to_vec()).collect(),
    };
    let scores = [0.0, 0.75, 0.0];
    // The logit of 0.75, and what is as good as nothing.
    let (sure, never) = (3.0_f32.ln(), -9.0);
    let distances = |cells: usize| (0..BINS).map(move |i| if i == cells { 50.0 } else { -50.0 });
    let [left, right] = [1, 1].map(|cells| distances(cells).collect::<Vec<f32>>());
    let nanodet = [&scores[..], &left, &left, &right, &right].concat();
    vec![
        case(
            "head = \"ssd\"\nscores = \"a\"\nboxes = \"b\"\ncandidates = 1",
            &[&scores, &[0.125, 0.25, 0.625, 0.75]],
        ),
        case(
            "head = \"yolox\"\ntensor = \"a\"\nstrides = [64]\ncandidates = 1",
            &[&[0.5, 0.375, -2.0_f32.ln(), -2.0_f32.ln(), 0.75, 0.0, 1.0, 0.0]],
        ),
        case(
            "head = \"yolov5\"\ntensor = \"a\"\ncandidates = 1",
            &[&[32.0, 24.0, 32.0, 32.0, 0.75, 0.0, 1.0, 0.0]],
        ),
        case(
            "head = \"yolov8\"\ntensor = \"a\"\nunit = \"fractions\"\ncandidates = 2",
            &[&[0.0, 0.5, 0.0, 0.375, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 0.75, 0.0, 0.0]],
        ),
        case(
            "head = \"yolov10\"\ntensor = \"a\"\ncandidates = 2",
            &[&[16.0, 8.0, 48.0, 40.0, 0.75, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]],
        ),
        case(
            "head = \"detr\"\nscores = \"a\"\nboxes = \"b\"\ncandidates = 1",
            &[&[never, sure, never], &[0.5, 0.375, 0.5, 0.5]],
        ),
        case(
            "head = \"centernet\"\nactivation = \"none\"\nheatmap = \"a\"\nsizes = \"b\"\noffsets = \"c\"\nstrides = [32]\ncandidates = 4",
            &[
                &[0.0, 0.0, 0.0, 0.0, 0.5, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
                &[0.0, 0.0, 0.0, 0.0, 0.0, 0.75, 0.0, 0.0],
            ],
        ),
        case(
            "head = \"efficientdet\"\nboxes = \"a\"\nscores = \"b\"\nclass_numbers = \"c\"\nunit = \"px\"\ncandidates = 2",
            &[&[0.0, 0.0, 0.0, 0.0, 8.0, 16.0, 40.0, 48.0], &[0.0, 0.75], &[0.0, 1.0]],
        ),
        Case {
            output: "head = \"nanodet\"\ntensor = \"a\"\nstrides = [64]\nbins = 4\npoint = \"middle\"\ncandidates = 1",
            tensors: vec![nanodet],
        },
    ]
}

fn described(output: &str, sha256: &str) -> Model {
    let (before, rest) = TINY.split_once("[output]").unwrap();
    let (_, after) = rest.split_once("[nms]").unwrap();
    let before = before
        .replace("= 8", &format!("= {SIDE}"))
        .replace(&"0".repeat(64), sha256)
        .replace("batch = 1", "batch = \"any\"");
    parse("model.toml", &format!("{before}[output]\n{output}\nclasses = 3\n[nms]{after}")).unwrap()
}

/// The picture's values one after the other become those of the tensors.
fn graph(model: &Model) -> Vec<u8> {
    let tensors = model.head.tensors(1);
    let sizes: Vec<usize> = tensors.iter().map(|(_, shape)| shape.iter().product()).collect();
    let rest = model.input.len() - sizes.iter().sum::<usize>();
    let whole = |n: usize| i64::try_from(n).unwrap();
    let cuts: Vec<i64> = sizes.iter().copied().chain([rest]).map(whole).collect();
    let names: Vec<String> = (0..=tensors.len()).map(|i| format!("part{i}")).collect();
    let parts: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut nodes = vec![
        onnx::node("Flatten", &["image"], &["flat"], &[("axis", 1)]),
        onnx::node("Split", &["flat", "cuts"], &parts, &[("axis", 1)]),
    ];
    let mut constants = vec![onnx::whole_numbers("cuts", &cuts)];
    let mut outputs: Vec<Message> = Vec::new();
    for (i, (name, shape)) in tensors.iter().enumerate() {
        let (target, dims) = (format!("shape{i}"), &shape[1..]);
        let mut to = vec![0];
        to.extend(dims.iter().copied().map(whole));
        constants.push(onnx::whole_numbers(&target, &to));
        nodes.push(onnx::node("Reshape", &[&names[i], &target], &[name], &[]));
        let open: Vec<Option<u64>> =
            std::iter::once(None).chain(dims.iter().map(|d| Some(*d as u64))).collect();
        outputs.push(onnx::value(name, F32, &open));
    }
    let side = Some(SIDE as u64);
    let input = onnx::value("image", F32, &[None, side, side, Some(3)]);
    onnx::model(&nodes, &constants, &[input], &outputs)
}

fn detector(runtime: &Runtime, output: &str) -> Detector {
    let bytes = graph(&described(output, &"0".repeat(64)));
    let model = described(output, &tiny::hash(&bytes));
    let dir = tempfile::tempdir().unwrap();
    let options = DetectorOptions { batch_max: 2, ..DetectorOptions::default() };
    Detector::new(runtime, &model, &tiny::save(dir.path(), &bytes), options)
        .unwrap_or_else(|e| panic!("{output}: {e}"))
}

/// The second picture of a batch shows the car, the first one nothing, and the other way round.
#[test]
fn every_head_runs_from_picture_to_detections() {
    let runtime = runtime();
    let all = PxRect::of_size(SIDE, SIDE);
    for Case { output, tensors } in cases() {
        let mut detector = detector(&runtime, output);
        let values = tensors.concat();
        let mut out = Vec::new();
        for shown in [0, 1, 0] {
            let mut fill = |i: usize, tensor: &mut [f32]| {
                tensor.fill(0.0);
                // Of logits, zero is rather something than nothing.
                if output.contains("\"detr\"") {
                    tensor[..3].fill(-9.0);
                }
                if i == shown {
                    tensor[..values.len()].copy_from_slice(&values);
                }
                Ok(Sheet::new([SIDE, SIDE], [Fit::part(all, all)]))
            };
            let stats = detector.run(2, &mut fill, &mut out).unwrap();
            assert_eq!((stats.runs, out[1 - shown].len()), (1, 0), "{output}");
            let [car] = &out[shown][..] else { panic!("{output}: {out:?}") };
            let got = [car.bbox.x0, car.bbox.y0, car.bbox.x1, car.bbox.y1];
            let want = expected(output);
            let near = got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-3);
            assert!(near && car.class.0 == 1, "{output}: {car:?}");
            assert!((car.confidence.get() - 0.75).abs() < 1e-5, "{output}: {car:?}");
        }
    }
}

/// NanoDet's distances here are whole cells, so its car is as large as the picture.
fn expected(output: &str) -> [f32; 4] {
    if output.contains("nanodet") {
        return [0.0, 0.0, SIDE as f32, SIDE as f32];
    }
    [16.0, 8.0, 48.0, 40.0]
}
