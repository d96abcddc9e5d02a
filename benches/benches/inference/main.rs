//! What the engine adds to a bare ONNX Runtime: the same model, threads and input, run through the
//! C API alone and through `Detector::run`, in turns, so that noise hits both alike.
//!
//! `cargo bench --bench inference` prints medians, the ratio (bare / ours: 1.0 is no cost), and
//! the time of decoding. Models that are not installed are left out and named.

#[path = "../../support/bare.rs"]
mod bare;
mod decoding;
#[path = "../../support/measure.rs"]
mod measure;

use bare::Bare;
use decoding::decoding_at_worst;
use measure::{cpu_ms, median, noise, timed};
use std::hint::black_box;
use std::path::PathBuf;
use std::thread;
use viahe_core::id::Name;
use viahe_core::model::Batch;
use viahe_core::tensor::Sheet;
use viahe_edge::infer::{Detector, DetectorOptions, Runtime};
use viahe_edge::models::{Locations, Package};

const ROUNDS: usize = 60;

fn main() {
    let locations = Locations::discover(None).expect("VIAHE_… lead somewhere");
    let library = match locations.onnxruntime() {
        Ok(library) => library,
        Err(e) => return println!("SKIPPED: {e}"),
    };
    let runtime = Runtime::load(&library).expect("the installed library");
    println!("ONNX Runtime {}; {ROUNDS} rounds; times are medians", runtime.version());
    for name in ["ssdlite-coco", "nanodet-g", "yolox-nano"] {
        let name = Name::try_from(name).expect("a name");
        match find(&locations, &name) {
            Ok(package) => compare(&runtime, &package),
            Err(e) => println!("SKIPPED: {e}"),
        }
    }
    decoding_at_worst();
}

/// The package; the weights may also lie in the folder `VIAHE_DEV_DATA/models`.
fn find(locations: &Locations, name: &Name) -> Result<Package, String> {
    let mut locations = locations.clone();
    let dev = std::env::var_os("VIAHE_DEV_DATA").map(PathBuf::from);
    let linked = tempfile::tempdir().map_err(|e| e.to_string())?;
    if let Some(data) = dev {
        let folder = linked.path().join("models");
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        std::os::unix::fs::symlink(data.join("models"), folder.join(name.as_str()))
            .map_err(|e| e.to_string())?;
        locations.deps.push(linked.path().into());
    }
    let mut package = locations.load_package(name).map_err(|e| e.to_string())?;
    // The link goes with this function.
    package.weights = std::fs::canonicalize(package.weights).map_err(|e| e.to_string())?;
    Ok(package)
}

fn compare(runtime: &Runtime, package: &Package) {
    let model = &package.model;
    println!("\n{} ({}x{})", model.name, model.input.width, model.input.height);
    for threads in [1, 2] {
        in_turns(runtime, package, threads, 1);
    }
    if model.batch == Batch::Any {
        for batch in [2, 4] {
            in_turns(runtime, package, 1, batch);
        }
    }
    two_workers(runtime, package);
}

fn in_turns(runtime: &Runtime, package: &Package, threads: usize, batch: usize) {
    let pictures = noise(package.model.input.len() * batch);
    let mut bare = Bare::new(&package.model, &package.weights, threads, batch);
    let mut ours = detector(runtime, package, threads, batch);
    let (mut b, mut o, mut decode) = (Times::default(), Times::default(), Vec::new());
    for _ in 0..ROUNDS {
        b.add(|| bare.run(&pictures));
        o.add(|| decode.push(run_ours(&mut ours, &pictures, batch)));
    }
    let (b, o, decode) = (b.medians(), o.medians(), median(&mut decode));
    println!(
        "  {threads} thread(s), batch {batch}: CPU bare {:.2}, ours {:.2} ms (decoding {decode:.3}), \
         ratio {:.3}; wall {:.2}, {:.2} ms",
        b[0],
        o[0],
        b[0] / o[0],
        b[1],
        o[1]
    );
}

/// Two sessions of one thread each, in two threads, against the bare ones alike.
fn two_workers(runtime: &Runtime, package: &Package) {
    let picture = noise(package.model.input.len());
    let bare = || Bare::new(&package.model, &package.weights, 1, 1);
    let mut pairs =
        [(bare(), detector(runtime, package, 1, 1)), (bare(), detector(runtime, package, 1, 1))];
    let (mut b, mut o) = (Times::default(), Times::default());
    for _ in 0..ROUNDS / 10 {
        b.add(|| {
            thread::scope(|s| {
                for (bare, _) in &mut pairs {
                    s.spawn(|| (0..10).for_each(|_| bare.run(&picture)));
                }
            });
        });
        o.add(|| {
            thread::scope(|s| {
                for (_, ours) in &mut pairs {
                    s.spawn(|| (0..10).for_each(|_| _ = run_ours(ours, &picture, 1)));
                }
            });
        });
    }
    let (b, o) = (b.medians(), o.medians());
    println!(
        "  2 workers x 1 thread: CPU a frame bare {:.2}, ours {:.2} ms, ratio {:.3}; \
         {:.1}, {:.1} frames/s",
        b[0] / 20.0,
        o[0] / 20.0,
        b[0] / o[0],
        20e3 / b[1],
        20e3 / o[1]
    );
}

/// Processor time and wall time of each round, in ms. Processor time is the one to trust on a
/// machine that does other things too.
#[derive(Default)]
struct Times {
    cpu: Vec<f32>,
    wall: Vec<f32>,
}

impl Times {
    fn add(&mut self, work: impl FnOnce()) {
        let before = cpu_ms();
        self.wall.push(timed(work));
        self.cpu.push((cpu_ms() - before) as f32);
    }

    /// Of processor time, of wall time.
    fn medians(&mut self) -> [f32; 2] {
        [median(&mut self.cpu), median(&mut self.wall)]
    }
}

fn detector(runtime: &Runtime, package: &Package, threads: usize, batch_max: usize) -> Detector {
    let options = DetectorOptions { threads, batch_max, ..DetectorOptions::default() };
    Detector::new(runtime, &package.model, &package.weights, options).expect("an installed model")
}

/// Time of decoding, in ms.
fn run_ours(detector: &mut Detector, pictures: &[f32], frames: usize) -> f32 {
    let sheet = Sheet::whole(detector.input(), [1920, 1080]);
    let mut out = Vec::new();
    let len = detector.input().len();
    let mut fill = |i: usize, tensor: &mut [f32]| {
        tensor.copy_from_slice(&pictures[i * len..][..len]);
        Ok(sheet.clone())
    };
    let stats = detector.run(frames, &mut fill, &mut out).expect("a run");
    black_box(out);
    stats.decode_ms
}
