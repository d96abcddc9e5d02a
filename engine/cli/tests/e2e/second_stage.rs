//! A second stage: riders who pass, of whom a classifier tells bare heads from helmets.
//!
//! Street, detector and classifier are made: grey pictures with a bike that rides to the right and a head that is dark or bright; a
//! graph that says where bike and rider are, by the light of a mark in the corner; and one that says by the mean light of
//! a crop whether the head is bare. All else is the real thing.

use crate::support::program::{Ended, Program, viahe};
use crate::support::{LONG, root, sha256};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use viahe_testing::model::{HELMETS, TINY};
use viahe_testing::onnx::{self, F32};

const SIZE: [usize; 2] = [640, 360];
const FPS: usize = 10;
const FRAMES: usize = 70;
/// Luma of heads, of the rest, and of black and white.
const DARK: u8 = 40;
const BRIGHT: u8 = 215;
const GREY: u8 = 126;
const LEVELS: [f64; 2] = [16.0, 219.0];
/// y0, x0, y1, x1 in fractions of the frame, where the mark is black: the rider and the bike.
const RIDER: [f32; 4] = [0.562, 0.022, 0.719, 0.063];
const BIKE: [f32; 4] = [0.632, 0.0, 0.751, 0.086];

/// How far to the right they are, from 0 to the width.
fn shift(frame: usize) -> f64 {
    0.9 * frame as f64 / FRAMES as f64
}

/// Rides of one person after the other, as one clip.
fn clip_of(dir: &Path, name: &str, head: u8) -> PathBuf {
    let [width, height] = SIZE;
    let raw = dir.join(format!("{name}.yuv"));
    let mut bytes = Vec::new();
    for frame in 0..FRAMES {
        let mut luma = vec![GREY; width * height];
        let mut fill = |[y0, x0, y1, x1]: [f64; 4], light: u8| {
            let px = |share: f64, side: usize| (share * side as f64).round() as usize;
            for y in px(y0, height)..px(y1, height) {
                luma[y * width..][px(x0, width).min(width)..px(x1, width).min(width)].fill(light);
            }
        };
        let x = shift(frame);
        fill([0.0, 0.0, 0.125, 0.125], (LEVELS[0] + LEVELS[1] * x) as u8);
        let [y0, x0, y1, x1] = RIDER.map(f64::from);
        fill([y0, x0 + x, f64::midpoint(y0, y1), x1 + x], head);
        bytes.extend(luma);
        bytes.extend(vec![128; width * height / 2]);
    }
    std::fs::write(&raw, bytes).unwrap();
    let clip = dir.join(format!("{name}.mp4"));
    let mut gst = Command::new("gst-launch-1.0");
    let description = format!(
        "-q filesrc location={} ! rawvideoparse format=i420 width={width} height={height} framerate={FPS}/1 \
         ! x264enc speed-preset=ultrafast pass=quant quantizer=18 key-int-max={FPS} ! h264parse ! mp4mux ! filesink location={}",
        raw.display(),
        clip.display()
    );
    gst.args(description.split_whitespace());
    Program::start(gst).end(LONG).says(0, &[]);
    clip
}

/// Where rider and bike are follows from the mark, the first value of the picture.
fn detector() -> Vec<u8> {
    let empty = [[0.0; 4]; 2].concat();
    let places = [RIDER.to_vec(), BIKE.to_vec(), empty].concat();
    let along = [[0.0, 1.0, 0.0, 1.0]; 2].concat();
    let along: Vec<f32> = along.iter().map(|x| x / 255.0).chain([0.0; 8]).collect();
    let scores = [[0.8, 0.0, 0.0], [0.0, 0.8, 0.0], [0.0; 3], [0.0; 3]].concat();
    let nodes = [
        onnx::node("Flatten", &["image"], &["flat"], &[("axis", 1)]),
        onnx::node("Split", &["flat", "parts"], &["mark", "rest"], &[("axis", 1)]),
        onnx::node("MatMul", &["mark", "along"], &["moved"], &[]),
        onnx::node("Add", &["moved", "places"], &["there"], &[]),
        onnx::node("Reshape", &["there", "as_boxes"], &["boxes"], &[]),
        onnx::node("MatMul", &["mark", "nothing"], &["zeros"], &[]),
        onnx::node("Add", &["zeros", "sure"], &["surely"], &[]),
        onnx::node("Reshape", &["surely", "as_scores"], &["scores"], &[]),
    ];
    let constants = [
        onnx::whole_numbers("parts", &[1, 191]),
        onnx::floats("along", &[1, 16], &along),
        onnx::floats("places", &[1, 16], &places),
        onnx::whole_numbers("as_boxes", &[1, 4, 4]),
        onnx::floats("nothing", &[1, 12], &[0.0; 12]),
        onnx::floats("sure", &[1, 12], &scores),
        onnx::whole_numbers("as_scores", &[1, 4, 3]),
    ];
    let side = Some(8);
    let inputs = [onnx::value("image", F32, &[Some(1), side, side, Some(3)])];
    let outputs = [
        onnx::value("scores", F32, &[Some(1), Some(4), Some(3)]),
        onnx::value("boxes", F32, &[Some(1), Some(4), Some(4)]),
    ];
    onnx::model(&nodes, &constants, &inputs, &outputs)
}

/// Dark heads are bare.
fn classifier() -> Vec<u8> {
    let weights: Vec<f32> =
        (0..192).flat_map(|_| [0.1, -0.1, 0.0].map(|weight: f32| weight / 192.0)).collect();
    let nodes = [
        onnx::node("Flatten", &["image"], &["flat"], &[("axis", 1)]),
        onnx::node("MatMul", &["flat", "light"], &["lit"], &[]),
        onnx::node("Add", &["lit", "middle"], &["kinds"], &[]),
    ];
    let constants = [
        onnx::floats("light", &[192, 3], &weights),
        onnx::floats("middle", &[1, 3], &[-12.8, 12.8, -20.0]),
    ];
    let side = Some(8);
    let inputs = [onnx::value("image", F32, &[None, side, side, Some(3)])];
    let outputs = [onnx::value("kinds", F32, &[None, Some(3)])];
    onnx::model(&nodes, &constants, &inputs, &outputs)
}

fn package(dir: &Path, name: &str, text: &str, weights: &[u8]) {
    let folder = dir.join("models").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.onnx")), weights).unwrap();
    let text = text.replace(&"0".repeat(64), &sha256(weights));
    std::fs::write(folder.join("model.toml"), text).unwrap();
}

fn street(dir: &Path, refine: &str) -> PathBuf {
    package(dir, "tiny", &TINY.replace("vehicle.car", "vehicle.two_wheel.motorcycle"), &detector());
    package(dir, "helmets", HELMETS, &classifier());
    let pipeline = dir.join("street.toml");
    let text = format!(
        "[site]\nid = \"second-stage\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[model.street]\npackage = \"tiny\"\n{refine}\n\
         [[camera]]\nid = \"road\"\nurl = \"pattern://640x360@10\"\nmodel = \"street\"\n\
         [camera.zone.road]\npolygon = [[0.0, 0.5], [1.0, 0.5], [1.0, 0.9], [0.0, 0.9]]\n\
         [[camera.rule]]\nuse = \"no-helmet\"\nzone = \"road\"\n"
    );
    std::fs::write(&pipeline, text).unwrap();
    pipeline
}

const REFINED: &str = "refine = [\"heads\"]\n[model.heads]\npackage = \"helmets\"";

fn replay(pipeline: &Path, clip: &Path) -> (Ended, Vec<Value>) {
    let out = clip.with_extension("jsonl");
    let mut command = viahe(["replay".as_ref(), pipeline.as_os_str()]);
    command.args(["--camera", &format!("road={}", clip.display())]).arg("--out").arg(&out);
    command.env("VIAHE_CATALOGUE", root().join("pipelines/catalogue"));
    let ended = Program::start(command).end(LONG);
    let text = std::fs::read_to_string(&out).unwrap_or_default();
    (ended, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn bare_heads_are_told_and_helmets_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = street(dir.path(), REFINED);
    let (bare, helmet) = (clip_of(dir.path(), "bare", DARK), clip_of(dir.path(), "helmet", BRIGHT));
    let (ended, told) = replay(&pipeline, &bare);
    ended.says(0, &[]);
    let opened = told.iter().find(|event| event["data"]["state"] == "open");
    let opened = opened.unwrap_or_else(|| panic!("no incident: {told:?}"));
    assert_eq!(opened["subject"], "no-helmet");
    assert_eq!(opened["data"]["subjects"][0]["class"], "person.rider_bare", "{opened}");
    assert_eq!(opened["data"]["model"]["name"], "tiny");
    let (again, same) = replay(&pipeline, &bare);
    again.says(0, &[]);
    assert_eq!(told, same, "two runs differ");
    let (ended, told) = replay(&pipeline, &helmet);
    ended.says(0, &[]);
    assert_eq!(told, Vec::<Value>::new());
}

fn viahe_here<const N: usize>(dir: &Path, arguments: [&str; N]) -> Ended {
    let mut command = viahe(arguments);
    command.env("VIAHE_CATALOGUE", root().join("pipelines/catalogue"));
    command.env("VIAHE_MODELS", dir.join("models"));
    Program::start(command).end(LONG)
}

#[test]
fn without_a_second_stage_the_rule_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = street(dir.path(), "");
    let check = || viahe_here(dir.path(), ["check", pipeline.to_str().unwrap()]);
    check().says(2, &["person.rider_bare", "let helmets refine what it sees"]);
    street(dir.path(), REFINED);
    check().says(0, &[]);
    viahe_here(dir.path(), ["model", "list"]).prints(0, &["helmets", "refines person"]);
    let weights = dir.path().join("models/helmets/helmets.onnx");
    let aside = weights.with_extension("aside");
    std::fs::rename(&weights, &aside).unwrap();
    check().says(3, &["model helmets: the weights", "are missing"]);
    std::fs::rename(&aside, &weights).unwrap();
    let text = std::fs::read_to_string(&pipeline).unwrap();
    for (from, to, wanted) in [
        ("package = \"tiny\"", "package = \"helmets\"", "is a classifier"),
        ("package = \"helmets\"", "package = \"tiny\"", "is a detector"),
        ("[\"heads\"]", "[\"head\"]", "did you mean \"heads\"?"),
    ] {
        std::fs::write(&pipeline, text.replacen(from, to, 1)).unwrap();
        check().says(2, &[wanted]);
    }
}
