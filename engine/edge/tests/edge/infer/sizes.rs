//! A model that takes images of several sizes: a head that reckons in cells of a grid, written here. Who stands in a cell
//! of 8 or 16 px is as sure as the cell is bright.

use super::{runtime, tiny};
use viahe_core::config::model::parse;
use viahe_core::detect::Detection;
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
use viahe_core::model::Model;
use viahe_core::random::SplitMix64;
use viahe_core::tensor::Sheet;
use viahe_edge::infer::{Detector, DetectorOptions, InferError};
use viahe_edge::ledger::Ledger;
use viahe_edge::preprocess::Preprocessor;
use viahe_testing::model::TINY;
use viahe_testing::onnx::{self, F32, Message};

/// Cells at 8 px see the first channel, those at 16 px the second.
const STRIDES: [u64; 2] = [8, 16];
const OWN: [usize; 2] = [64, 64];
const FLAT: [usize; 2] = [64, 32];
/// A frame that is shown at half its size.
const FRAME: [usize; 2] = [128, 64];

/// `open`: are columns and rows left open?
fn weights(open: bool) -> Vec<u8> {
    let (mut nodes, mut constants) = (Vec::new(), Vec::new());
    for (channel, stride) in STRIDES.into_iter().enumerate() {
        let [kernel, bias, grid, rows] =
            ["kernel", "bias", "grid", "rows"].map(|name| format!("{name}{stride}"));
        let cell = stride * stride;
        // Of 7 outputs and 3 channels: objectness is the mean of one channel.
        let weight = |at: u64| at / cell == 4 * 3 + channel as u64;
        let mean = |at| if weight(at) { 1.0 / cell as f32 } else { 0.0 };
        let values: Vec<f32> = (0..7 * 3 * cell).map(mean).collect();
        constants.push(onnx::floats(&kernel, &[7, 3, stride, stride], &values));
        // In the middle of its cell, as large as it, a person.
        constants.push(onnx::floats(&bias, &[7], &[0.5, 0.5, 0.0, 0.0, 0.0, 1.0, 0.0]));
        let conv = onnx::node("Conv", &["images", &kernel, &bias], &[&grid], &[]);
        nodes.push(list(conv, "strides", &[stride, stride]));
        nodes.push(onnx::node("Reshape", &[&grid, "flat"], &[&rows], &[]));
    }
    constants.push(onnx::whole_numbers("flat", &[0, 7, -1]));
    nodes.push(onnx::node("Concat", &["rows8", "rows16"], &["all"], &[("axis", 2)]));
    nodes.push(list(onnx::node("Transpose", &["all"], &["output"], &[]), "perm", &[0, 2, 1]));
    let side = |px: u64| (!open).then_some(px);
    let input = onnx::value("images", F32, &[None, Some(3), side(64), side(64)]);
    let output = onnx::value("output", F32, &[None, side(80), Some(7)]);
    onnx::model(&nodes, &constants, &[input], &[output])
}

fn list(node: Message, name: &str, values: &[u64]) -> Message {
    let attribute = Message::default().text(1, name).number(20, 7);
    node.message(5, &values.iter().fold(attribute, |a, v| a.number(8, *v)))
}

fn model(bytes: &[u8]) -> Model {
    let (input, rest) = TINY.split_once("[input]").unwrap();
    let (_, nms) = rest.split_once("[nms]").unwrap();
    let text = format!(
        "{input}[input]\nname = \"images\"\nwidth = 64\nheight = 64\nsizes = [[64, 32], [32, 32]]\n\
         batch = \"any\"\nlayout = \"nchw\"\nchannels = \"rgb\"\nfit = \"letterbox\"\npad_value = 0\n\
         mean = [0, 0, 0]\nstd = [255, 255, 255]\n[output]\nhead = \"yolox\"\ntensor = \"output\"\n\
         strides = [8, 16]\ncandidates = 80\nclasses = 2\n[nms]{nms}"
    );
    parse("model.toml", &text.replace(&"0".repeat(64), &tiny::hash(bytes))).unwrap()
}

fn load(bytes: &[u8], batch_max: usize) -> Result<Detector, InferError> {
    let dir = tempfile::tempdir().unwrap();
    let options = DetectorOptions { batch_max, ..DetectorOptions::default() };
    Detector::new(&runtime(), &model(bytes), &tiny::save(dir.path(), bytes), options)
}

/// A dark street with bright squares, each as large as a cell of 8 px on the image.
fn street(random: &mut SplitMix64) -> Vec<u8> {
    let cells: Vec<u8> = (0..8 * 4)
        .map(
            |_| if random.unit_f32() < 0.2 { (140.0 + 115.0 * random.unit_f32()) as u8 } else { 0 },
        )
        .collect();
    let at = |i: usize| cells[i / FRAME[0] / 16 * 8 + i % FRAME[0] / 16];
    (0..FRAME[0] * FRAME[1]).map(at).collect()
}

fn frame<'a>(luma: &'a [u8], chroma: &'a [u8]) -> FrameView<'a> {
    let planes = [
        Plane { data: luma, stride: FRAME[0] },
        Plane { data: chroma, stride: FRAME[0] / 2 },
        Plane { data: chroma, stride: FRAME[0] / 2 },
    ];
    let (matrix, range) = (ColorMatrix::Bt601, ColorRange::Full);
    FrameView::new(FRAME[0], FRAME[1], PixelFormat::I420, matrix, range, &planes).unwrap()
}

/// What is seen of pictures that lie on images of these sizes.
fn see(detector: &mut Detector, pictures: &[Vec<u8>], sizes: &[[usize; 2]]) -> Vec<Vec<Detection>> {
    let (own, chroma, ledger) =
        (*detector.input(), [128; FRAME[0] * FRAME[1] / 4], Ledger::default());
    let mut fill = |i: usize, tensor: &mut [f32]| {
        assert_eq!(tensor.len(), own.at(sizes[i]).len());
        let (sheet, view) = (Sheet::whole(&own.at(sizes[i]), FRAME), frame(&pictures[i], &chroma));
        Preprocessor::new(own).run_sheet(&view, &sheet, tensor, &ledger)?;
        Ok(sheet)
    };
    let mut out = Vec::new();
    detector.run_sizes(sizes, &mut fill, &mut out).unwrap();
    out
}

/// On the size that its letterbox leaves no room in, a frame gives the boxes that it gives on the model's own.
#[test]
fn a_frame_gives_the_same_boxes_on_each_size_that_shows_it_as_large() {
    let mut detector = load(&weights(true), 1).unwrap();
    let mut random = SplitMix64::new(4);
    let mut seen = 0;
    for _ in 0..50 {
        let street = [street(&mut random)];
        let own = see(&mut detector, &street, &[OWN]);
        assert_eq!(see(&mut detector, &street, &[FLAT]), own);
        for Detection { bbox: b, .. } in &own[0] {
            let (x, y) = ((b.x0 + b.x1) as usize / 2, (b.y0 + b.y1) as usize / 2);
            assert!(b.width() > 16.0 || street[0][y * FRAME[0] + x] >= 140, "{b:?}");
            assert!([b.x0, b.y0, b.x1, b.y1].iter().all(|v| v % 16.0 == 0.0), "{b:?}");
        }
        let bright = (0..32).filter(|i| street[0][i / 8 * 16 * FRAME[0] + i % 8 * 16] > 0).count();
        let small = |d: &&Detection| d.bbox.width() < 16.5;
        assert_eq!(own[0].iter().filter(small).count(), bright);
        seen += bright;
        // Half as large: four squares in a cell.
        for Detection { bbox: b, .. } in &see(&mut detector, &street, &[[32, 32]])[0] {
            assert!([b.x0, b.y0, b.x1, b.y1].iter().all(|v| v % 32.0 == 0.0), "{b:?}");
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn images_of_one_size_run_together_and_answers_are_in_order() {
    let mut detector = load(&weights(true), 2).unwrap();
    let mut random = SplitMix64::new(5);
    let streets: Vec<Vec<u8>> = (0..5).map(|_| street(&mut random)).collect();
    let one = |detector: &mut Detector, street: &Vec<u8>| {
        see(detector, std::slice::from_ref(street), &[OWN]).remove(0)
    };
    let alone: Vec<_> = streets.iter().map(|street| one(&mut detector, street)).collect();
    assert_eq!(see(&mut detector, &streets, &[FLAT, OWN, FLAT, FLAT, OWN]), alone);
    let (mut asked, mut out) = (Vec::new(), Vec::new());
    let own = *detector.input();
    let sizes = [FLAT, OWN, FLAT, FLAT, OWN];
    let mut fill = |i: usize, _: &mut [f32]| {
        asked.push(i);
        Ok(Sheet::whole(&own.at(sizes[i]), FRAME))
    };
    let stats = detector.run_sizes(&sizes, &mut fill, &mut out).unwrap();
    assert_eq!((stats.frames, stats.runs, asked), (5, 3, vec![1, 4, 0, 2, 3]));
    for (sizes, filled_as, bad) in [(vec![OWN, [32, 64]], OWN, 1), (vec![FLAT, OWN], OWN, 0)] {
        let mut fill = |_: usize, _: &mut [f32]| Ok(Sheet::whole(&own.at(filled_as), FRAME));
        let refused = detector.run_sizes(&sizes, &mut fill, &mut out).unwrap_err();
        assert!(matches!(refused, InferError::Fill { frame, .. } if frame == bad), "{refused}");
    }
}

#[test]
fn a_graph_of_one_size_takes_no_others() {
    let told = load(&weights(false), 1).map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("model.toml says [1, 3, 32, 64]"), "{told}");
    assert!(
        told.contains("to take `sizes`, it must leave columns, rows and candidates open"),
        "{told}"
    );
}
