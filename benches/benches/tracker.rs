//! One `Tracker::update` a frame at 10, 50 and 100 objects that move, stop, hide each other and
//! are missed in one frame of ten. Peers: the Python trackers of `peers/tracker.py`, in the same run.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use viahe_core::detect::Detection;
use viahe_core::geometry::PxBox;
use viahe_core::id::ClassIx;
use viahe_core::time::Timestamp;
use viahe_core::track::{Tracker, TrackerOptions};

const FRAMES: u32 = 600;
const HZ: u32 = 5;

const OBJECTS: [usize; 3] = [10, 50, 100];

/// 32 bits by multiplication and mixing; enough for a scene, the same on every machine.
fn roll(seed: &mut u64) -> f32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*seed >> 40) as f32) / (1u64 << 24) as f32
}

fn scene(objects: usize) -> Vec<Vec<Detection>> {
    let mut seed = 42;
    let mut walkers: Vec<[f32; 4]> = (0..objects)
        .map(|_| {
            let (x, y) = (roll(&mut seed) * 1920.0, 300.0 + roll(&mut seed) * 700.0);
            let h = 0.2 * y;
            [x, y, h, (roll(&mut seed) - 0.5) * 2.0 * h]
        })
        .collect();
    let mut frame = || {
        let mut detections = Vec::with_capacity(objects);
        for [x, y, h, speed] in &mut walkers {
            *x = (*x + *speed / HZ as f32).rem_euclid(1920.0);
            if roll(&mut seed) < 0.1 {
                continue;
            }
            let mut shake = || (roll(&mut seed) - 0.5) * 0.1 * *h;
            let (x, y, w) = (*x + shake(), *y + shake(), 0.2 * *h + shake() * 0.5);
            detections.push(Detection {
                class: ClassIx(0),
                confidence: (0.4 + roll(&mut seed) * 0.6).try_into().unwrap(),
                bbox: PxBox::new(x - w, y - *h, x + w, y).unwrap(),
                part: 0,
            });
        }
        detections
    };
    (0..FRAMES).map(|_| frame()).collect()
}

fn tracker(c: &mut Criterion) {
    let mut group = c.benchmark_group("tracker_update");
    let mut ours = Vec::new();
    for objects in OBJECTS {
        let frames = scene(objects);
        let mut tracker = Tracker::new(TrackerOptions::default(), 0);
        let mut k = 0u32;
        let mut best_us = f64::INFINITY;
        group.bench_function(format!("{objects}_objects"), |b| {
            b.iter_custom(|runs| {
                let watch = criterion::measurement::WallTime;
                let start = criterion::measurement::Measurement::start(&watch);
                for _ in 0..runs {
                    let at = Duration::from_millis(u64::from(k) * 1000 / u64::from(HZ));
                    let detections = &frames[(k % FRAMES) as usize];
                    black_box(tracker.update(Timestamp::from_secs(1).plus(at), detections));
                    k += 1;
                }
                let took = criterion::measurement::Measurement::end(&watch, start);
                best_us = best_us.min(took.as_secs_f64() * 1e6 / runs as f64);
                took
            });
        });
        ours.push((objects, best_us));
    }
    group.finish();
    peers(&ours);
}

/// What the fastest Python tracker takes for an update of as many objects.
fn peers(ours: &[(usize, f64)]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deps: PathBuf =
        std::env::var_os("VIAHE_DEPS").map_or_else(|| root.join("../.deps"), Into::into);
    let output = Command::new(deps.join("venv-peers/bin/python"))
        .arg("-B")
        .arg(root.join("peers/tracker.py"))
        .arg("speed")
        .output();
    let Some(output) = output.ok().filter(|o| o.status.success()) else {
        println!("tracker: NOT COMPARED: no peers; run benches/peers/setup.sh");
        return;
    };
    let told: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (objects, best_us) in ours {
        let of = |v: &&serde_json::Value| v["objects"] == *objects;
        let us = |v: &serde_json::Value| v["best_us"].as_f64().unwrap();
        let fastest = told.iter().filter(of).min_by(|a, b| us(a).total_cmp(&us(b))).unwrap();
        println!(
            "tracker: {objects} objects: best {best_us:.1} us an update; the fastest of Python's, {}, \
             {:.0} us, {:.0} times that",
            fastest["name"],
            us(fastest),
            us(fastest) / best_us
        );
    }
}

criterion_group!(benches, tracker);
criterion_main!(benches);
