//! The whole engine on a recording against a bare ONNX Runtime with the same model and threads,
//! in turns; and where the processor's time goes.
//!
//! `cargo bench --bench engine` prints medians and ratios. It needs what `make setup` installs.

#[path = "../../support/bare.rs"]
mod bare;
#[path = "../../support/measure.rs"]
mod measure;

use bare::Bare;
use measure::{cpu_ms, median, noise, timed};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use viahe_core::engine::{Engine, Event};
use viahe_core::frame::Frame;
use viahe_core::observe::Object;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;
use viahe_core::track::{Tracker, TrackerOptions};
use viahe_edge::infer::{Detector, DetectorOptions, Runtime};
use viahe_edge::ingest::{FileReader, GstFrame};
use viahe_edge::ledger::Ledger;
use viahe_edge::models::{Locations, Package};
use viahe_edge::preprocess::Preprocessor;
use viahe_edge::project;
use viahe_edge::vision::replay::{Replay, ReplayCamera};

/// Frames of a turn.
const FRAMES: usize = 250;
const TURNS: usize = 7;
/// More than any camera films: every frame is analysed.
const EVERY_FRAME_HZ: f32 = 100.0;

fn main() {
    let locations = Locations::discover(None).expect("VIAHE_… lead somewhere");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let plan = project::load(&workspace.join("pipelines/demo.toml")).expect("the demo's pipeline");
    let clip = locations.deps.iter().map(|d| d.join("clips/vtest.mp4")).find(|c| c.is_file());
    let clip = clip.expect("the sample clip; run: make setup");
    let package = locations.load_package(&plan.cameras[0].model).expect("run: make setup");
    let runtime = Runtime::load(&locations.onnxruntime().expect("run: make setup"))
        .expect("the installed library");
    let plan = Arc::new(plan);
    shares(&runtime, &package, &clip, &plan);
    throughput(&locations, &package, &clip, &plan);
}

/// A recording through decoder, kernel, model, tracker and rules, every frame of it, against the
/// model alone. One inference thread each.
fn throughput(locations: &Locations, package: &Package, clip: &Path, plan: &Arc<Plan>) {
    let picture = noise(package.model.input.len());
    let mut bare = Bare::new(&package.model, &package.weights, 1, 1);
    let (mut bare_ms, mut ours_ms, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare_cpu, mut ours_cpu) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let before = cpu_ms();
        let b = timed(|| (0..FRAMES).for_each(|_| bare.run(&picture)));
        let between = cpu_ms();
        let mut replay = begin(locations, clip, plan);
        let mut engine = Engine::new(Arc::clone(plan));
        // The first frames wait for the decoder's start.
        replay.by_ref().take(10).for_each(|seen| drop(seen.expect("a whole clip")));
        let started = cpu_ms();
        let o = timed(|| {
            for seen in replay.by_ref().take(FRAMES) {
                let observation = seen.expect("a whole clip").observation;
                engine.apply(Event::Observed(observation));
            }
        });
        ours_cpu.push((cpu_ms() - started) as f32);
        bare_cpu.push((between - before) as f32);
        bare_ms.push(b);
        ours_ms.push(o);
        ratios.push(b / o);
    }
    let n = FRAMES as f32;
    let (b, o) = (median(&mut bare_ms), median(&mut ours_ms));
    println!("\nthroughput on a recording, one inference thread, decoding beside it");
    println!(
        "  bare ONNX Runtime  {:6.1} frames/s, {:.2} CPU-ms a frame",
        1e3 * n / b,
        median(&mut bare_cpu) / n
    );
    println!(
        "  engine             {:6.1} frames/s, {:.2} CPU-ms a frame",
        1e3 * n / o,
        median(&mut ours_cpu) / n
    );
    println!("  ratio engine/bare  {:.3} (target 0.95)", median(&mut ratios));
}

fn begin(locations: &Locations, clip: &Path, plan: &Plan) -> Replay {
    let camera = &plan.cameras[0];
    let camera = ReplayCamera {
        id: camera.id.clone(),
        model: camera.model.clone(),
        file: PathBuf::from(clip),
        start: Timestamp::from_secs(1_000),
        analyse_hz: EVERY_FRAME_HZ,
        gate: None,
        areas: Vec::new(),
        closely: false,
        confidence_min: None,
        refine: Vec::new(),
    };
    Replay::start(vec![camera], locations, &Arc::default()).expect("what make setup installs")
}

/// Each part alone, on frames that are decoded already.
fn shares(runtime: &Runtime, package: &Package, clip: &Path, plan: &Arc<Plan>) {
    let ledger = Arc::new(Ledger::default());
    let reader = FileReader::open(clip, Timestamp::from_secs(1_000), Arc::clone(&ledger));
    let frames: Vec<GstFrame> = reader
        .expect("a whole clip")
        .step_by(10)
        .take(60)
        .map(|frame| frame.expect("a whole clip"))
        .collect();
    let options = DetectorOptions::default();
    let mut detector = Detector::new(runtime, &package.model, &package.weights, options)
        .expect("the installed model");
    let mut kernel = Preprocessor::new(package.model.input);
    let mut parts: [Vec<f32>; 4] = Default::default();
    let mut found = Vec::new();
    for _ in 0..TURNS {
        let mut tracker = Tracker::new(TrackerOptions::default(), 0);
        let mut engine = Engine::new(Arc::clone(plan));
        for frame in &frames {
            let mut fill =
                |_: usize, tensor: &mut [f32]| Ok(kernel.run(&frame.view(), tensor, &ledger)?);
            let stats = detector.run(1, &mut fill, &mut found).expect("a run");
            let rest =
                timed(|| observe(frame, &found[0], package, &mut tracker, &mut engine, plan));
            for (part, ms) in
                parts.iter_mut().zip([stats.fill_ms, stats.infer_ms, stats.decode_ms, rest])
            {
                part.push(ms);
            }
        }
    }
    let [fill, infer, decode, rest] = parts.each_mut().map(|p| median(p));
    println!("one frame of 768x576, medians in ms, one thread");
    println!(
        "  preprocessing {fill:.3}, inference {infer:.3}, head and suppression {decode:.3}, tracking and rules {rest:.3}"
    );
    println!(
        "  outside inference and video decoding: {:.1} % of inference (target 5)",
        100.0 * (fill + decode + rest) / infer
    );
}

fn observe(
    frame: &GstFrame,
    found: &[viahe_core::detect::Detection],
    package: &Package,
    tracker: &mut Tracker,
    engine: &mut Engine,
    plan: &Plan,
) {
    let [width, height] = frame.size_px();
    let objects = tracker
        .update(frame.stamp().captured, found)
        .iter()
        .filter_map(|t| {
            Some(Object {
                track: t.id,
                class: package.model.labels.get(usize::from(t.class.0))?.clone()?,
                confidence: t.confidence,
                bbox: t.bbox.to_unit(width as f32, height as f32),
            })
        })
        .collect();
    engine.apply(Event::Observed(viahe_core::observe::Observation {
        camera: plan.cameras[0].id.clone(),
        frame: frame.stamp(),
        size_px: [width, height],
        objects,
        undecided: Vec::new(),
    }));
}
